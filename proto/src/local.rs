//! The control socket of this machine: gRPC over a Unix socket or, on Windows, a named pipe.
//!
//! The only module that knows `interprocess`. The caller's uid is read from the socket at
//! accept; it cannot be claimed. A caller that does not introduce itself loses its place after
//! [`PREFACE_DEADLINE`]; no user can hold more than [`SLOTS_PER_USER`] places, all users together
//! no more than [`SLOTS`], and root and whoever else a place is reserved for always find one.

use std::{
    collections::{HashMap, VecDeque},
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

use hyper_util::rt::TokioIo;
use interprocess::local_socket::{
    ConnectOptions, GenericFilePath, ListenerOptions, ToFsName as _,
    tokio::{Listener as RawListener, Stream, prelude::*},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::oneshot,
    time::Sleep,
};
use tonic::{
    Status,
    service::{InterceptorLayer, Routes},
    transport::{Channel, Endpoint, Server, Uri, server::Connected},
};

/// How long a caller may take to send the 24 bytes with which every HTTP/2 client begins.
pub const PREFACE_DEADLINE: Duration = Duration::from_secs(5);
const PREFACE_BYTES: usize = 24;
/// Open connections for each uid: an agent holds two, the commands one each.
pub const SLOTS_PER_USER: usize = 16;
/// Open connections for all uids but root's, far below the usual limit of 1024 descriptors.
pub const SLOTS: usize = 256;
/// Largest message either way: one policy and one directory at their limits.
pub const MAX_MESSAGE_BYTES: usize = 16 << 20;

/// How a plugin that cannot start begins its answer to every call; behind that stands the cause. It refuses images,
/// and tries again by itself.
pub const CANNOT_START: &str = "pullgate-plugin cannot start";

/// In the plugin's refusal of a session that was ended or replaced on this machine: only a new
/// sign-in helps, so the agent looks for it.
pub const SESSION_OVER: &str = "ended or replaced";

/// Who is on the other end, as the kernel says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Effective user id at connect; absent where the system does not tell.
    pub uid: Option<u32>,
    /// Process id at connect.
    pub pid: Option<u32>,
}

impl Peer {
    fn of(stream: &Stream) -> Self {
        let Ok(creds) = stream.peer_creds() else { return Self { uid: None, pid: None } };
        #[cfg(unix)]
        let uid = creds.euid();
        #[cfg(not(unix))]
        let uid = None;
        Self { uid, pid: creds.pid().and_then(|pid| u32::try_from(pid).ok()) }
    }
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

    /// On a socket that somebody else bound and keeps.
    ///
    /// # Errors
    /// What the system says.
    #[cfg(unix)]
    pub fn held(socket: std::os::unix::net::UnixListener) -> io::Result<Self> {
        use interprocess::os::unix::uds_local_socket::tokio::Listener as UnixRaw;
        let raw = UnixRaw::try_from(std::os::fd::OwnedFd::from(socket))?.into();
        Ok(Self { raw, slots: Slots::default() })
    }

    /// Keeps places, beside root's, for the users that `reserved` names, whatever others take. It is asked
    /// only while the others take all that they can have.
    #[must_use]
    pub fn reserve(mut self, reserved: impl Fn(u32) -> bool + Send + Sync + 'static) -> Self {
        self.slots.reserved = Some(Arc::new(reserved));
        self
    }

    /// The next caller that has a place. Callers beyond their user's share are closed at once.
    ///
    /// # Errors
    /// What the system says about the socket itself.
    pub async fn accept(&self) -> io::Result<Connection> {
        loop {
            let stream = self.raw.accept().await?;
            let peer = Peer::of(&stream);
            if let Some((slot, sent_away)) = self.slots.take(peer.uid) {
                let deadline = Box::pin(tokio::time::sleep(PREFACE_DEADLINE));
                let introduction = Some(Introduction { missing: PREFACE_BYTES, deadline, sent_away });
                return Ok(Connection { stream, peer, introduction, slot });
            }
        }
    }

