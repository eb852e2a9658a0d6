//! Notices that the credentials file may have changed. The only module that knows `notify`.
//!
//! The Docker CLI saves by rename, so a watch on the file goes blind after one save, and a
//! watch on a directory goes blind when the directory is replaced. So directories are
//! watched, those of every hop of the symlink chain and their parents, and they are
//! compared and armed anew after each event. A hint means "look again" and nothing more;
//! a slow periodic hint is the net under all of it.
//!
//! One thread of its own: a network file system that hangs holds this thread only.

mod chain;
mod remote;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use notify::{ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::mpsc;
use tracing::warn;

use crate::{credentials::place::Place, stamp::Stamp};
use chain::{Chain, DirectoryId};

/// Quiet time after the last event before anybody is told.
const SETTLE: Duration = Duration::from_millis(200);
/// A directory that never rests is reported at least this often.
const SETTLE_LIMIT: Duration = Duration::from_secs(2);
/// The net: a look without any event.
const PERIOD: Duration = Duration::from_secs(30);
/// Looks at the file's metadata where the system cannot tell of changes.
const POLL: Duration = Duration::from_secs(1);

/// Look again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// Something happened around the file.
    Changed,
    /// Nothing did; this is the net.
    Periodic,
}

/// Watches everything that could make another file, or another content, count; until the receiver is dropped.
///
/// The channel holds one hint: one that is not taken yet says as much as two.
#[must_use]
pub fn watch(place: Place) -> mpsc::Receiver<Hint> {
    let (hints, receiver) = mpsc::channel(1);
    let spawned = std::thread::Builder::new().name("watcher".to_owned()).spawn(move || Watch::new(place).run(&hints));
    if let Err(error) = spawned {
        warn!(%error, "the watcher's thread cannot be started; changes of the credentials file are not noticed");
    }
    receiver
}

/// What the watcher's callback leaves for the thread. One value: bounded whatever happens.
#[derive(Default)]
struct Pending {
    chain: Chain,
    dirty: bool,
    /// A watched directory itself was touched: its watch may be dead though its inode number came back.
    rearm: bool,
}

#[derive(Default)]
struct Shared {
    pending: Mutex<Pending>,
    arrived: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, event: notify::Result<Event>) {
        let mut pending = self.lock();
        let (about_file, about_directory) = match &event {
            // Our own reading causes these.
            Ok(event) if matches!(event.kind, EventKind::Access(_)) => return,
            Ok(event) if event.need_rescan() || event.paths.is_empty() => (true, true),
            Ok(event) => (
                event.paths.iter().any(|path| pending.chain.names.contains(path)),
                event.paths.iter().any(|path| pending.chain.directories.contains_key(path)),
            ),
            Err(_) => (true, true),
        };
        if about_file || about_directory {
            pending.dirty = true;
            pending.rearm |= about_directory;
            self.arrived.notify_one();
        }
    }

    /// Waits until something is pending, at most `timeout`. Takes it.
    fn take(&self, timeout: Duration) -> (bool, bool) {
        let pending = self.lock();
        let (mut pending, _) = self
            .arrived
            .wait_timeout_while(pending, timeout, |pending| !pending.dirty)
            .unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut pending.dirty), std::mem::take(&mut pending.rearm))
    }
}

struct Watch {
    place: Place,
    paths: Vec<PathBuf>,
    shared: Arc<Shared>,
    watcher: Option<RecommendedWatcher>,
    armed: BTreeMap<PathBuf, DirectoryId>,
    /// Look at the metadata too, since events cannot be had or cannot be trusted.
    polling: bool,
}

impl Watch {
    fn new(place: Place) -> Self {
        let shared = Arc::new(Shared::default());
        let callback = Arc::clone(&shared);
        let paths = place.all().map(Path::to_owned).collect();
        let mut watch = Self { place, paths, shared, watcher: None, armed: BTreeMap::new(), polling: false };
        match notify::recommended_watcher(move |event| callback.note(event)) {
            Ok(watcher) => watch.watcher = Some(watcher),
            Err(error) => watch.start_polling(&error.to_string()),
        }
        watch
    }

