//! The data directory: closed to others, one owner, files replaced whole.

use std::{
    fs, io,
    io::Write as _,
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use rustix::{
    process::{Gid, Uid},
    thread,
};

/// Address on which `serve` listens, one line.
pub const ADDRESS_FILE: &str = "address";

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirError {
    /// It cannot be made or looked at.
    #[error("the data directory `{path}` cannot be used: {source}; is it the right one, and may this user use it?")]
    Io {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is missing, and the command does not make one.
    #[error("there is no data directory `{0}`; check `--data-dir`, or start `pullgate-service serve` first")]
    Missing(PathBuf),
    /// Something else is there.
    #[error("the data directory `{0}` is no directory; name another with `--data-dir`")]
    NotADirectory(PathBuf),
    /// Another user's.
    #[error(
        "the data directory `{path}` belongs to uid {owner}, and this is uid {uid}; \
         run the command as root, or as that user"
    )]
    Foreign {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who runs this.
        uid: u32,
    },
    /// Root cannot go on as its owner.
    #[error("the data directory `{path}` belongs to uid {owner}, and root cannot become that user: {source}")]
    Become {
        /// The directory.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Why.
        source: io::Error,
    },
    /// Others can look into it.
    #[error("the data directory `{path}` is open to others (mode {mode:04o}); run `chmod 0700 {path}`")]
    Open {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A file in it cannot be written.
    #[error("`{path}` cannot be written: {source}; is there room, and may this user write there?")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A checked data directory.
#[derive(Clone, Debug)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// Checks the directory, and makes it with mode 0700 when `create`.
    ///
    /// # Errors
    /// [`DataDirError`].
    pub fn open(path: &Path, create: bool) -> Result<Self, DataDirError> {
        let failed = |source| DataDirError::Io { path: path.to_owned(), source };
        if create {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|source| {
                if path.exists() { DataDirError::NotADirectory(path.to_owned()) } else { failed(source) }
            })?;
        } else if !path.exists() {
            return Err(DataDirError::Missing(path.to_owned()));
        }
        // Absolute, because it is printed into enrollment files.
        let path = fs::canonicalize(path).map_err(failed)?;
        let metadata = fs::metadata(&path).map_err(failed)?;
        if !metadata.is_dir() {
            return Err(DataDirError::NotADirectory(path));
        }
        let uid = rustix::process::geteuid().as_raw();
        if metadata.uid() != uid {
            return Err(DataDirError::Foreign { path, owner: metadata.uid(), uid });
        }
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            // An empty one was made for us; of a full one we do not know what else uses it.
            let empty = fs::read_dir(&path).map_err(failed)?.next().is_none();
            if !empty {
                return Err(DataDirError::Open { path, mode });
            }
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).map_err(failed)?;
        }
        Ok(Self(path))
    }

    /// Root goes on as whoever owns the directory, so that what it makes there is the service's own. Everybody else, and
    /// where there is no directory yet, stays who they are. For a process with one thread: others keep their user.
    ///
    /// # Errors
    /// [`DataDirError::Become`].
    pub fn act_as_owner(path: &Path) -> Result<(), DataDirError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(());
        }
        // Whoever could put a link in the place of root's directory is root.
        let Ok(metadata) = fs::metadata(path) else { return Ok(()) };
        let (user, group) = (Uid::from_raw(metadata.uid()), Gid::from_raw(metadata.gid()));
        if user.is_root() || !metadata.is_dir() {
            return Ok(());
        }
        let become_owner = || {
            thread::set_thread_groups(&[])?;
            thread::set_thread_res_gid(group, group, group)?;
            thread::set_thread_res_uid(user, user, user)
        };
        become_owner().map_err(|error| DataDirError::Become {
            path: path.to_owned(),
            owner: metadata.uid(),
            source: error.into(),
        })
    }

    /// The directory's absolute path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Replaces a file whole: written beside, synced, renamed.
    ///
    /// # Errors
    /// [`DataDirError::Write`]; the old file is there then.
    pub fn replace(&self, name: &str, content: &[u8], mode: u32) -> Result<PathBuf, DataDirError> {
        let path = self.0.join(name);
        let beside = self.0.join(format!(".{name}.{}", std::process::id()));
        let written = (|| {
            write_synced(&beside, content, mode)?;
            fs::rename(&beside, &path)?;
            fs::File::open(&self.0)?.sync_all()
        })();
        match written {
            Ok(()) => Ok(path),
            Err(source) => {
                drop(fs::remove_file(&beside));
                Err(DataDirError::Write { path, source })
            }
        }
    }

    /// Makes a file that must not be there yet; false: it is there, untouched.
    ///
    /// # Errors
    /// [`DataDirError::Write`].
    pub fn create_new(&self, name: &str, content: &[u8], mode: u32) -> Result<bool, DataDirError> {
        let path = self.0.join(name);
        let beside = self.0.join(format!(".{name}.{}", std::process::id()));
        let written = (|| {
            write_synced(&beside, content, mode)?;
            // A link, unlike a rename, never replaces.
            let linked = fs::hard_link(&beside, &path);
            fs::remove_file(&beside)?;
            match linked {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
                other => other.map(|()| true),
            }
        })();
        written.map_err(|source| {
            drop(fs::remove_file(&beside));
            DataDirError::Write { path, source }
        })
    }

    /// Removes a file, for good.
    ///
    /// # Errors
    /// [`DataDirError::Write`].
    pub fn remove(&self, name: &str) -> Result<(), DataDirError> {
        let path = self.0.join(name);
        let removed = fs::remove_file(&path).and_then(|()| fs::File::open(&self.0)?.sync_all());
        removed.map_err(|source| DataDirError::Write { path, source })
    }

    /// The right to say where the service listens, unless another process of it has it already.
    /// The file of a process that died is removed.
    ///
    /// # Errors
    /// [`DataDirError::Write`].
    pub fn address(&self) -> Result<AddressFile, DataDirError> {
        let path = self.0.join(".address.lock");
        let failed = |source| DataDirError::Write { path: path.clone(), source };
        let open = fs::File::options().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let lock = open.map_err(failed)?;
        let own = match lock.try_lock() {
            Ok(()) => true,
            Err(fs::TryLockError::WouldBlock) => false,
            Err(fs::TryLockError::Error(source)) => return Err(failed(source)),
        };
        if own {
            drop(fs::remove_file(self.0.join(ADDRESS_FILE)));
        }
        Ok(AddressFile { dir: self.clone(), lock: own.then_some(lock) })
    }
}

