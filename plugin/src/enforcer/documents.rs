//! Documents in force, and what they become when others are handed over. No I/O here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use policy::{Directory, Policy, Session};
use proto::{
    control::InForce,
    convert::{self, ConvertError},
    document,
    keys::TrustedKeys,
    sealed::{Opened, Purpose},
    sync::Kind,
};

use super::{error::ApplyError, received::Received};
use crate::state::Generations;

const SESSION_FILE: &str = "session-";
/// Most sessions on one machine.
const MAX_SESSIONS: usize = 256;
/// Most policies on one machine.
const MAX_POLICIES: usize = 64;

/// One document in force, with its exact bytes.
#[derive(Debug, Clone)]
pub(super) struct Stored<T> {
    pub(super) value: T,
    pub(super) bytes: Arc<Vec<u8>>,
    pub(super) in_force: InForce,
    pub(super) file_name: String,
}

type StoredPolicy = Stored<Arc<Policy>>;
type StoredSession = Stored<Session>;
type StoredDirectory = Stored<Arc<Directory>>;
type Digest = [u8; 32];

/// A document to be written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) file_name: String,
    pub(super) bytes: Arc<Vec<u8>>,
    pub(super) in_force: InForce,
}

/// Documents in force.
#[derive(Debug, Default, Clone)]
pub(super) struct Documents {
    policies: BTreeMap<String, StoredPolicy>,
    /// By uid.
    sessions: BTreeMap<u32, StoredSession>,
    /// By digest of the payload: what policies name.
    directories: BTreeMap<Digest, StoredDirectory>,
}

/// What one call becomes, to be written before it is in force.
pub(super) struct Change {
    pub(super) documents: Documents,
    pub(super) generations: Generations,
    pub(super) written: Vec<Written>,
    pub(super) removed: Vec<String>,
}

impl Written {
    pub(super) fn is_session_of(&self, uid: u32) -> bool {
        self.in_force.kind == i32::from(Kind::Session) && self.in_force.uid == uid
    }
}

impl Documents {
    /// What is on disk and still holds. What does not is left out and reported.
    ///
    /// The second value is true when a policy or a directory was left out.
    pub(super) fn restore(
        stored: Vec<(String, Vec<u8>)>,
        keys: &TrustedKeys,
        machine_id: &str,
        generations: &Generations,
        now: i64,
    ) -> (Self, bool) {
        let mut received = Received::default();
        let mut incomplete = false;
        for (name, bytes) in stored {
            if let Err(error) = received.add(&bytes, keys, machine_id, now, Purpose::Restore) {
                incomplete |= !name.starts_with(SESSION_FILE);
                tracing::warn!(file = name, error = %proto::chain(&error), "left out a document");
            }
        }
        let mut documents = Self::default();
        let report = |error: &ApplyError| tracing::warn!(error = %proto::chain(error), "left out a document");
        for (opened, bytes) in received.directories {
            incomplete |= documents.add_directory(&opened, bytes).inspect_err(report).is_err();
        }
        for (opened, bytes) in received.policies {
            incomplete |= documents.add_policy(&opened, bytes).inspect_err(report).is_err();
        }
        for (opened, bytes) in received.sessions {
            // A crash between the end of a session and its removal must not bring it back.
            let name = generation_name(Kind::Session, opened.document.uid, &opened.header.subject);
            if opened.header.generation >= generations.get(&name).copied().unwrap_or_default() {
                let _ = documents.add_session(&opened, bytes).inspect_err(report);
            }
        }
        (documents, incomplete)
    }

