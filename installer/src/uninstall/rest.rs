//! Everything of an installation but the engines, once they are off.

use std::{fs, io::ErrorKind, path::Path};

use proto::paths;

use super::{found::Found, written};
use crate::{
    disable,
    install::{
        error::ChangeError,
        files,
        journal::Journal,
        layout,
        state::{Disabled, Installed},
        undo,
    },
    output,
    systemd::Systemd,
};

/// What was not removed.
#[derive(Default)]
pub(super) struct Rest {
    /// What could not be, and why.
    pub(super) left: Vec<ChangeError>,
    /// What somebody else has written since, in words.
    pub(super) stays: Vec<String>,
}

/// Removes it.
pub(super) fn remove(root: &Path, systemd: Option<&Systemd>, journal: &Journal, found: &Found, purge: bool) -> Rest {
    let Rest { mut left, mut stays } = Rest::default();
    if let Some(systemd) = systemd {
        for unit in &found.units {
            output::progress(&format!("stopping `{unit}`"));
            left.extend(systemd.disable_now(unit).err().map(Into::into));
        }
        if found.agent {
            systemd.in_running_managers(root, layout::AGENT_UNIT, false);
            left.extend(systemd.for_all_users(layout::AGENT_UNIT, false).err().map(Into::into));
        }
        left.extend(disable::forget_timer(root, systemd).err());
    }
    if Path::new(paths::EGRESS).exists() {
        left.extend(undo::remove_egress().err());
    }
    for file in &found.files {
        left.extend(files::remove(file, None).err().map(Into::into));
        super::remove_empty(file.parent().filter(|dir| dir.extension().is_some_and(|ext| ext == "d")));
    }
    let installed = Installed::read(root).unwrap_or_default();
    left.extend(found.orphans.iter().filter_map(|original| written::restore(root, journal, original).err()));
    let given_back = installed.written.iter().filter_map(|it| written::give_back(root, journal, it).err());
    stays.extend(given_back.map(|error| proto::chain(&error)));
    left.extend(directory(Path::new(paths::CONTROL_SOCKET).parent().unwrap_or(Path::new("/run/pullgate"))).err());
    left.extend(Disabled::forget(root).err().map(Into::into));
    if let Some(systemd) = systemd {
        left.extend(systemd.daemon_reload().err().map(Into::into));
    }
    if purge {
        if found.user {
            left.extend(undo::remove_user(root, layout::DOOR_USER).err());
        }
        left.extend(found.state.iter().chain(&found.journal).filter_map(|dir| directory(dir).err()));
    }
    Rest { left, stays }
}

fn directory(path: &Path) -> Result<(), ChangeError> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(ChangeError::system("remove", path)(error)),
        _ => Ok(()),
    }
}
