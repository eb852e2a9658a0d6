//! What the registry door and the plugin do together: whom the policy restricts, when it changes,
//! and where only one of them sees what happens.

use installer::lab::{Cgroup, Lab, Output, wait_until};
use proto::{
    document::{Categories, Mode, Policy, Push, Registries, Role, Settings, WhenExpired},
    sync::Record,
};
use serde_json::json;
use tests::{
    SETTLE,
    door::{BROKEN, Call, Setup, Site, TOKENS, broken},
    engines::{self, Authority, Engine, Flavour, INSIDE, Stock, side_by_side},
};

const COMMUNITY: &str = "is a community image";
const BY_PLUGIN: &str = "authorization denied by plugin pullgate: ";
const IMAGES: [&str; 3] = ["library/hello:latest", "evil/miner:latest", "evil/other:latest"];

fn policy() -> Policy {
    Policy {
        enabled: true,
        mode: Mode::Enforce.into(),
        categories: Some(Categories { official: true, verified_publisher: true, community: false }),
        registries: Some(Registries { controlled: true, hosts: vec![broken::HOST.to_owned()] }),
        settings: Some(Settings { push: Some(Push::default()), ..Settings::default() }),
        when_expired: WhenExpired::Keep.into(),
        ..Policy::default()
    }
}

/// With what its registries have, which goes when it goes.
async fn site(flavour: Flavour, setup: Setup) -> (Site, Stock) {
    let stock = Stock::of(IMAGES).await.unwrap();
    let site = Site::start(flavour, &stock, &Authority::new(policy()), setup).await.unwrap();
    (site, stock)
}

async fn build(site: &Site, dockerfile: &str) -> Output {
    let files = [("Dockerfile", dockerfile)];
    let env = [("DOCKER_BUILDKIT", "1")];
    site.call(&Call { args: &["build", "--network", "none", "."], env: &env, files: &files }).await
}

fn refused(site: &Site, output: &Output, words: &str) {
    assert!(output.code() != 0 && output.text().contains(words), "expected `{words}`: {}", site.told(output));
    assert!(site.registries.take().is_empty(), "a registry was asked: {}", site.told(output));
}

/// The record of the door's decision on an image, once the plugin has it.
async fn record(site: &Site, image: &str) -> Record {
    let written = || async {
        let records = site.recorded("fetch").await.map_err(|error| error.to_string())?;
        let seen = format!("{records:?}");
        records.into_iter().find(|record| record.image == image).ok_or(seen)
    };
    wait_until(&format!("a record about `{image}`"), SETTLE, written).await.unwrap()
}

