//! Which release an engine's program is of.

use std::{path::Path, process::Command};

/// As `Docker version 26.1.5+dfsg1, build 411e817` has it.
pub(super) fn ask(dockerd: &Path) -> Option<String> {
    let output = Command::new(dockerd).arg("--version").output().ok()?;
    read(&String::from_utf8_lossy(&output.stdout))
}

pub(super) fn read(said: &str) -> Option<String> {
    let version = said.trim().strip_prefix("Docker version ")?.split([',', '+', ' ']).next()?;
    Some(version.trim_start_matches('v').to_owned())
}
