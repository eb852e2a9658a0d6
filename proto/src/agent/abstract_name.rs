//! On Linux: the abstract socket namespace.

use std::{io, os::unix::net::UnixStream};

use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with, sockopt::socket_peercred};

use super::Holder;

/// A connection to whoever listens there, and who that is, as the kernel says. Does not wait for somebody who lets
/// callers queue.
///
/// # Errors
/// `ConnectionRefused` when nobody does.
pub fn connect(name: &str) -> io::Result<(UnixStream, Holder)> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    rustix::net::connect(&socket, &SocketAddrUnix::new_abstract_name(name.as_bytes())?)?;
    let holder = socket_peercred(&socket)?;
    let stream = UnixStream::from(socket);
    stream.set_nonblocking(false)?;
    Ok((stream, Holder { uid: holder.uid.as_raw(), pid: holder.pid.as_raw_nonzero().get() }))
}
