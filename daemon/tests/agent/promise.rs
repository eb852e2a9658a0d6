//! The promise of the agent with everything real: files, reader, driver, sockets, TLS, processes. In
//! `src/sync/tests/promise.rs` it is held over thousands of stories of the state machine alone.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proto::sync::{Kind, Realm};
use serde_json::json;

use crate::{
    support::{Agent, Answer, Machine, Shown, key, save, until},
    tls::serve,
};

const STORIES: u64 = 3;
const STEPS: usize = 40;
const HUB: &str = "https://index.docker.io/v1/";

/// Names and secrets are shared between realms on purpose; the last secret is wrong.
fn accounts() -> Vec<Shown> {
    let of = |realm, user: &str, secret: &str| Shown { realm, user: user.to_owned(), secret: secret.to_owned() };
    vec![
        of(Realm::Service, "alice", "s3cret-alice"),
        of(Realm::DockerHub, "alice", "s3cret-alice"),
        of(Realm::Service, "bob", "s3cret-bob"),
        of(Realm::DockerHub, "carol", "s3cret-carol"),
        of(Realm::Service, "alice", "s3cret-wrong"),
    ]
}

struct World {
    machine: Machine,
    host: String,
    agent: Option<Agent>,
    random: fastrand::Rng,
    /// What the file holds, and everything that it ever held.
    file: Option<Shown>,
    history: Vec<Shown>,
    steps: Vec<String>,
}

impl Drop for World {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("steps: {}", self.steps.join(", "));
        }
    }
}

impl World {
    async fn new(seed: u64) -> Self {
        let machine = Machine::new();
        let hub = ["alice", "carol"].map(|user| (user.to_owned(), format!("s3cret-{user}")));
        machine.service.change(|state| state.hub_accounts = hub.into());
        let (port, certificate) = serve(&machine, "localhost").await;
        fs::write(machine.path("ca.pem"), certificate).expect("write");
        let host = format!("localhost:{port}");
        machine.enroll_as(&json!({
            "service": format!("https://{host}"),
            "trustKeys": [key().verifying_key().to_base64()],
            "caFile": machine.path("ca.pem"),
            "dockerHubCredentials": true,
        }));
        let agent = Some(machine.agent());
        let random = fastrand::Rng::with_seed(seed);
        Self { machine, host, agent, random, file: None, history: vec![], steps: vec![format!("seed {seed}")] }
    }

    fn write(&mut self, account: Option<Shown>) {
        self.file = account.clone();
        let auths = account.iter().map(|account| {
            let key = if account.realm == Realm::DockerHub { HUB } else { &self.host };
            (key.to_owned(), json!({ "auth": STANDARD.encode(format!("{}:{}", account.user, account.secret)) }))
        });
        let auths: serde_json::Map<_, _> = auths.collect();
        save(&self.machine.config(), &json!({ "auths": auths }).to_string());
        self.history.extend(account);
    }

    fn write_anything(&mut self) {
        let accounts = accounts();
        match self.random.usize(..accounts.len() + 2) {
            0 => self.write(None),
            1 => {
                self.file = None;
                save(&self.machine.config(), r#"{"auths":{"#);
            }
            n => self.write(Some(accounts[n - 2].clone())),
        }
        self.steps.push(format!("file {:?}", self.file));
    }

    fn answer(&mut self, answer: Answer) {
        self.steps.push(format!("service {answer:?}"));
        self.machine.service.change(|state| state.answer = answer);
    }

    fn step(&mut self) {
        match self.random.u8(..15) {
            0..=5 => self.write_anything(),
            6 => {
                // Faster than anybody reads.
                self.write_anything();
                self.write_anything();
            }
            7 => {
                let answer = [Answer::Unavailable, Answer::Never][self.random.usize(..2)];
                self.answer(answer);
            }
            8..=10 => self.answer(Answer::Normally),
            11 => {
                // Revoked or removed, and back; then somebody signs in again.
                let (there, file) =
                    (self.machine.service.state.borrow().accounts.contains_key("alice"), self.file.clone());
                self.steps.push(format!("alice is there: {}", !there));
                self.machine.service.change(|state| match there {
                    true => drop(state.accounts.remove("alice")),
                    false => drop(state.accounts.insert("alice".to_owned(), "s3cret-alice".to_owned())),
                });
                if let Some(file) = file.filter(|_| !there) {
                    self.write(Some(file));
                }
            }
            12 => self.machine.service.change(|state| state.generation += 1),
            13 => {
                self.steps.push("plugin restarts".to_owned());
                self.machine.plugin.stop();
                self.machine.plugin.start_again();
            }
            _ => {
                self.steps.push("agent restarts".to_owned());
                self.agent.take().expect("runs").kill();
                self.agent = Some(self.machine.agent());
            }
        }
    }

    /// Waits until the plugin has what it should; the fake one takes nothing that was not sealed for this machine.
    async fn come_to_rest(&mut self) {
        let service = self.machine.service.state.borrow().clone();
        let accepted = self.file.clone().filter(|file| service.subject(file).is_some());
        let answers = service.answer == Answer::Normally;
        self.steps.push(format!("rest, answers: {answers}"));
        let what = format!("the session of {:?}, or none; {}", self.file, self.steps.join(", "));
        until(&self.machine.plugin.state, &what, |state| {
            let session = state.in_force.iter().find(|document| document.kind() == Kind::Session);
            // Sealed since this began, perhaps.
            let sealed = self.machine.service.state.borrow().sealed.clone();
            let owner = session.map(|session| {
                let of = sealed.iter().find(|(sha256, _)| *sha256 == session.sha256);
                of.expect("sealed by the service").1.clone()
            });
            let right = match (&owner, &self.file) {
                _ if answers => owner == accepted,
                (None, _) => true,
                // A new password of the same person is not judged yet.
                (Some(owner), Some(file)) => (owner.realm, &owner.user) == (file.realm, &file.user),
                (Some(_), None) => false,
            };
            (right && !state.applies.is_empty()).then_some(())
        })
        .await;
    }
}

#[tokio::test]
async fn the_session_in_force_was_sealed_for_what_the_file_held_or_there_is_none() {
    let mut sessions = 0;
    for seed in 1..=STORIES {
        sessions += story(seed).await;
    }
    assert!(sessions > 10, "stories in which something happened: {sessions}");
}

/// How many sessions were in force.
async fn story(seed: u64) -> usize {
    let mut world = World::new(seed).await;
    for _ in 0..STEPS {
        world.step();
        if world.random.u8(..3) > 0 {
            world.come_to_rest().await;
        }
    }
    // At last, bob signs in, and nothing is in his way.
    world.answer(Answer::Normally);
    world.write(Some(accounts()[2].clone()));
    world.come_to_rest().await;
    let service = world.machine.service.state.borrow().clone();
    for shown in &service.shown {
        assert!(world.history.contains(shown), "{shown:?} was never in the file");
    }
    let sessions = world.machine.plugin.state.borrow().sessions.clone();
    for session in &sessions {
        let (_, shown) = service.sealed.iter().find(|(sha256, _)| sha256 == session).expect("sealed by the service");
        assert!(world.history.contains(shown), "{shown:?} was never in the file");
    }
    sessions.len()
}
