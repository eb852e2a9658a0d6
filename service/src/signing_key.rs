//! The keys that sign documents: each is 32 random bytes in a file of its own that only its owner can read. The first
//! one is `signing.key`; one that came by a rotation is named by its id, and no file is ever renamed or written again.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::PathBuf,
};

use proto::keys::{KeyId, SigningKey};
use zeroize::Zeroizing;

use crate::data_dir::{DataDir, DataDirError};

/// The first key's file in the data directory.
pub const FILE: &str = "signing.key";

/// Why there is no usable signing key. It is never replaced: machines trust it by name.
#[derive(Debug, thiserror::Error)]
pub enum SigningKeyError {
    /// It cannot be read.
    #[error("the signing key `{path}` cannot be read: {source}; may this user read it?")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Others can read it.
    #[error(
        "the signing key `{path}` is readable by others (mode {mode:04o}): they could sign policies; \
         if nobody copied it, run `chmod 0600 {path}`"
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A link, a directory, another user's.
    #[error("the signing key `{0}` must be a regular file of the user that runs the service")]
    NotOurs(PathBuf),
    /// Not 32 bytes.
    #[error("the signing key `{path}` has {size} bytes, not 32; restore it from a backup: machines trust no other key")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Its size.
        size: u64,
    },
    /// It is gone, and machines trust it.
    #[error(
        "the signing key `{0}` is missing, and the database holds what it signed: restore signing.key from the \
         backup, or start with --new-signing-key and enroll the machines again"
    )]
    Missing(PathBuf),
    /// It cannot be made.
    #[error("a new signing key cannot be stored")]
    Store(#[from] DataDirError),
    /// No random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

/// What to do when there is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IfMissing {
    /// Nothing was signed yet, or the operator wants a new one.
    Create,
    /// Machines trust the one that is gone.
    Refuse,
}

/// The name of the file of a key that came by a rotation.
#[must_use]
pub fn file_of(id: &str) -> String {
    format!("signing-{id}.key")
}

