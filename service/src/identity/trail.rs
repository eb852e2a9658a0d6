//! Sign-ins and refused attempts, on their way into the database.
//!
//! An attempt costs no write: the same ones within a minute are one row, and what moved is
//! written once a second. A flood is a number in few rows.
//!
//! What a stranger types is not written down: a name only when an account has it (people type
//! passwords into the wrong field), a machine only when the secret was right.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use proto::chain;
use tokio_util::sync::CancellationToken;

use super::Caller;
use crate::{
    address::network,
    clock,
    metrics::Metrics,
    model::{CredentialKind, Outcome, Via, word},
    names::token_organization,
    store::{NewSignIn, Store, StoreError},
};

/// How often what moved is written.
const FLUSH: Duration = Duration::from_secs(1);
/// Rows of one minute for sign-ins: every machine of a large organization after an outage.
const MOST_ACCEPTED: usize = 10_000;
/// Of them for one account: machines of one person that sign in within one minute. What more would need is counted for
/// the account without address and machine: who signs in without end, each time as another machine, washes nothing away.
const MOST_OF_ACCOUNT: usize = 64;
/// Of one organization access token, which stands for many machines.
const MOST_OF_TOKEN: usize = 10 * MOST_OF_ACCOUNT;
/// Rows of one minute for refused attempts. What more addresses or accounts would need, is counted
/// without either.
const MOST_REFUSED: usize = 256;
/// Rows of minutes before that are still to be written: one bad minute of a disk, and what came with it.
const MOST_ENDED: usize = MOST_ACCEPTED + 2 * MOST_REFUSED;
/// Access tokens in use whose day is still to be written.
const MOST_USED: usize = 10_000;

const MINUTE_MS: i64 = 60_000;
const DAY: i64 = 86_400;

/// One attempt.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    /// Name of an account that exists; empty: none does, and what was typed is nobody's business.
    pub account: String,
    /// What was shown.
    pub credential: CredentialKind,
    /// How it ended.
    pub outcome: Outcome,
    /// Who tried.
    pub caller: Caller<'a>,
}

/// Takes attempts; clones share it.
#[derive(Clone, Default)]
pub struct Trail {
    pending: Arc<Mutex<Pending>>,
    metrics: Metrics,
}

#[derive(Default)]
struct Pending {
    minute: i64,
    rows: HashMap<Key, Count>,
    refused: usize,
    /// Accepted ones by account.
    accepted: HashMap<String, usize>,
    /// Of minutes before that are still to be written.
    ended: Vec<(Key, Count)>,
    /// Access tokens by their public part, with the first second of the day.
    used: HashMap<String, i64>,
    /// Those of today that are written.
    written: HashSet<String>,
    today: i64,
    /// Attempts that no row could be kept for while nothing could be written.
    lost: i64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    account: String,
    via: Via,
    credential: CredentialKind,
    outcome: Outcome,
    peer: Option<IpAddr>,
    machine_id: String,
}

#[derive(Clone, Copy, Debug)]
struct Count {
    first_ms: i64,
    /// Row in the database, once there is one.
    row: Option<i64>,
    unwritten: i64,
}

impl Trail {
    /// One that counts there too.
    #[must_use]
    pub fn new(metrics: Metrics) -> Self {
        Self { pending: Arc::default(), metrics }
    }

    /// Writes an attempt down; `token_id` is the public part of an access token that was accepted.
    pub fn note(&self, entry: Entry<'_>, token_id: Option<&str>) {
        self.metrics.sign_in(entry.caller.via, entry.outcome);
        self.note_at(entry, token_id, clock::now_ms());
    }

    fn note_at(&self, entry: Entry<'_>, token_id: Option<&str>, now_ms: i64) {
        let Entry { account, credential, outcome, caller } = entry;
        let proved = matches!(outcome, Outcome::Accepted | Outcome::Expired | Outcome::Scope);
        let peer = if proved { caller.peer.to_canonical() } else { network(caller.peer) };
        let machine_id = if proved { caller.machine_id.to_owned() } else { String::new() };
        let key = Key { account, via: caller.via, credential, outcome, peer: Some(peer), machine_id };
        let mut pending = self.lock();
        pending.count(key, now_ms);
        if let Some(id) = token_id {
            pending.use_token(id, now_ms / 1000);
        }
    }

