//! Who is signed in, on a real engine: switching, leaving, being removed, being away for days;
//! several organizations and several people on one machine; files that cannot be trusted.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::Path,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use installer::lab::{Agent, Options, Seat, Service, own, wait_until};
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

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_a_token_file_is_a_member_until_the_token_is_revoked() {
    let mut station = governed_station(&Options::default()).await;
    logout(&station).await;
    let create = ["organization", "token", "create", "acme", "--name", "ci", "--team", "builders"];
    let token = station.service.administer(&create).await.unwrap().stdout.trim().to_owned();
    let file = station.lab.write("token", &token).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let here = station.parts();
    here.agent.process().stop();
    here.agent = Agent::start_with_token(&here.lab, file).unwrap();
    station.signed_in("acme/ci").await.unwrap();
    station.pulls("hello").await;
    station.pulls("acme/app").await;
    station.refuses("evil/miner", COMMUNITY).await;
    // What is allowed to its team is allowed to it.
    station.change_policy(&["allowlist", "add", "acme", "evil/miner", "--team", "builders"]).await.unwrap();
    station.pulls("evil/miner").await;

    let revoked = station.service.administer(&["organization", "token", "revoke", "acme", &token]).await.unwrap();
    station.plugin.wait_for_text("hello", NOBODY, SETTLE).await.unwrap();
    let took = revoked.ended.elapsed();
    println!("revoked organization access token refused after {took:?}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    station.refuses("hello", NOBODY).await;
    everyday_calls_work(&station).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_personal_access_token_signs_in_until_it_is_revoked_and_only_with_its_scope() {
    let station = governed_station(&Options::default()).await;
    logout(&station).await;
    let create = async |name: &str, scope: &str| {
        let args = ["token", "create", "member", "--name", name, "--scope", scope, "--expires", "1h"];
        station.service.administer(&args).await.unwrap().stdout.trim().to_owned()
    };
    let address = station.service.address();
    let reads = create("report", "org:read").await;
    let refused = station.docker.login(&address, "member", &reads).await.unwrap();
    assert_ne!(refused.code(), 0, "{}", told(&refused));
    station.refuses("hello", NOBODY).await;

    let laptop = create("laptop", "sign-in").await;
    station.docker.login(&address, "member", &laptop).await.unwrap().success().unwrap();
    station.signed_in("member").await.unwrap();
    station.pulls("hello").await;
    let revoked = station.service.administer(&["token", "revoke", &laptop]).await.unwrap();
    station.plugin.wait_for_text("hello", NOBODY, SETTLE).await.unwrap();
    let took = revoked.ended.elapsed();
    println!("revoked personal access token refused after {took:?}");
    assert!(took < Duration::from_secs(1), "{took:?}");
    station.refuses("hello", NOBODY).await;
    // They are written down each second.
    let written = || async {
        let attempts = station.service.administer(&["sign-ins"]).await.map_err(|error| error.to_string())?.stdout;
        if ["accepted", "scope"].iter().all(|word| attempts.contains(word)) { Ok(()) } else { Err(attempts) }
    };
    wait_until("both attempts in the trail", SETTLE, written).await.unwrap();
}

/// Docker Hub as the service asks it: another pullgate service, which has the few endpoints.
#[tokio::test(flavor = "multi_thread")]
async fn docker_hub_credentials_count_where_the_enrollment_asks_for_them() {
    let mut station = governed_station(&Options::default()).await;
    logout(&station).await;
    let secret = "a-secret-of-docker-hub";
    let hub = Service::start_named(&station.lab, "hub", &[]).await.unwrap();
    hub.administer(&["organization", "add", "hubco"]).await.unwrap();
    for (user, role) in [("hanna", "member"), ("otto", "owner")] {
        let add = hub.admin(&["member", "add", "hubco", user, "--role", role, "--password-stdin"]);
        add.stdin(secret).run().await.unwrap().success().unwrap();
    }
    let (url, ca) = (hub.url(), hub.data().join("ca.pem").display().to_string());
    let here = station.parts();
    let asks = ["--docker-hub-url", &url, "--docker-hub-ca-file", &ca, "--docker-hub-recheck", "2s"];
    here.service.restart_with(&here.lab, &asks).await.unwrap();
    station.service.administer(&["organization", "link", "acme", "--docker-hub", "hubco"]).await.unwrap();

    // Signed in to Docker Hub as everybody is: without the enrollment's word it is nobody's business.
    let config = station.lab.docker_config().join("config.json");
    let sign_in = |user: &str| {
        let auth = STANDARD.encode(format!("{user}:{secret}"));
        replace(&config, &format!(r#"{{"auths":{{"https://index.docker.io/v1/":{{"auth":"{auth}"}}}}}}"#));
    };
    sign_in("hanna");
    station.refuses("hello", NOBODY).await;
    enroll(&station, |file| file["dockerHubCredentials"] = true.into());
    station.signed_in("hanna").await.unwrap();
    station.pulls("hello").await;
    station.refuses("evil/miner", COMMUNITY).await;
    sign_in("otto");
    station.signed_in("otto").await.unwrap();
    station.pulls("evil/miner").await;

    // A sign-in at the service itself counts more.
    station.sign_in(&station.member).await.unwrap();
    station.refuses("evil/miner", COMMUNITY).await;
    station.docker.run(&["logout", &station.service.address()]).await.unwrap().success().unwrap();
    station.signed_in("otto").await.unwrap();

    // Who leaves the organization there loses it here at the next look.
    sign_in("hanna");
    station.signed_in("hanna").await.unwrap();
    hub.administer(&["member", "remove", "hubco", "hanna"]).await.unwrap();
    station.plugin.wait_for_text("hello", "members of acme, which hanna is not", SETTLE).await.unwrap();
    station.refuses("hello", "members of acme, which hanna is not").await;

    // The secret was used, and is nowhere.
    let mut everything = Vec::new();
    for entry in fs::read_dir(station.service.data()).unwrap().chain(fs::read_dir(station.lab.path("log")).unwrap()) {
        everything.extend(fs::read(entry.unwrap().path()).unwrap_or_default());
    }
    assert!(everything.len() > 10_000, "nothing was read");
    assert!(!everything.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()), "a secret was kept");
}
