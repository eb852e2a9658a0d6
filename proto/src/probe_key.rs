//! By what the registry door's answer to a probe is told from anybody else's.
//!
//! Who answers for a probe's name learns its nonce, and can say the same words: a published port makes a
//! registry of 127.0.0.1:1. So the door signs, with a key of this run that it tells the plugin, which
//! believes root and the door's own user only, and whoever probed asks the plugin for that key.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};

/// Before what is signed, so that such a signature is never one of something else.
const PURPOSE: &str = "pullgate door probe: ";
const SIGNED: &str = ", signed ";
/// Characters of 64 bytes in base64 without padding.
const SIGNATURE_CHARS: usize = 86;

/// A door's key. `Debug` prints nothing of it.
pub struct ProbeKey(SigningKey);

impl ProbeKey {
    /// From 32 secret bytes of a random source.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// What the plugin is told.
    #[must_use]
    pub fn public(&self) -> Vec<u8> {
        self.0.verifying_key().as_bytes().to_vec()
    }

    /// The answer and its signature, in printable characters without quotes.
    #[must_use]
    pub fn sign(&self, answer: &str) -> String {
        let signature = self.0.sign(signed(answer).as_bytes());
        format!("{answer}{SIGNED}{}", URL_SAFE_NO_PAD.encode(signature.to_bytes()))
    }
}

impl std::fmt::Debug for ProbeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ProbeKey")
    }
}

/// Whether `words` hold this answer, signed with one of these keys.
#[must_use]
pub fn holds(words: &str, answer: &str, keys: &[Vec<u8>]) -> bool {
    let signatures = words.match_indices(answer).filter_map(|(at, _)| {
        let behind = words.get(at..)?.strip_prefix(answer)?.strip_prefix(SIGNED)?;
        let bytes = URL_SAFE_NO_PAD.decode(behind.get(..SIGNATURE_CHARS)?).ok()?;
        Signature::from_slice(&bytes).ok()
    });
    let keys: Vec<VerifyingKey> =
        keys.iter().filter_map(|key| VerifyingKey::from_bytes(key.as_slice().try_into().ok()?).ok()).collect();
    let text = signed(answer);
    signatures
        .into_iter()
        .any(|signature| keys.iter().any(|key| key.verify_strict(text.as_bytes(), &signature).is_ok()))
}

fn signed(answer: &str) -> String {
    format!("{PURPOSE}{answer}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_doors_own_signature_of_this_answer_counts() {
        let (door, other) = (ProbeKey::from_seed(&[1; 32]), ProbeKey::from_seed(&[2; 32]));
        let keys = [vec![0; 7], door.public()];
        let words = format!("pull access denied: denied: {}: see x", door.sign("saw probe 7"));
        assert!(holds(&words, "saw probe 7", &keys));
        assert!(holds(&format!("saw probe 7 {words}"), "saw probe 7", &keys), "words may stand there twice");
        for (words, answer, keys) in [
            (words.as_str(), "saw probe 8", &keys[..]),
            (&words, "saw probe 7", &[]),
            (&words, "saw probe 7", &[other.public()]),
            ("denied: saw probe 7", "saw probe 7", &keys),
            ("saw probe 7, signed abc", "saw probe 7", &keys),
            (&other.sign("saw probe 7"), "saw probe 7", &keys),
            (&door.sign("saw probe 6").replace('6', "7"), "saw probe 7", &keys),
        ] {
            assert!(!holds(words, answer, keys), "{words}");
        }
    }
}
