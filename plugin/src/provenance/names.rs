//! What is remembered, as a value: every event in, the origins of a name out. No I/O, no lock.
//!
//! A name is *asked* to change before the engine acts, and the engine says afterwards what it did.
//! In between, and when the engine never says, the name may hold the old content or the new: both
//! are kept, and both must be allowed. Only proof narrows:
//! - a tag that the engine answered with 201, and that no other change of the name overlapped;
//! - a removal whose answer lists the name, if no change of the name was asked for or still ran
//!   since before the removal was asked for.
//!
//! An allowed pull is no proof: it may fail, and the plugin is not told.

use std::collections::BTreeMap;

use policy::{ImageRef, LocalImage, Origin, Rename};

use super::{content::Content, digests::Digests, starting::Starting};

/// Most names remembered. A developer's machine has some dozens.
pub(super) const MAX_NAMES: usize = 10_000;
/// Longest name remembered, in bytes: host with port, 255 bytes of path, tag. A longer one is
/// always of unknown origin.
pub(super) const MAX_NAME_BYTES: usize = 512;
/// Most changes, and most removals, that run in the engine at once.
const MAX_RUNNING: usize = 1024;
/// Longest request target of a removal that can be proof.
const MAX_TARGET_BYTES: usize = 2048;

/// The memory.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// By normal form. What is not here is what it is called, unless `overflowed`.
    pub(super) names: BTreeMap<String, Known>,
    pub(super) digests: Digests,
    /// Changes that the engine was allowed to make and has not reported on.
    pub(super) renamings: Vec<Renaming>,
    /// Something was forgotten: a name that is not here is of unknown origin.
    pub(super) overflowed: bool,
    /// Too much ran at once to be followed: until the engine starts anew, nothing is proof.
    pub(super) untracked: bool,
    removals: Vec<Removal>,
    /// Not kept on disk: an engine that is still at it reports to nobody.
    pub(super) starting: Starting,
    /// Counts events.
    clock: u64,
    /// The last event that changed any name.
    last_change: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) content: Content,
    /// The event that changed it last.
    changed: u64,
}

/// A name on its way to other content.
#[derive(Clone, Debug)]
pub(super) struct Renaming {
    pub(super) from: Option<ImageRef>,
    pub(super) to: ImageRef,
    content: Content,
    /// No other change of the name overlaps it.
    alone: bool,
}

/// Removals of one request target on their way.
#[derive(Debug)]
struct Removal {
    target: String,
    /// The event of the first of them.
    asked: u64,
    running: u32,
}

impl Known {
    pub(super) const fn new(content: Content) -> Self {
        Self { content, changed: 0 }
    }
}

impl Renaming {
    /// Read back: the engine may still be at it.
    pub(super) const fn interrupted(from: Option<ImageRef>, to: ImageRef) -> Self {
        Self { from, to, content: Content::Unknown, alone: false }
    }

    /// Whether what it copies is looked up by `name`. A digest is looked up among all names of its
    /// repository (engines with the containerd image store).
    fn copies(&self, name: &ImageRef) -> bool {
        self.from.as_ref().is_some_and(|from| from == name || (from.digest().is_some() && from.name() == name.name()))
    }
}

impl Names {
    /// A memory that lost what it knew.
    pub(super) fn lost() -> Self {
        Self { overflowed: true, ..Self::default() }
    }

    /// Read back.
    pub(super) fn restored(
        names: BTreeMap<String, Known>,
        digests: Digests,
        renamings: Vec<Renaming>,
        (overflowed, untracked): (bool, bool),
    ) -> Self {
        Self { names, digests, renamings, overflowed, untracked, ..Self::default() }
    }

    /// Whether any name is other than it is called.
    pub(super) fn knows_something(&self) -> bool {
        self.overflowed || !self.names.is_empty()
    }

    /// Whether the engine's report on some request is waited for.
    pub(super) fn waits(&self) -> bool {
        !self.renamings.is_empty() || !self.removals.is_empty() || !self.starting.is_empty()
    }

