//! What this process gives up before it answers the engine.
//!
//! It stays able to read the administrator's files and who owns a connection, and to write its state and
//! its sockets. It runs as root, so this is what stands between a fault in here and the machine: no program is
//! started, nothing else is written, and no connection is made to anybody, other sockets of this machine included.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

use proto::{
    chain,
    sandbox::{Calls, Fault, Files, keep_calls, keep_files},
};
use tracing::{info, warn};

use crate::config::Config;

/// Files that change by being replaced, so that their directories must be readable: the administrator's, Docker's,
/// and `/etc/passwd`. Processes, for who the engine is. Control groups, for whether the egress rules mean it.
const READABLE: [&str; 4] = ["/etc", "/usr/share", "/proc", "/sys/fs/cgroup"];

/// What the system does not enforce, once that is known.
#[derive(Debug, Clone, Default)]
pub struct Sandbox {
    faults: Arc<OnceLock<Vec<String>>>,
}

/// The first half: files. Threads that are there already would keep what they had.
#[derive(Debug)]
#[must_use = "system calls are to be given up as well"]
pub struct Begun {
    sandbox: Sandbox,
    files: Result<(), Fault>,
}

impl Sandbox {
    /// Gives up files.
    pub fn begin(config: &Config) -> Begun {
        let dir = |path: &Path| path.parent().unwrap_or(Path::new("/")).to_owned();
        let read = [&config.enrollment, &config.registry_json, &config.egress_file];
        let readable = READABLE.iter().map(PathBuf::from).chain(read.map(|path| dir(path))).collect();
        // A socket that systemd holds may be anywhere; its file is not this process's.
        let sockets =
            [&config.socket, &config.control_socket].map(|path| dir(path)).into_iter().filter(|dir| dir.exists());
        let state = Some(config.state_dir.clone()).filter(|dir| dir.is_dir());
        let writable = sockets.chain(state).collect();
        Begun { sandbox: Self::default(), files: keep_files(&Files { readable, writable, tcp: false }) }
    }

    /// For `status`; none before [`Begun::finish`].
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        self.faults.get().cloned().unwrap_or_default()
    }
}

impl Begun {
    /// What [`Begun::finish`] will know.
    #[must_use]
    pub fn sandbox(&self) -> Sandbox {
        self.sandbox.clone()
    }

    /// Gives up system calls, in all threads. From here on nobody is dialled.
    pub fn finish(self) {
        let faults: Vec<_> = [self.files, keep_calls(Calls::Local)].into_iter().filter_map(Result::err).collect();
        if faults.is_empty() {
            info!("in its sandbox");
        }
        let told = faults.iter().map(|fault| chain(fault)).inspect(|fault| warn!(fault, "the sandbox has a hole"));
        let _ = self.sandbox.faults.set(told.collect());
    }
}
