//! `PATH` with colons, modes that say what may run, and process groups.

use std::path::Path;

use tokio::process::{Child, Command};

/// When the environment has no `PATH`, as under some service managers.
pub(crate) const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Where programs are started: no directory of anybody.
pub(crate) const DIRECTORY: &str = "/";
/// What the name of a program may not hold behind `docker-credential-`.
pub(crate) const NOT_IN_NAMES: &[char] = &['/', '\\', '\0'];

/// The store that the Docker CLI uses by itself: `pass` where that program exists, else `secretservice`.
#[cfg(not(target_os = "macos"))]
pub(crate) fn default_store(is_there: impl Fn(&str) -> bool) -> &'static str {
    if is_there("pass") { "pass" } else { "secretservice" }
}

/// The store that the Docker CLI uses by itself.
#[cfg(target_os = "macos")]
pub(crate) fn default_store(_: impl Fn(&str) -> bool) -> &'static str {
    "osxkeychain"
}

pub(crate) fn is_executable(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

/// Has what is started lead a group of its own.
pub(crate) fn alone(command: &mut Command) -> &mut Command {
    command.process_group(0)
}

/// The processes of a helper. None is left behind, however its answer or the agent ends; a daemon that it
/// started, such as `gpg-agent`, has made a session of its own.
pub(crate) struct Group(Option<rustix::process::Pid>);

impl Group {
    /// Of a child that was started [`alone`].
    pub(crate) fn of(child: &Child) -> Self {
        Self(child.id().and_then(|pid| rustix::process::Pid::from_raw(pid.cast_signed())))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // While a member lives, the id is given to nobody else; a moment after the last one, to nobody yet.
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}
