//! What is planned, from what was seen; whole plans as people read them are in `tests/snapshots/install_*.txt`.

mod proxies;

use super::*;
use crate::{
    engines::{FoundEngine, Kind, NotAnEngine, ProxyEnvironment},
    install::{
        certificate::Certificate,
        door_settings::DoorSettings,
        drop_in::DropIn,
        facts::{EngineFacts, Health},
        files::Owned,
        layout::Source,
        obstacle::{Locked, NoDoor},
        show,
    },
    snapshot,
};

fn engine() -> EngineFacts {
    EngineFacts {
        found: FoundEngine {
            kind: Kind::Packaged,
            config_file: "/etc/docker/daemon.json".into(),
            socket: "/run/docker.sock".into(),
            unit: Some("docker.service".to_owned()),
            drop_in_dir: Some("/etc/systemd/system/docker.service.d".into()),
            flags: vec!["-H".to_owned(), "fd://".to_owned()],
            running_flags: None,
            environment: ProxyEnvironment::default(),
            pid: Some(7),
            version: Some("26.1.5".to_owned()),
            dockerd: Some("/usr/bin/dockerd".into()),
            plugin_dir: "/run/docker/plugins".into(),
            ungoverned: None,
            notes: Vec::new(),
        },
        file: Some(b"{\n  \"log-driver\": \"journald\"\n}\n".to_vec()),
        locked: None,
        original: None,
        drop_in: None,
        variables: None,
        command_line: "/usr/bin/dockerd -H fd:// $DOCKER_OPTS".to_owned(),
        cert_dirs: None,
        health: Health::Runs,
        major: Some(26),
        containers: Some(0),
        live_restore: false,
        asks_plugin: false,
        has_door: false,
    }
}