/// The address file of this process, removed on drop. Of several processes, the first has it.
pub struct AddressFile {
    dir: DataDir,
    lock: Option<fs::File>,
}

impl AddressFile {
    /// Says where this process listens. False: another one says where it does.
    ///
    /// # Errors
    /// [`DataDirError::Write`].
    pub fn write(&self, address: SocketAddr) -> Result<bool, DataDirError> {
        if self.lock.is_some() {
            self.dir.replace(ADDRESS_FILE, format!("{address}\n").as_bytes(), 0o644)?;
        }
        Ok(self.lock.is_some())
    }
}

impl Drop for AddressFile {
    fn drop(&mut self) {
        if self.lock.is_some() {
            drop(fs::remove_file(self.dir.0.join(ADDRESS_FILE)));
        }
    }
}

/// A whole file with this mode, whatever the umask is.
fn write_synced(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let mut file = fs::File::options().write(true).create(true).truncate(true).mode(mode).open(path)?;
    file.set_permissions(fs::Permissions::from_mode(mode))?;
    file.write_all(content)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_process_that_listens_first_removes_the_address() {
        let root = tempfile::tempdir().unwrap();
        let dir = DataDir::open(&root.path().join("d"), true).unwrap();
        let path = dir.path().join(ADDRESS_FILE);
        fs::write(&path, "of a process that died").unwrap();
        let first = dir.address().unwrap();
        assert!(!path.exists());
        assert!(first.write(([127, 0, 0, 1], 1).into()).unwrap());
        let second = dir.address().unwrap();
        assert!(!second.write(([127, 0, 0, 1], 2).into()).unwrap());
        drop(second);
        assert_eq!(fs::read_to_string(&path).unwrap(), "127.0.0.1:1\n");
        drop(first);
        assert!(!path.exists());
    }

    #[test]
    fn an_open_directory_is_closed_when_empty_and_refused_when_not() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("data");
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        DataDir::open(&path, false).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);

        fs::write(path.join("something"), "").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(matches!(DataDir::open(&path, true), Err(DataDirError::Open { mode: 0o755, .. })));
    }

    #[test]
    fn a_missing_directory_is_made_only_when_asked() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        assert!(matches!(DataDir::open(&path, false), Err(DataDirError::Missing(_))));
        DataDir::open(&path, true).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
        fs::write(root.path().join("file"), "").unwrap();
        assert!(matches!(DataDir::open(&root.path().join("file"), true), Err(DataDirError::NotADirectory(_))));
    }

    #[test]
    fn files_are_replaced_whole_and_made_once() {
        let root = tempfile::tempdir().unwrap();
        let dir = DataDir::open(&root.path().join("d"), true).unwrap();
        dir.replace("x", b"one", 0o600).unwrap();
        let path = dir.replace("x", b"two", 0o600).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert!(!dir.create_new("x", b"three", 0o600).unwrap());
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert!(dir.create_new("y", b"four", 0o600).unwrap());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "nothing is left beside");
    }
}
