//! What `pullgate egress` last put in place for the engine: root writes it, the plugin reads it.
//!
//! ```json
//! { "cgroup": "/sys/fs/cgroup/system.slice/docker.service", "cgroupId": 4711, "containers": false, "beat": 86400000 }
//! ```
//! A firewall rule on a control group holds its id, not its path: a directory that was made anew under
//! the same path is another group, and the rule matches nothing. On Linux the inode of a directory of
//! cgroup v2 is the group's id, so that anybody can see whether the rule still means the engine.
//!
//! What nobody can see without being root is whether somebody flushed the firewall. `pullgate egress watch` looks,
//! and each time that it found everything in place it says so again (`beat`): a claim that is not renewed is none.

use std::{
    fs,
    io::{self, Write as _},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::trusted_file::{self, FileError};

/// How often a claim is renewed.
pub const BEAT: Duration = Duration::from_secs(10);
/// How old a claim may become: three beats that failed, and some time to look.
pub const SILENCE: Duration = Duration::from_secs(35);

/// The file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rules {
    /// Directory of the engine's control group, absolute.
    pub cgroup: PathBuf,
    /// Its id when the rules were loaded.
    pub cgroup_id: u64,
    /// Containers are kept from registries too.
    pub containers: bool,
    /// What the engine may dial by itself by the administrator's word: a registry there is not judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exceptions: Vec<SocketAddr>,
    /// When they were last seen in place ([`beat`]).
    #[serde(default)]
    pub beat: u64,
}

/// This moment, for [`Rules::beat`]: milliseconds of the machine's clock that only runs while it runs. Nobody sets it, it
/// begins anew with each boot as the file's directory does, and who sleeps for a night has missed no beat.
#[must_use]
pub fn beat() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    let (seconds, nanos) = (u64::try_from(now.tv_sec).unwrap_or(0), u64::try_from(now.tv_nsec).unwrap_or(0));
    seconds.saturating_mul(1000).saturating_add(nanos / 1_000_000)
}

/// What one look at the file showed.
#[derive(Debug)]
pub struct Egress {
    /// Containers are kept from registries, as far as the file says; also where the engine's rules are dead,
    /// since theirs are others.
    pub containers: bool,
    /// Why the engine's rules are not in place, or are not known to be; none: they are.
    pub fault: Option<EgressError>,
    /// What the engine may dial by itself, as far as the file says.
    pub exceptions: Vec<SocketAddr>,
}

/// Why the engine's egress rules are not in place.
#[derive(Debug, thiserror::Error)]
pub enum EgressError {
    /// Nobody put any in place since the machine started, or they were taken away.
    #[error("there are no egress rules (no `{0}`); put them in place with `pullgate egress apply`")]
    Missing(PathBuf),
    /// The file cannot be read, or is not root's alone.
    #[error(transparent)]
    File(FileError),
    /// Not the JSON above.
    #[error("`{path}` is not valid ({source}); write it anew with `pullgate egress apply`")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A value that cannot be meant.
    #[error("`{path}` is not valid: `cgroup` is `{}`, which is no absolute path; write it anew with `pullgate egress apply`", cgroup.display())]
    NotAbsolute {
        /// The file.
        path: PathBuf,
        /// What it says.
        cgroup: PathBuf,
    },
    /// The engine's control group cannot be looked at; while the engine is down, there is none.
    #[error("the engine's control group `{}` is not there ({source}), so no egress rule means it; start the engine", cgroup.display())]
    NoGroup {
        /// Its directory.
        cgroup: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The engine was started anew, and the rules were not.
    #[error(
        "the engine's control group `{}` was made anew (it is {found}, the egress rules were loaded for {loaded}); load them anew with `pullgate egress apply`", cgroup.display()
    )]
    OtherGroup {
        /// Its directory.
        cgroup: PathBuf,
        /// Its id.
        found: u64,
        /// The id in the rules.
        loaded: u64,
    },
    /// Nobody says any more that they are in place.
    #[error(
        "nobody keeps the egress rules: for {} s nothing was heard of `pullgate egress watch`; start it (`systemctl start pullgate-egress`)", SILENCE.as_secs()
    )]
    Unkept,
    /// The file cannot be written.
    #[error("cannot write `{path}`")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
}

