//! The key that signs documents: 32 random bytes in a file that only its owner can read.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::PathBuf,
};

use proto::keys::SigningKey;
use zeroize::Zeroizing;

use crate::data_dir::{DataDir, DataDirError};

/// The key's file in the data directory.
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

/// Reads the key, or makes it at the very first start.
///
/// # Errors
/// [`SigningKeyError`].
pub fn load_or_create(dir: &DataDir, missing: IfMissing) -> Result<SigningKey, SigningKeyError> {
    if !dir.path().join(FILE).exists() {
        if missing == IfMissing::Refuse {
            return Err(SigningKeyError::Missing(dir.path().join(FILE)));
        }
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(SigningKeyError::Random)?;
        // Another process may have made one in between: that one counts.
        if dir.create_new(FILE, seed.as_ref(), 0o600)? {
            tracing::info!(path = %dir.path().join(FILE).display(), "new signing key; keep a backup of it");
        }
    }
    load(dir)
}

fn load(dir: &DataDir) -> Result<SigningKey, SigningKeyError> {
    let path = dir.path().join(FILE);
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
        let first = load_or_create(&dir, IfMissing::Create).unwrap();
        let again = load_or_create(&dir, IfMissing::Create).unwrap();
        assert_eq!(first.id(), again.id());
        let mode = fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        let (_root, dir) = dir();
        load_or_create(&dir, IfMissing::Create).unwrap();
        for mode in [0o640, 0o604, 0o666] {
            fs::set_permissions(dir.path().join(FILE), fs::Permissions::from_mode(mode)).unwrap();
            assert!(matches!(load_or_create(&dir, IfMissing::Create), Err(SigningKeyError::Open { .. })), "{mode:o}");
        }
    }

    #[test]
    fn a_key_that_machines_trust_is_not_replaced_when_it_is_gone() {
        let (_root, dir) = dir();
        assert!(matches!(load_or_create(&dir, IfMissing::Refuse), Err(SigningKeyError::Missing(_))));
        assert!(!dir.path().join(FILE).exists());
        let key = load_or_create(&dir, IfMissing::Create).unwrap();
        assert_eq!(load_or_create(&dir, IfMissing::Refuse).unwrap().id(), key.id());
    }

    #[test]
    fn a_damaged_key_is_not_replaced() {
        let (_root, dir) = dir();
        dir.create_new(FILE, b"short", 0o600).unwrap();
        assert!(matches!(load_or_create(&dir, IfMissing::Create), Err(SigningKeyError::Damaged { size: 5, .. })));
        assert_eq!(fs::read(dir.path().join(FILE)).unwrap(), b"short");
    }

    #[test]
    fn a_link_to_a_key_is_refused() {
        let (root, dir) = dir();
        fs::write(root.path().join("other"), [7; 32]).unwrap();
        std::os::unix::fs::symlink(root.path().join("other"), dir.path().join(FILE)).unwrap();
        assert!(matches!(load_or_create(&dir, IfMissing::Create), Err(SigningKeyError::NotOurs(_))));
    }
}
