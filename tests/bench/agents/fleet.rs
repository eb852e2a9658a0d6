//! All agents together, and where each of them stands.

use std::time::{Duration, Instant};

use daemon::{
    credentials::{Account, Realm, Source},
    service::Service as Client,
};
use installer::lab::Service;
use proto::{enrollment::Enrollment, secret::Secret};
use tokio::sync::mpsc;

use super::{
    ORGANIZATION,
    agent::{Agent, Told, What},
};

/// Longest wait for all agents.
const PATIENCE: Duration = Duration::from_secs(120);

pub struct Fleet {
    told: mpsc::UnboundedReceiver<Told>,
    agents: Vec<Standing>,
}

#[derive(Clone, Copy, Default)]
struct Standing {
    /// The newest policy, and since when it is in force.
    policy: Option<(u64, Instant)>,
    connected: Option<Instant>,
    /// The newest policy that the service knows to be in force, and since when it does.
    acknowledged: Option<(u64, Instant)>,
}

impl Fleet {
    /// An organization with members, and agents of theirs that are connected.
    pub async fn sign_in(service: &Service, agents: usize, machines: usize) -> Self {
        service.administer(&["organization", "add", ORGANIZATION]).await.expect("an organization");
        service.administer(&["policy", "set", ORGANIZATION, "--enabled", "true"]).await.expect("a policy");
        let enrollment = Enrollment {
            service: service.url(),
            ca_file: Some(service.data().join("ca.pem")),
            ..Enrollment::default()
        };
        let (sender, told) = mpsc::unbounded_channel();
        let mut account = None;
        for number in 0..agents {
            if number % machines == 0 {
                account = Some(member(service, number / machines).await);
            }
            let account = account.clone().expect("a member");
            // A connection of its own, as every agent has.
            let service = Client::new(&enrollment).expect("a usable service");
            tokio::spawn(Agent { number, account, service, told: sender.clone() }.run());
        }
        let mut fleet = Self { told, agents: vec![Standing::default(); agents] };
        fleet.until(|agent| agent.policy.is_some() && agent.acknowledged.is_some()).await;
        fleet
    }

    /// The newest policy that any of them has in force.
    pub fn generation(&self) -> u64 {
        self.agents.iter().filter_map(|agent| agent.policy).map(|(generation, _)| generation).max().unwrap_or(0)
    }

    /// When each has a newer policy in force than this one.
    pub async fn in_force_after(&mut self, before: u64) -> Vec<Instant> {
        self.until(|agent| agent.policy.is_some_and(|(generation, _)| generation > before)).await;
        self.agents.iter().filter_map(|agent| agent.policy).map(|(_, at)| at).collect()
    }

    /// When the service had it of each that it has a newer policy in force than this one.
    pub async fn acknowledged_after(&mut self, before: u64) -> Vec<Instant> {
        self.until(|agent| agent.acknowledged.is_some_and(|(generation, _)| generation > before)).await;
        self.agents.iter().filter_map(|agent| agent.acknowledged).map(|(_, at)| at).collect()
    }

    /// From now on, who connects does it anew.
    pub fn forget(&mut self) {
        while let Ok(told) = self.told.try_recv() {
            self.note(&told);
        }
        self.agents.iter_mut().for_each(|agent| agent.connected = None);
    }

    /// When each connected anew.
    pub async fn back(&mut self) -> Vec<Instant> {
        self.until(|agent| agent.connected.is_some()).await;
        self.agents.iter().filter_map(|agent| agent.connected).collect()
    }

    async fn until(&mut self, stands: impl Fn(&Standing) -> bool) {
        let all = async {
            while !self.agents.iter().all(&stands) {
                let told = self.told.recv().await.expect("agents that live");
                self.note(&told);
            }
        };
        if tokio::time::timeout(PATIENCE, all).await.is_err() {
            let missing = self.agents.iter().filter(|agent| !stands(agent)).count();
            panic!("{missing} agents are not there after {PATIENCE:?}");
        }
    }

    fn note(&mut self, told: &Told) {
        let agent = &mut self.agents[told.agent];
        match told.what {
            What::Connected => agent.connected = Some(told.at),
            What::InForce(generation) if agent.policy.is_none_or(|(before, _)| generation > before) => {
                agent.policy = Some((generation, told.at));
            }
            What::Acknowledged(generation) if agent.acknowledged.is_none_or(|(before, _)| generation > before) => {
                agent.acknowledged = Some((generation, told.at));
            }
            What::InForce(_) | What::Acknowledged(_) => {}
        }
    }
}

/// A member who signs in with an access token.
async fn member(service: &Service, number: usize) -> Account {
    let user = format!("member{number}");
    let added = service
        .admin(&["member", "add", ORGANIZATION, &user, "--role", "member", "--password-stdin"])
        .stdin("correct horse battery");
    added.run().await.and_then(installer::lab::Output::success).expect("a member");
    let token = service.administer(&["token", "create", &user, "--name", "bench"]).await.expect("a token");
    Account {
        realm: Realm::Service,
        secret: Secret::new(token.stdout.trim().to_owned()),
        key: service.address(),
        source: Source::File,
        user,
    }
}
