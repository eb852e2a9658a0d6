//! Command line.

use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use proto::paths;

use crate::{credentials::place::Place, os, spool};

/// The pullgate agent: signs in with the Docker credentials of the user that runs it, and
/// carries the organization's policy to the plugin.
#[derive(Debug, Clone, Parser)]
#[command(name = "pullgated", version)]
pub struct Config {
    /// Something else than running the agent
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Directory of Docker's `config.json` [default: $DOCKER_CONFIG, else ~/.docker, or that of the docker snap]
    #[arg(long, global = true, value_name = "DIR")]
    pub config_dir: Option<PathBuf>,
    /// For machines that no person signs in to: a file with one access token, which is used instead of the Docker
    /// credentials; root's or the agent's own, mode 0600 [default: $PULLGATE_TOKEN_FILE, else none]
    #[arg(long, global = true, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// The plugin's control socket
    #[arg(long, global = true, value_name = "PATH", default_value = paths::CONTROL_SOCKET)]
    pub control_socket: PathBuf,
    /// Where documents and records are kept [default: $STATE_DIRECTORY as systemd sets it, else
    /// $XDG_STATE_HOME/pullgate, else ~/.local/state/pullgate]
    #[arg(long, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// The enrollment file
    #[arg(long, global = true, value_name = "FILE", default_value = paths::ENROLLMENT)]
    pub enrollment: PathBuf,
    /// Most bytes of records that wait on disk for the service; beyond, the oldest are dropped and counted
    #[arg(long, value_name = "BYTES", default_value_t = spool::DEFAULT_LIMIT)]
    pub spool_limit: u64,
}

/// What the program can do beside running.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Show once whom the Docker credentials name, as the agent reads them; never a secret
    Credentials(Credentials),
    /// Look once whether the enrolled service can be reached, and print one JSON object; no credential is shown
    Reach,
    /// Sign in with the organization's identity provider, and keep the access token where `docker login` would
    Login(Login),
    /// Ask the organization to allow an image, or show what became of it
    RequestAccess(RequestAccess),
}

/// Arguments of `credentials`.
#[derive(Debug, Clone, Args)]
pub struct Credentials {
    /// Registry or service whose sign-in is looked for [default: the enrolled service, else Docker Hub]
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `login`.
#[derive(Debug, Clone, Args)]
pub struct Login {
    /// Print one JSON object with the page and the code, and one with the outcome
    #[arg(long)]
    pub json: bool,
}

/// Arguments of `request-access`: one of `image`, `list` and `withdraw`.
#[derive(Debug, Clone, Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct RequestAccess {
    /// As you would type it behind `docker pull`; without a tag, the whole repository
    #[arg(group = "what", requires = "reason")]
    pub image: Option<String>,
    /// Why it is needed; whoever decides reads it
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
    /// The refusal that it is about, as its text names it
    #[arg(long, value_name = "ID", requires = "image")]
    pub decision: Option<String>,
    /// Show what you asked for, and the answers
    #[arg(long, group = "what")]
    pub list: bool,
    /// Take a request back that waits
    #[arg(long, value_name = "ID", group = "what")]
    pub withdraw: Option<String>,
    /// Print JSON, one object a line
    #[arg(long)]
    pub json: bool,
}

/// Paths in force, absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Docker's `config.json`, or a token file.
    pub credentials: Place,
    /// The plugin's control socket.
    pub control_socket: PathBuf,
    /// The agent's own files.
    pub state_dir: PathBuf,
    /// The enrollment file.
    pub enrollment: PathBuf,
}

impl Config {
    /// Fills in what was not given, as the docker command would: an empty `DOCKER_CONFIG` is none.
    ///
    /// # Errors
    /// When there is no home directory to fall back on.
    pub fn paths(&self) -> anyhow::Result<Paths> {
        let credentials = match self.token_file.clone().or_else(|| variable("PULLGATE_TOKEN_FILE")) {
            Some(path) => Place::token_file(absolute(path)?),
            None => self.docker_credentials()?,
        };
        let state_dir = match self.state_dir.clone().or_else(systemd_state_dir) {
            Some(given) => given,
            None => os::files::state_base().context("there is no home directory; give --state-dir")?.join("pullgate"),
        };
        Ok(Paths {
            credentials,
            control_socket: absolute(self.control_socket.clone())?,
            state_dir: absolute(state_dir)?,
            enrollment: absolute(self.enrollment.clone())?,
        })
    }

    /// Docker's `config.json`, which need not be there.
    ///
    /// # Errors
    /// When there is no home directory to fall back on.
    pub fn docker_credentials(&self) -> anyhow::Result<Place> {
        Ok(match self.config_dir.clone().or_else(|| variable("DOCKER_CONFIG")) {
            Some(directory) => Place::in_directory(&absolute(directory)?),
            None => {
                let home = dirs::home_dir().context("there is no home directory; give --config-dir")?;
                Place::in_home(&absolute(home)?)
            }
        })
    }
}

fn absolute(path: PathBuf) -> anyhow::Result<PathBuf> {
    std::path::absolute(&path).with_context(|| format!("`{}` cannot be made absolute", path.display()))
}

/// A path in the environment; an empty one is none.
fn variable(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// `StateDirectory=` of the unit. Several of them, with colons between, are not meant for us alone.
fn systemd_state_dir() -> Option<PathBuf> {
    variable("STATE_DIRECTORY")
        .filter(|path| path.is_absolute() && !path.as_os_str().as_encoded_bytes().contains(&b':'))
}
