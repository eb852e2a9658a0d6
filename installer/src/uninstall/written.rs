//! Files beside the engines': what pullgate wrote goes, or is as it was before; what somebody else wrote since stays.

use std::{
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use crate::install::{
    certificate, engine,
    error::ChangeError,
    files::{self, Owned},
    journal::Journal,
    state::{Installed, Original, Written},
    undo::{self, below},
};

/// Those that an install wrote whole and that are there.
pub(super) fn there(root: &Path, installed: &Installed) -> Vec<PathBuf> {
    let written = installed.written.iter().map(|written| written.path.clone());
    written.filter(|path| below(root, path).symlink_metadata().is_ok()).collect()
}

/// Settings of engines that are gone, and would not start with them when they come again.
pub(super) fn of_no_engine<'a>(
    root: &'a Path,
    installed: &'a Installed,
    engines: &'a [PathBuf],
) -> impl Iterator<Item = &'a Original> {
    let is_ours = |original: &&Original| {
        let file = files::read(&below(root, &original.path)).ok().flatten().unwrap_or_default();
        String::from_utf8_lossy(&file).contains(engine::PLUGIN)
    };
    installed.originals.iter().filter(|original| !engines.contains(&original.path)).filter(is_ours)
}

/// Makes it as it was before.
///
/// # Errors
/// [`ChangeError`], when it cannot be, or somebody else has changed it since.
pub(super) fn give_back(root: &Path, journal: &Journal, written: &Written) -> Result<(), ChangeError> {
    let path = below(root, &written.path);
    let Some(now) = files::read(&path)? else { return Ok(()) };
    let digest = files::sha256(&now);
    if Some(&digest) == written.before.as_ref() {
        return Ok(());
    }
    if digest != written.after {
        return Err(ChangeError::Changed(path));
    }
    let Some(before) = &written.before else {
        files::remove(&path, Some(&now))?;
        certificate::remove_empty(root, &written.path);
        return Ok(());
    };
    let bytes = journal.backed_up(before).ok_or_else(|| ChangeError::NoBackup(path.clone()))?;
    let (user, group, mode) = written.was.unwrap_or((0, 0, 0o600));
    files::replace_own(&path, Some(&now), &bytes, Owned { group, mode })?;
    let own = || {
        chown(&path, Some(user), Some(group))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))
    };
    own().map_err(ChangeError::system("give its owner back to", &path))
}

/// Takes what is ours out of the settings of an engine that is not there.
///
/// # Errors
/// [`ChangeError`].
pub(super) fn restore(root: &Path, journal: &Journal, original: &Original) -> Result<(), ChangeError> {
    undo::restore_original(&below(root, &original.path), journal, original)
}

#[cfg(test)]
mod tests;
