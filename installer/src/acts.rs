//! What root did to this installation, on its way to the policy service: `pullgate disable` and `enable`.
//!
//! An act is on disk before it is told to anybody. The plugin may be dead, or the very thing that root is rid
//! of for a while: then the act waits. Whatever command of root finds the plugin answering hands over what waits, and so
//! does the plugin's unit behind each start (`pullgate enable --hand-over`). The plugin has it on disk when it says so; from
//! there on it travels as decisions do, by an agent. At least once: the service knows each by its id.

use std::{
    fs::{self, File},
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use proto::{
    control::{NoteActsRequest, control_client::ControlClient},
    local,
    paths::CONTROL_SOCKET,
    sync,
};
use rustix::fs::{FlockOperation, flock};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use tonic::Code;
use ulid::Ulid;

use crate::install::journal::{self, DIR};

const FILE: &str = "acts.jsonl";
/// Acts that wait; of more, the oldest are lost.
const MOST: usize = 100;
/// Largest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;
/// For the plugin's answer: it is asked while it may hang.
const CALL: Duration = Duration::from_secs(2);
/// What the kernel says where nobody signed in (`/proc/self/loginuid`).
const NOBODY: u32 = u32::MAX;

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The plugin was taken out of the engine.
    Disable,
    /// It was put back.
    Enable,
}

impl What {
    const fn word(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Enable => "enable",
        }
    }
}

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    id: String,
    at_ms: i64,
    what: What,
    reason: String,
    until_ms: i64,
    uid: u32,
    user: String,
}

/// Why an act is not on disk, or not with the plugin.
#[derive(Debug, thiserror::Error)]
pub enum ActsError {
    /// The system refuses.
    #[error("cannot {what} `{path}`")]
    File {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The plugin did not take it; it waits.
    #[error("the plugin did not take it: {0}")]
    Plugin(String),
}

impl Act {
    /// Done now by whoever runs this command, with their `reason`; `until`: when it ends by itself.
    #[must_use]
    pub fn now(what: What, reason: &str, until: Option<SystemTime>) -> Self {
        let (uid, user) = who();
        let now = SystemTime::now();
        Self {
            id: new_id(milliseconds(now)),
            at_ms: milliseconds(now),
            what,
            reason: reason.to_owned(),
            until_ms: until.map(milliseconds).unwrap_or_default(),
            uid,
            user,
        }
    }

    fn message(&self) -> sync::Record {
        let Self { id, at_ms, what, reason, until_ms, uid, user } = self.clone();
        let act = sync::Act { reason, until_ms, uid, user };
        sync::Record { id, at_ms, action: what.word().to_owned(), act: Some(act), ..sync::Record::default() }
    }
}

/// Writes an act down and hands over what waits. What became of it, where that is worth a word: nothing of this keeps
/// Docker from working again.
#[must_use]
pub fn note(act: &Act) -> Option<String> {
    let acts = Acts::waiting_in(Path::new(DIR));
    if let Err(error) = acts.write_down(act) {
        return Some(format!("the policy service will not learn of it: {}", proto::chain(&error)));
    }
    let handed = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map(|runtime| runtime.block_on(acts.hand_over(Path::new(CONTROL_SOCKET))));
    match handed {
        Ok(Ok(_)) => None,
        Ok(Err(error)) => Some(format!("the policy service learns of it later: {}", proto::chain(&error))),
        Err(error) => Some(format!("the policy service learns of it later: {error}")),
    }
}

/// Hands over what waits on this machine, where this is root; how many that were.
///
/// # Errors
/// [`ActsError`].
pub async fn hand_over_waiting() -> Result<usize, ActsError> {
    match rustix::process::geteuid().is_root() {
        true => Acts::waiting_in(Path::new(DIR)).hand_over(Path::new(CONTROL_SOCKET)).await,
        false => Ok(0),
    }
}

/// Acts of this machine that the plugin does not have yet.
#[derive(Debug)]
pub struct Acts {
    path: PathBuf,
}

impl Acts {
    /// Those that wait in this directory (`/var/lib/pullgate-install`).
    #[must_use]
    pub fn waiting_in(directory: &Path) -> Self {
        Self { path: directory.join(FILE) }
    }

    /// Puts an act on disk.
    ///
    /// # Errors
    /// [`ActsError::File`].
    pub fn write_down(&self, act: &Act) -> Result<(), ActsError> {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        let made = journal::make_directory(directory);
        made.map_err(|source| ActsError::File { what: "make the directory", path: directory.to_owned(), source })?;
        let mut file = self.open()?;
        let mut acts = read(&mut file).map_err(self.failed("read"))?;
        acts.push(act.clone());
        self.replace(acts.get(acts.len().saturating_sub(MOST)..).unwrap_or_default())
    }

