//! Listening sockets that the lab holds while the process behind them is replaced, as systemd's socket units do.

use std::{
    net::TcpListener,
    os::{
        fd::OwnedFd,
        unix::{fs::PermissionsExt as _, net::UnixListener},
    },
    path::Path,
    process::{Command, Stdio},
};

use super::{LabError, error::file, process::clean};

/// The first descriptors after the standard ones are made of these: a child has no others from its parent.
const MOST: usize = 3;
/// Descriptors 3 and on are the sockets (sd_listen_fds(3)), and the log is the output. `$1`: its file, `$2`: how many.
const HAND_OVER: &str = r#"
log=$1 count=$2
shift 2
case $count in
    1) exec 3<&0 ;;
    2) exec 3<&0 4<&1 ;;
    3) exec 3<&0 4<&1 5<&2 ;;
esac
exec </dev/null >>"$log" 2>&1
LISTEN_FDS=$count LISTEN_PID=$$ exec "$@"
"#;

/// At most three sockets, with their names.
#[derive(Debug, Default)]
pub struct Held(Vec<(&'static str, OwnedFd)>);

impl Held {
    /// Binds a Unix socket, and holds it under this name.
    ///
    /// # Errors
    /// When it cannot be bound.
    pub fn unix(&mut self, name: &'static str, path: &Path, mode: u32) -> Result<(), LabError> {
        let bound = UnixListener::bind(path).and_then(|socket| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
            Ok(socket)
        });
        self.0.push((name, bound.map_err(file("listen on", path))?.into()));
        Ok(())
    }

    /// Holds a TCP socket under this name.
    pub fn tcp(&mut self, name: &'static str, socket: TcpListener) {
        self.0.push((name, socket.into()));
    }

    /// `command` with copies of the sockets, and its streams.
    pub(super) fn hand_over(&self, command: &Command, log: &Path) -> Result<(Command, [Stdio; 3]), LabError> {
        let mut handed = clean("sh");
        handed.args(["-c", HAND_OVER, "pullgate-lab-held"]).arg(log).arg(self.0.len().min(MOST).to_string());
        handed.arg(command.get_program()).args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => handed.env(key, value),
                None => handed.env_remove(key),
            };
        }
        let names: Vec<&str> = self.0.iter().map(|(name, _)| *name).collect();
        handed.env("LISTEN_FDNAMES", names.join(":"));
        let mut streams = [Stdio::null(), Stdio::null(), Stdio::null()];
        for (stream, (_, socket)) in streams.iter_mut().zip(&self.0) {
            *stream = socket.try_clone().map_err(file("copy a descriptor for", log))?.into();
        }
        Ok((handed, streams))
    }
}
