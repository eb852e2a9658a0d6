//! The journal of an installation: what is about to be changed is on the disk before it is.
//!
//! `/var/lib/pullgate-install` (root's, 0711) holds `journal.jsonl`, one line an entry, and in `backup/` (0700) the bytes
//! that were there before, named by their digest. Every file in it is closed to others but `disabled.json`. A journal without an end is one of a process that was killed;
//! whoever comes next undoes what is in it. Undoing twice is undoing once, so a kill meanwhile changes nothing.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::fs::FlockOperation;
use serde::{Deserialize, Serialize};

use super::files::{self, FileError};

/// Where it is.
pub const DIR: &str = "/var/lib/pullgate-install";
const MODE: u32 = 0o711;
const JOURNAL: &str = "journal.jsonl";
const BACKUP: &str = "backup";
/// A plan takes seconds, and a question to a person minutes: who comes meanwhile is told, and does not wait.
const WAIT: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(20);

/// Why the journal cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another command has it.
    #[error(
        "another `pullgate install`, `uninstall`, `disable` or `enable` is running (`pgrep -a pullgate` shows it); run this \
         again when it is done"
    )]
    Busy,
    /// What the system says.
    #[error("cannot {what} `{}`", .path.display())]
    System {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A backup.
    #[error(transparent)]
    File(#[from] FileError),
}

/// A file as it was, and as it is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saved {
    /// Where it is.
    pub path: PathBuf,
    /// Digest of the bytes that were there; none: there was no file.
    pub before: Option<String>,
    /// Mode of what was there.
    pub mode: u32,
    /// Digest of the bytes that are to be there; none: no file.
    pub after: Option<String>,
}

/// A unit as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitWas {
    /// Its name.
    pub name: String,
    /// Whether it started with the machine.
    pub enabled: bool,
    /// Whether it ran.
    pub active: bool,
}

/// How an engine comes to know its new settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Then {
    /// By SIGHUP.
    Reload,
    /// By a restart.
    Restart,
    /// At its next start: it does not run.
    Nothing,
}

/// Which engine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EngineName {
    /// The unit that starts it.
    pub unit: String,
    /// Where its API answers.
    pub socket: PathBuf,
    /// Its `daemon.json`.
    pub config_file: PathBuf,
}

/// What is changed; enough of it to change it back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum Change {
    /// Files of pullgate's own.
    Files {
        /// Which.
        files: Vec<Saved>,
    },
    /// Users that are not there yet.
    Users {
        /// Their names.
        names: Vec<String>,
    },
    /// A directory that is not there yet.
    Directory {
        /// Where.
        path: PathBuf,
    },
    /// Units of pullgate's own.
    Units {
        /// Which.
        units: Vec<UnitWas>,
    },
    /// The agent, for all users.
    Agent,
    /// An engine's settings, and how it comes to know them.
    Engine {
        /// Which.
        engine: EngineName,
        /// Its files.
        files: Vec<Saved>,
        /// How.
        then: Then,
        /// Whether the registry door is new to it.
        door: bool,
    },
}

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// Somebody begins.
    Begin {
        /// `install`, `uninstall` ...
        what: String,
        /// Of which version.
        version: String,
        /// When, in milliseconds since 1970.
        at_ms: i64,
    },
    /// This is about to be done.
    Intent {
        /// Its number.
        step: usize,
        /// What.
        #[serde(flatten)]
        change: Change,
    },
    /// It is done.
    Done {
        /// Its number.
        step: usize,
    },
    /// Nothing is left to do.
    End {
        /// `installed`, `undone` ...
        how: String,
    },
}

/// The journal, locked.
#[derive(Debug)]
pub struct Journal {
    dir: PathBuf,
    _lock: File,
}

