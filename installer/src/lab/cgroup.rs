//! A control group of version 2, for what firewall rules are to recognise.
//!
//! It is `LAB/NAME` in the tree; containers of the lab's engine are beside it, in `LAB/ID`. The
//! guard removes all of `LAB`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Lab, LabError, error::file, process::clean, programs::installed};
use crate::egress::cgroup;

/// An empty control group at first.
#[derive(Debug)]
pub struct Cgroup {
    path: PathBuf,
}

impl Cgroup {
    /// Makes one.
    ///
    /// # Errors
    /// When the machine has no control groups of version 2.
    pub fn new(lab: &Lab, name: &str) -> Result<Self, LabError> {
        let tree = cgroup::tree().map_err(|error| LabError::File {
            action: "find control groups of version 2 in",
            path: "/proc/self/mountinfo".into(),
            source: std::io::Error::other(error),
        })?;
        let path = tree.join(lab.guard().cgroup()).join(name);
        fs::create_dir_all(&path).map_err(file("create", &path))?;
        Ok(Self { path })
    }

    /// Its directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it and makes it again, as systemd does with a service's. Nothing may run in it.
    ///
    /// # Errors
    /// When something does.
    pub fn renew(&self) -> Result<(), LabError> {
        self.remove()?;
        fs::create_dir(&self.path).map_err(file("create", &self.path))
    }

    /// Removes it. Nothing may run in it.
    ///
    /// # Errors
    /// When something does.
    pub fn remove(&self) -> Result<(), LabError> {
        fs::remove_dir(&self.path).map_err(file("remove", &self.path))
    }

    /// The same command, in this group from its first instruction on; with no environment but what
    /// was set.
    ///
    /// # Errors
    /// When there is no shell.
    pub fn enter(&self, command: &Command) -> Result<Command, LabError> {
        let mut inside = clean(installed("sh", "dash")?);
        inside
            .args(["-c", r#"echo $$ >"$1/cgroup.procs" && shift && exec "$@""#, "cgroup"])
            .arg(&self.path)
            .arg(command.get_program())
            .args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(name, value),
                None => inside.env_remove(name),
            };
        }
        Ok(inside)
    }
}
