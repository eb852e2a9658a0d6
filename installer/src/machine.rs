//! This machine's plugin, as commands ask it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context as _;
use clap::Args as ClapArgs;
use proto::{control::control_client::ControlClient, local, paths};
use tokio::runtime::Runtime;
use tonic::transport::Channel;

/// How long a command waits for the plugin.
const DEADLINE: Duration = Duration::from_secs(5);

/// Where the plugin answers.
#[derive(ClapArgs, Debug)]
pub struct Machine {
    /// The plugin's control socket
    #[arg(long, default_value = paths::CONTROL_SOCKET, env = "PULLGATE_CONTROL_SOCKET", value_name = "PATH")]
    control_socket: PathBuf,
}

/// Where the engine answers.
#[derive(ClapArgs, Debug)]
pub struct Engine {
    /// The engine's API socket
    #[arg(long, default_value = "/var/run/docker.sock", env = "PULLGATE_ENGINE_SOCKET", value_name = "PATH")]
    pub engine_socket: PathBuf,
}

/// Where the registry door keeps its things.
#[derive(ClapArgs, Debug, Clone)]
pub struct Door {
    /// The registry door's settings
    #[arg(long, default_value = paths::DOOR_SETTINGS, value_name = "FILE")]
    pub door_settings: PathBuf,
    /// Directory of the registry door's certificate authority
    #[arg(long, default_value = paths::DOOR_STATE_DIR, value_name = "DIR")]
    pub door_ca_dir: PathBuf,
}

impl Machine {
    /// Asks one thing, bounded.
    ///
    /// # Errors
    /// When nobody answers; the text says what to do.
    pub fn ask<T>(
        &self,
        question: impl AsyncFnOnce(ControlClient<Channel>) -> Result<T, tonic::Status>,
    ) -> anyhow::Result<T> {
        Runtime::new()?.block_on(self.question(question)).with_context(|| {
            format!(
                "cannot ask the plugin on `{}`; is pullgate-plugin running, and is this the right --control-socket?",
                self.control_socket.display()
            )
        })
    }

    /// Asks one thing, bounded.
    ///
    /// # Errors
    /// When nobody answers, or not with what was asked for; in the plugin's words.
    pub async fn question<T>(
        &self,
        question: impl AsyncFnOnce(ControlClient<Channel>) -> Result<T, tonic::Status>,
    ) -> anyhow::Result<T> {
        let client = ControlClient::new(local::connect_lazy(&self.control_socket))
            .max_decoding_message_size(local::MAX_MESSAGE_BYTES);
        match tokio::time::timeout(DEADLINE, question(client)).await {
            Ok(answer) => answer.map_err(|status| anyhow::anyhow!("{}", status.message())),
            Err(_) => Err(anyhow::anyhow!("no answer within {} seconds", DEADLINE.as_secs())),
        }
    }

    /// Where the plugin answers.
    #[must_use]
    pub fn control_socket(&self) -> &Path {
        &self.control_socket
    }
}
