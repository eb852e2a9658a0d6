//! What is known of an engine, put together from its unit and its process.

use std::path::{Path, PathBuf};

use super::{
    FoundEngine, Kind, PLUGIN_DIR, is_dockerd,
    others::User,
    place,
    process::Process,
    unit::{Manager, Unit},
};

pub(super) const CONFIG: &str = "/etc/docker/daemon.json";
pub(super) const SNAP_CONFIG: &str = "/var/snap/docker/current/config/daemon.json";
const SNAP_UNIT: &str = "snap.docker.dockerd.service";

/// One that a unit of the system starts.
pub(super) fn of_a_unit(root: &Path, unit: &Unit, process: Option<Process>) -> FoundEngine {
    let snap = unit.name == SNAP_UNIT;
    let mut notes = Vec::new();
    let command = unit.settings.command(root).ok().flatten().unwrap_or_default();
    let running_flags = process.as_ref().map(|process| process.flags.clone());
    let mut environment = process.as_ref().map(|process| process.environment.clone()).unwrap_or_default();
    environment.extend(unit.settings.environment(root).unwrap_or_default().into_iter().collect());
    let at = command.iter().position(|word| is_dockerd(word));
    let flags = match (at, &running_flags) {
        (Some(at), _) => command[at + 1..].to_vec(),
        (None, Some(running)) => running.clone(),
        (None, None) => Vec::new(),
    };
    if at.is_none() && !snap {
        notes.push(format!(
            "`{}` starts the engine by another program, so its flags are those of the process",
            unit.name
        ));
    }
    if snap {
        notes.push(
            "a refresh of the snap starts from its own `daemon.json`: run `pullgate install` again after it".to_owned(),
        );
        notes.push("the snap may read no certificates from outside, so the registry door needs its authority in the system's store".to_owned());
    }
    let default_config = if snap { SNAP_CONFIG } else { CONFIG };
    let config_file = place::config_file(&flags, default_config);
    FoundEngine {
        kind: if snap { Kind::Snap } else { Kind::Packaged },
        socket: place::socket(root, &flags, &config_file, &unit.name),
        unit: Some(unit.name.clone()),
        drop_in_dir: Some(Manager::System.drop_in_dir(&unit.name)),
        dockerd: at
            .map(|at| PathBuf::from(&command[at]))
            .or(process.as_ref().and_then(|process| process.program.clone())),
        pid: process.map(|process| process.pid),
        config_file,
        flags,
        running_flags,
        environment,
        version: None,
        plugin_dir: PathBuf::from(PLUGIN_DIR),
        ungoverned: None,
        notes,
    }
}

/// One that no unit is known for.
pub(super) fn of_no_unit(root: &Path, process: Process) -> FoundEngine {
    let config_file = place::config_file(&process.flags, CONFIG);
    FoundEngine {
        kind: Kind::Process,
        socket: place::socket(root, &process.flags, &config_file, ""),
        config_file,
        unit: None,
        drop_in_dir: None,
        flags: process.flags.clone(),
        running_flags: Some(process.flags),
        environment: process.environment,
        pid: Some(process.pid),
        version: None,
        dockerd: process.program,
        plugin_dir: PathBuf::from(PLUGIN_DIR),
        ungoverned: None,
        notes: vec!["no unit starts it, so it can be reloaded (`SIGHUP`) but not restarted from here".to_owned()],
    }
}

/// A user's engine is the user's: its settings can be changed at any time by whom they are to hold back. Besides, it has
/// a `/run/docker` of its own (`dockerd-rootless.sh`), so it does not see the plugin's socket; a `pullgate.spec` in
/// `/etc/docker/plugins` it would see (moby `pkg/plugins/discovery_unix.go`), but the socket is root's.
pub(super) fn rootless(user: &User, drop_in_dir: Option<PathBuf>, process: Option<Process>) -> FoundEngine {
    let flags = process.as_ref().map(|process| process.flags.clone());
    let config_home = user.home.join(".config/docker/daemon.json");
    let who = user.name.clone().unwrap_or_else(|| format!("the user {}", user.uid));
    let runtime = PathBuf::from(format!("/run/user/{}/docker.sock", user.uid));
    let given = flags.as_deref().unwrap_or_default();
    FoundEngine {
        kind: Kind::Rootless { uid: user.uid, user: user.name.clone() },
        config_file: place::config_file(given, &config_home.to_string_lossy()),
        socket: place::hosts(given).into_iter().next().unwrap_or(runtime),
        unit: drop_in_dir.as_ref().map(|_| "docker.service".to_owned()),
        drop_in_dir,
        flags: given.to_vec(),
        running_flags: flags,
        environment: process.as_ref().map(|process| process.environment.clone()).unwrap_or_default(),
        pid: process.as_ref().map(|process| process.pid),
        version: None,
        dockerd: process.and_then(|process| process.program),
        plugin_dir: PathBuf::from(PLUGIN_DIR),
        ungoverned: Some(format!(
            "it is a rootless engine of {who}, who can take any plugin out of its settings, and it sees no socket of this \
             machine's plugins; where images are to be governed, let no user run one (remove `docker-ce-rootless-extras` or \
             `rootlesskit`, or the user's lines in `/etc/subuid`)"
        )),
        notes: Vec::new(),
    }
}
