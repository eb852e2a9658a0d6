//! Why nothing is planned: each with what to do about it.

use std::path::PathBuf;

use proto::paths;

use crate::engine_config::Refusal;

/// Why nothing is planned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// Somebody who may not.
    #[error("only root may change an engine's settings; run it with `sudo`")]
    NotRoot,
    /// Somebody who may not, and wants something taken back.
    #[error("only root can take an install back; run it with `sudo`")]
    NotRootToUndo,
    /// Nothing would keep the plugin running.
    #[error(
        "this machine was not started by systemd, so nothing would keep the plugin running; `pullgate engine-config` prints \
         what belongs into the engine's file, once a supervisor of your own starts `pullgate-plugin` before the engine"
    )]
    NoSystemd,
    /// Not everything is there.
    #[error("there is no `{}`; build all programs, or install the package", .0.display())]
    NoProgram(PathBuf),
    /// Nothing to install in front of.
    #[error("no Docker Engine was found on this machine{others}; install one first")]
    NoEngine {
        /// What was found instead, with a leading `; `; may be empty.
        others: String,
    },
    /// None of that name.
    #[error("there is no engine `{name}`; found: {known}")]
    UnknownEngine {
        /// As given.
        name: String,
        /// Those that there are.
        known: String,
    },
    /// One that would go past everything.
    #[error("{engine} cannot be governed: {why}{}", leave(other.as_deref()))]
    Ungoverned {
        /// Which.
        engine: String,
        /// Why.
        why: String,
        /// The unit of one that can.
        other: Option<String>,
    },
    /// A registry door was asked for.
    #[error("there can be no registry door: {0}; `--no-door` installs without it, and then builds are not judged")]
    NoDoor(NoDoor),
    /// Rules that nobody could load.
    #[error(
        "there is no `nft`, which loads the egress rules: without them what an engine fetches from loopback addresses goes past the \
         registry door. Install the package `nftables` and run this again, or install with `--no-door`"
    )]
    NoNft,
    /// Copies of an earlier installation without a package, which would count before the package's.
    #[error(
        "`{}` is of an installation without a package, and counts before the package's: `/usr/bin/pullgate uninstall` takes that \
         away, then run this again", .0.display()
    )]
    CopiesThere(PathBuf),
    /// A package, before whose programs and units the copies would count, also after its upgrades.
    #[error(
        "the package `pullgate` is installed (`{}`), and copies of these programs would count before it; use `/usr/bin/pullgate \
         install`, or remove the package first", .0.display()
    )]
    PackageThere(PathBuf),
    /// An engine that is down already.
    #[error("`{unit}` does not run as it is ({why}); {}", repair(unit, *waits))]
    Broken {
        /// Its unit.
        unit: String,
        /// What is wrong.
        why: String,
        /// Whether its settings name the plugin.
        waits: bool,
    },
    /// A file that nobody can edit.
    #[error("`{}` is left as it is: {refusal}", .path.display())]
    FileLeft {
        /// The file.
        path: PathBuf,
        /// Why.
        refusal: Refusal,
    },
    /// A file that cannot be written.
    #[error("`{}` cannot be written: {why}", .path.display())]
    Locked {
        /// The file.
        path: PathBuf,
        /// Why.
        why: Locked,
    },
    /// Plugins that are named where nothing can be moved from.
    #[error(
        "a flag names the plugin {plugins}, and it is not in the unit's `ExecStart=`: take `--authorization-plugin` out of the \
         environment file of `{unit}`, and put the plugin into `{}`", .path.display()
    )]
    FlagElsewhere {
        /// Their names.
        plugins: String,
        /// The engine's unit.
        unit: String,
        /// The engine's file.
        path: PathBuf,
    },
    /// A proxy where the registry door belongs, and not one that the door could go through.
    #[error(
        "`{unit}` has a proxy where the registry door belongs, and the door cannot take it over: {why}; write the proxy that \
         it should go through as `upstreamProxy` into `{settings}` and run this again, or install with `--no-door`",
        settings = paths::DOOR_SETTINGS
    )]
    Proxy {
        /// The engine's unit.
        unit: String,
        /// Why not, without what may be a password.
        why: String,
    },
    /// Two engines, and each has a proxy of its own.
    #[error(
        "`{unit}` has another proxy than the engine before it, and the registry door goes through one: write it as \
         `upstreamProxy` into `{settings}` and run this again",
        settings = paths::DOOR_SETTINGS
    )]
    TwoProxies {
        /// The second engine's unit.
        unit: String,
    },
    /// An enrollment file that is there and says nothing.
    #[error("{0}; correct it, or give one with `--enrollment FILE`")]
    Enrollment(String),
    /// What was asked for cannot be had later.
    #[error("`{0}` names plugins by a flag, which only a restart can take back; leave `--restart-later` out")]
    NeedsRestart(String),
}

/// Why there can be no registry door.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoDoor {
    /// The rules could not tell the engine.
    #[error("this machine has no control groups of version 2, by which the egress rules know the engine")]
    NoControlGroups,
    /// Somebody else is there.
    #[error("something else listens on port {0} of 127.0.0.1 (`ss -ltnp` says what)")]
    PortTaken(u16),
}

/// Why a file cannot be replaced.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Locked {
    /// Of the file system.
    #[error("its file system is read-only")]
    ReadOnly,
    /// Of the file, or its directory.
    #[error("`{0}` is immutable; `chattr -i {0}` undoes that")]
    Immutable(PathBuf),
    /// Written to, it would be a link no more.
    #[error("it is a symbolic link to `{}`, and that cannot be followed ({why})", .target.display())]
    Link {
        /// Where it leads.
        target: PathBuf,
        /// Why it cannot be followed.
        why: String,
    },
}

fn leave(other: Option<&str>) -> String {
    let left = |unit| format!("; `--engine {unit}` leaves it alone, and what it fetches is not judged");
    other.map(left).unwrap_or_default()
}

fn repair(unit: &str, waits: bool) -> String {
    match waits {
        true => "if it waits for the plugin, `pullgate disable --for 1h` gets it back, and then this works".to_owned(),
        false => format!("`systemctl status {unit}` says why, repair that first"),
    }
}