    /// These documents with others handed over by `uid`.
    pub(super) fn with(
        &self,
        received: Received,
        generations: &Generations,
        uid: u32,
        end_session: bool,
    ) -> Result<Change, ApplyError> {
        let mut documents = self.clone();
        let mut generations = generations.clone();
        if end_session && let Some(ended) = documents.sessions.remove(&uid) {
            let floor = generations.entry(generation_name(Kind::Session, uid, "")).or_default();
            *floor = (*floor).max(ended.in_force.generation.saturating_add(1));
        }
        for (opened, bytes) in received.directories {
            self.count(&mut generations, Kind::Directory, 0, &opened.header, &opened.sha256)?;
            documents.add_directory(&opened, bytes)?;
        }
        for (opened, bytes) in received.policies {
            self.count(&mut generations, Kind::Policy, 0, &opened.header, &opened.sha256)?;
            documents.add_policy(&opened, bytes)?;
        }
        for (opened, bytes) in received.sessions {
            self.count(&mut generations, Kind::Session, uid, &opened.header, &opened.sha256)?;
            documents.add_session(&opened, bytes)?;
        }
        documents.forget_unused();
        documents.check_limits()?;
        let before = self.files();
        let after = documents.files();
        let written = after
            .iter()
            .filter(|(name, file)| before.get(*name).is_none_or(|old| old.in_force.sha256 != file.in_force.sha256))
            .map(|(_, file)| Written {
                file_name: file.file_name.clone(),
                bytes: Arc::clone(&file.bytes),
                in_force: file.in_force.clone(),
            })
            .collect();
        let removed = before.keys().filter(|name| !after.contains_key(*name)).cloned().collect();
        Ok(Change { documents, generations, written, removed })
    }

    /// Holds a document's generation against the highest one seen, and remembers it.
    fn count(
        &self,
        generations: &mut Generations,
        kind: Kind,
        uid: u32,
        header: &document::Header,
        sha256: &Digest,
    ) -> Result<(), ApplyError> {
        let name = generation_name(kind, uid, &header.subject);
        let seen = generations.get(&name).copied().unwrap_or_default();
        if header.generation < seen && kind == Kind::Session {
            return Err(ApplyError::SessionOver { uid, found: header.generation });
        }
        if header.generation < seen {
            return Err(ApplyError::GenerationWentBack { name, found: header.generation, seen });
        }
        let same = self.in_force().into_iter().find(|known| {
            let same_name = generation_name(kind, known.uid, &known.subject) == name;
            known.kind == i32::from(kind) && same_name && known.generation == header.generation
        });
        if same.is_some_and(|known| known.sha256 != sha256) {
            return Err(ApplyError::GenerationReused { name, generation: header.generation });
        }
        generations.insert(name, header.generation);
        Ok(())
    }

    fn add_directory(&mut self, opened: &Opened<document::Directory>, bytes: Arc<Vec<u8>>) -> Result<(), ApplyError> {
        // The same content under a newer seal stays the same value, so that policies keep naming it.
        let value = match self.directories.get(&opened.payload_sha256) {
            Some(known) => Arc::clone(&known.value),
            None => Arc::new(convert::directory(&opened.document).map_err(unreadable("directory", &opened.header))?),
        };
        let file_name = format!("directory-{}", hex(&opened.payload_sha256));
        let stored = stored(Kind::Directory, value, opened, bytes, file_name);
        self.directories.insert(opened.payload_sha256, stored);
        Ok(())
    }

    fn add_policy(&mut self, opened: &Opened<document::Policy>, bytes: Arc<Vec<u8>>) -> Result<(), ApplyError> {
        let unreadable = || unreadable("policy", &opened.header);
        let directory = match convert::directory_sha256(&opened.document).map_err(unreadable())? {
            None => Arc::default(),
            Some(digest) => match self.directories.get(&digest) {
                Some(directory) => Arc::clone(&directory.value),
                None => return Err(ApplyError::MissingDirectory(opened.header.subject.clone())),
            },
        };
        let value = convert::policy(&opened.document, directory).map_err(unreadable())?;
        let organization = value.organization.clone();
        let file_name = format!("policy-{}", hex(organization.as_bytes()));
        self.policies.insert(organization, stored(Kind::Policy, Arc::new(value), opened, bytes, file_name));
        Ok(())
    }

    fn add_session(&mut self, opened: &Opened<document::Session>, bytes: Arc<Vec<u8>>) -> Result<(), ApplyError> {
        let value = convert::session(&opened.document).map_err(unreadable("session", &opened.header))?;
        let uid = value.uid;
        let mut stored = stored(Kind::Session, value, opened, bytes, session_file(uid));
        stored.in_force.uid = uid;
        self.sessions.insert(uid, stored);
        Ok(())
    }

