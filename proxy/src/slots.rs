//! The connections that may be open at the same time, and which of them nobody would miss.
//!
//! Any local user can open connections and say nothing. So a silent one is not waited for long, less long
//! while slots are short, and when there is none left the one that is idle longest makes room.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout},
};

use crate::limits::Limits;

/// How long a new connection waits for an idle one to go: that is a matter of one turn of its task.
const ROOM: Duration = Duration::from_millis(50);
/// So many idle ones are tried: what has just begun a request stays.
const TRIES: usize = 4;

/// One of the connections that may be open; free again when nobody holds it.
pub type Slot = Arc<OwnedSemaphorePermit>;

/// All of them.
#[derive(Debug)]
pub struct Slots {
    free: Arc<Semaphore>,
    all: usize,
    idle: Mutex<Idle>,
}

/// Idle ones, in the order in which they became so.
#[derive(Debug, Default)]
struct Idle {
    next: u64,
    lines: BTreeMap<u64, Arc<Notify>>,
}

impl Slots {
    /// So many.
    #[must_use]
    pub fn new(all: usize) -> Arc<Self> {
        Arc::new(Self { free: Arc::new(Semaphore::new(all)), all, idle: Mutex::default() })
    }

    /// A slot, if need be that of an idle connection. None: all are at work.
    pub async fn take(&self) -> Option<Slot> {
        let free = || Arc::clone(&self.free);
        if let Ok(slot) = free().try_acquire_owned() {
            return Some(Arc::new(slot));
        }
        for _ in 0..TRIES {
            let (_, idle) = self.idle().lines.pop_first()?;
            idle.notify_one();
            if let Ok(Ok(slot)) = timeout(ROOM, free().acquire_owned()).await {
                return Some(Arc::new(slot));
            }
        }
        None
    }

    /// More than half are taken.
    fn are_short(&self) -> bool {
        self.free.available_permits() < self.all.div_ceil(2)
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that waits for requests, and works on them.
#[derive(Debug)]
pub struct Line {
    slots: Arc<Slots>,
    /// It has to make room.
    told: Arc<Notify>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Place among the idle ones, and since when; none: it works.
    idle: Option<(u64, Instant)>,
    /// On so much at the same time: who hands work on begins the next before the last is dropped.
    works: usize,
    /// There was a request.
    served: bool,
}

impl Line {
    /// Waits from now on for its first request.
    #[must_use]
    pub fn open(slots: &Arc<Slots>) -> Arc<Self> {
        let told = Arc::new(Notify::new());
        let state = Mutex::new(State { idle: None, works: 0, served: false });
        let line = Arc::new(Self { slots: Arc::clone(slots), told, state });
        line.rest(&mut line.state());
        line
    }

    /// A request is here; it is at work on it until the answer is gone.
    #[must_use]
    pub fn begin(self: &Arc<Self>) -> Busy {
        let mut state = self.state();
        state.served = true;
        state.works = state.works.saturating_add(1);
        if let Some((place, _)) = state.idle.take() {
            self.slots.idle().lines.remove(&place);
        }
        Busy(Arc::clone(self))
    }

    /// Waits until it is to be closed: it was silent for too long, or has to make room.
    pub async fn unused(&self, limits: &Limits) {
        let mut look = limits.keep_alive_short.min(limits.first_head);
        loop {
            let told = timeout(look, self.told.notified()).await.is_ok();
            let (idle, served) = {
                let state = self.state();
                (state.idle.map(|(_, since)| since.elapsed()), state.served)
            };
            let limit = match (served, self.slots.are_short()) {
                (false, _) => limits.first_head,
                (true, true) => limits.keep_alive_short,
                (true, false) => limits.keep_alive,
            };
            look = limits.keep_alive_short.min(limits.first_head);
            match idle {
                // Who was told while a request came stays.
                None => {}
                Some(idle) if told || idle >= limit => return,
                Some(idle) => look = look.min(limit.saturating_sub(idle)),
            }
        }
    }

    fn rest(&self, state: &mut State) {
        // That it had to make room was said while it began to work, and nobody listened.
        std::pin::pin!(self.told.notified()).as_mut().enable();
        let mut idle = self.slots.idle();
        let place = idle.next;
        idle.next += 1;
        idle.lines.insert(place, Arc::clone(&self.told));
        state.idle = Some((place, Instant::now()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some((place, _)) = self.state().idle {
            self.slots.idle().lines.remove(&place);
        }
    }
}

/// A request under way. Goes with the body of its answer.
#[derive(Debug)]
pub struct Busy(Arc<Line>);

impl Drop for Busy {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.works = state.works.saturating_sub(1);
        if state.works == 0 {
            self.0.rest(&mut state);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits::default()
    }

    async fn lasts(line: &Line, seconds: u64) {
        let start = Instant::now();
        line.unused(&limits()).await;
        assert_eq!(start.elapsed().as_secs(), seconds);
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_one_is_not_waited_for_long() {
        let slots = Slots::new(4);
        let line = Line::open(&slots);
        lasts(&line, 10).await;
        drop(line.begin());
        lasts(&line, 120).await;
        let _taken = [slots.take().await.unwrap(), slots.take().await.unwrap(), slots.take().await.unwrap()];
        drop(line.begin());
        lasts(&line, 5).await;
        let work = line.begin();
        assert!(timeout(Duration::from_secs(1000), line.unused(&limits())).await.is_err(), "it works");
        drop(work);
        lasts(&line, 5).await;
    }

    #[tokio::test(start_paused = true)]
    async fn the_one_that_is_idle_longest_makes_room() {
        let slots = Slots::new(2);
        let open = async || {
            let (slot, line) = (slots.take().await.unwrap(), Line::open(&slots));
            let (task_line, work) = (Arc::clone(&line), line.begin());
            let task = tokio::spawn(async move {
                task_line.unused(&limits()).await;
                drop(slot);
            });
            (line, Some(work), task)
        };
        let (mut first, mut second) = (open().await, open().await);
        assert!(slots.take().await.is_none(), "both work");
        second.1.take();
        first.1.take();
        let third = slots.take().await.unwrap();
        assert!(second.2.is_finished() && !first.2.is_finished());
        // One that began to work meanwhile stays.
        let busy = first.0.begin();
        assert!(slots.take().await.is_none());
        drop((busy, third));
        assert!(slots.take().await.is_some() && !first.2.is_finished(), "there was a free one");
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_works_is_asked_for_no_room_and_not_closed_for_it_later() {
        let slots = Slots::new(1);
        let _slot = slots.take().await.unwrap();
        let line = Line::open(&slots);
        // It is told, and begins at the same moment; while its work goes on nobody listens.
        let told = tokio::spawn({
            let slots = Arc::clone(&slots);
            async move { slots.take().await.is_none() }
        });
        tokio::task::yield_now().await;
        let head = line.begin();
        assert!(told.await.unwrap());
        // The work is handed on, and is not over between two hands.
        let body = line.begin();
        drop(head);
        assert!(slots.idle().lines.is_empty());
        drop(body);
        lasts(&line, 5).await;
    }

    #[tokio::test]
    async fn nothing_is_kept_of_one_that_is_gone() {
        let slots = Slots::new(1);
        let line = Line::open(&slots);
        drop(line.begin());
        drop(line);
        assert!(slots.idle().lines.is_empty());
    }
}
