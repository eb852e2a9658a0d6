//! Takes changes back, the last one first, whether they were finished, half done or only announced. Doing it twice is
//! doing it once.
//!
//! INVARIANT: an engine is off the plugin, and knows it, before the plugin's units stop.

use std::{fs, path::Path, time::Duration};

use proto::paths;

use super::{
    certificate, drop_in, engine,
    error::ChangeError,
    files,
    journal::{Change, EngineName, Journal, Saved, Then},
    layout, prove,
    state::Original,
};
use crate::{
    engine_config::{self, Edit, Wanted},
    systemd::{self, Systemd},
};

/// For an engine to answer again.
const ENGINE: Duration = Duration::from_secs(60);
/// For what is small.
const SMALL: Duration = Duration::from_secs(20);

/// What cannot be taken back. Empty: everything is as before.
#[must_use]
pub fn undo(root: &Path, systemd: &Systemd, journal: &Journal, changes: &[Change]) -> Vec<ChangeError> {
    let mut left = Vec::new();
    let mut programs = false;
    for change in changes.iter().rev() {
        let undone = match change {
            Change::Engine { engine, files, then, door } => {
                engine_back(root, systemd, journal, (engine, files, *then, *door))
            }
            Change::Units { units } => units
                .iter()
                .rev()
                .filter(|unit| !(unit.active && unit.enabled))
                .try_for_each(|unit| systemd.disable_now(&unit.name).map_err(Into::into)),
            Change::Agent => {
                systemd.in_running_managers(root, layout::AGENT_UNIT, false);
                systemd.for_all_users(layout::AGENT_UNIT, false).map_err(Into::into)
            }
            Change::Files { files } => {
                let is_read = |file: &Saved| file.before.is_some() || file.path == Path::new(paths::DOOR_SETTINGS);
                programs |= files.iter().any(is_read);
                files.iter().rev().try_for_each(|file| back(root, journal, file).map(drop))
            }
            Change::Users { names } => names.iter().try_for_each(|name| remove_user(root, name)),
            Change::Directory { path } => remove_directory(root, path),
        };
        left.extend(undone.err());
    }
    left.extend(systemd.daemon_reload().err().map(Into::into));
    if programs {
        let services = layout::PLUGIN_UNITS.iter().chain(&layout::DOOR_UNITS).filter(|unit| unit.ends_with(".service"));
        left.extend(services.filter_map(|unit| systemd.try_restart(unit).err()).map(Into::into));
    }
    left
}

/// A file as it was, unless somebody has written something else there since. False: it was so already.
fn back(root: &Path, journal: &Journal, saved: &Saved) -> Result<bool, ChangeError> {
    let path = below(root, &saved.path);
    let now = files::read(&path)?;
    let digest = now.as_deref().map(files::sha256);
    if digest == saved.before {
        // Only whose it is may have changed.
        if let (Some(before), true) = (&saved.before, saved.before == saved.after) {
            files::put_back(&path, before)?;
        }
        files::let_go(&path);
        return Ok(false);
    }
    if digest != saved.after {
        return Err(ChangeError::Changed(path));
    }
    let Some(before) = &saved.before else {
        files::remove(&path, now.as_deref())?;
        files::let_go(&path);
        certificate::remove_empty(root, &saved.path);
        return Ok(true);
    };
    if files::put_back(&path, before)? {
        return Ok(true);
    }
    let bytes = journal.backed_up(before).ok_or_else(|| ChangeError::NoBackup(path.clone()))?;
    files::replace(&path, now.as_deref(), &bytes, saved.mode)?;
    Ok(true)
}

fn engine_back(
    root: &Path,
    systemd: &Systemd,
    journal: &Journal,
    (engine, saved, then, door): (&EngineName, &[Saved], Then, bool),
) -> Result<(), ChangeError> {
    let mut changed = false;
    for file in saved.iter().rev() {
        let path = below(root, &file.path);
        changed |= match back(root, journal, file) {
            // What is there now is somebody's; only what is ours in it goes.
            Err(_) if file.path == engine.config_file => {
                let before = file.before.as_deref().and_then(|name| journal.backed_up(name));
                take_out(&path, before.as_deref())?
            }
            result => result?,
        };
    }
    systemd.daemon_reload()?;
    if door {
        // The drop-in, which is gone, had the engine's start begin it.
        systemd.disable_now(layout::EGRESS_UNIT)?;
        remove_egress()?;
    }
    let unit = systemd.unit(&engine.unit)?;
    let socket = below(root, &engine.socket);
    // An earlier install's, which stays.
    let asked = files::read(&below(root, &engine.config_file))?
        .is_some_and(|file| engine_config::names(&file).is_ok_and(|names| names.iter().any(|it| it == engine::PLUGIN)));
    let as_before = |bound| match asked {
        true => prove::engine_comes_to_ask(&socket),
        false => prove::engine_comes_to_answer_alone(&socket, bound),
    };
    let is_as_before = || as_before(Duration::ZERO).is_ok() && !(door && prove::engine_has_door(&socket) == Some(true));
    match (then, unit.active.as_str()) {
        (Then::Nothing, _) => return Ok(()),
        // It never came to know anything: on a full disk nothing of it was written.
        (_, "active" | "reloading") if !changed && is_as_before() => return Ok(()),
        (Then::Reload, "active" | "reloading") => systemd.hang_up(&engine.unit)?,
        // Also one that failed over the new settings, or sits there waiting.
        (Then::Reload | Then::Restart, _) => systemd.restart(&engine.unit, systemd::ENGINE)?,
    }
    as_before(ENGINE).map_err(ChangeError::engine(&engine.unit))
}

