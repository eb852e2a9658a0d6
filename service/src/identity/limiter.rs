//! Slows guessing down, without letting strangers lock anybody out.
//!
//! A failed attempt counts for the user *at that address* strictly, and for the user and the
//! address alone generously: these two bound a guesser with many addresses or many names.
//! Who got in before from an address has a bucket of its own there, which nobody elsewhere and
//! no other name drains. The secret of an access token cannot be guessed: attempts with one
//! that exists never count for its user.
//!
//! Each bucket holds a burst and refills with time. An attempt is paid when it begins and given
//! back when it succeeds, so attempts at once cannot overdraw.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::hasher::Asker;
use crate::address::network;

/// Failures of one user from one address at once, and the time that earns another one back.
const PAIR: Rate = Rate { burst: 10, refill: Duration::from_secs(30) };
/// Failures of one user from everywhere: some thousand guesses a day, whatever a botnet has.
const USER: Rate = Rate { burst: 300, refill: Duration::from_secs(30) };
/// Failures of one address: an office shares one.
const PEER: Rate = Rate { burst: 500, refill: Duration::from_secs(2) };
/// Buckets of each kind; 24 bytes each. When all are in use, the one that is refilled first is forgotten.
const MOST_BUCKETS: usize = 20_000;

#[derive(Clone, Copy)]
pub(crate) struct Rate {
    /// At once.
    pub burst: u32,
    /// The time that earns another one.
    pub refill: Duration,
}

/// What an attempt is made with.
#[derive(Clone, Copy, Debug)]
pub enum With<'a> {
    /// A password, or a token that does not exist: a guess.
    Guess {
        /// User name.
        user: &'a str,
    },
    /// An access token whose public part exists.
    Token {
        /// The public part.
        id: &'a str,
    },
}

/// Counts attempts.
#[derive(Default)]
pub struct Limiter {
    random: RandomState,
    buckets: Mutex<Buckets>,
}

#[derive(Default)]
struct Buckets {
    pairs: HashMap<u64, Instant>,
    users: HashMap<u64, Instant>,
    peers: HashMap<u64, Instant>,
    /// Pairs that got in, with the last time.
    known: HashMap<u64, Instant>,
}

/// An attempt that was paid.
#[derive(Debug)]
pub struct Attempt {
    pair: u64,
    pays: Pays,
}

impl Attempt {
    /// Who wants a hash for it.
    pub fn asker(&self) -> Asker {
        Asker { pair: self.pair, known: self.pays.peer.is_none() }
    }
}

/// Which buckets an attempt counts in. A pair that got in before counts in its own only.
#[derive(Clone, Copy, Debug)]
struct Pays {
    pair: bool,
    user: Option<u64>,
    peer: Option<u64>,
}

impl Limiter {
    /// Pays for an attempt, or says how long to wait. Names are kept as keyed hashes: their length costs nothing.
    ///
    /// # Errors
    /// How long until the next attempt is possible.
    pub fn begin(&self, with: With<'_>, peer: IpAddr, now: Instant) -> Result<Attempt, Duration> {
        let peer = network(peer);
        let (pair, user) = match with {
            With::Guess { user } => (self.key(("guess", user, peer)), Some(self.key(user))),
            With::Token { id } => (self.key(("token", id, peer)), None),
        };
        let mut buckets = self.lock();
        let known = buckets.known.contains_key(&pair);
        let pays = Pays {
            pair: known || user.is_some(),
            user: user.filter(|_| !known),
            peer: (!known).then(|| self.key(peer)),
        };
        let attempt = Attempt { pair, pays };
        for (rate, all, key) in buckets.of(&attempt) {
            rate.check(all, key, now)?;
        }
        for (rate, all, key) in buckets.of(&attempt) {
            rate.pay(all, key, now);
        }
        Ok(attempt)
    }

    /// Gives an attempt back that was not made.
    pub fn refund(&self, attempt: &Attempt) {
        for (rate, all, key) in self.lock().of(attempt) {
            rate.refund(all, key);
        }
    }

