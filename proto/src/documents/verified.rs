//! One envelope whose signature held.

use std::sync::Arc;

use super::{Digest, DocumentError};
use crate::{
    document::{self, Header},
    key_chain::KeyChain,
    keys::TrustedKeys,
    sealed::{self, Document, Opened, Purpose, SealError},
    sync::Kind,
};

/// Whose documents are trusted, and on which machine.
#[derive(Debug, Clone, Copy)]
pub struct Trust<'a> {
    /// Keys of the policy service.
    pub keys: &'a TrustedKeys,
    /// Sessions must be sealed for it.
    pub machine_id: &'a str,
}

/// An envelope whose signature held.
#[derive(Debug)]
pub struct Verified {
    /// What is in it.
    pub content: Content,
    /// Its exact bytes.
    pub bytes: Arc<Vec<u8>>,
}

/// The kinds that are enforced.
#[derive(Debug)]
pub enum Content {
    /// A policy.
    Policy(Box<Opened<document::Policy>>),
    /// A session.
    Session(Box<Opened<document::Session>>),
    /// A directory.
    Directory(Box<Opened<document::Directory>>),
}

impl Verified {
    /// Verifies one that was just received: an expired one is refused.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn receive(bytes: Arc<Vec<u8>>, trust: Trust<'_>, now: i64) -> Result<Self, DocumentError> {
        Self::open(bytes, trust, now, Purpose::Receive)
    }

    /// Verifies one that was received before, on this machine. The key changes that it carries lead from the keys of
    /// `trust` to the one that signed it: what was taken while a key was trusted holds on.
    ///
    /// # Errors
    /// [`DocumentError`].
    pub fn restore(bytes: Arc<Vec<u8>>, trust: Trust<'_>) -> Result<Self, DocumentError> {
        let mut chain = KeyChain::new(trust.keys.clone());
        chain.follow(&sealed::key_changes(&bytes))?;
        // No clock is asked then.
        Self::open(bytes, Trust { keys: &chain.trusted(), ..trust }, 0, Purpose::Restore)
    }

    fn open(bytes: Arc<Vec<u8>>, trust: Trust<'_>, now: i64, purpose: Purpose) -> Result<Self, DocumentError> {
        let here = format!("machine:{}", trust.machine_id);
        let content = match sealed::peek_payload_type(&bytes).as_deref() {
            Some(document::Policy::PAYLOAD_TYPE) => sealed::open(&bytes, trust.keys, &["any"], now, purpose)
                .map(|opened| Content::Policy(Box::new(opened)))
                .map_err(refused(Kind::Policy))?,
            Some(document::Session::PAYLOAD_TYPE) => sealed::open(&bytes, trust.keys, &[&here], now, purpose)
                .map(|opened| Content::Session(Box::new(opened)))
                .map_err(refused(Kind::Session))?,
            Some(document::Directory::PAYLOAD_TYPE) => sealed::open(&bytes, trust.keys, &["any"], now, purpose)
                .map(|opened| Content::Directory(Box::new(opened)))
                .map_err(refused(Kind::Directory))?,
            Some(other) if !other.is_empty() => {
                let told = other.chars().take(80).filter(char::is_ascii_graphic).collect();
                return Err(DocumentError::UnknownType(told));
            }
            _ => return Err(refused(Kind::Unspecified)(SealError::Damaged("the envelope"))),
        };
        Ok(Self { content, bytes })
    }

    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self.content {
            Content::Policy(_) => Kind::Policy,
            Content::Session(_) => Kind::Session,
            Content::Directory(_) => Kind::Directory,
        }
    }

    /// Its header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        match &self.content {
            Content::Policy(opened) => &opened.header,
            Content::Session(opened) => &opened.header,
            Content::Directory(opened) => &opened.header,
        }
    }

    /// SHA-256 of the envelope.
    #[must_use]
    pub const fn sha256(&self) -> &Digest {
        match &self.content {
            Content::Policy(opened) => &opened.sha256,
            Content::Session(opened) => &opened.sha256,
            Content::Directory(opened) => &opened.sha256,
        }
    }

    /// The local user that it was sealed for; of sessions only.
    #[must_use]
    pub const fn uid(&self) -> Option<u32> {
        match &self.content {
            Content::Session(opened) => Some(opened.document.uid),
            Content::Policy(_) | Content::Directory(_) => None,
        }
    }
}

fn refused(kind: Kind) -> impl FnOnce(SealError) -> DocumentError {
    move |source| DocumentError::Sealed { kind, source }
}
