//! This machine's plugin, as commands ask it.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args as ClapArgs;
use proto::{control::control_client::ControlClient, local, paths};
use tokio::runtime::Runtime;
use tonic::{Code, transport::Channel};

use crate::acts;

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
    #[arg(long, default_value = paths::ENGINE_SOCKET, env = "PULLGATE_ENGINE_SOCKET", value_name = "PATH")]
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

/// Why a question to the plugin has no answer.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody is there, or not in time.
    #[error(
        "cannot ask the plugin on `{}`: {why}; is pullgate-plugin running, and is this the right --control-socket?", .socket.display()
    )]
    Silent {
        /// Where it was asked.
        socket: PathBuf,
        /// What the system says.
        why: String,
    },
    /// It does not know the question.
    #[error("the plugin is older than this command, and does not know what it is asked; update it and restart it")]
    Older,
    /// It does not say that to this user, or not so.
    #[error("{0}")]
    Refused(String),
}

impl AskError {
    fn new(socket: &Path, status: &tonic::Status) -> Self {
        match status.code() {
            Code::Unimplemented => Self::Older,
            // Somebody is there, and says why that is all.
            Code::Unavailable if status.message().starts_with(local::CANNOT_START) => {
                Self::Refused(status.message().to_owned())
            }
            Code::Unavailable | Code::Unknown | Code::Internal | Code::Cancelled | Code::DeadlineExceeded => {
                Self::Silent { socket: socket.to_owned(), why: status.message().to_owned() }
            }
            _ => Self::Refused(status.message().to_owned()),
        }
    }

    /// Without where and what to do, for whoever says that themselves.
    #[must_use]
    pub fn why(&self) -> String {
        match self {
            Self::Silent { why, .. } => why.clone(),
            Self::Older | Self::Refused(_) => self.to_string(),
        }
    }
}

impl Machine {
    /// Asks one thing, bounded.
    ///
    /// # Errors
    /// [`AskError`].
    pub fn ask<T>(
        &self,
        question: impl AsyncFnOnce(ControlClient<Channel>) -> Result<T, tonic::Status>,
    ) -> Result<T, AskError> {
        let silent =
            |error: std::io::Error| AskError::Silent { socket: self.control_socket.clone(), why: error.to_string() };
        Runtime::new().map_err(silent)?.block_on(self.question(question))
    }

    /// Asks one thing, bounded.
    ///
    /// # Errors
    /// [`AskError`].
    pub async fn question<T>(
        &self,
        question: impl AsyncFnOnce(ControlClient<Channel>) -> Result<T, tonic::Status>,
    ) -> Result<T, AskError> {
        let client = ControlClient::new(local::connect_lazy(&self.control_socket))
            .max_decoding_message_size(local::MAX_MESSAGE_BYTES);
        let answer = match tokio::time::timeout(DEADLINE, question(client)).await {
            Ok(answer) => answer.map_err(|status| AskError::new(&self.control_socket, &status))?,
            Err(_) => {
                let why = format!("no answer within {} s", DEADLINE.as_secs());
                return Err(AskError::Silent { socket: self.control_socket.clone(), why });
            }
        };
        if self.control_socket == Path::new(paths::CONTROL_SOCKET) {
            // It answers again, and may not know yet what root did meanwhile. If it is not told now, it is the next time.
            let _ = acts::hand_over_waiting().await;
        }
        Ok(answer)
    }

    /// Where the plugin answers.
    #[must_use]
    pub fn control_socket(&self) -> &Path {
        &self.control_socket
    }
}
