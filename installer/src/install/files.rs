//! Files that are replaced as a whole, so that nobody ever reads half of one.
//!
//! INVARIANT: a path holds the old bytes or the new ones, after a kill and a power cut as well. What was there
//! stays beside it under another name ([`keep`]) until a change is proved good, so that it can be put back
//! without a free byte on the disk, with everything that it had: owner, mode, labels, times.

use std::{
    ffi::{OsStr, OsString},
    fs::{self, File, Permissions},
    io::{self, ErrorKind, Read as _, Write as _},
    os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

/// Why a file could not be changed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// What the system says.
    #[error("cannot {what} `{}`: {source}{hint}", .path.display())]
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

impl FileError {
    fn is_for_want_of_room(&self) -> bool {
        let Self::System { source, .. } = self else { return false };
        matches!(source.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
    }
}

/// Of whose a file of pullgate's own is, beside root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Owned {
    /// Its group.
    pub group: u32,
    /// Its mode.
    pub mode: u32,
}

impl Owned {
    /// Root's alone, with this mode.
    #[must_use]
    pub const fn root(mode: u32) -> Self {
        Self { group: 0, mode }
    }
}

fn fail(what: &'static str, path: &Path) -> impl Fn(io::Error) -> FileError {
    move |source| {
        let hint = match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => "; make room on that file system",
            ErrorKind::ReadOnlyFilesystem => "; its file system is read-only",
            ErrorKind::PermissionDenied => "; `lsattr` shows whether it is immutable (`chattr -i` undoes that)",
            _ => "",
        };
        FileError::System { what, path: path.to_owned(), hint, source }
    }
}

/// The bytes of a file; none: it is not there. Waits for nobody: what is no file is not read.
///
/// # Errors
/// [`FileError::System`].
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, FileError> {
    let read = || {
        let nonblocking = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let mut file = File::options().read(true).custom_flags(nonblocking).open(path)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::other("it is no regular file"));
        }
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map(|_| bytes)
    };
    match read() {
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
/// else root's with `mode`. For files that are somebody else's.
///
/// # Errors
/// [`FileError`]; the old bytes are still there then.
pub fn replace(path: &Path, expected: Option<&[u8]>, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    // Whoever made it a symbolic link keeps it one.
    let path = &fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    put(path, expected, bytes, |file| {
        let Ok(old) = fs::metadata(path) else { return file.set_permissions(Permissions::from_mode(mode)) };
        // By what is open, never by name: whose the directory is, nobody asked.
        fchown(file, Some(old.uid()), Some(old.gid()))?;
        file.set_permissions(Permissions::from_mode(old.mode() & 0o7777))?;
        labels(path, file)
    })
}

/// The same for a file of pullgate's own: it is root's, of this group and mode, whatever was there; and nobody is
/// followed who put a symbolic link there.
///
/// # Errors
/// As [`replace`].
pub fn replace_own(path: &Path, expected: Option<&[u8]>, bytes: &[u8], owned: Owned) -> Result<(), FileError> {
    put(path, expected, bytes, |file| {
        if rustix::process::geteuid().is_root() {
            fchown(file, Some(0), Some(owned.group))?;
        }
        file.set_permissions(Permissions::from_mode(owned.mode))
    })
}

fn put(
    path: &Path,
    expected: Option<&[u8]>,
    bytes: &[u8],
    own: impl FnOnce(&File) -> io::Result<()>,
) -> Result<(), FileError> {
    let directory = parent(path);
    fs::create_dir_all(directory).map_err(fail("make", directory))?;
    let write = fail("write", path);
    let name = beside(path, "new");
    // Of one that was killed.
    let _ = fs::remove_file(&name);
    let mut temporary = tempfile::Builder::new()
        .prefix(name.file_name().unwrap_or_default())
        .rand_bytes(0)
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(directory)
        .map_err(&write)?;
    temporary.write_all(bytes).map_err(&write)?;
    own(temporary.as_file()).map_err(&write)?;
    temporary.as_file().sync_all().map_err(&write)?;
    unchanged(path, expected)?;
    temporary.persist(path).map_err(|error| write(error.error))?;
    sync(directory)
}

/// [`replace`] for what gets shorter, on a disk that is full as well: then over what is there. Who reads meanwhile finds
/// one or the other, or the new text and spaces.
///
/// # Errors
/// [`FileError`].
pub fn replace_shorter(path: &Path, expected: &[u8], bytes: &[u8]) -> Result<(), FileError> {
    let error = match replace(path, Some(expected), bytes, 0o644) {
        Err(error) if error.is_for_want_of_room() && bytes.len() <= expected.len() => error,
        result => return result,
    };
    let over = || {
        let file = File::options().write(true).open(path)?;
        let mut padded = bytes.to_vec();
        padded.resize(expected.len(), b' ');
        // At once, in place: no block is needed, and a power cut leaves what can be read.
        file.write_all_at(&padded, 0)?;
        file.sync_all()?;
        file.set_len(bytes.len() as u64)?;
        file.sync_all()
    };
    unchanged(path, Some(expected))?;
    over().map_err(|_| error)
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
    beside(&fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()), "before")
}

/// `.NAME.WHAT-pullgate` in the same directory.
fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or(OsStr::new("file")));
    name.push(format!(".{what}-pullgate"));
    parent(path).join(name)
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

/// Lets go of what was kept, and of what somebody who was killed had not yet put in its place.
pub fn let_go(path: &Path) {
    let _ = fs::remove_file(kept(path));
    let _ = fs::remove_file(beside(&fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()), "new"));
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
fn labels(from: &Path, to: &File) -> io::Result<()> {
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
        match rustix::fs::fsetxattr(to, name, &value, rustix::fs::XattrFlags::empty()) {
            Ok(()) | Err(rustix::io::Errno::NOTSUP | rustix::io::Errno::PERM) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
