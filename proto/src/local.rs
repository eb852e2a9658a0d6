//! The control socket of this machine: gRPC over a Unix socket or, on Windows, a named pipe.
//!
//! The only module that knows `interprocess`. The caller's uid is read from the socket at
//! accept; it cannot be claimed. A caller that says nothing loses its place after
//! [`FIRST_BYTE_DEADLINE`], and no user can hold more than [`SLOTS_PER_USER`] places.

use std::{
    collections::HashMap,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use hyper_util::rt::TokioIo;
use interprocess::local_socket::{
    ConnectOptions, GenericFilePath, ListenerOptions, ToFsName as _,
    tokio::{Listener as RawListener, Stream, prelude::*},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};
use tonic::transport::{Channel, Endpoint, Uri, server::Connected};

/// How long a caller may take to send its first byte.
pub const FIRST_BYTE_DEADLINE: Duration = Duration::from_secs(5);
/// Open connections for each uid: an agent holds three, the commands one each.
pub const SLOTS_PER_USER: usize = 64;
/// Largest message either way: one policy and one directory at their limits.
pub const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// Who is on the other end, as the kernel says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Effective user id at connect; absent where the system does not tell.
    pub uid: Option<u32>,
    /// Process id at connect.
    pub pid: Option<i32>,
}

/// A bound control socket.
pub struct Listener {
    raw: RawListener,
    slots: Slots,
}

impl Listener {
    /// Binds `path`. The caller holds the state directory's lock, so a socket file that
    /// nobody answers on is a dead process's and is replaced.
    ///
    /// On Unix the socket is made under the process's umask and then opened for `mode`.
    ///
    /// # Errors
    /// `AddrInUse` when somebody answers there; else what the system says.
    pub fn bind(path: &Path, mode: u32) -> io::Result<Self> {
        #[cfg(unix)]
        remove_stale(path)?;
        let raw =
            ListenerOptions::new().name(path.to_fs_name::<GenericFilePath>()?).reclaim_name(false).create_tokio()?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
        }
        #[cfg(not(unix))]
        let _ = mode;
        Ok(Self { raw, slots: Slots::default() })
    }

    /// The next caller that has a place. Callers beyond their user's share are closed at once.
    ///
    /// # Errors
    /// What the system says about the socket itself.
    pub async fn accept(&self) -> io::Result<Connection> {
        loop {
            let stream = self.raw.accept().await?;
            let peer = match stream.peer_creds() {
                Ok(creds) => Peer { uid: creds.euid(), pid: creds.pid() },
                Err(_) => Peer { uid: None, pid: None },
            };
            if let Some(slot) = self.slots.take(peer.uid) {
                let deadline = Some(Box::pin(tokio::time::sleep(FIRST_BYTE_DEADLINE)));
                return Ok(Connection { stream, peer, deadline, _slot: Some(slot) });
            }
        }
    }

    /// All callers, as tonic's server wants them.
    pub fn incoming(self) -> impl tokio_stream::Stream<Item = io::Result<Connection>> {
        async_stream(self)
    }
}

fn async_stream(listener: Listener) -> impl tokio_stream::Stream<Item = io::Result<Connection>> {
    // One accepted connection waits at most: the kernel's backlog is the queue.
    let (sender, receiver) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        loop {
            let next = tokio::select! {
                next = listener.accept() => next,
                () = sender.closed() => return,
            };
            if let Err(error) = &next {
                // Out of descriptors: let connections end before asking again.
                let pause = matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted);
                if !pause {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                continue;
            }
            if sender.send(next).await.is_err() {
                return;
            }
        }
    });
    tokio_stream::wrappers::ReceiverStream::new(receiver)
}

#[cfg(unix)]
fn remove_stale(path: &Path) -> io::Result<()> {
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => {
            Err(io::Error::new(io::ErrorKind::AddrInUse, format!("another process answers on `{}`", path.display())))
        }
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Connections by uid.
#[derive(Default, Clone)]
struct Slots(Arc<Mutex<HashMap<Option<u32>, usize>>>);

impl Slots {
    fn take(&self, uid: Option<u32>) -> Option<Slot> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(uid).or_default();
        if *count >= SLOTS_PER_USER {
            return None;
        }
        *count += 1;
        Some(Slot { slots: self.clone(), uid })
    }
}

/// A place, given back on drop.
struct Slot {
    slots: Slots,
    uid: Option<u32>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.slots.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.uid) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.uid);
            }
        }
    }
}

/// One connection over the control socket.
pub struct Connection {
    stream: Stream,
    peer: Peer,
    deadline: Option<Pin<Box<Sleep>>>,
    _slot: Option<Slot>,
}

impl Connected for Connection {
    type ConnectInfo = Peer;
    fn connect_info(&self) -> Peer {
        self.peer
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match Pin::new(&mut self.stream).poll_read(cx, buf) {
            Poll::Ready(result) => {
                if buf.filled().len() > before {
                    self.deadline = None;
                }
                Poll::Ready(result)
            }
            Poll::Pending => match self.deadline.as_mut() {
                None => Poll::Pending,
                Some(deadline) => {
                    ready!(deadline.as_mut().poll(cx));
                    Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the caller sent nothing")))
                }
            },
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }
    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// A channel to the control socket that dials when it is used and again after a restart.
/// Calls fail with `Unavailable` while nobody answers; each caller sets its own deadline.
#[must_use]
pub fn connect_lazy(path: &Path) -> Channel {
    let path: Arc<PathBuf> = Arc::new(path.to_owned());
    let connector = tower::service_fn(move |_: Uri| {
        let path = Arc::clone(&path);
        async move {
            let stream =
                ConnectOptions::new().name(path.as_path().to_fs_name::<GenericFilePath>()?).connect_tokio().await?;
            Ok::<_, io::Error>(TokioIo::new(stream))
        }
    });
    Endpoint::from_static("http://control.pullgate.localhost")
        .connect_timeout(Duration::from_secs(2))
        .http2_keep_alive_interval(Duration::from_secs(20))
        .keep_alive_timeout(Duration::from_secs(10))
        .connect_with_connector_lazy(connector)
}

#[cfg(test)]
mod tests;