impl Journal {
    /// Makes its directory where it is missing, and keeps everybody else out.
    ///
    /// # Errors
    /// [`JournalError::Busy`], or what the system says.
    pub fn lock(root: &Path) -> Result<Self, JournalError> {
        let dir = root.join(DIR.trim_start_matches('/'));
        let wrong = |what, path: &Path| {
            let path = path.to_owned();
            move |source| JournalError::System { what, path, source }
        };
        let backup = dir.join(BACKUP);
        let end = Instant::now() + WAIT;
        loop {
            make_directory(&dir).map_err(wrong("make", &dir))?;
            match DirBuilder::new().mode(0o700).create(&backup) {
                // `uninstall --purge` has just taken it away.
                Err(error) if error.kind() == io::ErrorKind::NotFound && Instant::now() < end => continue,
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(wrong("make", &backup)(error));
                }
                _ => {}
            }
            let lock = File::open(&dir).map_err(wrong("open", &dir))?;
            match rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive) {
                // Whoever had it may have taken the directory away: then this is a lock on nothing.
                Ok(()) if is_same(&lock, &backup) => return Ok(Self { dir, _lock: lock }),
                Ok(()) | Err(rustix::io::Errno::WOULDBLOCK) if Instant::now() < end => std::thread::sleep(PAUSE),
                Ok(()) | Err(rustix::io::Errno::WOULDBLOCK) => return Err(JournalError::Busy),
                Err(error) => return Err(wrong("lock", &dir)(error.into())),
            }
        }
    }

    /// The directory, for what else is kept there.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Changes without an end: those of a process that was killed. Empty: nobody was.
    ///
    /// # Errors
    /// When it cannot be read.
    pub fn interrupted(&self) -> Result<Vec<Change>, JournalError> {
        let path = self.dir.join(JOURNAL);
        let text = files::read(&path)?.unwrap_or_default();
        // A line may be a half, of a process that was killed or a disk that was full: what it was to announce has not
        // begun. The next one starts on a line of its own.
        let text = String::from_utf8_lossy(&text);
        let entries = text.lines().filter_map(|line| serde_json::from_str::<Entry>(line).ok());
        let mut open = Vec::new();
        for entry in entries {
            match entry {
                Entry::Begin { .. } | Entry::Done { .. } => {}
                Entry::Intent { change, .. } => open.push(change),
                Entry::End { .. } => open.clear(),
            }
        }
        Ok(open)
    }

    /// Begins anew; what was in it has ended.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn begin(&self, what: &str, at_ms: i64) -> Result<(), JournalError> {
        let path = self.dir.join(JOURNAL);
        let _ = fs::remove_file(&path);
        let version = env!("CARGO_PKG_VERSION").to_owned();
        self.write(&Entry::Begin { what: what.to_owned(), version, at_ms })?;
        Ok(files::sync(&self.dir)?)
    }

    /// Appends a line, and comes back when it is on the disk.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn write(&self, entry: &Entry) -> Result<(), JournalError> {
        let path = self.dir.join(JOURNAL);
        let wrong = |source| JournalError::System { what: "write", path: path.clone(), source };
        let mut line = serde_json::to_vec(entry).map_err(|error| wrong(error.into()))?;
        line.push(b'\n');
        if files::read(&path)?.is_some_and(|text| !text.is_empty() && !text.ends_with(b"\n")) {
            line.insert(0, b'\n');
        }
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(&path).map_err(wrong)?;
        file.write_all(&line).map_err(wrong)?;
        file.sync_all().map_err(wrong)
    }

    /// Keeps bytes under their digest.
    ///
    /// # Errors
    /// [`JournalError`].
    pub fn back_up(&self, bytes: &[u8]) -> Result<String, JournalError> {
        let name = files::sha256(bytes);
        let path = self.dir.join(BACKUP).join(&name);
        let there = files::read(&path)?;
        if there.as_deref() != Some(bytes) {
            files::replace(&path, there.as_deref(), bytes, 0o600)?;
        }
        Ok(name)
    }

    /// Bytes that were kept; none: they are gone, or are others.
    #[must_use]
    pub fn backed_up(&self, name: &str) -> Option<Vec<u8>> {
        kept_in(&self.dir, name)
    }
}

/// The same for who only looks.
#[must_use]
pub fn backed_up(root: &Path, name: &str) -> Option<Vec<u8>> {
    kept_in(&root.join(DIR.trim_start_matches('/')), name)
}

fn kept_in(dir: &Path, name: &str) -> Option<Vec<u8>> {
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = is_name.then(|| files::read(&dir.join(BACKUP).join(name)).ok().flatten()).flatten()?;
    (files::sha256(&bytes) == name).then_some(bytes)
}

/// Makes the directory, for root to write and for others to open what in it is for them.
///
/// # Errors
/// What the system says.
pub fn make_directory(dir: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(MODE).create(dir)?;
    if fs::symlink_metadata(dir)?.permissions().mode() & 0o777 != MODE {
        fs::set_permissions(dir, fs::Permissions::from_mode(MODE))?;
    }
    Ok(())
}

/// Whether this is still the directory that `inside` is in.
fn is_same(lock: &File, inside: &Path) -> bool {
    let there = inside.parent().and_then(|dir| fs::metadata(dir).ok());
    let held = lock.metadata().ok();
    there.zip(held).is_some_and(|(there, held)| (there.dev(), there.ino()) == (held.dev(), held.ino()))
        && inside.is_dir()
}

#[cfg(test)]
mod tests;