    /// Hands what waits over to the plugin; how many that were.
    ///
    /// # Errors
    /// [`ActsError`]; then everything waits as before. A plugin that is too old to be told is such a case.
    pub async fn hand_over(&self, control_socket: &Path) -> Result<usize, ActsError> {
        if !self.path.exists() {
            return Ok(0);
        }
        // The lock is held to the end, so that nothing is written down in between and forgotten.
        let mut file = self.open()?;
        let acts = read(&mut file).map_err(self.failed("read"))?;
        let messages = acts.iter().map(Act::message).collect();
        let mut plugin = ControlClient::new(local::connect_lazy(control_socket));
        let noted = match timeout(CALL, plugin.note_acts(NoteActsRequest { acts: messages })).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(status)) if status.code() == Code::Unimplemented => {
                Err("it is older than this command; it is told after its upgrade".to_owned())
            }
            Ok(Err(status)) => Err(status.message().to_owned()),
            Err(_) => Err(format!("no answer within {} s", CALL.as_secs())),
        };
        noted.map_err(ActsError::Plugin)?;
        fs::remove_file(&self.path).map_err(self.failed("remove"))?;
        Ok(acts.len())
    }

    /// Opened and locked: another command of root waits.
    fn open(&self) -> Result<File, ActsError> {
        loop {
            let mut options = fs::OpenOptions::new();
            let file = options.read(true).append(true).create(true).mode(0o600).open(&self.path);
            let file = file.map_err(self.failed("open"))?;
            flock(&file, FlockOperation::LockExclusive).map_err(|error| self.failed("lock")(error.into()))?;
            // Whoever had it may have replaced it.
            let is_there = fs::metadata(&self.path).and_then(|there| Ok(same(&there, &file.metadata()?)));
            if matches!(is_there, Ok(true)) {
                return Ok(file);
            }
        }
    }

    fn replace(&self, acts: &[Act]) -> Result<(), ActsError> {
        let directory = self.path.parent().unwrap_or(Path::new("."));
        let write = || {
            let mut new = tempfile::NamedTempFile::new_in(directory)?;
            for act in acts {
                serde_json::to_writer(&mut new, act)?;
                new.write_all(b"\n")?;
            }
            new.as_file().sync_all()?;
            new.persist(&self.path).map_err(|error| error.error)?;
            File::open(directory)?.sync_all()
        };
        write().map_err(self.failed("write"))
    }

    fn failed(&self, what: &'static str) -> impl FnOnce(io::Error) -> ActsError {
        let path = self.path.clone();
        move |source| ActsError::File { what, path, source }
    }
}

/// What is in it; a line that is none was never written whole, and nobody was told of it.
fn read(file: &mut File) -> io::Result<Vec<Act>> {
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text)?;
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

fn same(one: &fs::Metadata, other: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

fn milliseconds(at: SystemTime) -> i64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// A ULID, random but for its time: acts are few, and of several processes.
fn new_id(at_ms: i64) -> String {
    // The standard library's own source of randomness for hashes.
    let random = || u128::from(RandomState::new().build_hasher().finish());
    Ulid::from_parts(u64::try_from(at_ms).unwrap_or_default(), (random() << 64) | random()).to_string()
}

/// Who signed in to this machine to do this: the kernel remembers it through `su` and `sudo`.
fn who() -> (u32, String) {
    let login = fs::read_to_string("/proc/self/loginuid").ok().and_then(|uid| uid.trim().parse().ok());
    let uid = login.filter(|uid| *uid != NOBODY).unwrap_or_else(|| rustix::process::getuid().as_raw());
    let passwd = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    (uid, name.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_wait_in_order_and_the_oldest_go_first() {
        let directory = tempfile::tempdir().unwrap();
        let acts = Acts::waiting_in(&directory.path().join("new"));
        let written: Vec<_> = (0..MOST + 2).map(|n| Act::now(What::Disable, &n.to_string(), None)).collect();
        for act in &written {
            acts.write_down(act).unwrap();
        }
        assert_eq!(read(&mut acts.open().unwrap()).unwrap(), written[2..]);
        // A line that was cut by a crash is left out.
        fs::OpenOptions::new().append(true).open(&acts.path).unwrap().write_all(b"{\"id\":\"01").unwrap();
        let enabled = Act::now(What::Enable, "", None);
        acts.write_down(&enabled).unwrap();
        assert_eq!(read(&mut acts.open().unwrap()).unwrap().last(), Some(&enabled));
    }

    #[tokio::test]
    async fn an_act_waits_for_a_plugin() {
        let directory = tempfile::tempdir().unwrap();
        let acts = Acts::waiting_in(directory.path());
        let nobody = directory.path().join("control.sock");
        assert_eq!(acts.hand_over(&nobody).await.unwrap(), 0, "there is none");
        let act = Act::now(What::Disable, "docker hangs", Some(UNIX_EPOCH + Duration::from_millis(5)));
        assert_eq!((act.until_ms, act.message().act.unwrap().reason.as_str()), (5, "docker hangs"));
        acts.write_down(&act).unwrap();
        acts.hand_over(&nobody).await.unwrap_err();
        assert_eq!(read(&mut acts.open().unwrap()).unwrap(), [act]);
    }
}
