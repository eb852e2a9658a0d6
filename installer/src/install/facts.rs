//! What is seen of the machine before anything is planned. Changes nothing.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use proto::enrollment;
use serde_json::Value;

use super::{
    certificate::Certificate,
    door_settings::DoorSettings,
    drop_in,
    files::{self, Owned},
    journal::{self, EngineName},
    layout::{self, Source},
    plan::{FileEdit, Whose},
    prove,
    state::{Disabled, Installed},
};
use crate::{
    engines::{self, FoundEngine, Kind, NotAnEngine},
    status::probe::http::{self, Body},
    systemd::{Systemd, Unit},
};

/// For the engine's answer to a question. One whose plugin is gone tries for 15 s.
const ASK: Duration = Duration::from_secs(17);
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
    pub locked: Option<String>,
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
    pub no_door: Option<String>,
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
/// When something that must be read cannot be.
pub fn look(root: &Path, systemd: Option<&Systemd>, enrollment: Option<&[u8]>) -> anyhow::Result<Facts> {
    let source = Source::of(root)?;
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
    let engines = found.engines.into_iter().map(|found| engine(root, found, systemd)).collect::<Result<_, _>>()?;
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
        door_settings: DoorSettings::look(root)?,
        enrollment: enrollment_now,
        enrollment_wrong: enrollment_wrong(&below(Path::new(proto::paths::ENROLLMENT))),
        certificate: match enrolled {
            Some(enrolled) => Certificate::look(root, &enrolled)?,
            None => None,
        },
        disabled: Disabled::read(root).map(|disabled| disabled.in_words()),
        engines,
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
fn no_door(running_units: &[String]) -> Option<String> {
    if !Path::new("/sys/fs/cgroup/cgroup.controllers").exists() && !Path::new("/sys/fs/cgroup/unified").exists() {
        return Some(
            "this machine has no control groups of version 2, by which the egress rules know the engine".to_owned(),
        );
    }
    if running_units.iter().any(|unit| unit == layout::DOOR_UNITS[0]) {
        return None;
    }
    let taken = DOOR_PORTS.iter().find(|&&port| {
        std::net::TcpListener::bind(("127.0.0.1", port))
            .is_err_and(|error| error.kind() == std::io::ErrorKind::AddrInUse)
    });
    taken.map(|port| format!("something else listens on port {port} of 127.0.0.1 (`ss -ltnp` says what)"))
}

fn engine(root: &Path, found: FoundEngine, systemd: Option<&Systemd>) -> anyhow::Result<EngineFacts> {
    if found.ungoverned.is_some() {
        return Ok(EngineFacts::left_alone(found));
    }
    let unit = match (&found.unit, systemd) {
        (Some(name), Some(systemd)) => systemd.unit(name)?,
        _ => Unit::default(),
    };
    let beside = |name| match &found.drop_in_dir {
        Some(dir) => files::read(&dir.join(name)),
        None => Ok(None),
    };
    let (drop_in, variables) = (beside(drop_in::NAME)?, beside(drop_in::VARIABLES)?);
    let ours = drop_in::door();
    let variable = |name: &str| {
        let said = unit.environment.iter().filter_map(|line| line.split_once('='));
        said.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next_back()
    };
    let cert_dirs = variable("SSL_CERT_DIR").map(|dirs| {
        let door = format!("{}/trust", proto::paths::DOOR_STATE_DIR);
        dirs.split(':').filter(|dir| *dir != door).collect::<Vec<_>>().join(":")
    });
    let running = if unit.is_active() { ask(&found.socket) } else { Err(String::new()) };
    let health = match (&running, unit.active.as_str()) {
        (Ok(_), _) => Health::Runs,
        (Err(why), "active" | "reloading") => Health::Broken(why.clone()),
        (Err(_), "failed") => Health::Broken(format!("failed: {}", unit.result)),
        (Err(_), "activating") => Health::Broken("it is starting, and does not come to an end of it".to_owned()),
        (Err(_), _) => Health::Stopped,
    };
    let (version, info) = running.unwrap_or_default();
    let version = version["Version"].as_str().map(str::to_owned).or_else(|| found.version.clone());
    let major = version.and_then(|version| version.split('.').next()?.parse().ok());
    let listed =
        info["Plugins"]["Authorization"].as_array().is_some_and(|all| all.contains(&super::engine::PLUGIN.into()));
    let asks_plugin = listed && health == Health::Runs && prove::engine_asks(&found.socket).is_ok();
    Ok(EngineFacts {
        file: files::read(&found.config_file)?,
        locked: locked(&found.config_file),
        original: Installed::read(root).unwrap_or_default().original(&found.config_file).map(|original| {
            (original.before.as_deref().and_then(|name| journal::backed_up(root, name)), original.flags.clone())
        }),
        drop_in,
        variables,
        command_line: found.drop_in_dir.as_deref().map(|dir| command_line(root, dir)).unwrap_or_default(),
        cert_dirs: cert_dirs.filter(|dirs| !dirs.is_empty()),
        health,
        major,
        containers: info["ContainersRunning"].as_u64(),
        live_restore: info["LiveRestoreEnabled"] == true,
        asks_plugin,
        has_door: ["HttpProxy", "HttpsProxy"].iter().all(|key| info[*key] == ours.as_str()),
        found,
    })
}

/// `/version` and `/info`.
fn ask(socket: &Path) -> Result<(Value, Value), String> {
    let asked = prove::bounded(ASK, async {
        let version = http::call(socket, "GET", "/version", Body::Empty).await?;
        let info = http::call(socket, "GET", "/info", Body::Empty).await?;
        match version.status.max(info.status) {
            200 => Ok((version.json(), info.json())),
            status => Err(format!("it answers {status}: {}", info.failure().or(version.failure()).unwrap_or_default())),
        }
    });
    asked.map_err(|why| format!("`{}`: {why}", socket.display()))
}

/// The last `ExecStart=` of the unit and its other drop-ins, as it is written: what the manager prints has its
/// variables replaced by nothing.
#[must_use]
pub fn command_line(root: &Path, drop_in_dir: &Path) -> String {
    let name = drop_in_dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let unit = name.strip_suffix(".d").unwrap_or(name);
    let dirs = [
        "etc/systemd/system",
        "run/systemd/system",
        "usr/local/lib/systemd/system",
        "usr/lib/systemd/system",
        "lib/systemd/system",
    ];
    let main = dirs.iter().map(|dir| root.join(dir).join(unit)).find(|path| path.exists());
    let mut drop_ins: Vec<PathBuf> = dirs
        .iter()
        .filter_map(|dir| fs::read_dir(root.join(dir).join(name)).ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "conf"))
        .filter(|path| path.file_name() != Some(drop_in::NAME.as_ref()))
        .collect();
    drop_ins.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
    let mut command = String::new();
    for path in main.into_iter().chain(drop_ins) {
        let text = fs::read_to_string(path).unwrap_or_default().replace("\\\n", " ");
        for line in text.lines().filter_map(|line| line.trim().strip_prefix("ExecStart=")) {
            command = line.trim().to_owned();
        }
    }
    command
}

