//! By place: owners and access lists are not read, so a file counts only in the user's own profile.

use std::{
    fs::{File, Metadata},
    io,
    path::Path,
};

use proto::profile;

use super::{Class, Unreadable, untrusted};

pub(super) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// Whether it lies in the profile of the user as whom the agent runs.
pub(super) fn trusted(path: &Path, _: &File, _: &Metadata, _: u32) -> Result<(), Unreadable> {
    match profile::holds(path) {
        true => Ok(()),
        false => Err(untrusted(
            "it is not in the profile of the user as whom the agent runs (`%USERPROFILE%`), and who else may read or \
             write it cannot be told; keep it in the profile",
        )),
    }
}

pub(super) fn io_error(error: &io::Error) -> Unreadable {
    match error.kind() {
        io::ErrorKind::NotFound => Unreadable::new(Class::TokenMissing, "there is no such file"),
        _ => Unreadable::new(Class::Unreadable, error.to_string()),
    }
}
