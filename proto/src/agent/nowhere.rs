//! Where there is no abstract socket namespace: an agent there locks a file, and answers nobody.

use std::{io, time::Duration};

use super::Holder;

/// A connection, of which there is none.
#[derive(Debug)]
pub enum Stream {}

impl Stream {
    /// As that of a socket.
    ///
    /// # Errors
    /// None.
    pub fn set_read_timeout(&self, _: Option<Duration>) -> io::Result<()> {
        match *self {}
    }
}

impl io::Read for Stream {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match *self {}
    }
}

/// A connection to whoever listens there, and who that is.
///
/// # Errors
/// Always: `Unsupported`.
pub fn connect(_: &str) -> io::Result<(Stream, Holder)> {
    Err(io::ErrorKind::Unsupported.into())
}
