//! One agent for each user and plugin: two would take turns in replacing each other's session.

use std::{
    io,
    path::{Path, PathBuf},
};

use proto::agent::name;

use crate::compare::Socket;

#[cfg_attr(target_os = "linux", path = "plugin_lock/name.rs")]
#[cfg_attr(not(target_os = "linux"), path = "plugin_lock/file.rs")]
mod held;

/// Held for as long as the process runs; the kernel gives it up with the process. [`crate::compare`] answers on it,
/// where it is a socket.
#[derive(Debug)]
pub struct PluginLock {
    held: Option<held::Held>,
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
    /// The other agent; 0: the system does not say.
    pub pid: i32,
}

impl PluginLock {
    /// Takes it for this user and the plugin at this control socket.
    ///
    /// # Errors
    /// [`Served`]. Where it cannot be told whether there is another agent, the log says so and nothing fails.
    pub fn take(uid: u32, socket: &Path) -> Result<Self, Served> {
        match held::take(&name(uid, socket), uid) {
            Ok(held) => Ok(Self { held }),
            Err(pid) => Err(Served { socket: socket.to_owned(), pid }),
        }
    }
}

impl PluginLock {
    /// What it is held by, once more, for whoever answers there; none: it could not be taken, or is no socket.
    ///
    /// # Errors
    /// What the system says.
    pub fn listener(&self) -> io::Result<Option<Socket>> {
        self.held.as_ref().map_or(Ok(None), held::listener)
    }
}

#[cfg(all(test, unix))]
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
            let served = PluginLock::take(uid, &same).expect_err("held");
            assert_eq!(served, Served { socket: same, pid: std::process::id().cast_signed() });
        }
        PluginLock::take(uid, &root.path().join("other.sock")).expect("another plugin");
        drop(first);
        PluginLock::take(uid, &socket).expect("free again");
    }
}
