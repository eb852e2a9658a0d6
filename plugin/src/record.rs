//! Decisions, kept in memory until an agent has them safely.
//!
//! The door puts a record into a lock-free queue and goes on. Bounded (INVARIANT I9): a full queue
//! loses the oldest record, and what is lost is counted and reported.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use crossbeam_queue::ArrayQueue;
use policy::{Action, Decision, Enforced};
use proto::sync;
use tokio::{
    sync::{Mutex, Notify},
    time::{Instant, sleep, timeout_at},
};
use ulid::Ulid;

mod entry;
mod reported;

use entry::Entry;
pub use reported::NotARecord;
use reported::Reported;

/// Records kept while no agent fetches them, about 250 bytes each; as many again that an agent was
/// given and has not acknowledged.
pub const KEPT: usize = 4096;
/// Most records in one answer.
pub const BATCH: usize = 500;
/// After the first record of a batch, others may join it for this long.
const GATHER: Duration = Duration::from_millis(20);

/// One decision, of the plugin or of the registry door.
#[derive(Debug, Clone)]
pub struct Record(Kept);

#[derive(Debug, Clone)]
enum Kept {
    Own(Entry),
    Reported(Reported),
}

impl Record {
    /// The record of a decision of the plugin.
    #[must_use]
    pub fn of(id: Ulid, at_ms: i64, enforced: &Enforced, action: &Action, decision: &Decision<'_>) -> Self {
        Self(Kept::Own(Entry::of(id, at_ms, enforced, action, decision)))
    }

    /// The record of a decision of the registry door, `now_ms` milliseconds after the Unix epoch.
    ///
    /// # Errors
    /// [`NotARecord`].
    pub fn reported(record: sync::Record, now_ms: i64) -> Result<Self, NotARecord> {
        Ok(Self(Kept::Reported(Reported::read(record, now_ms)?)))
    }

    /// The users with a session in force when it was decided.
    fn users(&self) -> impl Iterator<Item = &str> {
        let (own, reported) = match &self.0 {
            Kept::Own(entry) => (Some(entry.users()), None),
            Kept::Reported(reported) => (None, Some(reported.users())),
        };
        own.into_iter().flatten().chain(reported.into_iter().flatten())
    }

    /// As it goes to the service.
    #[must_use]
    pub fn to_message(&self, machine_id: &str, run: i64, sequence: u64) -> sync::Record {
        match &self.0 {
            Kept::Own(entry) => entry.to_message(machine_id, run, sequence),
            Kept::Reported(reported) => reported.to_message(machine_id, run, sequence),
        }
    }
}

/// The door's end.
#[derive(Debug, Clone)]
pub struct Recorder(Arc<Shared>);

/// The control socket's end.
#[derive(Debug, Clone)]
pub struct Records {
    shared: Arc<Shared>,
    handed_out: Arc<Mutex<HandedOut>>,
}

#[derive(Debug)]
struct Shared {
    queue: ArrayQueue<Record>,
    arrived: Notify,
    dropped: AtomicU64,
}

/// Records that were taken from the queue and not acknowledged yet, with their numbers.
#[derive(Debug, Default)]
struct HandedOut {
    records: VecDeque<(u64, Record)>,
    last: u64,
}

/// Who asks for records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reader {
    /// Root.
    Everything,
    /// A user with a session in force: records about them, and about nobody.
    Of(String),
}

impl Reader {
    fn may_have(&self, record: &Record) -> bool {
        match self {
            Self::Everything => true,
            Self::Of(user) => {
                let mut users = record.users().peekable();
                users.peek().is_none() || users.any(|named| named == user)
            }
        }
    }
}

/// Records behind a sequence number.
#[derive(Debug, Default)]
pub struct Batch {
    /// At most [`BATCH`], with their sequence numbers.
    pub records: Vec<(u64, Record)>,
    /// Sequence number of the last one; what was acknowledged when there is none.
    pub last: u64,
    /// Lost since the start.
    pub dropped: u64,
}

/// Both ends.
#[must_use]
pub fn channel() -> (Recorder, Records) {
    let shared = Arc::new(Shared { queue: ArrayQueue::new(KEPT), arrived: Notify::new(), dropped: AtomicU64::new(0) });
    let handed_out = Arc::default();
    (Recorder(Arc::clone(&shared)), Records { shared, handed_out })
}

impl Recorder {
    /// Hands a record over; never waits.
    pub fn record(&self, record: Record) {
        if self.0.queue.force_push(record).is_some() {
            self.0.dropped.fetch_add(1, Ordering::Relaxed);
        }
        // Wakes an agent that waits; without one this is a look at an atomic.
        self.0.arrived.notify_waiters();
    }

    /// Records that were lost before they came here.
    pub fn lost(&self, records: u64) {
        self.0.dropped.fetch_add(records, Ordering::Relaxed);
    }
}

impl Records {
    /// Forgets the reader's records up to `acknowledge`, then waits up to `wait` for later ones.
    pub async fn fetch(&self, reader: &Reader, acknowledge: u64, wait: Duration) -> Batch {
        let deadline = Instant::now() + wait;
        self.handed_out
            .lock()
            .await
            .records
            .retain(|(number, record)| *number > acknowledge || !reader.may_have(record));
        loop {
            let arrived = self.shared.arrived.notified();
            tokio::pin!(arrived);
            // Registered before looking, so that nothing arrives unseen in between.
            arrived.as_mut().enable();
            let batch = self.look(reader, acknowledge).await;
            if !batch.records.is_empty() || timeout_at(deadline, arrived).await.is_err() {
                return batch;
            }
            sleep(GATHER).await;
        }
    }

    async fn look(&self, reader: &Reader, acknowledged: u64) -> Batch {
        let mut handed_out = self.handed_out.lock().await;
        while let Some(record) = self.shared.queue.pop() {
            handed_out.last = handed_out.last.saturating_add(1);
            let number = handed_out.last;
            // Nobody came for the oldest ones that this reader may not have.
            if handed_out.records.len() >= KEPT {
                handed_out.records.pop_front();
                self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            }
            handed_out.records.push_back((number, record));
        }
        let theirs = handed_out.records.iter().filter(|(_, record)| reader.may_have(record));
        let records: Vec<_> = theirs.take(BATCH).cloned().collect();
        let last = records.last().map_or(acknowledged, |(number, _)| *number);
        Batch { records, last, dropped: self.dropped() }
    }

    /// Lost since the start.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}
