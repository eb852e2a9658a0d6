//! How much one account may report, and how much room the disk must have.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::names::token_organization;

const HOUR: Duration = Duration::from_secs(3600);
/// Records of one account in an hour.
const RECORDS: u64 = 20_000;
/// Bytes of one account in an hour.
const BYTES: u64 = 20 << 20;
/// How many times that an organization access token has: it stands for many machines.
const TOKEN_TIMES: u64 = 10;
/// Policies and sign-ins need the last of the disk more than records do.
const LEAST_FREE_BYTES: u64 = 64 << 20;
/// On a larger disk a twentieth of it, but no more than this.
const MOST_FREE_BYTES: u64 = 1 << 30;

/// What is left of each account's hour. Clones share it. Only verified accounts have an entry.
#[derive(Clone, Default)]
pub struct Budgets(Arc<Mutex<HashMap<String, Spent>>>);

/// Each is the time that earns back what was spent: it shrinks as time passes.
#[derive(Clone, Copy)]
struct Spent {
    records: Duration,
    bytes: Duration,
    at: Instant,
}

impl Budgets {
    /// Spends, or says how long to wait until there is that much again.
    ///
    /// # Errors
    /// The time to wait.
    pub(super) fn spend(&self, user: &str, records: u64, bytes: u64, now: Instant) -> Result<(), Duration> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.get(user).map_or(Spent { records: Duration::ZERO, bytes: Duration::ZERO, at: now }, |spent| {
            let passed = now.saturating_duration_since(spent.at);
            let left = |spent: Duration| spent.saturating_sub(passed);
            Spent { records: left(spent.records), bytes: left(spent.bytes), at: now }
        });
        let after = Spent {
            records: before.records + share(user, records, RECORDS),
            bytes: before.bytes + share(user, bytes, BYTES),
            at: now,
        };
        let over = after.records.max(after.bytes).saturating_sub(HOUR);
        if !over.is_zero() {
            return Err(over.max(Duration::from_secs(1)));
        }
        all.insert(user.to_owned(), after);
        Ok(())
    }

    /// Gives back what was not stored.
    pub(super) fn refund(&self, user: &str, records: u64, bytes: u64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(spent) = all.get_mut(user) {
            spent.records = spent.records.saturating_sub(share(user, records, RECORDS));
            spent.bytes = spent.bytes.saturating_sub(share(user, bytes, BYTES));
        }
    }
}

fn share(user: &str, spent: u64, an_hour: u64) -> Duration {
    let times = token_organization(user).map_or(1, |_| TOKEN_TIMES);
    Duration::from_micros(spent.saturating_mul(HOUR.as_secs() * 1_000_000) / (an_hour * times))
}

/// Whether the disk has too little room for records.
pub(super) fn is_low(free: u64, size: u64) -> bool {
    free < (size / 20).clamp(LEAST_FREE_BYTES, MOST_FREE_BYTES)
}

/// Free and all bytes of the file system that holds `path`.
pub(super) fn room(path: &std::path::Path) -> std::io::Result<(u64, u64)> {
    let stat = rustix::fs::statvfs(path)?;
    Ok((stat.f_bavail.saturating_mul(stat.f_frsize), stat.f_blocks.saturating_mul(stat.f_frsize)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_spends_its_hour_and_earns_it_back() {
        let (budgets, start) = (Budgets::default(), Instant::now());
        for _ in 0..20 {
            budgets.spend("alice", 1000, 1000, start).unwrap();
        }
        let wait = budgets.spend("alice", 1000, 1000, start).unwrap_err();
        assert_eq!(wait.as_secs(), 180, "a twentieth of an hour");
        budgets.spend("bob", 1000, 1000, start).unwrap();
        budgets.spend("alice", 1000, 1000, start + wait).unwrap();
        budgets.spend("alice", 1, 0, start + wait).unwrap_err();
        budgets.refund("alice", 1000, 1000);
        budgets.spend("alice", 1000, 0, start + wait).unwrap();
    }

    #[test]
    fn an_organization_token_has_the_hour_of_ten() {
        let (budgets, start) = (Budgets::default(), Instant::now());
        let made = (0..).take_while(|_| budgets.spend("acme/ci", 1000, 1000, start).is_ok()).count();
        assert_eq!(made, 200);
    }

    #[test]
    fn bytes_count_as_well_as_records() {
        let (budgets, start) = (Budgets::default(), Instant::now());
        for _ in 0..5 {
            budgets.spend("alice", 1, 4 << 20, start).unwrap();
        }
        budgets.spend("alice", 1, 4 << 20, start).unwrap_err();
    }

    #[test]
    fn records_go_first_when_the_disk_is_nearly_full() {
        assert!(is_low(63 << 20, 100 << 20));
        assert!(is_low(4 << 26, 100 << 26));
        assert!(!is_low(6 << 26, 100 << 26));
        assert!(!is_low(2 << 30, 100 << 30), "a large disk need not be a twentieth empty");
        assert!(!is_low(65 << 20, 1 << 30));
        let (free, size) = room(std::path::Path::new("/")).unwrap();
        assert!(free <= size && size > 0);
    }
}
