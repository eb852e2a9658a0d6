//! Where the programs are that a lab runs.

use std::{
    env,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use super::LabError;

/// `sudo` and `su` often leave these out of `PATH`.
const ADMIN_DIRS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// A program of the distribution.
///
/// # Errors
/// [`LabError::NotInstalled`] with the package that has it.
pub fn installed(program: &str, package: &'static str) -> Result<PathBuf, LabError> {
    let search = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&search)
        .chain(ADMIN_DIRS.iter().map(PathBuf::from))
        .map(|dir| dir.join(program))
        .find(|path| is_program(path))
        .ok_or_else(|| LabError::NotInstalled { program: program.to_owned(), package })
}

/// One of pullgate's own programs: from `PULLGATE_BIN_DIR`, else beside the running one
/// (a test runs in `deps/`, one directory further down).
pub fn own(program: &'static str) -> Result<PathBuf, LabError> {
    let dir = match env::var_os("PULLGATE_BIN_DIR") {
        Some(dir) => PathBuf::from(dir),
        None => beside()?,
    };
    let path = dir.join(program);
    if is_program(&path) { Ok(path) } else { Err(LabError::NotBuilt { program, dir }) }
}

fn beside() -> Result<PathBuf, LabError> {
    let this = env::current_exe().map_err(|source| LabError::Start { program: "pullgate".to_owned(), source })?;
    let dir = this.parent().unwrap_or(Path::new("/"));
    let dir = if dir.ends_with("deps") { dir.parent().unwrap_or(dir) } else { dir };
    Ok(dir.to_owned())
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0)
}
