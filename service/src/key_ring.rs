//! The keys in force: which one signs, which one signs beside it for machines that know no other yet, and the changes
//! by which machines come from one to the next. One value, replaced whole when a command rotated them.

use std::sync::{Arc, PoisonError, RwLock};

use proto::{
    key_chain::{self, KeyChain, KeyChainError},
    keys::{SigningKey, TrustedKeys, VerifyingKey},
    sealed::{self, Document},
};

use crate::{
    data_dir::DataDir,
    signing_key::{self, KeyFile, SigningKeyError},
    store::{Reading, StoreError},
};

/// Why there are no keys to sign with.
#[derive(Debug, thiserror::Error)]
pub enum KeyRingError {
    /// A key's file.
    #[error(transparent)]
    File(#[from] SigningKeyError),
    /// Machines believe another one.
    #[error(
        "the key {signs} signs for this database, and this service has {own}: copy signing.key from a service that has \
         that one (signing-{signs}.key, where it came by a rotation); or remove the one here and start with \
         --new-signing-key, which ends the others, and enroll the machines again"
    )]
    AnotherKey {
        /// Id of the one that signs.
        signs: String,
        /// Ids of those here.
        own: String,
    },
    /// The database holds changes that no machine would follow.
    #[error("the database is to be restored from a backup, as its key changes do not lead to the key that signs: {0}")]
    Chain(#[from] KeyChainError),
    /// The same, and each of them holds.
    #[error("the key changes in the database end with other keys than {0}, which signs; restore it from a backup")]
    NotInChain(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The keys in force.
#[derive(Debug)]
pub struct KeyRing {
    signer: SigningKey,
    /// Signs documents too, for machines that know no other.
    beside: Option<SigningKey>,
    trusted: TrustedKeys,
    changes: Vec<Vec<u8>>,
    number: u64,
    stamp: String,
}

/// Shared; a clone sees what replaces it.
#[derive(Clone, Debug)]
pub struct Keys(Arc<RwLock<Arc<KeyRing>>>);

impl KeyRing {
    /// As the database names them, with the files of the data directory. Where nothing was signed yet, its only key.
    ///
    /// # Errors
    /// [`KeyRingError`].
    pub(crate) async fn load(dir: &DataDir, view: &mut Reading) -> Result<Self, KeyRingError> {
        let mut files = signing_key::all(dir)?;
        let signs = match view.sequence().await?.keyid {
            keyid if keyid.is_empty() => files.first().map(|file| file.key.id().to_string()).unwrap_or_default(),
            keyid => keyid,
        };
        let changes: Vec<_> = view.key_changes().await?.into_iter().map(|change| change.envelope).collect();
        let Some(at) = files.iter().position(|file| file.key.id().as_str() == signs) else {
            let own: Vec<&str> = files.iter().map(|file| file.key.id().as_str()).collect();
            let own = if own.is_empty() { "none".to_owned() } else { own.join(", ") };
            return Err(KeyRingError::AnotherKey { signs, own });
        };
        let signer = files.swap_remove(at).key;
        // As a machine would: what it does not follow is not handed out.
        KeyChain::new(known(&signer, &files)).follow(&changes)?;
        let last = changes.last().map(|change| key_chain::read(change)).transpose()?;
        let (number, trusted) = last.unwrap_or_else(|| (0, vec![signer.verifying_key()]));
        let trusted = TrustedKeys::new(trusted);
        if trusted.find(&signs).is_none() {
            return Err(KeyRingError::NotInChain(signs));
        }
        // What comes behind the one that signs is announced, and signs later.
        let older = trusted.iter().take_while(|key| key.id().as_str() != signs).last().map(|key| key.id().clone());
        let beside = files.into_iter().map(|file| file.key).find(|key| Some(key.id()) == older.as_ref());
        if let (Some(older), None) = (&older, &beside) {
            tracing::warn!(%older, "a key that older machines trust has no file here: documents are not signed with it");
        }
        Ok(Self::new(signer, beside, trusted, changes, number))
    }

    /// One key, of which no change was ever made.
    #[must_use]
    pub fn of(key: SigningKey) -> Self {
        let trusted = TrustedKeys::new(vec![key.verifying_key()]);
        Self::new(key, None, trusted, Vec::new(), 0)
    }

    fn new(
        signer: SigningKey,
        beside: Option<SigningKey>,
        trusted: TrustedKeys,
        changes: Vec<Vec<u8>>,
        number: u64,
    ) -> Self {
        let id = signer.id();
        let stamp = if number == 0 { id.to_string() } else { format!("{id}/{number}") };
        Self { signer, beside, trusted, changes, number, stamp }
    }

    /// Seals a document for machines, with the way to the key that signs it.
    #[must_use]
    pub fn seal<D: Document>(&self, document: &D) -> Vec<u8> {
        sealed::seal_by(document, self.beside.iter().chain([&self.signer]), &self.changes)
    }

    /// The key that signs what the service gives away to get it back.
    #[must_use]
    pub fn signer(&self) -> &SigningKey {
        &self.signer
    }

    /// The keys whose word counts, the newest last.
    #[must_use]
    pub fn trusted(&self) -> &TrustedKeys {
        &self.trusted
    }

    /// The newest of them: it signs, or it is announced.
    #[must_use]
    pub fn newest(&self) -> Option<&VerifyingKey> {
        self.trusted.iter().last()
    }

    /// Number of the last change; 0: there was none.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// What a document is sealed under: the key that signs, and the last change that is carried. One under another stamp is sealed anew.
    #[must_use]
    pub fn stamp(&self) -> &str {
        &self.stamp
    }
}

fn known(signer: &SigningKey, others: &[KeyFile]) -> TrustedKeys {
    TrustedKeys::new(others.iter().map(|file| &file.key).chain([signer]).map(SigningKey::verifying_key).collect())
}

impl Keys {
    /// These, until they are replaced.
    #[must_use]
    pub fn new(ring: KeyRing) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(ring))))
    }

    /// Those in force now.
    #[must_use]
    pub fn now(&self) -> Arc<KeyRing> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn replace(&self, ring: KeyRing) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }
}

impl From<SigningKey> for Keys {
    fn from(key: SigningKey) -> Self {
        Self::new(KeyRing::of(key))
    }
}
