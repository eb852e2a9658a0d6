//! The system's service manager. The only place that runs `systemctl`.
//!
//! Every call has a deadline and is ended at it: a manager that waits for a unit which waits for its engine
//! would otherwise hold the command that is to bring the engine back.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    time::Duration,
};

use tokio::process::Command;

/// For what only asks, or changes files.
const ASK: Duration = Duration::from_secs(20);
/// For starting and stopping what is small.
const START: Duration = Duration::from_secs(60);
/// For an engine: with many containers it takes its time, and its unit has no limit of its own.
pub const ENGINE: Duration = Duration::from_secs(180);

/// Why something could not be done with a unit.
#[derive(Debug, thiserror::Error)]
pub enum SystemdError {
    /// `systemctl` could not be run.
    #[error("cannot run `{}`", .0.display())]
    Run(PathBuf, #[source] std::io::Error),
    /// It said no.
    #[error("`systemctl {command}` failed: {output}")]
    Failed {
        /// What was asked.
        command: String,
        /// What it printed.
        output: String,
    },
    /// It did not end.
    #[error("`systemctl {command}` did not end within {} s; `systemctl list-jobs` shows what waits for what", .after.as_secs())]
    Late {
        /// What was asked.
        command: String,
        /// The deadline.
        after: Duration,
    },
}

/// What the manager says of a unit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unit {
    /// `loaded`, `not-found`, `masked` ...
    pub load: String,
    /// `active`, `activating`, `failed`, `inactive` ...
    pub active: String,
    /// `success`, `start-limit-hit`, `exit-code` ...
    pub result: String,
    /// `enabled`, `disabled`, `static` ...
    pub file: String,
    /// Its main process; 0: none.
    pub main_pid: u32,
    /// What it is started with, as the manager prints it.
    pub exec_start: String,
    /// Variables of its environment.
    pub environment: Vec<String>,
}

impl Unit {
    /// Whether it is there at all.
    #[must_use]
    pub fn is_there(&self) -> bool {
        self.load != "not-found" && !self.load.is_empty()
    }

    /// Whether it runs.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.active == "active" || self.active == "reloading"
    }

    /// Whether it is started with the machine.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.file.starts_with("enabled")
    }
}

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

    /// One that is asked by another program than `systemctl` of the `PATH`.
    #[must_use]
    pub fn asked_by(program: PathBuf) -> Self {
        Self { program }
    }

    /// What is known of a unit.
    ///
    /// # Errors
    /// When the manager does not say.
    pub fn unit(&self, name: &str) -> Result<Unit, SystemdError> {
        const ASKED: &str = "--property=LoadState,ActiveState,Result,UnitFileState,MainPID,ExecStart,Environment";
        let told = self.run(["show", ASKED, name], ASK)?;
        let mut unit = Unit::default();
        for (key, value) in told.lines().filter_map(|line| line.split_once('=')) {
            match key {
                "LoadState" => unit.load = value.to_owned(),
                "ActiveState" => unit.active = value.to_owned(),
                "Result" => unit.result = value.to_owned(),
                "UnitFileState" => unit.file = value.to_owned(),
                "MainPID" => unit.main_pid = value.parse().unwrap_or_default(),
                "ExecStart" => unit.exec_start = value.to_owned(),
                "Environment" => unit.environment = value.split_whitespace().map(str::to_owned).collect(),
                _ => {}
            }
        }
        Ok(unit)
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

/// Runs a program that belongs to the manager, such as `systemd-sysusers`, to its end.
///
/// # Errors
/// [`SystemdError`].
pub fn run(program: &OsStr, args: &[&str], deadline: Duration) -> Result<String, SystemdError> {
    let wrong = |source| SystemdError::Run(PathBuf::from(program), source);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(wrong)?;
    let command = args.join(" ");
    let ended = runtime.block_on(async {
        let mut process = Command::new(program);
        // Not in the terminal's group: who types Ctrl-C means the command, which then undoes what it did.
        process
            .args(args)
            .process_group(0)
            .env("SYSTEMD_COLORS", "0")
            .env("LC_ALL", "C")
            .stdin(std::process::Stdio::null());
        tokio::time::timeout(deadline, process.kill_on_drop(true).output()).await
    });
    let output = ended.map_err(|_| SystemdError::Late { command: command.clone(), after: deadline })?.map_err(wrong)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = [output.stderr, output.stdout].concat();
    let said = String::from_utf8_lossy(&said).split_whitespace().collect::<Vec<_>>().join(" ");
    Err(SystemdError::Failed { command, output: if said.is_empty() { output.status.to_string() } else { said } })
}
