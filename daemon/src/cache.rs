//! The last complete set of sealed documents on disk, for a start without the service.
//!
//! `documents/<sha256>` holds the exact bytes of an envelope, `session.json` names the set
//! and for whom it is. The index is replaced last, so that it never names what is not there.
//! No secret is kept: the agent token lives in memory, and the credential is shown again
//! at each start.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use proto::sync::{Held, Kind};
use serde::{Deserialize, Serialize};
use tracing::warn;

use crate::{
    credentials::{Identity, Realm},
    documents::{self, Document, Documents},
    files,
    sync::Cached,
};

/// Largest index, in bytes.
const MAX_INDEX_BYTES: u64 = 1 << 20;

/// The cache in one state directory.
#[derive(Debug, Clone)]
pub struct Cache {
    index: PathBuf,
    documents: PathBuf,
}

/// Why a kept set is not used. It is dropped as a whole then: half a set would open what the other half closes.
#[derive(Debug, thiserror::Error)]
enum Damage {
    #[error("`{path}` cannot be read")]
    Read { path: PathBuf, source: io::Error },
    #[error("`{path}` is not what was written")]
    Altered { path: PathBuf },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Index {
    service: String,
    realm: String,
    user: String,
    machine_id: String,
    documents: Vec<Name>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Name {
    kind: String,
    subject: String,
    generation: u64,
    sha256: String,
}

impl Cache {
    /// In `state_dir`, which exists and is ours.
    ///
    /// # Errors
    /// What the system says when the directory for documents cannot be made.
    pub fn open(state_dir: &Path) -> io::Result<Self> {
        let documents = state_dir.join("documents");
        files::private_directory(&documents)?;
        Ok(Self { index: state_dir.join("session.json"), documents })
    }

    /// The kept set, if there is a whole one. A damaged one is removed, with one warning.
    #[must_use]
    pub fn load(&self) -> Option<Cached> {
        match self.try_load() {
            Ok(cached) => cached,
            Err(damage) => {
                warn!(error = proto::chain(&damage), "the kept documents are damaged and dropped");
                if let Err(error) = self.clear() {
                    warn!(%error, "the damaged documents cannot be removed");
                }
                None
            }
        }
    }

    fn try_load(&self) -> Result<Option<Cached>, Damage> {
        let Some(text) = read(&self.index, MAX_INDEX_BYTES)? else { return Ok(None) };
        let altered = || Damage::Altered { path: self.index.clone() };
        let index: Index = serde_json::from_slice(&text).map_err(|_| altered())?;
        let mut set = Vec::new();
        for name in index.documents {
            let path = self.documents.join(&name.sha256);
            let is_plain = name.sha256.len() == 64 && name.sha256.bytes().all(|b| b.is_ascii_hexdigit());
            let kind = Kind::from_str_name(&name.kind).ok_or_else(altered)?;
            let limit = proto::local::MAX_MESSAGE_BYTES as u64;
            let envelope = if is_plain { read(&path, limit)? } else { None };
            let envelope = envelope.ok_or_else(|| Damage::Altered { path: path.clone() })?;
            let sha256 = documents::sha256(&envelope);
            if hex(&sha256) != name.sha256 {
                return Err(Damage::Altered { path });
            }
            let name = Held { kind: kind.into(), subject: name.subject, generation: name.generation, sha256 };
            set.push(Document { name, envelope: envelope.into() });
        }
        let documents = Documents(set);
        if !documents.has_session() {
            return Err(altered());
        }
        let owner = Identity { realm: Realm::from_code(&index.realm).ok_or_else(altered)?, user: index.user };
        let (service, machine_id) = (index.service, index.machine_id);
        Ok(Some(Cached { service, owner, machine_id, documents: Arc::new(documents) }))
    }

    /// Keeps this set instead of the last one.
    ///
    /// # Errors
    /// What the system says, for example that the disk is full; the last set may be kept then.
    pub fn store(&self, cached: &Cached) -> io::Result<()> {
        // The state directory may have been removed under the process.
        files::private_directory(&self.documents)?;
        let mut names = Vec::new();
        for document in &cached.documents.0 {
            let sha256 = hex(&document.name.sha256);
            let path = self.documents.join(&sha256);
            if !fs::metadata(&path).is_ok_and(|metadata| metadata.len() == document.envelope.len() as u64) {
                files::replace(&path, &document.envelope)?;
            }
            names.push(Name {
                kind: document.name.kind().as_str_name().to_owned(),
                subject: document.name.subject.clone(),
                generation: document.name.generation,
                sha256,
            });
        }
        let keep: Vec<String> = names.iter().map(|name| name.sha256.clone()).collect();
        let index = Index {
            service: cached.service.clone(),
            realm: cached.owner.realm.code().to_owned(),
            user: cached.owner.user.clone(),
            machine_id: cached.machine_id.clone(),
            documents: names,
        };
        let text = serde_json::to_vec_pretty(&index).map_err(io::Error::other)?;
        files::replace(&self.index, &text)?;
        self.sweep(&keep)
    }

    /// Forgets the set.
    ///
    /// # Errors
    /// What the system says.
    pub fn clear(&self) -> io::Result<()> {
        match fs::remove_file(&self.index) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        self.sweep(&[])
    }

    /// Removes what the index does not name, also temporary files of a run that was cut.
    fn sweep(&self, keep: &[String]) -> io::Result<()> {
        let entries = match fs::read_dir(&self.documents) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if !keep.iter().any(|name| entry.file_name() == name.as_str()) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, Damage> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Ok(metadata) if metadata.len() > limit => return Err(Damage::Altered { path: path.to_owned() }),
        _ => {}
    }
    fs::read(path).map(Some).map_err(|source| Damage::Read { path: path.to_owned(), source })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cached(contents: &[&str]) -> Cached {
        let document = |(n, content): (usize, &&str)| Document {
            name: Held {
                kind: if n == 0 { Kind::Session } else { Kind::Policy }.into(),
                subject: format!("subject{n}"),
                generation: n as u64 + 1,
                sha256: documents::sha256(content.as_bytes()),
            },
            envelope: content.as_bytes().into(),
        };
        Cached {
            service: "https://gate.example".to_owned(),
            owner: Identity { realm: Realm::DockerHub, user: "alice".to_owned() },
            machine_id: "m".to_owned(),
            documents: Arc::new(Documents(contents.iter().enumerate().map(document).collect())),
        }
    }

    fn open() -> (tempfile::TempDir, Cache) {
        let directory = tempfile::tempdir().expect("directory");
        let cache = Cache::open(directory.path()).expect("open");
        (directory, cache)
    }

    #[test]
    fn what_is_stored_comes_back_and_the_old_is_swept() {
        let (directory, cache) = open();
        assert_eq!(cache.load(), None);
        for set in [cached(&["s1", "p1", "p2"]), cached(&["s2", "p1"])] {
            cache.store(&set).expect("store");
            assert_eq!(cache.load(), Some(set.clone()));
            let files = fs::read_dir(directory.path().join("documents")).expect("list").count();
            assert_eq!(files, set.documents.0.len());
        }
        cache.clear().expect("clear");
        assert_eq!(cache.load(), None);
    }

    #[test]
    #[cfg(unix)]
    fn files_are_for_the_owner_only() {
        use std::os::unix::fs::PermissionsExt as _;
        let (directory, cache) = open();
        cache.store(&cached(&["s1"])).expect("store");
        let mode = |path: &Path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
        assert_eq!(mode(&directory.path().join("session.json")), 0o600);
        assert_eq!(mode(&directory.path().join("documents")), 0o700);
        for entry in fs::read_dir(directory.path().join("documents")).expect("list") {
            assert_eq!(mode(&entry.expect("entry").path()), 0o600);
        }
    }

    #[test]
    fn a_damaged_set_is_dropped_as_a_whole() {
        let damages: [fn(&Path); 5] = [
            |root| fs::write(root.join("session.json"), "{").expect("write"),
            |root| {
                fs::write(
                    root.join("session.json"),
                    r#"{"service":"","realm":"service","user":"","machine_id":"","documents":[]}"#,
                )
                .expect("write")
            },
            |root| fs::write(root.join("documents").join(hex(&documents::sha256(b"p1"))), "p2").expect("write"),
            |root| fs::remove_file(root.join("documents").join(hex(&documents::sha256(b"p1")))).expect("remove"),
            |root| {
                let text = fs::read_to_string(root.join("session.json")).expect("read");
                let text = text.replace(&hex(&documents::sha256(b"p1")), "../../../../etc/passwd");
                fs::write(root.join("session.json"), text).expect("write");
            },
        ];
        for (n, damage) in damages.iter().enumerate() {
            let (directory, cache) = open();
            cache.store(&cached(&["s1", "p1"])).expect("store");
            damage(directory.path());
            assert_eq!(cache.load(), None, "damage {n}");
            assert_eq!(fs::read_dir(directory.path().join("documents")).expect("list").count(), 0, "damage {n}");
        }
    }
}
