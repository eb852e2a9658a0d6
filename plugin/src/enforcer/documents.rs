//! Documents in force, and what they become when others are handed over. No I/O here.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use proto::{
    control::InForce,
    documents::{Digest, Document, DocumentError, Documents, Trust, Verified},
    key_chain::KeyChain,
    sealed,
    sync::Kind,
};

use super::error::ApplyError;
use crate::state::Generations;

const SESSION_FILE: &str = "session-";
/// Most envelopes in one call.
const MAX_ENVELOPES: usize = 256;
/// Most sessions on one machine.
const MAX_SESSIONS: usize = 256;
/// Most policies on one machine.
const MAX_POLICIES: usize = 64;

/// A document to be written.
#[derive(Debug)]
pub(super) struct Written {
    pub(super) file_name: String,
    pub(super) bytes: Arc<Vec<u8>>,
    pub(super) in_force: InForce,
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
        self.in_force.kind() == Kind::Session && self.in_force.uid == uid
    }
}

/// Verifies what `uid` hands over; one that does not hold refuses all. The key changes that the envelopes carry are
/// followed first, all of them: what one of them ends has ended for the others.
pub(super) fn receive(
    envelopes: Vec<Vec<u8>>,
    chain: &mut KeyChain,
    machine_id: &str,
    uid: u32,
    now: i64,
) -> Result<Vec<Verified>, ApplyError> {
    if envelopes.len() > MAX_ENVELOPES {
        return Err(ApplyError::TooMany { what: "envelopes in one call", limit: MAX_ENVELOPES });
    }
    for envelope in &envelopes {
        chain.follow(&sealed::key_changes(envelope)).map_err(DocumentError::Keys)?;
    }
    let keys = chain.trusted();
    let trust = Trust { keys: &keys, machine_id };
    let verified = envelopes.into_iter().map(|bytes| Verified::receive(Arc::new(bytes), trust, now));
    let mut verified: Vec<_> = verified.collect::<Result<_, _>>()?;
    if let Some(found) = verified.iter().filter_map(Verified::uid).find(|found| *found != uid) {
        return Err(ApplyError::ForeignSession { found, caller: uid });
    }
    // Policies name directories.
    verified.sort_by_key(|verified| verified.kind() != Kind::Directory);
    Ok(verified)
}

/// What is on disk and still holds. What does not is left out and reported.
///
/// The second value is true when a policy or a directory was left out.
pub(super) fn restore(
    stored: Vec<(String, Vec<u8>)>,
    trust: Trust<'_>,
    generations: &Generations,
) -> (Documents, bool) {
    let (names, envelopes): (Vec<_>, Vec<_>) = stored.into_iter().map(|(name, bytes)| (name, Arc::new(bytes))).unzip();
    let mut reading = Documents::open(&envelopes, &Documents::default(), trust);
    let mut incomplete = false;
    for (place, error) in &reading.left_out {
        let file = names.get(*place).map(String::as_str).unwrap_or_default();
        incomplete |= !file.starts_with(SESSION_FILE);
        tracing::warn!(file, error = %proto::chain(error), "left out a document");
    }
    // A crash between the end of a session and its removal must not bring it back.
    reading.documents.sessions.retain(|uid, session| {
        let floor = generations.get(&generation_name(Kind::Session, *uid, "")).copied().unwrap_or_default();
        session.in_force.generation >= floor
    });
    (reading.documents, incomplete)
}

