//! Files that are replaced as a whole, so that nobody ever reads half of one.
//!
//! INVARIANT: a path holds the old bytes or the new ones, after a kill and a power cut as well. What was there
//! stays beside it under another name ([`keep`]) until a change is proved good, so that it can be put back
//! without a free byte on the disk, with everything that it had: owner, mode, labels, times.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, Permissions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

/// Why a file could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// What the system says.
    #[error("cannot {what} `{}`{hint}", .path.display())]
    System {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What it may come from, with a leading `; `; may be empty.
        hint: &'static str,
        /// Why.
        source: io::Error,
    },
    /// Somebody else wrote it meanwhile.
    #[error("`{}` was changed by somebody else meanwhile; nothing of that is overwritten, run it again", .0.display())]
    Changed(PathBuf),
}

fn fail(what: &'static str, path: &Path) -> impl Fn(io::Error) -> FileError {
    move |source| {
        let hint = match source.kind() {
            ErrorKind::StorageFull => "; make room on that file system",
            ErrorKind::ReadOnlyFilesystem => "; its file system is read-only",
            ErrorKind::PermissionDenied => "; `lsattr` shows whether it is immutable (`chattr -i` undoes that)",
            _ => "",
        };
        FileError::System { what, path: path.to_owned(), hint, source }
    }
}

/// The bytes of a file; none: it is not there.
///
/// # Errors
/// [`FileError::System`].
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(fail("read", path)(error)),
    }
}

/// How bytes are named in the journal.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Puts `bytes` where `expected` is now (none: where nothing is), with mode and owner of what was there,
/// else root's with `mode`.
///
/// # Errors
/// [`FileError`]; the old bytes are still there then.
pub fn replace(path: &Path, expected: Option<&[u8]>, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    // Whoever made it a symbolic link keeps it one.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let directory = parent(path);
    fs::create_dir_all(directory).map_err(fail("make", directory))?;
    let write = fail("write", path);
    let mut temporary = tempfile::Builder::new()
        .prefix(".pullgate-")
        .permissions(Permissions::from_mode(mode))
        .tempfile_in(directory)
        .map_err(&write)?;
    temporary.write_all(bytes).map_err(&write)?;
    // Regardless of the umask of whoever calls.
    temporary.as_file().set_permissions(Permissions::from_mode(mode)).map_err(&write)?;
    if let Ok(old) = fs::metadata(path) {
        chown(temporary.path(), Some(old.uid()), Some(old.gid())).map_err(&write)?;
        temporary.as_file().set_permissions(Permissions::from_mode(old.mode() & 0o7777)).map_err(&write)?;
        labels(path, temporary.path()).map_err(&write)?;
    }
    temporary.as_file().sync_all().map_err(&write)?;
    unchanged(path, expected)?;
    temporary.persist(path).map_err(|error| write(error.error))?;
    sync(directory)
}

/// Takes a file away if it still holds `expected`.
///
/// # Errors
/// [`FileError`].
pub fn remove(path: &Path, expected: Option<&[u8]>) -> Result<(), FileError> {
    if expected.is_some() {
        unchanged(path, expected)?;
    }
    match fs::remove_file(path) {
        Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Err(fail("remove", path)(error))
        }
        Err(_) => Ok(()),
        Ok(()) => sync(parent(path)),
    }
}

/// Where [`keep`] keeps what is at `path`.
#[must_use]
pub fn kept(path: &Path) -> PathBuf {
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or(OsStr::new("file")));
    name.push(".before-pullgate");
    parent(&path).join(name)
}

/// Gives what is at `path` a second name. A file system without hard links has none, which is no error:
/// the bytes are in the backup as well.
pub fn keep(path: &Path) {
    let kept = kept(path);
    let _ = fs::remove_file(&kept);
    let _ = fs::hard_link(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()), &kept);
}

/// Puts back what was kept, if it has this digest; says whether.
///
/// # Errors
/// [`FileError::System`].
pub fn put_back(path: &Path, digest: &str) -> Result<bool, FileError> {
    let kept = kept(path);
    if fs::read(&kept).ok().is_none_or(|bytes| sha256(&bytes) != digest) {
        return Ok(false);
    }
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    fs::rename(&kept, &target).map_err(fail("put back", &target))?;
    // Renaming one name of a file over another of the same file does nothing, and leaves both.
    let _ = fs::remove_file(&kept);
    sync(parent(&target))?;
    Ok(true)
}

/// Lets go of what was kept.
pub fn let_go(path: &Path) {
    let _ = fs::remove_file(kept(path));
}

fn unchanged(path: &Path, expected: Option<&[u8]>) -> Result<(), FileError> {
    if read(path)?.as_deref() == expected { Ok(()) } else { Err(FileError::Changed(path.to_owned())) }
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("/"))
}

/// Makes what was done in a directory last.
///
/// # Errors
/// [`FileError::System`].
pub fn sync(directory: &Path) -> Result<(), FileError> {
    File::open(directory).and_then(|directory| directory.sync_all()).map_err(fail("sync", directory))
}

/// SELinux's label, access lists and whatever else is tied to a file. What the file system or the kernel does
/// not take is left behind, as `cp --preserve` does.
fn labels(from: &Path, to: &Path) -> io::Result<()> {
    let mut names = vec![0_u8; 64 << 10];
    let length = match rustix::fs::listxattr(from, &mut names[..]) {
        Ok(length) => length,
        Err(rustix::io::Errno::NOTSUP) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    names.truncate(length);
    for name in names.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
        let mut value = vec![0_u8; 64 << 10];
        let Ok(length) = rustix::fs::getxattr(from, name, &mut value[..]) else { continue };
        value.truncate(length);
        match rustix::fs::setxattr(to, name, &value, rustix::fs::XattrFlags::empty()) {
            Ok(()) | Err(rustix::io::Errno::NOTSUP | rustix::io::Errno::PERM) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
