//! Sealed documents, verified and compiled: what each enforcer of a machine makes of the bytes that it
//! is given. Nothing here decides, knows a disk, or remembers which generations there were.

use std::{collections::BTreeMap, sync::Arc};

use policy::{Directory, Policy, Session};
use sha2::Digest as _;

use crate::{
    control::InForce,
    convert::{self, ConvertError},
    document::{self, Header},
    sealed::Opened,
    sync::Kind,
};

mod error;
mod verified;

pub use error::{DocumentError, word};
pub use verified::{Content, Trust, Verified};

/// A SHA-256.
pub type Digest = [u8; 32];

/// Of an envelope: what documents are told apart by.
#[must_use]
pub fn sha256(envelope: &[u8]) -> Digest {
    sha2::Sha256::digest(envelope).into()
}

/// One document in force.
#[derive(Debug, Clone)]
pub struct Document<T> {
    /// What it says.
    pub value: T,
    /// The exact bytes of its envelope.
    pub bytes: Arc<Vec<u8>>,
    /// Kind, subject, generation, times; of a session the uid as well.
    pub in_force: InForce,
    /// SHA-256 of the envelope.
    pub sha256: Digest,
    /// SHA-256 of the payload.
    pub payload_sha256: Digest,
    /// Of a policy: the payload of the directory that it was published with.
    pub directory: Option<Digest>,
}

/// Documents in force.
#[derive(Debug, Default, Clone)]
pub struct Documents {
    /// By organization.
    pub policies: BTreeMap<String, Document<Arc<Policy>>>,
    /// By uid.
    pub sessions: BTreeMap<u32, Document<Session>>,
    /// By digest of the payload.
    pub directories: BTreeMap<Digest, Document<Arc<Directory>>>,
}

/// What became of a set of envelopes.
#[derive(Debug, Default)]
pub struct Reading {
    /// What holds.
    pub documents: Documents,
    /// What does not: its place in the set, and why.
    pub left_out: Vec<(usize, DocumentError)>,
}

