//! Which file is the credentials file: the one of the docker command that the person uses.
//!
//! A docker command that was installed as a snap has a home of its own. Its file counts only where
//! there is no other: a file that a docker command left in the usual place is that command's last
//! word, and a sign-out there must not be undone by what a snap remembers.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::stamp::Stamp;

/// Where the snap keeps its file, in the home directory. `current` is a link that moves at each refresh.
const SNAP: &str = "snap/docker/current/.docker";
/// Docker's name for it.
const FILE: &str = "config.json";

/// The credentials file, wherever it is right now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    usual: PathBuf,
    snap: Option<PathBuf>,
    token: bool,
}

impl Place {
    /// In a directory that somebody named, which is then the only one.
    #[must_use]
    pub fn in_directory(directory: &Path) -> Self {
        Self { usual: directory.join(FILE), snap: None, token: false }
    }

    /// Where docker commands keep it in `home`.
    #[must_use]
    pub fn in_home(home: &Path) -> Self {
        Self { usual: home.join(".docker").join(FILE), snap: Some(home.join(SNAP).join(FILE)), token: false }
    }

    /// A file with one access token, instead of the Docker credentials.
    #[must_use]
    pub fn token_file(path: PathBuf) -> Self {
        Self { usual: path, snap: None, token: true }
    }

    /// True for a file with one access token.
    #[must_use]
    pub fn is_token_file(&self) -> bool {
        self.token
    }

    /// The file that counts now. Asks the file system.
    #[must_use]
    pub fn now(&self) -> &Path {
        // A link that leads nowhere is there: its target is yet to come.
        match &self.snap {
            Some(snap) if is_absent(&self.usual) && !is_absent(snap) => snap,
            _ => &self.usual,
        }
    }

    /// A file that is there and does not count.
    #[must_use]
    pub fn passed_over(&self) -> Option<&Path> {
        self.snap.as_deref().filter(|snap| !is_absent(snap) && self.now() != *snap)
    }

    /// Everywhere it could come to be.
    pub fn all(&self) -> impl Iterator<Item = &Path> {
        [Some(&self.usual), self.snap.as_ref()].into_iter().flatten().map(PathBuf::as_path)
    }

    /// The stamp of the file that counts now. Asks the file system.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        Stamp::of(self.now())
    }
}

fn is_absent(path: &Path) -> bool {
    matches!(fs::symlink_metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound)
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn the_snaps_file_counts_where_there_is_no_other() {
        let directory = tempfile::tempdir().expect("directory");
        let home = directory.path();
        let place = Place::in_home(home);
        let (usual, snap) = (home.join(".docker/config.json"), home.join(SNAP).join(FILE));
        assert_eq!(place.now(), usual, "neither is there");
        fs::create_dir_all(home.join("snap/docker/7/.docker")).expect("directory");
        symlink("7", home.join("snap/docker/current")).expect("link");
        fs::write(&snap, "{}").expect("write");
        assert_eq!(place.now(), snap);
        fs::create_dir(home.join(".docker")).expect("directory");
        assert_eq!(place.now(), snap, "a directory alone says nothing");
        symlink("/nowhere", &usual).expect("link");
        assert_eq!(place.now(), usual, "a link whose target is yet to come");
        fs::remove_file(&usual).expect("remove");
        fs::write(&usual, r#"{"auths":{}}"#).expect("write");
        assert_eq!(place.now(), usual, "signed out there");
        assert_eq!(place.passed_over(), Some(&*snap));
        assert_eq!(Place::in_directory(&home.join("x")).now(), home.join("x/config.json"));
    }
}
