//! `splice(2)`: from socket to socket through a pipe, without a copy into this process.

use std::{io, os::fd::OwnedFd};

use rustix::{
    io::Errno,
    pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice},
};
use tokio::{io::Interest, net::TcpStream};

/// Wanted size of a pipe. Pages in it are those of the sockets; the default of 16 would mean
/// four times as many system calls.
const SIZE: usize = 256 << 10;

/// A pipe between two sockets, empty between two calls of [`Pipe::carry`].
#[derive(Debug)]
pub struct Pipe {
    out: OwnedFd,
    into: OwnedFd,
}

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
pub enum Moved {
    /// So many bytes went through.
    Bytes(usize),
    /// There will be no more.
    End,
    /// The kernel cannot do it for these sockets. Nothing was read.
    Unsupported,
}

impl Pipe {
    /// An empty one.
    ///
    /// # Errors
    /// When there are no descriptors left.
    pub fn new() -> io::Result<Self> {
        let (out, into) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        // Refused where a user has too many pages in pipes: then it is a small one.
        let _ = fcntl_setpipe_size(&into, SIZE);
        Ok(Self { out, into })
    }

    /// Waits for something to read, and carries over `most` bytes of it; `moved` is told how many at each step.
    ///
    /// # Errors
    /// When a connection breaks.
    pub async fn carry(
        &mut self,
        from: &TcpStream,
        to: &TcpStream,
        most: usize,
        moved: impl Fn(usize),
    ) -> io::Result<Moved> {
        let most = most.min(SIZE);
        // The pipe is empty, so that "would block" can only be said of the socket.
        let read = from.async_io(Interest::READABLE, || Self::splice(from, &self.into, most)).await;
        let mut left = match read {
            Ok(0) => return Ok(Moved::End),
            Ok(read) => read,
            Err(error) if is_unsupported(&error) => return Ok(Moved::Unsupported),
            Err(error) => return Err(error),
        };
        let read = left;
        while left > 0 {
            match to.async_io(Interest::WRITABLE, || Self::splice(&self.out, to, left)).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => {
                    moved(written);
                    left = left.saturating_sub(written);
                }
            }
        }
        Ok(Moved::Bytes(read))
    }

    fn splice(from: impl std::os::fd::AsFd, to: impl std::os::fd::AsFd, len: usize) -> io::Result<usize> {
        loop {
            match splice(&from, None, &to, None, len, SpliceFlags::MOVE | SpliceFlags::NONBLOCK) {
                Err(Errno::INTR) => {}
                result => return Ok(result?),
            }
        }
    }
}

fn is_unsupported(error: &io::Error) -> bool {
    [Errno::INVAL, Errno::NOSYS].iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}
