//! Notices that the credentials file may have changed. The only place that knows `notify`.
//!
//! The Docker CLI saves by rename, so a watch on the file goes blind after one save, and a
//! watch on a directory goes blind when the directory is replaced. So directories are
//! watched, those of every hop of the symlink chain and their parents, and they are
//! compared and armed anew after each event. A hint means "look again" and nothing more;
//! a slow periodic hint is the net under all of it.
//!
//! One thread of its own: a network file system that hangs holds this thread only.

mod chain;
mod listener;
mod pending;
mod remote;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use notify::ErrorKind;
use tokio::sync::mpsc;
use tracing::warn;

use crate::{credentials::place::Place, stamp::Stamp};
use chain::DirectoryId;
use listener::{Listener, Retired};
use pending::{News, Shared};

/// Quiet time after the last event before anybody is told.
const SETTLE: Duration = Duration::from_millis(200);
/// A directory that never rests is reported at least this often.
const SETTLE_LIMIT: Duration = Duration::from_secs(2);
/// The net: a look without any event.
const PERIOD: Duration = Duration::from_secs(30);
/// After a flood of events nobody listens for this long: whatever is written, and however fast, costs little.
const REST: Duration = Duration::from_secs(2);
/// Looks at the file's metadata where the system cannot tell of changes, or tells of too many.
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

struct Watch {
    place: Place,
    paths: Vec<PathBuf>,
    shared: Arc<Shared>,
    listener: Option<Listener>,
    /// There was a flood: the listener of before, and when there may be another.
    rest: Option<(Retired, Instant)>,
    armed: BTreeMap<PathBuf, DirectoryId>,
    /// Look at the metadata too, since events cannot be had or cannot be trusted.
    polling: bool,
}

impl Watch {
    fn new(place: Place) -> Self {
        let shared = Arc::new(Shared::default());
        let paths = place.all().map(Path::to_owned).collect();
        let mut watch =
            Self { place, paths, shared, listener: None, rest: None, armed: BTreeMap::new(), polling: false };
        watch.listen();
        watch
    }

    fn listen(&mut self) {
        match Listener::new(Arc::clone(&self.shared)) {
            Ok(listener) => self.listener = Some(listener),
            Err(error) => self.start_polling(&error.to_string()),
        }
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
            let timeout = if self.is_polling() { timeout.min(POLL) } else { timeout };
            let mut news = self.shared.take(timeout);
            if hints.is_closed() {
                return;
            }
            if news.dirty && !news.flood {
                self.settle(&mut news);
            }
            if news.flood {
                self.rest();
            } else if news.dirty {
                self.arm(news.rearm);
            }
            // What moves while nobody listens shows in the metadata, before and after.
            let deaf = self.rest.is_some();
            self.wake();
            if news.dirty {
                hint = Some(Hint::Changed);
            } else if (deaf || self.polling) && self.place.stamp() != seen {
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

    /// Waits for quiet, or a flood, and adds what happens meanwhile.
    fn settle(&self, news: &mut News) {
        let end = Instant::now() + SETTLE_LIMIT;
        loop {
            let more = self.shared.take(SETTLE);
            news.rearm |= more.rearm;
            news.flood |= more.flood;
            if more == News::default() || more.flood || Instant::now() >= end {
                return;
            }
        }
    }

    fn is_polling(&self) -> bool {
        self.polling || self.rest.is_some()
    }

    /// Listens to nothing from now on, and only looks.
    fn rest(&mut self) {
        if let Some(listener) = self.listener.take() {
            self.rest = Some((listener.retire(), Instant::now() + REST));
            self.armed.clear();
        }
    }

    /// Watches everything anew once it rested enough, and the listener of before is gone.
    fn wake(&mut self) {
        if self.rest.as_ref().is_some_and(|(retired, until)| retired.is_gone() && Instant::now() >= *until) {
            self.rest = None;
            self.listen();
            self.arm(true);
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
            self.shared.follow(chain);
            if stale.is_empty() && missing.is_empty() {
                return;
            }
            stale.iter().for_each(|directory| self.disarm(directory));
            for (directory, id) in missing {
                self.arm_one(directory, id);
            }
            if self.listener.is_none() {
                return;
            }
        }
    }

    fn arm_one(&mut self, directory: PathBuf, id: DirectoryId) {
        if !self.polling && remote::is_remote(&directory) {
            self.start_polling(&format!("`{}` is on a network file system", directory.display()));
        }
        let Some(listener) = &mut self.listener else { return };
        match listener.watch(&directory) {
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
        if let Some(listener) = &mut self.listener {
            listener.unwatch(directory);
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
