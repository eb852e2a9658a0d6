//! Tokens that outlive the end of another credential, because it was done with them.
//!
//! Whatever ends a credential of an account ends everything that came of any: right for whoever fears that it leaked,
//! and wrong for a script that replaces one access token by another and needs its own for the next call. A browser is
//! kept in the same way ([`crate::acts::tokens::revoke`]). In this process only: another one says "sign in again".
//!
//! Terraform makes ten calls at a time with one token. So a call that ends a credential is alone with its token: no
//! other one sees the account as it is since, and the token as it was.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};
use tokio::sync::RwLock;

/// Most tokens in use; each goes after its end, in ten minutes. Those of more do not outlive anything.
const MOST: usize = 10_000;

/// By the digest of the token.
#[derive(Clone, Default)]
pub(super) struct Kept(Arc<Mutex<HashMap<[u8; 32], InUse>>>);

struct InUse {
    /// In which it counts, if that is not its own.
    epoch: Option<i64>,
    /// Seconds since the Unix epoch.
    ends: i64,
    calls: Arc<RwLock<()>>,
}

impl Kept {
    /// What calls with this token hold: together, or one alone.
    pub fn calls(&self, token: &str, ends: i64, now: i64) -> Arc<RwLock<()>> {
        let (mut kept, token) = (self.lock(), digest(token));
        if let Some(known) = kept.get(&token) {
            return Arc::clone(&known.calls);
        }
        if kept.len() >= MOST {
            kept.retain(|_, known| now < known.ends);
        }
        let calls = Arc::default();
        if kept.len() < MOST {
            kept.insert(token, InUse { epoch: None, ends, calls: Arc::clone(&calls) });
        }
        calls
    }

    /// Lets a token that is in use count in this epoch.
    pub fn keep(&self, token: &str, epoch: i64) {
        if let Some(known) = self.lock().get_mut(&digest(token)) {
            known.epoch = Some(epoch);
        }
    }

    /// The epoch in which a token counts, if it is not its own.
    pub fn epoch(&self, token: &str) -> Option<i64> {
        self.lock().get(&digest(token)).and_then(|known| known.epoch)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], InUse>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_token_counts_in_its_new_epoch() {
        let kept = Kept::default();
        kept.keep("a", 2);
        assert_eq!(kept.epoch("a"), None, "it is not in use");
        for token in ["a", "b"] {
            kept.calls(token, 100, 10);
        }
        kept.keep("a", 2);
        assert_eq!((kept.epoch("a"), kept.epoch("b"), kept.epoch("c")), (Some(2), None, None));
        kept.calls("a", 100, 20);
        assert_eq!(kept.epoch("a"), Some(2), "in the next call too");
        kept.keep("a", 3);
        assert_eq!(kept.epoch("a"), Some(3));
    }

    #[test]
    fn only_tokens_that_ended_make_room() {
        let kept = Kept::default();
        kept.calls("short", 50, 10);
        for number in 1..MOST {
            kept.calls(&number.to_string(), 100, 10);
        }
        kept.keep("1", 2);
        kept.calls("one too many", 100, 49);
        kept.keep("one too many", 2);
        assert_eq!((kept.epoch("one too many"), kept.epoch("1")), (None, Some(2)));
        kept.calls("another", 100, 50);
        kept.keep("another", 2);
        assert_eq!((kept.epoch("another"), kept.epoch("1")), (Some(2), Some(2)));
    }
}
