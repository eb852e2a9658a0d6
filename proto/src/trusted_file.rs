//! Files of the machine's administrator: read only if nobody else can have written, replaced or
//! removed them.
//!
//! Docker's own rules for such a file on Linux (`sbx` sign-in enforcement): refused when it is a
//! symlink, no regular file, not root's, or writable by group or others. Here the directories on the way
//! count too: whoever can write one of them can remove the file, and a machine without it is not enrolled.

use std::{
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

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
    #[error(
        "`{path}` is not trusted: {why}; it must be a regular file of root in directories of root, and nobody else may write them"
    )]
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
    #[cfg(unix)]
    unix::way(path).map_err(|why| FileError::Untrusted { path: path.to_owned(), why })?;
    let untrusted = |why: &str| FileError::Untrusted { path: path.to_owned(), why: why.to_owned() };
    let link = fs::symlink_metadata(path).map_err(fail)?;
    if link.is_symlink() {
        return Err(untrusted("it is a symbolic link"));
    }
    if !link.is_file() {
        return Err(untrusted("it is no regular file"));
    }
    let file = open(path).map_err(fail)?;
    let metadata = file.metadata().map_err(fail)?;
    if !metadata.is_file() {
        return Err(untrusted("it is no regular file"));
    }
    #[cfg(unix)]
    if let Some(why) = unix::not_ours(&metadata, 0o022) {
        return Err(untrusted(&format!("it {why}")));
    }
    let mut text = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(fail)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(FileError::TooLarge(path.to_owned()));
    }
    Ok(text)
}

/// What was a file a moment ago may be a FIFO now: never waits.
fn open(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
        options.custom_flags(flags.bits().cast_signed());
    }
    options.open(path)
}

#[cfg(unix)]
mod unix {
    use std::{
        collections::VecDeque,
        ffi::OsString,
        fs::{self, Metadata},
        os::unix::fs::{MetadataExt as _, PermissionsExt as _},
        path::{Component, Path, PathBuf},
    };

    /// Links followed before the way counts as a loop; the kernel's own limit.
    const MAX_LINKS: usize = 40;
    const STICKY: u32 = 0o1000;

    /// Follows the directories on the way to `path` as the kernel does. Ends quietly where one is missing.
    pub(super) fn way(path: &Path) -> Result<(), String> {
        let path = std::path::absolute(path).map_err(|error| format!("its path cannot be followed: {error}"))?;
        let mut rest = parts(path.parent().unwrap_or(Path::new("/")));
        let mut here = PathBuf::from("/");
        let mut links = 0;
        check(&here, &fs::metadata(&here).map_err(|error| format!("`/` cannot be looked at: {error}"))?)?;
        while let Some(part) = rest.pop_front() {
            if part == ".." {
                here.pop();
                continue;
            }
            let next = here.join(&part);
            // What cannot be looked at cannot be opened either, and says so there.
            let Ok(metadata) = fs::symlink_metadata(&next) else { return Ok(()) };
            check(&next, &metadata)?;
            if metadata.is_symlink() {
                links += 1;
                if links > MAX_LINKS {
                    return Err("its path is a loop of symbolic links".to_owned());
                }
                let target = fs::read_link(&next).map_err(|error| format!("`{}`: {error}", next.display()))?;
                if target.is_absolute() {
                    here = PathBuf::from("/");
                }
                let mut target = parts(&target);
                target.append(&mut rest);
                rest = target;
            } else {
                here = next;
            }
        }
        Ok(())
    }

    /// A directory or a link on the way. In a sticky directory nobody can move what is another's.
    fn check(path: &Path, metadata: &Metadata) -> Result<(), String> {
        let sticky = metadata.is_dir() && metadata.permissions().mode() & STICKY != 0;
        // Linux gives every link mode 0777.
        let writable = if sticky || metadata.is_symlink() { 0 } else { 0o022 };
        match not_ours(metadata, writable) {
            Some(why) => Err(format!("`{}` on its way {why}", path.display())),
            None => Ok(()),
        }
    }

    /// Why somebody else may change it, in words behind its name.
    pub(super) fn not_ours(metadata: &Metadata, writable: u32) -> Option<&'static str> {
        if metadata.uid() != 0 && metadata.uid() != rustix::process::geteuid().as_raw() {
            return Some("belongs to another user");
        }
        (metadata.permissions().mode() & writable != 0).then_some("can be written by others")
    }

    fn parts(path: &Path) -> VecDeque<OsString> {
        path.components()
            .filter_map(|component| match component {
                Component::Normal(name) => Some(name.to_owned()),
                Component::ParentDir => Some("..".into()),
                _ => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
