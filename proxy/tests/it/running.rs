//! A door in this process, with a policy that the test hands over.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use policy::{
    Categories, Enforced, Membership, Pattern, Policy, Role, Rule, Scope, Session, Timestamp, Validity, rule::RuleSet,
};
use proxy::{ca, door::Door, gate::Gate, leaf::Leaves, limits::Limits, report, settings::Settings};
use rustls::{RootCertStore, pki_types::CertificateDer, pki_types::pem::PemObject as _};
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{client::Client, server::Server};

pub struct Running {
    pub address: std::net::SocketAddr,
    /// What clients of the door trust.
    pub roots: RootCertStore,
    pub enforced: watch::Sender<Arc<Enforced>>,
    stop: CancellationToken,
    task: Option<JoinHandle<()>>,
}

/// Nobody is signed in, and nobody has to be: no host is governed.
pub fn nothing() -> Enforced {
    Enforced::default()
}

/// A policy that has something to say about every registry: `evil/*` is refused there.
pub fn evil_is_refused(hosts: &[&str]) -> Enforced {
    let patterns: Vec<_> = hosts.iter().map(|host| format!("{host}/evil/*")).collect();
    governed_by(vec![Policy { deny: rules(&patterns), ..Policy::default() }])
}

/// A member of as many organizations as there are policies. Each policy is on, and allows every image of Docker Hub.
pub fn governed_by(policies: Vec<Policy>) -> Enforced {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let at = |seconds: u64| Timestamp(i64::try_from(now + seconds).unwrap());
    let validity = Validity { issued_at: at(0), refresh_after: at(3_600), expires_at: at(7_200) };
    let called = |(number, policy)| Policy {
        organization: if number == 0 { "acme".to_owned() } else { format!("acme-{number}") },
        generation: 1,
        enabled: true,
        categories: Categories { official: true, verified_publisher: true, community: true },
        validity,
        ..policy
    };
    let policies: Vec<Policy> = policies.into_iter().enumerate().map(called).collect();
    let membership = |policy: &Policy| Membership {
        organization: policy.organization.clone(),
        role: Role::Member,
        teams: Vec::new(),
    };
    let organizations = policies.iter().map(membership).collect();
    let session = Session { user: "dana".into(), uid: 1000, organizations, validity };
    let policies = policies.into_iter().map(Arc::new).collect();
    Enforced { sessions: vec![session], policies, ..Enforced::default() }
}

/// Rules for everybody.
pub fn rules<T: AsRef<str>>(patterns: &[T]) -> RuleSet {
    let rule = |pattern: &T| Rule {
        id: "r1".into(),
        pattern: Pattern::parse(pattern.as_ref()).unwrap(),
        scope: Scope::Organization,
        expires_at: None,
        reason: String::new(),
    };
    patterns.iter().map(rule).collect()
}

/// Short, so that a test of a limit ends soon.
pub fn short() -> Limits {
    Limits {
        head: Duration::from_millis(700),
        push_head: Duration::from_secs(2),
        idle: Duration::from_millis(700),
        tls: Duration::from_millis(700),
        first_byte: Duration::from_millis(700),
        silent: Duration::from_millis(100),
        tunnel_look: Duration::from_millis(100),
        tunnel_quiet: Duration::from_millis(100),
        tunnel_end: Duration::from_secs(2),
        ..Limits::default()
    }
}

/// With an authority of its own.
pub fn leaves() -> (Leaves, RootCertStore) {
    let dir = tempfile::tempdir().unwrap();
    ca::make(dir.path(), &[]).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca::trust_dir(dir.path()).join("pullgate.pem")).unwrap()).unwrap();
    (Leaves::new(ca::Authority::load(dir.path()).unwrap()).unwrap(), roots)
}

/// A gate, and what it decides by.
pub fn gate(enforced: Enforced) -> (Gate, watch::Sender<Arc<Enforced>>) {
    let (sender, receiver) = watch::channel(Arc::new(enforced));
    let (reporter, reports) = report::channel("/nonexistent/control.sock".into());
    tokio::spawn(reports);
    (Gate::new(receiver, reporter), sender)
}

/// Settings that trust a server.
pub fn trusting(server: &Server) -> Settings {
    Settings { upstream_ca: vec![server.ca.clone()], ..Settings::default() }
}

impl Running {
    pub async fn start(settings: Settings, limits: Limits, enforced: Enforced) -> Self {
        let (leaves, roots) = leaves();
        let (gate, enforced) = gate(enforced);
        let door = Door::bind("127.0.0.1:0".parse().unwrap(), &[], Vec::new()).await.unwrap();
        let address = door.address().unwrap();
        let stop = CancellationToken::new();
        let run = door.run(settings, limits, leaves, gate, stop.clone());
        let task = tokio::spawn(async move { run.await.unwrap() });
        Self { address, roots, enforced, stop, task: Some(task) }
    }

    /// A door before `server`, governed, and a client that has connected to it through the door.
    pub async fn before(server: &Server, limits: Limits) -> (Self, Client) {
        let door = Self::start(trusting(server), limits, evil_is_refused(&[&server.name()])).await;
        let client = door.client(server).await;
        (door, client)
    }

    /// Another client.
    pub async fn client(&self, server: &Server) -> Client {
        match server.tls {
            true => Client::tls(self.address, &server.name(), &self.roots).await,
            false => Client::clear(self.address, &server.name()).await,
        }
    }

    /// Stops it, as SIGTERM does.
    pub async fn stop(mut self) {
        self.stop.cancel();
        self.task.take().unwrap().await.unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}