    /// Policies that no session names, and directories that no policy names, are of no use.
    fn forget_unused(&mut self) {
        let sessions = &self.sessions;
        self.policies.retain(|organization, _| {
            sessions.values().any(|session| session.value.organizations.iter().any(|m| m.organization == *organization))
        });
        let policies = &self.policies;
        self.directories.retain(|_, directory| {
            policies.values().any(|policy| Arc::ptr_eq(&policy.value.directory, &directory.value))
        });
    }

    /// These without the sessions of some users.
    pub(super) fn without_sessions(&self, uids: &BTreeSet<u32>) -> Self {
        let mut documents = self.clone();
        documents.sessions.retain(|uid, _| !uids.contains(uid));
        documents
    }

    pub(super) fn has_session(&self, uid: u32) -> bool {
        self.sessions.contains_key(&uid)
    }

    /// Every organization that a session names has its policy.
    pub(super) fn are_complete(&self) -> bool {
        let mut memberships = self.sessions.values().flat_map(|session| &session.value.organizations);
        memberships.all(|membership| self.policies.contains_key(&membership.organization))
    }

    fn check_limits(&self) -> Result<(), ApplyError> {
        if self.sessions.len() > MAX_SESSIONS {
            return Err(ApplyError::TooMany { what: "sessions", limit: MAX_SESSIONS });
        }
        if self.policies.len() > MAX_POLICIES {
            return Err(ApplyError::TooMany { what: "policies", limit: MAX_POLICIES });
        }
        Ok(())
    }

    pub(super) fn policies(&self) -> Vec<Arc<Policy>> {
        self.policies.values().map(|stored| Arc::clone(&stored.value)).collect()
    }

    pub(super) fn sessions(&self) -> Vec<Session> {
        self.sessions.values().map(|stored| stored.value.clone()).collect()
    }

    pub(super) fn in_force(&self) -> Vec<InForce> {
        self.files().into_values().map(|file| file.in_force).collect()
    }

    pub(super) fn envelopes(&self) -> Vec<Vec<u8>> {
        self.files().into_values().map(|file| file.bytes.to_vec()).collect()
    }

    fn files(&self) -> BTreeMap<String, Stored<()>> {
        let policies = self.policies.values().map(Stored::without_value);
        let sessions = self.sessions.values().map(Stored::without_value);
        let directories = self.directories.values().map(Stored::without_value);
        policies.chain(sessions).chain(directories).map(|file| (file.file_name.clone(), file)).collect()
    }
}

impl<T> Stored<T> {
    fn without_value(&self) -> Stored<()> {
        Stored {
            value: (),
            bytes: Arc::clone(&self.bytes),
            in_force: self.in_force.clone(),
            file_name: self.file_name.clone(),
        }
    }
}

fn stored<D, T>(kind: Kind, value: T, opened: &Opened<D>, bytes: Arc<Vec<u8>>, file_name: String) -> Stored<T> {
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
    Stored { value, bytes, in_force, file_name }
}

fn unreadable(kind: &'static str, header: &document::Header) -> impl FnOnce(ConvertError) -> ApplyError + use<> {
    let subject = header.subject.clone();
    move |source| ApplyError::Convert { kind, subject, source }
}

/// The name on disk of the session of a local user.
pub(super) fn session_file(uid: u32) -> String {
    format!("{SESSION_FILE}{uid}")
}

/// `policy:acme`, `session:1000`: sessions of a local user count up whoever they are of, so that
/// one that was replaced by another account's does not come back.
pub(super) fn generation_name(kind: Kind, uid: u32, subject: &str) -> String {
    match kind {
        Kind::Policy => format!("policy:{subject}"),
        Kind::Session => format!("session:{uid}"),
        Kind::Directory => format!("directory:{subject}"),
        Kind::Unspecified => format!("unknown:{subject}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
