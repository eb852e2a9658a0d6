//! What is seen of the machine before anything is planned. Changes nothing.

mod command_line;
mod engine;

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
};

use proto::enrollment;

pub use self::command_line::command_line;
use super::{
    certificate::Certificate,
    door_settings::DoorSettings,
    error::ChangeError,
    files::{self, Owned},
    journal::EngineName,
    layout::{self, Source},
    obstacle::{Locked, NoDoor, Obstacle},
    plan::{FileEdit, Whose},
    state::Disabled,
};
use crate::{
    egress,
    engines::{self, FoundEngine, Kind, NotAnEngine},
    systemd::Systemd,
};

/// Ports of the registry door.
const DOOR_PORTS: [u16; 2] = [857, 858];

/// How an engine is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// It runs and answers.
    Runs,
    /// It does not run, and is not meant to at the moment.
    Stopped,
    /// It should run and does not, or does not answer; why.
    Broken(String),
}

/// One engine.
#[derive(Debug, Clone)]
pub struct EngineFacts {
    /// Where its things are.
    pub found: FoundEngine,
    /// Its `daemon.json`.
    pub file: Option<Vec<u8>>,
    /// Why that cannot be written.
    pub locked: Option<Locked>,
    /// What it was before an install, where that is known.
    pub original: Option<(Option<Vec<u8>>, Vec<String>)>,
    /// Our drop-in for its unit.
    pub drop_in: Option<Vec<u8>>,
    /// What leads an older engine to the door, beside the drop-in.
    pub variables: Option<Vec<u8>>,
    /// Its unit's `ExecStart=`, as it is written.
    pub command_line: String,
    /// `SSL_CERT_DIR` of its unit, without ours.
    pub cert_dirs: Option<String>,
    /// How it is.
    pub health: Health,
    /// First number of its version.
    pub major: Option<u16>,
    /// Running containers.
    pub containers: Option<u64>,
    /// Whether they outlive it.
    pub live_restore: bool,
    /// Whether it asks the plugin, proved just now.
    pub asks_plugin: bool,
    /// Whether it goes through the registry door.
    pub has_door: bool,
}

impl EngineFacts {
    /// For people.
    #[must_use]
    pub fn label(&self) -> String {
        let rootless = matches!(self.found.kind, Kind::Rootless { .. });
        let name = self.found.unit.clone().filter(|_| !rootless);
        format!("`{}`", name.unwrap_or_else(|| self.found.name()))
    }

    /// One that cannot be governed: nothing of it is looked at, since it is a user's, and who looks is root.
    fn left_alone(found: FoundEngine) -> Self {
        Self {
            found,
            file: None,
            locked: None,
            original: None,
            drop_in: None,
            variables: None,
            command_line: String::new(),
            cert_dirs: None,
            health: Health::Stopped,
            major: None,
            containers: None,
            live_restore: false,
            asks_plugin: false,
            has_door: false,
        }
    }

    /// For the journal.
    #[must_use]
    pub fn name(&self) -> EngineName {
        EngineName {
            unit: self.found.unit.clone().unwrap_or_default(),
            socket: self.found.socket.clone(),
            config_file: self.found.config_file.clone(),
        }
    }
}

/// The machine.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Whether we may change anything.
    pub is_root: bool,
    /// Whether systemd runs this machine.
    pub systemd: bool,
    /// Where programs and units come from.
    pub source: Source,
    /// Programs that are not what they should be: from, to.
    pub programs_to_copy: Vec<(PathBuf, PathBuf)>,
    /// Programs that there are none of.
    pub missing_programs: Vec<PathBuf>,
    /// Unit files as they are and should be.
    pub units: Vec<FileEdit>,
    /// Units of ours that run, and start with the machine.
    pub running_units: Vec<String>,
    /// Whether the agent starts for every user.
    pub agent_for_all: bool,
    /// Whether the registry door has its user.
    pub door_user: bool,
    /// Why there can be no registry door.
    pub no_door: Option<NoDoor>,
    /// Whether there is what loads the egress rules.
    pub nft: bool,
    /// Why this installation and another one would stand in each other's way.
    pub other_install: Option<Obstacle>,
    /// What the registry door is told.
    pub door_settings: DoorSettings,
    /// The enrollment file.
    pub enrollment: Option<Vec<u8>>,
    /// Why the enrollment file that is there cannot be used.
    pub enrollment_wrong: Option<String>,
    /// The policy service's own authority, where it has one.
    pub certificate: Option<Certificate>,
    /// Until when and why pullgate is disabled.
    pub disabled: Option<String>,
    /// Engines.
    pub engines: Vec<EngineFacts>,
    /// What is none.
    pub others: Vec<NotAnEngine>,
}