impl Egress {
    /// Reads the file and looks at the engine's control group.
    #[must_use]
    pub fn look(path: &Path) -> Self {
        match read(path) {
            Ok(rules) => {
                Self { containers: rules.containers, fault: rules.check().err(), exceptions: rules.exceptions }
            }
            Err(fault) => Self { containers: false, fault: Some(fault), exceptions: Vec::new() },
        }
    }
}

impl Rules {
    /// Whether they still mean the engine's control group, and somebody says that they are there.
    ///
    /// # Errors
    /// [`EgressError::NoGroup`], [`EgressError::OtherGroup`], [`EgressError::Unkept`].
    pub fn check(&self) -> Result<(), EgressError> {
        let cgroup = || self.cgroup.clone();
        match cgroup_id(&self.cgroup) {
            Ok(found) if found == self.cgroup_id && self.is_kept(beat()) => Ok(()),
            Ok(found) if found == self.cgroup_id => Err(EgressError::Unkept),
            Ok(found) => Err(EgressError::OtherGroup { cgroup: cgroup(), found, loaded: self.cgroup_id }),
            Err(source) => Err(EgressError::NoGroup { cgroup: cgroup(), source }),
        }
    }

    /// A beat of another boot, which this one has not reached, is none either.
    fn is_kept(&self, now: u64) -> bool {
        now.checked_sub(self.beat).is_some_and(|age| u128::from(age) <= SILENCE.as_millis())
    }

    /// The same claim, made now.
    #[must_use]
    pub fn renewed(&self) -> Self {
        Self { beat: beat(), ..self.clone() }
    }

    /// Whether both claim the same, whenever.
    #[must_use]
    pub fn claims_the_same(&self, other: &Self) -> bool {
        Self { beat: other.beat, ..self.clone() } == *other
    }

    /// Replaces the file: temporary file beside it, synced, renamed. Everybody may read it.
    /// Makes its directory where it is missing.
    ///
    /// # Errors
    /// [`EgressError::Write`]; what was there before is then still there.
    pub fn write(&self, path: &Path) -> Result<(), EgressError> {
        let write = || {
            let directory = path.parent().unwrap_or(Path::new("/"));
            fs::DirBuilder::new().recursive(true).mode(0o755).create(directory)?;
            let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("egress.json");
            let temporary = directory.join(format!(".{name}.new"));
            // What a killed process left.
            let _ = fs::remove_file(&temporary);
            let mut file = fs::OpenOptions::new().create_new(true).write(true).mode(0o644).open(&temporary)?;
            // The caller's umask may be tighter.
            file.set_permissions(fs::Permissions::from_mode(0o644))?;
            serde_json::to_writer(&file, self)?;
            file.write_all(b"\n")?;
            file.sync_all()?;
            fs::rename(&temporary, path)
        };
        write().map_err(|source| EgressError::Write { path: path.to_owned(), source })
    }
}

/// Reads the file.
///
/// # Errors
/// [`EgressError`].
pub fn read(path: &Path) -> Result<Rules, EgressError> {
    let text = trusted_file::read(path).map_err(|error| match error {
        FileError::Missing(path) => EgressError::Missing(path),
        error => EgressError::File(error),
    })?;
    let rules: Rules =
        serde_json::from_slice(&text).map_err(|source| EgressError::Parse { path: path.to_owned(), source })?;
    if !rules.cgroup.is_absolute() {
        return Err(EgressError::NotAbsolute { path: path.to_owned(), cgroup: rules.cgroup });
    }
    Ok(rules)
}

/// The id of a control group (cgroup v2) at this moment.
///
/// # Errors
/// What the system says; `NotADirectory` where the path is none.
pub fn cgroup_id(directory: &Path) -> io::Result<u64> {
    let metadata = fs::symlink_metadata(directory)?;
    if metadata.is_dir() { Ok(metadata.ino()) } else { Err(io::ErrorKind::NotADirectory.into()) }
}

#[cfg(test)]
mod tests;