/// `before`, with others handed over by `uid`.
pub(super) fn change(
    before: &Documents,
    received: Vec<Verified>,
    generations: &Generations,
    uid: u32,
    end_session: bool,
) -> Result<Change, ApplyError> {
    let mut documents = before.clone();
    let mut generations = generations.clone();
    if end_session && let Some(ended) = documents.sessions.remove(&uid) {
        let floor = generations.entry(generation_name(Kind::Session, uid, "")).or_default();
        *floor = (*floor).max(ended.in_force.generation.saturating_add(1));
    }
    for verified in received {
        count(before, &mut generations, &verified)?;
        documents.add(verified)?;
    }
    forget_unused(&mut documents);
    check_limits(&documents)?;
    let (old, new) = (files(before), files(&documents));
    let removed = old.keys().filter(|name| !new.contains_key(*name)).cloned().collect();
    let changed = new.into_iter().filter(|(name, file)| old.get(name).is_none_or(|old| old.sha256 != file.sha256));
    let written = changed.map(|(file_name, file)| Written { file_name, bytes: file.bytes, in_force: file.in_force });
    Ok(Change { written: written.collect(), documents, generations, removed })
}

/// Holds a document's generation against the highest one seen, and remembers it.
fn count(before: &Documents, generations: &mut Generations, verified: &Verified) -> Result<(), ApplyError> {
    let (kind, header, uid) = (verified.kind(), verified.header(), verified.uid().unwrap_or_default());
    let name = generation_name(kind, uid, &header.subject);
    let seen = generations.get(&name).copied().unwrap_or_default();
    if header.generation < seen && kind == Kind::Session {
        return Err(ApplyError::SessionOver { uid, found: header.generation });
    }
    if header.generation < seen {
        return Err(ApplyError::GenerationWentBack { name, found: header.generation, seen });
    }
    let same = before.all().find(|Document { in_force: known, .. }| {
        let same_name = generation_name(kind, known.uid, &known.subject) == name;
        known.kind() == kind && same_name && known.generation == header.generation
    });
    if same.is_some_and(|known| known.sha256 != *verified.sha256()) {
        return Err(ApplyError::GenerationReused { name, generation: header.generation });
    }
    generations.insert(name, header.generation);
    Ok(())
}

/// Policies that no session names, and directories that no policy names, are of no use.
fn forget_unused(documents: &mut Documents) {
    let sessions = &documents.sessions;
    documents.policies.retain(|organization, _| {
        sessions.values().any(|session| session.value.organizations.iter().any(|m| m.organization == *organization))
    });
    let named: BTreeSet<Digest> = documents.policies.values().filter_map(|policy| policy.directory).collect();
    documents.directories.retain(|digest, _| named.contains(digest));
}

fn check_limits(documents: &Documents) -> Result<(), ApplyError> {
    if documents.sessions.len() > MAX_SESSIONS {
        return Err(ApplyError::TooMany { what: "sessions", limit: MAX_SESSIONS });
    }
    if documents.policies.len() > MAX_POLICIES {
        return Err(ApplyError::TooMany { what: "policies", limit: MAX_POLICIES });
    }
    Ok(())
}

/// These without the sessions of some users.
pub(super) fn without_sessions(documents: &Documents, uids: &BTreeSet<u32>) -> Documents {
    let mut documents = documents.clone();
    documents.sessions.retain(|uid, _| !uids.contains(uid));
    documents
}

/// Every organization that a session names has its policy.
pub(super) fn are_complete(documents: &Documents) -> bool {
    let mut memberships = documents.sessions.values().flat_map(|session| &session.value.organizations);
    memberships.all(|membership| documents.policies.contains_key(&membership.organization))
}

/// As the control socket tells it.
pub(super) fn in_force(documents: &Documents) -> Vec<InForce> {
    files(documents).into_values().map(|file| file.in_force).collect()
}

/// All of them by their names on disk.
fn files(documents: &Documents) -> BTreeMap<String, Document<()>> {
    documents.all().map(|document| (file_name(&document), document)).collect()
}

fn file_name(document: &Document<()>) -> String {
    let in_force = &document.in_force;
    match in_force.kind() {
        Kind::Session => session_file(in_force.uid),
        // Organizations are told apart without regard to case.
        Kind::Policy => format!("policy-{}", hex(in_force.subject.to_ascii_lowercase().as_bytes())),
        Kind::Directory | Kind::Unspecified => format!("directory-{}", hex(&document.payload_sha256)),
    }
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
