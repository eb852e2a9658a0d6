//! Sealed documents: a DSSE envelope (protocol v1.0.2) with one Ed25519 signature.
//!
//! What is stored and handed on is the exact bytes of the envelope; a document is read
//! from them only after the signature over those bytes held. Version, audience and time
//! rules follow The Update Framework (section 5).

use prost::Message;
use sha2::{Digest as _, Sha256};

use crate::{
    document::{self, Envelope, Header, Signature},
    keys::{KeyId, SigningKey, TrustedKeys},
    moment::moment,
};

/// How far a document's start may lie ahead of this machine's clock, in seconds.
pub const CLOCK_SKEW_SECONDS: i64 = 300;

/// A message that can be sealed.
pub trait Document: Message + Default {
    /// DSSE payload type.
    const PAYLOAD_TYPE: &'static str;
    /// Limit for the whole envelope, in bytes.
    const MAX_BYTES: usize;
    /// The document's header.
    fn header(&self) -> Option<&Header>;
}

macro_rules! document {
    ($message:ty, $name:literal, $max:expr) => {
        impl Document for $message {
            const PAYLOAD_TYPE: &'static str = concat!("application/vnd.pullgate.", $name, ".v1+protobuf");
            const MAX_BYTES: usize = $max;
            fn header(&self) -> Option<&Header> {
                self.header.as_ref()
            }
        }
    };
}

document!(document::Policy, "policy", 8 << 20);
document!(document::Directory, "directory", 4 << 20);
document!(document::Session, "session", 64 << 10);
document!(document::AgentToken, "agent-token", 4 << 10);
document!(document::KeyChange, "key-change", 512);

/// Why a sealed document is not used. Nothing of it is used then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// More bytes than this kind of document may have.
    #[error("the document has {size} bytes, more than the {limit} of its kind")]
    TooLarge {
        /// Bytes found.
        size: usize,
        /// Bytes allowed.
        limit: usize,
    },
    /// Not an envelope, or its payload is not the message that it says.
    #[error("the document is damaged: {0} cannot be decoded")]
    Damaged(&'static str),
    /// Another kind of document.
    #[error("the document is of type `{found}`, expected `{expected}`")]
    WrongType {
        /// Payload type found.
        found: String,
        /// Payload type wanted.
        expected: &'static str,
    },
    /// No signature by a trusted key.
    #[error("no trusted key signed the document (it names {keyids}); check `trustKeys` in the enrollment file")]
    UnknownKey {
        /// Key ids of the envelope.
        keyids: String,
    },
    /// Signed by a key that this machine trusted once.
    #[error(
        "the document is signed by key {keyid} only, which a key change ended on this machine: the service must sign \
         with its present key; see `pullgate-service key list`"
    )]
    EndedKey {
        /// Key id of the signature.
        keyid: String,
    },
    /// A trusted key id, but the signature does not hold.
    #[error("the signature of key {keyid} does not hold: the document was altered")]
    Forged {
        /// Key id of the signature.
        keyid: KeyId,
    },
    /// Made for somebody else.
    #[error("the document is for `{found}`, not for `{expected}`")]
    ForeignAudience {
        /// Audience found.
        found: String,
        /// Audience wanted.
        expected: String,
    },
    /// Starts in the future by more than [`CLOCK_SKEW_SECONDS`].
    #[error(
        "the document is valid from {}, but this machine's clock says {}; let the clock be set", moment(*issued_at), moment(*now)
    )]
    NotYetValid {
        /// Unix seconds.
        issued_at: i64,
        /// Unix seconds.
        now: i64,
    },
    /// Past its end.
    #[error("the document expired at {}, and this machine's clock says {}", moment(*expires_at), moment(*now))]
    Expired {
        /// Unix seconds.
        expires_at: i64,
        /// Unix seconds.
        now: i64,
    },
    /// Header missing, empty subject, or times that do not follow one another.
    #[error("the document's header is not valid: {0}")]
    BadHeader(&'static str),
}

/// A document whose signature held.
#[derive(Debug, Clone)]
pub struct Opened<D> {
    /// The document.
    pub document: D,
    /// Its header.
    pub header: Header,
    /// SHA-256 of the envelope's bytes.
    pub sha256: [u8; 32],
    /// SHA-256 of the payload.
    pub payload_sha256: [u8; 32],
    /// The key that signed it.
    pub keyid: KeyId,
}

/// When a document is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Newly received: an expired document is refused.
    Receive,
    /// From this machine's own disk: it was within its time when it was received. An expired document
    /// is opened, and the decision says what its end means.
    Restore,
}

/// Seals a document: the exact bytes to store and send.
#[must_use]
pub fn seal<D: Document>(document: &D, key: &SigningKey) -> Vec<u8> {
    seal_by(document, [key], &[])
}

/// The same by several keys, of which readers look at two, with the way to them from older ones
/// ([`crate::key_chain`]).
#[must_use]
pub fn seal_by<'a, D: Document>(
    document: &D,
    keys: impl IntoIterator<Item = &'a SigningKey>,
    key_changes: &[Vec<u8>],
) -> Vec<u8> {
    let payload = document.encode_to_vec();
    let signed = pre_authentication_encoding(D::PAYLOAD_TYPE, &payload);
    let signature = |key: &SigningKey| Signature { sig: key.sign(&signed), keyid: key.id().to_string() };
    let signatures = keys.into_iter().map(signature).collect();
    let (payload_type, key_changes) = (D::PAYLOAD_TYPE.to_owned(), key_changes.to_vec());
    Envelope { payload, payload_type, signatures, key_changes }.encode_to_vec()
}

