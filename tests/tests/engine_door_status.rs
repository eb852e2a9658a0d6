//! `pullgate status` and `pullgate doctor` on real engines behind a real registry door: `enforced` is
//! what a probe proved just now, the rest says why not, and no probe leaves anything behind.

use std::{
    fs,
    process::{Command, Output, Stdio},
};

use installer::lab::{Process, http};
use proto::document::{Builds, Categories, Mode, Policy, Role, Settings, WhenExpired};
use serde_json::Value;
use tests::{
    SETTLE,
    door::{Setup, Site},
    engines::{Authority, Flavour, Stock},
    own_program,
};

/// What the registry door proves, apart from loopback.
const THROUGH: [&str; 4] = ["pull", "engine_plugins", "builds", "swarm_tasks"];

fn policy(builds: Builds) -> Policy {
    Policy {
        enabled: true,
        mode: Mode::Enforce.into(),
        categories: Some(Categories { official: true, verified_publisher: true, community: false }),
        settings: Some(Settings { builds: builds.into(), ..Settings::default() }),
        when_expired: WhenExpired::Keep.into(),
        ..Policy::default()
    }
}

async fn start(flavour: Flavour, door: bool) -> Site {
    let stock = Stock::of(["docker.io/library/hello:latest"]).await.unwrap();
    let documents = Authority::new(policy(Builds::Unspecified));
    let site =
        Site::start(flavour, &stock, &documents, Setup { plugin: true, door, egress: false, ..Setup::default() }).await;
    let site = site.unwrap_or_else(|error| panic!("{flavour:?}: {error:#}"));
    if door {
        let followed = |status: &proto::control::StatusResponse| status.door_expected && !status.doors.is_empty();
        site.plugin.wait_for("a door that follows", SETTLE, followed).await.unwrap();
    }
    site
}

fn pullgate(site: &Site, command: &str) -> Output {
    let mut pullgate = Command::new(own_program("pullgate"));
    pullgate.args([command, "--json", "--control-socket"]).arg(site.lab.control_socket());
    pullgate.arg("--engine-socket").arg(site.engine.socket());
    pullgate.arg("--door-settings").arg(site.lab.path("proxy.json"));
    pullgate.arg("--door-ca-dir").arg(site.lab.path("engine/run/door"));
    if command == "doctor" {
        pullgate.arg("--enrollment").arg(site.lab.enrollment());
        pullgate.arg("--registry-json").arg(site.lab.registry_json());
        pullgate.arg("--config-dir").arg(site.lab.path("nobody"));
    }
    pullgate.stdin(Stdio::null()).output().unwrap()
}

#[track_caller]
fn covers(site: &Site, way: &str, state: &str, why: &str) {
    let output = pullgate(site, "status");
    // Whether it is enforced, which its exit code says, is not what is asked here: nobody is signed in at times.
    let status: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    let ways = status["coverage"].as_array().unwrap();
    let found = ways.iter().find(|found| found["way"] == way).unwrap_or_else(|| panic!("no {way}: {status:#}"));
    let told = format!("engine {}: {found:#}", site.engine.name());
    assert_eq!(found["state"], state, "{told}");
    assert!(found["why"].as_str().unwrap().contains(why), "{told}");
}

#[track_caller]
fn finds(site: &Site, check: &str, state: &str, what: &str, next: &str) {
    let output = pullgate(site, "doctor");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let findings: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found = findings.iter().find(|finding| finding["check"] == check);
    let found = found.unwrap_or_else(|| panic!("engine {}: no {check}: {text}", site.engine.name()));
    let told = format!("engine {}: {found:#}", site.engine.name());
    assert_eq!(found["state"], state, "{told}");
    assert!(found["what"].as_str().unwrap().contains(what), "{told}");
    assert!(found["next"].as_str().unwrap().contains(next), "{told}");
    let wrong = findings.iter().any(|finding| finding["state"] == "wrong");
    assert_eq!(output.status.code(), Some(i32::from(wrong)), "{text}");
}

/// Images, containers, volumes and what builds left, as the engine counts them.
async fn kept(site: &Site) -> Value {
    let mut kept: Value =
        serde_json::from_slice(&http::unix(site.engine.socket(), "GET", "/system/df").await.unwrap().body).unwrap();
    // A number that an engine rounds as it likes.
    kept.as_object_mut().unwrap().remove("BuilderSize");
    let mut builds = installer::status::build_history(site.engine.socket()).await.unwrap();
    builds.sort();
    kept["BuildHistory"] = builds.into();
    kept
}

/// The rules for the engine's control group, and the plugin's word that they are there.
async fn guard_loopback(site: &Site) -> Process {
    let watch = site.guard().await.unwrap();
    let in_place = |status: &proto::control::StatusResponse| status.egress.as_ref().is_some_and(|seen| seen.in_place);
    site.plugin.wait_for("egress rules", SETTLE, in_place).await.unwrap();
    watch
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_through_the_door_is_proved_on_each_engine_and_nothing_stays() {
    for &flavour in Flavour::all() {
        let mut site = start(flavour, true).await;
        let before = kept(&site).await;
        for way in THROUGH {
            covers(&site, way, "enforced", "");
        }
        covers(&site, "builds", "enforced", "docker builder prune --all");
        covers(&site, "loopback", "open", "the egress rule is not in place: ");
        finds(&site, "door", "good", "version", "");
        finds(&site, "fetches", "good", "through the door", "");
        finds(&site, "egress", "wrong", "is not led to the door", "pullgate egress apply");

        let _watch = guard_loopback(&site).await;
        covers(&site, "loopback", "enforced", "");
        finds(&site, "egress", "good", "through the door", "");

        site.door().process().kill();
        for way in ["builds", "swarm_tasks"] {
            covers(&site, way, "open", "connection refused");
        }
        finds(&site, "fetches", "wrong", "does not reach the proxy", "systemctl start pullgate-proxy");
        site.restart_door().await.unwrap();
        covers(&site, "builds", "enforced", "");

        assert_eq!(kept(&site).await, before, "engine {}", site.engine.name());
        let asked = site.registries.take();
        assert!(asked.is_empty(), "engine {}: {asked:?}", site.engine.name());
        assert_eq!(site.plugin.status().await.unwrap().names_remembered, 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_door_builds_are_open_and_nothing_stays() {
    for &flavour in Flavour::all() {
        let site = start(flavour, false).await;
        let before = kept(&site).await;
        covers(&site, "pull", "enforced", "");
        for way in ["builds", "swarm_tasks", "loopback"] {
            covers(&site, way, "open", "this machine has no registry door");
        }
        assert_eq!(kept(&site).await, before, "engine {}", site.engine.name());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_the_engine_does_not_trust_and_builds_that_are_refused_are_told() {
    let mut site = start(Flavour::newest(), true).await;
    let refuses = Authority::new(policy(Builds::Unspecified)).changed(policy(Builds::Deny), Role::Member);
    refuses.put_in_force(&site.lab, &site.plugin).await.unwrap();
    covers(&site, "builds", "enforced", "refused by the plugin: ");

    // Another authority than the one that the engine read at its start.
    site.door().process().kill();
    let ca = site.lab.path("engine/run/door");
    fs::remove_dir_all(&ca).unwrap();
    let made = Command::new(own_program("pullgate-proxy")).arg("ca").arg("--ca-dir").arg(&ca).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    site.restart_door().await.unwrap();
    covers(&site, "swarm_tasks", "open", "x509");
    finds(&site, "fetches", "wrong", "does not trust", "SSL_CERT_DIR=/etc/ssl/certs:");
}