    /// Gives an attempt back that succeeded: this user is at home at this address.
    pub fn succeeded(&self, attempt: &Attempt, now: Instant) {
        self.refund(attempt);
        let known = &mut self.lock().known;
        make_room(known, attempt.pair);
        known.insert(attempt.pair, now);
    }

    fn lock(&self) -> MutexGuard<'_, Buckets> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn key(&self, value: impl Hash) -> u64 {
        self.random.hash_one(value)
    }
}

impl Buckets {
    fn of(&mut self, attempt: &Attempt) -> impl Iterator<Item = (Rate, &mut HashMap<u64, Instant>, u64)> {
        let Pays { pair, user, peer } = attempt.pays;
        let pair = pair.then_some((PAIR, &mut self.pairs, attempt.pair));
        let user = user.map(|key| (USER, &mut self.users, key));
        let peer = peer.map(|key| (PEER, &mut self.peers, key));
        [pair, user, peer].into_iter().flatten()
    }
}

/// Forgets the earliest when there is no room for another one.
fn make_room(all: &mut HashMap<u64, Instant>, key: u64) {
    if all.len() >= MOST_BUCKETS
        && !all.contains_key(&key)
        && let Some(first) = all.iter().min_by_key(|(_, at)| **at).map(|(key, _)| *key)
    {
        all.remove(&first);
    }
}

/// Counts what costs something, by whoever does it and in all; nothing is given back.
pub(crate) struct Throttle {
    each: Rate,
    all: Rate,
    random: RandomState,
    buckets: Mutex<(HashMap<u64, Instant>, HashMap<u64, Instant>)>,
}

impl Throttle {
    pub fn new(each: Rate, all: Rate) -> Self {
        Self { each, all, random: RandomState::new(), buckets: Mutex::default() }
    }

    /// Pays, or says how long to wait.
    pub fn pay(&self, who: impl Hash, now: Instant) -> Result<(), Duration> {
        let key = self.random.hash_one(who);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let (each, all) = &mut *buckets;
        self.each.check(each, key, now)?;
        self.all.check(all, 0, now)?;
        self.each.pay(each, key, now);
        self.all.pay(all, 0, now);
        Ok(())
    }
}

impl Rate {
    /// Each bucket is one instant: when it is full again.
    fn check(self, buckets: &HashMap<u64, Instant>, key: u64, now: Instant) -> Result<(), Duration> {
        let Some(full) = buckets.get(&key) else { return Ok(()) };
        let missing = full.saturating_duration_since(now);
        match missing.checked_sub(self.refill * (self.burst - 1)) {
            Some(wait) if !wait.is_zero() => Err(wait.max(Duration::from_secs(1))),
            _ => Ok(()),
        }
    }

    fn pay(self, buckets: &mut HashMap<u64, Instant>, key: u64, now: Instant) {
        if buckets.len() >= MOST_BUCKETS && !buckets.contains_key(&key) {
            buckets.retain(|_, full| *full > now);
            make_room(buckets, key);
        }
        let full = buckets.entry(key).or_insert(now);
        *full = (*full).max(now) + self.refill;
    }

