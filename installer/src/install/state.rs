//! What is remembered of an installation: how engines were before it, and for how long it is disabled.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    files::{self, FileError, Owned},
    journal,
};
use crate::when::moment;

const INSTALLED: &str = "installed.json";
const DISABLED: &str = "disabled.json";

/// A file that somebody else had written, and what it says with pullgate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// Where it is.
    pub path: PathBuf,
    /// Digest of its bytes without pullgate, in `backup/`; none: there was no file.
    pub before: Option<String>,
    /// Digest of its bytes with pullgate.
    pub after: String,
    /// Whether it names the registry door.
    pub door: bool,
    /// The engine's flags at that time.
    pub flags: Vec<String>,
}

/// A file that pullgate wrote as a whole where others may write as well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// Where it is.
    pub path: PathBuf,
    /// Digest of what was there, in `backup/`; none: there was no file.
    pub before: Option<String>,
    /// User, group and mode of that.
    pub was: Option<(u32, u32, u32)>,
    /// Digest of what was written.
    pub after: String,
}

/// What was installed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    /// By which version.
    pub version: String,
    /// Engines' own files.
    pub originals: Vec<Original>,
    /// Files that go, or are as they were, when pullgate goes.
    #[serde(default)]
    pub written: Vec<Written>,
}

impl Installed {
    /// As it was written last; none: nothing was, or it is damaged, and then files are edited back.
    #[must_use]
    pub fn read(root: &Path) -> Option<Self> {
        read(root, INSTALLED)
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn write(&self, root: &Path) -> Result<(), FileError> {
        write(root, INSTALLED, self, 0o600)
    }

    /// Nothing is installed any more.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn forget(root: &Path) -> Result<(), FileError> {
        files::remove(&place(root, INSTALLED), None)
    }

    /// What there was before at `path`.
    #[must_use]
    pub fn original(&self, path: &Path) -> Option<&Original> {
        self.originals.iter().find(|original| original.path == path)
    }

    /// Takes note of a change; one of what was written by an installation itself leads further back.
    pub fn note(&mut self, path: &Path, before: Option<&[u8]>, after: &[u8], door: bool, flags: &[String]) {
        let now = before.map(files::sha256);
        let earlier = self.original(path).filter(|original| Some(&original.after) == now.as_ref()).cloned();
        self.originals.retain(|original| original.path != path);
        let (before, flags) = match earlier {
            Some(earlier) => (earlier.before, earlier.flags),
            None => (now, flags.to_vec()),
        };
        self.originals.push(Original { path: path.to_owned(), before, after: files::sha256(after), door, flags });
    }
}

impl Installed {
    /// What was written at `path`.
    #[must_use]
    pub fn written(&self, path: &Path) -> Option<&Written> {
        self.written.iter().find(|written| written.path == path)
    }

    /// Takes note of a file that was written; one that was written before leads further back.
    pub fn note_written(&mut self, path: &Path, before: Option<&[u8]>, was: Option<(u32, u32, u32)>, after: &[u8]) {
        let now = before.map(files::sha256);
        let earlier = self.written(path).filter(|written| Some(&written.after) == now.as_ref()).cloned();
        self.written.retain(|written| written.path != path);
        let (before, was) = earlier.map_or((now, was), |earlier| (earlier.before, earlier.was));
        self.written.push(Written { path: path.to_owned(), before, was, after: files::sha256(after) });
    }
}

/// For how long the engine does not ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disabled {
    /// Since when, in milliseconds since 1970.
    pub since_ms: i64,
    /// Until when.
    pub until_ms: i64,
    /// Why, in the words of whoever did it.
    pub reason: String,
    /// Who did it.
    pub by: String,
    /// Whether the registry door was taken out too.
    pub door: bool,
}

impl Disabled {
    /// None: it is not disabled.
    #[must_use]
    pub fn read(root: &Path) -> Option<Self> {
        read(root, DISABLED)
    }

    /// Writes it.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn write(&self, root: &Path) -> Result<(), FileError> {
        // Whoever wonders why nothing is judged may know it.
        write(root, DISABLED, self, 0o644)
    }

    /// It is over.
    ///
    /// # Errors
    /// [`FileError`].
    pub fn forget(root: &Path) -> Result<(), FileError> {
        files::remove(&place(root, DISABLED), None)
    }

    /// `until 2026-11-26 14:00 UTC, by root: testing`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let reason = if self.reason.is_empty() { String::new() } else { format!(": {}", self.reason) };
        format!("until {}, by {}{reason}", moment(self.until_ms), self.by)
    }
}

fn place(root: &Path, name: &str) -> PathBuf {
    root.join(journal::DIR.trim_start_matches('/')).join(name)
}

fn read<T: DeserializeOwned>(root: &Path, name: &str) -> Option<T> {
    serde_json::from_slice(&fs::read(place(root, name)).ok()?).ok()
}

fn write<T: Serialize>(root: &Path, name: &str, value: &T, mode: u32) -> Result<(), FileError> {
    let path = place(root, name);
    if let Some(directory) = path.parent() {
        let wrong = |source| FileError::System { what: "make", path: directory.to_owned(), hint: "", source };
        journal::make_directory(directory).map_err(wrong)?;
    }
    let mut bytes = serde_json::to_vec_pretty(value).unwrap_or_default();
    bytes.push(b'\n');
    files::replace_own(&path, files::read(&path)?.as_deref(), &bytes, Owned::root(mode))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_before_an_installation_is_found_through_every_later_one() {
        let path = Path::new("/etc/docker/daemon.json");
        let mut installed = Installed::default();
        let before = |installed: &Installed| installed.original(path).and_then(|original| original.before.clone());
        installed.note(path, Some(b"theirs"), b"ours", false, &["--a".to_owned()]);
        installed.note(path, Some(b"ours"), b"ours, with the door", true, &[]);
        assert_eq!(before(&installed), Some(files::sha256(b"theirs")));
        let original = installed.original(path).unwrap();
        assert_eq!((original.door, original.flags.as_slice()), (true, &["--a".to_owned()][..]));
        // Edited by somebody in between: what was before that edit is of no use any more.
        installed.note(path, Some(b"edited since"), b"ours again", true, &[]);
        assert_eq!(before(&installed), Some(files::sha256(b"edited since")));
        installed.note(path, None, b"ours once more", true, &[]);
        assert_eq!(before(&installed), None);
    }

    #[test]
    fn what_was_before_a_written_file_is_found_through_every_later_one() {
        let path = Path::new("/etc/pullgate/proxy.json");
        let mut installed = Installed::default();
        let was = Some((0, 7, 0o600));
        installed.note_written(path, Some(b"theirs"), was, b"ours");
        installed.note_written(path, Some(b"ours"), Some((0, 0, 0o640)), b"ours again");
        let written = installed.written(path).unwrap();
        assert_eq!((written.before.clone(), written.was), (Some(files::sha256(b"theirs")), was));
        installed.note_written(path, None, None, b"new");
        assert_eq!(installed.written(path).unwrap().before, None);
    }
}
