//! Docker Engines behind the real registry door, with real registries on the other side.
//!
//! All of it is in a network of its own, as [`crate::engines`] has it; here names lead to addresses
//! that are not loopback, the registries speak TLS with certificates that door, engine and command
//! lines trust as they trust the internet's, and Docker Hub asks for a token first. The engine is in
//! a control group of its own, and knows no mirror.

pub mod broken;
mod certificates;
mod client;
mod command;
mod peer;
mod registries;
mod ways;

use std::{
    fs,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use installer::lab::{Cgroup, Door, Held, Lab, LabError, Plugin, Posted, Process, own, wait_until};
use proto::sync::Record;
use serde_json::{Map, json};

pub use self::{
    certificates::Authority,
    client::{Client, Got},
    command::Call,
    peer::{Peer, Script, Step, answer_with, tokens},
    registries::{ADDRESSES, Asked, BROKEN, HUB, NAME_OF_LOOPBACK, OTHER, Registries, TOKENS, names},
    ways::{BASE, Way},
};
use crate::engines::{self, Engine, Flavour, INSIDE, Network, RESOLVER, Rate, Stock, Tap};

/// Plain HTTP, so that an engine takes it only because its settings say so.
pub const INSECURE: [&str; 2] = ["plain.example", "plain.example:5000"];

/// How a site is set up.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// The engine asks the plugin, as everywhere; else the door is alone, and only follows it.
    pub plugin: bool,
    /// The engine's way to registries leads through the door; else it goes straight.
    pub door: bool,
    /// The firewall leads what the engine asks of loopback addresses to the door.
    pub egress: bool,
    /// The registries are in a network of their own, at the other end of a cable.
    pub cable: Option<Rate>,
    /// The door's sockets are held while its process is replaced, which takes a second to its end at most; and the
    /// engine tries as often as engines do.
    pub held: bool,
    /// What the engine has is in memory: for measuring what is not a disk's.
    pub in_memory: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self { plugin: false, door: true, egress: true, cable: None, held: false, in_memory: false }
    }
}

/// One engine behind a door, running, with everything it needs. Ends from top to bottom when dropped.
pub struct Site {
    /// The engine.
    pub engine: Engine,
    /// Where the engine runs: firewall rules know it by this.
    pub cgroup: Cgroup,
    /// Between engine and plugin, if the engine asks it.
    pub tap: Option<Tap>,
    /// Keeps the firewall rules, if there are any: ends before their network does.
    _watch: Option<Process>,
    /// Its door, if there is one.
    pub door: Option<Door>,
    /// Where both have their documents from.
    pub plugin: Plugin,
    /// What was put in force at the start.
    pub documents: engines::Authority,
    /// In the place of every registry.
    pub registries: Registries,
    /// Docker Hub's tokens.
    pub tokens: Peer,
    /// Who vouches for the registries.
    pub authority: Authority,
    /// Where all of them are.
    pub network: Network,
    /// Where the registries are, if there is a cable.
    pub beyond: Option<Network>,
    /// The directory; last, because the others live in it.
    pub lab: Lab,
    calls: std::sync::atomic::AtomicUsize,
}

impl Site {
    /// Starts everything, with `documents` in force.
    ///
    /// # Errors
    /// The first part that does not come up.
    pub async fn start(
        flavour: Flavour,
        stock: &Stock,
        documents: &engines::Authority,
        setup: Setup,
    ) -> Result<Self, LabError> {
        let lab = Lab::new()?;
        let here: &[_] = if setup.cable.is_some() { &[] } else { &ADDRESSES };
        let network = Network::start_with(&lab, here, names).await?;
        let beyond = match setup.cable {
            Some(rate) => {
                let beyond = network.beyond(&lab, &ADDRESSES).await?;
                network.limit(&beyond, rate).await?;
                Some(beyond)
            }
            None => None,
        };
        let authority = Authority::new("the laboratory's registries");
        let servers = beyond.as_ref().unwrap_or(&network);
        let registries = Registries::start(&lab, [&network, servers], stock, &authority).await?;
        let listener = servers.listen(SocketAddr::new(IpAddr::V4(TOKENS), 443));
        let listener = listener.map_err(|source| LabError::Start { program: "a token server".to_owned(), source })?;
        let tokens = Peer::start(listener, Some(authority.server(&["auth.docker.io"])), tokens);
        documents.enroll(&lab, setup.door)?;
        let plugin = Plugin::start(&lab, None).await?;
        documents.put_in_force(&lab, &plugin).await?;
        for dir in ["engine/run", "engine/run/home", "engine/run/trust"] {
            lab.make_dir(dir)?;
        }
        lab.write("engine/run/trust/registries.pem", authority.pem())?;
        let door = match setup.door {
            true => Some(start_door(&lab, &network, setup.held).await?),
            false => None,
        };
        lab.make_dir("tap")?;
        let tap = if setup.plugin { Some(Tap::start(&lab)?) } else { None };
        let cgroup = Cgroup::new(&lab, "engine")?;
        let watch = match setup.door && setup.egress {
            true => Some(egress(&lab, &network, &cgroup).await?),
            false => None,
        };
        let engine = Engine::start(&lab, &network, &cgroup, flavour, &around(flavour, setup)).await?;
        let calls = std::sync::atomic::AtomicUsize::new(0);
        let documents = documents.clone();
        let _watch = watch;
        Ok(Self {
            engine,
            cgroup,
            tap,
            _watch,
            door,
            documents,
            plugin,
            registries,
            tokens,
            authority,
            network,
            beyond,
            lab,
            calls,
        })
    }

