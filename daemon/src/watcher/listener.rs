//! One thread of `notify`, from its start until it is out of the way.

use std::{
    path::Path,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use notify::{RecommendedWatcher, RecursiveMode, Watcher as _};

use super::pending::Shared;

/// What a retired listener hears at once before it naps. The kernel drops what is too much for its queue, and keeps
/// 16,384 events: it has heard those within two seconds of the end of a storm.
const EVENTS_BETWEEN_NAPS: u64 = 1_000;
const NAP: Duration = Duration::from_millis(100);

pub(super) struct Listener {
    watcher: RecommendedWatcher,
    ear: Arc<Ear>,
}

/// A listener that nobody hears any more.
///
/// `notify` reads until nothing is left to read before it heeds its end. While events come faster than they are read
/// its thread lives on, and would take a processor for itself.
pub(super) struct Retired(Weak<Ear>);

struct Ear {
    shared: Arc<Shared>,
    /// Zero while somebody hears it; from then on, one more than the events that came since.
    retired: AtomicU64,
}

impl Listener {
    pub(super) fn new(shared: Arc<Shared>) -> notify::Result<Self> {
        let ear = Arc::new(Ear { shared, retired: AtomicU64::new(0) });
        let heard = Arc::clone(&ear);
        let watcher = notify::recommended_watcher(move |event| heard.hear(event))?;
        Ok(Self { watcher, ear })
    }

    pub(super) fn watch(&mut self, directory: &Path) -> notify::Result<()> {
        self.watcher.watch(directory, RecursiveMode::NonRecursive)
    }

    /// One that is gone needs no watch to be taken away.
    pub(super) fn unwatch(&mut self, directory: &Path) {
        let _ = self.watcher.unwatch(directory);
    }

    pub(super) fn retire(self) -> Retired {
        self.ear.retired.store(1, Ordering::Relaxed);
        Retired(Arc::downgrade(&self.ear))
    }
}

impl Retired {
    /// Its thread has ended.
    pub(super) fn is_gone(&self) -> bool {
        self.0.strong_count() == 0
    }
}

impl Ear {
    fn hear(&self, event: notify::Result<notify::Event>) {
        if self.retired.load(Ordering::Relaxed) == 0 {
            self.shared.note(event);
        } else if self.retired.fetch_add(1, Ordering::Relaxed).is_multiple_of(EVENTS_BETWEEN_NAPS) {
            std::thread::sleep(NAP);
        }
    }
}
