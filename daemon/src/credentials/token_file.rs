//! A file with one access token, for machines that no person signs in to: CI, servers.
//!
//! It is trusted like the enrollment file, and secret beside: what others can read, write or
//! replace by a link is refused, and says so.

#[cfg_attr(unix, path = "token_file/unix.rs")]
#[cfg_attr(not(unix), path = "token_file/windows.rs")]
mod system;

use std::{
    fs::{self, File, Metadata},
    io::Read as _,
    path::Path,
};

use proto::secret::Secret;
use zeroize::Zeroizing;

use super::{Account, Class, Credential, Realm, Source, Unreadable, account::TOKEN_USER};
use crate::os;
use system::io_error;

/// Largest token file, in bytes.
pub const MAX_BYTES: u64 = 4096;
/// How a token of the service begins: an organization's, a person's.
const PREFIXES: [&str; 2] = ["pg_oat_", "pg_pat_"];

/// Reads the token now.
#[must_use]
pub fn read(path: &Path) -> Credential {
    match read_as(path, os::user_id()) {
        Ok(account) => Credential::SignedIn(account),
        Err(why) => Credential::Unreadable(why),
    }
}

/// For an agent that runs as `uid`.
fn read_as(path: &Path, uid: u32) -> Result<Account, Unreadable> {
    let file = open(path)?;
    let metadata = file.metadata().map_err(|error| io_error(&error))?;
    // All of it on the open file, so that nothing can be exchanged between look and read.
    regular(&metadata)?;
    system::trusted(path, &file, &metadata, uid)?;
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
        return Err(is_link());
    }
    regular(&named)?;
    system::open(path).map_err(|error| io_error(&error))
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

fn is_link() -> Unreadable {
    untrusted("it is a symbolic link; name the file itself")
}

fn invalid(why: &str) -> Unreadable {
    Unreadable::new(Class::TokenInvalid, why)
}

/// Against real owners, modes and links.
#[cfg(all(test, unix))]
mod tests;
