//! Through which references a digest was reached.
//!
//! A policy may speak of tags, and engines resolve a tag once and then ask for digests. So what an
//! allowed tag turned out to stand for is tied to that tag, and what a manifest is made of to that
//! through which the manifest was reached. A tie permits nothing by itself: each time it is the
//! reference that is decided on again.
//!
//! Bounded (INVARIANT I9): the oldest go first, and what is forgotten is decided by repository, as
//! what was never known.

use std::{
    collections::{HashMap, VecDeque},
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use policy::ImageRef;

/// Digests that are remembered. An image has 5 to 100; about 100 bytes each.
const MOST: usize = 65_536;
/// References a digest; the last count.
const MOST_REFERENCES: usize = 8;
/// Pushed digests that are remembered: those of the pushes that are under way, and more.
const MOST_PUSHED: usize = 8_192;

/// What is known of digests. A repository is its key ([`policy::registry::Repository::key`]).
#[derive(Debug)]
pub(super) struct Ties {
    reached: Bounded<Vec<Arc<ImageRef>>>,
    pushed: Bounded<()>,
    keys: [RandomState; 2],
}

impl Default for Ties {
    fn default() -> Self {
        Self { reached: Bounded::new(MOST), pushed: Bounded::new(MOST_PUSHED), keys: Default::default() }
    }
}

impl Ties {
    /// This digest was reached through these references.
    pub(super) fn tie(&mut self, repository: &str, digest: &str, through: &[Arc<ImageRef>]) {
        let known = self.reached.entry(self.key(repository, digest));
        for reference in through {
            known.retain(|earlier| earlier != reference);
            if known.len() >= MOST_REFERENCES {
                known.remove(0);
            }
            known.push(Arc::clone(reference));
        }
    }

    /// The references through which it was reached, the last one first.
    pub(super) fn reached_through(&self, repository: &str, digest: &str) -> Vec<Arc<ImageRef>> {
        let known = self.reached.get(self.key(repository, digest));
        known.map(|known| known.iter().rev().cloned().collect()).unwrap_or_default()
    }

    /// This digest was sent to the repository.
    pub(super) fn push(&mut self, repository: &str, digest: &str) {
        self.pushed.entry(self.key(repository, digest));
    }

    pub(super) fn was_pushed(&self, repository: &str, digest: &str) -> bool {
        self.pushed.get(self.key(repository, digest)).is_some()
    }

    /// Sixteen bytes for two names of hundreds. Nobody outside knows the hashes' keys, so that nobody
    /// can look for two pairs with one.
    fn key(&self, repository: &str, digest: &str) -> u128 {
        let [high, low] = self.keys.each_ref().map(|key| u128::from(key.hash_one((repository, digest))));
        (high << 64) | low
    }
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
mod tests {
    use super::*;

    fn tag(tag: &str) -> Arc<ImageRef> {
        Arc::new(ImageRef::parse(&format!("a/b:{tag}")).expect("a reference"))
    }

    #[test]
    fn a_digest_is_reached_in_its_repository_only() {
        let mut ties = Ties::default();
        ties.tie("x/a", "sha256:1", &[tag("1")]);
        ties.tie("x/a", "sha256:1", &[tag("2"), tag("1")]);
        assert_eq!(ties.reached_through("x/a", "sha256:1"), [tag("1"), tag("2")]);
        assert!(ties.reached_through("x/b", "sha256:1").is_empty());
        assert!(ties.reached_through("x/a", "sha256:2").is_empty());
        ties.push("x/a", "sha256:3");
        assert!(ties.was_pushed("x/a", "sha256:3") && !ties.was_pushed("x/b", "sha256:3"));
    }

    #[test]
    fn memory_is_bounded_and_the_oldest_goes_first() {
        let mut ties = Ties::default();
        for n in 0..MOST + 10 {
            ties.tie("x/a", &n.to_string(), &[tag("1")]);
        }
        assert_eq!((ties.reached.values.len(), ties.reached.order.len()), (MOST, MOST));
        assert!(ties.reached_through("x/a", "9").is_empty());
        assert_eq!(ties.reached_through("x/a", "10"), [tag("1")]);
        for n in 0..20 {
            ties.tie("x/a", "70000", &[tag(&n.to_string())]);
        }
        let newest: Vec<_> = (12..20).rev().map(|n| tag(&n.to_string())).collect();
        assert_eq!(ties.reached_through("x/a", "70000"), newest);
    }
}
