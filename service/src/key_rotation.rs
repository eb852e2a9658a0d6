//! Another signing key, while machines go on: made, announced by a change that the key before it signed, signing,
//! and at the end alone. Each step is one transaction with its line in the trail; a rotation that was cut goes on
//! where it stopped.

use proto::{
    key_chain::{self, KeyChainError, MAX_CHANGES},
    keys::{KeyId, SigningKey, VerifyingKey},
};
use serde::Serialize;
use serde_json::json;

use crate::{
    data_dir::DataDir,
    key_ring::{KeyRing, KeyRingError},
    model::ActKind,
    signing_key::{self, KeyFile, SigningKeyError},
    store::{Act, Author, Store, StoreError, StoredKeyChange, Writing},
};

/// Why a key was not rotated. Nothing changed then.
#[derive(Debug, thiserror::Error)]
pub enum RotationError {
    /// Nobody trusts a key yet.
    #[error("nothing was signed yet, so there is no key to follow; start the service first")]
    NothingSigned,
    /// One rotation at a time.
    #[error(
        "the key {0} is still trusted beside the one that signs: end the last rotation with `pullgate-service key retire` first"
    )]
    OldStillTrusted(String),
    /// It is on another machine.
    #[error(
        "the announced key {id} is not in this data directory; copy `signing-{id}.key` from the service that announced it, mode 0600"
    )]
    NoFile {
        /// Which.
        id: String,
    },
    /// Machines follow no more.
    #[error(
        "the keys of this service changed {0} times, and machines follow at most {MAX_CHANGES} changes: set up a new \
         service, and enroll the machines there"
    )]
    TooMany(u64),
    /// There is only one.
    #[error("only one key is trusted; `pullgate-service key rotate` makes the next one")]
    NothingToRetire,
    /// The new one does not sign yet.
    #[error(
        "the key {0} is announced and does not sign yet; run `pullgate-service key rotate` before the old one is retired"
    )]
    NotSigningYet(String),
    /// The keys that there are.
    #[error(transparent)]
    Ring(#[from] KeyRingError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SigningKeyError> for RotationError {
    fn from(error: SigningKeyError) -> Self {
        Self::Ring(error.into())
    }
}

impl From<KeyChainError> for RotationError {
    fn from(error: KeyChainError) -> Self {
        Self::Ring(error.into())
    }
}

/// Where a key is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Machines know it, and it does not sign.
    Announced,
    /// It signs.
    Signs,
    /// Machines trust it until it is retired; it signs beside the new one.
    Trusted,
    /// No machine that heard of it believes it any more.
    Ended,
    /// Nobody knows it: left by a rotation that was cut.
    Unknown,
}

/// A key as `key list` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// Where it is in its life.
    pub state: State,
    /// When machines were first told of it, seconds since the Unix epoch; none: they were enrolled with it.
    pub announced_at: Option<i64>,
    /// Its file in this data directory.
    pub file: Option<String>,
}

/// What `rotate` did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rotated {
    /// The key that signed before, and does so beside the new one.
    pub from: String,
    /// The new one.
    pub to: String,
    /// Its file in the data directory.
    pub file: String,
    /// False: it is announced only.
    pub signs: bool,
}

/// What `retire` did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Retired {
    /// The keys that ended.
    pub ended: Vec<String>,
    /// Files that were removed from the data directory.
    pub removed: Vec<String>,
}

/// Makes the next key and announces it; it signs at once, unless it is only to be prepared. One that is announced
/// begins to sign. `now`: seconds since the Unix epoch.
///
/// # Errors
/// [`RotationError`].
pub(crate) async fn rotate(
    store: &Store,
    dir: &DataDir,
    author: &Author,
    prepare: bool,
    now: i64,
) -> Result<Rotated, RotationError> {
    let mut change = store.write().await?;
    if change.sequence().await?.keyid.is_empty() {
        return Err(RotationError::NothingSigned);
    }
    let ring = KeyRing::load(dir, &mut change).await?;
    let from = ring.signer().id().clone();
    let next = match announced(&ring) {
        Some(announced) => {
            let file = signing_key::all(dir)?.into_iter().find(|file| file.key.id() == announced.id());
            file.ok_or_else(|| RotationError::NoFile { id: announced.id().to_string() })?
        }
        None => announce(&mut change, dir, &ring, author, now).await?,
    };
    let to = next.key.id().to_string();
    if !prepare {
        change.claim_signing_key(&to).await?;
        let detail = json!({ "before": from.as_str() });
        write_down(&mut change, author, ActKind::KeyRotate, &to, detail).await?;
    }
    change.commit().await?;
    Ok(Rotated { from: from.to_string(), to, file: next.name, signs: !prepare })
}

/// The key that is known and does not sign yet.
fn announced(ring: &KeyRing) -> Option<&VerifyingKey> {
    ring.newest().filter(|newest| newest.id() != ring.signer().id())
}

async fn announce(
    change: &mut Writing,
    dir: &DataDir,
    ring: &KeyRing,
    author: &Author,
    now: i64,
) -> Result<KeyFile, RotationError> {
    let signer = ring.signer();
    if let Some(old) = ring.trusted().iter().find(|key| key.id() != signer.id()) {
        return Err(RotationError::OldStillTrusted(old.id().to_string()));
    }
    // This one, and the one that retires the key before it.
    if ring.number() + 2 > MAX_CHANGES as u64 {
        return Err(RotationError::TooMany(ring.number()));
    }
    // A rotation that was cut left its key behind.
    let known = known_keys(change).await?;
    let unused = signing_key::all(dir)?.into_iter().find(|file| {
        file.name != signing_key::FILE
            && file.key.id() != signer.id()
            && !known.iter().any(|(id, _)| id == file.key.id())
    });
    let next = match unused {
        Some(unused) => unused,
        None => signing_key::create_next(dir)?,
    };
    add(change, ring, &[signer.verifying_key(), next.key.verifying_key()], signer, now).await?;
    let detail = json!({ "signed_by": signer.id().as_str() });
    write_down(change, author, ActKind::KeyAnnounce, next.key.id().as_str(), detail).await?;
    Ok(next)
}

