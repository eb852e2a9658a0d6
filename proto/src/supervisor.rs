//! What a process and its service manager tell each other: sockets that are held for the process
//! (sd_listen_fds(3)), and how far the process is (sd_notify(3)).
//!
//! The only module that knows `listenfd`. A socket that is held outlives the process: whoever dials
//! while one process ends and the next one starts waits in its queue. So nobody here closes it for
//! good, shuts it down or unlinks it.

mod stop;

use std::{
    env, io,
    net::TcpListener,
    os::{
        fd::AsFd,
        linux::net::SocketAddrExt as _,
        unix::{
            ffi::OsStrExt as _,
            net::{SocketAddr, UnixDatagram, UnixListener},
        },
    },
    path::Path,
};

use listenfd::ListenFd;
use rustix::net::sockopt::socket_acceptconn;

pub use self::stop::StopSignals;

/// Longest that is said of a process in words, in characters.
const MAX_WORDS: usize = 500;

/// A socket that the service manager handed over, and is not one to listen on.
#[derive(Debug, thiserror::Error)]
#[error(
    "socket {number} of those handed over is not one to listen on ({source}); the socket unit must say `ListenStream=` and \
     `Accept=no`"
)]
pub struct NotListening {
    number: usize,
    source: io::Error,
}

/// Sockets that are held for this process.
#[derive(Debug, Default)]
pub struct Held {
    unix: Vec<(String, UnixListener)>,
    tcp: Vec<TcpListener>,
}

impl Held {
    /// Takes those that are meant for this process (`LISTEN_PID`), once.
    ///
    /// # Errors
    /// [`NotListening`].
    pub fn from_env() -> Result<Self, NotListening> {
        let names = env::var("LISTEN_FDNAMES").unwrap_or_default();
        let mut names = names.split(':');
        let mut handed = ListenFd::from_env();
        let mut held = Self::default();
        for at in 0..handed.len() {
            let name = names.next().unwrap_or_default().to_owned();
            let failed = |source| NotListening { number: at + 1, source };
            if let Ok(Some(socket)) = handed.take_unix_listener(at) {
                listens(&socket).map_err(failed)?;
                held.unix.push((name, socket));
            } else if let Some(socket) = handed.take_tcp_listener(at).map_err(failed)? {
                listens(&socket).map_err(failed)?;
                held.tcp.push(socket);
            }
        }
        Ok(held)
    }

    /// The Unix socket of this name (`FileDescriptorName=`), else the one at this path: a manager
    /// that gives no names is enough.
    pub fn take_unix(&mut self, name: &str, path: &Path) -> Option<UnixListener> {
        let is_there = |socket: &UnixListener| socket.local_addr().is_ok_and(|at| at.as_pathname() == Some(path));
        let named = self.unix.iter().position(|(given, _)| given == name);
        let at = named.or_else(|| self.unix.iter().position(|(_, socket)| is_there(socket)))?;
        Some(self.unix.swap_remove(at).1)
    }

    /// Whether there is a TCP socket.
    #[must_use]
    pub fn has_tcp(&self) -> bool {
        !self.tcp.is_empty()
    }

    /// All TCP sockets; which is which, their addresses say.
    pub fn take_tcp(&mut self) -> Vec<TcpListener> {
        std::mem::take(&mut self.tcp)
    }

    /// What nobody took, by name or address: callers wait there in vain.
    #[must_use]
    pub fn left_over(&self) -> Vec<String> {
        let unix = self.unix.iter().map(|(name, socket)| match socket.local_addr() {
            Ok(at) => at.as_pathname().map_or_else(|| name.clone(), |path| path.display().to_string()),
            Err(_) => name.clone(),
        });
        unix.chain(self.tcp.iter().filter_map(|socket| Some(socket.local_addr().ok()?.to_string()))).collect()
    }
}

fn listens(socket: impl AsFd) -> io::Result<()> {
    match socket_acceptconn(socket)? {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::InvalidInput, "it does not listen")),
    }
}

/// How far this process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It answers.
    Ready,
    /// It accepts nobody any more.
    Stopping,
}

/// The service manager, where one wants to know (`NOTIFY_SOCKET`).
///
/// Dialled once: a process may give up the means to dial anybody before it has said its last word.
#[derive(Debug)]
pub struct Manager(Option<UnixDatagram>);

