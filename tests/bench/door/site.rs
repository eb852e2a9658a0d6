//! Two networks, a door in the near one, and a registry in each.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use installer::lab::{Door, Lab, Plugin, Posted};
use proto::document::{Categories, Mode, Policy, Rule, WhenExpired};
use tests::{
    door::Authority as Certificates,
    engines::{Authority, Network, Rate},
};
use tokio_rustls::rustls::{ClientConfig, ServerConfig};

use super::{
    registry,
    ways::{Ways, roots},
};

/// The far registry, and the same under an address that the door never looks into.
const FAR: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);
const FAR_TUNNELLED: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);
const DOOR: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 857);

/// Where a registry is.
pub struct Place {
    pub plain: SocketAddr,
    pub tls: SocketAddr,
    /// The plain one, as the door never looks into it.
    pub tunnelled: String,
}

impl Place {
    fn start(network: &Network, address: Ipv4Addr, tunnelled: &str, config: &Arc<ServerConfig>) -> Self {
        let serve = |tls| {
            let listener = network.listen_blocking((Ipv4Addr::UNSPECIFIED, 0).into()).expect("a listener");
            SocketAddr::from((address, registry::serve(listener, tls)))
        };
        let plain = serve(None);
        Self { plain, tls: serve(Some(Arc::clone(config))), tunnelled: format!("{tunnelled}:{}", plain.port()) }
    }
}

/// Everything. Ends from top to bottom when dropped.
pub struct Site {
    door: Door,
    _plugin: Plugin,
    near: Place,
    far: Place,
    straight: Arc<ClientConfig>,
    opened: Arc<ClientConfig>,
    beyond: Network,
    network: Network,
    lab: Lab,
}

impl Site {
    pub async fn start() -> Self {
        let lab = Lab::new().expect("a laboratory");
        let nobody = |_: &str| Ipv4Addr::LOCALHOST;
        let network = Network::start_with(&lab, &[], nobody).await.expect("a network");
        let beyond = network.beyond(&lab, &[FAR, FAR_TUNNELLED]).await.expect("a network beyond a cable");
        let registry = Certificates::new("the bench's registry");
        let config = registry.server(&[&FAR.to_string(), "127.0.0.1"]);
        let near = Place::start(&network, Ipv4Addr::LOCALHOST, "localhost", &config);
        let far = Place::start(&beyond, FAR, &FAR_TUNNELLED.to_string(), &config);
        // A rule that could refuse something there makes the door look into it.
        let rules = [near.plain, near.tls, far.plain, far.tls].map(|place| Rule {
            id: format!("deny-{}", place.port()),
            pattern: format!("{place}/evil/miner"),
            ..Rule::default()
        });
        let authority = Authority::new(Policy {
            enabled: true,
            mode: Mode::Enforce.into(),
            categories: Some(Categories { official: true, verified_publisher: true, community: false }),
            deny: rules.into(),
            when_expired: WhenExpired::Keep.into(),
            ..Policy::default()
        });
        authority.enroll(&lab, false).expect("an enrollment");
        let plugin = Plugin::start(&lab, None).await.expect("a plugin");
        authority.put_in_force(&lab, &plugin).await.expect("a policy in force");
        let settings = serde_json::json!({
            "insecureRegistries": [near.tls.to_string(), far.tls.to_string()],
            "tunnel": [near.tunnelled, far.tunnelled],
        });
        let (ca, settings) = (lab.path("door"), settings.to_string());
        let posted = Posted { listen: DOOR, loopback: Vec::new(), ca, settings, held: None, drain: None };
        let door = Door::start(&lab, posted, |program| network.command(program)).await.expect("a door");
        let ca = fs::read(lab.path("door/trust/pullgate.pem")).expect("the door's certificate");
        let (straight, opened) = (roots(registry.pem().as_bytes()), roots(&ca));
        Self { door, _plugin: plugin, near, far, straight, opened, beyond, network, lab }
    }

    /// From now on the cable is so slow.
    pub async fn limit(&self, rate: Rate) {
        self.network.limit(&self.beyond, rate).await.expect("a slow cable");
    }

    /// The ways to the registry on loopback, or to the far one.
    pub fn ways(&self, loopback: bool) -> Ways<'_> {
        let place = if loopback { &self.near } else { &self.far };
        let (straight, opened) = (Arc::clone(&self.straight), Arc::clone(&self.opened));
        Ways { network: &self.network, door: DOOR, place, straight, opened }
    }

    /// What the door has used of processors.
    pub fn processor_time(&self) -> Duration {
        self.door.processor_time().unwrap_or_else(|error| panic!("no door in {}: {error}", self.lab.dir().display()))
    }
}
