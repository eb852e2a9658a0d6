//! Where there is no abstract socket namespace: an agent there locks a file, and answers nobody.

use std::{io, os::unix::net::UnixStream};

use super::Holder;

/// A connection to whoever listens there, and who that is.
///
/// # Errors
/// Always: `Unsupported`.
pub fn connect(_: &str) -> io::Result<(UnixStream, Holder)> {
    Err(io::ErrorKind::Unsupported.into())
}
