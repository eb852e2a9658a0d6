//! What people read for each thing that goes wrong.

use proto::{
    control::{SessionInForce, StatusResponse},
    sign_in::{Paths, SignInFiles},
};
use serde_json::json;

use super::*;
use crate::{
    doctor::look::{ca::Ca, docker_group::Users, plugin_socket::PluginSocket, reach::Reached, registries::Lists},
    engine_files::{EngineFile, Names},
    status::{coverage, disabled, door::Setup, seen::Agent},
};

/// A machine on which all is well; `dana` is signed in.
fn good(place: &tempfile::TempDir) -> Facts {
    let key = proto::keys::SigningKey::from_seed(&[4; 32]).verifying_key().to_base64();
    let enrollment = place.path().join("enrollment.json");
    let text = json!({"service": "https://gate.example:8443", "trustKeys": [key], "allowedOrgs": ["acme"]});
    std::fs::write(&enrollment, text.to_string()).unwrap();
    let paths = Paths { enrollment, registry_json: place.path().join("registry.json") };
    let files = SignInFiles::read(&paths);
    let session = SessionInForce { user: "dana".into(), uid: 1000, organizations: vec!["acme".into()], expired: false };
    Facts {
        plugin: Ok(StatusResponse {
            sessions: vec![session],
            sign_in_files: files.report(),
            ..StatusResponse::default()
        }),
        files,
        engine: coverage::Facts {
            answers: coverage::Answers::Yes,
            asks: Proof::Proved,
            shows_bodies: Proof::Proved,
            listed: Some(true),
            // One against which something is known, as against every one.
            version: policy::engine::EngineVersion::parse("29.7.2"),
            version_text: "29.7.2".into(),
            ..coverage::Facts::unknown("not asked")
        },
        door: Setup::default(),
        ca: Ca::look(place.path()),
        credentials: Ok(json!({"user": "dana", "key": "gate.example:8443", "source": "file", "helper": null})),
        service: Some(Reached { days_left: Some(300), ahead_s: Some(1), took_ms: 8, error: String::new() }),
        socket: PluginSocket::Answers(std::time::Duration::from_micros(400)),
        engine_files: vec![EngineFile {
            path: "/etc/docker/daemon.json".into(),
            socket: "/run/docker.sock".into(),
            unit: "docker.service".into(),
            names: Names::File(vec!["pullgate".into()]),
            ungoverned: String::new(),
        }],
        engine_socket: "/run/docker.sock".into(),
        users: Users::Nobody,
        lists: Lists::Known { mirrors: Vec::new(), insecure: Vec::new() },
        disabled: disabled::Seen::No,
        agent: Agent::Runs(4321),
        now_s: 1_795_691_045,
        uid: 1000,
    }
}

#[track_caller]
fn check(facts: &Facts, check: &str, state: State, what: &str, next: &str) {
    let all = findings(facts);
    let found = all.iter().find(|finding| finding.check == check && finding.state == state);
    let found = found.unwrap_or_else(|| panic!("no {check} is {}: {all:#?}", state.code()));
    assert!(found.what.contains(what), "{found:?}");
    assert!(found.next.contains(next), "{found:?}");
}

#[test]
fn where_all_is_well_nothing_is_wrong() {
    let place = tempfile::tempdir().unwrap();
    let all = findings(&good(&place));
    let surprising = |finding: &&Finding| finding.state != State::Good && finding.check != "engine-version";
    assert_eq!(all.iter().find(surprising), None);
    let checks: Vec<_> = all.iter().map(|finding| finding.check).collect();
    assert_eq!(
        checks,
        [
            "enrollment",
            "sign-in",
            "plugin",
            "socket",
            "engine",
            "engine-file",
            "engine-version",
            "versions",
            "service",
            "certificate",
            "clock",
            "credentials",
            "agent",
            "session",
            "docker-group"
        ]
    );
}

