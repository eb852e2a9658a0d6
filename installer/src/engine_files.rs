//! What the engines of this machine are configured to do, whether or not they run.

#[cfg_attr(not(unix), path = "engine_files/nowhere.rs")]
pub mod found;

use std::path::{Path, PathBuf};

/// What an engine's configuration says about the plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Names {
    /// Its file names it, and what else.
    File(Vec<String>),
    /// A flag of its unit names it: the next reload drops it.
    Flag,
    /// Nothing does.
    Nothing,
    /// The file cannot be read; why.
    Unknown(String),
}

/// One engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineFile {
    /// Its `daemon.json`.
    pub path: PathBuf,
    /// Where its API answers.
    pub socket: PathBuf,
    /// The unit that starts it.
    pub unit: String,
    /// What it says.
    pub names: Names,
    /// Why pullgate cannot be put in front of it; empty: it can.
    pub ungoverned: String,
}

/// `/var/run` is `/run` in other words.
pub fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
