//! Slows guessing down: failed attempts count for the user and for the address.
//!
//! Each key has a bucket that holds a burst and refills with time. An attempt is paid when
//! it begins and given back when it succeeds, so attempts at once cannot overdraw.

use std::{
    collections::HashMap,
    hash::{BuildHasher as _, Hash, RandomState},
    net::IpAddr,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// Failures of one user at once, and the time that earns another one back.
const USER: Rate = Rate { burst: 10, refill: Duration::from_secs(30) };
/// Failures of one address: an office shares one.
const PEER: Rate = Rate { burst: 100, refill: Duration::from_secs(3) };
/// Buckets of each kind; 24 bytes each. When all are in use, the one that is refilled first is forgotten.
const MOST_BUCKETS: usize = 20_000;

#[derive(Clone, Copy)]
struct Rate {
    burst: u32,
    refill: Duration,
}

/// Counts attempts.
#[derive(Default)]
pub struct Limiter {
    random: RandomState,
    buckets: Mutex<Buckets>,
}

#[derive(Default)]
struct Buckets {
    users: HashMap<u64, Instant>,
    peers: HashMap<u64, Instant>,
}

/// An attempt that was paid.
#[derive(Debug)]
pub struct Attempt {
    user: u64,
    peer: u64,
}

impl Limiter {
    /// Pays for an attempt, or says how long to wait. Names are kept as keyed hashes: their length costs nothing.
    ///
    /// # Errors
    /// How long until the next attempt is possible.
    pub fn begin(&self, user: &str, peer: IpAddr, now: Instant) -> Result<Attempt, Duration> {
        let attempt = Attempt { user: self.key(user), peer: self.key(network(peer)) };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        USER.check(&buckets.users, attempt.user, now)?;
        PEER.check(&buckets.peers, attempt.peer, now)?;
        USER.pay(&mut buckets.users, attempt.user, now);
        PEER.pay(&mut buckets.peers, attempt.peer, now);
        Ok(attempt)
    }

    /// Gives an attempt back: it succeeded, or was not made.
    pub fn refund(&self, attempt: &Attempt) {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        USER.refund(&mut buckets.users, attempt.user);
        PEER.refund(&mut buckets.peers, attempt.peer);
    }

    fn key(&self, value: impl Hash) -> u64 {
        self.random.hash_one(value)
    }
}

/// An IPv6 host has a /64 to itself.
fn network(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(peer) => {
            let [a, b, c, d, ..] = peer.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
        v4 => v4,
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
            if buckets.len() >= MOST_BUCKETS
                && let Some(first) = buckets.iter().min_by_key(|(_, full)| **full).map(|(key, _)| *key)
            {
                buckets.remove(&first);
            }
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

    #[test]
    fn a_user_has_a_burst_and_then_waits() {
        let (limiter, start) = (Limiter::default(), Instant::now());
        for _ in 0..USER.burst {
            limiter.begin("alice", HOME, start).unwrap();
        }
        let wait = limiter.begin("alice", HOME, start).unwrap_err();
        assert_eq!(wait, USER.refill);
        limiter.begin("bob", HOME, start).unwrap();
        limiter.begin("alice", HOME, start + wait).unwrap();
        limiter.begin("alice", HOME, start + wait).unwrap_err();
    }

    #[test]
    fn success_costs_nothing() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        for _ in 0..1000 {
            let attempt = limiter.begin("alice", HOME, now).unwrap();
            limiter.refund(&attempt);
        }
    }

    #[test]
    fn an_address_cannot_try_many_users() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        for n in 0..PEER.burst {
            limiter.begin(&format!("user{n}"), HOME, now).unwrap();
        }
        limiter.begin("one-more", HOME, now).unwrap_err();
        limiter.begin("one-more", "192.0.2.1".parse().unwrap(), now).unwrap();
    }

    #[test]
    fn an_ipv6_network_is_one_address() {
        let same = |a: &str, b: &str| network(a.parse().unwrap()) == network(b.parse().unwrap());
        assert!(same("2001:db8::1", "2001:db8::ffff:1"));
        assert!(!same("2001:db8::1", "2001:db8:0:1::1"));
        assert!(same("::ffff:192.0.2.1", "192.0.2.1"));
    }

    #[test]
    fn memory_is_bounded_and_a_blocked_user_is_not_forgotten_first() {
        let (limiter, now) = (Limiter::default(), Instant::now());
        for _ in 0..USER.burst {
            limiter.begin("alice", HOME, now).unwrap();
        }
        let mut buckets = limiter.buckets.lock().unwrap();
        for key in 0..MOST_BUCKETS as u64 + 100 {
            USER.pay(&mut buckets.users, key, now);
        }
        assert!(buckets.users.len() <= MOST_BUCKETS);
        drop(buckets);
        limiter.begin("alice", HOME, now).unwrap_err();
    }
}
