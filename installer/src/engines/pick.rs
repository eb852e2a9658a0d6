//! Which of several engines is meant.

use std::path::Path;

use super::{Found, FoundEngine, Kind};

/// Why none, or not one, could be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PickError {
    /// There is no engine.
    #[error(
        "no Docker Engine was found on this machine{others}; install one first, or name its socket with `--engine`"
    )]
    None {
        /// What was found instead, in words.
        others: String,
    },
    /// The one that is meant cannot be governed, or none can.
    #[error("`{name}` cannot be governed: {why}")]
    Ungoverned {
        /// Its name.
        name: String,
        /// Why.
        why: String,
    },
    /// There are several.
    #[error("there are several engines: {names}; name one with `--engine`")]
    Several {
        /// Their names.
        names: String,
    },
    /// No engine has this name.
    #[error("there is no engine `{name}`; there are: {names}")]
    Unknown {
        /// As given.
        name: String,
        /// Their names.
        names: String,
    },
}

/// The engine that is meant: by its unit, its socket, `snap`, or a rootless one's user; without a name the only one.
///
/// # Errors
/// When none is, or it cannot be governed.
pub fn pick<'a>(found: &'a Found, wanted: Option<&str>) -> Result<&'a FoundEngine, PickError> {
    let names = |engines: &[&FoundEngine]| {
        let names: Vec<_> = engines.iter().map(|engine| format!("`{}`", engine.name())).collect();
        names.join(", ")
    };
    let all: Vec<&FoundEngine> = found.engines.iter().collect();
    let others: Vec<_> = found.others.iter().map(|other| format!("{}: {}", other.what, other.why)).collect();
    let others = if others.is_empty() { String::new() } else { format!(" ({})", others.join("; ")) };
    let chosen = match wanted {
        Some(name) if all.is_empty() => {
            return Err(PickError::Unknown { name: name.to_owned(), names: "none".to_owned() });
        }
        Some(name) => match all.iter().filter(|engine| engine.is_called(name)).copied().collect::<Vec<_>>()[..] {
            [one] => one,
            [] => return Err(PickError::Unknown { name: name.to_owned(), names: names(&all) }),
            ref several => return Err(PickError::Several { names: names(several) }),
        },
        None => match all.iter().filter(|engine| engine.ungoverned.is_none()).copied().collect::<Vec<_>>()[..] {
            [one] => one,
            [] => all.first().copied().ok_or(PickError::None { others })?,
            ref several => return Err(PickError::Several { names: names(several) }),
        },
    };
    match &chosen.ungoverned {
        None => Ok(chosen),
        Some(why) => Err(PickError::Ungoverned { name: chosen.name(), why: why.clone() }),
    }
}

impl FoundEngine {
    /// A name to call it by.
    #[must_use]
    pub fn name(&self) -> String {
        match (&self.kind, &self.unit) {
            (Kind::Rootless { uid, user }, _) => {
                format!("rootless:{}", user.clone().unwrap_or_else(|| uid.to_string()))
            }
            (_, Some(unit)) => unit.strip_suffix(".service").unwrap_or(unit).to_owned(),
            (_, None) => self.socket.display().to_string(),
        }
    }

    /// Whether somebody may mean it by this name.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        let socket = Path::new(name.strip_prefix("unix://").unwrap_or(name));
        let by_kind = match &self.kind {
            Kind::Snap => name == "snap",
            Kind::Rootless { uid, .. } => name == format!("rootless:{uid}"),
            Kind::Packaged | Kind::Process => false,
        };
        by_kind
            || self.name() == name
            || (self.unit.as_deref() == Some(name) && !matches!(self.kind, Kind::Rootless { .. }))
            || run_path(socket) == run_path(&self.socket)
    }
}

/// `/var/run` is `/run`.
fn run_path(path: &Path) -> &Path {
    path.strip_prefix("/var/run").or_else(|_| path.strip_prefix("/run")).unwrap_or(path)
}
