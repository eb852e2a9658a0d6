//! The engines of this machine: where each keeps its settings, and what starts it.

pub mod words;

use std::path::{Path, PathBuf};

/// How an engine came here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A unit of the system's manager.
    Packaged,
    /// A unit of a user's manager, without root.
    Rootless {
        /// Whose.
        uid: u32,
        /// Its name, if the machine knows it.
        user: Option<String>,
    },
    /// Of the snap `docker`.
    Snap,
    /// A process that no unit is known for.
    Process,
}

/// An engine that pullgate can be put in front of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundEngine {
    /// How it came here.
    pub kind: Kind,
    /// Its `daemon.json`, there or not.
    pub config_file: PathBuf,
    /// Where its API answers.
    pub socket: PathBuf,
    /// The unit that starts it.
    pub unit: Option<String>,
    /// Where drop-ins for that unit go.
    pub drop_in_dir: Option<PathBuf>,
    /// Its arguments, without the program.
    pub flags: Vec<String>,
    /// Its process, if it runs.
    pub pid: Option<u32>,
    /// What `dockerd --version` says, as `26.1.5`.
    pub version: Option<String>,
    /// Its program.
    pub dockerd: Option<PathBuf>,
    /// Where it looks for sockets of plugins.
    pub plugin_dir: PathBuf,
    /// Why pullgate cannot be put in front of it, in words.
    pub ungoverned: Option<String>,
}

/// Something that looks like an engine and is none that could be governed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAnEngine {
    /// What, as `Podman`.
    pub what: String,
    /// Why, and what to do.
    pub why: String,
}

/// Everything that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Engines, the packaged ones first.
    pub engines: Vec<FoundEngine>,
    /// What is none.
    pub others: Vec<NotAnEngine>,
}

/// Looks at the machine whose files are below `root`.
#[must_use]
pub fn find(root: &Path) -> Found {
    let unit = ["etc/systemd/system", "usr/lib/systemd/system", "lib/systemd/system"]
        .iter()
        .map(|dir| root.join(dir).join("docker.service"))
        .find(|path| path.exists());
    let Some(unit) = unit else { return Found::default() };
    let text = std::fs::read_to_string(unit).unwrap_or_default();
    let mut flags = Vec::new();
    let dir = root.join("etc/systemd/system/docker.service.d");
    let mut command =
        text.lines().filter_map(|line| line.strip_prefix("ExecStart=")).next_back().unwrap_or_default().to_owned();
    if let Ok(entries) = std::fs::read_dir(&dir) {
        for entry in entries.flatten() {
            let text = std::fs::read_to_string(entry.path()).unwrap_or_default();
            if let Some(line) = text.lines().filter_map(|line| line.strip_prefix("ExecStart=")).next_back() {
                command = line.to_owned();
            }
        }
    }
    flags.extend(command.split_whitespace().skip(1).filter(|word| !word.starts_with('$')).map(str::to_owned));
    Found {
        engines: vec![FoundEngine {
            kind: Kind::Packaged,
            config_file: root.join("etc/docker/daemon.json"),
            socket: root.join("run/docker.sock"),
            unit: Some("docker.service".to_owned()),
            drop_in_dir: Some(dir),
            flags,
            pid: None,
            version: None,
            dockerd: Some(PathBuf::from("/usr/sbin/dockerd")),
            plugin_dir: PathBuf::from("/run/docker/plugins"),
            ungoverned: None,
        }],
        others: Vec::new(),
    }
}
