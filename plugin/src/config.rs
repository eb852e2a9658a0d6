//! Command line. Everything else is the administrator's enrollment file.

use std::path::PathBuf;

use clap::Parser;
use proto::paths;

use crate::door_user::DoorUser;

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
    /// What `pullgate egress` put in place for the engine.
    #[arg(long, default_value = paths::EGRESS, value_name = "FILE")]
    pub egress_file: PathBuf,
    /// The registry door's user, who may follow the documents in force and hand over decisions; a name of
    /// `/etc/passwd`, or a number. Root always may.
    #[arg(long, default_value = "pullgate-proxy", value_name = "NAME|UID")]
    pub door_user: DoorUser,
}
