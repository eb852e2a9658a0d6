//! Decisions of the door as records: one for what a pull asks again and again.

use std::{
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use hashlink::LruCache;
use policy::{Action, Ask, Decision, Enforced, Reason, Timestamp};
use proto::sync;
use ulid::Ulid;

use super::ties::entry;

/// A pull asks for many digests, and is one decision.
const SAME_PERMISSION_MS: i64 = 60_000;
/// Engines repeat what was refused at once, by other methods and on other ways; a person who tries
/// again is to find that too.
const SAME_REFUSAL_MS: i64 = 5_000;
/// Decisions that are told apart. More of them are recorded twice.
const MOST: usize = 4096;
/// Longest image name in a record, as in the plugin's.
const MAX_IMAGE_BYTES: usize = 512;

/// Writes down, each once.
#[derive(Debug)]
pub(super) struct Journal {
    written: Mutex<LruCache<u128, Written>>,
    keys: [RandomState; 2],
    ids: Ids,
}

#[derive(Debug, Default, Clone, Copy)]
struct Written {
    id: Ulid,
    at_ms: i64,
}

impl Journal {
    pub(super) fn new() -> Self {
        Self { written: Mutex::new(LruCache::new(MOST)), keys: Default::default(), ids: Ids::new() }
    }

    /// The id of a decision, and its record, unless the same was just written down: then it is the id of
    /// that one.
    pub(super) fn write(
        &self,
        enforced: &Enforced,
        action: &Action,
        decision: &Decision<'_>,
        at_ms: i64,
    ) -> (Ulid, Option<sync::Record>) {
        let record = record(enforced, action, decision, at_ms);
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let written = entry(&mut written, self.key(&record));
        let window = if decision.is_allowed() { SAME_PERMISSION_MS } else { SAME_REFUSAL_MS };
        // A clock that went back makes a new one.
        if written.id != Ulid::nil() && (0..window).contains(&at_ms.saturating_sub(written.at_ms)) {
            return (written.id, None);
        }
        let id = self.ids.next(at_ms);
        *written = Written { id, at_ms };
        // Where no policy had a say, nothing is recorded.
        let is_told = decision.reason != Reason::NotGoverned;
        (id, is_told.then(|| sync::Record { id: id.to_string(), ..record }))
    }

    fn key(&self, record: &sync::Record) -> u128 {
        let sync::Record { action, image, reason, organization, rule, generation, allowed, would_deny, .. } = record;
        let said = (action, image, reason, organization, rule, generation, allowed, would_deny);
        let [high, low] = self.keys.each_ref().map(|key| u128::from(key.hash_one(said)));
        (high << 64) | low
    }
}

/// Without the id. Where it comes from and its number the plugin says.
fn record(enforced: &Enforced, action: &Action, decision: &Decision<'_>, at_ms: i64) -> sync::Record {
    let now = Timestamp(at_ms / 1000);
    let image = decision.image().map_or_else(String::new, |image| {
        let every_tag = image.is_all_tags() && !matches!(decision.ask, Some(Ask::Push(_)));
        let short = image.as_str().get(..MAX_IMAGE_BYTES).unwrap_or(image.as_str());
        format!("{short}{}", if every_tag { ":*" } else { "" })
    });
    let in_force = enforced.sessions.iter().filter(|session| session.is_valid(now));
    sync::Record {
        at_ms,
        action: action.word().to_owned(),
        image,
        allowed: decision.is_allowed(),
        reason: decision.reason.code().to_owned(),
        category: decision.category.map(policy::Category::code).unwrap_or_default().to_owned(),
        organization: decision.organization.unwrap_or_default().to_owned(),
        generation: decision.policy.map(|policy| policy.generation).unwrap_or_default(),
        rule: decision.rule.map(|rule| rule.id.clone()).unwrap_or_default(),
        would_deny: decision.would_deny,
        users: in_force.map(|session| session.user.clone()).collect(),
        coverage: "enforced".to_owned(),
        ..sync::Record::default()
    }
}

/// ULIDs whose random part is random once a process and counts from there.
#[derive(Debug)]
struct Ids {
    start: u128,
    count: AtomicU64,
}

impl Ids {
    fn new() -> Self {
        // The standard library's own source of randomness for hashes.
        let random = || u128::from(RandomState::new().build_hasher().finish());
        Self { start: (random() << 64) | random(), count: AtomicU64::new(0) }
    }

    fn next(&self, at_ms: i64) -> Ulid {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        Ulid::from_parts(u64::try_from(at_ms).unwrap_or_default(), self.start.wrapping_add(u128::from(count)))
    }
}

#[cfg(test)]
mod tests;
