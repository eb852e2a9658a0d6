//! Decisions, kept in memory until an agent has them safely.
//!
//! Bounded (INVARIANT I9): the door hands over without waiting, a full queue loses the oldest,
//! and what is lost is counted and reported.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use policy::{Action, Decision, Enforced, Timestamp};
use proto::sync;
use tokio::sync::{Notify, mpsc};
use ulid::Ulid;

/// Records on their way from the door to the queue: more than one burst of 16 connections can make
/// between two turns of the collecting task.
const IN_FLIGHT: usize = 1024;
/// Records kept while no agent fetches them, about 300 bytes each.
const KEPT: usize = 4096;
/// Most records in one answer.
pub const BATCH: usize = 500;

/// The door's end.
#[derive(Debug, Clone)]
pub struct Recorder {
    sender: mpsc::Sender<Record>,
    dropped: Arc<AtomicU64>,
}

impl Recorder {
    /// Hands a record over; never waits.
    pub fn record(&self, record: Record) {
        if self.sender.try_send(record).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The control socket's end.
#[derive(Debug, Clone)]
pub struct Records {
    queue: Arc<Mutex<Queue>>,
    arrived: Arc<Notify>,
    dropped: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Queue {
    records: VecDeque<Record>,
    /// Sequence number of the first record in the queue.
    first: u64,
}

/// Records behind a sequence number.
#[derive(Debug, Default)]
pub struct Batch {
    /// At most [`BATCH`].
    pub records: Vec<Record>,
    /// Sequence number of the last one; what was asked for when there is none.
    pub last: u64,
    /// Lost since the start.
    pub dropped: u64,
}

/// Both ends, and the task that moves records between them.
#[must_use]
pub fn channel() -> (Recorder, Records, impl Future<Output = ()>) {
    let (sender, mut receiver) = mpsc::channel(IN_FLIGHT);
    let dropped = Arc::new(AtomicU64::new(0));
    let records = Records {
        queue: Arc::new(Mutex::new(Queue { records: VecDeque::new(), first: 1 })),
        arrived: Arc::new(Notify::new()),
        dropped: Arc::clone(&dropped),
    };
    let keeper = records.clone();
    let collect = async move {
        let mut burst = Vec::with_capacity(64);
        while receiver.recv_many(&mut burst, 64).await > 0 {
            keeper.keep(burst.drain(..));
        }
    };
    (Recorder { sender, dropped }, records, collect)
}

impl Records {
    fn keep(&self, records: impl Iterator<Item = Record>) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        for record in records {
            if queue.records.len() >= KEPT {
                queue.records.pop_front();
                queue.first = queue.first.saturating_add(1);
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
            queue.records.push_back(record);
        }
        drop(queue);
        self.arrived.notify_waiters();
    }

    /// Forgets records up to `acknowledge`, then waits up to `wait` for later ones.
    pub async fn fetch(&self, acknowledge: u64, wait: Duration) -> Batch {
        self.forget(acknowledge);
        let deadline = tokio::time::Instant::now() + wait;
        loop {
            let arrived = self.arrived.notified();
            tokio::pin!(arrived);
            // Registered before looking, so that nothing arrives unseen in between.
            arrived.as_mut().enable();
            let batch = self.look(acknowledge);
            if !batch.records.is_empty() || tokio::time::timeout_at(deadline, arrived).await.is_err() {
                return batch;
            }
        }
    }

    fn forget(&self, acknowledge: u64) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        while queue.first <= acknowledge && queue.records.pop_front().is_some() {
            queue.first = queue.first.saturating_add(1);
        }
    }

    fn look(&self, acknowledge: u64) -> Batch {
        let queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let records: Vec<Record> = queue.records.iter().take(BATCH).cloned().collect();
        let count = u64::try_from(records.len()).unwrap_or(u64::MAX);
        let last = match count {
            0 => acknowledge.min(queue.first.saturating_sub(1)),
            count => queue.first.saturating_add(count).saturating_sub(1),
        };
        Batch { records, last, dropped: self.dropped() }
    }

    /// Lost since the start.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

/// One decision, small: words are static, and everything else is one piece of text.
#[derive(Debug, Clone)]
pub struct Record {
    id: Ulid,
    at_ms: i64,
    generation: u64,
    action: &'static str,
    reason: &'static str,
    category: &'static str,
    allowed: bool,
    would_deny: bool,
    /// Image, organization, rule and users, a line each.
    text: Box<str>,
}

impl Record {
    /// The record of one decision.
    #[must_use]
    pub fn of(id: Ulid, at_ms: i64, enforced: &Enforced, action: &Action, decision: &Decision<'_>) -> Self {
        let now = Timestamp(at_ms / 1000);
        let mut text = String::with_capacity(128);
        if let Some(image) = action.image() {
            text.push_str(image.as_str());
            text.push_str(if image.is_all_tags() { ":*" } else { "" });
        }
        text.push('\n');
        text.push_str(decision.organization.unwrap_or_default());
        text.push('\n');
        text.push_str(decision.rule.map_or("", |rule| rule.id.as_str()));
        for session in enforced.sessions.iter().filter(|session| session.is_valid(now)) {
            text.push('\n');
            text.push_str(&session.user);
        }
        Self {
            id,
            at_ms,
            generation: decision.policy.map(|policy| policy.generation).unwrap_or_default(),
            action: action.word(),
            reason: decision.reason.code(),
            category: decision.category.map(policy::Category::code).unwrap_or_default(),
            allowed: decision.is_allowed(),
            would_deny: decision.would_deny,
            text: text.into_boxed_str(),
        }
    }

    /// As it goes to the service.
    #[must_use]
    pub fn to_message(&self, machine_id: &str) -> sync::Record {
        let mut lines = self.text.split('\n').map(str::to_owned);
        let mut next = || lines.next().unwrap_or_default();
        sync::Record {
            id: self.id.to_string(),
            at_ms: self.at_ms,
            machine_id: machine_id.to_owned(),
            action: self.action.to_owned(),
            image: next(),
            organization: next(),
            rule: next(),
            allowed: self.allowed,
            reason: self.reason.to_owned(),
            category: self.category.to_owned(),
            generation: self.generation,
            would_deny: self.would_deny,
            users: lines.collect(),
        }
    }
}

#[cfg(test)]
mod tests;
