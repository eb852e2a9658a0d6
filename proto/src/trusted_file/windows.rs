//! By place: the system keeps the user's own profile from other users. Of no other place can that be told here.

use std::{
    fs::{File, Metadata},
    io,
    path::Path,
};

use crate::profile;

/// What a file has to be, for people.
pub(super) const MUST_BE: &str =
    "on Windows it must be a regular file in your own profile (`%USERPROFILE%`), which the system keeps from others";

/// Whether it leads into the profile, behind every link.
pub(super) fn way(path: &Path) -> Result<(), String> {
    match profile::holds(path) {
        true => Ok(()),
        false => Err("who may write it cannot be told, as its access list is not read".to_owned()),
    }
}

pub(super) fn open(path: &Path) -> io::Result<File> {
    File::open(path)
}

/// The profile's access list is for all that is in it.
pub(super) fn not_ours(_: &Metadata, _: u32) -> Option<&'static str> {
    None
}

/// For tests: there are no modes.
#[cfg(test)]
pub(crate) fn set_mode(_: &Path, _: u32) {}
