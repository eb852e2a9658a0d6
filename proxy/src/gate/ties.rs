//! Through which references a digest was reached.
//!
//! A policy may speak of tags, and engines resolve a tag once and then ask for digests. So what an
//! allowed tag turned out to stand for is tied to that tag, and what a manifest is made of to that
//! manifest. A tie permits nothing by itself: each time it is the references at its end that are
//! decided on again.
//!
//! Bounded (INVARIANT I9) in number, what was not seen or asked for longest goes first; and in age, where it is a
//! tag's: a tag moves on, what a manifest is made of does not. What is forgotten is decided by repository, as what was
//! never known.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
    time::{Duration, Instant},
};

use hashlink::LruCache;
use policy::ImageRef;

use super::learn::Wanted;

/// Digests that are remembered. An image has 5 to 100; about 200 bytes each. With as many tags of as long names as there
/// can be it is 5 KiB, and an engine has to ask for every one of them.
const MOST: usize = 32_768;
/// Tags a digest has; the last count.
const MOST_TAGS: usize = 8;
/// Manifests that a digest is a part of; the last count. All versions of an image may have a layer in common.
const MOST_WHOLES: usize = 16;
/// Digests on the way from a digest to tags. Indexes of indexes are rare, and a way has no end by itself.
const MOST_STEPS: usize = 64;
/// Tags that are decided on, and as many manifests: two microseconds each.
const MOST_FOUND: usize = 64;
/// Pushed digests that are remembered: those of the pushes that are under way, and more.
const MOST_PUSHED: usize = 8_192;
/// Redirects of manifests that are remembered: they are followed at once.
const MOST_LED: usize = 1024;
/// So long a redirect is remembered.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(60);
/// So long a digest counts as what a tag stood for: a pull that was paused goes on, and a tag that moved on does not
/// keep its old content allowed for ever. In [`Instant`]'s time, which stands still while the machine sleeps.
const LASTING: Duration = Duration::from_hours(12);

/// What is known of digests. A repository is its key ([`policy::registry::Repository::key`]).
#[derive(Debug)]
pub(super) struct Ties {
    known: LruCache<u128, Known>,
    pushed: LruCache<u128, Instant>,
    /// Where redirects led, by host and target.
    led: LruCache<u128, (Vec<Arc<Wanted>>, Instant)>,
    /// When last to each host.
    led_to: LruCache<String, Instant>,
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
        let (known, pushed) = (LruCache::new(MOST), LruCache::new(MOST_PUSHED));
        let (led, led_to) = (LruCache::new(MOST_LED), LruCache::new(MOST_LED));
        Self { known, pushed, led, led_to, keys: Default::default(), lasting: LASTING }
    }
}

impl Ties {
    /// The tag stands for this digest.
    pub(super) fn resolve(&mut self, repository: &str, digest: &str, tag: &Arc<ImageRef>, now: Instant) {
        let key = self.key(repository, digest);
        let tags = &mut entry(&mut self.known, key).tags;
        tags.retain(|(earlier, _)| earlier != tag);
        append(tags, (Arc::clone(tag), now), MOST_TAGS);
    }

    /// The manifest of this digest, whose own reference is `itself`, is made of these.
    pub(super) fn contain(&mut self, repository: &str, digest: &str, itself: ImageRef, parts: &[String]) {
        let manifest = self.key(repository, digest);
        for part in parts {
            let part = self.key(repository, part);
            let parts_of = &mut entry(&mut self.known, part).parts_of;
            parts_of.retain(|earlier| *earlier != manifest);
            append(parts_of, manifest, MOST_WHOLES);
        }
        // Last: its parts lead nowhere without it.
        entry(&mut self.known, manifest).itself = Some(Arc::new(itself));
    }

    /// The references through which it was reached: the tags that stood for it or for what it is a part of, not too
    /// long ago; then the manifests that it is a part of. Of each the last one first, the shorter way first.
    pub(super) fn reached_through(&mut self, repository: &str, digest: &str, now: Instant) -> Vec<Arc<ImageRef>> {
        let mut way = vec![self.key(repository, digest)];
        let (mut tags, mut manifests) = (Vec::new(), Vec::new());
        let mut step = 0;
        while let Some(key) = way.get(step) {
            let known = self.known.get(key);
            step = step.saturating_add(1);
            let Some(known) = known else { continue };
            let recent = known.tags.iter().rev().filter(|(_, since)| is_recent(self.lasting, *since, now));
            recent.for_each(|(tag, _)| find(&mut tags, tag));
            // Whoever asks for a digest has named it already.
            known.itself.iter().filter(|_| step > 1).for_each(|itself| find(&mut manifests, itself));
            for next in known.parts_of.iter().rev() {
                if !way.contains(next) && way.len() < MOST_STEPS {
                    way.push(*next);
                }
            }
        }
        tags.append(&mut manifests);
        tags
    }

    /// Who asked for these is sent there.
    pub(super) fn lead(&mut self, host: &str, target: &str, wanted: &[Arc<Wanted>], now: Instant) {
        self.led.insert(self.key(host, target), (wanted.to_vec(), now));
        self.led_to.insert(host.to_owned(), now);
    }

    /// Whether somebody who asked for a manifest was sent to this host just now.
    pub(super) fn is_led_to(&mut self, host: &str, now: Instant) -> bool {
        self.led_to.get(host).is_some_and(|since| is_recent(FOLLOWED_WITHIN, *since, now))
    }

    /// What was asked for by who is sent there.
    pub(super) fn led_from(&mut self, host: &str, target: &str, now: Instant) -> Vec<Arc<Wanted>> {
        let key = self.key(host, target);
        let led = self.led.get(&key).filter(|(_, since)| is_recent(FOLLOWED_WITHIN, *since, now));
        led.map(|(wanted, _)| wanted.clone()).unwrap_or_default()
    }

    /// This digest was sent to the repository.
    pub(super) fn push(&mut self, repository: &str, digest: &str, now: Instant) {
        self.pushed.insert(self.key(repository, digest), now);
    }

    pub(super) fn was_pushed(&mut self, repository: &str, digest: &str, now: Instant) -> bool {
        let key = self.key(repository, digest);
        self.pushed.get(&key).is_some_and(|sent| is_recent(self.lasting, *sent, now))
    }

    /// Sixteen bytes for two names of hundreds. Nobody outside knows the hashes' keys, so that nobody
    /// can look for two pairs with one.
    fn key(&self, repository: &str, digest: &str) -> u128 {
        let [high, low] = self.keys.each_ref().map(|key| u128::from(key.hash_one((repository, digest))));
        (high << 64) | low
    }
}

fn is_recent(lasting: Duration, since: Instant, now: Instant) -> bool {
    now.saturating_duration_since(since) <= lasting
}

/// What is kept under a key, made if nothing is; what was not asked for longest makes room.
pub(super) fn entry<T: Default>(cache: &mut LruCache<u128, T>, key: u128) -> &mut T {
    if !cache.contains_key(&key) {
        cache.insert(key, T::default());
    }
    cache.entry(key).or_insert_with(T::default)
}

/// The oldest makes room.
fn append<T>(list: &mut Vec<T>, new: T, most: usize) {
    if list.len() >= most {
        list.remove(0);
    }
    list.push(new);
}

/// Unless it was found before.
fn find(found: &mut Vec<Arc<ImageRef>>, reference: &Arc<ImageRef>) {
    if found.len() < MOST_FOUND && !found.contains(reference) {
        found.push(Arc::clone(reference));
    }
}

#[cfg(test)]
mod tests;
