//! What can go wrong with egress rules, each with the next step.

use std::{io, path::PathBuf, time::Duration};

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
    /// Another process has held the lock all the time.
    #[error(
        "another `pullgate egress` has been changing rules for {} s; look for it with `ps`, and try again", bound.as_secs()
    )]
    Busy {
        /// How long it was waited for.
        bound: Duration,
    },
    /// The file for the plugin.
    #[error(transparent)]
    State(#[from] proto::egress::EgressError),
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
    /// It is not there: the engine does not run, or runs elsewhere.
    #[error(
        "there is no control group `{dir}`, so no rule can know the engine: it does not run, or it is another service; \
         `systemctl show --property ControlGroup docker.service` says which, `--cgroup` takes it", dir = dir.display()
    )]
    NoCgroup {
        /// Its directory.
        dir: PathBuf,
    },
    /// The same for containers.
    #[error(
        "there is no control group `{dir}`, in which containers with the host's network are to be; \
         start that slice, or name another with `--container-cgroup`", dir = dir.display()
    )]
    NoContainerCgroup {
        /// Its directory.
        dir: PathBuf,
    },
    /// It was made anew again and again while the rules were loaded.
    #[error("the control group `{dir}` was made anew while rules were loaded for it; try again", dir = dir.display())]
    Restless {
        /// Its directory.
        dir: PathBuf,
    },
    /// Read back, the set does not hold the engine.
    #[error(
        "the rules were loaded, but for other control groups ({held}) than `{dir}` ({id}); \
         is another `/sys/fs/cgroup` mounted here?", dir = dir.display()
    )]
    OtherHeld {
        /// What the set has.
        held: String,
        /// The directory that was meant.
        dir: PathBuf,
        /// Its id.
        id: u64,
    },
    /// Not installed.
    #[error("`{program}` is not installed, and firewall rules need it; install the package `nftables`", program = program.display())]
    NoNft {
        /// The program.
        program: PathBuf,
    },
    /// It could not be run.
    #[error("`nft` could not be run: {source}")]
    Run {
        /// Why.
        source: io::Error,
    },
    /// It did not end.
    #[error("`nft` did not end within {} s; does another program hold the firewall's lock?", bound.as_secs())]
    Hung {
        /// How long it had.
        bound: Duration,
    },
    /// The kernel or `nft` does not know a kind of rule.
    #[error(
        "{feature} cannot be had: {said}; the rules need nftables 1.0 and a kernel from 5.13 with `{module}` \
         (`modprobe {module}` tells whether it has it)"
    )]
    Unsupported {
        /// The kind of rule.
        feature: &'static str,
        /// The kernel's module.
        module: &'static str,
        /// What `nft` said.
        said: String,
    },
    /// It refused what it was given, for another reason.
    #[error("`nft` refused the rules: {said}; `pullgate egress apply --dry-run` prints them")]
    Refused {
        /// What it said.
        said: String,
    },
    /// It printed something else than expected.
    #[error("`nft` printed what is not understood ({why}); is it nftables 1.0 or newer?")]
    Listing {
        /// What was missing.
        why: String,
    },
}
