//! The engine's socket: HTTP/1.1, one request a connection.
//!
//! `Connection: close` is on purpose: an idle kept connection would race with the end of this
//! process, and the engine repeats a request that was in flight then *without its body*.
//! One dial a call costs some microseconds.
//!
//! At the end (SIGTERM) this process closes its copy of the listener, and answers what it has accepted. A
//! socket that the service manager holds is never shut down or unlinked: callers wait in its queue for the
//! next process. One of its own is unlinked first, then its queue is answered: an engine that does not
//! find the file dials again, with its message whole. Only one thread accepts, so that what is open when it
//! has ended is all there is to answer.
//!
//! Two threads. [`fast`] accepts, and answers the call that every engine makes (a whole message, there
//! at once) with one read and one write: on one connection a call, an event loop would take longer
//! than the decision (docs/decisions, 0007). Whatever is not that call goes to [`slow`], a complete
//! HTTP server with slots and deadlines: large, late, cut, chunked or damaged messages delay nobody.

use std::{
    io::{self, Read as _, Write as _},
    os::{
        fd::OwnedFd,
        unix::net::{SocketAddr, UnixStream},
    },
    sync::Arc,
    thread,
    time::Duration,
};

use bytes::Bytes;
use proto::authz::{ACTIVATE, ACTIVATED, ALLOWED, AUTHZ_REQ, AUTHZ_RES};
use rustix::event::{EventfdFlags, eventfd};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{authorize::Authorizer, engine_seen::Process, sockets::EngineSocket};

mod fast;
mod slow;

/// Connections on their way from one thread to the other. Full: the fast thread waits, and the
/// kernel's backlog is the queue.
const HANDED_OVER: usize = 64;
/// From SIGTERM on, what was accepted has this long at most.
pub const DRAIN: Duration = Duration::from_secs(10);
/// For an answer to this process itself, behind all who waited longer.
const PROBE: Duration = Duration::from_secs(5);

/// A connection that is not the common call, with what was read of it.
struct Handover {
    stream: UnixStream,
    read: Vec<u8>,
}

/// The running threads.
#[derive(Debug)]
pub struct Door {
    threads: Vec<thread::JoinHandle<io::Result<()>>>,
    address: SocketAddr,
    wake: Arc<OwnedFd>,
    stop: CancellationToken,
}

impl Door {
    /// Starts answering on `socket`. `stop` is cancelled when a thread ends, for whatever reason.
    ///
    /// # Errors
    /// When the system gives no thread or no descriptor.
    pub fn open(socket: EngineSocket, authorizer: Arc<Authorizer>, stop: CancellationToken) -> io::Result<Self> {
        let address = socket.listener.local_addr()?;
        let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let woken = Arc::clone(&wake);
        let (sender, receiver) = mpsc::channel(HANDED_OVER);
        let shared = Arc::clone(&authorizer);
        // A thread that ends, ends the process: half a door is not told apart from a whole one.
        let (end, stopping) = (stop.clone().drop_guard(), stop.clone());
        let fast = thread::Builder::new().name("door-fast".to_owned()).stack_size(512 << 10).spawn(move || {
            let _end = end;
            fast::serve(socket, &stopping, &woken, &shared, &sender)
        })?;
        let (end, stopping) = (stop.clone().drop_guard(), stop.clone());
        let slow = thread::Builder::new().name("door-slow".to_owned()).stack_size(1 << 20).spawn(move || {
            let _end = end;
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(slow::serve(receiver, authorizer, &stopping));
            Ok(())
        })?;
        Ok(Self { threads: vec![fast, slow], address, wake, stop })
    }

    /// What tells whether this door answers.
    #[must_use]
    pub fn probe(&self) -> Probe {
        Probe { address: self.address.clone() }
    }

    /// Stops accepting, and waits until every accepted call was answered, at most [`DRAIN`].
    ///
    /// # Errors
    /// When a thread did not end as asked.
    pub fn close(self) -> io::Result<()> {
        let Self { threads, wake, stop, .. } = self;
        stop.cancel();
        // Ends the wait for a caller. Only a counter that is full already takes no more.
        let _ = rustix::io::write(&wake, &1_u64.to_ne_bytes());
        let mut result = Ok(());
        for thread in threads {
            let ended =
                thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread of the engine's socket panicked")));
            result = result.and(ended);
        }
        result
    }
}

/// Asks a door as an engine would, but nothing that it would remember.
#[derive(Debug)]
pub struct Probe {
    address: SocketAddr,
}

impl Probe {
    /// Waits for an answer; both threads have their part in it.
    ///
    /// # Errors
    /// When there is none.
    pub fn answered(&self) -> io::Result<()> {
        let mut stream = UnixStream::connect_addr(&self.address)?;
        stream.set_read_timeout(Some(PROBE))?;
        stream.write_all(b"GET /ready HTTP/1.1\r\nHost: pullgate\r\n\r\n")?;
        let mut beginning = [0; 8];
        stream.read_exact(&mut beginning)
    }
}

/// What the engine asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    /// Once after its start.
    Activate,
    /// Before a request.
    Request,
    /// After a request.
    Response,
}

impl Question {
    fn at(path: &str) -> Option<Self> {
        match path {
            ACTIVATE => Some(Self::Activate),
            AUTHZ_REQ => Some(Self::Request),
            AUTHZ_RES => Some(Self::Response),
            _ => None,
        }
    }

    /// The answer to a message that arrived whole, where it can be given at once.
    fn answer_at_once(self, authorizer: &Authorizer, message: &[u8]) -> Option<Bytes> {
        match self {
            Self::Request => authorizer.answer_at_once(message),
            Self::Response => Some(reported(authorizer, message)),
            // Rare, and who it is has to be looked up.
            Self::Activate => None,
        }
    }

    /// The answer to a message that arrived whole; `from` is the process that dialled.
    async fn answer(self, authorizer: &Authorizer, message: &[u8], from: Option<i32>) -> Bytes {
        match self {
            Self::Request => authorizer.answer(message).await,
            Self::Response => reported(authorizer, message),
            Self::Activate => {
                authorizer.activated(from.and_then(Process::of));
                Bytes::from_static(ACTIVATED.as_bytes())
            }
        }
    }
}

fn reported(authorizer: &Authorizer, message: &[u8]) -> Bytes {
    authorizer.reported(message);
    Bytes::from_static(ALLOWED.as_bytes())
}
