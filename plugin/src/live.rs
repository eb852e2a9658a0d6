//! What the door reads and the enforcer writes: one immutable snapshot and a few counters.

use std::sync::{
    Arc,
    atomic::{AtomicI64, AtomicU64, Ordering},
};

use arc_swap::ArcSwap;
use policy::Enforced;

use crate::clock;

/// Shared by all threads of the process.
#[derive(Debug)]
pub struct Live {
    enforced: ArcSwap<Enforced>,
    started_at_ms: i64,
    requests: AtomicU64,
    denials: AtomicU64,
    last_request_at_ms: AtomicI64,
}

impl Live {
    /// With what is in force before the first request.
    #[must_use]
    pub fn new(enforced: Enforced) -> Self {
        Self {
            enforced: ArcSwap::from_pointee(enforced),
            started_at_ms: clock::now_ms(),
            requests: AtomicU64::new(0),
            denials: AtomicU64::new(0),
            last_request_at_ms: AtomicI64::new(0),
        }
    }

    /// What is in force now; lock-free.
    #[must_use]
    pub fn enforced(&self) -> arc_swap::Guard<Arc<Enforced>> {
        self.enforced.load()
    }

    /// From the next request on this is in force. Called by the enforcer only.
    pub(crate) fn publish(&self, enforced: Enforced) {
        self.enforced.store(Arc::new(enforced));
    }

    pub(crate) fn count_request(&self, at_ms: i64) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.last_request_at_ms.store(at_ms, Ordering::Relaxed);
    }

    pub(crate) fn count_denial(&self) {
        self.denials.fetch_add(1, Ordering::Relaxed);
    }

    /// Counters since the start.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            started_at_ms: self.started_at_ms,
            requests: self.requests.load(Ordering::Relaxed),
            denials: self.denials.load(Ordering::Relaxed),
            last_request_at_ms: self.last_request_at_ms.load(Ordering::Relaxed),
        }
    }
}

/// Counters since the start; times in milliseconds since the Unix epoch, 0 for never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters {
    /// The start.
    pub started_at_ms: i64,
    /// Requests that an engine asked about.
    pub requests: u64,
    /// Refusals among them.
    pub denials: u64,
    /// The last request.
    pub last_request_at_ms: i64,
}
