//! The state directory: sealed documents in force, the highest generations seen, this machine's id.
//!
//! One process owns it (a lock on `lock`). Files are written beside their place, synced and renamed;
//! the exact signed bytes are what is kept. Nothing here is trusted because it is here: documents
//! are verified again when they are read.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustix::{
    fs::{FlockOperation, flock},
    io::Errno,
};
use tracing::info;

const SEALED: &str = "sealed";
const GENERATIONS: &str = "generations.json";
const MACHINE_ID: &str = "machine-id";
const KEY_CHANGES: &str = "key-changes.json";
/// More documents than this are not read at the start: policies, sessions and directories of 64 organizations.
const MAX_DOCUMENTS: usize = 1024;
/// The largest sealed document, in bytes.
const MAX_DOCUMENT_BYTES: u64 = 8 << 20;
/// How often it is tried to take the directory.
const LOOK: Duration = Duration::from_millis(5);

/// Why the state directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// Another plugin runs with it.
    #[error("another pullgate-plugin uses `{0}`; stop it, or give this one its own --state-dir")]
    InUse(PathBuf),
    /// The system refuses.
    #[error("cannot {what} `{path}`")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A file of ours with content that is not ours.
    #[error(
        "`{0}` is damaged; move it away and restart pullgate-plugin, then the agent hands its documents over again"
    )]
    Damaged(PathBuf),
}

/// The highest generation seen of each document, by kind and subject; kept when a document goes.
pub type Generations = BTreeMap<String, u64>;

/// The owned directory.
#[derive(Debug)]
pub struct StateDir {
    path: PathBuf,
    _lock: File,
}

