//! Where the two listening sockets come from: the service manager holds them, or this process makes them.

use std::{
    fs, io,
    os::unix::net::UnixListener,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use proto::{local::Listener, supervisor::Held};
use tracing::warn;

use crate::config::Config;

/// Names of the sockets (`FileDescriptorName=` of their units).
const ENGINE: &str = "engine";
const CONTROL: &str = "control";
/// Everybody may dial the control socket: who it is, the kernel says.
const CONTROL_MODE: u32 = 0o666;

/// What the service manager handed over.
#[derive(Debug)]
pub struct Sockets {
    engine: Option<UnixListener>,
    control: Option<UnixListener>,
}

/// A listening socket of the engine, and whose it is.
#[derive(Debug)]
pub struct EngineSocket {
    /// Where the engine dials.
    pub listener: UnixListener,
    /// The file, where it is this process's; else the next process goes on with the same socket.
    pub own: Option<PathBuf>,
}

impl Sockets {
    /// Takes what is there for this process.
    ///
    /// # Errors
    /// When something was handed over that cannot be listened on.
    pub fn take(config: &Config) -> anyhow::Result<Self> {
        let mut held = Held::from_env()?;
        let sockets = Self {
            engine: held.take_unix(ENGINE, &config.socket),
            control: held.take_unix(CONTROL, &config.control_socket),
        };
        for socket in held.left_over() {
            warn!(
                socket,
                "the socket unit holds a socket that is neither `engine` nor `control`; nobody answers there"
            );
        }
        Ok(sockets)
    }

    /// Whether another process may have had one of them just now.
    #[must_use]
    pub fn are_held(&self) -> bool {
        self.engine.is_some() || self.control.is_some()
    }

    /// The engine's.
    ///
    /// # Errors
    /// When it is not held and cannot be made.
    pub fn engine(&mut self, path: &Path) -> anyhow::Result<EngineSocket> {
        let socket = match self.engine.take() {
            // The process before this one may have left it otherwise: both have the same open file.
            Some(held) => held.set_nonblocking(false).map(|()| EngineSocket { listener: held, own: None }),
            None => make_parent(path).and_then(|()| bind(path)),
        };
        socket.with_context(|| format!("cannot listen on `{}`", path.display()))
    }

    /// The control socket, and its file where it is this process's.
    ///
    /// # Errors
    /// When it is not held and cannot be made.
    pub fn control(&mut self, path: &Path) -> anyhow::Result<(Listener, Option<PathBuf>)> {
        let socket = match self.control.take() {
            Some(held) => Listener::held(held).map(|listener| (listener, None)),
            None => make_parent(path)
                .and_then(|()| Listener::bind(path, CONTROL_MODE))
                .map(|listener| (listener, Some(path.to_owned()))),
        };
        socket.with_context(|| format!("cannot listen on `{}`", path.display()))
    }
}

/// Binds the engine's socket. A file that nobody answers on is what a killed process left.
fn bind(path: &Path) -> io::Result<EngineSocket> {
    proto::local::remove_stale(path)?;
    Ok(EngineSocket { listener: UnixListener::bind(path)?, own: Some(path.to_owned()) })
}

/// The directory of a socket; others may look into it, so that they find the control socket.
pub(crate) fn make_parent(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    let Some(parent) = path.parent().filter(|parent| !parent.exists()) else { return Ok(()) };
    let masked = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
    let made = fs::DirBuilder::new().recursive(true).mode(0o755).create(parent);
    rustix::process::umask(masked);
    made
}
