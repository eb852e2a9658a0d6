//! Decisions, kept in memory until an agent has them safely.
//!
//! The door puts a record into a lock-free queue and goes on. Bounded (INVARIANT I9): a full queue
//! loses the oldest record, and what is lost is counted and reported. Whoever asks, for records to keep or
//! for those of late, moves the queue on; the decision itself never waits for that. What nobody has fetched
//! when this process ends, it hands to the next one through a file; a killed one does not.

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
    time::{Instant, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;
use ulid::Ulid;

mod entry;
mod kept;
mod reported;

use entry::Entry;
pub use kept::Disk;
use reported::Reported;
pub use reported::{NotARecord, Origin};

/// Records kept while no agent fetches them, about 250 bytes each; as many again that an agent was
/// given and has not acknowledged.
pub const KEPT: usize = 4096;
/// Records of late that are kept for `pullgate records`, also when an agent has them safely.
pub const LATELY: usize = 1000;
/// Most records in one answer.
pub const BATCH: usize = 500;
/// Most in one answer about what was decided lately: small enough for one message, whatever the records say.
pub const PAGE: usize = 200;
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

    /// A record that was not made here, `now_ms` milliseconds after the Unix epoch.
    ///
    /// # Errors
    /// [`NotARecord`].
    pub fn reported(record: sync::Record, origin: Origin, now_ms: i64) -> Result<Self, NotARecord> {
        Ok(Self(Kept::Reported(Reported::read(record, origin, now_ms)?)))
    }

    fn at_ms(&self) -> i64 {
        match &self.0 {
            Kept::Own(entry) => entry.at_ms(),
            Kept::Reported(reported) => reported.at_ms(),
        }
    }

    /// The id of one that was not made here.
    fn reported_id(&self) -> Option<&str> {
        match &self.0 {
            Kept::Own(_) => None,
            Kept::Reported(reported) => Some(reported.id()),
        }
    }

    /// Refused, or it would have been.
    fn is_refused(&self) -> bool {
        match &self.0 {
            Kept::Own(entry) => entry.is_refused(),
            Kept::Reported(reported) => reported.is_refused(),
        }
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
    /// Of them, how many a reader was told of.
    told: AtomicU64,
}

/// Records that were taken from the queue, with their numbers.
#[derive(Debug, Default)]
struct HandedOut {
    /// Not acknowledged yet.
    records: VecDeque<(u64, Arc<Record>)>,
    /// The newest [`LATELY`], acknowledged or not.
    lately: VecDeque<(u64, Arc<Record>)>,
    last: u64,
    /// What was kept from the process before this one, until all of it was fetched.
    before: Option<kept::Before>,
}

impl HandedOut {
    /// The reader has its records up to this number safely.
    fn forget(&mut self, reader: &Reader, acknowledged: u64) {
        self.records.retain(|(number, record)| *number > acknowledged || !reader.may_have(record));
        let oldest = self.records.front().map_or(self.last, |(number, _)| number.saturating_sub(1));
        if let Some(before) = self.before.take_if(|before| before.last <= oldest) {
            before.forget();
        }
    }

    /// Everything that waits in the queue. What the bound then has to lose is counted.
    fn take(&mut self, shared: &Shared) {
        while let Some(record) = shared.queue.pop() {
            self.last = self.last.saturating_add(1);
            let numbered = (self.last, Arc::new(record));
            // Nobody came for the oldest ones that this reader may not have.
            if self.records.len() >= KEPT {
                self.records.pop_front();
                shared.dropped.fetch_add(1, Ordering::Relaxed);
            }
            if self.lately.len() >= LATELY {
                self.lately.pop_front();
            }
            self.lately.push_back(numbered.clone());
            self.records.push_back(numbered);
        }
    }
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
    pub records: Vec<(u64, Arc<Record>)>,
    /// Sequence number of the last one; what was acknowledged when there is none.
    pub last: u64,
    /// Lost since the start.
    pub dropped: u64,
}

/// Which of the records of late are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Behind this number.
    pub after: u64,
    /// From this time on, in milliseconds since the Unix epoch.
    pub since_ms: i64,
    /// Only refusals, and what would have been refused.
    pub refused: bool,
}

/// Records of late.
#[derive(Debug, Default)]
pub struct Page {
    /// At most [`PAGE`], with their sequence numbers.
    pub records: Vec<(u64, Arc<Record>)>,
    /// Sequence number of the last one that was looked at.
    pub last: u64,
    /// There are more behind it.
    pub more: bool,
    /// Taken from the queue since the start, and not kept any more.
    pub forgotten: u64,
}

/// Both ends.
#[must_use]
pub fn channel() -> (Recorder, Records) {
    let shared = Arc::new(Shared {
        queue: ArrayQueue::new(KEPT),
        arrived: Notify::new(),
        dropped: AtomicU64::new(0),
        told: AtomicU64::new(0),
    });
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
    /// Forgets the reader's records up to `acknowledge`, then waits up to `wait` for later ones, but not
    /// beyond `stop`.
    pub async fn fetch(&self, reader: &Reader, acknowledge: u64, wait: Duration, stop: &CancellationToken) -> Batch {
        let deadline = Instant::now() + wait;
        self.handed_out.lock().await.forget(reader, acknowledge);
        loop {
            let arrived = self.shared.arrived.notified();
            tokio::pin!(arrived);
            // Registered before looking, so that nothing arrives unseen in between.
            arrived.as_mut().enable();
            let batch = self.look(reader, acknowledge).await;
            if !batch.records.is_empty() || stop.is_cancelled() {
                return batch;
            }
            tokio::select! {
                () = arrived => {}
                () = sleep_until(deadline) => return batch,
                () = stop.cancelled() => continue,
            }
            sleep(GATHER).await;
        }
    }

    async fn look(&self, reader: &Reader, acknowledged: u64) -> Batch {
        let mut handed_out = self.handed_out.lock().await;
        handed_out.take(&self.shared);
        let theirs = handed_out.records.iter().filter(|(_, record)| reader.may_have(record));
        let records: Vec<_> = theirs.take(BATCH).cloned().collect();
        let last = records.last().map_or(acknowledged, |(number, _)| *number);
        let dropped = self.dropped();
        self.shared.told.store(dropped, Ordering::Relaxed);
        Batch { records, last, dropped }
    }

    /// The reader's records of late; none of them counts as fetched.
    pub async fn lately(&self, reader: &Reader, wanted: Wanted) -> Page {
        let mut handed_out = self.handed_out.lock().await;
        handed_out.take(&self.shared);
        let forgotten = handed_out.lately.front().map_or(0, |(number, _)| number.saturating_sub(1));
        let is_wanted = |record: &Record| {
            reader.may_have(record) && record.at_ms() >= wanted.since_ms && (!wanted.refused || record.is_refused())
        };
        let mut page = Page { last: wanted.after, forgotten, ..Page::default() };
        for (number, record) in handed_out.lately.iter().filter(|(number, _)| *number > wanted.after) {
            if page.records.len() >= PAGE {
                page.more = true;
                break;
            }
            page.last = *number;
            if is_wanted(record) {
                page.records.push((*number, Arc::clone(record)));
            }
        }
        page
    }

    /// Lost since the start.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests;