/// Ends the key before the one that signs, and removes what is left of keys that ended.
///
/// # Errors
/// [`RotationError`].
pub(crate) async fn retire(store: &Store, dir: &DataDir, author: &Author, now: i64) -> Result<Retired, RotationError> {
    let mut change = store.write().await?;
    let ring = KeyRing::load(dir, &mut change).await?;
    if let Some(announced) = announced(&ring) {
        return Err(RotationError::NotSigningYet(announced.id().to_string()));
    }
    let signer = ring.signer();
    let old: Vec<KeyId> =
        ring.trusted().iter().map(VerifyingKey::id).filter(|id| *id != signer.id()).cloned().collect();
    for id in &old {
        let detail = json!({ "signs": signer.id().as_str() });
        write_down(&mut change, author, ActKind::KeyRetire, id.as_str(), detail).await?;
    }
    if !old.is_empty() {
        add(&mut change, &ring, &[signer.verifying_key()], signer, now).await?;
    }
    let ended: Vec<KeyId> =
        known_keys(&mut change).await?.into_iter().map(|(id, _)| id).filter(|id| id != signer.id()).collect();
    change.commit().await?;
    // Only now: until machines are told, it is what older ones trust. A file that a crash left goes the next time.
    let mut removed = Vec::new();
    for id in &ended {
        removed.extend(signing_key::remove(dir, id)?);
    }
    if old.is_empty() && removed.is_empty() {
        return Err(RotationError::NothingToRetire);
    }
    Ok(Retired { ended: old.iter().map(KeyId::to_string).collect(), removed })
}

/// All keys that there were, the oldest first.
///
/// # Errors
/// [`RotationError`].
pub(crate) async fn list(store: &Store, dir: &DataDir) -> Result<Vec<Listed>, RotationError> {
    let mut view = store.read().await?;
    let signs = view.sequence().await?.keyid;
    let changes = view.key_changes().await?;
    let last = changes.last().map(|change| keys_of(&change.envelope)).transpose()?;
    let mut files = signing_key::all(dir)?;
    files.sort_by_key(|file| file.key.id().as_str() != signs);
    let mut known = known_keys(&mut view).await?;
    let mut add = |id: &KeyId| {
        if !known.iter().any(|(known, _)| known == id) {
            known.push((id.clone(), None));
        }
    };
    files.iter().for_each(|file| add(file.key.id()));
    let state = |id: &KeyId| {
        let in_last = last.as_ref().and_then(|keys| keys.iter().position(|key| key.id() == id));
        match (id.as_str() == signs, in_last, &last) {
            (true, ..) => State::Signs,
            (false, Some(0), _) => State::Trusted,
            (false, Some(_), _) => State::Announced,
            (false, None, Some(_)) if changes_name(&changes, id) => State::Ended,
            (false, None, _) => State::Unknown,
        }
    };
    let listed = known.iter().map(|(id, announced_at)| Listed {
        id: id.to_string(),
        state: state(id),
        announced_at: *announced_at,
        file: files.iter().find(|file| file.key.id() == id).map(|file| file.name.clone()),
    });
    Ok(listed.collect())
}

fn changes_name(changes: &[StoredKeyChange], id: &KeyId) -> bool {
    changes.iter().any(|change| keys_of(&change.envelope).is_ok_and(|keys| keys.iter().any(|key| key.id() == id)))
}

/// Every key that a change names, the oldest first, and when it was announced; of the first one nobody knows.
async fn known_keys(view: &mut crate::store::Reading) -> Result<Vec<(KeyId, Option<i64>)>, RotationError> {
    let mut known: Vec<(KeyId, Option<i64>)> = Vec::new();
    for change in view.key_changes().await? {
        let is_first = known.is_empty();
        for (at, key) in keys_of(&change.envelope)?.into_iter().enumerate() {
            if !known.iter().any(|(id, _)| id == key.id()) {
                let announced_at = (!is_first || at > 0).then_some(change.made_at);
                known.push((key.id().clone(), announced_at));
            }
        }
    }
    Ok(known)
}

fn keys_of(change: &[u8]) -> Result<Vec<VerifyingKey>, RotationError> {
    Ok(key_chain::read(change)?.1)
}

async fn add(
    change: &mut Writing,
    ring: &KeyRing,
    keys: &[VerifyingKey],
    newest: &SigningKey,
    now: i64,
) -> Result<(), RotationError> {
    let number = ring.number() + 1;
    let envelope = key_chain::seal(number, keys, newest, now);
    let stored = StoredKeyChange { envelope, made_at: now };
    Ok(change.add_key_change(i64::try_from(number).unwrap_or(i64::MAX), &stored).await?)
}

async fn write_down(
    change: &mut Writing,
    author: &Author,
    act: ActKind,
    target: &str,
    detail: serde_json::Value,
) -> Result<(), RotationError> {
    Ok(change.write_down(author, &Act { act, organization: "", target, detail }).await?)
}

#[cfg(test)]
mod tests;
