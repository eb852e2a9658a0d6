//! Docker Hub credentials: shown to the service only where the enrollment asks for them, over a checked
//! certificate, and where nobody is signed in to the service itself.

use std::fs;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proto::sync::Realm;
use serde_json::json;

use crate::{
    support::{Agent, Machine, Shown, key, save},
    tls::serve,
};

const HUB: &str = "https://index.docker.io/v1/";

struct World {
    machine: Machine,
    /// Under which `docker login` keeps a sign-in to the service.
    host: String,
}

impl World {
    /// The service is there over TLS, and knows a Hub account of the same name and secret as its own.
    async fn new() -> Self {
        let machine = Machine::new();
        machine.service.change(|state| {
            state.hub_accounts = [("alice", "s3cret-alice"), ("carol", "s3cret-carol")]
                .map(|(user, secret)| (user.to_owned(), secret.to_owned()))
                .into();
        });
        let (port, certificate) = serve(&machine, "localhost").await;
        fs::write(machine.path("ca.pem"), certificate).expect("write");
        let world = Self { machine, host: format!("localhost:{port}") };
        world.enroll(true);
        world
    }

    fn enroll(&self, docker_hub: bool) {
        self.machine.enroll_as(&json!({
            "service": format!("https://{}", self.host),
            "trustKeys": [key().verifying_key().to_base64()],
            "caFile": self.machine.path("ca.pem"),
            "dockerHubCredentials": docker_hub,
        }));
    }

    /// What the file holds for the service and for Docker Hub: user and secret.
    fn write(&self, service: Option<&str>, hub: Option<&str>) {
        let entry = |key: &str, pair: &str| (key.to_owned(), json!({ "auth": STANDARD.encode(pair) }));
        let auths: serde_json::Map<_, _> =
            service.map(|pair| entry(&self.host, pair)).into_iter().chain(hub.map(|pair| entry(HUB, pair))).collect();
        save(&self.machine.config(), &json!({ "auths": auths }).to_string());
    }

    fn shown(&self) -> Vec<(Realm, String)> {
        let state = self.machine.service.state.borrow();
        state.shown.iter().map(|Shown { realm, user, .. }| (*realm, user.clone())).collect()
    }

    async fn signed_in_at_hub() -> (Self, Agent) {
        let world = Self::new().await;
        world.write(None, Some("carol:s3cret-carol"));
        let agent = world.machine.agent();
        world.machine.in_force(Some("carol")).await;
        (world, agent)
    }
}

#[tokio::test]
async fn it_counts_where_nobody_is_signed_in_to_the_service() {
    let (world, agent) = World::signed_in_at_hub().await;
    assert_eq!(world.shown(), [(Realm::DockerHub, "carol".to_owned())]);
    world.write(Some("bob:s3cret-bob"), Some("carol:s3cret-carol"));
    world.machine.in_force(Some("bob")).await;
    world.write(None, Some("carol:s3cret-carol"));
    world.machine.in_force(Some("carol")).await;
    assert!(agent.log().contains("realm=\"docker-hub\""), "{}", agent.log());
    // A sign-in to the service that cannot be read is nobody, and not somebody else.
    let unreadable =
        json!({ "auths": { &world.host: { "auth": "!" }, HUB: { "auth": STANDARD.encode("carol:s3cret-carol") } } });
    save(&world.machine.config(), &unreadable.to_string());
    world.machine.in_force(None).await;
}

/// Same name, same secret, another person.
#[tokio::test]
async fn a_change_of_realm_is_a_change_of_account() {
    let world = World::new().await;
    world.write(Some("alice:s3cret-alice"), None);
    let _agent = world.machine.agent();
    world.machine.in_force(Some("alice")).await;
    world.write(None, Some("alice:s3cret-alice"));
    world.machine.service.sign_ins(2).await;
    assert_eq!(world.shown()[1], (Realm::DockerHub, "alice".to_owned()));
}

#[tokio::test]
async fn an_enrollment_that_no_longer_asks_for_it_ends_the_session() {
    let (world, agent) = World::signed_in_at_hub().await;
    world.enroll(false);
    world.machine.in_force(None).await;
    agent.logged("does not ask for Docker Hub credentials any more").await;
    world.enroll(true);
    world.machine.in_force(Some("carol")).await;
}

#[tokio::test]
async fn it_is_not_shown_unasked() {
    let world = World::new().await;
    world.enroll(false);
    world.write(None, Some("carol:s3cret-carol"));
    let agent = world.machine.agent();
    world.machine.in_force(None).await;
    agent.logged("nobody is signed in").await;
    assert_eq!(world.shown(), []);
}

#[tokio::test]
async fn it_is_not_shown_in_the_clear_and_the_log_says_why() {
    let world = World::new().await;
    world.machine.enroll_as(&json!({
        "service": world.machine.service.url(),
        "trustKeys": [key().verifying_key().to_base64()],
        "dockerHubCredentials": true,
    }));
    world.write(None, Some("carol:s3cret-carol"));
    let agent = world.machine.agent();
    world.machine.in_force(None).await;
    agent.logged("a Docker Hub secret is shown over https only").await;
    agent.logged("nobody is signed in").await;
    assert_eq!(world.shown(), []);
}

#[tokio::test]
async fn it_is_not_shown_to_another_certificate() {
    let world = World::new().await;
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("certificate");
    let right = fs::read(world.machine.path("ca.pem")).expect("read");
    fs::write(world.machine.path("ca.pem"), other.cert.pem()).expect("write");
    world.write(None, Some("carol:s3cret-carol"));
    let agent = world.machine.agent();
    agent.logged("invalid peer certificate").await;
    assert_eq!(world.shown(), []);
    fs::write(world.machine.path("ca.pem"), right).expect("write");
    world.machine.in_force(Some("carol")).await;
}