    /// Answers every call with `why`, until `stop`: for a plugin that cannot start, and for who stands in for it.
    ///
    /// # Errors
    /// What the transport says.
    pub async fn refuse(self, why: String, stop: impl Future<Output = ()>) -> Result<(), tonic::transport::Error> {
        let refused = InterceptorLayer::new(move |_| Err::<tonic::Request<()>, _>(Status::unavailable(why.clone())));
        Server::builder()
            .layer(refused)
            .add_routes(Routes::default())
            .serve_with_incoming_shutdown(self.incoming(), stop)
            .await
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

/// Removes a socket file that nobody answers on; anything else there is an error.
///
/// # Errors
/// `AddrInUse` when somebody answers, `AlreadyExists` when it is no socket.
#[cfg(unix)]
pub fn remove_stale(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt as _;
    match std::fs::symlink_metadata(path) {
        Ok(found) if !found.file_type().is_socket() => {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                format!(
                    "`{}` is there and is no socket; it is left alone: remove it, or name another path",
                    path.display()
                ),
            ));
        }
        _ => {}
    }
    match std::os::unix::net::UnixStream::connect(path) {
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            format!("another process answers on `{}`; stop it, or name another path", path.display()),
        )),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => std::fs::remove_file(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Connections by uid.
#[derive(Default, Clone)]
struct Slots {
    users: Arc<Mutex<HashMap<Option<u32>, User>>>,
    reserved: Option<Arc<dyn Fn(u32) -> bool + Send + Sync>>,
}

#[derive(Default)]
struct User {
    open: usize,
    /// Those that have not introduced themselves, oldest first; dropping a sender sends one away.
    silent: VecDeque<(u64, oneshot::Sender<()>)>,
    next: u64,
}

impl Slots {
    /// A place for a caller. Where a user's share is taken, the oldest of theirs that said nothing goes.
    fn take(&self, uid: Option<u32>) -> Option<(Slot, oneshot::Receiver<()>)> {
        let mut users = self.users.lock().unwrap_or_else(PoisonError::into_inner);
        let others: usize = users.iter().filter(|(uid, _)| **uid != Some(0)).map(|(_, user)| user.open).sum();
        let user = users.entry(uid).or_default();
        let full = user.open >= SLOTS_PER_USER || (others >= SLOTS && !self.is_reserved(uid));
        if full && user.silent.pop_front().is_none() {
            return None;
        }
        let (stays, sent_away) = oneshot::channel();
        let number = user.next;
        user.next = user.next.wrapping_add(1);
        user.open = user.open.saturating_add(1);
        user.silent.push_back((number, stays));
        Some((Slot { slots: self.clone(), uid, number }, sent_away))
    }

    fn is_reserved(&self, uid: Option<u32>) -> bool {
        uid.is_some_and(|uid| uid == 0 || self.reserved.as_ref().is_some_and(|reserved| reserved(uid)))
    }
}

/// A place, given back on drop.
struct Slot {
    slots: Slots,
    uid: Option<u32>,
    number: u64,
}

impl Slot {
    /// The caller has introduced itself, and is not sent away for another one.
    fn introduced(&self) {
        let mut users = self.slots.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(user) = users.get_mut(&self.uid) {
            user.silent.retain(|(number, _)| *number != self.number);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.introduced();
        let mut users = self.slots.users.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(user) = users.get_mut(&self.uid) {
            user.open = user.open.saturating_sub(1);
            if user.open == 0 {
                users.remove(&self.uid);
            }
        }
    }
}

/// One connection over the control socket.
pub struct Connection {
    stream: Stream,
    peer: Peer,
    introduction: Option<Introduction>,
    slot: Slot,
}

/// What is still to come before a caller keeps its place.
struct Introduction {
    missing: usize,
    deadline: Pin<Box<Sleep>>,
    sent_away: oneshot::Receiver<()>,
}

impl Connected for Connection {
    type ConnectInfo = Peer;
    fn connect_info(&self) -> Peer {
        self.peer
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buf);
        let Some(introduction) = this.introduction.as_mut() else { return polled };
        introduction.missing = introduction.missing.saturating_sub(buf.filled().len().saturating_sub(before));
        if introduction.missing == 0 {
            this.introduction = None;
            this.slot.introduced();
            return polled;
        }
        if polled.is_pending()
            && (introduction.deadline.as_mut().poll(cx).is_ready()
                || Pin::new(&mut introduction.sent_away).poll(cx).is_ready())
        {
            return Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, "the caller did not introduce itself")));
        }
        polled
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

/// Over Unix sockets.
#[cfg(all(test, unix))]
mod tests;
