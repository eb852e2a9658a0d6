use super::*;
use crate::status::door::Tunnels;

fn fetches(all: &Went) -> Fetches {
    Fetches {
        pull: all.clone(),
        plugin: all.clone(),
        build: all.clone(),
        classic_build: all.clone(),
        native: Some(all.clone()),
        loopback_pull: all.clone(),
        loopback_build: all.clone(),
    }
}

fn facts(version: &str, asks: Proof, went: &Went) -> Facts {
    Facts {
        answers: Answers::Yes,
        version: EngineVersion::parse(version),
        version_text: version.to_owned(),
        mirrors: Vec::new(),
        insecure: Vec::new(),
        listed: Some(true),
        named: None,
        asks: asks.clone(),
        shows_bodies: asks,
        proxies: Default::default(),
        no_proxy: String::new(),
        fetches: fetches(went),
    }
}

/// Set up and following.
fn door() -> Setup {
    Setup { expected: true, connected: vec!["0.1.0".into()], ..Setup::default() }
}

fn past() -> Went {
    Went::Past("lookup door.pullgate.invalid: no such host".into())
}

fn states(facts: &Facts, door: &Setup) -> Vec<(&'static str, &'static str)> {
    coverage(facts, door).iter().map(|way| (way.way, way.state.code())).collect()
}

#[track_caller]
fn check(facts: &Facts, door: &Setup, way: &str, state: State, why: &str) {
    let ways = coverage(facts, door);
    let found = ways.iter().find(|found| found.way == way).unwrap_or_else(|| panic!("no {way}"));
    assert_eq!(found.state, state, "{found:?}");
    assert!(found.why.contains(why), "{found:?}");
}

#[test]
fn what_was_proved_is_enforced_and_nothing_else() {
    let plugin_alone = states(&facts("29.7.2", Proof::Proved, &past()), &Setup::default());
    let expected = [
        ("pull", "enforced"),
        ("engine_plugins", "enforced"),
        ("services", "enforced"),
        ("local_content", "enforced"),
        ("run", "enforced"),
        ("builds", "open"),
        ("swarm_tasks", "open"),
        ("native_grpc", "open"),
        ("loopback", "open"),
        ("containers", "open"),
    ];
    assert_eq!(plugin_alone, expected);
    let with_door = states(&facts("29.7.2", Proof::Proved, &Went::Door), &door());
    let expected = expected.map(|(way, _)| (way, if way == "containers" { "open" } else { "enforced" }));
    assert_eq!(with_door, expected);
    for door in [Setup::default(), door(), Setup { containers: true, ..door() }] {
        let untried = coverage(&Facts::unknown("no engine answers"), &door);
        assert!(untried.iter().all(|way| way.state != State::Enforced), "{untried:?}");
        assert_eq!((untried[0].state, untried[0].why.as_str()), (State::NotProved, "no engine answers"));
    }
}

#[test]
fn each_way_of_the_door_is_proved_by_itself() {
    let all = || facts("29.7.2", Proof::Proved, &Went::Door);
    type Change = fn(&mut Fetches, Went);
    let changes: [(Change, &[&str]); 6] = [
        (|f, went| f.pull = went, &["swarm_tasks"]),
        (|f, went| f.build = went, &["builds"]),
        (|f, went| f.classic_build = went, &["builds"]),
        (|f, went| f.native = Some(went), &["native_grpc"]),
        (|f, went| f.loopback_pull = went, &["loopback"]),
        (|f, went| f.loopback_build = went, &["loopback"]),
    ];
    for (change, ways) in changes {
        for (went, state) in [(past(), State::Open), (Went::Untried("no answer".into()), State::NotProved)] {
            let mut facts = all();
            change(&mut facts.fetches, went);
            let differ: Vec<_> = coverage(&facts, &door())
                .into_iter()
                .zip(coverage(&all(), &door()))
                .filter(|(one, other)| one.state != other.state)
                .map(|(one, _)| (one.way, one.state))
                .collect();
            assert_eq!(differ, ways.iter().map(|way| (*way, state)).collect::<Vec<_>>());
        }
    }
}

#[test]
fn why_a_way_is_open_is_said() {
    let past = facts("28.5.2", Proof::Proved, &past());
    check(&past, &Setup::default(), "builds", State::Open, "has no registry door");
    check(
        &past,
        &Setup { expected: true, ..Setup::default() },
        "builds",
        State::Open,
        "follows the plugin, and the engine",
    );
    check(&past, &door(), "builds", State::Open, "does not fetch through the registry door: lookup");
    check(&past, &door(), "swarm_tasks", State::Open, "no such host");
    check(&past, &Setup::default(), "loopback", State::Open, "unseen");
    let ruleless = Setup { egress_why: "its control group is another".into(), ..door() };
    check(&past, &ruleless, "loopback", State::Open, "not in place: its control group is another");
    check(&past, &door(), "loopback", State::Open, "does not lead them to the door");
    check(&past, &Setup { containers: true, ..door() }, "containers", State::NotProved, "not tried");
    check(&past, &Setup { containers: true, ..ruleless }, "containers", State::Open, "by itself");
}

