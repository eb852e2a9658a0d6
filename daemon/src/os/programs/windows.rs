//! `PATH` with semicolons, and names that end in `.exe`.

use std::path::Path;

use tokio::process::{Child, Command};

/// When the environment has no `PATH`: nowhere.
pub(crate) const DEFAULT_PATH: &str = "";
/// Where programs are started: the root of the drive.
pub(crate) const DIRECTORY: &str = r"\";
/// What the name of a program may not hold behind `docker-credential-`; a colon leads to another drive or stream.
pub(crate) const NOT_IN_NAMES: &[char] = &['/', '\\', '\0', ':'];

/// The store that the Docker CLI uses by itself.
pub(crate) fn default_store(_: impl Fn(&str) -> bool) -> &'static str {
    "wincred"
}

pub(crate) fn is_executable(path: &Path) -> bool {
    path.is_file()
}

/// Nothing is to be done: there are no groups.
pub(crate) fn alone(command: &mut Command) -> &mut Command {
    command
}

/// A helper. The program itself is ended with its [`Child`]; what it started by itself may live on.
pub(crate) struct Group;

impl Group {
    /// Of a child.
    pub(crate) fn of(_: &Child) -> Self {
        Self
    }
}
