//! What can go wrong with egress rules, each with the next step.

use std::{io, path::PathBuf};

/// Why rules could not be put in place, read or removed.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// Only root may.
    #[error("firewall rules are root's; run this with `sudo`")]
    NotRoot,
    /// A file could not be read.
    #[error("cannot read `{path}`", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file could not be written or removed.
    #[error("cannot write `{path}`", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No mount of type cgroup2.
    #[error(
        "no control groups of version 2 are mounted, and rules can know the engine by nothing else; \
         start the machine with systemd, or mount them: `mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified`"
    )]
    NoTree,
    /// No control group can have this path.
    #[error("the control group `{path}` cannot be meant: {why}", path = path.display())]
    Cgroup {
        /// As given.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}
