//! The engines of this machine: where each keeps its settings, and what starts it.
//!
//! Everything is read from files: units and their drop-ins (what counts when an engine is started next), and `/proc`
//! (what runs now). Nothing is asked, so a made-up tree is as good as a machine.

mod environment;
mod others;
mod pick;
mod process;
mod program;
#[cfg(test)]
mod tests;
pub mod unit;
pub mod words;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

pub use self::{
    environment::ProxyEnvironment,
    pick::{PickError, pick},
};
use self::{
    process::Process,
    unit::{Manager, Unit},
};
use crate::engine_config::{self, flags};

/// Where engines look for sockets of plugins, all releases (moby `pkg/plugins/discovery.go`).
pub const PLUGIN_DIR: &str = "/run/docker/plugins";
const CONFIG: &str = "/etc/docker/daemon.json";
const SNAP_CONFIG: &str = "/var/snap/docker/current/config/daemon.json";
const SNAP_UNIT: &str = "snap.docker.dockerd.service";
const SOCKET: &str = "/var/run/docker.sock";

/// How an engine came here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A unit of the system's manager.
    Packaged,
    /// A unit of a user's manager, or a user's process, without root.
    Rootless {
        /// Whose.
        uid: u32,
        /// Its name, if the machine knows it.
        user: Option<String>,
    },
    /// Of the snap `docker`.
    Snap,
    /// A process that no unit is known for.
    Process,
}

/// An engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundEngine {
    /// How it came here.
    pub kind: Kind,
    /// Its `daemon.json`, there or not.
    pub config_file: PathBuf,
    /// Where its API answers.
    pub socket: PathBuf,
    /// The unit that starts it.
    pub unit: Option<String>,
    /// Where drop-ins for that unit go.
    pub drop_in_dir: Option<PathBuf>,
    /// What it is started with next, without the program: the unit's flags, or the process's if there is no unit.
    pub flags: Vec<String>,
    /// What it runs with now, without the program. A reload goes by these.
    pub running_flags: Option<Vec<String>>,
    /// Proxies of its environment: of its unit, and of its process what the unit does not say.
    pub environment: ProxyEnvironment,
    /// Its process, if it runs.
    pub pid: Option<u32>,
    /// What `dockerd --version` says, as `26.1.5`; only [`find_here`] asks.
    pub version: Option<String>,
    /// Its program.
    pub dockerd: Option<PathBuf>,
    /// Where it looks for sockets of plugins.
    pub plugin_dir: PathBuf,
    /// Why pullgate cannot be put in front of it, in words.
    pub ungoverned: Option<String>,
    /// What should be known before it is changed.
    pub notes: Vec<String>,
}

/// Something that looks like an engine and is none that could be governed here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAnEngine {
    /// What, as `Podman`.
    pub what: String,
    /// Why, and what to do.
    pub why: String,
}

/// Everything that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Engines: of the system's units, of users, of no unit.
    pub engines: Vec<FoundEngine>,
    /// What is none.
    pub others: Vec<NotAnEngine>,
}

/// Looks at this machine, and asks each engine's program for its version.
///
/// INVARIANT: no program is run that anybody but root could have written: whatever calls itself `dockerd`, of
/// whomever it is, is found here, and who looks is root.
#[must_use]
pub fn find_here() -> Found {
    let mut found = find(Path::new("/"));
    for engine in &mut found.engines {
        let Some(dockerd) = engine.dockerd.take().filter(|_| engine.ungoverned.is_none()) else { continue };
        match program::only_roots(&dockerd) {
            Ok(()) => {
                engine.version = version(&dockerd);
                engine.dockerd = Some(dockerd);
            }
            Err(why) => {
                let what = dockerd.display();
                engine.notes.push(format!("`{what}` is not asked whether it takes its settings: {why}"));
            }
        }
    }
    found
}

/// The engines that root has: of the system's units, and processes of root. Nothing that a user has a hand in is
/// looked at, and so nobody's home directory, which may be on a server that does not answer.
#[must_use]
pub fn of_the_system(root: &Path) -> Vec<FoundEngine> {
    let mut processes = process::all(root);
    processes.retain(|process| !process.in_container && process.uid == 0);
    let mut engines = of_units(root, &mut processes);
    engines.extend(processes.into_iter().map(|process| of_no_unit(root, process)));
    engines
}

/// Looks at the machine whose files are below `root`.
#[must_use]
pub fn find(root: &Path) -> Found {
    let mut processes = process::all(root);
    let others = others::find(root, &processes);
    processes.retain(|process| !process.in_container);
    let mut found = Found { engines: of_units(root, &mut processes), others };
    for user in others::users(root) {
        let manager = Manager::User(user.home.clone());
        // One for all users starts nobody's engine by itself.
        let own = |unit: &Unit| unit.file.starts_with(&user.home) && starts_an_engine(unit);
        let unit = manager.unit(root, "docker.service").filter(own);
        let process = processes.iter().position(|process| process.uid == user.uid && process.uid != 0);
        let process = process.map(|at| processes.remove(at));
        if user.uid != 0 && (unit.is_some() || process.is_some()) {
            found.engines.push(rootless(&user, unit.map(|unit| manager.drop_in_dir(&unit.name)), process));
        }
    }
    for process in processes {
        found.engines.push(if process.uid == 0 {
            of_no_unit(root, process)
        } else {
            let user = others::User { uid: process.uid, name: None, home: PathBuf::from("/nonexistent") };
            rootless(&user, None, Some(process))
        });
    }
    found
}

