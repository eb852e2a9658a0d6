//! The agent of a lab's one user.

use std::{path::PathBuf, time::Duration};

use proto::control::StatusResponse;

use super::{Clock, Lab, LabError, Plugin, Process, clock, programs};

const PROGRAM: &str = "pullgated";

/// A running agent.
pub struct Agent {
    process: Process,
    program: PathBuf,
    clock: Option<Clock>,
}

impl Agent {
    /// Starts it, with the real clock unless one is given. What it has to say is seen at the plugin.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(lab: &Lab, clock: Option<Clock>) -> Result<Self, LabError> {
        let program = programs::own(PROGRAM)?;
        lab.make_dir("agent")?;
        lab.make_dir("docker")?;
        let process = run(lab, &program, clock.as_ref())?;
        Ok(Self { process, program, clock })
    }

    /// Starts it again after [`Process::stop`] or [`Process::kill`].
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn restart(&mut self, lab: &Lab) -> Result<(), LabError> {
        self.process = run(lab, &self.program, self.clock.as_ref())?;
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

fn run(lab: &Lab, program: &std::path::Path, clock: Option<&Clock>) -> Result<Process, LabError> {
    let mut command = clock::under(clock, program);
    command
        .arg("--config-dir")
        .arg(lab.docker_config())
        .arg("--control-socket")
        .arg(lab.control_socket())
        .arg("--state-dir")
        .arg(lab.path("agent"))
        .arg("--enrollment")
        .arg(lab.enrollment())
        .env("HOME", lab.dir());
    Process::start(lab, "agent", command)
}
