//! Files beside the engines': what pullgate wrote goes, or is as it was before; what somebody else wrote since stays.

use std::{
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
};

use crate::{
    engine_config::Wanted,
    install::{
        certificate, drop_in, engine,
        files::{self, FileError, Owned},
        journal::Journal,
        state::{Installed, Original, Written},
        undo::{self, below},
    },
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
/// In words, when it cannot be, or somebody else has changed it since.
pub(super) fn give_back(root: &Path, journal: &Journal, written: &Written) -> Result<(), String> {
    let path = below(root, &written.path);
    let chain = |error: FileError| proto::chain(&error);
    let Some(now) = files::read(&path).map_err(chain)? else { return Ok(()) };
    let digest = files::sha256(&now);
    if Some(&digest) == written.before.as_ref() {
        return Ok(());
    }
    if digest != written.after {
        return Err(format!("`{}` was changed by somebody else since, and stays", path.display()));
    }
    let Some(before) = &written.before else {
        files::remove(&path, Some(&now)).map_err(chain)?;
        certificate::remove_empty(root, &written.path);
        return Ok(());
    };
    let bytes = journal.backed_up(before).ok_or_else(|| format!("the backup of `{}` is gone", path.display()))?;
    let (user, group, mode) = written.was.unwrap_or((0, 0, 0o600));
    files::replace_own(&path, Some(&now), &bytes, Owned { group, mode }).map_err(chain)?;
    let own = || {
        chown(&path, Some(user), Some(group))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode))
    };
    own().map_err(|error| format!("`{}` is root's now: {error}", path.display()))
}

/// Takes what is ours out of the settings of an engine that is not there.
///
/// # Errors
/// In words.
pub(super) fn restore(root: &Path, journal: &Journal, original: &Original) -> Result<(), String> {
    let before = original.before.as_deref().and_then(|name| journal.backed_up(name));
    let door = drop_in::door();
    let wanted = Wanted {
        plugin: engine::PLUGIN,
        proxies: original.door.then_some(door.as_str()),
        unit_flags: &original.flags,
        move_plugin_flags: true,
        move_proxies: true,
    };
    undo::restore(&below(root, &original.path), before.as_deref(), &wanted)
}

#[cfg(test)]
mod tests;
