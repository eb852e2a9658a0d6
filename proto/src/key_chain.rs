//! How a machine comes from the keys in its enrollment file to those that the service signs with now.
//!
//! Each change names the keys that are trusted from then on, and is signed by the newest key before it, so that
//! nobody has to touch a machine when the service gets a new key. The rules are those of The Update Framework for
//! its root: one change after the other, none left out, none replaced. What was followed is to be kept on disk
//! ([`KeyChain::kept_with`]), so that a key that ended stays ended.

use std::sync::Arc;

use crate::{
    document::{Header, KeyChange},
    keys::{KeyError, SigningKey, TrustedKeys, VerifyingKey},
    sealed::{self, Opened, Purpose, SealError},
};

/// Most changes that are followed, in the life of a service: one each quarter for eight years.
pub const MAX_CHANGES: usize = 32;
/// Most bytes of them all in an envelope: each at its limit, with its field.
pub const MAX_CHANGES_BYTES: usize = MAX_CHANGES * (<KeyChange as sealed::Document>::MAX_BYTES + 3);
/// Most keys at a time: the one that signs, and the one before it or behind it.
pub const MAX_KEYS: usize = 2;

const SUBJECT: &str = "keys";
const AUDIENCE: &str = "any";
/// The end of the year 9999: a change does not end, it is followed by another one.
const NEVER: i64 = 253_402_300_799;

/// Why key changes are not followed. None of them counts then.
#[derive(Debug, thiserror::Error)]
pub enum KeyChainError {
    /// More than [`MAX_CHANGES`].
    #[error(
        "it names {0} changes of the service's keys, and at most {MAX_CHANGES} are followed; enroll the machine again"
    )]
    TooMany(usize),
    /// One is missing.
    #[error(
        "change {found} of the service's keys follows change {after}: one is missing in between; the service \
         has them all, see `pullgate-service key list`"
    )]
    Gap {
        /// The last one that holds.
        after: u64,
        /// The next one that is there.
        found: u64,
    },
    /// Another one than this machine followed.
    #[error(
        "change {0} of the service's keys is another one than this machine has followed: somebody else signs with a \
         key of the service, or it was restored from before that change; compare with `pullgate-service key list`"
    )]
    Forked(u64),
    /// It does not hold.
    #[error("change {number} of the service's keys is refused")]
    Sealed {
        /// Which.
        number: u64,
        /// Why.
        source: SealError,
    },
    /// No keys, too many, the same twice, or one that is none.
    #[error(
        "change {0} of the service's keys does not name one or two usable keys; update pullgate here, or \
         see `pullgate-service key list`"
    )]
    Keys(u64),
}

/// The enrolled keys, and what was followed from them.
#[derive(Clone, Debug)]
pub struct KeyChain {
    enrolled: TrustedKeys,
    links: Vec<Link>,
}

/// A change that holds.
#[derive(Clone, Debug)]
struct Link {
    number: u64,
    payload_sha256: [u8; 32],
    keys: Vec<VerifyingKey>,
    bytes: Arc<Vec<u8>>,
}

impl KeyChain {
    /// Nothing followed yet.
    #[must_use]
    pub fn new(enrolled: TrustedKeys) -> Self {
        Self { enrolled, links: Vec::new() }
    }

    /// Follows changes, the oldest first. Those that lead to an enrolled key cannot be verified here and are passed
    /// over: whoever enrolled the machine vouched for the key. Those that were followed already have to be the same.
    ///
    /// # Errors
    /// [`KeyChainError`], and then none of them was followed.
    pub fn follow(&mut self, changes: &[Vec<u8>]) -> Result<(), KeyChainError> {
        if changes.len() > MAX_CHANGES {
            return Err(KeyChainError::TooMany(changes.len()));
        }
        let mut links = self.links.clone();
        for bytes in changes {
            let next = self.next(&links, bytes)?;
            links.extend(next);
        }
        if links.len() > MAX_CHANGES {
            return Err(KeyChainError::TooMany(links.len()));
        }
        self.links = links;
        Ok(())
    }

