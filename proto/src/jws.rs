//! Short-lived tokens in the form that tools of the field read: JSON Web Signatures (RFC 7515,
//! compact), signed with Ed25519 (RFC 8037) by the service for itself.
//!
//! Nothing of a token's head is interpreted: each use has one head, and another one is refused. So
//! there is no algorithm to confuse, no key to name and no type to mistake for another. What is
//! signed begins with `ey`, a sealed document with `DSSEv1`: neither passes for the other.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Serialize, de::DeserializeOwned};

use crate::keys::{SigningKey, TrustedKeys, VerifyingKey};

/// Longest token, in characters.
pub const MAX_CHARS: usize = 8 << 10;

/// Why a token is not taken. Nothing of it is used then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwsError {
    /// Not three parts, another head, too long, or claims of another kind.
    #[error("the token is no token of this service for this use")]
    Foreign,
    /// The signature does not hold.
    #[error("the signature of the token does not hold")]
    Forged,
}

/// A signed token. `typ` is the one use that it has.
///
/// # Panics
/// Never for claims that have a form in JSON; maps with other keys than text have none.
#[must_use]
pub fn sign<T: Serialize>(typ: &str, claims: &T, key: &SigningKey) -> String {
    let claims = serde_json::to_vec(claims).unwrap_or_default();
    let signed = format!("{}.{}", head(typ, &key.verifying_key()), URL_SAFE_NO_PAD.encode(claims));
    let signature = URL_SAFE_NO_PAD.encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

/// The claims of a token of this use, signed by one of these keys. When it ends and whom it is for is the caller's to ask.
///
/// # Errors
/// [`JwsError`].
pub fn verify<T: DeserializeOwned>(typ: &str, token: &str, keys: &TrustedKeys) -> Result<T, JwsError> {
    if token.len() > MAX_CHARS {
        return Err(JwsError::Foreign);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(JwsError::Foreign)?;
    let (found, claims) = signed.split_once('.').ok_or(JwsError::Foreign)?;
    // Each key has one head: nothing in a token chooses what is done with it.
    let key = keys.iter().find(|key| found == head(typ, key)).ok_or(JwsError::Foreign)?;
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| JwsError::Forged)?;
    if !key.verify(signed.as_bytes(), &signature) {
        return Err(JwsError::Forged);
    }
    let claims = URL_SAFE_NO_PAD.decode(claims).map_err(|_| JwsError::Foreign)?;
    serde_json::from_slice(&claims).map_err(|_| JwsError::Foreign)
}

fn head(typ: &str, key: &VerifyingKey) -> String {
    let head = serde_json::json!({ "alg": "EdDSA", "kid": key.id().as_str(), "typ": typ });
    URL_SAFE_NO_PAD.encode(head.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const TYP: &str = "pullgate-test+jwt";

    fn key(seed: u8) -> SigningKey {
        SigningKey::from_seed(&[seed; 32])
    }

    fn read(token: &str) -> Result<Value, JwsError> {
        verify(TYP, token, &TrustedKeys::new(vec![key(1).verifying_key()]))
    }

    #[test]
    fn claims_come_back_from_a_token_of_the_same_use_and_key_only() {
        let claims = json!({ "sub": "alice", "exp": 5 });
        let token = sign(TYP, &claims, &key(1));
        assert_eq!(read(&token), Ok(claims.clone()));
        assert_eq!(read(&sign("other+jwt", &claims, &key(1))), Err(JwsError::Foreign));
        assert_eq!(read(&sign(TYP, &claims, &key(2))), Err(JwsError::Foreign));
    }

    #[test]
    fn every_single_changed_character_is_noticed() {
        let token = sign(TYP, &json!({ "sub": "alice" }), &key(1));
        for at in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(read(&changed).is_err(), "{at}: {changed}");
        }
    }

    #[test]
    fn no_head_chooses_how_a_token_is_verified() {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let claims = part(&json!({ "sub": "alice" }));
        let public = key(1).verifying_key();
        for alg in ["none", "None", "HS256", "RS256", "ES256", "Ed25519"] {
            let head = part(&json!({ "typ": TYP, "alg": alg, "kid": public.id().as_str() }));
            for signature in ["", "AA", &URL_SAFE_NO_PAD.encode(public.to_base64())] {
                assert_eq!(read(&format!("{head}.{claims}.{signature}")), Err(JwsError::Foreign), "{alg}");
            }
        }
        // The right head, and the signature of something else.
        let own = sign(TYP, &json!({ "sub": "bob" }), &key(1));
        let mut parts: Vec<&str> = own.split('.').collect();
        parts[1] = &claims;
        assert_eq!(read(&parts.join(".")), Err(JwsError::Forged));
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let long = format!("{}.a.a", "a".repeat(MAX_CHARS));
        for text in ["", ".", "..", "a.b", "a.b.c.d", &long] {
            assert_eq!(read(text), Err(JwsError::Foreign), "{text:.40}");
        }
    }
}
