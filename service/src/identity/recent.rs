//! Access tokens that were right a moment ago.
//!
//! A script shows its token with every call, and a hash takes longer than most calls. What a token is good for and
//! whether it still is, the database says each time; only the comparison is saved. Passwords are not here: people
//! choose them, and each guess is to cost its hash.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use proto::secret::Secret;
use sha2::{Digest as _, Sha256};

/// How long one is remembered.
const LASTS: Duration = Duration::from_secs(60);
/// How many; then all are forgotten, and learned again.
const MOST: usize = 10_000;

/// Remembers them, by digests that are of no use elsewhere.
#[derive(Default)]
pub(super) struct Recent {
    seen: Mutex<HashMap<[u8; 32], Instant>>,
    key: OnceLock<[u8; 32]>,
}

/// A secret together with the stored hash that it fits, or not.
pub(super) struct Seal(Option<[u8; 32]>);

impl Recent {
    /// Another secret, or another stored hash, has another seal.
    pub fn seal(&self, secret: &Secret, stored: &str) -> Seal {
        let Some(key) = self.key() else { return Seal(None) };
        let digest = Sha256::new()
            .chain_update(key)
            .chain_update(secret.expose().len().to_le_bytes())
            .chain_update(secret.expose())
            .chain_update(stored);
        Seal(Some(digest.finalize().into()))
    }

    /// Whether the secret fitted a moment ago.
    pub fn knows(&self, seal: &Seal, now: Instant) -> bool {
        let Seal(Some(digest)) = seal else { return false };
        self.lock().get(digest).is_some_and(|at| now.saturating_duration_since(*at) < LASTS)
    }

    /// It fits.
    pub fn learn(&self, seal: Seal, now: Instant) {
        let Seal(Some(digest)) = seal else { return };
        let mut seen = self.lock();
        if seen.len() >= MOST {
            seen.retain(|_, at| now.saturating_duration_since(*at) < LASTS);
        }
        if seen.len() >= MOST {
            seen.clear();
        }
        seen.insert(digest, now);
    }

    /// Of this process only; without random bytes nothing is remembered.
    fn key(&self) -> Option<&[u8; 32]> {
        if self.key.get().is_none() {
            let mut key = [0; 32];
            getrandom::fill(&mut key).ok()?;
            // Whoever was first has chosen.
            let _ = self.key.set(key);
        }
        self.key.get()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Instant>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn only_the_same_secret_of_the_same_hash_is_known_and_only_for_a_moment() {
        let (recent, now) = (Recent::default(), Instant::now());
        let seal = |text: &str, stored: &str| recent.seal(&secret(text), stored);
        assert!(!recent.knows(&seal("right", "hash"), now));
        recent.learn(seal("right", "hash"), now);
        assert!(recent.knows(&seal("right", "hash"), now + LASTS / 2));
        for (text, stored) in [("wrong", "hash"), ("right", "other"), ("righth", "ash"), ("righ", "thash")] {
            assert!(!recent.knows(&seal(text, stored), now), "{text} {stored}");
        }
        assert!(!recent.knows(&seal("right", "hash"), now + LASTS));
        assert!(!Recent::default().knows(&seal("right", "hash"), now), "another process knows nothing of it");
    }

    #[test]
    fn memory_is_bounded() {
        let (recent, now) = (Recent::default(), Instant::now());
        for n in 0..MOST + 10 {
            recent.learn(recent.seal(&secret(&n.to_string()), "hash"), now);
        }
        assert!(recent.lock().len() <= MOST);
    }
}
