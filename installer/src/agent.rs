//! The agent's program. It reads and writes the Docker credentials and knows the way to the service, and
//! nobody else does: commands about them become it, so that what they show is what counts.

#[cfg_attr(unix, path = "agent/unix.rs")]
#[cfg_attr(not(unix), path = "agent/windows.rs")]
mod system;

use std::{ffi::OsString, io, path::Path, process::ExitCode};

use anyhow::Context as _;
use clap::Args as ClapArgs;

use crate::status::seen::Agent;

pub use system::program;
pub(crate) use system::user_id;

/// Options that the agent's commands share.
#[derive(ClapArgs, Debug)]
pub struct Options {
    /// Print JSON, one object a line
    #[arg(long)]
    json: bool,
    /// Directory of Docker's `config.json` [default: $DOCKER_CONFIG, else ~/.docker, or that of the docker snap]
    #[arg(long, value_name = "DIR")]
    config_dir: Option<OsString>,
    /// The enrollment file
    #[arg(long, value_name = "FILE")]
    enrollment: Option<OsString>,
}

impl Options {
    /// This process becomes `pullgated COMMAND` with these options and `more`. Does not come back unless it fails.
    ///
    /// # Errors
    /// When the agent's program is not beside this one, nor on the `PATH`.
    pub fn become_agent(&self, command: &str, more: &[(&str, &Option<OsString>)]) -> anyhow::Result<ExitCode> {
        let given = more.iter().filter_map(|(name, value)| value.as_ref().map(|value| [(*name).into(), value.clone()]));
        self.become_agent_with(command, &given.flatten().collect::<Vec<OsString>>())
    }

    /// The same, with words as they are.
    ///
    /// # Errors
    /// As [`Options::become_agent`].
    pub fn become_agent_with(&self, command: &str, words: &[OsString]) -> anyhow::Result<ExitCode> {
        let agent = program()?;
        let own = [("--config-dir", &self.config_dir), ("--enrollment", &self.enrollment)];
        let own = own.iter().filter_map(|(name, value)| value.as_ref().map(|value| [(*name).into(), value.clone()]));
        let mut become_it = std::process::Command::new(&agent);
        become_it
            .arg(command)
            .args(self.json.then_some("--json"))
            .args(own.flatten().collect::<Vec<OsString>>())
            .args(words);
        system::become_program(&mut become_it).with_context(|| format!("cannot run `{}`", agent.display()))
    }
}

/// Whether somebody signs in with this user id: none below those that people are given (`UID_MIN` of login.defs), nor
/// that of `nobody`.
const fn is_a_persons(uid: u32) -> bool {
    uid >= 1000 && uid != 65_534
}

/// The agent of this user at the plugin with this control socket.
pub(crate) fn of_this_user(control_socket: &Path) -> Agent {
    let uid = user_id();
    match proto::agent::connect(&proto::agent::name(uid, control_socket)) {
        Ok((_, holder)) if holder.uid == uid => Agent::Runs(holder.pid),
        _ if !is_a_persons(uid) => Agent::NotExpected,
        Err(error) if error.kind() == io::ErrorKind::Unsupported => Agent::NotTold,
        _ => Agent::Missing,
    }
}
