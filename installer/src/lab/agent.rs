//! The agent of a lab's one user.

use std::{
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use proto::control::StatusResponse;

use super::{Clock, Lab, LabError, Plugin, Process, clock, error::file, programs};

const PROGRAM: &str = "pullgated";

/// A running agent.
pub struct Agent {
    process: Process,
    program: PathBuf,
    clock: Option<Clock>,
    seat: Seat,
}

/// Whose agent it is.
#[derive(Debug, Clone)]
pub struct Seat {
    /// Word for its log and its state directory.
    pub name: &'static str,
    /// The local user; none: the one who runs the lab.
    pub uid: Option<u32>,
    /// Their Docker configuration; none: the lab's.
    pub config_dir: Option<PathBuf>,
    /// The enrollment file as they reach it; none: the lab's.
    pub enrollment: Option<PathBuf>,
    /// The token of a machine that is nobody's; then it runs as a system service does, without a home.
    pub token_file: Option<PathBuf>,
}

impl Default for Seat {
    /// The lab's one user.
    fn default() -> Self {
        Self { name: "agent", uid: None, config_dir: None, enrollment: None, token_file: None }
    }
}

impl Agent {
    /// Starts it, with the real clock unless one is given. What it has to say is seen at the plugin.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(lab: &Lab, clock: Option<Clock>) -> Result<Self, LabError> {
        lab.make_dir("docker")?;
        Self::start_at(lab, programs::own(PROGRAM)?, clock, Seat::default())
    }

    /// Starts it as a system service of a machine that is nobody's: with a token file, and without
    /// a home directory.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_with_token(lab: &Lab, token_file: PathBuf) -> Result<Self, LabError> {
        let seat = Seat { token_file: Some(token_file), ..Seat::default() };
        Self::start_at(lab, programs::own(PROGRAM)?, None, seat)
    }

    /// Starts `program` as somebody's agent. Another user must be able to reach the program and the lab.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start_at(lab: &Lab, program: PathBuf, clock: Option<Clock>, seat: Seat) -> Result<Self, LabError> {
        let state = lab.make_dir(seat.name)?;
        if let Some(uid) = seat.uid {
            std::os::unix::fs::chown(&state, Some(uid), Some(uid)).map_err(file("give away", &state))?;
        }
        let process = run(lab, &program, clock.as_ref(), &seat)?;
        Ok(Self { process, program, clock, seat })
    }

    /// Starts it again after [`Process::stop`] or [`Process::kill`].
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn restart(&mut self, lab: &Lab) -> Result<(), LabError> {
        self.process = run(lab, &self.program, self.clock.as_ref(), &self.seat)?;
        Ok(())
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// Waits until exactly `user` has a session in force at the plugin.
    ///
    /// # Errors
    /// With the end of the agent's log, when that takes too long.
    pub async fn signed_in(&self, plugin: &Plugin, user: &str, bound: Duration) -> Result<(), LabError> {
        let only = |status: &StatusResponse| matches!(status.sessions.as_slice(), [session] if session.user == user);
        let waited = plugin.wait_for(&format!("a session of `{user}` in force"), bound, only).await;
        waited.map(|_| ()).map_err(|error| self.process.blame(error))
    }
}

fn run(lab: &Lab, program: &Path, clock: Option<&Clock>, seat: &Seat) -> Result<Process, LabError> {
    let mut command = clock::under(clock, program);
    let enrollment = seat.enrollment.clone().unwrap_or_else(|| lab.enrollment());
    command.arg("--control-socket").arg(lab.control_socket()).arg("--enrollment").arg(enrollment);
    match &seat.token_file {
        // As a unit with `StateDirectory=` has it.
        Some(file) => command.arg("--token-file").arg(file).env("STATE_DIRECTORY", lab.path(seat.name)),
        None => {
            let config_dir = seat.config_dir.clone().unwrap_or_else(|| lab.docker_config());
            command.arg("--config-dir").arg(config_dir).arg("--state-dir").arg(lab.path(seat.name));
            command.env("HOME", lab.dir()).env("PATH", lab.search_path())
        }
    };
    if let Some(uid) = seat.uid {
        command.uid(uid).gid(uid);
    }
    Process::start(lab, seat.name, command)
}
