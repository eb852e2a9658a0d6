//! The files that say what is in place: `egress.json` for the plugin, and beside it what `check` and
//! `watch` compare with.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use proto::egress;
use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use super::EgressError;

/// Another `pullgate egress` is done in milliseconds, unless `nft` hangs: it has ten seconds.
const WAIT: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(5);

/// What was loaded, as `nft` told it right after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Loaded {
    /// Chains, rules and sets without their elements.
    pub rules: String,
    /// Directory of the control group of containers, if they are confined.
    pub container_cgroup: Option<PathBuf>,
}

/// The files, locked.
#[derive(Debug)]
pub struct Record {
    state: PathBuf,
    // The lock is that of their directory: no file is left behind by it.
    _directory: File,
}

impl Record {
    /// Makes the directory where it is missing, and waits until nobody else changes rules.
    ///
    /// # Errors
    /// [`EgressError::Busy`], or what the file system says.
    pub async fn lock(state: &Path) -> Result<Self, EgressError> {
        let directory = state.parent().unwrap_or(Path::new("/"));
        let wrong = |source| EgressError::Write { path: directory.to_owned(), source };
        fs::create_dir_all(directory).map_err(wrong)?;
        let file = File::open(directory).map_err(wrong)?;
        let end = Instant::now() + WAIT;
        loop {
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(Self { state: state.to_owned(), _directory: file }),
                Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < end => tokio::time::sleep(PAUSE).await,
                Err(rustix::io::Errno::WOULDBLOCK) => return Err(EgressError::Busy { bound: WAIT }),
                Err(error) => return Err(wrong(error.into())),
            }
        }
    }

    /// Writes both; the plugin's last, since it is the claim.
    ///
    /// # Errors
    /// When the file system refuses. Then the plugin has no claim to believe.
    pub fn write(&self, rules: &egress::Rules, loaded: &Loaded) -> Result<(), EgressError> {
        let path = loaded_path(&self.state);
        let written = replace(&path, loaded).map_err(|source| EgressError::Write { path, source });
        let written = written.and_then(|()| Ok(rules.write(&self.state)?));
        if written.is_err() {
            let _ = fs::remove_file(&self.state);
        }
        written
    }

    /// Makes the same claim again, later.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn renew(&self, rules: &egress::Rules) -> Result<(), EgressError> {
        Ok(rules.write(&self.state)?)
    }

    /// Takes the claim back: the plugin then refuses what could go past the door.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn withdraw(&self) -> Result<(), EgressError> {
        remove(&self.state)
    }

    /// Removes both. True when one was there.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn remove(&self) -> Result<bool, EgressError> {
        let loaded = loaded_path(&self.state);
        let were = self.state.exists() || loaded.exists();
        remove(&self.state)?;
        remove(&loaded)?;
        Ok(were)
    }
}

/// What was loaded last; none: nothing, or it cannot be read.
#[must_use]
pub fn loaded(state: &Path) -> Option<Loaded> {
    serde_json::from_slice(&fs::read(loaded_path(state)).ok()?).ok()
}

/// `egress.rules` beside `egress.json`.
fn loaded_path(state: &Path) -> PathBuf {
    state.with_extension("rules")
}

fn replace(path: &Path, loaded: &Loaded) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("/"));
    let file = tempfile::Builder::new().prefix(".egress-").tempfile_in(directory)?;
    serde_json::to_writer(&file, loaded)?;
    file.as_file().sync_all()?;
    file.persist(path)?;
    Ok(())
}

fn remove(path: &Path) -> Result<(), EgressError> {
    match fs::remove_file(path) {
        Err(source) if source.kind() != io::ErrorKind::NotFound => {
            Err(EgressError::Write { path: path.to_owned(), source })
        }
        _ => Ok(()),
    }
}
