//! What is published, as one immutable value that all streams share.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};

use crate::{
    model::{Account, Membership},
    store::Publication,
    validity,
};

/// One sealed document.
#[derive(Debug, PartialEq, Eq)]
pub struct Published {
    /// Its generation.
    pub generation: i64,
    /// The exact bytes.
    pub envelope: Vec<u8>,
    /// SHA-256 of the bytes.
    pub sha256: [u8; 32],
    /// SHA-256 of the sealed payload.
    pub payload_sha256: [u8; 32],
    issued_at: i64,
    refresh_after: i64,
}

impl Published {
    pub(super) fn new(publication: Publication) -> Self {
        Self {
            generation: publication.generation,
            sha256: Sha256::digest(&publication.envelope).into(),
            payload_sha256: publication.payload_sha256,
            envelope: publication.envelope,
            issued_at: publication.issued_at,
            refresh_after: publication.refresh_after,
        }
    }

    /// True when the next generation has to be sealed.
    #[must_use]
    pub fn is_due(&self, now: i64) -> bool {
        validity::is_due(self.issued_at, self.refresh_after, now)
    }

    fn due_at(&self) -> i64 {
        validity::due_at(self.issued_at, self.refresh_after)
    }
}

/// An account and where it belongs.
#[derive(Debug, PartialEq, Eq)]
pub struct Member {
    /// The account, also a removed one.
    pub account: Account,
    /// By organization.
    pub memberships: Vec<Membership>,
}

/// What is published.
#[derive(Debug)]
pub struct Snapshot {
    /// The store's sequence that it reflects.
    pub revision: i64,
    /// The newest session of all then, whichever process sealed it.
    pub session_generation: i64,
    /// What it is sealed under ([`crate::key_ring::KeyRing::stamp`]).
    pub keys: Arc<str>,
    /// Badges of publishers.
    pub directory: Arc<Published>,
    /// By organization.
    pub policies: BTreeMap<String, Arc<Published>>,
    /// By user name.
    pub members: HashMap<String, Arc<Member>>,
}

impl Snapshot {
    /// Before anything was published: all of it is behind and due.
    pub(crate) fn nothing() -> Self {
        let directory = Published {
            generation: 0,
            envelope: Vec::new(),
            sha256: [0; 32],
            payload_sha256: [0; 32],
            issued_at: 0,
            refresh_after: 0,
        };
        Self {
            revision: 0,
            session_generation: 0,
            keys: "".into(),
            directory: Arc::new(directory),
            policies: BTreeMap::new(),
            members: HashMap::new(),
        }
    }

    /// When the first document in it is due, seconds since the Unix epoch.
    #[must_use]
    pub fn due_at(&self) -> i64 {
        self.policies.values().map(|published| published.due_at()).chain([self.directory.due_at()]).min().unwrap_or(0)
    }
}