    fn refund(self, buckets: &mut HashMap<u64, Instant>, key: u64) {
        if let Some(full) = buckets.get_mut(&key) {
            *full = full.checked_sub(self.refill).unwrap_or(*full);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
    const ALICE: With<'_> = With::Guess { user: "alice" };

    fn elsewhere(n: u32) -> IpAddr {
        IpAddr::from((0x0a00_0000 + n).to_be_bytes())
    }

    #[test]
    fn a_user_at_an_address_has_a_burst_and_then_waits() {
        let (limiter, start) = (Limiter::default(), Instant::now());
        for _ in 0..PAIR.burst {
            limiter.begin(ALICE, HOME, start).unwrap();
        }
        let wait = limiter.begin(ALICE, HOME, start).unwrap_err();
        assert_eq!(wait, PAIR.refill);
        limiter.begin(With::Guess { user: "bob" }, HOME, start).unwrap();
        limiter.begin(ALICE, elsewhere(1), start).expect("strangers at one address lock nobody out at another");
        limiter.begin(ALICE, HOME, start + wait).unwrap();
        limiter.begin(ALICE, HOME, start + wait).unwrap_err();
    }

    #[test]
    fn success_costs_nothing() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        for _ in 0..1000 {
            let attempt = limiter.begin(ALICE, HOME, now).unwrap();
            limiter.succeeded(&attempt, now);
        }
    }

    #[test]
    fn many_addresses_cannot_guess_one_user_without_end_nor_lock_out_who_got_in_before() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        let attempt = limiter.begin(ALICE, HOME, now).unwrap();
        limiter.succeeded(&attempt, now);
        let made = (0..10_000).filter(|n| limiter.begin(ALICE, elsewhere(*n), now).is_ok()).count();
        assert_eq!(made, USER.burst as usize);
        limiter.begin(ALICE, HOME, now).expect("at home nothing changed");
    }

    #[test]
    fn an_address_cannot_try_many_users_nor_lock_out_who_got_in_there() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        let attempt = limiter.begin(ALICE, HOME, now).unwrap();
        limiter.succeeded(&attempt, now);
        for n in 0..PEER.burst {
            limiter.begin(With::Guess { user: &format!("user{n}") }, HOME, now).unwrap();
        }
        limiter.begin(With::Guess { user: "one-more" }, HOME, now).unwrap_err();
        limiter.begin(With::Guess { user: "one-more" }, elsewhere(1), now).unwrap();
        limiter.begin(ALICE, HOME, now).expect("got in here before");
    }

    #[test]
    fn an_existing_token_counts_for_the_address_only() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        let token = With::Token { id: "t" };
        while limiter.begin(ALICE, HOME, now).is_ok() {}
        for n in 0..1000 {
            let _ = limiter.begin(ALICE, elsewhere(n), now);
        }
        let attempt = limiter.begin(token, HOME, now).expect("guesses do not stop a token");
        limiter.refund(&attempt);
        let made = (0..2000).filter(|_| limiter.begin(token, elsewhere(5000), now).is_ok()).count();
        assert_eq!(made, PEER.burst as usize, "but they cost the address");
        let attempt = limiter.begin(token, HOME, now).unwrap();
        limiter.succeeded(&attempt, now);
        for n in 0..1000 {
            let _ = limiter.begin(With::Guess { user: &format!("user{n}") }, HOME, now);
        }
        limiter.begin(token, HOME, now).expect("a token that got in before has its own bucket");
    }

    #[test]
    fn one_address_cannot_use_up_what_is_for_all_nor_all_more_than_there_is() {
        let rate = |burst| Rate { burst, refill: Duration::from_secs(6) };
        let (throttle, now) = (Throttle::new(rate(3), rate(5)), Instant::now());
        let paid = |n: u32| (0..10).filter(|_| throttle.pay(network(elsewhere(n)), now).is_ok()).count();
        assert_eq!((paid(1), paid(2), paid(3)), (3, 2, 0));
        assert_eq!(throttle.pay(network(elsewhere(3)), now), Err(Duration::from_secs(6)));
        throttle.pay(network(elsewhere(3)), now + Duration::from_secs(6)).unwrap();
    }

    #[test]
    fn memory_is_bounded_and_a_blocked_pair_is_not_forgotten_first() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        for _ in 0..PAIR.burst {
            limiter.begin(ALICE, HOME, now).unwrap();
        }
        let mut buckets = limiter.lock();
        for key in 0..MOST_BUCKETS as u64 + 100 {
            PAIR.pay(&mut buckets.pairs, key, now);
            make_room(&mut buckets.known, key);
            buckets.known.insert(key, now);
        }
        assert!(buckets.pairs.len() <= MOST_BUCKETS && buckets.known.len() <= MOST_BUCKETS);
        drop(buckets);
        limiter.begin(ALICE, HOME, now).unwrap_err();
    }
}