/// The key changes that an envelope carries; none where it is no envelope. Nothing of them was verified.
#[must_use]
pub fn key_changes(envelope: &[u8]) -> Vec<Vec<u8>> {
    Envelope::decode(envelope).map(|envelope| envelope.key_changes).unwrap_or_default()
}

/// The payload type of an envelope whose signature has *not* been looked at: for sorting only.
#[must_use]
pub fn peek_payload_type(envelope: &[u8]) -> Option<String> {
    Envelope::decode(envelope).ok().map(|envelope| envelope.payload_type)
}

/// A document whose signature has *not* been looked at, and its generation.
pub(crate) fn unverified<D: Document>(bytes: &[u8]) -> Result<(u64, D), SealError> {
    let envelope = decode::<D>(bytes)?;
    let document = D::decode(envelope.payload.as_slice()).map_err(|_| SealError::Damaged("the payload"))?;
    let generation = document.header().ok_or(SealError::BadHeader("it is missing"))?.generation;
    Ok((generation, document))
}

/// SHA-256 of the payload in an envelope of this kind.
pub(crate) fn payload_sha256<D: Document>(bytes: &[u8]) -> Result<[u8; 32], SealError> {
    Ok(Sha256::digest(&decode::<D>(bytes)?.payload).into())
}

/// An envelope of this kind of document, within its limit.
fn decode<D: Document>(bytes: &[u8]) -> Result<Envelope, SealError> {
    if bytes.len() > D::MAX_BYTES {
        return Err(SealError::TooLarge { size: bytes.len(), limit: D::MAX_BYTES });
    }
    let envelope = Envelope::decode(bytes).map_err(|_| SealError::Damaged("the envelope"))?;
    if envelope.payload_type != D::PAYLOAD_TYPE {
        return Err(SealError::WrongType { found: envelope.payload_type, expected: D::PAYLOAD_TYPE });
    }
    Ok(envelope)
}

/// Opens a sealed document: size, type, signature, header, audience, validity, in this order.
///
/// `audiences` are the names that this reader answers to; `now` is Unix seconds.
///
/// # Errors
/// [`SealError`], and then no part of the document may be used.
pub fn open<D: Document>(
    bytes: &[u8],
    keys: &TrustedKeys,
    audiences: &[&str],
    now: i64,
    purpose: Purpose,
) -> Result<Opened<D>, SealError> {
    let envelope = decode::<D>(bytes)?;
    let keyid = verify(&envelope, keys)?;
    let document = D::decode(envelope.payload.as_slice()).map_err(|_| SealError::Damaged("the payload"))?;
    let header = check_header(document.header(), audiences, now, purpose)?;
    Ok(Opened {
        document,
        header,
        sha256: Sha256::digest(bytes).into(),
        payload_sha256: Sha256::digest(&envelope.payload).into(),
        keyid,
    })
}

fn verify(envelope: &Envelope, keys: &TrustedKeys) -> Result<KeyId, SealError> {
    let message = pre_authentication_encoding(&envelope.payload_type, &envelope.payload);
    // Two, while a key is rotated. Each costs a pass over the document, and strangers may send some.
    let signatures = envelope.signatures.iter().take(2);
    let mut forged = None;
    for signature in signatures {
        if let Some(key) = keys.find(&signature.keyid) {
            if key.verify(&message, &signature.sig) {
                return Ok(key.id().clone());
            }
            forged = Some(key.id().clone());
        }
    }
    let ended = envelope.signatures.iter().take(2).find(|signature| keys.has_ended(&signature.keyid));
    Err(match (forged, ended) {
        (Some(keyid), _) => SealError::Forged { keyid },
        (None, Some(ended)) => SealError::EndedKey { keyid: printable(&ended.keyid) },
        (None, None) => SealError::UnknownKey {
            keyids: envelope.signatures.iter().take(8).map(|s| printable(&s.keyid)).collect::<Vec<_>>().join(", "),
        },
    })
}

fn check_header(header: Option<&Header>, audiences: &[&str], now: i64, purpose: Purpose) -> Result<Header, SealError> {
    let header = header.ok_or(SealError::BadHeader("it is missing"))?;
    if header.subject.is_empty() {
        return Err(SealError::BadHeader("it has no subject"));
    }
    if header.generation == 0 {
        return Err(SealError::BadHeader("it has no generation"));
    }
    let ordered =
        0 < header.issued_at && header.issued_at <= header.refresh_after && header.refresh_after <= header.expires_at;
    if !ordered {
        return Err(SealError::BadHeader("its times do not follow one another"));
    }
    if !audiences.contains(&header.audience.as_str()) {
        return Err(SealError::ForeignAudience {
            found: printable(&header.audience),
            expected: audiences.join("` or `"),
        });
    }
    // What was once received is not undone by a clock that is behind.
    if purpose == Purpose::Receive && header.issued_at > now.saturating_add(CLOCK_SKEW_SECONDS) {
        return Err(SealError::NotYetValid { issued_at: header.issued_at, now });
    }
    if purpose == Purpose::Receive && now >= header.expires_at {
        return Err(SealError::Expired { expires_at: header.expires_at, now });
    }
    Ok(header.clone())
}

/// DSSE's PAE: what the signature covers.
fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let mut out = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    out.extend_from_slice(payload);
    out
}

/// Text from an unverified document, fit for a log line.
fn printable(text: &str) -> String {
    text.chars().take(64).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests;
