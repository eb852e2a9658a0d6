//! Looks at this machine. Every question has a deadline, and no answer is an answer.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use proto::{
    control::StatusResponse,
    sign_in::{Paths, SignInFiles},
};
use serde_json::Value;

use super::ca::Ca;
use crate::{
    agent, machine,
    status::{coverage, door::Setup, engine},
};

/// For a connection to the policy service.
const CONNECT: Duration = Duration::from_secs(5);
/// For the agent's reading of the credentials: a helper has 5 s for each of a few looks.
const CREDENTIALS: Duration = Duration::from_secs(30);

/// Where things are.
pub struct Places {
    /// The administrator's files.
    pub files: Paths,
    /// The engine's socket.
    pub engine: PathBuf,
    /// The Docker credentials; none: as the docker command finds them.
    pub config_dir: Option<OsString>,
    /// The registry door.
    pub door: machine::Door,
}

/// What was found.
pub struct Facts {
    /// The administrator's files, as this user reads them.
    pub files: SignInFiles,
    /// What the plugin says.
    pub plugin: Result<StatusResponse, String>,
    /// What the engine says.
    pub engine: coverage::Facts,
    /// The registry door, as far as it is set up.
    pub door: Setup,
    /// Its certificate authority.
    pub ca: Ca,
    /// What `pullgated credentials --json` says.
    pub credentials: Result<Value, String>,
    /// Whether the policy service takes a connection; none: there is none.
    pub service: Option<Result<(), String>>,
    /// This user.
    pub uid: u32,
}

/// Looks.
pub async fn look(places: &Places, plugin: anyhow::Result<StatusResponse>) -> Facts {
    let files = SignInFiles::read(&places.files);
    let service = match &files.enrollment {
        Ok(enrollment) => Some(reach(&enrollment.service).await),
        Err(_) => None,
    };
    let unasked = StatusResponse {
        door_expected: files.enrollment.as_ref().is_ok_and(|enrollment| enrollment.registry_door),
        ..StatusResponse::default()
    };
    let door = Setup::of(plugin.as_ref().unwrap_or(&unasked), &places.door.door_settings);
    Facts {
        ca: Ca::look(&places.door.door_ca_dir),
        plugin: plugin.map_err(|error| format!("{error:#}")),
        engine: engine::facts(&places.engine, &door.probe_keys).await,
        door,
        credentials: credentials(places.config_dir.as_ref(), &places.files.enrollment).await,
        service,
        files,
        uid: rustix::process::geteuid().as_raw(),
    }
}

/// A plain connection: whether somebody is there, and not whether their certificate is right.
async fn reach(service: &str) -> Result<(), String> {
    let (default_port, rest) = match service.split_once("://") {
        Some(("http", rest)) => (80, rest),
        Some((_, rest)) => (443, rest),
        None => (443, service),
    };
    let authority: hyper::http::uri::Authority =
        rest.split('/').next().unwrap_or_default().parse().map_err(|_| "no host")?;
    let host = authority.host().trim_matches(['[', ']']).to_owned();
    let port = authority.port_u16().unwrap_or(default_port);
    match tokio::time::timeout(CONNECT, tokio::net::TcpStream::connect((host.as_str(), port))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", CONNECT.as_secs())),
    }
}

async fn credentials(config_dir: Option<&OsString>, enrollment: &Path) -> Result<Value, String> {
    let agent = agent::program().map_err(|error| format!("{error:#}"))?;
    let mut command = tokio::process::Command::new(agent);
    command.args(["credentials", "--json", "--enrollment"]).arg(enrollment);
    if let Some(directory) = config_dir {
        command.arg("--config-dir").arg(directory);
    }
    command.stdin(Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(CREDENTIALS, command.output()).await {
        Ok(Ok(output)) if output.status.success() => {
            serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
        }
        Ok(Ok(output)) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", CREDENTIALS.as_secs())),
    }
}