impl StateDir {
    /// Makes the directory where it is missing (mode 0700) and takes it for this process; one that another
    /// process has is waited for as long as `patience`.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn open(path: &Path, patience: Duration) -> Result<Self, StateError> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(io_error("make the directory", path))?;
        let sealed = path.join(SEALED);
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&sealed)
            .map_err(io_error("make the directory", &sealed))?;
        let lock_path = path.join("lock");
        let lock = fs::OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .mode(0o600)
            .open(&lock_path)
            .map_err(io_error("open", &lock_path))?;
        take(&lock, patience).map_err(|error| match error {
            Errno::WOULDBLOCK => StateError::InUse(path.to_owned()),
            error => StateError::Io { what: "lock", path: lock_path, source: error.into() },
        })?;
        Ok(Self { path: path.to_owned(), _lock: lock })
    }

    /// This machine's id: 32 hexadecimal digits, made at the first start.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn machine_id(&self) -> Result<String, StateError> {
        let path = self.path.join(MACHINE_ID);
        match fs::read_to_string(&path) {
            Ok(text) => {
                let id = text.trim();
                let good = id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit());
                if good { Ok(id.to_owned()) } else { Err(StateError::Damaged(path)) }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut bytes = [0_u8; 16];
                getrandom::fill(&mut bytes)
                    .map_err(|error| io_error("make a machine id for", &path)(io::Error::other(error.to_string())))?;
                let id: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                self.replace(MACHINE_ID, format!("{id}\n").as_bytes())?;
                Ok(id)
            }
            Err(source) => Err(StateError::Io { what: "read", path, source }),
        }
    }

    /// Every sealed document, by name. One that cannot be read has no bytes, so that it is missed like a damaged one.
    ///
    /// # Errors
    /// [`StateError`] when the directory itself cannot be read.
    pub fn documents(&self) -> Result<Vec<(String, Vec<u8>)>, StateError> {
        let sealed = self.path.join(SEALED);
        let mut found = Vec::new();
        for entry in fs::read_dir(&sealed).map_err(io_error("read", &sealed))?.take(MAX_DOCUMENTS) {
            let entry = entry.map_err(io_error("read", &sealed))?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            if name.starts_with('.') {
                // What a crash left beside its place.
                let _ = fs::remove_file(entry.path());
                continue;
            }
            match read_bounded(&entry.path(), MAX_DOCUMENT_BYTES) {
                Ok(bytes) => found.push((name, bytes)),
                Err(error) => {
                    tracing::warn!(file = name, %error, "a document cannot be read");
                    found.push((name, Vec::new()));
                }
            }
        }
        found.sort();
        Ok(found)
    }

    /// Whether there is a sealed document of this name; also where that cannot be told.
    #[must_use]
    pub fn has_document(&self, name: &str) -> bool {
        self.path.join(SEALED).join(name).try_exists().unwrap_or(true)
    }

    /// Writes a sealed document's exact bytes.
    ///
    /// # Errors
    /// [`StateError`]; the previous document is then still there.
    pub fn write_document(&self, name: &str, bytes: &[u8]) -> Result<(), StateError> {
        self.replace(&format!("{SEALED}/{name}"), bytes)
    }

    /// Removes a sealed document.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn remove_document(&self, name: &str) -> Result<(), StateError> {
        let path = self.path.join(SEALED).join(name);
        let gone = match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        };
        // Synced, so that a power cut does not bring it back.
        gone.and_then(|()| File::open(self.path.join(SEALED))?.sync_all()).map_err(io_error("remove", &path))
    }

    /// The highest generations seen.
    ///
    /// # Errors
    /// [`StateError`]; a damaged file is an error, since without it a document could go back.
    pub fn generations(&self) -> Result<Generations, StateError> {
        let path = self.path.join(GENERATIONS);
        match read_bounded(&path, MAX_DOCUMENT_BYTES) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| StateError::Damaged(path)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Generations::new()),
            Err(source) => Err(StateError::Io { what: "read", path, source }),
        }
    }

    /// Writes the highest generations seen.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn write_generations(&self, generations: &Generations) -> Result<(), StateError> {
        let path = self.path.join(GENERATIONS);
        let json = serde_json::to_vec_pretty(generations).map_err(|_| StateError::Damaged(path))?;
        self.replace(GENERATIONS, &json)
    }

    /// The changes of the service's keys that were followed here, exact bytes, the oldest first.
    ///
    /// # Errors
    /// [`StateError`]; a damaged file is an error, since without it a key that ended could come back.
    pub fn key_changes(&self) -> Result<Vec<Vec<u8>>, StateError> {
        let path = self.path.join(KEY_CHANGES);
        let texts: Vec<String> = match read_bounded(&path, MAX_DOCUMENT_BYTES) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| StateError::Damaged(path.clone()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(StateError::Io { what: "read", path, source }),
        };
        texts.iter().map(|text| STANDARD.decode(text).map_err(|_| StateError::Damaged(path.clone()))).collect()
    }

    /// Writes the changes that were followed.
    ///
    /// # Errors
    /// [`StateError`].
    pub fn write_key_changes(&self, changes: &[Vec<u8>]) -> Result<(), StateError> {
        let path = self.path.join(KEY_CHANGES);
        let texts: Vec<String> = changes.iter().map(|bytes| STANDARD.encode(bytes)).collect();
        let json = serde_json::to_vec_pretty(&texts).map_err(|_| StateError::Damaged(path))?;
        self.replace(KEY_CHANGES, &json)
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StateError> {
        replace_file(&self.path.join(name), bytes)
    }
}

/// Locks a file, once whoever has it is done.
fn take(lock: &File, patience: Duration) -> Result<(), Errno> {
    let start = Instant::now();
    let mut told = false;
    loop {
        match flock(lock, FlockOperation::NonBlockingLockExclusive) {
            // There is no lock with a time-out.
            Err(Errno::WOULDBLOCK) if start.elapsed() < patience => {
                if !std::mem::replace(&mut told, true) {
                    info!("waiting for the process before this one");
                }
                thread::sleep(LOOK);
            }
            taken => return taken,
        }
    }
}

/// Writes a file of the state directory: temporary file beside it, synced, renamed, directory synced.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let file_name = path.file_name().and_then(|name| name.to_str()).unwrap_or("file");
    let temporary = directory.join(format!(".{file_name}.new"));
    let write = || {
        let mut file = fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(&temporary)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&temporary, path)?;
        File::open(directory)?.sync_all()
    };
    write().map_err(|source| {
        let _ = fs::remove_file(&temporary);
        io_error("write", path)(source)
    })
}

/// Reads a regular file of at most `limit` bytes.
pub(crate) fn read_bounded(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {} MiB", limit >> 20)));
    }
    Ok(bytes)
}

fn io_error(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StateError {
    let path = path.to_owned();
    move |source| StateError::Io { what, path, source }
}