/// Whether somebody has said `chattr +i` of it.
#[cfg(target_os = "linux")]
fn is_immutable(path: &Path) -> bool {
    let flags = fs::File::open(path).ok().and_then(|file| rustix::fs::ioctl_getflags(file).ok());
    flags.is_some_and(|flags| flags.contains(rustix::fs::IFlags::IMMUTABLE))
}

#[cfg(not(target_os = "linux"))]
fn is_immutable(_: &Path) -> bool {
    false
}

/// Why a file cannot be replaced.
fn locked(path: &Path) -> Option<String> {
    if let (Ok(target), Err(error)) = (fs::read_link(path), fs::metadata(path)) {
        // Written to, it would be a link no more; and what it leads to may be there again tomorrow.
        return Some(format!("it is a symbolic link to `{}`, and that cannot be followed ({error})", target.display()));
    }
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let there = path.ancestors().find(|path| path.exists())?;
    if rustix::fs::statvfs(there).is_ok_and(|fs| fs.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY)) {
        return Some("its file system is read-only".to_owned());
    }
    for path in [Some(path.as_path()), path.parent()].into_iter().flatten() {
        if is_immutable(path) {
            return Some(format!("`{0}` is immutable; `chattr -i {0}` undoes that", path.display()));
        }
    }
    None
}
