//! A file with one access token, for machines that no person signs in to: CI, servers.
//!
//! It is trusted like the enrollment file, and secret beside: what others can read, write or
//! replace by a link is refused, and says so.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::Path,
};

use proto::secret::Secret;
use zeroize::Zeroizing;

use super::{Account, Class, Credential, Realm, Source, Unreadable, account::TOKEN_USER};

#[cfg(target_os = "linux")]
mod acl;
/// Lists of other systems deny and allow in an order of their own; nothing here makes one, and none is read.
#[cfg(not(target_os = "linux"))]
mod acl {
    pub(super) fn only_for(_: &std::fs::File, _: u32) -> std::io::Result<Option<bool>> {
        Ok(None)
    }
}

/// Largest token file, in bytes.
pub const MAX_BYTES: u64 = 4096;
/// How a token of the service begins: an organization's, a person's.
const PREFIXES: [&str; 2] = ["pg_oat_", "pg_pat_"];

/// Reads the token now.
#[must_use]
pub fn read(path: &Path) -> Credential {
    match read_as(path, rustix::process::geteuid().as_raw()) {
        Ok(account) => Credential::SignedIn(account),
        Err(why) => Credential::Unreadable(why),
    }
}

/// For an agent that runs as `uid`.
fn read_as(path: &Path, uid: u32) -> Result<Account, Unreadable> {
    let file = open(path)?;
    let metadata = file.metadata().map_err(|error| io_error(&error))?;
    trusted(&file, &metadata, uid)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES as usize + 1));
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| io_error(&error))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(invalid("it has more than 4 KiB"));
    }
    Ok(Account {
        realm: Realm::Service,
        user: TOKEN_USER.to_owned(),
        secret: token(&bytes)?,
        key: path.display().to_string(),
        source: Source::TokenFile,
    })
}

fn open(path: &Path) -> Result<File, Unreadable> {
    // First by name, since opening a device or a FIFO may do something.
    let named = fs::symlink_metadata(path).map_err(|error| io_error(&error))?;
    if named.is_symlink() {
        return Err(untrusted("it is a symbolic link; name the file itself"));
    }
    regular(&named)?;
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags.bits() as i32).open(path).map_err(|error| io_error(&error))
}

/// All of it on the open file, so that nothing can be exchanged between look and read.
fn trusted(file: &File, metadata: &Metadata, uid: u32) -> Result<(), Unreadable> {
    regular(metadata)?;
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

fn regular(metadata: &Metadata) -> Result<(), Unreadable> {
    if metadata.is_file() { Ok(()) } else { Err(untrusted("it is not a regular file")) }
}

fn token(bytes: &[u8]) -> Result<Secret, Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|_| invalid("it is not text"))?.trim_ascii();
    if text.is_empty() {
        return Err(Unreadable::new(Class::TokenMissing, "it is empty"));
    }
    if text.contains('\n') {
        return Err(invalid("it has more than one line"));
    }
    let rest = PREFIXES.iter().find_map(|prefix| text.strip_prefix(prefix));
    let plain = |rest: &str| rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    match rest {
        Some(rest) if !rest.is_empty() && plain(rest) => Ok(Secret::new(text.to_owned())),
        _ => Err(invalid(
            "it holds no access token of the policy service (`pg_oat_...` or `pg_pat_...`, as it was shown once)",
        )),
    }
}

fn untrusted(why: impl Into<String>) -> Unreadable {
    Unreadable::new(Class::TokenUntrusted, why)
}

fn invalid(why: &str) -> Unreadable {
    Unreadable::new(Class::TokenInvalid, why)
}

fn io_error(error: &io::Error) -> Unreadable {
    match rustix::io::Errno::from_io_error(error) {
        Some(rustix::io::Errno::NOENT) => Unreadable::new(Class::TokenMissing, "there is no such file"),
        // Replaced by a link since it was looked at.
        Some(rustix::io::Errno::LOOP) => untrusted("it is a symbolic link; name the file itself"),
        _ => Unreadable::new(Class::Unreadable, error.to_string()),
    }
}

#[cfg(test)]
mod tests;
