//! One process waits for another, and ends as that does.

use std::{
    env, io,
    path::PathBuf,
    process::{Command, ExitCode},
};

use anyhow::Context as _;

const PROGRAM: &str = "pullgated.exe";

/// The agent's program: beside this one, else on the `PATH`.
///
/// # Errors
/// When it is in neither place.
pub fn program() -> anyhow::Result<PathBuf> {
    let own = env::current_exe().ok().and_then(|program| program.parent().map(PathBuf::from));
    let search = env::var_os("PATH").unwrap_or_default();
    own.into_iter()
        .chain(env::split_paths(&search).filter(|directory| directory.is_absolute()))
        .map(|directory| directory.join(PROGRAM))
        .find(|path| path.is_file())
        .with_context(|| format!("`{PROGRAM}` is neither beside this program nor on the `PATH`; put it there"))
}

/// Comes back with what it ended with.
pub(super) fn become_program(command: &mut Command) -> io::Result<ExitCode> {
    let code = command.status()?.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}

/// What the agent says for itself there: no user id.
pub(crate) fn user_id() -> u32 {
    u32::MAX
}
