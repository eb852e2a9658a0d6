//! Command line. Everything else is the administrator's settings file.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser};
use proto::paths;

/// The registry door of pullgate: Docker Engine's way to registries.
#[derive(Debug, Clone, Parser)]
#[command(name = "pullgate-proxy", version)]
pub enum Command {
    /// Serve the engine
    Serve(Serve),
    /// Make this machine's certificate authority unless it is there, and print where the engine finds it
    Ca(Ca),
}

/// Serve the engine.
#[derive(Debug, Clone, Args)]
pub struct Serve {
    /// Address of the forward proxy, for the engine's `proxies` settings.
    #[arg(long, default_value = paths::DOOR, value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Addresses to which the firewall leads what the engine asks of loopback addresses.
    #[arg(long, value_name = "ADDR", default_values = paths::LOOPBACK_DOOR, num_args = 0..)]
    pub loopback_listen: Vec<SocketAddr>,
    /// The plugin's control socket.
    #[arg(long, default_value = paths::CONTROL_SOCKET, value_name = "PATH")]
    pub control_socket: PathBuf,
    /// The administrator's file: trusted keys, whether sign-in is enforced.
    #[arg(long, default_value = paths::ENROLLMENT, value_name = "FILE")]
    pub enrollment: PathBuf,
    /// Docker's own file that enforces sign-in.
    #[arg(long, default_value = paths::REGISTRY_JSON, value_name = "FILE")]
    pub registry_json: PathBuf,
    /// The door's settings; none: defaults.
    #[arg(long, default_value = paths::DOOR_SETTINGS, value_name = "FILE")]
    pub settings: PathBuf,
    /// How long what is under way at SIGTERM may take to its end, in seconds; then it is cut, and engines ask
    /// for the rest. Who dials meanwhile waits for the next door.
    #[arg(long, default_value_t = 5, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(0..=3600))]
    pub drain: u32,
    /// Where the certificate authority is.
    #[command(flatten)]
    pub ca: CaDir,
}

/// Make this machine's certificate authority.
#[derive(Debug, Clone, Args)]
pub struct Ca {
    /// Where it is kept.
    #[command(flatten)]
    pub dir: CaDir,
    /// It vouches for hosts of this domain only (X.509 name constraints); may be repeated
    #[arg(long, value_name = "DOMAIN")]
    pub only: Vec<String>,
}

/// Where the certificate authority is.
#[derive(Debug, Clone, Args)]
pub struct CaDir {
    /// Directory of `ca.key` (its owner's alone) and `trust/pullgate.pem` (for the engine's `SSL_CERT_DIR`).
    #[arg(long, default_value = paths::DOOR_STATE_DIR, value_name = "DIR")]
    pub ca_dir: PathBuf,
}
