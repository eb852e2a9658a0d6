//! One agent for one state directory.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, Read as _, Write as _},
    path::{Path, PathBuf},
};

use crate::os::files;

/// Held for as long as the process uses the directory. The kernel gives it up with the process.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Why the directory is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Somebody else has it.
    #[error(
        "another agent (process {pid}) already uses `{directory}`; stop it first, or give this one another --state-dir"
    )]
    Held {
        /// The state directory.
        directory: PathBuf,
        /// Its process id as text, or `unknown`: Windows lets nobody else read what is locked.
        pid: String,
    },
    /// The lock file cannot be used.
    #[error("the lock file `{path}` cannot be used")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Lock {
    /// Takes the directory, which exists.
    ///
    /// # Errors
    /// [`LockError`].
    pub fn take(directory: &Path) -> Result<Self, LockError> {
        let path = directory.join("agent.lock");
        let fail = |source: io::Error| LockError::Io { path: path.clone(), source };
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = files::private(&mut options).open(&path).map_err(fail)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                let _ = file.take(32).read_to_string(&mut pid);
                let pid = pid.trim().parse::<u32>().map_or_else(|_| "unknown".to_owned(), |pid| pid.to_string());
                return Err(LockError::Held { directory: directory.to_owned(), pid });
            }
            Err(TryLockError::Error(error)) => return Err(fail(error)),
        }
        // The id is for people: a full disk must not keep the agent from starting.
        let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_taker_reads_who_has_it() {
        let directory = tempfile::tempdir().expect("directory");
        let first = Lock::take(directory.path()).expect("free");
        let error = Lock::take(directory.path()).expect_err("held");
        let who = if cfg!(windows) { "unknown".to_owned() } else { std::process::id().to_string() };
        assert!(matches!(&error, LockError::Held { pid, .. } if *pid == who), "{error}");
        drop(first);
        Lock::take(directory.path()).expect("free again");
    }
}