/// Whether a file of this name holds a signing key.
#[must_use]
pub fn is_file(name: &str) -> bool {
    let id = name.strip_prefix("signing-").and_then(|rest| rest.strip_suffix(".key"));
    name == FILE || id.is_some_and(|id| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// A key of the data directory.
#[derive(Debug)]
pub struct KeyFile {
    /// The key.
    pub key: SigningKey,
    /// The file's name.
    pub name: String,
}

/// All keys of the data directory, by the names of their files.
///
/// # Errors
/// [`SigningKeyError`]: one that cannot be used is not passed over.
pub fn all(dir: &DataDir) -> Result<Vec<KeyFile>, SigningKeyError> {
    let failed = |source| SigningKeyError::Read { path: dir.path().to_owned(), source };
    let mut names = Vec::new();
    for entry in fs::read_dir(dir.path()).map_err(failed)? {
        names.extend(entry.map_err(failed)?.file_name().into_string().ok().filter(|name| is_file(name)));
    }
    names.sort_unstable();
    names.into_iter().map(|name| Ok(KeyFile { key: load(dir, &name)?, name })).collect()
}

/// All keys; where there is none, the first one is made.
///
/// # Errors
/// [`SigningKeyError`].
pub fn all_or_first(dir: &DataDir, missing: IfMissing) -> Result<Vec<KeyFile>, SigningKeyError> {
    let found = all(dir)?;
    if !found.is_empty() {
        return Ok(found);
    }
    if missing == IfMissing::Refuse {
        return Err(SigningKeyError::Missing(dir.path().join(FILE)));
    }
    // Another process may have made one in between: that one counts.
    if dir.create_new(FILE, random()?.as_ref(), 0o600)? {
        tracing::info!(path = %dir.path().join(FILE).display(), "new signing key; keep a backup of it");
    }
    all(dir)
}

/// Makes the next key.
///
/// # Errors
/// [`SigningKeyError`].
pub fn create_next(dir: &DataDir) -> Result<KeyFile, SigningKeyError> {
    let seed = random()?;
    let key = SigningKey::from_seed(&seed);
    let name = file_of(key.id().as_str());
    dir.create_new(&name, seed.as_ref(), 0o600)?;
    Ok(KeyFile { key, name })
}

/// Removes the files of a key that nothing is signed with any more; their names.
///
/// # Errors
/// [`SigningKeyError`].
pub fn remove(dir: &DataDir, id: &KeyId) -> Result<Vec<String>, SigningKeyError> {
    let mut removed = Vec::new();
    for file in all(dir)?.into_iter().filter(|file| file.key.id() == id) {
        dir.remove(&file.name)?;
        removed.push(file.name);
    }
    Ok(removed)
}

fn random() -> Result<Zeroizing<[u8; 32]>, SigningKeyError> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(seed.as_mut()).map_err(SigningKeyError::Random)?;
    Ok(seed)
}

fn load(dir: &DataDir, name: &str) -> Result<SigningKey, SigningKeyError> {
    let path = dir.path().join(name);
    let failed = |source| SigningKeyError::Read { path: path.clone(), source };
    let metadata = fs::symlink_metadata(&path).map_err(failed)?;
    if !metadata.is_file() || metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(SigningKeyError::NotOurs(path));
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(SigningKeyError::Open { path, mode });
    }
    if metadata.len() != 32 {
        return Err(SigningKeyError::Damaged { path, size: metadata.len() });
    }
    let bytes = Zeroizing::new(fs::read(&path).map_err(failed)?);
    let seed = Zeroizing::new(
        <[u8; 32]>::try_from(bytes.as_slice())
            .map_err(|_| SigningKeyError::Damaged { path: path.clone(), size: bytes.len() as u64 })?,
    );
    Ok(SigningKey::from_seed(&seed))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir() -> (tempfile::TempDir, DataDir) {
        let root = tempfile::tempdir().unwrap();
        let dir = DataDir::open(&root.path().join("data"), true).unwrap();
        (root, dir)
    }

    #[test]
    fn the_key_is_made_once_closed_and_stays() {
        let (_root, dir) = dir();
        let first = all_or_first(&dir, IfMissing::Create).unwrap();
        let again = all_or_first(&dir, IfMissing::Create).unwrap();
        assert_eq!((first.len(), first[0].key.id()), (1, again[0].key.id()));
        let mode = fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let (_root, dir) = dir();
        all_or_first(&dir, IfMissing::Create).unwrap();
        for mode in [0o640, 0o604, 0o666] {
            fs::set_permissions(dir.path().join(FILE), fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(all_or_first(&dir, IfMissing::Create), Err(SigningKeyError::Open { .. })), "{mode:o}");
        }
    }

    #[test]
    fn a_key_that_machines_trust_is_not_replaced_when_it_is_gone() {
        let (_root, dir) = dir();
        assert!(matches!(all_or_first(&dir, IfMissing::Refuse), Err(SigningKeyError::Missing(_))));
        assert!(!dir.path().join(FILE).exists());
        let made = all_or_first(&dir, IfMissing::Create).unwrap();
        assert_eq!(all_or_first(&dir, IfMissing::Refuse).unwrap()[0].key.id(), made[0].key.id());
    }

    #[test]
    fn a_damaged_key_is_not_replaced() {
        let (_root, dir) = dir();
        dir.create_new(FILE, b"short", 0o600).unwrap();
        assert!(matches!(all_or_first(&dir, IfMissing::Create), Err(SigningKeyError::Damaged { size: 5, .. })));
        assert_eq!(fs::read(dir.path().join(FILE)).unwrap(), b"short");
    }

    #[test]
    fn a_link_to_a_key_is_refused() {
        let (root, dir) = dir();
        fs::write(root.path().join("other"), [7; 32]).unwrap();
        std::os::unix::fs::symlink(root.path().join("other"), dir.path().join(FILE)).unwrap();
        assert!(matches!(all_or_first(&dir, IfMissing::Create), Err(SigningKeyError::NotOurs(_))));
    }

    #[test]
    fn the_next_key_has_a_file_of_its_own_and_goes_alone() {
        let (_root, dir) = dir();
        all_or_first(&dir, IfMissing::Create).unwrap();
        let next = create_next(&dir).unwrap();
        assert_eq!(next.name, file_of(next.key.id().as_str()));
        let mode = fs::metadata(dir.path().join(&next.name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        assert_eq!(all(&dir).unwrap().len(), 2);
        assert_eq!(remove(&dir, next.key.id()).unwrap(), [next.name]);
        assert_eq!(all(&dir).unwrap()[0].name, FILE);
        // Another name is no key's, whatever it looks like.
        for other in ["signing.key.bak", ".signing.key.17", "signing-x.key", "signing-.key", "ca.key"] {
            fs::write(dir.path().join(other), "no key").unwrap();
        }
        assert_eq!(all(&dir).unwrap().len(), 1);
    }
}