fn worked(site: &Site, output: &Output) {
    assert_eq!(output.code(), 0, "{}", site.told(output));
    assert!(!site.registries.take().is_empty(), "no registry was asked: {}", site.told(output));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_is_not_restricted_and_monitor_mode_only_writes_down() {
    let (site, _stock) = site(Flavour::newest(), Setup::default()).await;
    refused(&site, &build(&site, "FROM evil/miner\n").await, COMMUNITY);
    let refusal = record(&site, "docker.io/evil/miner:latest").await;
    assert!(!refusal.allowed && refusal.reason == "category" && refusal.users == ["dana"], "{refusal:?}");

    let owner = site.documents.changed(policy(), Role::Owner);
    site.change(&owner).await.unwrap();
    worked(&site, &build(&site, "FROM evil/miner\n").await);

    let monitor = owner.changed(Policy { mode: Mode::Monitor.into(), ..policy() }, Role::Member);
    site.change(&monitor).await.unwrap();
    worked(&site, &site.docker(&["pull", "evil/other"]).await);
    let other = record(&site, "docker.io/evil/other:latest").await;
    assert!(other.allowed && other.would_deny, "{other:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_in_flight_survives_a_change_of_the_policy_and_the_next_one_does_not() {
    let (site, _stock) = site(Flavour::newest(), Setup::default()).await;
    let broken = site.broken().unwrap();
    let image = format!("{}/slow/layer", broken::HOST);
    let pull = site.begin(&["pull", &image]);
    let layer = || async {
        let is_layer = |head: &String| head.starts_with("GET") && head.contains("/blobs/");
        if broken[0].heads().iter().any(is_layer) { Ok(()) } else { Err("no layer yet".to_owned()) }
    };
    wait_until("a layer on its way", SETTLE, layer).await.unwrap();
    let none = Policy { registries: Some(Registries { controlled: true, hosts: Vec::new() }), ..policy() };
    site.change(&site.documents.changed(none, Role::Member)).await.unwrap();
    let output = pull.await.unwrap().unwrap();
    assert_eq!(output.code(), 0, "{}", site.told(&output));

    site.docker(&["image", "rm", "--force", &image]).await.success().unwrap();
    refused(&site, &site.docker(&["pull", &image]).await, "is in the registry");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_refuses_what_it_sees_first_and_a_registry_hears_of_neither() {
    let stock = Stock::of(IMAGES).await.unwrap();
    let both = async |flavour| {
        let setup = Setup { plugin: true, ..Setup::default() };
        let site = Site::start(flavour, &stock, &Authority::new(policy()), setup).await.unwrap();
        refused(
            &site,
            &site.docker(&["pull", "evil/miner"]).await,
            &format!("{BY_PLUGIN}`docker.io/evil/miner:latest`"),
        );
        let output = build(&site, "FROM evil/miner\n").await;
        refused(&site, &output, COMMUNITY);
        assert!(!output.text().contains(BY_PLUGIN), "{}", site.told(&output));
        worked(&site, &site.docker(&["pull", "hello"]).await);
        site.docker(&["image", "rm", "--force", "hello"]).await.success().unwrap();
        site.docker(&["builder", "prune", "--force", "--all"]).await.success().unwrap();
        worked(&site, &build(&site, "FROM hello\n").await);
    };
    side_by_side(Flavour::all().iter().map(|&flavour| both(flavour))).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_firewall_rule_the_plugin_refuses_what_the_door_cannot_see() {
    let (site, _stock) = site(Flavour::newest(), Setup { plugin: true, egress: false, ..Setup::default() }).await;
    let words = "is in the registry `localhost:5000`";
    refused(&site, &site.docker(&["pull", "localhost:5000/evil/miner"]).await, words);
    let off = Policy { registries: Some(Registries::default()), ..policy() };
    site.change(&site.documents.changed(off, Role::Member)).await.unwrap();
    let words = "the firewall rule that leads such requests to pullgate is not in place";
    refused(&site, &site.docker(&["pull", "localhost:5000/evil/miner"]).await, words);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_of_a_foreign_swarm_fetches_nothing_that_is_refused() {
    let (site, _stock) = site(Flavour::newest(), Setup { plugin: false, ..Setup::default() }).await;
    // Another engine in the same network, with nothing in front, whose owner means no good.
    let lab = Lab::new().unwrap();
    for dir in ["tap", "engine/run/work"] {
        lab.make_dir(dir).unwrap();
    }
    let cgroup = Cgroup::new(&lab, "engine").unwrap();
    let mut setup = engines::Setup::default();
    setup.config.insert("authorization-plugins".to_owned(), json!([]));
    let manager = Engine::start(&lab, &site.network, &cgroup, Flavour::newest(), &setup).await.unwrap();
    let at_manager = async |args: &[&str]| {
        let command = manager.command(&site.network, "work", "/usr/bin/docker", "docker").unwrap();
        let command = command.env("DOCKER_HOST", format!("unix://{INSIDE}/docker.sock")).env("HOME", INSIDE);
        command.args(args).run().await.unwrap()
    };
    let (here, there) = (TOKENS.to_string(), BROKEN.to_string());
    let (listen_here, listen_there) = (format!("{here}:2377"), format!("{there}:2377"));
    let init = ["swarm", "init", "--advertise-addr", &there, "--listen-addr", &listen_there];
    at_manager(&init).await.success().unwrap();
    let token = at_manager(&["swarm", "join-token", "--quiet", "worker"]).await.success().unwrap().stdout;
    let join = ["swarm", "join", "--advertise-addr", &here, "--listen-addr", &listen_here, "--token", token.trim()];
    site.docker(&[&join[..], &[&listen_there]].concat()).await.success().unwrap();

    drop(site.registries.take());
    for (image, expected) in [("evil/miner", "Rejected"), ("hello", "")] {
        let name = image.replace('/', "-");
        let create = ["service", "create", "--detach", "--no-resolve-image", "--restart-condition", "none"];
        let place = ["--constraint", "node.role==worker", "--name", &name, image];
        at_manager(&[&create[..], &place].concat()).await.success().unwrap();
        let ended = || async {
            let ps = ["service", "ps", "--no-trunc", "--format", "{{.CurrentState}}: {{.Error}}", &name];
            let state = at_manager(&ps).await.stdout;
            let before = ["New", "Pending", "Assigned", "Accepted", "Preparing", "Allocated"];
            let is_past = !state.trim().is_empty() && !before.iter().any(|word| state.starts_with(word));
            if is_past { Ok(state) } else { Err(state) }
        };
        let state = wait_until("the end of a task's fetch", SETTLE, ended).await.unwrap();
        assert!(state.contains(expected), "{image}: {state}");
        let asked: Vec<String> = site.registries.take().iter().map(ToString::to_string).collect();
        assert_eq!(asked.is_empty(), image == "evil/miner", "{image}: {asked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_reach_the_registry_and_nothing_else() {
    let (site, _stock) = site(Flavour::newest(), Setup::default()).await;
    // `dana:a-secret-word`.
    let auth = "ZGFuYTphLXNlY3JldC13b3Jk";
    let config = json!({"auths": {"https://index.docker.io/v1/": {"auth": auth}}});
    site.lab.make_dir("engine/run/home/.docker").unwrap();
    site.lab.write("engine/run/home/.docker/config.json", config.to_string()).unwrap();
    worked(&site, &site.docker(&["pull", "hello"]).await);
    refused(&site, &site.docker(&["pull", "evil/miner"]).await, COMMUNITY);
    let heads = site.tokens.heads();
    assert!(heads.iter().any(|head| head.contains(&format!("Basic {auth}"))), "{heads:?}");
    let log = std::fs::read_to_string(site.lab.path("log/door.log")).unwrap();
    assert!(log.contains("denied") && !log.contains(auth) && !log.contains("a-secret-word"), "{log}");
}