/// Takes what is ours out of an engine's file, whoever wrote the rest; the proxies that it had `before` are back. False:
/// there was nothing of ours in it.
///
/// # Errors
/// [`ChangeError`].
pub fn take_out(path: &Path, before: Option<&[u8]>) -> Result<bool, ChangeError> {
    let Some(now) = files::read(path)? else { return Ok(false) };
    let door = drop_in::door();
    let wanted = Wanted {
        plugin: engine::PLUGIN,
        proxies: Some(&door),
        unit_flags: &[],
        move_proxies: true,
        move_plugin_flags: true,
    };
    let edited = engine_config::remove_for_now(&now, before, &wanted)
        .map_err(|refusal| ChangeError::Edit { path: path.to_owned(), refusal })?;
    write(path, &now, edited.edit)
}

/// Takes what is ours out of an engine's file; byte for byte what was before, where nobody changed it since.
///
/// # Errors
/// [`ChangeError`].
pub fn restore(path: &Path, before: Option<&[u8]>, wanted: &Wanted<'_>) -> Result<(), ChangeError> {
    let Some(now) = files::read(path)? else { return Ok(()) };
    let edited = engine_config::undo(&now, before, wanted)
        .map_err(|refusal| ChangeError::Edit { path: path.to_owned(), refusal })?;
    write(path, &now, edited.edit).map(drop)
}

/// The same, for a file of which it is written down what it was and what an install put into it; `path` is where it is.
///
/// # Errors
/// [`ChangeError`].
pub fn restore_original(path: &Path, journal: &Journal, original: &Original) -> Result<(), ChangeError> {
    let before = original.before.as_deref().and_then(|name| journal.backed_up(name));
    let door = drop_in::door();
    let wanted = Wanted {
        plugin: engine::PLUGIN,
        proxies: original.door.then_some(door.as_str()),
        unit_flags: &original.flags,
        move_plugin_flags: true,
        move_proxies: true,
    };
    restore(path, before.as_deref(), &wanted)
}

/// False: there is nothing to write.
fn write(path: &Path, now: &[u8], edit: Edit) -> Result<bool, ChangeError> {
    match edit {
        Edit::Unchanged => return Ok(false),
        Edit::Changed(bytes) => files::replace_shorter(path, now, &bytes)?,
        Edit::Removed => files::remove(path, Some(now))?,
    }
    Ok(true)
}

/// What undoing would do to engines that run, in words; empty: nothing.
#[must_use]
pub fn interrupts(changes: &[Change]) -> Vec<String> {
    let line = |change: &Change| match change {
        Change::Engine { engine, then: Then::Restart, .. } => Some(format!(
            "restarts `{}`, unless it never came to know the new settings: running containers stop unless `live-restore` is on",
            engine.unit
        )),
        Change::Engine { engine, then: Then::Reload, .. } => {
            Some(format!("reloads `{}`, and restarts it if it does not run", engine.unit))
        }
        _ => None,
    };
    changes.iter().rev().filter_map(line).collect()
}

/// Ends who keeps the egress rules, and takes them away.
///
/// # Errors
/// [`ChangeError`].
pub fn remove_egress() -> Result<(), ChangeError> {
    let this = std::env::current_exe().map_err(ChangeError::Program)?;
    systemd::run(this.as_os_str(), &["egress", "remove"], SMALL).map(drop).map_err(ChangeError::Egress)
}

/// Removes a user of pullgate's own.
///
/// # Errors
/// [`ChangeError`].
pub fn remove_user(root: &Path, name: &str) -> Result<(), ChangeError> {
    if name != layout::DOOR_USER || !layout::is_user(root, name) {
        return Ok(());
    }
    let removed = systemd::run("userdel".as_ref(), &[name], SMALL).map(drop);
    removed.map_err(|why| ChangeError::User { name: name.to_owned(), why })
}

/// Removes a directory of pullgate's own, and nothing else whatever a journal says.
///
/// # Errors
/// [`ChangeError`].
pub fn remove_directory(root: &Path, path: &Path) -> Result<(), ChangeError> {
    if ![paths::STATE_DIR, paths::DOOR_STATE_DIR].iter().any(|own| Path::new(own) == path) {
        return Err(ChangeError::NotOurs(path.to_owned()));
    }
    match fs::remove_dir_all(below(root, path)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(ChangeError::system("remove", path)(error)),
        _ => Ok(()),
    }
}

/// A path of the machine below another root.
#[must_use]
pub fn below(root: &Path, path: &Path) -> std::path::PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}

#[cfg(test)]
mod tests;
