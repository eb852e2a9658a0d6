//! The files that say what is in place: `egress.json` for the plugin, and beside it what `check` and
//! `watch` compare with.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
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
/// INVARIANT: nobody but root can open it. Whoever can open a file or a directory, to read it, can lock it, and lock
/// it for good: the directory, where everybody finds the control socket, is none to lock.
const LOCK: &str = ".egress.lock";

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
    lock: PathBuf,
    _locked: File,
}

impl Record {
    /// Makes the directory where it is missing, and waits until nobody else changes rules.
    ///
    /// # Errors
    /// [`EgressError::Busy`], or what the file system says.
    pub async fn lock(state: &Path) -> Result<Self, EgressError> {
        let directory = state.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(directory).map_err(|source| EgressError::Write { path: directory.to_owned(), source })?;
        let lock = directory.join(LOCK);
        let wrong = |source| EgressError::Write { path: lock.clone(), source };
        let end = Instant::now() + WAIT;
        loop {
            let mut options = fs::OpenOptions::new();
            let file = options.write(true).create(true).truncate(false).mode(0o600).open(&lock).map_err(wrong)?;
            match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
                // Whoever had it may have removed it with the rest.
                Ok(()) if is_there(&file, &lock) => return Ok(Self { state: state.to_owned(), lock, _locked: file }),
                Ok(()) => {}
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

    /// Removes both, and what they were locked by. True when one was there.
    ///
    /// # Errors
    /// When the file system refuses.
    pub fn remove(&self) -> Result<bool, EgressError> {
        let loaded = loaded_path(&self.state);
        let were = self.state.exists() || loaded.exists();
        for path in [&self.state, &loaded, &self.lock] {
            remove(path)?;
        }
        Ok(were)
    }
}

fn is_there(file: &File, path: &Path) -> bool {
    let same = |one: fs::Metadata, other: fs::Metadata| (one.dev(), one.ino()) == (other.dev(), other.ino());
    fs::metadata(path).and_then(|there| Ok(same(there, file.metadata()?))).unwrap_or(false)
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// By a lock that they held for good, the rules would never be loaded for an engine that was started anew.
    #[tokio::test]
    async fn nobody_but_root_can_keep_the_rules_from_being_changed() {
        let directory = tempfile::tempdir().unwrap();
        let place = directory.path().join("run");
        let state = place.join("egress.json");
        drop(Record::lock(&state).await.unwrap());
        // What others could open, they could lock.
        let mut theirs = vec![File::open(&place).unwrap()];
        for entry in fs::read_dir(&place).unwrap() {
            let path = entry.unwrap().path();
            if fs::metadata(&path).unwrap().permissions().mode() & 0o077 != 0 {
                theirs.push(File::open(path).unwrap());
            }
        }
        for file in &theirs {
            rustix::fs::flock(file, FlockOperation::NonBlockingLockExclusive).unwrap();
        }
        let start = Instant::now();
        Record::lock(&state).await.unwrap();
        assert!(start.elapsed() < WAIT, "{:?}", start.elapsed());
    }

    #[tokio::test]
    async fn one_at_a_time_also_while_the_files_are_removed() {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("egress.json");
        let first = Record::lock(&state).await.unwrap();
        let second = tokio::spawn({
            let state = state.clone();
            async move { Record::lock(&state).await.unwrap() }
        });
        tokio::time::sleep(PAUSE * 4).await;
        assert!(!second.is_finished(), "it waits");
        assert!(!first.remove().unwrap(), "there was nothing");
        // A third one comes between: the second must not go on with a lock that nobody sees.
        let third = Record::lock(&state).await;
        assert!(third.is_ok() && !second.is_finished());
        drop((first, third));
        second.await.unwrap().remove().unwrap();
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}
