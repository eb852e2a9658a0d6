//! Every text of what is newly looked at, whole.

use std::time::Duration;

use proto::control::InForce;

use super::*;
use crate::status::disabled::Disabled;

/// The findings that differ from those of a machine on which all is well.
fn differ(facts: &Facts, good: &[Finding]) -> String {
    let all = findings(facts);
    let texts =
        all.iter().filter(|finding| !good.contains(finding)).map(|finding| crate::doctor::to_text(finding).to_string());
    texts.collect::<Vec<_>>().join("\n")
}

#[test]
fn what_people_read() {
    let place = tempfile::tempdir().unwrap();
    let facts = || good(&place);
    let well = findings(&facts());
    let file =
        |names: Names| Facts { engine_files: vec![EngineFile { names, ..facts().engine_files.remove(0) }], ..facts() };
    let other = |names: Names, ungoverned: &str| {
        let mut facts = facts();
        facts.engine_files.push(EngineFile {
            path: "/home/dana/.config/docker/daemon.json".into(),
            socket: "/run/user/1000/docker.sock".into(),
            unit: "docker.service".into(),
            names,
            ungoverned: ungoverned.into(),
        });
        facts
    };
    let engine = |change: &dyn Fn(&mut coverage::Facts)| {
        let mut facts = facts();
        change(&mut facts.engine);
        facts
    };
    let version = |text: &str| {
        engine(&|engine| {
            (engine.version, engine.version_text) = (policy::engine::EngineVersion::parse(text), text.to_owned());
        })
    };
    let reached = |days_left, ahead_s, error: &str| Facts {
        service: Some(Reached { days_left, ahead_s, took_ms: 8, error: error.into() }),
        ..facts()
    };
    let door = |lists: Lists| {
        let mut facts = engine(&|engine| {
            engine.mirrors = vec!["https://mirror.example/".into()];
            engine.insecure = vec!["10.0.0.5:5000".into()];
        });
        facts.door = Setup { expected: true, connected: vec!["0.1.0".into()], ..Setup::default() };
        Facts { lists, ..facts }
    };
    let sealed_later = || {
        let mut facts = Facts { service: Some(Reached::default()), ..facts() };
        let status = facts.plugin.as_mut().unwrap();
        status.in_force = vec![InForce { issued_at: facts.now_s + 7_200, ..InForce::default() }];
        facts
    };
    let cases = [
        ("all is well", facts()),
        (
            "disabled",
            Facts {
                disabled: disabled::Seen::Yes(Disabled {
                    until_ms: 1_795_694_645_000,
                    reason: "the door hangs".into(),
                    by: "root".into(),
                }),
                ..facts()
            },
        ),
        ("slow socket", Facts { socket: PluginSocket::Answers(Duration::from_millis(180)), ..facts() }),
        ("silent socket", Facts { socket: PluginSocket::Silent("connection refused".into()), ..facts() }),
        ("socket of root", Facts { socket: PluginSocket::NotThisUser, ..facts() }),
        ("other plugins", file(Names::File(vec!["other".into(), "pullgate".into()]))),
        ("by flag", file(Names::Flag)),
        ("not in the file, and asked", file(Names::Nothing)),
        (
            "not in the file, and not asked",
            Facts { engine: coverage::Facts::unknown("connection refused"), ..file(Names::Nothing) },
        ),
        ("file of root", file(Names::Unknown("permission denied".into()))),
        ("rootless engine", other(Names::Nothing, "it runs without root, and its user can point it anywhere")),
        ("second engine", other(Names::Nothing, "")),
        ("engine 20.10", version("20.10.24+dfsg1")),
        ("engine 29.3.1", version("29.3.1")),
        ("engine of nobody", version("dev")),
        ("mirrors", door(Lists::Known { mirrors: Vec::new(), insecure: Vec::new() })),
        ("door's settings", door(Lists::Unknown("permission denied".into()))),
        ("service away", reached(None, None, "connection refused")),
        ("certificate", reached(None, None, "TLS with `gate.example:8443` failed: invalid peer certificate: Expired")),
        ("certificate ends", reached(Some(5), Some(0), "")),
        ("clock is off", reached(Some(300), Some(-75), "")),
        ("clock is far off", reached(Some(300), Some(4_000), "")),
        ("documents of tomorrow", sealed_later()),
        ("no agent", Facts { agent: Agent::Missing, ..facts() }),
        ("group", Facts { users: Users::Group("docker".into(), vec!["dana".into(), "ci".into()]), ..facts() }),
        ("everybody", Facts { users: Users::Everybody, ..facts() }),
    ];
    let mut text = String::new();
    for (name, case) in cases {
        let told = match name {
            "all is well" => {
                well.iter().map(|one| crate::doctor::to_text(one).to_string()).collect::<Vec<_>>().join("\n")
            }
            _ => differ(&case, &well),
        };
        assert!(!told.is_empty(), "{name}");
        text.push_str(&format!("## {name}\n{told}\n\n"));
    }
    let text = text.replace(&place.path().display().to_string(), "/etc/pullgate");
    crate::snapshot::check("doctor", &text);
}
