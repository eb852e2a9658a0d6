//! One engine taken off the plugin, whatever it takes.

use std::{path::Path, time::Duration};

use crate::{
    engine_config::{self, Edit},
    engines::FoundEngine,
    install::{
        drop_in::{self, DropIn},
        engine,
        error::ChangeError,
        files::{self, FileError},
        journal, layout, prove,
        state::Installed,
        undo,
    },
    output,
    systemd::{self, Systemd},
};

/// For an engine that was told to go on alone; after that it is restarted.
const ALONE: Duration = Duration::from_secs(10);
/// For one that was started anew.
const STARTED: Duration = Duration::from_secs(60);

/// Takes one engine off; says whether it was restarted.
pub(super) fn release(systemd: &Systemd, engine: &FoundEngine, restart: bool) -> Result<bool, ChangeError> {
    let unit = engine.unit.as_deref().unwrap_or_default();
    take_out(Path::new("/"), &engine.config_file, &engine.flags, restart)?;
    if restart {
        if let Some(path) = super::drop_in(engine) {
            without_door(&path)?;
            systemd.daemon_reload()?;
        }
        systemd.disable_now(layout::EGRESS_UNIT)?;
        undo::remove_egress()?;
    }
    let state = systemd.unit(unit)?;
    if state.is_active() && !restart {
        systemd.hang_up(unit)?;
        if prove::engine_comes_to_answer_alone(&engine.socket, ALONE).is_ok() {
            return Ok(false);
        }
    }
    output::progress(&format!("restarting `{unit}`"));
    if state.active == "activating" {
        // It waits for a plugin in the middle of its start, where it hears no SIGTERM: a stop takes a minute and a half.
        // There may be none by now.
        let _ = systemd.kill(unit);
    }
    systemd.restart(unit, systemd::ENGINE)?;
    prove::engine_comes_to_answer_alone(&engine.socket, STARTED).map_err(ChangeError::engine(unit))?;
    Ok(true)
}

/// A drop-in without what leads to the registry door; its other name keeps the whole of it for `enable`.
fn without_door(path: &Path) -> Result<(), FileError> {
    let Some(now) = files::read(path)? else { return Ok(()) };
    let text = String::from_utf8_lossy(&now);
    if !drop_in::has_door(&text) {
        return Ok(());
    }
    files::keep(path);
    let Some(command) = drop_in::exec_start(&text) else { return files::remove(path, Some(&now)) };
    // The engine's file names plugins that a flag of the unit named: with both, it would not start.
    let rest = DropIn { command: "", door: false, proxies: None, cert_dirs: None, exec_start: Some(command) };
    files::replace_shorter(path, &now, rest.text().as_bytes())
}

/// Takes the plugin out; `door`: and the registry door, with the proxies back that the engine had before it.
fn take_out(root: &Path, path: &Path, flags: &[String], door: bool) -> Result<(), ChangeError> {
    let Some(now) = files::read(path)? else { return Ok(()) };
    let installed = Installed::read(root).unwrap_or_default();
    let original = installed.original(path);
    let refused = |refusal| ChangeError::Edit { path: path.to_owned(), refusal };
    let proxies = drop_in::door();
    let edited = if door {
        let before = original.and_then(|it| journal::backed_up(root, it.before.as_deref()?));
        let wanted = engine_config::Wanted {
            plugin: engine::PLUGIN,
            proxies: Some(&proxies),
            unit_flags: original.map(|it| it.flags.as_slice()).unwrap_or_default(),
            move_proxies: true,
            move_plugin_flags: true,
        };
        engine_config::remove_for_now(&now, before.as_deref(), &wanted).map_err(refused)?
    } else {
        engine_config::remove(&now, engine::PLUGIN, None).map_err(refused)?
    };
    // A disk that is full is what one may be in trouble for.
    match edited.edit {
        Edit::Unchanged => {}
        Edit::Changed(bytes) => files::replace_shorter(path, &now, &bytes)?,
        // There was none before the install, and an engine that is not told where it is needs none.
        Edit::Removed
            if original.is_some_and(|it| it.before.is_none())
                && engine_config::flags::values(flags, "config-file").is_empty() =>
        {
            files::remove(path, Some(&now))?;
        }
        // An empty file is one that `enable` finds again with its mode and owner.
        Edit::Removed => files::replace_shorter(path, &now, b"{}\n")?,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_was_not_there_before_an_install_is_not_left_behind() {
        let machine = tempfile::tempdir().unwrap();
        let path = machine.path().join("daemon.json");
        let wanted = engine_config::Wanted {
            plugin: engine::PLUGIN,
            proxies: None,
            unit_flags: &[],
            move_proxies: true,
            move_plugin_flags: true,
        };
        let Edit::Changed(ours) = engine_config::add(None, &wanted).unwrap().edit else { panic!("no file") };
        let left = |before: Option<&[u8]>, flags: &[&str]| {
            std::fs::write(&path, &ours).unwrap();
            let mut installed = Installed::default();
            installed.note(&path, before, &ours, false, &[]);
            installed.write(machine.path()).unwrap();
            let flags: Vec<String> = flags.iter().map(|&flag| flag.to_owned()).collect();
            take_out(machine.path(), &path, &flags, false).unwrap();
            std::fs::read_to_string(&path).ok()
        };
        assert_eq!(left(None, &["-H", "fd://"]), None);
        assert_eq!(left(Some(b"{}"), &[]).as_deref(), Some("{}\n"), "there was one");
        // An engine that is told where it is does not start without it.
        assert_eq!(left(None, &["--config-file=/etc/docker/daemon.json"]).as_deref(), Some("{}\n"));
        std::fs::write(&path, &ours).unwrap();
        std::fs::remove_dir_all(machine.path().join("var")).unwrap();
        take_out(machine.path(), &path, &[], false).unwrap();
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "{}\n", "nobody knows");
    }
}