fn facts(engines: Vec<EngineFacts>) -> Facts {
    Facts {
        is_root: true,
        systemd: true,
        source: Source::Package,
        programs_to_copy: Vec::new(),
        missing_programs: Vec::new(),
        units: Vec::new(),
        running_units: Vec::new(),
        agent_for_all: true,
        door_user: true,
        no_door: None,
        nft: true,
        other_install: None,
        door_settings: DoorSettings::default(),
        enrollment: Some(br#"{"registryDoor":true}"#.to_vec()),
        enrollment_wrong: None,
        certificate: None,
        disabled: None,
        engines,
        others: Vec::new(),
    }
}

fn units(with: &[&str]) -> Vec<String> {
    let all = layout::PLUGIN_UNITS.iter().chain(&layout::DOOR_UNITS);
    all.chain(with).map(|&unit| unit.to_owned()).collect()
}

/// As it is once everything is done.
fn installed() -> Facts {
    let plan = plan(&facts(vec![engine()]), &Wanted::default());
    let mut done = engine();
    for step in &plan.steps {
        let Step::Engine { files, .. } = step else { continue };
        for edit in files {
            let place = if edit.path == done.found.config_file { &mut done.file } else { &mut done.drop_in };
            place.clone_from(&edit.after);
        }
    }
    (done.asks_plugin, done.has_door) = (true, true);
    Facts { running_units: units(&[layout::EGRESS_UNIT]), ..facts(vec![done]) }
}

/// Words of the steps, with how an engine comes to know.
fn words(plan: &Plan) -> String {
    let word = |step: &Step| match step {
        Step::Engine { then, files, .. } => format!("engine({then:?}, {} files)", files.len()).to_lowercase(),
        Step::Start(units) => format!("start({})", units.len()),
        Step::ProveEngine { door, .. } => format!("prove_engine({})", if *door { "door" } else { "plugin" }),
        other => show::word(other).to_owned(),
    };
    plan.steps.iter().map(word).collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn check(facts: &Facts, wanted: &Wanted, expected: &str) -> Plan {
    let plan = plan(facts, wanted);
    assert!(plan.refusals.is_empty());
    assert_eq!(words(&plan), expected);
    plan
}

#[track_caller]
fn refused(facts: &Facts, wanted: &Wanted, part: &str) {
    let plan = plan(facts, wanted);
    assert!(plan.refusals.iter().any(|why| why.to_string().contains(part)), "{part}: {:?}", plan.refusals);
    assert_eq!(plan.steps, Vec::new(), "what is refused is not done by half");
}

#[test]
fn the_engines_file_comes_after_the_plugin_was_proved_and_the_egress_rules_after_the_engine() {
    let all = "start(5) prove_plugin prove_door engine(restart, 2 files) start(1) prove_engine(door)";
    let plan = check(&facts(vec![engine()]), &Wanted::default(), all);
    snapshot::check("install_plan", &show::text(&plan));
    assert_eq!(plan.interrupts, ["restarts `docker.service`; no container runs"]);

    let without = Wanted { door: Some(false), ..Wanted::default() };
    check(&facts(vec![engine()]), &without, "start(3) prove_plugin engine(reload, 2 files) prove_engine(plugin)");
    let later = Wanted { restart_later: true, ..Wanted::default() };
    let all = "start(5) prove_plugin prove_door engine(reload, 2 files) prove_engine(plugin)";
    let plan = check(&facts(vec![engine()]), &later, all);
    assert!(plan.notes.iter().any(|note| note.contains("until `docker.service` restarts")), "{:?}", plan.notes);
}

#[test]
fn what_is_done_is_not_done_again_and_what_is_missing_is() {
    let done = installed();
    let plan = check(&done, &Wanted::default(), "prove_plugin prove_door prove_engine(door)");
    assert!(plan.is_done());
    let with = |change: &dyn Fn(&mut EngineFacts)| {
        let mut facts = done.clone();
        change(&mut facts.engines[0]);
        facts
    };
    // Somebody took the plugin out of the file; a reload is enough to have it back.
    let facts = with(&|engine| engine.file = None);
    check(&facts, &Wanted::default(), "prove_plugin prove_door engine(reload, 1 files) prove_engine(door)");
    // The file says it, and the engine never heard.
    let facts = with(&|engine| engine.asks_plugin = false);
    check(&facts, &Wanted::default(), "prove_plugin prove_door engine(reload, 0 files) prove_engine(door)");
    let facts = with(&|engine| engine.has_door = false);
    check(&facts, &Wanted::default(), "prove_plugin prove_door engine(restart, 0 files) prove_engine(door)");
    let facts = Facts { running_units: units(&[]), ..done.clone() };
    check(&facts, &Wanted::default(), "prove_plugin prove_door start(1) prove_engine(door)");
}

#[test]
fn programs_that_no_package_brought_are_copied_with_their_units_and_new_ones_restart() {
    let unit = FileEdit {
        path: "/etc/systemd/system/pullgate-plugin.service".into(),
        before: None,
        after: Some(b"[Unit]\n".to_vec()),
        whose: Whose::Ours(Owned::root(0o644)),
    };
    let copies = vec![("/src/pullgate-plugin".into(), "/usr/local/sbin/pullgate-plugin".into())];
    let mut facts = Facts {
        source: Source::Copied("/src".into()),
        programs_to_copy: copies,
        units: vec![unit],
        agent_for_all: false,
        door_user: false,
        ..facts(vec![engine()])
    };
    let wanted = Wanted { enrollment: Some(b"{}".to_vec()), ..Wanted::default() };
    let all = "programs files users start(5) agent prove_plugin prove_door engine(restart, 2 files) start(1) prove_engine(door)";
    let plan = check(&facts, &wanted, all);
    snapshot::check("install_plan_without_a_package", &show::text(&plan));
    facts.running_units = units(&[]);
    let all = "programs files users restart agent prove_plugin prove_door engine(restart, 2 files) start(1) prove_engine(door)";
    check(&facts, &wanted, all);
}

#[test]
fn an_engine_before_23_finds_the_door_in_its_environment() {
    let old = EngineFacts { major: Some(20), ..engine() };
    let plan = check(
        &facts(vec![old.clone()]),
        &Wanted::default(),
        "start(5) prove_plugin prove_door engine(restart, 3 files) start(1) prove_engine(door)",
    );
    let Some(Step::Engine { files, proxies, .. }) = plan.steps.iter().find(|step| matches!(step, Step::Engine { .. }))
    else {
        panic!("no engine in {plan:?}");
    };
    let text = |file: &FileEdit| String::from_utf8(file.after.clone().unwrap()).unwrap();
    assert!(!proxies && !text(&files[0]).contains("proxies"), "{}", text(&files[0]));
    assert!(text(&files[1]).contains("Environment=HTTPS_PROXY=http://127.0.0.1:857\n"), "{}", text(&files[1]));
    let variables = text(&files[2]);
    assert_eq!(variables, "HTTP_PROXY=http://127.0.0.1:857\nHTTPS_PROXY=http://127.0.0.1:857\n");
}

#[test]
fn flags_that_name_plugins_move_into_the_file_with_a_restart() {
    let flagged = EngineFacts {
        found: FoundEngine { flags: vec!["--authorization-plugin=other".to_owned()], ..engine().found },
        command_line: "/usr/bin/dockerd --authorization-plugin=other $DOCKER_OPTS".to_owned(),
        ..engine()
    };
    let without = Wanted { door: Some(false), ..Wanted::default() };
    let plan = check(
        &facts(vec![flagged.clone()]),
        &without,
        "start(3) prove_plugin engine(restart, 2 files) prove_engine(plugin)",
    );
    snapshot::check("install_plan_with_a_flag", &show::text(&plan));
    let later = Wanted { restart_later: true, ..without.clone() };
    refused(&facts(vec![flagged.clone()]), &later, "only a restart can take back");
    let hidden = EngineFacts { command_line: "/usr/bin/dockerd $DOCKER_OPTS".to_owned(), ..flagged };
    refused(&facts(vec![hidden]), &without, "environment file");
}

#[test]
fn a_command_without_moved_flags_stays_in_the_drop_in() {
    let text = DropIn {
        command: "/usr/bin/pullgate",
        door: false,
        proxies: None,
        cert_dirs: None,
        exec_start: Some("/usr/bin/dockerd $DOCKER_OPTS"),
    }
    .text();
    let moved = EngineFacts {
        file: Some(br#"{"authorization-plugins": ["other", "pullgate"]}"#.to_vec()),
        drop_in: Some(text.into_bytes()),
        asks_plugin: true,
        ..engine()
    };
    let facts = Facts { running_units: units(&[]), ..facts(vec![moved]) };
    let without = Wanted { door: Some(false), ..Wanted::default() };
    assert!(plan(&facts, &without).is_done());
}

#[test]
fn an_install_ends_what_disable_began() {
    let facts = Facts { disabled: Some("until tomorrow, by root".to_owned()), ..installed() };
    let plan = plan(&facts, &Wanted::default());
    assert_eq!(plan.notes, ["pullgate is disabled until tomorrow, by root; this ends that"]);
}

#[test]
fn what_is_interrupted_is_told() {
    for (containers, live_restore, part) in [
        (Some(3), false, "3 running containers stop"),
        (Some(3), true, "3 running containers stay up"),
        (None, false, "unless `live-restore`"),
    ] {
        let plan = plan(&facts(vec![EngineFacts { containers, live_restore, ..engine() }]), &Wanted::default());
        assert!(plan.interrupts[0].contains(part), "{:?}", plan.interrupts);
    }
}

#[test]
fn an_engine_that_does_not_run_is_not_started_and_one_that_is_broken_is_not_touched() {
    let stopped = EngineFacts { health: Health::Stopped, ..engine() };
    let plan =
        check(&facts(vec![stopped]), &Wanted::default(), "start(5) prove_plugin prove_door engine(nothing, 2 files)");
    assert!(plan.notes.iter().any(|note| note.contains("nothing can be proved")), "{:?}", plan.notes);
    let broken = EngineFacts { health: Health::Broken("failed: start-limit-hit".to_owned()), ..engine() };
    refused(&facts(vec![broken]), &Wanted::default(), "repair that first");
}

#[test]
fn what_cannot_be_done_is_refused_with_the_reason() {
    let usual = || facts(vec![engine()]);
    let wanted = Wanted::default();
    refused(&Facts { is_root: false, ..usual() }, &wanted, "only root");
    refused(&Facts { systemd: false, ..usual() }, &wanted, "was not started by systemd");
    refused(
        &Facts { missing_programs: vec!["/src/pullgated".into()], ..usual() },
        &wanted,
        "there is no `/src/pullgated`",
    );
    refused(&facts(Vec::new()), &wanted, "no Docker Engine was found");
    let podman = NotAnEngine { what: "Podman".to_owned(), why: "it has no plugins".to_owned() };
    refused(&Facts { others: vec![podman], ..facts(Vec::new()) }, &wanted, "Podman: it has no plugins");
    refused(
        &facts(vec![EngineFacts { locked: Some(Locked::Immutable("/etc/docker".into())), ..engine() }]),
        &wanted,
        "immutable",
    );
    refused(&facts(vec![EngineFacts { file: Some(b"{,}".to_vec()), ..engine() }]), &wanted, "is left as it is");
    // A door without the rules would be open on loopback, and said to be in place.
    let no_nft = Facts { nft: false, ..usual() };
    refused(&no_nft, &wanted, "the package `nftables`");
    refused(&no_nft, &Wanted { restart_later: true, ..Wanted::default() }, "there is no `nft`");
    let without = Wanted { door: Some(false), ..Wanted::default() };
    check(&no_nft, &without, "start(3) prove_plugin engine(reload, 2 files) prove_engine(plugin)");
    let copies = Obstacle::CopiesThere("/etc/systemd/system/pullgate-plugin.service".into());
    refused(&Facts { other_install: Some(copies), ..usual() }, &wanted, "`/usr/bin/pullgate uninstall`");
    let taken = Facts { no_door: Some(NoDoor::PortTaken(857)), ..usual() };
    refused(&taken, &Wanted { door: Some(true), ..Wanted::default() }, "port 857");
    check(&taken, &wanted, "start(3) prove_plugin engine(reload, 2 files) prove_engine(plugin)");
}

#[test]
fn a_plan_that_is_refused_says_all_that_stands_against_it() {
    let broken = EngineFacts {
        found: FoundEngine { unit: Some("docker-ci.service".to_owned()), ..engine().found },
        health: Health::Broken("failed: start-limit-hit".to_owned()),
        ..engine()
    };
    let locked = EngineFacts { locked: Some(Locked::ReadOnly), ..engine() };
    let facts = Facts { systemd: false, no_door: Some(NoDoor::PortTaken(857)), ..facts(vec![locked, broken]) };
    let plan = plan(&facts, &Wanted { door: Some(true), ..Wanted::default() });
    snapshot::check("install_plan_refused", &show::text(&plan));
    assert_eq!(show::json(&plan)["refusals"].as_array().map(Vec::len), Some(4));
}

#[test]
fn an_engine_that_cannot_be_governed_stops_the_rest_unless_one_is_named() {
    let by_hand = EngineFacts {
        found: FoundEngine {
            kind: Kind::Process,
            unit: None,
            socket: "/run/user/1000/docker.sock".into(),
            ungoverned: Some("its user could take the plugin away again".to_owned()),
            ..engine().found
        },
        ..engine()
    };
    let both = facts(vec![engine(), by_hand]);
    refused(&both, &Wanted::default(), "`--engine docker.service` leaves it alone");
    let named = |name: &str| Wanted { engine: Some(name.to_owned()), ..Wanted::default() };
    for name in ["docker", "docker.service", "/run/docker.sock"] {
        let plan = plan(&both, &named(name));
        assert!(plan.refusals.is_empty());
        assert!(plan.notes.iter().any(|note| note.contains("is left alone")), "{:?}", plan.notes);
    }
    refused(&both, &named("/run/user/1000/docker.sock"), "its user could take");
    refused(&both, &named("other"), "there is no engine `other`");
}

#[test]
fn the_services_authority_is_written_where_engines_look_for_it() {
    let certificate = Certificate {
        host: "gate.example:8443".to_owned(),
        source: "/etc/pullgate/ca.pem".into(),
        authority: Ok(b"authority".to_vec()),
        path: "/etc/docker/certs.d/gate.example:8443/ca.crt".into(),
        there: None,
        is_ours: false,
    };
    let with = |certificate| Facts { certificate: Some(certificate), ..installed() };
    check(&with(certificate.clone()), &Wanted::default(), "files prove_plugin prove_door prove_engine(door)");
    let there = Certificate { there: Some(b"authority".to_vec()), ..certificate.clone() };
    assert!(plan(&with(there), &Wanted::default()).is_done());
    let missing = Certificate { authority: Err("there is no `/etc/pullgate/ca.pem`".to_owned()), ..certificate };
    let plan = plan(&with(missing), &Wanted::default());
    assert!(plan.notes.iter().any(|note| note.contains("copy the service's `ca.pem`")), "{:?}", plan.notes);
}

#[test]
fn an_enrollment_that_the_plugin_would_not_take_is_told_before() {
    let wrong = Facts { enrollment_wrong: Some("it can be written by others".to_owned()), ..installed() };
    refused(&wrong, &Wanted::default(), "it can be written by others; correct it");
    let another = Wanted { enrollment: Some(b"{}".to_vec()), ..Wanted::default() };
    check(&wrong, &another, "files prove_plugin prove_door prove_engine(door)");
}

#[test]
fn an_engine_that_the_egress_rules_do_not_know_is_named() {
    let second = FoundEngine { unit: Some("docker2.service".to_owned()), ..engine().found };
    let plan = plan(&facts(vec![engine(), EngineFacts { found: second, ..engine() }]), &Wanted::default());
    let about: Vec<_> = plan.notes.iter().filter(|note| note.contains("egress rules are about")).collect();
    assert!(about.len() == 1 && about[0].contains("what `docker2.service` fetches"), "{about:?}");
}

#[test]
fn an_enrollment_that_nobody_trusts_is_written_anew_though_it_says_the_same() {
    let bytes = br#"{"registryDoor": true}"#.to_vec();
    let wrong = Some("it is a symbolic link".to_owned());
    let facts = Facts { enrollment: Some(bytes.clone()), enrollment_wrong: wrong, ..installed() };
    let wanted = Wanted { enrollment: Some(bytes), ..Wanted::default() };
    check(&facts, &wanted, "files prove_plugin prove_door prove_engine(door)");
    check(&Facts { enrollment_wrong: None, ..facts }, &wanted, "prove_plugin prove_door prove_engine(door)");
}

#[test]
fn an_engine_that_a_user_started_holds_up_nothing() {
    let rootless = EngineFacts {
        found: FoundEngine {
            kind: Kind::Rootless { uid: 1000, user: Some("ann".to_owned()) },
            unit: Some("docker.service".to_owned()),
            socket: "/run/user/1000/docker.sock".into(),
            config_file: "/home/ann/.config/docker/daemon.json".into(),
            ungoverned: Some("it is a rootless engine of ann".to_owned()),
            ..engine().found
        },
        ..engine()
    };
    let plan = plan(&facts(vec![engine(), rootless.clone()]), &Wanted::default());
    assert_eq!(plan.refusals, Vec::new());
    assert!(!plan.steps.is_empty());
    let note = "`rootless:ann` cannot be governed: it is a rootless engine of ann; what it fetches is not judged";
    assert!(plan.notes.iter().any(|it| it == note), "{:?}", plan.notes);
    refused(&facts(vec![rootless]), &Wanted::default(), "`rootless:ann` cannot be governed");
}