impl Manager {
    /// The one of this process.
    ///
    /// # Errors
    /// What the system says; the process is no worse for it.
    pub fn from_env() -> io::Result<Self> {
        match env::var_os("NOTIFY_SOCKET").filter(|socket| !socket.is_empty()) {
            Some(socket) => Self::at(socket.as_bytes()),
            None => Ok(Self::nobody()),
        }
    }

    /// Nobody wants to know.
    #[must_use]
    pub const fn nobody() -> Self {
        Self(None)
    }

    fn at(socket: &[u8]) -> io::Result<Self> {
        let address = match socket.strip_prefix(b"@") {
            Some(name) => SocketAddr::from_abstract_name(name)?,
            None => SocketAddr::from_pathname(Path::new(std::ffi::OsStr::from_bytes(socket)))?,
        };
        let datagram = UnixDatagram::unbound()?;
        // A manager that does not read must not keep this process from its work.
        datagram.set_nonblocking(true)?;
        datagram.connect_addr(&address)?;
        Ok(Self(Some(datagram)))
    }

    /// Tells how far this process is, and in `words`, on one line, what people should know of it; empty: nothing.
    ///
    /// # Errors
    /// What the system says; the process is no worse for it.
    pub fn tell(&self, progress: Progress, words: &str) -> io::Result<()> {
        let Some(datagram) = &self.0 else { return Ok(()) };
        let progress = match progress {
            Progress::Ready => "READY=1",
            Progress::Stopping => "STOPPING=1",
        };
        let words: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_WORDS).collect();
        datagram.send(format!("{progress}\nSTATUS={words}\n").as_bytes()).map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_is_known_by_its_name_or_its_place() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        let bind = |name: &str| UnixListener::bind(path(name)).expect("a socket");
        let mut held = Held {
            unix: vec![
                ("unit.socket".to_owned(), bind("control.sock")),
                ("engine".to_owned(), bind("elsewhere.sock")),
                ("unit.socket".to_owned(), bind("nobodys.sock")),
            ],
            tcp: vec![],
        };
        let at = |socket: Option<UnixListener>| {
            let address = socket.expect("a socket").local_addr().expect("an address");
            address.as_pathname().expect("a path").to_owned()
        };
        assert_eq!(at(held.take_unix("engine", &path("engine.sock"))), path("elsewhere.sock"));
        assert!(held.take_unix("engine", &path("engine.sock")).is_none(), "taken once");
        assert_eq!(at(held.take_unix("control", &path("control.sock"))), path("control.sock"));
        assert_eq!(held.left_over(), [path("nobodys.sock").display().to_string()]);
    }

    #[test]
    fn what_does_not_listen_is_told() {
        let (one, _other) = std::os::unix::net::UnixStream::pair().expect("a pair");
        assert!(listens(&one).is_err());
        assert!(listens(TcpListener::bind("127.0.0.1:0").expect("a socket")).is_ok());
    }

    #[test]
    fn a_manager_is_told_at_a_path_and_at_a_name_and_one_that_does_not_read_delays_nobody() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = directory.path().join("notify");
        let manager = UnixDatagram::bind(&path).expect("a socket");
        let name = format!("pullgate-test-{}", std::process::id());
        let abstract_address = SocketAddr::from_abstract_name(name.as_bytes()).expect("a name");
        let other = UnixDatagram::bind_addr(&abstract_address).expect("a socket");
        let at = |socket: &[u8]| Manager::at(socket);
        let told = at(path.as_os_str().as_bytes()).expect("dialled");
        told.tell(Progress::Ready, "").expect("told");
        at(format!("@{name}").as_bytes()).expect("dialled").tell(Progress::Stopping, "a\nREADY=1").expect("told");
        let mut buffer = [0; 64];
        let read = manager.recv(&mut buffer).expect("a message");
        assert_eq!(&buffer[..read], b"READY=1\nSTATUS=\n");
        let read = other.recv(&mut buffer).expect("a message");
        assert_eq!(&buffer[..read], b"STOPPING=1\nSTATUS=a READY=1\n", "words are words");
        // A full queue refuses at once.
        let refused = (0..10_000).find_map(|_| told.tell(Progress::Ready, "").err());
        assert_eq!(refused.expect("a full queue").kind(), io::ErrorKind::WouldBlock);
        at(b"/nowhere/notify").expect_err("nobody there");
        Manager::nobody().tell(Progress::Ready, "").expect("nobody wants to know");
    }
}
