//! What people read in each state of a machine, whole.

use proto::{
    control::{Door, InForce, PolicyInForce, SessionInForce, SignInFile, StatusResponse},
    sync::Kind,
};

use super::{
    coverage::{Answers, Proof},
    disabled::Disabled,
    probe::{Fetches, Went},
    seen::Agent,
    *,
};
use crate::engine_files::{EngineFile, Names};

const NOW: i64 = 1_795_691_045_000;

/// A machine on which all is well, without a registry door; `dana` is signed in.
pub(super) fn good() -> Seen {
    let status = StatusResponse {
        version: "0.1.0".into(),
        machine_id: "0123456789abcdef0123456789abcdef".into(),
        started_at_ms: NOW - 3 * 3_600_000,
        requests: 1234,
        denials: 5,
        last_request_at_ms: NOW - 4_000,
        engine_version: "28.5.2".into(),
        sign_in_enforced: true,
        allowed_organizations: vec!["acme".into()],
        sign_in_files: vec![SignInFile {
            path: "/etc/pullgate/enrollment.json".into(),
            present: true,
            in_force: true,
            organizations: vec!["acme".into()],
            error: String::new(),
        }],
        sessions: vec![SessionInForce {
            user: "dana".into(),
            uid: 1000,
            organizations: vec!["acme".into()],
            expired: false,
        }],
        policies: vec![policy("acme")],
        in_force: vec![InForce {
            kind: Kind::Policy.into(),
            subject: "acme".into(),
            generation: 7,
            issued_at: NOW / 1000 - 600,
            ..InForce::default()
        }],
        ..StatusResponse::default()
    };
    let past = || Went::Past("lookup door.pullgate.invalid: no such host".into());
    Seen {
        door: Setup::of(&status, std::path::Path::new("/nonexistent")),
        plugin: Ok(status),
        engine: Facts {
            answers: Answers::Yes,
            version: policy::engine::EngineVersion::parse("28.5.2"),
            version_text: "28.5.2".into(),
            listed: Some(true),
            asks: Proof::Proved,
            shows_bodies: Proof::Proved,
            fetches: Fetches {
                pull: past(),
                plugin: past(),
                build: past(),
                classic_build: past(),
                native: None,
                loopback_pull: past(),
                loopback_build: past(),
            },
            ..Facts::unknown("")
        },
        engines: Engines { socket: "/var/run/docker.sock".into(), of_the_system: Vec::new() },
        disabled: disabled::Seen::No,
        agent: Agent::Runs(4321),
        login_host: "gate.example:8443".into(),
        now_ms: NOW,
    }
}

pub(super) fn policy(organization: &str) -> PolicyInForce {
    PolicyInForce {
        organization: organization.into(),
        generation: 7,
        enabled: true,
        mode: "enforce".into(),
        age: "fresh".into(),
    }
}

/// With a registry door that everything goes through.
fn with_door() -> Seen {
    let mut seen = good();
    let status = seen.plugin.as_mut().unwrap();
    status.door_expected = true;
    status.doors = vec![Door { uid: 9, version: "0.1.0".into(), since_ms: 1, probe_key: vec![7; 32] }];
    status.egress = Some(proto::control::Egress { in_place: true, ..Default::default() });
    seen.door = Setup::of(status, std::path::Path::new("/nonexistent"));
    seen.engine.proxies = ["http://127.0.0.1:857", "http://127.0.0.1:857"].map(str::to_owned);
    seen.engine.fetches = Fetches {
        pull: Went::Door,
        plugin: Went::Door,
        build: Went::Door,
        classic_build: Went::Door,
        native: None,
        loopback_pull: Went::Door,
        loopback_build: Went::Door,
    };
    seen
}

fn changed(mut seen: Seen, change: impl FnOnce(&mut Seen)) -> Seen {
    change(&mut seen);
    seen
}

fn plugin(seen: Seen, change: impl FnOnce(&mut StatusResponse)) -> Seen {
    changed(seen, |seen| change(seen.plugin.as_mut().unwrap()))
}

