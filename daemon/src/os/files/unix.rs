//! Owners, modes and inodes.

use std::{
    fs::{self, DirBuilder, File, FileType, Metadata, OpenOptions, Permissions},
    io,
    os::unix::fs::{
        DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown,
    },
    path::{Path, PathBuf},
};

/// Device and inode: which file or directory it is.
pub(crate) type Id = (u64, u64);

pub(crate) fn id(metadata: &Metadata) -> Id {
    (metadata.dev(), metadata.ino())
}

/// What changes when a file is replaced or rewritten.
pub(crate) fn stamp(metadata: &Metadata) -> [i64; 7] {
    [
        metadata.dev().cast_signed(),
        metadata.ino().cast_signed(),
        metadata.size().cast_signed(),
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ctime(),
        metadata.ctime_nsec(),
    ]
}

/// Where the state of programs of this user is by convention; none: no home directory.
pub(crate) fn state_base() -> Option<PathBuf> {
    // macOS has no directory of that kind.
    if cfg!(target_os = "macos") { dirs::data_local_dir() } else { dirs::state_dir() }
}

/// A file that is made so is for its owner only.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options.mode(0o600)
}

/// Makes `directory` and what is missing above it, for the owner only. One that is there stays as it is.
pub(crate) fn make_private_directory(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// The same, and closes one to others that was there before.
pub(crate) fn private_directory(directory: &Path) -> io::Result<()> {
    make_private_directory(directory)?;
    fs::set_permissions(directory, Permissions::from_mode(0o700))
}

/// Makes renames and removals in `directory` last.
pub(crate) fn sync_directory(directory: &Path) -> io::Result<()> {
    File::open(directory)?.sync_all()
}

/// Opens for reading what was a regular file a moment ago, and waits for nobody if it is a FIFO now.
pub(crate) fn open_to_read(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)
}

/// Reads what a trusted file names: whoever wrote that file has chosen it.
pub(crate) fn read_named(path: &Path) -> io::Result<Vec<u8>> {
    fs::read(path)
}

/// A link to `/dev/null` is a common way to switch stored sign-ins off (Linux: character device 1:3).
pub(crate) fn is_null_device(metadata: &Metadata) -> bool {
    metadata.file_type().is_char_device() && fs::metadata("/dev/null").is_ok_and(|null| null.rdev() == metadata.rdev())
}

/// In words: what is no regular file.
pub(crate) fn kind(file: FileType) -> &'static str {
    match () {
        () if file.is_dir() => "a directory",
        () if file.is_fifo() => "a FIFO",
        () if file.is_socket() => "a socket",
        () => "a device",
    }
}

/// Gives `new` the owner and the mode of the file that it is to replace.
pub(crate) fn inherit(new: &File, old: &Metadata) -> io::Result<()> {
    new.set_permissions(Permissions::from_mode(old.mode() & 0o7777))?;
    // Under `sudo` it stays the person's. Who may not give files away keeps it.
    let _ = fchown(new, Some(old.uid()), Some(old.gid()));
    Ok(())
}

/// Whether files can be made in a directory that is there, to hold secrets.
pub(crate) fn may_make_files(directory: &Path) -> io::Result<()> {
    // Read-only file systems too, which `access` knows of.
    rustix::fs::access(directory, rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK)?;
    File::open(directory).map(|_| ())
}

/// As a container sees a single file of its host.
#[cfg(target_os = "linux")]
pub(crate) fn is_mounted(file: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    // Kernels that do not tell (before 5.8) leave the bit out.
    statx(CWD, file, AtFlags::empty(), StatxFlags::empty())
        .is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

/// Only directories are mounted elsewhere.
#[cfg(not(target_os = "linux"))]
pub(crate) fn is_mounted(_: &Path) -> bool {
    false
}
