//! Docker Engines of several releases, as their packages are, each with the real plugin in front and alone in a
//! network of its own.
//!
//! In that network every name leads to one registry, and it answers on the ports that references
//! are tried with: whatever an engine asks of whichever registry is in its log, with the host
//! that was asked for. `tests/engines` makes the root directories.

mod answer;
mod documents;
mod engine;
mod fetches;
mod flavour;
mod link;
mod network;
mod resolver;
mod services;
mod side_by_side;
mod stock;
mod tap;
mod wire;

use installer::lab::{Cgroup, Lab, LabError, Plugin};
use proto::{
    control::{RecordsRequest, control_client::ControlClient},
    local, sync,
};

pub use self::{
    answer::Answer,
    documents::Authority,
    engine::{Engine, INSIDE, Setup},
    fetches::{Fetch, HUB_MIRROR, Registries, answered, unread},
    flavour::Flavour,
    link::Rate,
    network::Network,
    resolver::{Names, RESOLVER, Resolver},
    side_by_side::side_by_side,
    stock::{Stock, Ware},
    tap::{Shown, Tap},
    wire::Vector,
};

/// One engine, running, with everything it needs. Ends from top to bottom when dropped.
pub struct Site {
    /// The engine.
    pub engine: Engine,
    /// Where the engine runs: firewall rules know it by this.
    pub cgroup: Cgroup,
    /// Between engine and plugin.
    pub tap: Tap,
    /// The plugin in front of it.
    pub plugin: Plugin,
    /// In the place of every registry.
    pub registries: Registries,
    /// Where all of them are.
    pub network: Network,
    /// The directory; last, because the others live in it.
    pub lab: Lab,
}

impl Site {
    /// Starts everything, with `authority`'s policy and a member's session in force.
    ///
    /// # Errors
    /// The first part that does not come up.
    pub async fn start(flavour: Flavour, stock: &Stock, authority: &Authority) -> Result<Self, LabError> {
        let lab = Lab::new()?;
        let network = Network::start(&lab).await?;
        let registries = Registries::start(&lab, &network, stock).await?;
        authority.enroll(&lab, false)?;
        let plugin = Plugin::start(&lab, None).await?;
        authority.put_in_force(&lab, &plugin).await?;
        let tap = Tap::start(&lab)?;
        let cgroup = Cgroup::new(&lab, "engine")?;
        let engine = Engine::start(&lab, &network, &cgroup, flavour, &Setup::default()).await?;
        Ok(Self { engine, cgroup, tap, plugin, registries, network, lab })
    }

    /// What the plugin itself has recorded about a kind of action, for example `pull`.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn recorded(&self, action: &str) -> Result<Vec<sync::Record>, LabError> {
        recorded(&self.lab, &self.plugin, action).await
    }
}

/// What a lab's plugin has recorded about a kind of action since it was last asked.
///
/// # Errors
/// When it does not answer.
pub async fn recorded(lab: &Lab, plugin: &Plugin, action: &str) -> Result<Vec<sync::Record>, LabError> {
    let mut control = ControlClient::new(local::connect_lazy(&lab.control_socket()));
    let run = plugin.status().await?.started_at_ms;
    let (mut recorded, mut acknowledge) = (Vec::new(), 0);
    loop {
        let batch = control.records(RecordsRequest { acknowledge, wait_ms: 0, run, ..RecordsRequest::default() }).await;
        let batch = batch.map_err(|status| LabError::Control { call: "Records", why: status.message().to_owned() })?;
        let batch = batch.into_inner();
        if batch.records.is_empty() {
            return Ok(recorded);
        }
        acknowledge = batch.last;
        recorded.extend(batch.records.into_iter().filter(|record| record.action == action));
    }
}
