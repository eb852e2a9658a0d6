//! Places and times: what lies in the user's own profile is the user's, and a file is another one when it was made at
//! another time. `std` tells no file's own number yet.

use std::{
    fs::{self, DirBuilder, File, FileType, Metadata, OpenOptions},
    io,
    os::windows::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use proto::profile;

/// When it was made, in steps of 100 ns, and its attributes. The system lets a file that takes another's name within
/// some seconds take its time too: who watches is told by an event then, or by the next look.
pub(crate) type Id = (u64, u64);

pub(crate) fn id(metadata: &Metadata) -> Id {
    (metadata.creation_time(), metadata.file_attributes().into())
}

/// What changes when a file is replaced or rewritten.
pub(crate) fn stamp(metadata: &Metadata) -> [i64; 7] {
    let attributes = metadata.file_attributes().into();
    let numbers = [metadata.file_size(), metadata.last_write_time(), metadata.creation_time()].map(u64::cast_signed);
    let [size, written, made] = numbers;
    [attributes, size, written, made, 0, 0, 0]
}

/// Where the state of programs of this user is by convention; none: no profile.
pub(crate) fn state_base() -> Option<PathBuf> {
    dirs::data_local_dir()
}

/// What is made in a private directory is private.
pub(crate) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// Makes `directory` and what is missing above it, in the profile.
pub(crate) fn make_private_directory(directory: &Path) -> io::Result<()> {
    own(directory)?;
    DirBuilder::new().recursive(true).create(directory)
}

/// The same: the profile is closed to others.
pub(crate) fn private_directory(directory: &Path) -> io::Result<()> {
    make_private_directory(directory)
}

/// The file system keeps a journal of names by itself, and `std` opens no directories.
pub(crate) fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Opens for reading what was a regular file a moment ago.
pub(crate) fn open_to_read(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Reads what a trusted file names. A path of Unix in it leads to where every user may make files, and so the place
/// counts once more.
pub(crate) fn read_named(path: &Path) -> io::Result<Vec<u8>> {
    own(path)?;
    fs::read(path)
}

/// No link leads to a device.
pub(crate) fn is_null_device(_: &Metadata) -> bool {
    false
}

/// In words: what is no regular file.
pub(crate) fn kind(file: FileType) -> &'static str {
    if file.is_dir() { "a directory" } else { "a device" }
}

/// What is made in a directory of the profile takes its access list.
pub(crate) fn inherit(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Whether files can be made in a directory that is there, to hold secrets.
pub(crate) fn may_make_files(directory: &Path) -> io::Result<()> {
    own(directory)?;
    fs::read_dir(directory).map(|_| ())
}

/// Only directories are mounted.
pub(crate) fn is_mounted(_: &Path) -> bool {
    false
}

/// Refuses every place of which it is not known that others are kept out.
fn own(path: &Path) -> io::Result<()> {
    match profile::holds(path) {
        true => Ok(()),
        false => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!(
                "`{}` is not in your own profile (`%USERPROFILE%`), and who else may read or write there cannot be \
                 told; use a place in the profile",
                path.display()
            ),
        )),
    }
}
