//! What happened since the watcher's thread looked last: one value, bounded whatever happens.

use std::{
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use notify::{Event, EventKind};

use super::chain::Chain;

/// More events than this within [`WINDOW`] are a flood: each costs some microseconds, and none tells anything new.
const FLOOD: u32 = 2_000;
const WINDOW: Duration = Duration::from_secs(1);

/// Taken by the thread.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct News {
    /// Something that matters may have changed.
    pub(super) dirty: bool,
    /// A watched directory itself was touched: its watch may be dead though its inode number came back.
    pub(super) rearm: bool,
    /// There are more events than anybody should read.
    pub(super) flood: bool,
}

/// Between notify's thread and the watcher's.
#[derive(Default)]
pub(super) struct Shared {
    pending: Mutex<Pending>,
    arrived: Condvar,
}

#[derive(Default)]
struct Pending {
    chain: Chain,
    news: News,
    events: u32,
    window: Option<Instant>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on, these names and directories matter.
    pub(super) fn follow(&self, chain: Chain) {
        self.lock().chain = chain;
    }

    pub(super) fn note(&self, event: notify::Result<Event>) {
        let mut pending = self.lock();
        let (about_file, about_directory) = match &event {
            // Our own reading causes these.
            Ok(event) if matches!(event.kind, EventKind::Access(_)) => (false, false),
            Ok(event) if event.need_rescan() || event.paths.is_empty() => (true, true),
            Ok(event) => (
                event.paths.iter().any(|path| pending.chain.names.contains(path)),
                event.paths.iter().any(|path| pending.chain.directories.contains_key(path)),
            ),
            Err(_) => (true, true),
        };
        let flood = pending.is_flood(Instant::now());
        if about_file || about_directory || flood {
            pending.news.dirty |= about_file || about_directory;
            pending.news.rearm |= about_directory;
            pending.news.flood |= flood;
            self.arrived.notify_one();
        }
    }

    /// Waits until there is something, at most `timeout`. Takes it.
    pub(super) fn take(&self, timeout: Duration) -> News {
        let pending = self.lock();
        let (mut pending, _) = self
            .arrived
            .wait_timeout_while(pending, timeout, |pending| pending.news == News::default())
            .unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut pending.news)
    }
}

impl Pending {
    fn is_flood(&mut self, now: Instant) -> bool {
        if self.window.is_none_or(|since| now.duration_since(since) > WINDOW) {
            (self.window, self.events) = (Some(now), 0);
        }
        self.events = self.events.saturating_add(1);
        self.events > FLOOD
    }
}
