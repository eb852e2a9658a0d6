//! One agent for each user and plugin: two would take turns in replacing each other's session.

use std::{
    fs, io,
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixListener},
    },
    path::{Path, PathBuf},
};

use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, UCred, connect, socket_with, sockopt::socket_peercred,
};
use tracing::warn;

use crate::documents::sha256;

/// Held for as long as the process runs; the kernel gives it up with the process.
///
/// It is a name in the abstract socket namespace, which leaves no file behind and does not depend
/// on the state directory. Anybody can take a name there, so one that another user holds stops nobody.
#[derive(Debug)]
pub struct PluginLock {
    _listener: Option<UnixListener>,
}

/// Another agent of this user carries documents to the same plugin.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "another agent of this user (process {pid}) already serves the plugin at `{socket}`; stop it first: another \
     --state-dir makes no difference"
)]
pub struct Served {
    /// The control socket.
    pub socket: PathBuf,
    /// The other agent.
    pub pid: i32,
}

impl PluginLock {
    /// Takes it for this user and the plugin at this control socket.
    ///
    /// # Errors
    /// [`Served`]. Where it cannot be told whether there is another agent, the log says so and nothing fails.
    pub fn take(uid: u32, socket: &Path) -> Result<Self, Served> {
        let name = name(uid, socket);
        let bound = SocketAddr::from_abstract_name(&name).and_then(|address| UnixListener::bind_addr(&address));
        match bound {
            Ok(listener) => return Ok(Self { _listener: Some(listener) }),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => {
                warn!(%error, "it cannot be told whether another agent of this user runs; going on");
                return Ok(Self { _listener: None });
            }
        }
        match holder(&name) {
            Ok(holder) if holder.uid.as_raw() == uid => {
                Err(Served { socket: socket.to_owned(), pid: holder.pid.as_raw_nonzero().get() })
            }
            Ok(holder) => {
                let (holder, process) = (holder.uid.as_raw(), holder.pid.as_raw_nonzero().get());
                warn!(holder, process, "another user holds the name of this agent's lock; going on without it");
                Ok(Self { _listener: None })
            }
            Err(error) => {
                warn!(%error, "it cannot be told whether another agent of this user runs; going on");
                Ok(Self { _listener: None })
            }
        }
    }
}

/// The same for each way to write the path.
fn name(uid: u32, socket: &Path) -> String {
    // The socket itself may not be there yet.
    let directory = socket.parent().and_then(|directory| fs::canonicalize(directory).ok());
    let path = directory.zip(socket.file_name()).map_or_else(|| socket.to_owned(), |(at, name)| at.join(name));
    let hash = sha256(path.as_os_str().as_encoded_bytes());
    let hash: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("pullgate-agent-{uid}-{hash}")
}

/// Who listens there, as the kernel says. Does not wait for somebody who lets callers queue.
fn holder(name: &str) -> io::Result<UCred> {
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, flags, None)?;
    connect(&socket, &SocketAddrUnix::new_abstract_name(name.as_bytes())?)?;
    Ok(socket_peercred(&socket)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_agent_for_a_user_and_a_plugin() {
        let root = tempfile::tempdir().expect("directory");
        let uid = rustix::process::geteuid().as_raw();
        let socket = root.path().join("control.sock");
        std::os::unix::fs::symlink(root.path(), root.path().join("link")).expect("link");
        let first = PluginLock::take(uid, &socket).expect("free");
        for same in [socket.clone(), root.path().join("link/control.sock")] {
            let pid = std::process::id().cast_signed();
            assert_eq!(PluginLock::take(uid, &same).expect_err("held"), Served { socket: same, pid });
        }
        PluginLock::take(uid, &root.path().join("other.sock")).expect("another plugin");
        drop(first);
        PluginLock::take(uid, &socket).expect("free again");
    }

    #[test]
    fn a_name_that_another_user_holds_stops_nobody() {
        let root = tempfile::tempdir().expect("directory");
        let (socket, somebody) = (root.path().join("control.sock"), u32::MAX - 1);
        let address = SocketAddr::from_abstract_name(name(somebody, &socket)).expect("a name");
        let _squatter = UnixListener::bind_addr(&address).expect("bind");
        assert!(PluginLock::take(somebody, &socket).expect("goes on")._listener.is_none());
    }
}