    fn run(mut self, hints: &mpsc::Sender<Hint>) {
        self.arm(true);
        let mut next_periodic = Instant::now() + PERIOD;
        let mut hint = Some(Hint::Changed);
        let mut seen: Stamp = self.place.stamp();
        loop {
            // INVARIANT: a hint is given after arming, so that nothing between arming and reading is missed.
            if let Some(hint) = hint.take()
                && matches!(hints.try_send(hint), Err(mpsc::error::TrySendError::Closed(_)))
            {
                return;
            }
            let timeout = next_periodic.saturating_duration_since(Instant::now());
            let timeout = if self.polling { timeout.min(POLL) } else { timeout };
            let (dirty, rearm) = self.shared.take(timeout);
            if hints.is_closed() {
                return;
            }
            if dirty {
                let rearm = self.settle() || rearm;
                self.arm(rearm);
                hint = Some(Hint::Changed);
            } else if self.polling && self.place.stamp() != seen {
                self.arm(false);
                hint = Some(Hint::Changed);
            } else if Instant::now() >= next_periodic {
                self.arm(false);
                hint = Some(Hint::Periodic);
            }
            if hint.is_some() {
                seen = self.place.stamp();
                next_periodic = Instant::now() + PERIOD;
            }
        }
    }

    /// Waits for quiet. True when a directory was touched meanwhile.
    fn settle(&self) -> bool {
        let end = Instant::now() + SETTLE_LIMIT;
        let mut rearm = false;
        loop {
            let (dirty, directory) = self.shared.take(SETTLE);
            rearm |= directory;
            if !dirty || Instant::now() >= end {
                return rearm;
            }
        }
    }

    /// Arms what has to be watched now, and looks again until nothing moved under its hands.
    fn arm(&mut self, anew: bool) {
        if anew {
            let all: Vec<PathBuf> = self.armed.keys().cloned().collect();
            all.iter().for_each(|directory| self.disarm(directory));
        }
        // A chain that changes each time is left to the next event and the net.
        for _ in 0..8 {
            let chain = chain::resolve(&self.paths);
            let stale: Vec<PathBuf> = self
                .armed
                .iter()
                .filter(|(directory, id)| chain.directories.get(*directory) != Some(id))
                .map(|(directory, _)| directory.clone())
                .collect();
            let missing: Vec<(PathBuf, DirectoryId)> = chain
                .directories
                .iter()
                .filter(|(directory, id)| self.armed.get(*directory) != Some(id))
                .map(|(directory, id)| (directory.clone(), *id))
                .collect();
            self.shared.lock().chain = chain;
            if stale.is_empty() && missing.is_empty() {
                return;
            }
            stale.iter().for_each(|directory| self.disarm(directory));
            for (directory, id) in missing {
                self.arm_one(directory, id);
            }
            if self.watcher.is_none() {
                return;
            }
        }
    }

    fn arm_one(&mut self, directory: PathBuf, id: DirectoryId) {
        if !self.polling && remote::is_remote(&directory) {
            self.start_polling(&format!("`{}` is on a network file system", directory.display()));
        }
        let Some(watcher) = &mut self.watcher else { return };
        match watcher.watch(&directory, RecursiveMode::NonRecursive) {
            Ok(()) => {
                self.armed.insert(directory, id);
            }
            // Gone again: the next look finds what is there instead.
            Err(error) if matches!(error.kind, ErrorKind::PathNotFound) || is_not_found(&error) => {}
            Err(error) => {
                self.start_polling(&error.to_string());
                self.armed.insert(directory, id);
            }
        }
    }

    fn disarm(&mut self, directory: &Path) {
        self.armed.remove(directory);
        if let Some(watcher) = &mut self.watcher {
            let _ = watcher.unwatch(directory);
        }
    }

    fn start_polling(&mut self, why: &str) {
        if !self.polling {
            self.polling = true;
            let path = self.place.now().display();
            warn!(%path, why, "changes cannot be watched; looking at the credentials file each second instead");
        }
    }
}

fn is_not_found(error: &notify::Error) -> bool {
    matches!(&error.kind, ErrorKind::Io(io) if io.kind() == std::io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests;
