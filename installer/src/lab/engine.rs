//! A throw-away Docker Engine: a real `dockerd` with everything of its own.
//!
//! It has its own mount namespace (`engine.sh`), in which `/run/docker/plugins` is the lab's;
//! and its own process-id namespace, so that nothing of it outlives it. It shares the network
//! of the machine but makes no bridge, no firewall rule and no listener.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};

use super::{Lab, LabError, Process, Registry, error::file, http, process, programs};

/// Longest start of an engine. Half a second is usual; a plugin that it cannot reach costs it 15 s.
const START: Duration = Duration::from_secs(30);

/// A running engine.
pub struct Engine {
    process: Process,
    socket: PathBuf,
    version: String,
}

impl Engine {
    /// Starts `dockerd`, from `PATH` unless given, with the plugin `pullgate` in front and
    /// `registry` in the place of Docker Hub. The plugin must answer already.
    ///
    /// # Errors
    /// With the end of the engine's log, when it does not come up.
    pub async fn start(lab: &Lab, registry: &Registry, dockerd: Option<&Path>) -> Result<Self, LabError> {
        let dockerd = match dockerd {
            Some(path) => path.canonicalize().map_err(file("find", path))?,
            None => programs::installed("dockerd", "docker.io")?,
        };
        let unshare = programs::installed("unshare", "util-linux")?;
        lab.make_dir("engine")?;
        let config = lab.write("engine/daemon.json", config(lab, registry).to_string())?;
        let socket = lab.path("engine/docker.sock");
        let mut command = process::clean(unshare);
        command
            .args(["--mount", "--propagation=private", "--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(["sh", "-c", include_str!("engine.sh"), "pullgate-lab-engine"])
            .arg(lab.path("plugins"))
            .arg(dockerd)
            .arg("--config-file")
            .arg(config)
            .env("HOME", lab.dir());
        let mut process = Process::start(lab, "engine", command)?;
        let ready = process.ready(START, || async {
            let answer = http::unix(&socket, "GET", "/_ping").await.map_err(|error| error.to_string())?;
            if answer.status == 200 { Ok(()) } else { Err(answer.text()) }
        });
        ready.await?;
        process.adopt_inner();
        let answer = http::unix(&socket, "GET", "/version").await?;
        let version: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let version = version["Version"].as_str().unwrap_or("of unknown version").to_owned();
        Ok(Self { process, socket, version })
    }

    /// Its API socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// What it calls itself, for example `20.10.24+dfsg1`.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    /// One call of its API, without a client's retries or texts in between.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn call(&self, method: &str, target: &str) -> Result<http::Answer, LabError> {
        http::unix(&self.socket, method, target).await
    }
}

/// `authorization-plugins` stands in the file: given as a flag, one SIGHUP would drop it.
fn config(lab: &Lab, registry: &Registry) -> Value {
    json!({
        "authorization-plugins": ["pullgate"],
        "registry-mirrors": [registry.url()],
        "hosts": [format!("unix://{}", lab.path("engine/docker.sock").display())],
        "data-root": lab.path("engine/data"),
        "exec-root": "/run/engine",
        "pidfile": "/run/engine.pid",
        "cgroup-parent": format!("/{}", lab.guard().cgroup()),
        "exec-opts": ["native.cgroupdriver=cgroupfs"],
        "bridge": "none",
        "iptables": false,
        "ip6tables": false,
        "ip-forward": false,
        "ip-masq": false,
        "shutdown-timeout": 1,
    })
}
