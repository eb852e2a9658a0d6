//! Engines of the system beside the one that is asked: what status proves of one says nothing of another.

use std::path::{Path, PathBuf};

use super::health::{self, Cause};
use crate::engine_files::{EngineFile, Names, found, real};

/// What the settings of the system's engines say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Engines {
    /// Where the one that is asked answers.
    pub socket: PathBuf,
    /// Those that units of the system start; users' own are left to `doctor`.
    pub of_the_system: Vec<EngineFile>,
}

impl Engines {
    /// Looks at settings, and asks nobody.
    pub fn look(socket: &Path) -> Self {
        Self { socket: socket.to_owned(), of_the_system: found::of_the_system() }
    }

    /// Whether the engine that is asked is set up to ask the plugin; none: it cannot be read, or is none of the system's.
    pub fn names_the_plugin(&self) -> Option<bool> {
        match self.of_the_system.iter().find(|engine| self.is_asked(engine))?.names {
            Names::File(_) | Names::Flag => Some(true),
            Names::Nothing => Some(false),
            Names::Unknown(_) => None,
        }
    }

    /// One for each other engine that goes past the plugin. None where the one that is asked is not of the system: who
    /// names a socket of their own means that alone.
    pub fn causes(&self) -> Vec<Cause> {
        if !self.of_the_system.iter().any(|engine| self.is_asked(engine)) {
            return Vec::new();
        }
        let others = self.of_the_system.iter().filter(|engine| !self.is_asked(engine));
        others.filter_map(cause).collect()
    }

    fn is_asked(&self, engine: &EngineFile) -> bool {
        real(&engine.socket) == real(&self.socket)
    }
}

fn cause(engine: &EngineFile) -> Option<Cause> {
    let (socket, path) = (engine.socket.display(), engine.path.display());
    let (why, next) = match &engine.names {
        _ if !engine.ungoverned.is_empty() => {
            (format!("is not governed: {}", engine.ungoverned), "remove it, where it is not meant".to_owned())
        }
        Names::File(_) | Names::Flag => return None,
        Names::Nothing => (
            format!("does not name the plugin in `{path}`"),
            format!("`pullgate install --engine {}` as root puts it there", engine.unit),
        ),
        Names::Unknown(why) => {
            (format!("may go past the plugin: `{path}` cannot be read ({why})"), "run this as root".to_owned())
        }
    };
    Some(health::cause("other_engine", format!("another engine, `{}` at `{socket}`, {why}", engine.unit), next))
}
