//! The system's service manager. The only place that runs `systemctl`.
//!
//! Every call has a deadline and is ended at it: a manager that waits for a unit which waits for its engine
//! would otherwise hold the command that is to bring the engine back.

mod run;
mod unit;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

pub use self::{
    run::{SystemdError, run},
    unit::Unit,
};

/// For what only asks, or changes files.
const ASK: Duration = Duration::from_secs(20);
/// For the manager of a user.
const USER: Duration = Duration::from_secs(10);
/// For starting and stopping what is small.
const START: Duration = Duration::from_secs(60);
/// For an engine: with many containers it takes its time, and its unit has no limit of its own.
pub const ENGINE: Duration = Duration::from_secs(180);

/// The manager of the running system.
#[derive(Debug, Clone)]
pub struct Systemd {
    program: PathBuf,
}

impl Systemd {
    /// The manager of this system, where systemd is what started it (sd_booted(3)).
    #[must_use]
    pub fn of(root: &Path) -> Option<Self> {
        root.join("run/systemd/system").is_dir().then(|| Self { program: PathBuf::from("systemctl") })
    }

    /// One that is asked by a script in a directory.
    #[cfg(test)]
    pub(crate) fn of_script(directory: &Path, script: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let program = directory.join("systemctl");
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { program }
    }

    /// What is known of a unit.
    ///
    /// # Errors
    /// When the manager does not say.
    pub fn unit(&self, name: &str) -> Result<Unit, SystemdError> {
        Ok(Unit::read(&self.run(["show", unit::ASKED, name], ASK)?))
    }

    /// Reads unit files again.
    ///
    /// # Errors
    /// [`SystemdError`].
    pub fn daemon_reload(&self) -> Result<(), SystemdError> {
        self.run(["daemon-reload"], START).map(drop)
    }

    /// Starts a unit now and with the machine.
    ///
    /// # Errors
    /// [`SystemdError`].
    pub fn enable_now(&self, name: &str) -> Result<(), SystemdError> {
        self.run(["enable", "--now", name], START).map(drop)
    }

    /// Stops a unit and starts it no more. One that is not there is fine.
    ///
    /// # Errors
    /// [`SystemdError`].
    pub fn disable_now(&self, name: &str) -> Result<(), SystemdError> {
        let unit = self.unit(name)?;
        if unit.is_active() || unit.active == "activating" || unit.active == "deactivating" {
            self.run(["stop", name], START)?;
        }
        if unit.is_enabled() {
            self.run(["disable", name], START)?;
        }
        if unit.active == "failed" {
            self.reset_failed(name)?;
        }
        Ok(())
    }

    /// Starts a unit in the manager of every user who signs in from now on, or no more.
    ///
    /// # Errors
    /// [`SystemdError`].
    pub fn for_all_users(&self, name: &str, starts: bool) -> Result<(), SystemdError> {
        self.run(["--global", if starts { "enable" } else { "disable" }, name], START).map(drop)
    }

    /// Starts or stops a unit in the managers of users that run now. One that cannot be reached does it with the user's next
    /// login, for what [`Systemd::for_all_users`] says.
    pub fn in_running_managers(&self, root: &Path, name: &str, starts: bool) {
        let managers = std::fs::read_dir(root.join("run/user")).into_iter().flatten().flatten();
        for manager in managers.filter(|manager| manager.path().join("systemd").is_dir()) {
            let Some(uid) = manager.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
            let whose = format!("--machine={uid}@.host");
            // Its unit may be new to it.
            if self.run(["--user", &whose, "daemon-reload"], USER).is_ok() {
                let _ = self.run(["--user", &whose, if starts { "start" } else { "stop" }, name], USER);
            }
        }
    }

    /// Starts a unit.
    ///
    /// # Errors
    /// [`SystemdError`].
    pub fn start(&self, name: &str, deadline: Duration) -> Result<(), SystemdError> {
        self.run(["start", name], deadline).map(drop)
    }

    /// Stops a unit.
    ///
    /// # Errors
    /// [`SystemdError`].
    pub fn stop(&self, name: &str, deadline: Duration) -> Result<(), SystemdError> {
        self.run(["stop", name], deadline).map(drop)
    }

    /// Restarts a unit, however often it failed before.
    ///
    /// # Errors
    /// [`SystemdError`].
    pub fn restart(&self, name: &str, deadline: Duration) -> Result<(), SystemdError> {
        // Beside its purpose it also clears the counter of starts, which every restart here adds to.
        self.reset_failed(name)?;
        self.run(["restart", name], deadline).map(drop)
    }

    /// Restarts a unit if it runs.
    ///
    /// # Errors
    /// [`SystemdError`].
    pub fn try_restart(&self, name: &str) -> Result<(), SystemdError> {
        self.run(["try-restart", name], START).map(drop)
    }

    /// Has a unit's main process read its settings again.
    ///
    /// # Errors
    /// [`SystemdError`].
    pub fn hang_up(&self, name: &str) -> Result<(), SystemdError> {
        // Not `reload`: that waits in line behind whatever else is to happen to the unit.
        self.run(["kill", "--kill-who=main", "--signal=HUP", name], ASK).map(drop)
    }

    /// Ends a unit's main process at once.
    ///
    /// # Errors
    /// [`SystemdError`].
    pub fn kill(&self, name: &str) -> Result<(), SystemdError> {
        self.run(["kill", "--kill-who=main", "--signal=KILL", name], ASK).map(drop)
    }

    /// Forgets that a unit failed, and how often it was started.
    ///
    /// # Errors
    /// [`SystemdError`].
    pub fn reset_failed(&self, name: &str) -> Result<(), SystemdError> {
        match self.run(["reset-failed", name], ASK) {
            // So says the manager of a unit that it has not loaded: it has nothing to forget.
            Err(SystemdError::Failed { output, .. }) if output.contains("not loaded") => Ok(()),
            result => result.map(drop),
        }
    }

    fn run<const N: usize>(&self, args: [&str; N], deadline: Duration) -> Result<String, SystemdError> {
        run(self.program.as_os_str(), &args, deadline)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_unit_starts_and_stops_in_the_managers_of_users_that_run() {
        let machine = tempfile::tempdir().unwrap();
        let path = |name: &str| machine.path().join(name);
        let script = format!("#!/bin/sh\necho \"$*\" >>{}\n[ $2 != --machine=1002@.host ]\n", path("calls").display());
        for dir in ["run/user/1001/systemd", "run/user/1002/systemd", "run/user/1003", "run/user/else/systemd"] {
            fs::create_dir_all(path(dir)).unwrap();
        }
        let systemd = Systemd::of_script(machine.path(), &script);
        systemd.in_running_managers(machine.path(), "pullgated.service", true);
        let mut calls: Vec<String> = fs::read_to_string(path("calls")).unwrap().lines().map(str::to_owned).collect();
        calls.sort();
        let expected = [
            "--user --machine=1001@.host daemon-reload",
            "--user --machine=1001@.host start pullgated.service",
            "--user --machine=1002@.host daemon-reload",
        ];
        assert_eq!(calls, expected);
    }
}