    /// Writes what moved each second, until told to stop. What comes later is for [`Trail::flush`].
    pub async fn run(self, store: Store, stop: CancellationToken) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(FLUSH) => {}
            }
            if let Err(error) = self.flush(&store).await {
                tracing::warn!(error = %chain(&error), "sign-ins cannot be written down; trying again");
            }
            let lost = std::mem::take(&mut self.lock().lost);
            if lost > 0 {
                tracing::error!(lost, "sign-ins were not written down: the database could not be written for too long");
            }
        }
    }

    /// Writes what moved. What cannot be written stays for the next time.
    ///
    /// # Errors
    /// When the database does not take it.
    pub async fn flush(&self, store: &Store) -> Result<(), StoreError> {
        let (moved, used) = self.lock().take();
        if moved.is_empty() && used.is_empty() {
            return Ok(());
        }
        let written = write(store, moved.clone(), &used).await;
        let mut pending = self.lock();
        match written {
            Ok(rows) => {
                pending.wrote(rows);
                Ok(())
            }
            Err(error) => {
                pending.give_back(moved, used);
                Err(error)
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pending {
    fn count(&mut self, key: Key, now_ms: i64) {
        let minute = now_ms / MINUTE_MS;
        if minute != self.minute {
            self.minute = minute;
            self.refused = 0;
            self.accepted.clear();
            let ended = self.rows.drain().filter(|(_, count)| count.unwritten > 0);
            self.ended.extend(ended);
            self.bound_ended();
        }
        let key = self.within_bounds(key);
        if !self.rows.contains_key(&key) {
            match key.outcome {
                Outcome::Accepted => *self.accepted.entry(key.account.clone()).or_default() += 1,
                _ => self.refused += 1,
            }
        }
        self.rows.entry(key).or_insert(Count { first_ms: now_ms, row: None, unwritten: 0 }).unwritten += 1;
    }

    /// The row of an attempt: its own, or one of fewer words, of which there are few.
    fn within_bounds(&self, key: Key) -> Key {
        if self.rows.contains_key(&key) {
            return key;
        }
        let nowhere = |account: String, key: Key| Key { account, peer: None, machine_id: String::new(), ..key };
        if key.outcome != Outcome::Accepted {
            return if self.refused >= MOST_REFUSED { nowhere(String::new(), key) } else { key };
        }
        if self.rows.len() - self.refused >= MOST_ACCEPTED {
            return nowhere(String::new(), key);
        }
        let most = token_organization(&key.account).map_or(MOST_OF_ACCOUNT, |_| MOST_OF_TOKEN);
        let own = self.accepted.get(&key.account).copied().unwrap_or_default();
        if own >= most { nowhere(key.account.clone(), key) } else { key }
    }

    fn bound_ended(&mut self) {
        let kept = self.ended.len().min(MOST_ENDED);
        self.lost += self.ended.drain(kept..).map(|(_, count)| count.unwritten).sum::<i64>();
    }

    fn use_token(&mut self, id: &str, now: i64) {
        let today = now - now.rem_euclid(DAY);
        if today != self.today {
            self.today = today;
            self.written.clear();
        }
        if self.used.len() + self.written.len() < MOST_USED && !self.written.contains(id) {
            self.used.insert(id.to_owned(), today);
        }
    }

    fn take(&mut self) -> (Vec<(Key, Count)>, HashMap<String, i64>) {
        let mut moved = std::mem::take(&mut self.ended);
        for (key, count) in &mut self.rows {
            if count.unwritten > 0 {
                moved.push((key.clone(), *count));
                count.unwritten = 0;
            }
        }
        (moved, std::mem::take(&mut self.used))
    }

    fn wrote(&mut self, Wrote { rows, used }: Wrote) {
        for (key, first_ms, row) in rows {
            // Of this minute: the same key of an earlier one began earlier.
            if let Some(count) = self.rows.get_mut(&key).filter(|count| count.first_ms == first_ms) {
                count.row = Some(row);
            }
        }
        self.written.extend(used);
    }

    fn give_back(&mut self, moved: Vec<(Key, Count)>, used: HashMap<String, i64>) {
        for (key, count) in moved {
            match self.rows.get_mut(&key).filter(|known| known.first_ms == count.first_ms) {
                Some(known) => known.unwritten += count.unwritten,
                None => self.ended.push((key, count)),
            }
        }
        self.bound_ended();
        self.used.extend(used);
    }
}

struct Wrote {
    rows: Vec<(Key, i64, i64)>,
    used: Vec<String>,
}

async fn write(store: &Store, moved: Vec<(Key, Count)>, used: &HashMap<String, i64>) -> Result<Wrote, StoreError> {
    let mut change = store.write().await?;
    let mut rows = Vec::with_capacity(moved.len());
    for (key, count) in moved {
        let row = match count.row {
            Some(row) => {
                change.count_sign_ins(row, count.unwritten).await?;
                row
            }
            None => change.add_sign_in(&row(&key, count)).await?,
        };
        rows.push((key, count.first_ms, row));
    }
    for (id, day) in used {
        change.used_token(id, *day).await?;
    }
    change.commit().await?;
    Ok(Wrote { rows, used: used.keys().cloned().collect() })
}

fn row(key: &Key, count: Count) -> NewSignIn {
    NewSignIn {
        at_ms: count.first_ms,
        account: key.account.clone(),
        via: word(key.via),
        credential: word(key.credential),
        outcome: word(key.outcome),
        peer: key.peer.map(|peer| peer.to_string()).unwrap_or_default(),
        machine_id: key.machine_id.clone(),
        count: count.unwritten,
    }
}

#[cfg(test)]
mod tests;
