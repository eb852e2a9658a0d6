//! Who is signed in, on a real engine: switching, leaving, being removed, being away for days;
//! several organizations and several people on one machine; files that cannot be trusted.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::Path,
    time::{Duration, Instant},
};

use installer::lab::{Agent, Options, Seat, own};
use proto::control::StatusResponse;
use tests::{SETTLE, Station, governed_station, told};

const COMMUNITY: &str = "is a community image";
const NOBODY: &str = "signed in to acme, and nobody is";

/// Whoever has a session in force, sorted.
fn users(status: &StatusResponse) -> Vec<&str> {
    let mut users: Vec<&str> = status.sessions.iter().map(|session| session.user.as_str()).collect();
    users.sort_unstable();
    users
}

async fn nobody_is_signed_in(station: &Station) {
    station.plugin.wait_for("the end of all sessions", SETTLE, |status| status.sessions.is_empty()).await.unwrap();
}

async fn logout(station: &Station) {
    station.docker.run(&["logout", &station.service.address()]).await.unwrap().success().unwrap();
    nobody_is_signed_in(station).await;
}

/// What a developer does all day, with images that are here.
async fn everyday_calls_work(station: &Station) {
    for args in [&["version"][..], &["info"], &["ps", "--all"], &["images"], &["container", "prune", "--force"]] {
        let output = station.docker.run(args).await.unwrap();
        assert_eq!(output.code(), 0, "{}", told(&output));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_follows_the_person_from_sign_in_to_removal() {
    let station = governed_station(&Options::default()).await;
    station.refuses("evil/miner", COMMUNITY).await;

    // Another account takes the first one's place, without a moment in which both or the wrong one counts.
    station.sign_in(&station.owner).await.unwrap();
    station.pulls("evil/miner").await;
    station.sign_in(&station.member).await.unwrap();
    station.refuses("evil/miner", COMMUNITY).await;

    logout(&station).await;
    station.refuses("hello", NOBODY).await;
    let way = format!("`docker login {}` or `pullgate login`", station.service.address());
    station.refuses("hello", &way).await;
    everyday_calls_work(&station).await;

    // Removed at the service: the session in force goes within a second, and no sign-in brings it back.
    station.sign_in(&station.member).await.unwrap();
    let removed = station.service.administer(&["member", "remove", "acme", "member"]).await.unwrap();
    let elsewhere = |status: &StatusResponse| status.sessions.iter().all(|session| session.organizations.is_empty());
    station.plugin.wait_for("no membership in force", SETTLE, elsewhere).await.unwrap();
    let took = removed.ended.elapsed();
    println!("removed member refused after {took:?}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    station.refuses("hello", "members of acme, which member is not").await;
    everyday_calls_work(&station).await;

    station.service.administer(&["account", "remove", "member"]).await.unwrap();
    nobody_is_signed_in(&station).await;
    let refused = station.docker.login(&station.service.address(), "member", &station.member.password).await.unwrap();
    assert_ne!(refused.code(), 0, "{}", told(&refused));
    station.refuses("hello", NOBODY).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn days_without_the_service_are_bridged_until_the_session_ends_and_coming_back_renews_it() {
    let options = Options { movable_clock: true, ..Options::default() };
    let mut station = governed_station(&options).await;
    let clock = |station: &Station, offset: &str| station.clock.as_ref().unwrap().shift(offset).unwrap();

    // The laptop leaves the network; the agent runs and finds nobody.
    station.service.process().stop();
    for away in ["+1d", "+3d", "+6d"] {
        clock(&station, away);
        station.pulls("hello").await;
        station.refuses("evil/miner", COMMUNITY).await;
    }
    clock(&station, "+8d");
    station.refuses("hello", "the sign-in of member has ended: it was not renewed in time").await;
    station.refuses("hello", "Connect to the policy service and it is renewed").await;
    everyday_calls_work(&station).await;
    // A restart of the machine changes nothing of it.
    let here = station.parts();
    here.agent.process().kill();
    here.plugin.process().kill();
    here.plugin.restart(&here.lab).await.unwrap();
    here.agent.restart(&here.lab).unwrap();
    station.refuses("hello", "to acme, and ").await;

    clock(&station, "+0s");
    let here = station.parts();
    here.service.restart(&here.lab).await.unwrap();
    station.signed_in("member").await.unwrap();
    station.pulls("hello").await;
    station.refuses("evil/miner", COMMUNITY).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_several_organizations_the_strictest_wins_and_each_ones_images_are_everybodys() {
    let options = Options { enforce_sign_in: false, ..Options::default() };
    let station = governed_station(&options).await;
    let administer = |args: &'static [&'static str]| station.service.administer(args);
    station.refuses("evil/miner", COMMUNITY).await;

    // `verifiedco` becomes the namespace of a second organization, which allows only its own.
    administer(&["organization", "add", "labs", "--namespace", "verifiedco"]).await.unwrap();
    let strict = ["policy", "set", "labs", "--enabled", "true", "--official", "false", "--verified-publisher", "false"];
    station.service.administer(&strict).await.unwrap();
    administer(&["member", "add", "labs", "member", "--role", "member"]).await.unwrap();
    let of_both = |status: &StatusResponse| status.policies.len() == 2 && status.sessions[0].organizations.len() == 2;
    station.plugin.wait_for("both policies in force", SETTLE, of_both).await.unwrap();
    station.refuses("hello", "is a Docker Official Image, and labs allows only its own images").await;
    station.pulls("acme/app").await;
    station.pulls("verifiedco/tool").await;
    station.refuses("evil/miner", COMMUNITY).await;

    // An owner of one stays a member of the other.
    administer(&["member", "add", "labs", "owner", "--role", "member"]).await.unwrap();
    station.sign_in(&station.owner).await.unwrap();
    station.refuses("hello", "and labs allows only its own images").await;
    administer(&["member", "add", "labs", "owner", "--role", "owner"]).await.unwrap();
    station.plugin.wait_for_check(&["hello", "evil/miner"], [true, true], SETTLE).await.unwrap();
    station.pulls("evil/miner").await;

    // Where sign-in is enforced, only the organizations that it names govern.
    station.sign_in(&station.member).await.unwrap();
    station.refuses("hello", "and labs allows only its own images").await;
    enroll(&station, |file| file["allowedOrgs"] = serde_json::json!(["ACME"]));
    station.plugin.wait_for_check(&["hello", "evil/miner"], [true, false], SETTLE).await.unwrap();
    station.pulls("hello").await;
}

/// Changes the enrollment file, by rename.
fn enroll(station: &Station, change: impl FnOnce(&mut serde_json::Value)) {
    let path = station.lab.enrollment();
    let mut file = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    change(&mut file);
    replace(&path, &file.to_string());
}

fn replace(path: &Path, text: &str) {
    let next = path.with_extension("next");
    fs::write(&next, text).unwrap();
    fs::set_permissions(&next, fs::Permissions::from_mode(0o644)).unwrap();
    fs::rename(next, path).unwrap();
}

/// Another local user, for whom no account has to exist.
const OTHER_UID: u32 = 54321;

#[tokio::test(flavor = "multi_thread")]
async fn of_several_people_on_one_machine_the_strictest_answer_wins() {
    let station = governed_station(&Options::default()).await;
    station.sign_in(&station.owner).await.unwrap();
    station.pulls("evil/miner").await;

    // The member signs in too, as another local user with an agent of their own.
    let config = sign_in_elsewhere(&station, "second-docker").await;
    let seat = Seat {
        name: "second-agent",
        uid: Some(OTHER_UID),
        config_dir: Some(config.clone()),
        enrollment: Some(reachable_enrollment(&station)),
        token_file: None,
    };
    let program = station.lab.path("pullgated");
    fs::copy(own("pullgated").unwrap(), &program).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let mut second = Agent::start_at(&station.lab, program, None, seat).unwrap();
    let both = |status: &StatusResponse| users(status) == ["member", "owner"];
    station.plugin.wait_for("both sessions in force", SETTLE, both).await.unwrap();
    let status = station.plugin.status().await.unwrap();
    let uids: Vec<(&str, u32)> = status.sessions.iter().map(|s| (s.user.as_str(), s.uid)).collect();
    assert!(uids.contains(&("owner", 0)) && uids.contains(&("member", OTHER_UID)), "{uids:?}");
    // The engine cannot tell who asks.
    station.refuses("evil/miner", COMMUNITY).await;
    station.pulls("hello").await;

    // One leaves, and the other's answer counts alone.
    fs::write(config.join("config.json"), r#"{"auths":{"placeholder.invalid":{}}}"#).unwrap();
    let owner = |status: &StatusResponse| users(status) == ["owner"];
    station.plugin.wait_for("the owner's session alone", SETTLE, owner).await.unwrap();
    station.pulls("evil/miner").await;
    second.process().stop();
}

/// A Docker configuration of the other user, signed in as the member.
async fn sign_in_elsewhere(station: &Station, name: &str) -> std::path::PathBuf {
    let config = station.lab.make_dir(name).unwrap();
    station.lab.write(&format!("{name}/config.json"), r#"{"auths":{"placeholder.invalid":{}}}"#).unwrap();
    let login = station.docker.command(&[
        "--config",
        config.to_str().unwrap(),
        "login",
        "--username",
        "member",
        "--password-stdin",
        &station.service.address(),
    ]);
    login.stdin(&station.member.password).run().await.unwrap().success().unwrap();
    for path in [config.clone(), config.join("config.json")] {
        chown(path, Some(OTHER_UID), Some(OTHER_UID)).unwrap();
    }
    // The way to the socket, the program and the files is open to others from here on.
    fs::set_permissions(station.lab.dir(), fs::Permissions::from_mode(0o711)).unwrap();
    config
}

/// The enrollment and the certificate of the service where another user can read them.
fn reachable_enrollment(station: &Station) -> std::path::PathBuf {
    let mut file: serde_json::Value = serde_json::from_slice(&fs::read(station.lab.enrollment()).unwrap()).unwrap();
    let ca = station.lab.path("ca.pem");
    fs::copy(station.service.data().join("ca.pem"), &ca).unwrap();
    file["caFile"] = ca.to_str().unwrap().into();
    let path = station.lab.path("enrollment-of-others.json");
    replace(&path, &file.to_string());
    path
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_not_the_administrators_alone_refuse_every_image_and_nothing_else() {
    let station = governed_station(&Options::default()).await;
    station.pulls("hello").await;
    let enrollment = station.lab.enrollment();
    let good = fs::read_to_string(&enrollment).unwrap();
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();

    mode(&enrollment, 0o666);
    refused_soon(&station, "it can be written by others").await;
    station.refuses("acme/app", "nobody can be").await;
    everyday_calls_work(&station).await;
    mode(&enrollment, 0o644);
    station.plugin.wait_for_check(&["hello"], [true], SETTLE).await.unwrap();
    station.pulls("hello").await;
    station.refuses("evil/miner", COMMUNITY).await;

    chown(&enrollment, Some(OTHER_UID), None).unwrap();
    refused_soon(&station, "it belongs to another user").await;
    replace(&enrollment, &good);
    station.plugin.wait_for_check(&["hello"], [true], SETTLE).await.unwrap();

    // Docker's own file, where the enrollment leaves it open.
    enroll(&station, |file| drop(file.as_object_mut().unwrap().remove("allowedOrgs")));
    logout(&station).await;
    station.plugin.wait_for_check(&["hello", "evil/miner"], [true, true], SETTLE).await.unwrap();
    replace(&station.lab.registry_json(), r#"{"allowedOrgs":["Acme"]}"#);
    refused_soon(&station, NOBODY).await;
    station.sign_in(&station.member).await.unwrap();
    station.pulls("hello").await;
    replace(&station.lab.registry_json(), "\u{feff}{\"allowedOrgs\":[\"acme\"]}");
    refused_soon(&station, "byte order mark").await;
    everyday_calls_work(&station).await;
    let status = station.plugin.status().await.unwrap();
    assert!(
        status.sign_in_files[1].in_force && status.sign_in_files[1].error.contains("byte order mark"),
        "{status:?}"
    );
}

/// A changed file counts within a second, without a restart of anything.
async fn refused_soon(station: &Station, words: &str) {
    let start = Instant::now();
    station.plugin.wait_for_text("hello", words, SETTLE).await.unwrap();
    let took = start.elapsed();
    assert!(took < Duration::from_secs(1), "after {took:?}");
    station.refuses("hello", words).await;
}