    /// The possible origins of an image that a container starts from; never empty.
    pub(super) fn origins(&self, image: &ImageRef) -> Vec<Origin> {
        let images = match self.content(image) {
            Content::AnyOf(images) => images,
            Content::Unknown => return vec![Origin::Unknown],
        };
        let origin = |found: ImageRef| match found == *image {
            true if self.digests.contains(image) => Origin::PulledDigest,
            true => Origin::AsNamed,
            false => Origin::Renamed(found),
        };
        images.into_iter().map(origin).collect()
    }

    fn content(&self, image: &ImageRef) -> Content {
        if image.as_str().len() > MAX_NAME_BYTES {
            return Content::Unknown;
        }
        match (self.names.get(image.as_str()), image.digest()) {
            (_, Some(_)) if self.overflowed => Content::Unknown,
            (_, Some(_)) => {
                self.of_repository(image).fold(Content::of(image), |content, (_, known)| content.or(&known.content))
            }
            (Some(known), None) => known.content.clone(),
            (None, None) if self.overflowed => Content::Unknown,
            (None, None) => Content::of(image),
        }
    }

    fn of_repository(&self, image: &ImageRef) -> impl Iterator<Item = (&String, &Known)> {
        let prefix = format!("{}:", image.name());
        self.names.range(prefix.clone()..).take_while(move |(name, _)| name.starts_with(&prefix))
    }

    /// The engine is allowed to give a name to other content.
    pub(super) fn rename_asked(&mut self, rename: &Rename) {
        let Some((from, to)) = names_of(rename) else { return };
        let content = from.map_or(Content::Unknown, |from| self.content(from));
        self.last_change = self.tick();
        let mut alone = true;
        for other in self.renamings.iter_mut().filter(|other| other.to == *to) {
            (other.alone, alone) = (false, false);
        }
        if self.renamings.len() < MAX_RUNNING {
            let (from, to) = (from.cloned(), to.clone());
            self.renamings.push(Renaming { from, to, content: content.clone(), alone });
        } else {
            self.untracked = true;
        }
        self.may_become(to, content);
    }

    /// The engine has done so, or not.
    pub(super) fn rename_over(&mut self, rename: &Rename, created: bool) {
        let Some((from, to)) = names_of(rename) else { return };
        self.last_change = self.tick();
        let same = |running: &Renaming| running.to == *to && running.from.as_ref() == from;
        let Some(found) = self.renamings.iter().position(same) else { return };
        let renaming = self.renamings.swap_remove(found);
        let Some(known) = self.names.get_mut(to.as_str()) else { return };
        known.changed = self.last_change;
        if created && renaming.alone && !self.untracked {
            known.content = renaming.content;
        }
        if known.content.is_only(to.as_str()) && !self.overflowed && !self.is_changing(to) {
            self.names.remove(to.as_str());
        }
    }

    /// The engine is allowed to pull this; it may do it or fail.
    pub(super) fn pull_asked(&mut self, image: &ImageRef) {
        if image.digest().is_some() {
            self.digests.remember(image);
            return;
        }
        let pulled = |name: &str| image.as_str() == name || (image.is_all_tags() && in_repository(name, image));
        for other in self.renamings.iter_mut().filter(|other| pulled(other.to.as_str())) {
            other.alone = false;
        }
        let names: Vec<_> = self.of_repository(image).map(|(name, _)| name).filter(|name| pulled(name)).collect();
        let images: Vec<_> = names.into_iter().filter_map(|name| ImageRef::parse(name).ok()).collect();
        for image in images {
            self.may_become(&image, Content::of(&image));
        }
    }

    /// The engine is allowed to remove images.
    pub(super) fn removal_asked(&mut self, target: &str) {
        if !self.knows_something() || target.len() > MAX_TARGET_BYTES {
            return;
        }
        let asked = self.tick();
        if let Some(same) = self.removals.iter_mut().find(|removal| removal.target == target) {
            same.running = same.running.saturating_add(1);
        } else if self.removals.len() < MAX_RUNNING {
            self.removals.push(Removal { target: target.to_owned(), asked, running: 1 });
        } else {
            self.untracked = true;
        }
    }

