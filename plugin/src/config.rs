//! Command line. Everything else is the administrator's enrollment file.

use std::path::PathBuf;

use clap::Parser;
use proto::paths;

/// The pullgate authorization plugin for Docker Engine.
#[derive(Debug, Clone, Parser)]
#[command(name = "pullgate-plugin", version)]
pub struct Config {
    /// Socket on which the engine asks.
    #[arg(long, default_value = paths::PLUGIN_SOCKET, value_name = "PATH")]
    pub socket: PathBuf,
    /// Socket on which the agent and the commands of this machine ask.
    #[arg(long, default_value = paths::CONTROL_SOCKET, value_name = "PATH")]
    pub control_socket: PathBuf,
    /// Where documents in force and their generations are kept.
    #[arg(long, default_value = paths::STATE_DIR, value_name = "DIR")]
    pub state_dir: PathBuf,
    /// The administrator's file: policy service, trusted keys, whether sign-in is enforced.
    #[arg(long, default_value = paths::ENROLLMENT, value_name = "FILE")]
    pub enrollment: PathBuf,
    /// Docker's own file that enforces sign-in; counts where the enrollment has no `allowedOrgs`.
    #[arg(long, default_value = paths::REGISTRY_JSON, value_name = "FILE")]
    pub registry_json: PathBuf,
}