#[test]
fn what_the_plugin_refuses_is_enforced_and_what_the_door_lets_through_is_told() {
    let mut refused = facts("28.5.2", Proof::Proved, &Went::Door);
    refused.fetches.build = Went::Refused("builds are not allowed by acme".into());
    check(&refused, &door(), "builds", State::Enforced, "refused by the plugin: builds are not allowed");
    let open = Setup { tunnels: Tunnels::Known(vec!["a.example".into()]), ..door() };
    let mut through = facts("28.5.2", Proof::Proved, &Went::Door);
    for way in ["builds", "swarm_tasks", "loopback"] {
        check(&through, &open, way, State::Enforced, "lets through unread (a.example)");
    }
    check(&through, &door(), "builds", State::Enforced, "docker builder prune --all");
    through.no_proxy = "b.example".into();
    check(&through, &door(), "builds", State::Enforced, "past the door (b.example)");
}

#[test]
fn an_engine_that_does_not_ask_is_open_unless_the_door_sees_it() {
    let refuted = facts("26.1.5", Proof::Refuted("no such host".into()), &past());
    assert!(coverage(&refuted, &Setup::default()).iter().all(|way| way.state == State::Open));
    let untried = facts("26.1.5", Proof::Untried("x".into()), &past());
    let unlisted = Facts { listed: Some(false), ..untried };
    assert!(coverage(&unlisted, &Setup::default()).iter().all(|way| way.state == State::Open));
    let deaf = facts("26.1.5", Proof::Refuted("no such host".into()), &Went::Door);
    check(&deaf, &door(), "pull", State::Enforced, "by the registry door alone; the engine did not ask");
    check(&deaf, &door(), "engine_plugins", State::Enforced, "by the registry door alone");
    check(&deaf, &door(), "local_content", State::Open, "did not ask");
}

#[test]
fn known_faults_of_engines_are_told_by_version() {
    let has = |version: &str, way: &str| {
        let facts = facts(version, Proof::Proved, &Went::Door);
        states(&facts, &door()).iter().any(|(found, _)| *found == way)
    };
    for (version, large, grpc) in [
        ("20.10.24+dfsg1", true, false),
        ("25.0.15", true, false),
        ("25.0.16", false, false),
        ("26.1.5", true, false),
        ("29.1.3", true, false),
        ("29.2.0", true, true),
        ("29.3.1", false, true),
        ("29.7.2", false, true),
        ("dev", true, true),
    ] {
        assert_eq!((has(version, "large_bodies"), has(version, "native_grpc")), (large, grpc), "{version}");
    }
}

#[test]
fn what_a_user_cannot_see_is_neither_open_nor_enforced() {
    let facts = Facts::not_visible("permission denied");
    for way in coverage(&facts, &door()) {
        let expected = match way.way {
            // The plugin tells these to everybody.
            "containers" => State::Open,
            _ => State::NotVisible,
        };
        assert_eq!(way.state, expected, "{way:?}");
    }
    let silent = Setup { untold: true, ..Setup::default() };
    for way in coverage(&facts, &silent) {
        assert_eq!((way.state, way.configured), (State::NotVisible, Configured::Unknown), "{way:?}");
    }
    // That there is no door is known without the engine.
    check(&facts, &Setup::default(), "builds", State::Open, "this machine has no registry door");
}

#[test]
fn what_is_configured_is_another_column_than_what_is_enforced() {
    let configured = |facts: &Facts, door: &Setup, way: &str| {
        let ways = coverage(facts, door);
        ways.iter().find(|found| found.way == way).map(|way| (way.configured, way.state)).unwrap()
    };
    let deaf = facts("28.5.2", Proof::Refuted("no such host".into()), &past());
    assert_eq!(configured(&deaf, &door(), "pull"), (Configured::Yes, State::Open));
    assert_eq!(configured(&deaf, &door(), "builds"), (Configured::No, State::Open));
    let proxies = ["http://127.0.0.1:857", "http://127.0.0.1:857"].map(str::to_owned);
    let told = Facts { proxies, listed: Some(false), ..deaf };
    assert_eq!(configured(&told, &door(), "pull").0, Configured::No);
    assert_eq!(configured(&told, &door(), "builds"), (Configured::Yes, State::Open));
    // What was reloaded is not in what an engine lists: its file says it, and a probe even without.
    let named = Facts { named: Some(true), ..told.clone() };
    assert_eq!(configured(&named, &door(), "pull"), (Configured::Yes, State::Open));
    let untried = Facts { asks: Proof::Untried("late".into()), shows_bodies: Proof::Untried("late".into()), ..named };
    assert_eq!(configured(&untried, &door(), "pull"), (Configured::Yes, State::NotProved));
    let removed = Facts { listed: Some(true), named: Some(false), ..told.clone() };
    assert_eq!(configured(&removed, &door(), "pull").0, Configured::No);
    let reloaded = Facts { asks: Proof::Proved, shows_bodies: Proof::Proved, named: None, ..told.clone() };
    assert_eq!(configured(&reloaded, &door(), "pull"), (Configured::Yes, State::Enforced));
    assert_eq!(configured(&told, &Setup::default(), "builds").0, Configured::No);
    assert_eq!(configured(&told, &Setup { egress_why: "x".into(), ..door() }, "loopback").0, Configured::No);
    assert_eq!(configured(&told, &door(), "loopback").0, Configured::Yes);
}