/// Those of the system's units, with their processes, which are taken out.
fn of_units(root: &Path, processes: &mut Vec<Process>) -> Vec<FoundEngine> {
    let mut engines = Vec::new();
    for name in Manager::System.names(root, ".service") {
        let Some(unit) = Manager::System.unit(root, &name).filter(starts_an_engine) else { continue };
        let of_unit = |process: &Process| process.uid == 0 && process.unit.as_ref() == Some(&name);
        let process = processes.iter().position(of_unit).map(|at| processes.remove(at));
        engines.push(of_a_unit(root, &unit, process));
    }
    engines
}

fn of_a_unit(root: &Path, unit: &Unit, process: Option<Process>) -> FoundEngine {
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
    let config_file = config_file(&flags, default_config);
    FoundEngine {
        kind: if snap { Kind::Snap } else { Kind::Packaged },
        socket: socket(root, &flags, &config_file, &unit.name),
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

fn of_no_unit(root: &Path, process: Process) -> FoundEngine {
    let config_file = config_file(&process.flags, CONFIG);
    FoundEngine {
        kind: Kind::Process,
        socket: socket(root, &process.flags, &config_file, ""),
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
fn rootless(user: &others::User, drop_in_dir: Option<PathBuf>, process: Option<Process>) -> FoundEngine {
    let flags = process.as_ref().map(|process| process.flags.clone());
    let config_home = user.home.join(".config/docker/daemon.json");
    let who = user.name.clone().unwrap_or_else(|| format!("the user {}", user.uid));
    let runtime = PathBuf::from(format!("/run/user/{}/docker.sock", user.uid));
    let given = flags.as_deref().unwrap_or_default();
    FoundEngine {
        kind: Kind::Rootless { uid: user.uid, user: user.name.clone() },
        config_file: config_file(given, &config_home.to_string_lossy()),
        socket: hosts(given).into_iter().next().unwrap_or(runtime),
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

fn starts_an_engine(unit: &Unit) -> bool {
    unit.settings.exec_start.last().is_some_and(|line| {
        line.split([' ', '\t', '"', '\'', ';']).any(|word| is_dockerd(word) || word.ends_with("/dockerd-rootless.sh"))
            || line.contains("snap run docker.dockerd")
    })
}

fn is_dockerd(word: &str) -> bool {
    let word = word.trim_start_matches(['@', '-', ':', '+', '!', '|']);
    Path::new(word).file_name().is_some_and(|name| name == "dockerd")
}

fn config_file(given: &[String], default: &str) -> PathBuf {
    PathBuf::from(flags::values(given, "config-file").pop().unwrap_or_else(|| default.to_owned()))
}

/// Where its API answers: the first path among its flags, its settings, its socket unit.
fn socket(root: &Path, given: &[String], config_file: &Path, unit: &str) -> PathBuf {
    let in_file = || {
        let bytes = fs::read(below(root, config_file)).ok()?;
        engine_config::texts(&bytes, "hosts").into_iter().find_map(|host| path_of(&host))
    };
    let of_unit = || {
        let socket = format!("{}.socket", unit.strip_suffix(".service")?);
        let unit = Manager::System.unit(root, &socket)?;
        unit.settings.listen_streams.into_iter().find(|path| path.starts_with('/')).map(PathBuf::from)
    };
    let by_flag = || hosts(given).into_iter().next();
    let taken_over = flags::values(given, "host").iter().any(|host| host.starts_with("fd://"));
    let handed = taken_over.then(of_unit).flatten();
    by_flag().or(handed).or_else(in_file).unwrap_or_else(|| PathBuf::from(SOCKET))
}

fn hosts(given: &[String]) -> Vec<PathBuf> {
    flags::values(given, "host").iter().filter_map(|host| path_of(host)).collect()
}

fn path_of(host: &str) -> Option<PathBuf> {
    let path = host.strip_prefix("unix://")?;
    Some(PathBuf::from(if path.is_empty() { SOCKET } else { path }))
}

/// As `Docker version 26.1.5+dfsg1, build 411e817` has it.
fn version(dockerd: &Path) -> Option<String> {
    let output = Command::new(dockerd).arg("--version").output().ok()?;
    read_version(&String::from_utf8_lossy(&output.stdout))
}

fn read_version(said: &str) -> Option<String> {
    let version = said.trim().strip_prefix("Docker version ")?.split([',', '+', ' ']).next()?;
    Some(version.trim_start_matches('v').to_owned())
}

/// A path of the machine, as one of this process.
fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}