    /// The engine has removed these names.
    pub(super) fn removal_over(&mut self, target: &str, removed: &[ImageRef]) {
        let Some(found) = self.removals.iter().position(|removal| removal.target == target) else { return };
        let Some(removal) = self.removals.get_mut(found) else { return };
        let asked = removal.asked;
        removal.running = removal.running.saturating_sub(1);
        if removal.running == 0 {
            self.removals.swap_remove(found);
        }
        for name in removed.iter().filter(|name| name.digest().is_none() && name.tag().is_some()) {
            self.removed(name, asked);
        }
    }

    /// What comes under that name from now on is what it is called.
    fn removed(&mut self, name: &ImageRef, asked: u64) {
        if self.untracked || self.is_changing(name) || name.as_str().len() > MAX_NAME_BYTES {
            return;
        }
        match self.names.get_mut(name.as_str()) {
            Some(known) if known.changed >= asked => {}
            Some(_) if !self.overflowed => drop(self.names.remove(name.as_str())),
            Some(known) => known.content = Content::of(name),
            None if self.overflowed && self.last_change < asked => {
                // What goes for it is of unknown origin then, which is strict enough.
                if self.names.len() >= MAX_NAMES {
                    let other = |(name, known): &(&String, &Known)| !known.content.is_only(name);
                    let goes = self.names.iter().find(other).or(self.names.iter().next());
                    let goes = goes.map(|(name, _)| name.clone()).unwrap_or_default();
                    self.names.remove(&goes);
                }
                self.names.insert(name.as_str().to_owned(), Known::new(Content::of(name)));
            }
            None => {}
        }
    }

    /// The engine has just started: nothing that it was at before is running.
    pub(super) fn engine_started(&mut self) {
        self.renamings.clear();
        self.removals.clear();
        self.starting = Starting::default();
        self.untracked = false;
    }

    fn is_changing(&self, name: &ImageRef) -> bool {
        self.renamings.iter().any(|running| running.to == *name)
    }

    /// From now on this may be behind the name as well, and behind what is just copied from it.
    fn may_become(&mut self, name: &ImageRef, content: Content) {
        let mut next = vec![(name.clone(), content)];
        while let Some((name, content)) = next.pop() {
            let content = self.content(&name).or(&content);
            self.set(&name, content.clone());
            for copy in self.renamings.iter_mut().filter(|running| running.copies(&name)) {
                let either = copy.content.or(&content);
                // Each grows a few times at most, so this ends.
                if either != copy.content {
                    copy.content = either.clone();
                    next.push((copy.to.clone(), either));
                }
            }
        }
    }

    fn set(&mut self, name: &ImageRef, content: Content) {
        let known = Known { content, changed: self.last_change };
        if let Some(old) = self.names.get_mut(name.as_str()) {
            *old = known;
        } else if self.names.len() < MAX_NAMES {
            self.names.insert(name.as_str().to_owned(), known);
        } else {
            self.overflowed = true;
        }
    }

    fn tick(&mut self) -> u64 {
        self.clock = self.clock.saturating_add(1);
        self.clock
    }
}

/// What a change copies, where that has a name, and the name that it changes; none: it changes nothing.
/// The engine gives no digest as a name.
fn names_of(rename: &Rename) -> Option<(Option<&ImageRef>, &ImageRef)> {
    let to = &rename.to;
    let from = match &rename.from {
        Some(LocalImage::Named(from)) => Some(from),
        _ => None,
    };
    let changes = from != Some(to) && to.digest().is_none() && to.as_str().len() <= MAX_NAME_BYTES;
    changes.then_some((from, to))
}

fn in_repository(name: &str, image: &ImageRef) -> bool {
    name.strip_prefix(image.name()).is_some_and(|rest| rest.starts_with(':'))
}

#[cfg(test)]
mod tests;
