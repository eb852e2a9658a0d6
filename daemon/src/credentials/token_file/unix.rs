//! By owner, mode and access list.

use std::{
    fs::{File, Metadata, OpenOptions},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use super::{Class, Unreadable, is_link, untrusted};

#[cfg_attr(target_os = "linux", path = "unix/acl.rs")]
#[cfg_attr(not(target_os = "linux"), path = "unix/no_acl.rs")]
mod acl;

/// Follows no link, and waits for nobody.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path)
}

/// Whether it is root's or that of `uid`, and nobody else may read or write it.
pub(super) fn trusted(_: &Path, file: &File, metadata: &Metadata, uid: u32) -> Result<(), Unreadable> {
    if metadata.uid() != 0 && metadata.uid() != uid {
        return Err(untrusted(format!(
            "it belongs to user id {}; it has to be root's, or that of user id {uid}, as which the agent runs",
            metadata.uid()
        )));
    }
    let mode = metadata.permissions().mode() & 0o7777;
    // The group bits are the mask of an access list where there is one: systemd gives `LoadCredential=` files
    // to the user of a service so. Then it counts whom the list names.
    let listed = acl::only_for(file, uid).map_err(|error| io_error(&error))?;
    let forbidden = if listed == Some(true) { 0o027 } else { 0o077 };
    if listed == Some(false) || mode & forbidden != 0 {
        return Err(untrusted(format!(
            "others than its owner have access to it (mode {mode:04o}); `chmod 0600` it{}",
            if listed == Some(false) { ", and take its access list away with `setfacl -b`" } else { "" }
        )));
    }
    Ok(())
}

pub(super) fn io_error(error: &io::Error) -> Unreadable {
    match rustix::io::Errno::from_io_error(error) {
        Some(rustix::io::Errno::NOENT) => Unreadable::new(Class::TokenMissing, "there is no such file"),
        // Replaced by a link since it was looked at.
        Some(rustix::io::Errno::LOOP) => is_link(),
        _ => Unreadable::new(Class::Unreadable, error.to_string()),
    }
}
