//! One process becomes another.

use std::{
    io,
    os::unix::process::CommandExt as _,
    path::PathBuf,
    process::{Command, ExitCode},
};

use crate::lab;

/// The agent's program: beside this one, else on the `PATH`.
///
/// # Errors
/// When it is in neither place.
pub fn program() -> anyhow::Result<PathBuf> {
    Ok(lab::own("pullgated").or_else(|missing| lab::installed("pullgated", "pullgate").map_err(|_| missing))?)
}

/// Does not come back unless it fails.
pub(super) fn become_program(command: &mut Command) -> io::Result<ExitCode> {
    Err(command.exec())
}

pub(crate) fn user_id() -> u32 {
    rustix::process::geteuid().as_raw()
}
