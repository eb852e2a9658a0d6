//! What there is of an installation, whoever made it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use proto::paths;

use super::written;
use crate::{
    engine_config::{self, Edit},
    engines::{self, FoundEngine},
    install::{
        drop_in, engine,
        files::{self, FileError},
        journal, layout, prove,
        state::{Installed, Original},
    },
    systemd::Systemd,
};

/// What is there of it.
pub(super) struct Found {
    pub(super) engines: Vec<Governed>,
    pub(super) units: Vec<&'static str>,
    pub(super) files: Vec<PathBuf>,
    /// Settings of engines that are gone.
    pub(super) orphans: Vec<Original>,
    /// What an install wrote where others may write as well.
    pub(super) written: Vec<PathBuf>,
    pub(super) state: Vec<PathBuf>,
    /// Goes last, with what this command itself writes.
    pub(super) journal: Option<PathBuf>,
    pub(super) user: bool,
    pub(super) agent: bool,
}

/// An engine with something of ours.
pub(super) struct Governed {
    pub(super) engine: FoundEngine,
    pub(super) unit: String,
    pub(super) drop_in: Option<PathBuf>,
    pub(super) active: bool,
    /// Its drop-in has the unit's command without flags that name plugins.
    pub(super) flags_moved: bool,
    /// Goes through the registry door, as it runs; none: it does not say.
    pub(super) door: Option<bool>,
}

impl Found {
    /// Looks, and changes nothing.
    ///
    /// # Errors
    /// When an engine's file cannot be read.
    pub(super) fn look(root: &Path, systemd: Option<&Systemd>, purge: bool) -> Result<Self, FileError> {
        let door = drop_in::door();
        let mut engines = Vec::new();
        let all = engines::of_the_system(root);
        for engine in all.clone() {
            let Some(unit) = engine.unit.clone() else { continue };
            let file = files::read(&engine.config_file)?;
            // A file that cannot be read is told when it is edited.
            let ours = file.as_deref().is_some_and(|file| {
                engine_config::remove(file, engine::PLUGIN, Some(&door)).map_or_else(
                    |_| String::from_utf8_lossy(file).contains(engine::PLUGIN),
                    |edited| edited.edit != Edit::Unchanged,
                )
            });
            let drop_in = engine.drop_in_dir.as_ref().map(|dir| dir.join(drop_in::NAME)).filter(|path| path.exists());
            let active = systemd.and_then(|systemd| systemd.unit(&unit).ok()).is_some_and(|unit| unit.is_active());
            // One that was killed had everything away but the restart: the engine would fetch by a door that is gone.
            let left = || active && prove::engine_has_door(&engine.socket) == Some(true);
            let door = if drop_in.is_some() { None } else { Some(left()) };
            if !ours && door == Some(false) {
                continue;
            }
            let text = drop_in.as_ref().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
            let flags_moved = drop_in::exec_start(&text).is_some();
            engines.push(Governed { engine, unit, drop_in, active, flags_moved, door });
        }
        // Against the order of their start: whoever asks on a socket that is left starts the service again, and that the
        // other sockets.
        let plugin = layout::PLUGIN_UNITS.into_iter().rev();
        let ours = [layout::EGRESS_UNIT]
            .into_iter()
            .chain(layout::STAND_INS)
            .chain(layout::DOOR_UNITS.into_iter().rev())
            .chain(plugin);
        let is_there = |unit: &&str| {
            let unit = systemd.and_then(|systemd| systemd.unit(unit).ok()).unwrap_or_default();
            unit.is_there() && (unit.is_enabled() || !matches!(unit.active.as_str(), "inactive" | ""))
        };
        // Where `disable --restart` put it.
        let kept = all
            .iter()
            .filter_map(|engine| engine.drop_in_dir.as_ref())
            .map(|dir| files::kept(&dir.join(drop_in::NAME)));
        let copies = layout::local_programs().into_iter().chain(layout::local_units());
        let sockets = [paths::PLUGIN_SOCKET, paths::CONTROL_SOCKET].map(PathBuf::from);
        let installed = Installed::read(root).unwrap_or_default();
        let known: Vec<PathBuf> = all.iter().map(|engine| engine.config_file.clone()).collect();
        let state: &[&str] = if purge { &[paths::STATE_DIR, paths::DOOR_STATE_DIR, "/etc/pullgate"] } else { &[] };
        Ok(Self {
            engines,
            units: ours.filter(is_there).collect(),
            files: copies.chain(sockets).chain(kept).filter(|path| path.symlink_metadata().is_ok()).collect(),
            orphans: written::of_no_engine(root, &installed, &known).cloned().collect(),
            written: written::there(root, &installed),
            state: state.iter().map(PathBuf::from).filter(|path| path.exists()).collect(),
            journal: purge.then(|| PathBuf::from(journal::DIR)),
            user: layout::is_user(root, layout::DOOR_USER),
            agent: Path::new("/etc/systemd/user/default.target.wants")
                .join(layout::AGENT_UNIT)
                .symlink_metadata()
                .is_ok(),
        })
    }
}
