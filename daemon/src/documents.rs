//! Sealed documents as the agent carries them: bytes and a name, never a meaning.

use std::{fmt, sync::Arc};

use prost::Message as _;
use proto::{
    document,
    sealed::{self, Document as _},
    sync::{Held, Kind},
};
use sha2::{Digest as _, Sha256};

/// One sealed document.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// Kind, subject, generation and SHA-256, as the service names it.
    pub name: Held,
    /// The exact bytes of the envelope.
    pub envelope: Arc<[u8]>,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {} {}", self.name.kind(), self.name.subject, self.name.generation)
    }
}

impl Document {
    /// Names the session in an answer to a sign-in. The name is not verified: the plugin does that.
    #[must_use]
    pub fn session(envelope: Vec<u8>) -> Option<Self> {
        if sealed::peek_payload_type(&envelope)? != document::Session::PAYLOAD_TYPE {
            return None;
        }
        let payload = document::Envelope::decode(envelope.as_slice()).ok()?.payload;
        let header = document::Session::decode(payload.as_slice()).ok()?.header?;
        let name = Held {
            kind: Kind::Session.into(),
            subject: header.subject,
            generation: header.generation,
            sha256: sha256(&envelope),
        };
        Some(Self { name, envelope: envelope.into() })
    }
}

/// A complete set: everything that should be in force for one user.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Documents(pub Vec<Document>);

/// A set names a document that was not sent, or not yet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the service named {kind:?} `{subject}`, generation {generation}, but has not sent it")]
pub struct Incomplete {
    kind: Kind,
    subject: String,
    generation: u64,
}

impl Documents {
    /// The set that `desired` names, out of the `received` envelopes and those already `known`.
    ///
    /// INVARIANT: complete or nothing. A session without its policies would open what they close.
    ///
    /// # Errors
    /// [`Incomplete`].
    pub fn assemble(desired: &[Held], received: &[Vec<u8>], known: &[Document]) -> Result<Self, Incomplete> {
        let received: Vec<(Vec<u8>, &Vec<u8>)> = received.iter().map(|envelope| (sha256(envelope), envelope)).collect();
        let find = |name: &Held| -> Option<Arc<[u8]>> {
            match received.iter().find(|(sha256, _)| *sha256 == name.sha256) {
                Some((_, envelope)) => Some(envelope.as_slice().into()),
                None => known.iter().find(|d| d.name.sha256 == name.sha256).map(|d| Arc::clone(&d.envelope)),
            }
        };
        let documents = desired.iter().map(|name| match find(name) {
            Some(envelope) => Ok(Document { name: name.clone(), envelope }),
            None => {
                let (kind, subject, generation) = (name.kind(), name.subject.clone(), name.generation);
                Err(Incomplete { kind, subject, generation })
            }
        });
        Ok(Self(documents.collect::<Result<_, _>>()?))
    }

    /// True when it holds a session.
    #[must_use]
    pub fn has_session(&self) -> bool {
        self.0.iter().any(|document| document.name.kind() == Kind::Session)
    }
}

/// SHA-256, as [`Held`] wants it.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}
