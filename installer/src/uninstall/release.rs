//! One engine, taken off plugin and registry door.

use std::{path::Path, time::Duration};

use super::found::Governed;
use crate::{
    engine_config::Wanted,
    install::{
        drop_in, engine, error::ChangeError, facts, files, journal::Journal, layout, prove, state::Installed, undo,
    },
    systemd::{self, Systemd},
};

/// For an engine that was told to go on alone.
const ALONE: Duration = Duration::from_secs(45);

/// Takes an engine off plugin and door.
pub(super) fn release(
    systemd: &Systemd,
    journal: &Journal,
    installed: &Installed,
    governed: &Governed,
) -> Result<(), ChangeError> {
    let (engine, unit) = (&governed.engine, &governed.unit);
    give_back(journal, installed, governed)?;
    // A reload would take the plugins away that a flag named before, and now does again.
    if governed.active && !governed.flags_moved {
        // At once, whatever becomes of the restart.
        systemd.hang_up(unit)?;
    }
    if let Some(drop_in) = &governed.drop_in {
        for file in [drop_in.clone(), drop_in.with_file_name(drop_in::VARIABLES)] {
            files::remove(&file, None)?;
            files::let_go(&file);
        }
        super::remove_empty(drop_in.parent());
    }
    // Also where one that was killed has removed it.
    systemd.daemon_reload()?;
    let alone = if governed.active && !governed.flags_moved {
        prove::engine_comes_to_answer_alone(&engine.socket, ALONE)
    } else {
        Ok(())
    };
    // One that does not run is not asked: the manager holds its socket, and starts it for whoever asks.
    let says = || governed.active.then(|| prove::engine_has_door(&engine.socket)).flatten();
    let door = governed.door.or_else(says).unwrap_or(alone.is_err());
    if door {
        systemd.disable_now(layout::EGRESS_UNIT)?;
        undo::remove_egress()?;
    }
    let state = systemd.unit(unit)?;
    let stuck = ["failed", "activating"].contains(&state.active.as_str());
    if (governed.active && (door || governed.flags_moved || alone.is_err())) || stuck {
        systemd.restart(unit, systemd::ENGINE)?;
        return prove::engine_comes_to_answer_alone(&engine.socket, ALONE).map_err(ChangeError::engine(unit));
    }
    alone.map_err(ChangeError::engine(unit))
}

/// The engine's file as it was before, or without what is ours in it.
fn give_back(journal: &Journal, installed: &Installed, governed: &Governed) -> Result<(), ChangeError> {
    let engine = &governed.engine;
    let path = &engine.config_file;
    match installed.original(path) {
        Some(original) => undo::restore_original(path, journal, original),
        // With a plugin that a flag names, the file must not name any when the flag is back.
        None if governed.flags_moved => {
            let dir = engine.drop_in_dir.as_deref().unwrap_or(Path::new("/"));
            let command = facts::command_line(Path::new("/"), dir);
            let flags: Vec<String> = command.split_whitespace().skip(1).map(str::to_owned).collect();
            let door = drop_in::door();
            let wanted = Wanted {
                plugin: engine::PLUGIN,
                proxies: Some(&door),
                unit_flags: &flags,
                move_plugin_flags: true,
                move_proxies: true,
            };
            undo::restore(path, None, &wanted)
        }
        None => undo::take_out(path, None).map(drop),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engines::{FoundEngine, Kind, ProxyEnvironment};

    /// Its socket is the manager's, so that a question alone would start it.
    #[test]
    fn an_engine_that_somebody_stopped_is_not_started() {
        let machine = tempfile::tempdir().unwrap();
        let path = |name: &str| machine.path().join(name);
        let script = format!(
            "#!/bin/sh\ncase $1 in\nshow) printf 'LoadState=loaded\\nActiveState=inactive\\n' ;;\n*) echo \"$*\" >>{} ;;\nesac\n",
            path("calls").display()
        );
        std::fs::write(path("daemon.json"), "{ \"authorization-plugins\": [\"pullgate\"], \"debug\": true }").unwrap();
        let dir = path("docker.service.d");
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(dir.join(drop_in::NAME), "[Unit]\nWants=pullgate-proxy.socket\n").unwrap();
        let socket = std::os::unix::net::UnixListener::bind(path("docker.sock")).unwrap();
        socket.set_nonblocking(true).unwrap();
        let governed = Governed {
            engine: FoundEngine {
                kind: Kind::Packaged,
                config_file: path("daemon.json"),
                socket: path("docker.sock"),
                unit: Some("docker.service".to_owned()),
                drop_in_dir: Some(dir.clone()),
                flags: Vec::new(),
                running_flags: None,
                environment: ProxyEnvironment::default(),
                pid: None,
                version: None,
                dockerd: None,
                plugin_dir: path("plugins"),
                ungoverned: None,
                notes: Vec::new(),
            },
            unit: "docker.service".to_owned(),
            drop_in: Some(dir.join(drop_in::NAME)),
            active: false,
            flags_moved: false,
            door: None,
        };
        let journal = Journal::lock(machine.path()).unwrap();
        release(&Systemd::of_script(machine.path(), &script), &journal, &Installed::default(), &governed).unwrap();
        assert_eq!(std::fs::read_to_string(path("daemon.json")).unwrap(), "{ \"debug\": true }");
        assert!(!dir.exists());
        assert_eq!(std::fs::read_to_string(path("calls")).unwrap(), "daemon-reload\n");
        assert_eq!(socket.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "nobody asked");
    }
}
