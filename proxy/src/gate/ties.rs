//! Through which references a digest was reached.
//!
//! A policy may speak of tags, and engines resolve a tag once and then ask for digests. So what an
//! allowed tag turned out to stand for is tied to that tag, and what a manifest is made of to that
//! manifest. A tie permits nothing by itself: each time it is the references at its end that are
//! decided on again.
//!
//! Bounded (INVARIANT I9) in number, the oldest go first; and in age, where it is a tag's: a tag moves on,
//! what a manifest is made of does not. What is forgotten is decided by repository, as what was never
//! known.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::{Duration, Instant},
};

use policy::ImageRef;

/// Digests that are remembered. An image has 5 to 100; about 200 bytes each.
const MOST: usize = 32_768;
/// Tags a digest, manifests that it is a part of, and references that are decided on; the last count.
const MOST_EACH: usize = 8;
/// Digests on the way from a digest to tags. Indexes of indexes are rare, and a way has no end by itself.
const MOST_STEPS: usize = 64;
/// Pushed digests that are remembered: those of the pushes that are under way, and more.
const MOST_PUSHED: usize = 8_192;
/// So long a digest counts as what a tag stood for: a pull that was paused goes on, and a tag that moved on does not
/// keep its old content allowed for ever. In [`Instant`]'s time, which stands still while the machine sleeps.
const LASTING: Duration = Duration::from_hours(12);

/// What is known of digests. A repository is its key ([`policy::registry::Repository::key`]).
#[derive(Debug)]
pub(super) struct Ties {
    known: Bounded<Known>,
    pushed: Bounded<Option<Instant>>,
    keys: [RandomState; 2],
    pub(super) lasting: Duration,
}

/// What is known of a digest.
#[derive(Debug, Default)]
struct Known {
    /// Its own reference, if it was seen as a manifest.
    itself: Option<Arc<ImageRef>>,
    /// Which tags turned out to stand for it, and when last.
    tags: Vec<(Arc<ImageRef>, Instant)>,
    /// Manifests that it is a part of.
    parts_of: Vec<u128>,
}

impl Default for Ties {
    fn default() -> Self {
        let (known, pushed) = (Bounded::new(MOST), Bounded::new(MOST_PUSHED));
        Self { known, pushed, keys: Default::default(), lasting: LASTING }
    }
}

impl Ties {
    /// The tag stands for this digest.
    pub(super) fn resolve(&mut self, repository: &str, digest: &str, tag: &Arc<ImageRef>, now: Instant) {
        let tags = &mut self.known.entry(self.key(repository, digest)).tags;
        tags.retain(|(earlier, _)| earlier != tag);
        append(tags, (Arc::clone(tag), now));
    }

    /// The manifest of this digest, whose own reference is `itself`, is made of these.
    pub(super) fn contain(&mut self, repository: &str, digest: &str, itself: ImageRef, parts: &[String]) {
        let manifest = self.key(repository, digest);
        self.known.entry(manifest).itself = Some(Arc::new(itself));
        for part in parts {
            let parts_of = &mut self.known.entry(self.key(repository, part)).parts_of;
            parts_of.retain(|earlier| *earlier != manifest);
            append(parts_of, manifest);
        }
    }

    /// The references through which it was reached: the tags that stood for it or for what it is a part of, not too
    /// long ago; and the manifests that it is a part of. The last one first, the shorter way first.
    pub(super) fn reached_through(&self, repository: &str, digest: &str, now: Instant) -> Vec<Arc<ImageRef>> {
        let mut way = vec![self.key(repository, digest)];
        let mut found: Vec<Arc<ImageRef>> = Vec::new();
        let mut step = 0;
        while let Some(known) = way.get(step).map(|key| self.known.get(*key)) {
            step = step.saturating_add(1);
            let Some(known) = known else { continue };
            let tags = known.tags.iter().rev().filter(|(_, since)| self.is_recent(*since, now)).map(|(tag, _)| tag);
            // Whoever asks for a digest has named it already.
            let itself = known.itself.iter().filter(|_| step > 1);
            for reference in tags.chain(itself) {
                if !found.contains(reference) && found.len() < MOST_EACH {
                    found.push(Arc::clone(reference));
                }
            }
            for next in known.parts_of.iter().rev() {
                if !way.contains(next) && way.len() < MOST_STEPS {
                    way.push(*next);
                }
            }
        }
        found
    }

    /// This digest was sent to the repository.
    pub(super) fn push(&mut self, repository: &str, digest: &str, now: Instant) {
        *self.pushed.entry(self.key(repository, digest)) = Some(now);
    }

    pub(super) fn was_pushed(&self, repository: &str, digest: &str, now: Instant) -> bool {
        let sent = self.pushed.get(self.key(repository, digest)).copied().flatten();
        sent.is_some_and(|sent| self.is_recent(sent, now))
    }

    fn is_recent(&self, since: Instant, now: Instant) -> bool {
        now.saturating_duration_since(since) <= self.lasting
    }

    /// Sixteen bytes for two names of hundreds. Nobody outside knows the hashes' keys, so that nobody
    /// can look for two pairs with one.
    fn key(&self, repository: &str, digest: &str) -> u128 {
        let [high, low] = self.keys.each_ref().map(|key| u128::from(key.hash_one((repository, digest))));
        (high << 64) | low
    }
}

/// The oldest makes room.
fn append<T>(list: &mut Vec<T>, new: T) {
    if list.len() >= MOST_EACH {
        list.remove(0);
    }
    list.push(new);
}

/// A map that forgets its oldest keys.
#[derive(Debug)]
pub(super) struct Bounded<T> {
    values: HashMap<u128, T>,
    order: VecDeque<u128>,
    most: usize,
}

impl<T: Default> Bounded<T> {
    pub(super) fn new(most: usize) -> Self {
        Self { values: HashMap::new(), order: VecDeque::new(), most }
    }

    pub(super) fn get(&self, key: u128) -> Option<&T> {
        self.values.get(&key)
    }

    pub(super) fn entry(&mut self, key: u128) -> &mut T {
        if !self.values.contains_key(&key) {
            while self.order.len() >= self.most.max(1) {
                let Some(oldest) = self.order.pop_front() else { break };
                self.values.remove(&oldest);
            }
            self.order.push_back(key);
        }
        self.values.entry(key).or_default()
    }
}

#[cfg(test)]
mod tests;