    /// Puts the firewall rules in place, and keeps them there while the answer is held.
    ///
    /// # Errors
    /// When they cannot be put in place.
    pub async fn guard(&self) -> Result<Process, LabError> {
        egress(&self.lab, &self.network, &self.cgroup).await
    }

    /// The door.
    ///
    /// # Panics
    /// When there is none.
    pub fn door(&mut self) -> &mut Door {
        self.door.as_mut().expect("a site with a door")
    }

    /// Puts newer documents in force, and waits until the door follows them.
    ///
    /// # Errors
    /// When plugin or door do not take them.
    pub async fn change(&self, documents: &engines::Authority) -> Result<(), LabError> {
        let log = self.lab.path("log/door.log");
        let follows = || fs::read_to_string(&log).map_or(0, |log| log.matches(": in force ").count());
        let before = follows();
        documents.put_in_force(&self.lab, &self.plugin).await?;
        let followed = || async { if follows() > before { Ok(()) } else { Err("it has not".to_owned()) } };
        wait_until("the door to follow the plugin", Duration::from_secs(10), followed).await
    }

    /// What was recorded about a kind of action since the last call, for example `fetch`.
    ///
    /// # Errors
    /// When the plugin does not answer.
    pub async fn recorded(&self, action: &str) -> Result<Vec<Record>, LabError> {
        engines::recorded(&self.lab, &self.plugin, action).await
    }

    /// Starts the door again after its end.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn restart_door(&mut self) -> Result<(), LabError> {
        let (lab, network) = (&self.lab, &self.network);
        match &mut self.door {
            Some(door) => door.restart(lab, |program| network.resolving(lab, RESOLVER, program)).await,
            None => Ok(()),
        }
    }
}

/// As the engine's unit does before each start, and the unit beside it from then on.
async fn egress(lab: &Lab, network: &Network, cgroup: &Cgroup) -> Result<Process, LabError> {
    let program = own("pullgate")?;
    let command = network.run(&program, "pullgate")?.args(["egress", "apply", "--cgroup"]);
    let command = command.hidden_args([cgroup.path()]).args(["--state-file"]).hidden_args([lab.path("egress.json")]);
    command.run().await?.success()?;
    let mut watch = network.command(&program)?;
    watch.args(["egress", "watch", "--cgroup"]).arg(cgroup.path()).arg("--state-file").arg(lab.path("egress.json"));
    Process::start(lab, "egress-watch", watch)
}

/// What an administrator writes for the engine.
fn around(flavour: Flavour, setup: Setup) -> engines::Setup {
    let mut config = Map::new();
    config.insert("registry-mirrors".to_owned(), json!([]));
    config.insert("insecure-registries".to_owned(), json!(INSECURE));
    // An engine tries five times, over a minute, what a layer's registry breaks off.
    if !setup.held {
        config.insert("max-download-attempts".to_owned(), json!(1));
    }
    if !setup.plugin {
        config.insert("authorization-plugins".to_owned(), json!([]));
    }
    // The registries' authority stands for those that everybody trusts: nothing but the door's own
    // word keeps an engine from them.
    let trust = format!("/etc/ssl/certs:{INSIDE}/trust:{INSIDE}/door/trust");
    let mut environment = vec![("SSL_CERT_DIR".to_owned(), trust)];
    let proxy = format!("http://{}", door_address());
    match (setup.door, flavour.is_old()) {
        (false, _) => {}
        // 20.10 refuses to start with `proxies` in its file.
        (true, true) => {
            environment.extend(["HTTP_PROXY", "HTTPS_PROXY"].map(|name| (name.to_owned(), proxy.clone())));
        }
        (true, false) => {
            config.insert("proxies".to_owned(), json!({"http-proxy": proxy, "https-proxy": proxy}));
        }
    }
    engines::Setup { config, environment, in_memory: setup.in_memory, resolver: None }
}

/// Where the door listens unless told otherwise.
#[must_use]
pub fn door_address() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 857))
}

async fn start_door(lab: &Lab, network: &Network, is_held: bool) -> Result<Door, LabError> {
    let registries = lab.path("engine/run/trust/registries.pem");
    let loopback: Vec<SocketAddr> = proto::paths::LOOPBACK_DOOR.iter().filter_map(|place| place.parse().ok()).collect();
    let held = match is_held {
        true => Some(hold(network, std::iter::once(door_address()).chain(loopback.clone()))?),
        false => None,
    };
    let settings = json!({"upstreamCa": [registries], "insecureRegistries": INSECURE});
    let posted = Posted {
        listen: door_address(),
        loopback,
        ca: lab.path("engine/run/door"),
        settings: settings.to_string(),
        held,
        drain: is_held.then_some(1),
    };
    Door::start(lab, posted, |program| network.resolving(lab, RESOLVER, program)).await
}

fn hold(network: &Network, addresses: impl Iterator<Item = SocketAddr>) -> Result<Held, LabError> {
    let mut held = Held::default();
    for address in addresses {
        let socket = network.listen(address).and_then(tokio::net::TcpListener::into_std);
        let socket = socket.map_err(|source| LabError::Start { program: format!("a socket on {address}"), source })?;
        held.tcp("door", socket);
    }
    Ok(held)
}
