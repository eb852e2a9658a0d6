//! Files of the machine's administrator: read only if nobody else can have written, replaced or
//! removed them.
//!
//! Docker's own rules for such a file on Linux (`sbx` sign-in enforcement): refused when it is a
//! symlink, no regular file, not root's, or writable by group or others. Here the directories on the way
//! count too: whoever can write one of them can remove the file, and a machine without it is not enrolled.
//!
//! On Windows only files in the user's own profile are read: nothing here reads access lists.

#[cfg_attr(unix, path = "trusted_file/unix.rs")]
#[cfg_attr(not(unix), path = "trusted_file/windows.rs")]
mod system;

use std::{
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

#[cfg(test)]
pub(crate) use system::set_mode;

/// Largest file, in bytes.
pub const MAX_BYTES: u64 = 64 << 10;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// There is none.
    #[error("there is no `{0}`")]
    Missing(PathBuf),
    /// It could not be read.
    #[error("`{path}` cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not a regular file, not root's, or others may write it or a directory on the way.
    #[error("`{path}` is not trusted: {why}; {must}", must = system::MUST_BE)]
    Untrusted {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// More than [`MAX_BYTES`].
    #[error("`{0}` has more than 64 KiB; is it the right file?")]
    TooLarge(PathBuf),
}

impl FileError {
    /// True when there is no file, and nobody but root can have removed it.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing(_))
    }
}

/// Reads a file that belongs to root, or to the caller.
///
/// # Errors
/// [`FileError`].
pub fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let fail = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => FileError::Missing(path.to_owned()),
        _ => FileError::Read { path: path.to_owned(), source },
    };
    system::way(path).map_err(|why| FileError::Untrusted { path: path.to_owned(), why })?;
    let untrusted = |why: &str| FileError::Untrusted { path: path.to_owned(), why: why.to_owned() };
    let link = fs::symlink_metadata(path).map_err(fail)?;
    if link.is_symlink() {
        return Err(untrusted("it is a symbolic link"));
    }
    if !link.is_file() {
        return Err(untrusted("it is no regular file"));
    }
    let file = system::open(path).map_err(fail)?;
    let metadata = file.metadata().map_err(fail)?;
    if !metadata.is_file() {
        return Err(untrusted("it is no regular file"));
    }
    if let Some(why) = system::not_ours(&metadata, 0o022) {
        return Err(untrusted(&format!("it {why}")));
    }
    let mut text = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(fail)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(FileError::TooLarge(path.to_owned()));
    }
    Ok(text)
}

/// Against real owners, modes and links.
#[cfg(all(test, unix))]
mod tests;
