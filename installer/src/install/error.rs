//! Why the machine is not changed, or not changed back.

use std::{io, path::PathBuf};

use super::{files::FileError, prove::ProofError};
use crate::{engine_config, systemd::SystemdError};

/// Why something of the machine is not changed, or not changed back.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// A file.
    #[error(transparent)]
    File(#[from] FileError),
    /// A unit.
    #[error(transparent)]
    Systemd(#[from] SystemdError),
    /// Pullgate itself does not answer.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// An engine's file that nobody can edit.
    #[error("`{}` is left as it is: {refusal}", .path.display())]
    Edit {
        /// The file.
        path: PathBuf,
        /// Why.
        refusal: engine_config::Refusal,
    },
    /// An engine is not as it should be now.
    #[error("`{unit}`: {why}; `journalctl -u {unit}` says more")]
    Engine {
        /// Its unit.
        unit: String,
        /// What it does not do.
        why: ProofError,
    },
    /// A file that somebody else wrote since.
    #[error("`{}` was changed by somebody else since, and stays as it is", .0.display())]
    Changed(PathBuf),
    /// What was there before is lost.
    #[error("`{}` stays as it is: the backup of what was there before is gone", .0.display())]
    NoBackup(PathBuf),
    /// Firewall rules that stay.
    #[error("the egress rules stay: {0}")]
    Egress(SystemdError),
    /// A user that stays.
    #[error("the user `{name}` stays: {why}")]
    User {
        /// Its name.
        name: String,
        /// Why.
        why: SystemdError,
    },
    /// A directory that a journal names and that is none of pullgate's.
    #[error("`{}` is no directory of pullgate's own, and stays", .0.display())]
    NotOurs(PathBuf),
    /// What the system says.
    #[error("cannot {what} `{}`: {source}", .path.display())]
    System {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The running program is nowhere.
    #[error("cannot tell where this program is: {0}")]
    Program(io::Error),
}

impl ChangeError {
    /// About the engine of a unit.
    pub(crate) fn engine(unit: &str) -> impl FnOnce(ProofError) -> Self {
        let unit = unit.to_owned();
        move |why| Self::Engine { unit, why }
    }

    /// About a path.
    pub(crate) fn system(what: &'static str, path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::System { what, path, source }
    }
}
