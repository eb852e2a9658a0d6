//! A socket on which who asks can be told.

use std::{io, os::unix::net::UnixListener as StdListener};

use tokio::net::{UnixListener, UnixStream};

/// The lock's own.
pub type Socket = StdListener;

pub(super) struct Listener(UnixListener);

impl Listener {
    pub(super) fn new(socket: Socket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        UnixListener::from_std(socket).map(Self)
    }

    pub(super) async fn accept(&self) -> io::Result<UnixStream> {
        self.0.accept().await.map(|(stream, _)| stream)
    }
}

/// Whether it is this user or root, as the kernel says.
pub(super) fn is_of(stream: &UnixStream, uid: u32) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == uid || peer.uid() == 0)
}
