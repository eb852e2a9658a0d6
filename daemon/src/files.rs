//! Files of the state directory: private, and replaced as a whole.

use std::{
    io::{self, Write as _},
    path::Path,
};

use crate::os;

/// Makes `directory` and what is missing above it, for the owner only; closes one that was there before to others.
///
/// # Errors
/// What the system says; on Windows, when it is not in the user's own profile.
pub fn private_directory(directory: &Path) -> io::Result<()> {
    os::files::private_directory(directory)
}

/// Replaces `path` by a file for the owner only with these bytes: all of it or nothing, also after a power cut.
///
/// # Errors
/// What the system says; the old content is still there then.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = path.parent().ok_or_else(|| io::Error::other("the path has no directory"))?;
    let mut temporary = tempfile::NamedTempFile::new_in(directory)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(path).map_err(|error| error.error)?;
    sync_directory(directory)
}

/// Makes renames and removals in `directory` last.
///
/// # Errors
/// What the system says.
pub fn sync_directory(directory: &Path) -> io::Result<()> {
    os::files::sync_directory(directory)
}