#[test]
fn each_thing_that_is_wrong_is_named_with_its_next_step() {
    let place = tempfile::tempdir().unwrap();
    let facts = || good(&place);
    let wrong = State::Wrong;

    let none = Facts { plugin: Err("cannot ask the plugin".into()), ..facts() };
    check(&none, "plugin", wrong, "cannot ask", "systemctl start");

    let deaf = coverage::Facts { asks: Proof::Refuted("404 not found".into()), ..facts().engine };
    check(&Facts { engine: deaf, ..facts() }, "engine", wrong, "404", "pullgate install");

    let alone = || Facts { plugin: Ok(StatusResponse { sessions: Vec::new(), ..facts().plugin.unwrap() }), ..facts() };
    let out = Facts { credentials: Ok(json!({})), ..alone() };
    check(&out, "credentials", wrong, "nobody", "docker login gate.example:8443");

    let damaged = Facts { credentials: Ok(json!({"error": "parse", "detail": "it is not JSON"})), ..alone() };
    check(&damaged, "credentials", wrong, "it is not JSON (parse)", "pullgate credentials");

    check(&alone(), "session", wrong, "no session", "journalctl");

    let session = |expired, organization: &str| {
        let mut facts = facts();
        let status = facts.plugin.as_mut().unwrap();
        (status.sessions[0].expired, status.sessions[0].organizations) = (expired, vec![organization.to_owned()]);
        facts
    };
    check(&session(true, "acme"), "session", wrong, "expired", "connect");
    check(&session(false, "other"), "session", wrong, "asks for acme", "one of them");

    let far = Facts { service: Some(Reached { error: "timed out".into(), ..Reached::default() }), ..facts() };
    check(&far, "service", State::Notice, "timed out", "stays until it expires");
}

/// As with `sudo`, and where a machine's own agent signs in with a token of a file.
#[test]
fn nothing_is_wrong_with_who_is_not_signed_in_and_need_not_be() {
    let place = tempfile::tempdir().unwrap();
    let nobody = json!({"user": null, "error": null});
    let damaged = json!({"error": "parse", "detail": "it is not JSON"});
    let is_well = |facts: &Facts| findings(facts).iter().all(|finding| finding.state != State::Wrong);
    let root = |credentials: &serde_json::Value| Facts {
        credentials: Ok(credentials.clone()),
        agent: Agent::NotExpected,
        uid: 0,
        ..good(&place)
    };
    for credentials in [&nobody, &damaged, &json!({"user": "admin", "key": "gate.example:8443"})] {
        assert!(is_well(&root(credentials)), "{:#?}", findings(&root(credentials)));
        let mut early = root(credentials);
        early.plugin.as_mut().unwrap().sessions.clear();
        assert!(is_well(&early), "{:#?}", findings(&early));
    }
    check(&root(&nobody), "credentials", State::Notice, "the session of dana counts", "");
    check(&root(&nobody), "session", State::Good, "dana is in force", "");
    let mut early = root(&nobody);
    early.plugin.as_mut().unwrap().sessions.clear();
    check(&early, "credentials", State::Notice, "nobody has to", "uses docker");
    let machine = Facts { credentials: Ok(nobody.clone()), uid: 1001, ..good(&place) };
    check(&machine, "credentials", State::Notice, "the session of dana counts", "");
    // A session of an organization that does not count is nobody's.
    let mut other = Facts { credentials: Ok(nobody), uid: 1001, ..good(&place) };
    other.plugin.as_mut().unwrap().sessions[0].organizations = vec!["other".to_owned()];
    check(&other, "credentials", State::Wrong, "nobody is signed in", "docker login");
}

#[test]
fn a_file_that_cannot_be_used_is_wrong_and_one_that_does_not_count_is_a_notice() {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("registry.json"), "damaged").unwrap();
    check(&good(&place), "sign-in", State::Notice, "does not count", "correct");
    check(&good(&place), "sign-in", State::Good, "enforced: acme", "");
    let facts = good(&place);
    std::fs::write(place.path().join("enrollment.json"), "damaged").unwrap();
    let paths =
        Paths { enrollment: place.path().join("enrollment.json"), registry_json: place.path().join("registry.json") };
    let broken = Facts { files: SignInFiles::read(&paths), ..facts };
    check(&broken, "enrollment", State::Wrong, "is not valid", "nobody brings images in");
    check(&broken, "sign-in", State::Wrong, "nobody is good enough", "as root");
    check(&broken, "plugin", State::Notice, "otherwise than you do", "root");
    check(&broken, "sign-in", State::Notice, "since the enrollment file has to be right first", "correct");
}

#[test]
fn dockers_file_before_the_enrollment_is_told_as_what_it_is() {
    let place = tempfile::tempdir().unwrap();
    let facts = good(&place);
    std::fs::remove_file(place.path().join("enrollment.json")).unwrap();
    std::fs::write(place.path().join("registry.json"), r#"{"allowedOrgs":["acme"]}"#).unwrap();
    let paths =
        Paths { enrollment: place.path().join("enrollment.json"), registry_json: place.path().join("registry.json") };
    let early = Facts { files: SignInFiles::read(&paths), ..facts };
    check(&early, "sign-in", State::Wrong, "is not enrolled", "pullgate-service enrollment");
}

mod door;
mod texts;
