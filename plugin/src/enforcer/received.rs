//! Envelopes that were handed over, verified.

use std::sync::Arc;

use proto::{
    document,
    keys::TrustedKeys,
    sealed::{self, Document, Opened, Purpose, SealError},
};

use super::error::ApplyError;

/// Most envelopes in one call.
const MAX_ENVELOPES: usize = 256;

/// Opened envelopes of one call.
#[derive(Default)]
pub(super) struct Received {
    pub(super) policies: Vec<(Opened<document::Policy>, Arc<Vec<u8>>)>,
    pub(super) sessions: Vec<(Opened<document::Session>, Arc<Vec<u8>>)>,
    pub(super) directories: Vec<(Opened<document::Directory>, Arc<Vec<u8>>)>,
}

impl Received {
    /// Verifies every envelope; one that does not hold refuses all.
    pub(super) fn open(
        envelopes: &[Vec<u8>],
        keys: &TrustedKeys,
        machine_id: &str,
        uid: u32,
        now: i64,
    ) -> Result<Self, ApplyError> {
        if envelopes.len() > MAX_ENVELOPES {
            return Err(ApplyError::TooMany { what: "envelopes in one call", limit: MAX_ENVELOPES });
        }
        let mut received = Self::default();
        for bytes in envelopes {
            received.add(bytes, keys, machine_id, now, Purpose::Receive)?;
        }
        match received.sessions.iter().find(|(session, _)| session.document.uid != uid) {
            Some((session, _)) => Err(ApplyError::ForeignSession { found: session.document.uid, caller: uid }),
            None => Ok(received),
        }
    }

    pub(super) fn add(
        &mut self,
        bytes: &[u8],
        keys: &TrustedKeys,
        machine_id: &str,
        now: i64,
        purpose: Purpose,
    ) -> Result<(), ApplyError> {
        let here = format!("machine:{machine_id}");
        let shared = || Arc::new(bytes.to_vec());
        match sealed::peek_payload_type(bytes).as_deref() {
            Some(document::Policy::PAYLOAD_TYPE) => {
                let opened = sealed::open(bytes, keys, &["any"], now, purpose).map_err(refused("policy"))?;
                self.policies.push((opened, shared()));
            }
            Some(document::Session::PAYLOAD_TYPE) => {
                let opened = sealed::open(bytes, keys, &[&here], now, purpose).map_err(refused("session"))?;
                self.sessions.push((opened, shared()));
            }
            Some(document::Directory::PAYLOAD_TYPE) => {
                let opened = sealed::open(bytes, keys, &["any"], now, purpose).map_err(refused("directory"))?;
                self.directories.push((opened, shared()));
            }
            Some(other) if !other.is_empty() => {
                return Err(ApplyError::UnknownType(other.chars().take(80).filter(char::is_ascii_graphic).collect()));
            }
            _ => return Err(refused("unknown")(SealError::Damaged("the envelope"))),
        }
        Ok(())
    }
}

fn refused(kind: &'static str) -> impl FnOnce(SealError) -> ApplyError {
    move |source| ApplyError::Sealed { kind, source }
}
