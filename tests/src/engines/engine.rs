//! One engine.

use std::{
    net::Ipv4Addr,
    path::{Path, PathBuf},
    time::Duration,
};

use installer::lab::{Cgroup, Command, Lab, LabError, Process, http, installed};
use serde_json::{Map, Value, json};

use super::{Flavour, HUB_MIRROR, Network, RESOLVER};

/// Longest start of an engine. A second is usual; a plugin that it cannot reach costs it 15 s.
const START: Duration = Duration::from_secs(40);

/// Where an engine's part of the lab is, as the engine itself and its command lines see it.
pub const INSIDE: &str = "/run/lab";

/// What is different about an engine.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// Keys that its `daemon.json` has as well, or with another value.
    pub config: Map<String, Value>,
    /// What its environment has as well.
    pub environment: Vec<(String, String)>,
    /// What it has is in memory: for measuring what is not a disk's.
    pub in_memory: bool,
    /// Another resolver than that of the network.
    pub resolver: Option<Ipv4Addr>,
}

/// A running engine.
pub struct Engine {
    process: Process,
    socket: PathBuf,
    name: String,
}

impl Engine {
    /// Starts it in `network` and in `cgroup`, behind the plugin whose socket is in the lab's directory `tap`.
    ///
    /// # Errors
    /// With the end of its log, when it does not come up.
    pub async fn start(
        lab: &Lab,
        network: &Network,
        cgroup: &Cgroup,
        flavour: Flavour,
        setup: &Setup,
    ) -> Result<Self, LabError> {
        let root = flavour.root()?;
        for dir in ["engine", "engine/stage", "engine/run", "engine/data"] {
            lab.make_dir(dir)?;
        }
        lab.write("engine/daemon.json", config(lab, flavour, setup).to_string())?;
        lab.write("engine/resolv.conf", format!("nameserver {}\n", setup.resolver.unwrap_or(RESOLVER)))?;
        let socket = lab.path("engine/run/docker.sock");
        let mut command = network.command(&installed("unshare", "util-linux")?)?;
        command
            .args(["--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(["sh", "-c", include_str!("engine.sh"), "pullgate-lab-engine"])
            .arg(root)
            .args([lab.path("engine"), lab.path("tap")])
            .arg("/usr/sbin/dockerd")
            .env("HOME", "/root")
            .envs(setup.in_memory.then_some(("LAB_IN_MEMORY", "1")))
            .envs(setup.environment.iter().map(|(name, value)| (name, value)));
        let mut process = Process::start(lab, "engine", cgroup.enter(&command)?)?;
        let ready = process.ready(START, || async {
            let answer = http::unix(&socket, "GET", "/_ping").await.map_err(|error| error.to_string())?;
            if answer.status == 200 { Ok(()) } else { Err(answer.text()) }
        });
        ready.await?;
        process.adopt_inner();
        let version: Value =
            serde_json::from_slice(&http::unix(&socket, "GET", "/version").await?.body).unwrap_or_default();
        let store = if flavour.containerd_store { " with the containerd image store" } else { "" };
        let name = format!("{}{store}", version["Version"].as_str().unwrap_or("of unknown version"));
        Ok(Self { process, socket, name })
    }

    /// Its API socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Its version, for example `20.10.24+dfsg1`, and its image store if that is containerd's.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first number of its version.
    #[must_use]
    pub fn major(&self) -> u32 {
        self.name.split('.').next().and_then(|major| major.parse().ok()).unwrap_or_default()
    }

    /// A program of the engine's release beside the engine, in the directory `dir` of its part of
    /// the lab, shown to people as `shown`.
    ///
    /// # Errors
    /// When `nsenter` is not installed.
    pub fn command(&self, network: &Network, dir: &str, program: &str, shown: &str) -> Result<Command, LabError> {
        let nsenter = installed("nsenter", "util-linux")?;
        let namespaces =
            [format!("--net={}", network.path().display()), format!("--mount={}", self.mounts().display())];
        let command = Command::new(&nsenter, shown).hidden_args(namespaces);
        // Not `nsenter --wd`: that is a directory outside.
        let script = "cd \"$1\" && shift && exec \"$@\"";
        let dir = Path::new(INSIDE).join(dir).display().to_string();
        Ok(command.hidden_args(["--", "/bin/sh", "-c", script, "sh", &dir, program]))
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    fn mounts(&self) -> PathBuf {
        PathBuf::from(format!("/proc/{}/ns/mnt", self.process.inner_id().unwrap_or_default()))
    }
}

fn config(lab: &Lab, flavour: Flavour, setup: &Setup) -> Value {
    let group = lab.dir().file_name().unwrap_or_default().to_string_lossy();
    let mut config = json!({
        "authorization-plugins": ["pullgate"],
        "registry-mirrors": [format!("http://{HUB_MIRROR}")],
        "hosts": ["unix:///run/lab/docker.sock"],
        "cgroup-parent": format!("/{group}"),
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "bridge": "none",
        "iptables": false,
        "ip6tables": false,
        "shutdown-timeout": 1,
        // Said in both directions: what an engine does unasked changes with its version.
        "features": {"containerd-snapshotter": flavour.containerd_store},
    });
    if let Value::Object(keys) = &mut config {
        keys.extend(setup.config.clone());
    }
    config
}
