//! Machines that are ahead: they hold a generation above this service's own.
//!
//! It happens after a restored backup, or when another service signs with the same key.
//! Machines refuse what goes back, so the document is published again above what they hold.
//! What an agent says is only a claim: it moves a document rarely and not far.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use tokio::sync::Notify;

use crate::store::Kind;

/// A document is published again because of a claim at most this often.
const PAUSE: Duration = Duration::from_secs(600);
/// How far ahead of this clock a claim may be, in milliseconds: a clock was wrong somewhere by
/// a day. Beyond that it is a lie, and following it would spend the numbers.
const MOST_AHEAD_MS: i64 = 86_400_000;

/// By document, a generation that the next one has to be above.
pub type Floors = BTreeMap<(Kind, String), i64>;

/// What agents say they hold. Clones share it. Bounded by the documents that were published.
#[derive(Clone, Default)]
pub struct Ahead {
    state: Arc<Mutex<State>>,
    told: Arc<Notify>,
}

#[derive(Default)]
struct State {
    floors: Floors,
    asked: HashMap<(Kind, String), Instant>,
}

impl Ahead {
    /// An agent holds `claimed` of a document whose newest generation here is `own`.
    pub fn tell(&self, kind: Kind, subject: &str, claimed: u64, own: i64, now_ms: i64) {
        let Some(above) = believed(claimed, now_ms) else {
            tracing::debug!(?kind, subject, claimed, "an agent claims an impossible generation");
            return;
        };
        if above <= own {
            return;
        }
        let mut state = self.state();
        let (key, now) = ((kind, subject.to_owned()), Instant::now());
        match state.asked.get(&key) {
            Some(before) if now.duration_since(*before) < PAUSE => return,
            Some(_) => {}
            None => tracing::error!(
                ?kind,
                subject,
                held = above,
                own,
                "a machine holds a newer document than this service ever published: was a backup restored, \
                 or does another service sign with the same key? publishing above it"
            ),
        }
        state.asked.insert(key.clone(), now);
        state.floors.insert(key, above);
        drop(state);
        self.told.notify_one();
    }

    /// Waits until there is something to take.
    pub async fn told(&self) {
        self.told.notified().await;
    }

    /// What has to be published above.
    #[must_use]
    pub fn floors(&self) -> Floors {
        self.state().floors.clone()
    }

    /// These were published above.
    pub fn done(&self, floors: &Floors) {
        self.state().floors.retain(|key, floor| floors.get(key) != Some(floor));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A generation that an agent claims to hold, if it can be true.
#[must_use]
pub fn believed(claimed: u64, now_ms: i64) -> Option<i64> {
    i64::try_from(claimed).ok().filter(|claimed| *claimed <= now_ms.saturating_add(MOST_AHEAD_MS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_is_followed_once_in_a_while_and_never_far() {
        let (ahead, now) = (Ahead::default(), 1_800_000_000_000);
        for lie in [u64::MAX, i64::MAX as u64, now as u64 + 2 * MOST_AHEAD_MS as u64] {
            ahead.tell(Kind::Policy, "acme", lie, 5, now);
        }
        ahead.tell(Kind::Policy, "acme", 5, 5, now);
        assert!(ahead.floors().is_empty());
        ahead.tell(Kind::Policy, "acme", 9, 5, now);
        ahead.tell(Kind::Policy, "acme", 10, 5, now);
        let floors = ahead.floors();
        assert_eq!(floors, Floors::from([((Kind::Policy, "acme".to_owned()), 9)]));
        ahead.done(&floors);
        assert!(ahead.floors().is_empty());
        ahead.tell(Kind::Policy, "acme", 11, 10, now);
        assert!(ahead.floors().is_empty(), "too soon");
    }
}
