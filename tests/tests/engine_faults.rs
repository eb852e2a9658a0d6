//! The main job while something is broken: what was in force stays in force.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use installer::lab::{Options, policy_generation, wait_until};
use serde_json::Value;
use tests::{SETTLE, Station, governed_station, station};

const COMMUNITY: &str = "is a community image";
const SIGN_IN: &str = "signed in to acme";
const ALLOW: [&str; 4] = ["allowlist", "add", "acme", "evil/miner"];

async fn decides_as_the_policy_says(station: &Station) {
    station.pulls("hello").await;
    station.refuses("evil/miner", COMMUNITY).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_service_the_policy_stays_in_force_and_a_change_arrives_once_it_is_back() {
    let mut station = governed_station(&Options::default()).await;
    station.service.process().kill();
    decides_as_the_policy_says(&station).await;
    let before = station.generation().await.unwrap();
    station.service.administer(&ALLOW).await.unwrap();

    let here = station.parts();
    here.service.restart(&here.lab).await.unwrap();
    let newer = |status: &_| policy_generation(status) > before;
    station.plugin.wait_for("the change that was made meanwhile", SETTLE, newer).await.unwrap();
    station.pulls("evil/miner").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_agent_the_policy_stays_in_force_and_a_change_arrives_once_it_is_back() {
    let mut station = governed_station(&Options::default()).await;
    station.agent.process().kill();
    decides_as_the_policy_says(&station).await;
    let before = station.generation().await.unwrap();
    station.service.administer(&ALLOW).await.unwrap();
    station.refuses("evil/miner", COMMUNITY).await;

    let here = station.parts();
    here.agent.restart(&here.lab).unwrap();
    let newer = |status: &_| policy_generation(status) > before;
    station.plugin.wait_for("the change that was made meanwhile", SETTLE, newer).await.unwrap();
    station.pulls("evil/miner").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_plugin_the_engine_fails_closed_and_a_new_one_enforces_the_same_policy() {
    let mut station = governed_station(&Options::default()).await;
    // Whatever the new plugin enforces, it has from its own disk.
    station.agent.process().kill();
    let before = station.plugin.status().await.unwrap();
    station.plugin.process().kill();

    let pull = "/v1.41/images/create?fromImage=library/hello&tag=latest";
    let seen = station.registry.seen();
    let answer = station.engine.call("POST", pull).await.unwrap();
    assert!(answer.status >= 400, "{}", answer.text());
    assert!(answer.text().contains("plugin pullgate failed with error"), "{}", answer.text());
    assert_eq!(station.registry.seen(), seen, "the registry was asked");

    let here = station.parts();
    here.plugin.restart(&here.lab).await.unwrap();
    let after = station.plugin.status().await.unwrap();
    assert_eq!(after.in_force, before.in_force);
    assert_eq!(after.machine_id, before.machine_id);
    decides_as_the_policy_says(&station).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_waits_for_a_plugin_is_decided_by_the_next_one() {
    let mut station = governed_station(&Options::default()).await;
    station.plugin.process().kill();
    let here = station.parts();
    let pull = |image: &str| format!("/v1.41/images/create?fromImage={image}&tag=latest");
    let (refused, allowed) = (pull("evil/miner"), pull("library/hello"));
    let (evil, hello, restarted) = tokio::join!(
        here.engine.call("POST", &refused),
        here.engine.call("POST", &allowed),
        here.plugin.restart(&here.lab),
    );
    restarted.unwrap();
    let (evil, hello) = (evil.unwrap(), hello.unwrap());
    assert_eq!(evil.status, 403, "{}", evil.text());
    assert!(evil.text().contains(COMMUNITY), "{}", evil.text());
    assert!(hello.status == 200 && hello.text().contains("Downloaded newer image"), "{}", hello.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_credentials_file_replaced_by_hand_changes_who_is_signed_in() {
    let station = governed_station(&Options::default()).await;
    station.refuses("evil/miner", COMMUNITY).await;

    let config = station.lab.docker_config();
    let path = config.join("config.json");
    let members = fs::read(&path).unwrap();
    station.sign_in(&station.owner).await.unwrap();
    let owners = fs::read(&path).unwrap();

    replace(&config, &members);
    station.signed_in("member").await.unwrap();
    station.refuses("evil/miner", COMMUNITY).await;
    replace(&config, &owners);
    station.signed_in("owner").await.unwrap();
    station.pulls("evil/miner").await;
    replace(&config, br#"{"auths":{}}"#);
    station.plugin.wait_for("the end of the session", SETTLE, |status| status.sessions.is_empty()).await.unwrap();
    station.refuses("hello", SIGN_IN).await;
}

/// As the Docker command line saves: another file takes the place.
fn replace(config: &Path, content: &[u8]) {
    let next = config.join("config.json.by-hand");
    fs::write(&next, content).unwrap();
    fs::rename(next, config.join("config.json")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moved_clock_never_lets_a_refused_image_in() {
    let options = Options { movable_clock: true, ..Options::default() };
    let mut station = governed_station(&options).await;
    decides_as_the_policy_says(&station).await;
    let clock = |station: &Station, offset: &str| station.clock.as_ref().unwrap().shift(offset).unwrap();

    // Nobody renews anything meanwhile: the machine is alone with its clock.
    station.agent.process().stop();
    clock(&station, "+2d");
    let status = station.plugin.status().await.unwrap();
    assert_eq!(status.policies[0].age, "stale");
    decides_as_the_policy_says(&station).await;
    clock(&station, "+8d");
    station.refuses("hello", SIGN_IN).await;
    station.refuses("evil/miner", SIGN_IN).await;
    clock(&station, "-2d");
    station.refuses("evil/miner", COMMUNITY).await;
    clock(&station, "+0s");
    decides_as_the_policy_says(&station).await;

    // A plugin that starts under a wrong clock must not be laxer than one that runs.
    clock(&station, "-2d");
    station.plugin.process().kill();
    let here = station.parts();
    here.plugin.restart(&here.lab).await.unwrap();
    station.refuses("evil/miner", "").await;
    clock(&station, "+0s");
    station.plugin.process().kill();
    let here = station.parts();
    here.plugin.restart(&here.lab).await.unwrap();
    decides_as_the_policy_says(&station).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_changes_in_a_row_both_arrive() {
    let station = governed_station(&Options::default()).await;
    let before = station.generation().await.unwrap();
    station.service.administer(&["policy", "set", "acme", "--official", "false"]).await.unwrap();
    station.service.administer(&ALLOW).await.unwrap();
    // One generation or two: the service may seal both changes at once.
    let both = || async {
        let decided = station.plugin.check(&["hello", "evil/miner"]).await.map_err(|error| error.to_string())?;
        let allowed: Vec<bool> = decided.iter().map(|image| image.allowed).collect();
        if allowed == [false, true] { Ok(()) } else { Err(format!("allowed: {allowed:?}")) }
    };
    wait_until("both changes in force", SETTLE, both).await.unwrap();
    assert!(station.generation().await.unwrap() > before);
    station.refuses("hello", "is a Docker Official Image").await;
    station.pulls("evil/miner").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_in_force_within_a_quarter_of_a_second() {
    let station = governed_station(&Options::default()).await;
    let mut times = Vec::new();
    for official in ["false", "true", "false", "true", "false"] {
        let (_, took) = station.change_policy(&["policy", "set", "acme", "--official", official]).await.unwrap();
        times.push(took);
    }
    times.sort();
    assert!(times[2] < Duration::from_millis(250), "the median of {times:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_passes_and_is_recorded_as_not_covered() {
    let station = governed_station(&Options::default()).await;
    station.service.administer(&["organization", "keep", "acme", "--allowed-pulls", "all"]).await.unwrap();
    let context = station.lab.make_dir("context").unwrap();
    let dockerfile = "FROM hello\nRUN [\"/bin/busybox\", \"touch\", \"/built\"]\n";
    station.lab.write("context/Dockerfile", dockerfile).unwrap();
    let context = context.display().to_string();
    let build = station.docker.command(&["build", "--network", "none", "--tag", "built", &context]);
    // Debian's package has the classic builder only; another one would need `buildx`.
    let output = build.env("DOCKER_BUILDKIT", "0").run().await.unwrap();
    assert_eq!(output.code(), 0, "{}", output.text());

    let record = recorded(&station, "not_covered").await;
    assert_eq!((&record["action"], &record["allowed"]), (&"build".into(), &true.into()), "{record:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_reaches_the_service_as_a_record() {
    let station = governed_station(&Options::default()).await;
    station.refuses("evil/miner", COMMUNITY).await;
    let record = recorded(&station, "category").await;
    assert_eq!(record["image"], "docker.io/evil/miner:latest", "{record:#}");
    assert_eq!(record["allowed"], false, "{record:#}");
    assert_eq!(record["users"], serde_json::json!(["member"]), "{record:#}");
}

/// The first record with this reason that the service has.
async fn recorded(station: &Station, reason: &str) -> Value {
    wait_until("the record at the service", SETTLE, || async {
        let output = station.service.administer(&["records", "--limit", "50", "--json"]).await;
        let text = output.map_err(|error| error.to_string())?.stdout;
        let mut records = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        records.find(|record| record["reason"] == reason).ok_or(text)
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn however_a_refused_image_is_spelled_its_registry_is_never_asked() {
    let station = governed_station(&Options::default()).await;
    let digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    let targets = [
        "/v1.41/images/create?fromImage=evil/miner&tag=latest".to_owned(),
        "/v1.41/images/create?fromImage=evil/miner".to_owned(),
        "/images/create?fromImage=evil%2Fminer&tag=latest".to_owned(),
        "/v1.41/images/create?fromImage=docker.io/evil/miner&tag=latest".to_owned(),
        "/v1.41/images/create?fromImage=index.docker.io/evil/miner&tag=latest".to_owned(),
        format!("/v1.41/images/create?fromImage=evil/miner&tag={digest}"),
        format!("/v1.41/images/create?fromImage=evil/miner@{digest}"),
        "/v1.41/images/create?fromImage=hello&fromImage=evil/miner&fromImage=evil/miner&tag=latest".to_owned(),
    ];
    for target in &targets {
        let before = Instant::now();
        let answer = station.engine.call("POST", target).await.unwrap();
        let first_wins = target.contains("fromImage=hello");
        assert_eq!(answer.status == 403, !first_wins, "{target}: {} {}", answer.status, answer.text());
        assert!(before.elapsed() < Duration::from_secs(10), "{target} took {:?}", before.elapsed());
    }
    assert_eq!(station.registry.reads("evil/miner"), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_sign_in_is_not_enforced_a_machine_without_a_session_is_free() {
    let station = station(&Options { enforce_sign_in: false, ..Options::default() }).await;
    station.pulls("evil/miner").await;
    station.sign_in(&station.member).await.unwrap();
    // The pull may be known there already, and then it is something that the only person loses.
    let refusing = ["policy", "set", "acme", "--enabled", "true", "--community", "false", "--confirm", "1"];
    station.change_policy(&refusing).await.unwrap();
    decides_as_the_policy_says(&station).await;
}