/// Looks; `enrollment`: what the enrollment file is to say.
///
/// # Errors
/// [`ChangeError`], when something that must be read cannot be.
pub fn look(root: &Path, systemd: Option<&Systemd>, enrollment: Option<&[u8]>) -> Result<Facts, ChangeError> {
    let source = Source::of(root).map_err(ChangeError::Program)?;
    let below = |path: &Path| root.join(path.strip_prefix("/").unwrap_or(path));
    let (mut programs_to_copy, mut missing_programs) = (Vec::new(), Vec::new());
    for (from, to) in source.programs() {
        if !from.is_file() {
            missing_programs.push(from);
        } else if from != to && !same(&from, &below(&to)) {
            programs_to_copy.push((from, to));
        }
    }
    let mut units = Vec::new();
    for (path, text) in source.units() {
        let before = files::read(&below(&path))?;
        let whose = Whose::Ours(Owned::root(0o644));
        units.push(FileEdit { path, before, after: Some(text.into_bytes()), whose });
    }
    let ours = layout::PLUGIN_UNITS.iter().chain(&layout::DOOR_UNITS).chain([&layout::EGRESS_UNIT]);
    let runs = |name: &&&str| {
        let unit = systemd.and_then(|systemd| systemd.unit(name).ok()).unwrap_or_default();
        unit.is_active() && unit.is_enabled()
    };
    let running_units: Vec<String> = ours.filter(runs).map(|&unit| unit.to_owned()).collect();
    let found = if root == Path::new("/") { engines::find_here() } else { engines::find(root) };
    let engines = found.engines.into_iter().map(|found| engine::look(root, found, systemd));
    let enrollment_now = files::read(&below(Path::new(proto::paths::ENROLLMENT)))?;
    let enrolled = enrollment.or(enrollment_now.as_deref());
    let enrolled = enrolled.and_then(|text| enrollment::parse(Path::new(proto::paths::ENROLLMENT), text).ok());
    Ok(Facts {
        is_root: rustix::process::geteuid().is_root(),
        systemd: systemd.is_some(),
        programs_to_copy,
        missing_programs,
        units,
        agent_for_all: fs::symlink_metadata(
            below(Path::new("/etc/systemd/user/default.target.wants")).join(layout::AGENT_UNIT),
        )
        .is_ok(),
        door_user: layout::is_user(root, layout::DOOR_USER),
        no_door: no_door(&running_units),
        running_units,
        nft: egress::has_nft(root),
        other_install: source.other(root),
        door_settings: DoorSettings::look(root)?,
        enrollment: enrollment_now,
        enrollment_wrong: enrollment_wrong(&below(Path::new(proto::paths::ENROLLMENT))),
        certificate: match enrolled {
            Some(enrolled) => Certificate::look(root, &enrolled)?,
            None => None,
        },
        disabled: Disabled::read(root).map(|disabled| disabled.in_words()),
        engines: engines.collect::<Result<_, _>>()?,
        others: found.others,
        source,
    })
}

fn enrollment_wrong(path: &Path) -> Option<String> {
    let error = enrollment::read(path).err().filter(|error| !error.is_missing())?;
    Some(proto::chain(&error))
}

fn same(one: &Path, other: &Path) -> bool {
    let length = |path: &Path| fs::metadata(path).map(|file| file.len()).ok();
    length(one) == length(other) && fs::read(one).ok() == fs::read(other).ok()
}

/// Why the registry door has no place here.
fn no_door(running_units: &[String]) -> Option<NoDoor> {
    if !Path::new("/sys/fs/cgroup/cgroup.controllers").exists() && !Path::new("/sys/fs/cgroup/unified").exists() {
        return Some(NoDoor::NoControlGroups);
    }
    if running_units.iter().any(|unit| unit == layout::DOOR_UNITS[0]) {
        return None;
    }
    let taken = |port: &u16| {
        TcpListener::bind(("127.0.0.1", *port)).is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse)
    };
    DOOR_PORTS.into_iter().find(taken).map(NoDoor::PortTaken)
}