/// A document of a set: as it was, or to be compiled.
enum Found<'a> {
    Policy(&'a Document<Arc<Policy>>),
    Session(&'a Document<Session>),
    Directory(&'a Document<Arc<Directory>>),
    New(Verified),
}

impl Documents {
    /// Verifies and compiles a set of envelopes that was in force already, so that expired ones are opened too.
    /// Each is used or left out by itself. Of `before`, what has the same bytes is taken over: the caller vouches
    /// that it was opened under the same trust.
    #[must_use]
    pub fn open(envelopes: &[Arc<Vec<u8>>], before: &Self, trust: Trust<'_>) -> Reading {
        let mut reading = Reading::default();
        let mut found = Vec::new();
        for (place, bytes) in envelopes.iter().enumerate() {
            match before.find(&sha256(bytes)) {
                Some(known) => found.push((place, known)),
                None => match Verified::restore(Arc::clone(bytes), trust) {
                    Ok(verified) => found.push((place, Found::New(verified))),
                    Err(error) => reading.left_out.push((place, error)),
                },
            }
        }
        // Directories first: policies name them.
        found.sort_by_key(|(_, found)| found.kind() != Kind::Directory);
        for (place, found) in found {
            if let Err(error) = reading.documents.take(found, before) {
                reading.left_out.push((place, error));
            }
        }
        reading
    }

    /// Adds one that was verified. Directories are to be added before the policies that name them.
    ///
    /// # Errors
    /// [`DocumentError`], and then nothing was added.
    pub fn add(&mut self, verified: Verified) -> Result<(), DocumentError> {
        match verified {
            Verified { content: Content::Policy(opened), bytes } => self.add_policy(&opened, bytes),
            Verified { content: Content::Session(opened), bytes } => self.add_session(&opened, bytes),
            Verified { content: Content::Directory(opened), bytes } => {
                let known = self.directories.get(&opened.payload_sha256).map(|known| Arc::clone(&known.value));
                self.add_directory(&opened, bytes, known)
            }
        }
    }

    fn take(&mut self, found: Found<'_>, before: &Self) -> Result<(), DocumentError> {
        match found {
            Found::Directory(known) => {
                self.directories.insert(known.payload_sha256, known.clone());
            }
            Found::Policy(known) => {
                if known.directory.is_some_and(|digest| !self.directories.contains_key(&digest)) {
                    return Err(DocumentError::MissingDirectory(known.in_force.subject.clone()));
                }
                self.policies.insert(known.value.organization.clone(), known.clone());
            }
            Found::Session(known) => {
                self.sessions.insert(known.value.uid, known.clone());
            }
            Found::New(Verified { content: Content::Directory(opened), bytes }) => {
                let known = before.directories.get(&opened.payload_sha256).map(|known| Arc::clone(&known.value));
                return self.add_directory(&opened, bytes, known);
            }
            Found::New(verified) => return self.add(verified),
        }
        Ok(())
    }

    /// `known`: the same content under another seal. It stays the same value.
    fn add_directory(
        &mut self,
        opened: &Opened<document::Directory>,
        bytes: Arc<Vec<u8>>,
        known: Option<Arc<Directory>>,
    ) -> Result<(), DocumentError> {
        let value = match known {
            Some(known) => known,
            None => {
                Arc::new(convert::directory(&opened.document).map_err(unreadable(Kind::Directory, &opened.header))?)
            }
        };
        self.directories.insert(opened.payload_sha256, document(Kind::Directory, value, opened, bytes));
        Ok(())
    }

    fn add_policy(&mut self, opened: &Opened<document::Policy>, bytes: Arc<Vec<u8>>) -> Result<(), DocumentError> {
        let unreadable = || unreadable(Kind::Policy, &opened.header);
        let named = convert::directory_sha256(&opened.document).map_err(unreadable())?;
        let directory = match named {
            None => Arc::default(),
            Some(digest) => match self.directories.get(&digest) {
                Some(directory) => Arc::clone(&directory.value),
                None => return Err(DocumentError::MissingDirectory(opened.header.subject.clone())),
            },
        };
        let value = convert::policy(&opened.document, directory).map_err(unreadable())?;
        let organization = value.organization.clone();
        let policy = Document { directory: named, ..document(Kind::Policy, Arc::new(value), opened, bytes) };
        self.policies.insert(organization, policy);
        Ok(())
    }

    fn add_session(&mut self, opened: &Opened<document::Session>, bytes: Arc<Vec<u8>>) -> Result<(), DocumentError> {
        let value = convert::session(&opened.document).map_err(unreadable(Kind::Session, &opened.header))?;
        let uid = value.uid;
        let mut session = document(Kind::Session, value, opened, bytes);
        session.in_force.uid = uid;
        self.sessions.insert(uid, session);
        Ok(())
    }

    fn find(&self, sha256: &Digest) -> Option<Found<'_>> {
        let policy = self.policies.values().find(|known| known.sha256 == *sha256).map(Found::Policy);
        let session = || self.sessions.values().find(|known| known.sha256 == *sha256).map(Found::Session);
        let directory = || self.directories.values().find(|known| known.sha256 == *sha256).map(Found::Directory);
        policy.or_else(session).or_else(directory)
    }

    /// The values of the policies.
    #[must_use]
    pub fn policies(&self) -> Vec<Arc<Policy>> {
        self.policies.values().map(|known| Arc::clone(&known.value)).collect()
    }

    /// The values of the sessions.
    #[must_use]
    pub fn sessions(&self) -> Vec<Session> {
        self.sessions.values().map(|known| known.value.clone()).collect()
    }

    /// All of them, without what they say: directories, then policies, then sessions.
    pub fn all(&self) -> impl Iterator<Item = Document<()>> {
        let directories = self.directories.values().map(Document::without_value);
        let policies = self.policies.values().map(Document::without_value);
        let sessions = self.sessions.values().map(Document::without_value);
        directories.chain(policies).chain(sessions)
    }
}

impl<T> Document<T> {
    fn without_value(&self) -> Document<()> {
        Document {
            value: (),
            bytes: Arc::clone(&self.bytes),
            in_force: self.in_force.clone(),
            sha256: self.sha256,
            payload_sha256: self.payload_sha256,
            directory: self.directory,
        }
    }
}

impl Found<'_> {
    fn kind(&self) -> Kind {
        match self {
            Self::Policy(_) => Kind::Policy,
            Self::Session(_) => Kind::Session,
            Self::Directory(_) => Kind::Directory,
            Self::New(verified) => verified.kind(),
        }
    }
}

fn document<D, T>(kind: Kind, value: T, opened: &Opened<D>, bytes: Arc<Vec<u8>>) -> Document<T> {
    let header = &opened.header;
    let in_force = InForce {
        kind: kind.into(),
        subject: header.subject.clone(),
        generation: header.generation,
        sha256: opened.sha256.to_vec(),
        issued_at: header.issued_at,
        refresh_after: header.refresh_after,
        expires_at: header.expires_at,
        uid: 0,
    };
    Document { value, bytes, in_force, sha256: opened.sha256, payload_sha256: opened.payload_sha256, directory: None }
}

fn unreadable(kind: Kind, header: &Header) -> impl FnOnce(ConvertError) -> DocumentError + use<> {
    let subject = header.subject.clone();
    move |source| DocumentError::Convert { kind, subject, source }
}

#[cfg(test)]
mod tests;
