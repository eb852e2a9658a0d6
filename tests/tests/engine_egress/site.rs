//! An engine with all that workstations have, and egress rules around it.

use std::{
    collections::BTreeSet,
    fs,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use installer::lab::{Cgroup, Lab, Output, Registry, Serving, installed};
use rustix::net::sockopt;
use serde_json::{Map, Value, json};
use tests::{
    engines::{Engine, Flavour, INSIDE, Network, Setup, Stock},
    own_program,
};
use tokio::net::TcpListener;

/// An address of the network's own that is not of loopback.
pub const ELSEWHERE: &str = "192.0.2.7";

/// Ends from top to bottom when dropped.
pub struct Site {
    pub engine: Engine,
    pub cgroup: Cgroup,
    _registry: Registry,
    led: Arc<Mutex<BTreeSet<String>>>,
    pub network: Arc<Network>,
    pub lab: Lab,
}

impl Site {
    /// The rules are in place before the engine starts.
    pub async fn start(flavour: Flavour, stock: &Stock, rules: &[&str]) -> Self {
        Self::start_with(flavour, stock, rules, Map::new()).await
    }

    /// The same with `more` in the engine's file.
    pub async fn start_with(flavour: Flavour, stock: &Stock, rules: &[&str], more: Map<String, Value>) -> Self {
        Self::start_as(flavour, stock, rules, more, None).await
    }

    /// The same on a machine whose `resolv.conf` names this resolver.
    pub async fn start_as(
        flavour: Flavour,
        stock: &Stock,
        rules: &[&str],
        more: Map<String, Value>,
        resolver: Option<Ipv4Addr>,
    ) -> Self {
        let lab = Lab::new().unwrap();
        let address = ELSEWHERE.parse().unwrap();
        let network = Arc::new(Network::start_with(&lab, &[address], |_| ELSEWHERE.parse().unwrap()).await.unwrap());
        let serving = Serving {
            name: "registry",
            storage: stock.storage().to_owned(),
            address: "0.0.0.0:5000".to_owned(),
            read_only: true,
            tls: None,
            tokens: None,
        };
        let registry = Registry::serve(&lab, &serving, |program| network.command(program)).await.unwrap();
        let led = Arc::default();
        let door = network.listen("127.0.0.1:858".parse().unwrap()).unwrap();
        tokio::spawn(hand_on(door, Arc::clone(&network), Arc::clone(&led)));
        let cgroup = Cgroup::new(&lab, "engine").unwrap();
        for dir in ["tap", "engine/run", "engine/run/home", "engine/run/work"] {
            lab.make_dir(dir).unwrap();
        }
        put_in_place(&lab, &network, &cgroup, rules).await;
        let mut setup = Setup { resolver, ..workstation(&lab) };
        setup.config.extend(more);
        let engine = Engine::start(&lab, &network, &cgroup, flavour, &setup).await.unwrap();
        Self { engine, cgroup, _registry: registry, led, network, lab }
    }

    /// Puts other rules in place.
    pub async fn apply(&self, rules: &[&str]) {
        put_in_place(&self.lab, &self.network, &self.cgroup, rules).await;
    }

    pub async fn egress(&self, args: &[&str]) -> Output {
        let state = self.lab.path("run/egress.json").display().to_string();
        let program = self.network.run(&own_program("pullgate"), "pullgate").unwrap();
        program.args([&["egress"], args, &["--state-file", &state]].concat()).run().await.unwrap()
    }

    /// The release's own command line, in the directory that [`Self::write`] writes to.
    pub async fn docker(&self, args: &[&str]) -> Output {
        let command = self.engine.command(&self.network, "work", "/usr/bin/docker", "docker").unwrap();
        let command = command
            .env("DOCKER_HOST", format!("unix://{INSIDE}/docker.sock"))
            .env("HOME", format!("{INSIDE}/home"))
            .env("DOCKER_BUILDKIT", "1")
            .env("BUILDKIT_PROGRESS", "plain");
        command.args(args).run().await.unwrap()
    }

    pub fn write(&self, name: &str, content: &str) {
        self.lab.write(&format!("engine/run/work/{name}"), content).unwrap();
    }

    /// What was led to the door since the last call.
    pub fn led(&self) -> Vec<String> {
        std::mem::take(&mut *self.led.lock().unwrap()).into_iter().collect()
    }

    /// What somebody who is not the engine is told on a port of the network.
    pub async fn dial(&self, host: &str, port: u16) -> String {
        let mut command = self.network.command(&installed("busybox", "busybox-static").unwrap()).unwrap();
        command.args(["nc", "-w", "5", host, &port.to_string()]).stdin(Stdio::null());
        let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).trim().to_owned()
    }

    /// The names of the programs in a control group.
    pub fn processes_in(&self, cgroup: &Path) -> Vec<String> {
        let ids = fs::read_to_string(cgroup.join("cgroup.procs")).unwrap();
        let name = |id: &str| fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default().trim().to_owned();
        ids.lines().map(name).collect()
    }

    /// The control group above all containers of the lab's engine.
    pub fn containers(&self) -> PathBuf {
        self.cgroup.path().parent().unwrap().join("containers")
    }
}

async fn put_in_place(lab: &Lab, network: &Network, cgroup: &Cgroup, rules: &[&str]) {
    let (state, cgroup) = (lab.path("run/egress.json").display().to_string(), cgroup.path().display().to_string());
    let args = [&["egress", "apply", "--state-file", &state, "--cgroup", &cgroup], rules].concat();
    let command = network.run(&own_program("pullgate"), "pullgate").unwrap().args(args);
    command.deadline(Duration::from_secs(20)).run().await.unwrap().success().unwrap();
}

/// Bridges and firewall rules as a workstation has them; no plugin, no mirror.
fn workstation(lab: &Lab) -> Setup {
    let Value::Object(config) = json!({
        "authorization-plugins": [],
        "registry-mirrors": [],
        "insecure-registries": [format!("{ELSEWHERE}:5000")],
        "bridge": "",
        "iptables": true,
        "cgroup-parent": format!("{}/containers", group(lab)),
    }) else {
        unreachable!("it is an object");
    };
    Setup { config, ..Setup::default() }
}

/// The control group of the lab, as an engine is told it.
pub fn group(lab: &Lab) -> String {
    format!("/{}", lab.dir().file_name().unwrap().to_str().unwrap())
}

/// Hands every connection on to whom it was for.
async fn hand_on(door: TcpListener, network: Arc<Network>, led: Arc<Mutex<BTreeSet<String>>>) {
    while let Ok((mut client, _)) = door.accept().await {
        let meant = SocketAddr::from(sockopt::ip_original_dst(&client).unwrap());
        led.lock().unwrap().insert(meant.to_string());
        let network = Arc::clone(&network);
        tokio::spawn(async move {
            if let Ok(mut server) = network.connect(meant) {
                // Either side may go away at any time.
                let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
            }
        });
    }
}