/// Every state, with the word that its cause must have.
fn states() -> Vec<(&'static str, &'static str, Seen)> {
    let optional = || {
        plugin(good(), |status| {
            status.sign_in_enforced = false;
            status.allowed_organizations.clear();
            status.sign_in_files[0].organizations.clear();
        })
    };
    vec![
        ("enforced", "", with_door()),
        ("in-part", "open_ways", good()),
        (
            "second-engine",
            "other_engine",
            changed(with_door(), |seen| {
                let file = |name: &str, names| EngineFile {
                    path: format!("/etc/docker/{name}.json").into(),
                    socket: format!("/var/run/{name}.sock").into(),
                    unit: format!("{name}.service"),
                    names,
                    ungoverned: String::new(),
                };
                let ours = Names::File(vec!["pullgate".into()]);
                seen.engines.of_the_system = vec![
                    file("docker", ours.clone()),
                    file("ci", Names::Nothing),
                    file("builds", ours),
                    EngineFile { ungoverned: "a snap starts it".into(), ..file("snap", Names::Nothing) },
                ];
            }),
        ),
        (
            "door-down",
            "open_ways",
            changed(with_door(), |seen| {
                seen.door.connected.clear();
                let refused = || Went::Past("proxyconnect tcp: connect: connection refused".into());
                (seen.engine.fetches.build, seen.engine.fetches.pull) = (refused(), refused());
            }),
        ),
        (
            "disabled",
            "disabled",
            changed(good(), |seen| {
                seen.disabled = disabled::Seen::Yes(Disabled {
                    until_ms: NOW + 3_600_000,
                    reason: "the door hangs".into(),
                    by: "root".into(),
                });
                seen.engine.asks = Proof::Refuted("no such host".into());
            }),
        ),
        (
            "plugin-down",
            "plugin_down",
            changed(good(), |seen| {
                seen.plugin = Err("no answer within 5 seconds".into());
                seen.door = Setup::unknown(false, std::path::Path::new("/nonexistent"));
                let untried = || Proof::Untried("the engine did not answer within 20 seconds".into());
                (seen.engine.asks, seen.engine.shows_bodies) = (untried(), untried());
                seen.engine.fetches = Fetches::untried("the engine did not answer within 20 seconds");
            }),
        ),
        (
            "engine-does-not-ask",
            "engine_does_not_ask",
            changed(good(), |seen| {
                seen.engine.listed = Some(false);
                let refuted = || Proof::Refuted("500 lookup pullgate.invalid: no such host".into());
                (seen.engine.asks, seen.engine.shows_bodies) = (refuted(), refuted());
            }),
        ),
        ("engine-down", "engine_down", changed(good(), |seen| seen.engine = Facts::unknown("connection refused"))),
        (
            "unprivileged",
            "not_visible",
            changed(with_door(), |seen| {
                seen.engine = Facts::not_visible("cannot ask the engine on `/var/run/docker.sock`: permission denied");
                seen.disabled = disabled::Seen::NotVisible;
            }),
        ),
        (
            "not-enrolled",
            "not_enrolled",
            plugin(optional(), |status| {
                status.sessions.clear();
                status.policies.clear();
                status.sign_in_files.clear();
                status.enrollment_error =
                    "there is no enrollment file `/etc/pullgate/enrollment.json`; this machine is not enrolled".into();
            }),
        ),
        ("nobody", "nobody_signed_in", plugin(optional(), |status| status.sessions.clear())),
        (
            "agent-missing",
            "agent_missing",
            changed(plugin(optional(), |status| status.sessions.clear()), |seen| seen.agent = Agent::Missing),
        ),
        ("sign-in-required", "nobody_signed_in", plugin(good(), |status| status.sessions.clear())),
        (
            "other-organization",
            "sign_in_required",
            plugin(good(), |status| status.sessions[0].organizations = vec!["globex".into()]),
        ),
        ("session-expired", "session_expired", plugin(good(), |status| status.sessions[0].expired = true)),
        (
            "sign-in-unusable",
            "sign_in_unusable",
            plugin(good(), |status| {
                status.sign_in_files[0].error =
                    "the enrollment file `/etc/pullgate/enrollment.json` is writable by others".into();
            }),
        ),
        ("off", "policy_off", plugin(good(), |status| status.policies[0].enabled = false)),
        ("monitor", "monitor", plugin(good(), |status| status.policies[0].mode = "monitor".into())),
        ("policy-missing", "policy_missing", plugin(optional(), |status| status.policies.clear())),
        (
            "stale-and-lost",
            "",
            plugin(with_door(), |status| {
                status.policies[0].age = "stale".into();
                status.records_dropped = 12;
                status.names_lost = true;
            }),
        ),
    ]
}

/// In the words for Unix.
#[cfg(unix)]
#[test]
fn what_people_read_in_each_state() {
    for (name, code, seen) in states() {
        let ways = seen.ways();
        let health = seen.health(&ways);
        assert_eq!(health.root.as_ref().map_or("", |cause| cause.code), code, "{name}: {health:?}");
        crate::snapshot::check(&format!("status/{name}"), &view::text(&seen, &health, &ways).to_string());
        let object = json::object(&seen, &health, &ways);
        assert_eq!(object["health"]["line"], health.line());
    }
}

#[test]
fn status_claims_nothing_that_was_not_proved() {
    for (name, _, mut seen) in states() {
        seen.engine = Facts::unknown("no engine answers");
        let ways = seen.ways();
        assert!(ways.iter().all(|way| way.state != coverage::State::Enforced), "{name}: {ways:?}");
        let verdict = seen.health(&ways).verdict;
        assert!(matches!(verdict, health::Verdict::Unknown | health::Verdict::NotEnforced), "{name}: {verdict:?}");
    }
}
