//! Tokens that outlive the end of another credential, because it was done with them.
//!
//! Whatever ends a credential of an account ends everything that came of any: right for whoever fears that it leaked,
//! and wrong for a script that replaces one access token by another and needs its own for the next call. A browser is
//! kept in the same way ([`crate::browser::Browsers::keep`]). In this process only: another one says "sign in again".

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use sha2::{Digest as _, Sha256};

/// Most of them; each goes with its token, after ten minutes. More have to sign in again.
const MOST: usize = 10_000;

/// The epoch in which a token counts, and its end.
type Counts = (i64, i64);

/// By the digest of the token.
#[derive(Clone, Default)]
pub(super) struct Kept(Arc<Mutex<HashMap<[u8; 32], Counts>>>);

impl Kept {
    /// Lets a token count in this epoch until its end.
    pub fn keep(&self, token: &str, epoch: i64, ends: i64, now: i64) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, (_, ends)| now < *ends);
        if kept.len() < MOST {
            kept.insert(Sha256::digest(token).into(), (epoch, ends));
        }
    }

    /// The epoch in which a token counts, if it is not its own.
    pub fn epoch(&self, token: &str) -> Option<i64> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.is_empty() {
            return None;
        }
        kept.get::<[u8; 32]>(&Sha256::digest(token).into()).map(|(epoch, _)| *epoch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_token_counts_in_its_new_epoch_and_is_forgotten_after_its_end() {
        let kept = Kept::default();
        assert_eq!(kept.epoch("a"), None);
        kept.keep("a", 2, 100, 10);
        kept.keep("b", 7, 50, 10);
        assert_eq!((kept.epoch("a"), kept.epoch("b"), kept.epoch("c")), (Some(2), Some(7), None));
        kept.keep("a", 3, 100, 60);
        assert_eq!((kept.epoch("a"), kept.epoch("b")), (Some(3), None));
    }
}
