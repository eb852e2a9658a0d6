//! Ed25519 keys of the policy service: the signing half stays with the service, the
//! verifying half travels in the enrollment file.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{Signature, Signer as _, SigningKey as DalekSigningKey, VerifyingKey as DalekVerifyingKey};
use sha2::{Digest as _, Sha256};

/// Lower-case hex of the first 8 bytes of SHA-256 over the raw public key.
#[derive(Clone, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct KeyId(String);

impl KeyId {
    fn of(key: &DalekVerifyingKey) -> Self {
        let digest = Sha256::digest(key.as_bytes());
        Self(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a key could not be read.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not base64, or not 32 bytes.
    #[error("a key is 32 bytes in base64")]
    Encoding,
    /// 32 bytes that are no point of the curve, or a weak one.
    #[error("the bytes are no usable ed25519 public key")]
    NotAKey,
}

/// The service's signing key. `Debug` prints the key id only.
pub struct SigningKey {
    key: DalekSigningKey,
    id: KeyId,
}

impl SigningKey {
    /// From 32 secret bytes, as a file or a random source gives them.
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let key = DalekSigningKey::from_bytes(seed);
        let id = KeyId::of(&key.verifying_key());
        Self { key, id }
    }

    /// The half that machines need.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey { key: self.key.verifying_key(), id: self.id.clone() }
    }

    /// The id under which signatures of this key are found.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.key.sign(message).to_bytes().to_vec()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey").field("id", &self.id).finish_non_exhaustive()
    }
}

/// A key whose signatures are trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey {
    key: DalekVerifyingKey,
    id: KeyId,
}

impl VerifyingKey {
    /// From the base64 text of the enrollment file.
    ///
    /// # Errors
    /// [`KeyError`] when the text is no usable key.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| KeyError::Encoding)?;
        Self::from_bytes(&bytes)
    }

    /// From the 32 bytes of a key change.
    ///
    /// # Errors
    /// [`KeyError`] when they are no usable key.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeyError> {
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| KeyError::Encoding)?;
        let key = DalekVerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::NotAKey)?;
        if key.is_weak() {
            return Err(KeyError::NotAKey);
        }
        let id = KeyId::of(&key);
        Ok(Self { key, id })
    }

    /// The text for the enrollment file.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.key.as_bytes())
    }

    /// The 32 bytes for a key change.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.key.as_bytes()
    }

    /// The id that signatures of this key carry.
    #[must_use]
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        Signature::from_slice(signature).is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

/// The keys that a machine trusts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TrustedKeys {
    keys: Vec<VerifyingKey>,
    /// Trusted once; known so that an error can say so.
    ended: Vec<KeyId>,
}

impl TrustedKeys {
    /// Trust these keys.
    #[must_use]
    pub fn new(keys: Vec<VerifyingKey>) -> Self {
        Self { keys, ended: Vec::new() }
    }

    /// The same, where others were trusted before.
    #[must_use]
    pub(crate) fn after(self, before: impl Iterator<Item = KeyId>) -> Self {
        let ended = before.filter(|id| self.find(id.as_str()).is_none()).collect();
        Self { ended, ..self }
    }

    /// The key with this id.
    #[must_use]
    pub fn find(&self, id: &str) -> Option<&VerifyingKey> {
        self.keys.iter().find(|key| key.id.as_str() == id)
    }

    /// A key with this id was trusted once, and a key change ended it.
    #[must_use]
    pub fn has_ended(&self, id: &str) -> bool {
        self.ended.iter().any(|ended| ended.as_str() == id)
    }

    /// All of them, the newest last.
    pub fn iter(&self) -> impl Iterator<Item = &VerifyingKey> {
        self.keys.iter()
    }

    /// True when nothing is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}
