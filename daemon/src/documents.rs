//! Sealed documents as the agent carries them: bytes and a name, never a meaning.

use std::{
    collections::{BTreeMap, BTreeSet, btree_map::Entry},
    fmt,
    sync::Arc,
};

use prost::Message as _;
use proto::{
    document,
    documents::word,
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
        write!(f, "{:?} {} {}", self.name.kind(), self.name.subject.escape_debug(), self.name.generation)
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

/// Most documents of one state. An account is in far fewer organizations.
pub const MAX_DOCUMENTS: usize = 4096;
/// Most bytes of one state that is still being sent.
pub const MAX_STATE_BYTES: usize = 64 << 20;

/// Why a state of the service is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// It names a document that was not sent, or not yet.
    #[error("the service named the {} document of `{}`, generation {generation}, but has not sent it", word(*.kind), .subject.escape_debug())]
    Incomplete {
        /// Its kind.
        kind: Kind,
        /// Its subject.
        subject: String,
        /// Its generation.
        generation: u64,
    },
    /// It names something twice: a document, an envelope under two names, or two sessions.
    #[error("the service named the {} document of `{}` twice in one state, or its envelope under two names", word(*.kind), .subject.escape_debug())]
    Twice {
        /// The kind.
        kind: Kind,
        /// The subject.
        subject: String,
    },
    /// It names more than [`MAX_DOCUMENTS`].
    #[error("the service named {0} documents in one state, more than {MAX_DOCUMENTS}")]
    TooMany(usize),
    /// Its parts have more than [`MAX_STATE_BYTES`].
    #[error("the service sent more than {} MiB for one state", MAX_STATE_BYTES >> 20)]
    TooLarge,
}

/// Envelopes of a state that is not complete yet, by SHA-256. Each is hashed once and shared from then on.
#[derive(Clone, Default)]
pub struct Parts {
    envelopes: BTreeMap<Vec<u8>, Arc<[u8]>>,
    bytes: usize,
}

impl fmt::Debug for Parts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} parts of {} bytes", self.envelopes.len(), self.bytes)
    }
}

impl Parts {
    /// Takes what came.
    ///
    /// # Errors
    /// [`Unusable::TooLarge`].
    pub fn add(&mut self, envelopes: Vec<Vec<u8>>) -> Result<(), Unusable> {
        for envelope in envelopes {
            let sha256 = sha256(&envelope);
            if let Entry::Vacant(entry) = self.envelopes.entry(sha256) {
                self.bytes = self.bytes.saturating_add(envelope.len());
                if self.bytes > MAX_STATE_BYTES {
                    return Err(Unusable::TooLarge);
                }
                entry.insert(envelope.into());
            }
        }
        Ok(())
    }

    /// Forgets what `desired` does not name.
    pub fn keep(&mut self, desired: &[Held]) {
        let named: BTreeSet<&[u8]> = desired.iter().map(|name| name.sha256.as_slice()).collect();
        self.envelopes.retain(|sha256, _| named.contains(sha256.as_slice()));
        self.bytes = self.envelopes.values().map(|envelope| envelope.len()).sum();
    }
}

impl Documents {
    /// The set that `desired` names, out of the `received` envelopes and those already `known`.
    ///
    /// INVARIANT: complete or nothing. A session without its policies would open what they close.
    ///
    /// # Errors
    /// [`Unusable`].
    pub fn assemble(desired: &[Held], received: &Parts, known: &[Document]) -> Result<Self, Unusable> {
        if desired.len() > MAX_DOCUMENTS {
            return Err(Unusable::TooMany(desired.len()));
        }
        let (mut names, mut envelopes) = (BTreeSet::new(), BTreeSet::new());
        for name in desired {
            // One session at most, whatever its subject.
            let subject = if name.kind() == Kind::Session { "" } else { name.subject.as_str() };
            if !names.insert((name.kind, subject)) || !envelopes.insert(name.sha256.as_slice()) {
                return Err(Unusable::Twice { kind: name.kind(), subject: name.subject.clone() });
            }
        }
        let known: BTreeMap<&[u8], &Arc<[u8]>> =
            known.iter().map(|document| (document.name.sha256.as_slice(), &document.envelope)).collect();
        let documents = desired.iter().map(|name| {
            let envelope = received.envelopes.get(&name.sha256).or_else(|| known.get(name.sha256.as_slice()).copied());
            match envelope {
                Some(envelope) => Ok(Document { name: name.clone(), envelope: Arc::clone(envelope) }),
                None => {
                    let (kind, subject, generation) = (name.kind(), name.subject.clone(), name.generation);
                    Err(Unusable::Incomplete { kind, subject, generation })
                }
            }
        });
        Ok(Self(documents.collect::<Result<_, _>>()?))
    }

    /// The session in it.
    #[must_use]
    pub fn session(&self) -> Option<&Document> {
        self.0.iter().find(|document| document.name.kind() == Kind::Session)
    }

    /// True when it holds a session.
    #[must_use]
    pub fn has_session(&self) -> bool {
        self.session().is_some()
    }
}

/// SHA-256, as [`Held`] wants it.
#[must_use]
pub fn sha256(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}
