//! Where there is no netlink: nobody tells of a changed rule.

use std::io;

/// Of this system nothing is heard.
#[derive(Debug)]
pub struct Changes;

impl Changes {
    /// # Errors
    /// Always: `Unsupported`.
    pub fn listen() -> io::Result<Self> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Never.
    pub fn were(&self) -> bool {
        false
    }
}
