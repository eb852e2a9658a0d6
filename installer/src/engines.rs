//! The engines of this machine: where each keeps its settings, and what starts it.
//!
//! Everything is read from files: units and their drop-ins (what counts when an engine is started next), and `/proc`
//! (what runs now). Nothing is asked, so a made-up tree is as good as a machine.

mod describe;
mod environment;
mod others;
mod pick;
mod place;
mod process;
mod program;
#[cfg(test)]
mod tests;
pub mod unit;
mod version;
pub mod words;

use std::path::{Path, PathBuf};

pub use self::{
    environment::ProxyEnvironment,
    pick::{PickError, pick},
};
use self::{
    process::Process,
    unit::{Manager, Unit},
};

/// Where engines look for sockets of plugins, all releases (moby `pkg/plugins/discovery.go`).
pub const PLUGIN_DIR: &str = "/run/docker/plugins";

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
                engine.version = version::ask(&dockerd);
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
    engines.extend(processes.into_iter().map(|process| describe::of_no_unit(root, process)));
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
            found.engines.push(describe::rootless(&user, unit.map(|unit| manager.drop_in_dir(&unit.name)), process));
        }
    }
    for process in processes {
        found.engines.push(if process.uid == 0 {
            describe::of_no_unit(root, process)
        } else {
            let user = others::User { uid: process.uid, name: None, home: PathBuf::from("/nonexistent") };
            describe::rootless(&user, None, Some(process))
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
        engines.push(describe::of_a_unit(root, &unit, process));
    }
    engines
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

/// A path of the machine, as one of this process.
fn below(root: &Path, path: &Path) -> PathBuf {
    root.join(path.strip_prefix("/").unwrap_or(path))
}
