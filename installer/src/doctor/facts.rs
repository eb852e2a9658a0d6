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

use super::look::{
    ca::Ca,
    docker_group::{self, Users},
    plugin_socket::{self, PluginSocket},
    reach::Reached,
    registries::{self, Lists},
};
use crate::{
    agent,
    engine_files::{EngineFile, found},
    machine::{self, AskError},
    output,
    status::{coverage, disabled, door::Setup, engine, seen::Agent},
    when,
};

/// For a connection to the policy service.
const CONNECT: Duration = Duration::from_secs(5);
/// For the agent's reading of the credentials: a helper has 5 s for each of a few looks.
const CREDENTIALS: Duration = Duration::from_secs(30);

/// For the agent's look at the policy service: it gives itself five seconds twice.
const REACH: Duration = Duration::from_secs(12);

/// Where things are.
pub struct Places {
    /// The plugin's control socket.
    pub control_socket: PathBuf,
    /// The plugin's socket for engines.
    pub plugin_socket: PathBuf,
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
    /// What became of a look at the policy service; none: there is none.
    pub service: Option<Reached>,
    /// Whether the plugin answers as engines ask.
    pub socket: PluginSocket,
    /// The configuration of the engine that is asked, and of others.
    pub engine_files: Vec<EngineFile>,
    /// The engine's socket.
    pub engine_socket: PathBuf,
    /// Who is root through it.
    pub users: Users,
    /// The registry door's own lists of registries.
    pub lists: Lists,
    /// Whether `pullgate disable` is in force.
    pub disabled: disabled::Seen,
    /// The agent of this user.
    pub agent: Agent,
    /// Now, in seconds since 1970.
    pub now_s: i64,
    /// This user.
    pub uid: u32,
}

/// Looks.
pub async fn look(places: &Places, plugin: Result<StatusResponse, AskError>) -> Facts {
    let files = SignInFiles::read(&places.files);
    let service = match &files.enrollment {
        Ok(enrollment) => {
            let reached = reach(&enrollment.service, &places.files.enrollment);
            Some(output::patiently("looking at the policy service", reached).await)
        }
        Err(_) => None,
    };
    let door = match &plugin {
        Ok(status) => Setup::of(status, &places.door.door_settings),
        Err(_) => {
            let expected = files.enrollment.as_ref().is_ok_and(|enrollment| enrollment.registry_door);
            Setup::unknown(expected, &places.door.door_settings)
        }
    };
    Facts {
        ca: Ca::look(&places.door.door_ca_dir),
        plugin: plugin.map_err(|error| match error {
            AskError::Silent { socket, why } => format!("it does not answer on `{}`: {why}", socket.display()),
            error => error.to_string(),
        }),
        engine: output::patiently("probing the engine", engine::facts(&places.engine, &door.probe_keys)).await,
        door,
        credentials: {
            let asked = credentials(places.config_dir.as_ref(), &places.files.enrollment);
            output::patiently("looking at the Docker credentials", asked).await
        },
        service,
        socket: plugin_socket::look(&places.plugin_socket),
        engine_files: found::all(),
        engine_socket: places.engine.clone(),
        users: docker_group::look(&places.engine),
        lists: registries::look(&places.door.door_settings),
        disabled: disabled::Seen::look(Path::new(disabled::FILE)),
        agent: agent::of_this_user(&places.control_socket),
        now_s: when::now_ms() / 1000,
        files,
        uid: rustix::process::geteuid().as_raw(),
    }
}

/// By the agent's program, which alone knows TLS; without it a plain connection, which says whether somebody is there.
async fn reach(service: &str, enrollment: &Path) -> Reached {
    let told = ask_agent(REACH, |command| {
        command.args(["reach", "--enrollment"]).arg(enrollment);
    });
    match told.await {
        Ok(told) => Reached::of(&told, when::now_ms() / 1000),
        Err(_) => Reached { error: connect(service).await.err().unwrap_or_default(), ..Reached::default() },
    }
}

async fn connect(service: &str) -> Result<(), String> {
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
    let told = ask_agent(CREDENTIALS, |command| {
        command.args(["credentials", "--json", "--enrollment"]).arg(enrollment);
        if let Some(directory) = config_dir {
            command.arg("--config-dir").arg(directory);
        }
    });
    told.await
}

/// What the agent's program prints.
async fn ask_agent(limit: Duration, arguments: impl FnOnce(&mut tokio::process::Command)) -> Result<Value, String> {
    let agent = agent::program().map_err(|error| format!("{error:#}"))?;
    let mut command = tokio::process::Command::new(agent);
    arguments(&mut command);
    command.stdin(Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(limit, command.output()).await {
        Ok(Ok(output)) if output.status.success() => {
            serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())
        }
        Ok(Ok(output)) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} s", limit.as_secs())),
    }
}
