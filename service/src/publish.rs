//! Publishing: seals what the store holds, once for everybody, and keeps the exact bytes.
//!
//! INVARIANT: a generation always means the same bytes, across restarts and processes: it
//! is stored in the transaction that makes it, and what is sent is what is stored.
//! INVARIANT: what a snapshot holds belongs together: its policies name its directory.

pub mod ahead;
pub mod compile;
pub mod in_force;
mod snapshot;
mod task;
#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, sync::Arc};

use proto::{
    document::{self, Header},
    sealed::Document,
};
use sha2::{Digest as _, Sha256};

pub use self::{
    ahead::{Ahead, Floors},
    compile::CompileError,
    snapshot::{Member, Published, Snapshot},
    task::{Publisher, Snapshots},
};
use crate::{
    check,
    key_ring::{KeyRing, KeyRingError},
    store::{Kind, Publication, Sequence, StoreError, Writing},
    validity::{Validities, Validity, is_due},
};

/// Header subject of the publishers directory.
pub const DIRECTORY_SUBJECT: &str = "publishers";
/// Header audience of what every machine may use.
const EVERYBODY: &str = "any";

/// Why nothing new was published. What was published before stays.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The publishers directory cannot be sealed.
    #[error("the publishers directory cannot be published")]
    Directory(#[source] CompileError),
    /// There are no keys to sign with.
    #[error(transparent)]
    Keys(#[from] KeyRingError),
}

/// Seals and stores what moved behind `current`, or is due. The returned snapshot is to be
/// shown to agents only after the transaction was committed.
///
/// An organization whose policy cannot be sealed keeps its last publication, and the reason
/// is logged: one broken policy must not stop the others. What `floors` names is sealed anew
/// above its floor, whether or not it moved; and all of it, where it was sealed with other keys.
///
/// # Errors
/// [`PublishError`].
pub async fn bring_up_to_date(
    store: &mut Writing,
    keys: &KeyRing,
    validities: &Validities,
    current: &Snapshot,
    floors: &Floors,
    now: i64,
) -> Result<Snapshot, PublishError> {
    let Sequence { revision, session_generation, .. } = store.sequence().await?;
    let mut sealer = Sealer { store, keys, floors, now };
    let with_other_keys = *current.keys != *keys.stamp();

    let publishers_moved = sealer.store.publishers_revision().await? > current.revision;
    let has_floor = |kind, subject: &str| floors.contains_key(&(kind, subject.to_owned()));
    let directory_floor = has_floor(Kind::Directory, DIRECTORY_SUBJECT);
    let directory = if publishers_moved || directory_floor || with_other_keys || current.directory.is_due(now) {
        sealer.directory(validities.directory).await?
    } else {
        Arc::clone(&current.directory)
    };

    let all_policies = with_other_keys || directory.payload_sha256 != current.directory.payload_sha256;
    let since = if all_policies { 0 } else { current.revision };
    let mut due = sealer.store.organizations_since(since).await?;
    for (name, published) in &current.policies {
        let again = published.is_due(now) || has_floor(Kind::Policy, name);
        if again && !due.iter().any(|(_, known)| known == name) {
            due.extend(sealer.store.organization_id(name).await?.map(|id| (id, name.clone())));
        }
    }
    let mut policies: BTreeMap<String, Arc<Published>> = current.policies.clone();
    for (id, name) in due {
        let state = sealer.store.policy(id, &name).await?;
        match sealer.policy(compile::policy(state, directory.payload_sha256), &name, validities.policy).await? {
            Ok(published) => {
                policies.insert(name, published);
            }
            Err(error) => tracing::error!(
                organization = %name,
                error = %proto::chain(&error),
                "a policy cannot be published; its last publication stays"
            ),
        }
    }

    let mut members = current.members.clone();
    for account in sealer.store.accounts_since(current.revision).await? {
        let memberships = sealer.store.memberships(account.id).await?;
        members.insert(account.name.clone(), Arc::new(Member { account, memberships }));
    }
    let keys = keys.stamp().into();
    Ok(Snapshot { revision, session_generation, keys, directory, policies, members })
}

struct Sealer<'a> {
    store: &'a mut Writing,
    keys: &'a KeyRing,
    floors: &'a Floors,
    now: i64,
}

impl Sealer<'_> {
    async fn directory(&mut self, validity: Validity) -> Result<Arc<Published>, PublishError> {
        let document = compile::directory(self.store.publishers().await?);
        check::directory(&document)
            .map_err(|error| PublishError::Directory(CompileError::Refused(proto::chain(&error))))?;
        compile::fits(&document).map_err(PublishError::Directory)?;
        let with_header = |header| document::Directory { header: Some(header), ..document.clone() };
        self.publish(Kind::Directory, DIRECTORY_SUBJECT, &document, with_header, validity).await
    }

    async fn policy(
        &mut self,
        document: document::Policy,
        organization: &str,
        validity: Validity,
    ) -> Result<Result<Arc<Published>, CompileError>, PublishError> {
        let with_header = |header| document::Policy { header: Some(header), ..document.clone() };
        let example = with_header(validity.header(organization, EVERYBODY.to_owned(), 1, self.now, None));
        if let Err(error) = check::policy(&example) {
            return Ok(Err(CompileError::Refused(proto::chain(&error))));
        }
        if let Err(error) = compile::fits(&document) {
            return Ok(Err(error));
        }
        self.publish(Kind::Policy, organization, &document, with_header, validity).await.map(Ok)
    }

    /// The newest stored generation when it still says this and is not due; else a new one.
    async fn publish<D: Document>(
        &mut self,
        kind: Kind,
        subject: &str,
        content: &D,
        with_header: impl FnOnce(Header) -> D,
        validity: Validity,
    ) -> Result<Arc<Published>, PublishError> {
        let content_sha256: [u8; 32] = Sha256::digest(content.encode_to_vec()).into();
        let newest = self.store.publication(kind, subject).await?;
        let floor = self.floors.get(&(kind, subject.to_owned())).copied().unwrap_or_default();
        let generation = match newest {
            Some(newest)
                if newest.generation > floor
                    && newest.content_sha256 == content_sha256
                    && newest.keyid == self.keys.stamp()
                    && !is_due(newest.issued_at, newest.refresh_after, self.now) =>
            {
                return Ok(Arc::new(Published::new(newest)));
            }
            // The clock, so that a service that was restored from a backup is past what machines have seen.
            newest => newest.map_or(0, |newest| newest.generation).max(floor).saturating_add(1).max(self.now * 1000),
        };
        let header = validity.header(subject, EVERYBODY.to_owned(), generation, self.now, None);
        let (refresh_after, expires_at) = (header.refresh_after, header.expires_at);
        let document = with_header(header);
        let publication = Publication {
            generation,
            content_sha256,
            payload_sha256: Sha256::digest(document.encode_to_vec()).into(),
            envelope: self.keys.seal(&document),
            keyid: self.keys.stamp().to_owned(),
            issued_at: self.now,
            refresh_after,
            expires_at,
        };
        self.store.add_publication(kind, subject, &publication).await?;
        tracing::info!(?kind, subject, generation, bytes = publication.envelope.len(), "published");
        Ok(Arc::new(Published::new(publication)))
    }
}