    /// None: nothing new.
    fn next(&self, links: &[Link], bytes: &[u8]) -> Result<Option<Link>, KeyChainError> {
        let unreadable = |source| KeyChainError::Sealed { number: 0, source };
        let (number, _) = sealed::unverified::<KeyChange>(bytes).map_err(unreadable)?;
        let payload_sha256 = sealed::payload_sha256::<KeyChange>(bytes).map_err(unreadable)?;
        let Some(last) = links.last() else {
            return match open(bytes, &self.enrolled) {
                Ok(change) => link(change, bytes).map(Some),
                Err(SealError::UnknownKey { .. } | SealError::EndedKey { .. }) => Ok(None),
                Err(source) => Err(KeyChainError::Sealed { number, source }),
            };
        };
        if number <= last.number {
            let other = |known: &&Link| known.number == number && known.payload_sha256 != payload_sha256;
            return links.iter().find(other).map_or(Ok(None), |_| Err(KeyChainError::Forked(number)));
        }
        if number != last.number.saturating_add(1) {
            return Err(KeyChainError::Gap { after: last.number, found: number });
        }
        // The newest alone: one that is about to end, because it was stolen, must not say what follows.
        let newest = TrustedKeys::new(last.keys.last().cloned().into_iter().collect());
        let change = open(bytes, &newest).map_err(|source| KeyChainError::Sealed { number, source })?;
        link(change, bytes).map(Some)
    }

    /// The keys that are trusted now.
    #[must_use]
    pub fn trusted(&self) -> TrustedKeys {
        let Some(last) = self.links.last() else { return self.enrolled.clone() };
        let before = self.links.iter().flat_map(|link| &link.keys).chain(self.enrolled.iter());
        TrustedKeys::new(last.keys.clone()).after(before.map(|key| key.id().clone()))
    }

    /// The number of the last change that was followed; 0: none.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.links.last().map_or(0, |link| link.number)
    }

    /// What is to be on disk, where `kept` is: what was followed replaces what has its numbers. What comes before it
    /// stays, for the day on which an older enrollment file comes back.
    #[must_use]
    pub fn kept_with(&self, kept: &[Vec<u8>]) -> Vec<Vec<u8>> {
        let Some(first) = self.links.first() else { return kept.to_vec() };
        let number = |bytes: &[u8]| sealed::unverified::<KeyChange>(bytes).map_or(u64::MAX, |(number, _)| number);
        let before = kept.iter().filter(|bytes| number(bytes.as_slice()) < first.number);
        before.cloned().chain(self.links.iter().map(|link| link.bytes.to_vec())).collect()
    }
}

/// Seals change `number`: these keys are trusted from then on, the newest last; `newest` is that of before. `now`:
/// seconds since the Unix epoch.
#[must_use]
pub fn seal(number: u64, keys: &[VerifyingKey], newest: &SigningKey, now: i64) -> Vec<u8> {
    let header = Header {
        subject: SUBJECT.to_owned(),
        audience: AUDIENCE.to_owned(),
        generation: number,
        issued_at: now,
        refresh_after: NEVER,
        expires_at: NEVER,
    };
    let keys = keys.iter().map(|key| key.as_bytes().to_vec()).collect();
    sealed::seal(&KeyChange { header: Some(header), keys }, newest)
}

/// A change's number and the keys that it names, without a look at its signature: for whoever made it.
///
/// # Errors
/// [`KeyChainError`] where it is no change.
pub fn read(bytes: &[u8]) -> Result<(u64, Vec<VerifyingKey>), KeyChainError> {
    let (number, change) =
        sealed::unverified::<KeyChange>(bytes).map_err(|source| KeyChainError::Sealed { number: 0, source })?;
    let keys = change.keys.iter().map(|key| VerifyingKey::from_bytes(key)).collect::<Result<_, _>>();
    Ok((number, keys.map_err(|_| KeyChainError::Keys(number))?))
}

fn open(bytes: &[u8], keys: &TrustedKeys) -> Result<Opened<KeyChange>, SealError> {
    // Without a clock: what follows a change ends it, not time.
    sealed::open(bytes, keys, &[AUDIENCE], 0, Purpose::Restore)
}

fn link(change: Opened<KeyChange>, bytes: &[u8]) -> Result<Link, KeyChainError> {
    let number = change.header.generation;
    let found = &change.document.keys;
    let keys: Result<Vec<VerifyingKey>, KeyError> = found.iter().map(|key| VerifyingKey::from_bytes(key)).collect();
    let keys = keys.map_err(|_| KeyChainError::Keys(number))?;
    let twice = keys.iter().enumerate().any(|(at, key)| keys.iter().skip(at + 1).any(|other| other == key));
    if keys.is_empty() || keys.len() > MAX_KEYS || twice || change.header.subject != SUBJECT {
        return Err(KeyChainError::Keys(number));
    }
    Ok(Link { number, payload_sha256: change.payload_sha256, keys, bytes: Arc::new(bytes.to_vec()) })
}

#[cfg(test)]
mod tests;
