//! What the plugin remembers of where content on this machine came from, for `run_unapproved` and
//! for images that may reach the host.
//!
//! An image is approved by the name it is fetched under, and `docker tag` gives content another
//! name. So the plugin follows names: a name that was given to other content stands for what that
//! content was once fetched as. [`names`] has the rules; each is held against somebody who wants to
//! start what would be refused.
//!
//! INVARIANT (I1): the door asks under a lock that nobody holds while doing I/O: a map is looked up
//! or changed, or copied for the disk. While nothing is remembered, a pull costs one atomic load.
//! INVARIANT (I9): bounded. A memory that is full, or a file that cannot be read, makes every name that
//! is not in it one of unknown origin (`overflowed`): flooding it harms who floods.
//!
//! Not seen, and so not claimed: names in `docker load` and in builds (BuildKit never names them to
//! a plugin), images that were here before, and names that another program gives in the image store.
//! A policy that denies `run_unapproved` should deny `local_content` and builds as well.
//!
//! On disk it is some milliseconds after the answer ([`Keeper`]): a power cut in between forgets
//! the last changes, a killed plugin or a full disk (which is reported) likewise.

use std::{
    path::Path,
    sync::{
        PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use policy::{Action, Ask, Governed, ImageRef, Rename, Start};
use tokio::sync::Notify;
use tracing::warn;

mod content;
mod digests;
mod file;
mod keeper;
mod names;
mod report;
mod starting;

pub use file::FILE;
pub use keeper::Keeper;
use names::Names;
use report::Report;

/// The memory, shared by the door's threads.
#[derive(Debug, Default)]
pub struct Provenance {
    names: RwLock<Names>,
    /// As [`Names::knows_something`].
    knows_something: AtomicBool,
    /// As [`Names::waits`].
    waits: AtomicBool,
    /// Something is not on disk yet.
    unsaved: AtomicBool,
    changed: Notify,
}

/// What is remembered, for status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Names that stand for other content.
    pub names: usize,
    /// Digests that were pulled with permission.
    pub digests: usize,
    /// Whether names that are not remembered are of unknown origin.
    pub overflowed: bool,
}

impl Provenance {
    /// What is kept in a state directory. A damaged file is reported, and taken for a memory that forgot.
    #[must_use]
    pub fn restore(state_dir: &Path) -> Self {
        let path = file::path(state_dir);
        let names = match file::read(&path) {
            file::Found::Nothing => Names::default(),
            file::Found::Read(names) => names,
            file::Found::Damaged(why) => {
                warn!(file = %path.display(), why, "cannot read what is remembered of image names");
                Names::lost()
            }
        };
        if names.overflowed {
            keeper::report_overflow(&path);
        }
        Self {
            knows_something: AtomicBool::new(names.knows_something()),
            waits: AtomicBool::new(names.waits()),
            names: RwLock::new(names),
            ..Self::default()
        }
    }

    /// Says of each image that a container starts from where its content may have come from. With
    /// `hold`, their names stay what they are until the engine reports or [`Provenance::refused`].
    pub(crate) fn tell(&self, governed: &mut Governed, hold: bool) {
        let is_start = |ask: &Ask| matches!(ask, Ask::Start(start) if starting::name(start).is_some());
        if !governed.asks.iter().any(is_start) {
            return;
        }
        if hold {
            self.change(|names| {
                let now = Instant::now();
                names_started(&governed.asks).for_each(|image| names.starting.begin(image, now));
                tell(names, governed);
            });
        } else {
            tell(&self.read(), governed);
        }
    }

    /// The engine is about to do this. Remembered before it is told so, so that the next request sees it.
    ///
    /// # Errors
    /// The name that must not change right now, and then nothing is remembered.
    pub(crate) fn allowed(&self, action: &Action) -> Result<(), ImageRef> {
        let pulls = matches!(action.word(), "pull" | "service_create" | "service_update");
        if renames(action.asks()).next().is_some() {
            self.change_kept(|names| {
                let now = Instant::now();
                // All or nothing: nobody reports on what was refused.
                match renames(action.asks()).find(|rename| names.starting.holds(&rename.to, now)) {
                    Some(held) => Err(held.to.clone()),
                    None => {
                        renames(action.asks()).for_each(|rename| names.rename_asked(rename));
                        Ok(())
                    }
                }
            })?;
        }
        for ask in action.asks() {
            match ask {
                Ask::Fetch(image) if pulls && self.pull_says_something(image) => {
                    self.change_kept(|names| names.pull_asked(image));
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// Nothing comes of this.
    pub(crate) fn refused(&self, action: &Action) {
        if names_started(action.asks()).next().is_some() && self.waits() {
            let now = Instant::now();
            self.change(|names| names_started(action.asks()).for_each(|image| names.starting.over(image, now)));
        }
    }

    /// The engine is about to act on a request that no policy governs.
    pub(crate) fn passed(&self, method: &str, target: &str) {
        if self.knows_something() && report::is_image_removal(method, target) {
            self.change(|names| names.removal_asked(target));
        }
    }

    /// Whether the engine's next report may say something. Else its message need not be read.
    pub(crate) fn waits(&self) -> bool {
        self.waits.load(Ordering::Acquire)
    }

    /// The engine reports on a request that it was allowed.
    pub(crate) fn reported(&self, message: &[u8]) {
        if !self.waits() {
            return;
        }
        match report::read(message) {
            Some(Report::Asked { asks, created }) => {
                let now = Instant::now();
                let over = |names: &mut Names| {
                    names_started(&asks).for_each(|image| names.starting.over(image, now));
                    renames(&asks).for_each(|rename| names.rename_over(rename, created));
                };
                if renames(&asks).next().is_some() { self.change_kept(over) } else { self.change(over) }
            }
            Some(Report::Removal { target, removed }) => {
                self.change_kept(|names| names.removal_over(&target, &removed));
            }
            None => {}
        }
    }

    /// The engine has just started, and is at nothing that it was at before.
    pub(crate) fn engine_started(&self) {
        if self.waits() || self.knows_something() {
            self.change_kept(Names::engine_started);
        }
    }

    /// What is remembered.
    #[must_use]
    pub fn remembered(&self) -> Remembered {
        let names = self.read();
        Remembered { names: names.names.len(), digests: names.digests.len(), overflowed: names.overflowed }
    }

    /// Of most pulls nothing is to be remembered.
    fn pull_says_something(&self, image: &ImageRef) -> bool {
        match image.digest() {
            Some(_) => !self.read().digests.contains(image),
            None => self.knows_something(),
        }
    }

    fn knows_something(&self) -> bool {
        self.knows_something.load(Ordering::Acquire)
    }

    fn read(&self) -> RwLockReadGuard<'_, Names> {
        // A panic under the lock is a lost request, and must not be the end of every other.
        self.names.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes what is on disk, too.
    fn change_kept<T>(&self, change: impl FnOnce(&mut Names) -> T) -> T {
        let result = self.change(change);
        self.unsaved.store(true, Ordering::Release);
        self.changed.notify_one();
        result
    }

    fn change<T>(&self, change: impl FnOnce(&mut Names) -> T) -> T {
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut names);
        self.knows_something.store(names.knows_something(), Ordering::Release);
        self.waits.store(names.waits(), Ordering::Release);
        result
    }
}

fn tell(names: &Names, governed: &mut Governed) {
    let mut others = Vec::new();
    for ask in &mut governed.asks {
        let Ask::Start(start) = ask else { continue };
        let Some(image) = starting::name(start) else { continue };
        let mut origins = names.origins(image).into_iter();
        let first = origins.next().unwrap_or_default();
        // Every content that may be behind the name must be allowed.
        others.extend(origins.map(|origin| Ask::Start(Start { origin, image: start.image.clone() })));
        start.origin = first;
    }
    governed.asks.append(&mut others);
}

/// Each name once, however many contents may be behind it.
fn names_started(asks: &[Ask]) -> impl Iterator<Item = &ImageRef> {
    let mut names: Vec<&ImageRef> = Vec::new();
    for ask in asks {
        if let Ask::Start(start) = ask
            && let Some(image) = starting::name(start)
            && !names.contains(&image)
        {
            names.push(image);
        }
    }
    names.into_iter()
}

fn renames(asks: &[Ask]) -> impl Iterator<Item = &Rename> {
    asks.iter().filter_map(|ask| match ask {
        Ask::Rename(rename) => Some(rename),
        _ => None,
    })
}

#[cfg(test)]
mod tests;
