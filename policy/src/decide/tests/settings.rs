//! Every setting: its default is Docker's own behaviour, and what is stricter refuses.

use super::*;
use crate::{
    action::{LocalImage, Origin, Reach},
    probe,
    settings::Settings,
};

fn member(settings: Settings) -> Enforced {
    member_of(Policy { settings, ..policy("acme") })
}

fn defaults() -> Enforced {
    member(Settings::default())
}

fn start_of(image: &str, origin: Origin) -> Action {
    let image = LocalImage::parse(image).expect("an image");
    Action::one("create", Ask::Start(Start { image, origin }))
}

fn start(image: &str) -> Action {
    start_of(image, Origin::AsNamed)
}

fn reaching(image: &str) -> Action {
    let image = LocalImage::parse(image).expect("an image");
    let reach = vec![Reach { word: "privileged", what: "`--privileged`".into() }];
    let asks = vec![Ask::Start(Start { image, origin: Origin::AsNamed })];
    Action::Governed(Governed { word: "create", asks, reach, paths: Vec::new() })
}

fn push(image: &str) -> Action {
    Action::one("push", Ask::Push(ImageRef::parse(image).expect("a reference")))
}

fn plugin(image: &str) -> Action {
    Action::one("plugin_pull", Ask::FetchPlugin(ImageRef::parse(image).expect("a reference").or_latest()))
}

fn swarm(swarm: Swarm) -> Action {
    Action::one("swarm", Ask::Swarm(swarm))
}

#[test]
fn local_content() {
    check(&defaults(), &load(), Allow, Reason::LocalContent);
    let strict = member(Settings { local_content: LocalContent::Deny, ..Settings::default() });
    check(&strict, &load(), Deny, Reason::LocalContent);
}

#[test]
fn a_start_from_an_image_that_is_here() {
    check(&defaults(), &start("evil/miner"), Allow, Reason::NotGoverned);
    let with = |run_unapproved| member(Settings { run_unapproved, ..Settings::default() });
    let deny = with(RunUnapproved::Deny);
    check(&deny, &start("evil/miner"), Deny, Reason::RunUnapproved);
    check(&deny, &start("alpine"), Allow, Reason::Category);
    // What it was counts, not what it is called.
    let from = |image: &str| Origin::Renamed(ImageRef::parse(image).expect("a reference").or_latest());
    check(&deny, &start_of("acme/app", from("evil/miner")), Deny, Reason::RunUnapproved);
    check(&deny, &start_of("evil/miner", from("acme/app")), Allow, Reason::Category);
    check(&deny, &start_of("acme/app", Origin::Unknown), Deny, Reason::RunUnapproved);
    // An id says nothing.
    check(&deny, &start("e3b0c4"), Deny, Reason::RunUnapproved);
    check(&deny, &start(&format!("sha256:{}", "a".repeat(64))), Deny, Reason::RunUnapproved);
    let action = start("evil/miner");
    let enforced = with(RunUnapproved::Warn);
    let decision = decide(&enforced, &action, NOW);
    assert!(decision.is_allowed() && decision.would_deny);
    assert_eq!((decision.reason, decision.category), (Reason::RunUnapproved, Some(Category::Community)));
}

#[test]
fn engine_plugins() {
    check(&defaults(), &plugin("verifiedco/volume"), Allow, Reason::Category);
    check(&defaults(), &plugin("evil/volume"), Deny, Reason::Category);
    let strict = member(Settings { engine_plugins: EnginePlugins::Deny, ..Settings::default() });
    check(&strict, &plugin("verifiedco/volume"), Deny, Reason::EnginePlugins);
    let made = Action::one("plugin_create", Ask::LocalPlugin("x"));
    check(&defaults(), &made, Allow, Reason::LocalContent);
    check(&strict, &made, Deny, Reason::EnginePlugins);
    check(
        &member(Settings { local_content: LocalContent::Deny, ..Settings::default() }),
        &made,
        Deny,
        Reason::LocalContent,
    );
}

#[test]
fn swarm_use() {
    let with = |swarm| member(Settings { swarm, ..Settings::default() });
    for (setting, init, join, service) in [
        (SwarmUse::Own, Allow, Deny, Allow),
        (SwarmUse::Allow, Allow, Allow, Allow),
        (SwarmUse::Deny, Deny, Deny, Deny),
    ] {
        check(&with(setting), &swarm(Swarm::Init), init, Reason::Swarm);
        check(&with(setting), &swarm(Swarm::Join), join, Reason::Swarm);
        check(&with(setting), &swarm(Swarm::Service), service, Reason::Swarm);
    }
    let image = ImageRef::parse("evil/miner").expect("a reference").or_latest();
    let asks = vec![Ask::Swarm(Swarm::Service), Ask::Fetch(image)];
    let service = Action::Governed(Governed { word: "service_create", asks, ..Governed::default() });
    check(&defaults(), &service, Deny, Reason::Category);
    check(&defaults(), &Action::one("service_rollback", Ask::Unnamed("x")), Deny, Reason::Unverifiable);
}

#[test]
fn builds() {
    let build = Action::one("build", Ask::Build);
    check(&defaults(), &build, Allow, Reason::NotCovered);
    check(&Enforced::default(), &build, Allow, Reason::NotCovered);
    check(&member(Settings { builds: Builds::Deny, ..Settings::default() }), &build, Deny, Reason::Builds);
    let image = ImageRef::parse("evil/frontend").expect("a reference");
    let asks = vec![Ask::Fetch(image), Ask::Build];
    let named = Action::Governed(Governed { word: "build", asks, ..Governed::default() });
    check(&defaults(), &named, Deny, Reason::Category);
}

#[test]
fn where_images_may_be_pushed() {
    check(&defaults(), &push("evil/miner"), Allow, Reason::NotGoverned);
    let to = |patterns: &[&str]| member(Settings { push: Some(rules(patterns)), ..Settings::default() });
    check(&to(&["acme/*", "ghcr.io/acme/*"]), &push("acme/app:1"), Allow, Reason::Push);
    check(&to(&["acme/*", "ghcr.io/acme/*"]), &push("ghcr.io/acme/app"), Allow, Reason::Push);
    check(&to(&["acme/*", "ghcr.io/acme/*"]), &push("ghcr.io/acme-x/app"), Deny, Reason::Push);
    check(&to(&["acme/*"]), &push("localhost:5000/acme/app"), Deny, Reason::Push);
    check(&to(&[]), &push("acme/app"), Deny, Reason::Push);
}

#[test]
fn unknown_writes() {
    let unknown = Action::one("unknown", Ask::Unknown);
    check(&defaults(), &unknown, Deny, Reason::UnknownRequest);
    check(&Enforced::default(), &unknown, Allow, Reason::Off);
    let open = member(Settings { unknown_requests: UnknownRequests::Allow, ..Settings::default() });
    check(&open, &unknown, Allow, Reason::UnknownRequest);
}

#[test]
fn the_tamper_guard_and_its_allowlist() {
    check(&defaults(), &reaching("alpine"), Allow, Reason::NotGoverned);
    let guarded = member(Settings { protect: Some(rules(&["acme/tool"])), ..Settings::default() });
    check(&guarded, &reaching("alpine"), Deny, Reason::Protect);
    check(&guarded, &reaching("acme/tool:1"), Allow, Reason::NotGoverned);
    check(&guarded, &start("alpine"), Allow, Reason::NotGoverned);
    // Without an image there is nothing to be exempt for.
    let exec = Action::Governed(Governed {
        word: "exec",
        reach: vec![Reach { word: "privileged", what: "x".into() }],
        ..Governed::default()
    });
    check(&guarded, &exec, Deny, Reason::Protect);
    // A name that was given to something else is not the tool.
    let mut laundered = reaching("acme/tool:1");
    if let Action::Governed(Governed { asks, .. }) = &mut laundered {
        *asks = start_of("acme/tool:1", Origin::Renamed(ImageRef::parse("evil/miner").expect("a reference")))
            .asks()
            .to_vec();
    }
    check(&guarded, &laundered, Deny, Reason::Protect);
}

#[test]
fn nobody_takes_the_name_of_pullgate_where_a_policy_is_on() {
    let takes = Action::one("plugin_create", Ask::OwnName);
    check(&Enforced::default(), &takes, Allow, Reason::NotGoverned);
    check(&defaults(), &takes, Deny, Reason::Protect);
}

#[test]
fn probes_have_one_answer_whatever_is_in_force() {
    let nobody = Enforced { sign_in: SignIn::Required(vec!["acme".into()]), ..Enforced::default() };
    let unheard = Enforced { documents: Documents::Unheard, ..Enforced::default() };
    for enforced in [Enforced::default(), defaults(), nobody, unheard] {
        check(&enforced, &pull("pullgate.invalid/probe:1"), Deny, Reason::Probe);
        for probe in [probe::door_probe("a1"), probe::loopback_probe("a1")] {
            let nothing = format!("{probe}@{}", probe::NOTHING);
            check(&enforced, &pull(&nothing), Allow, Reason::Probe);
            let install = Action::one("plugin_install", Ask::FetchPlugin(ImageRef::parse(&nothing).unwrap()));
            check(&enforced, &install, Allow, Reason::Probe);
        }
    }
    // Else a container that listens there would be let through, or whoever answers for that name.
    let controlled = || Policy { registries: Registries { controlled: true, hosts: vec![] }, ..policy("acme") };
    for loopback in [Loopback::NoDoor, Loopback::Guarded, Loopback::Open] {
        let enforced = Enforced { loopback, ..member_of(controlled()) };
        for probe in [probe::door_probe("a1"), probe::loopback_probe("a1")] {
            check(&enforced, &pull(&probe), Deny, Reason::Registry);
        }
    }
    // It hides nothing: what is asked for beside it has its own answer, and its own record.
    let nothing = ImageRef::parse(&format!("{}@{}", probe::door_probe("a1"), probe::NOTHING)).unwrap();
    let asks = vec![Ask::Fetch(nothing), Ask::Fetch(ImageRef::parse("alpine").unwrap())];
    let with_another = Action::Governed(Governed { word: "build", asks, ..Governed::default() });
    check(&defaults(), &with_another, Allow, Reason::Category);
    check(&member_of(controlled()), &pull("door.pullgate.invalid/evil"), Deny, Reason::Registry);
}

#[test]
fn before_the_plugin_was_heard_nothing_comes_in_and_nothing_leaves() {
    // Who is signed in is not known either, so that is not what is told.
    for sign_in in [SignIn::Optional, SignIn::Required(vec!["acme".into()]), SignIn::Unusable("why".into())] {
        let unheard = Enforced { sign_in, documents: Documents::Unheard, ..Enforced::default() };
        for action in [pull("alpine"), all_tags("alpine"), pull("ghcr.io/a/b"), push("acme/app"), load()] {
            check(&unheard, &action, Deny, Reason::PluginMissing);
        }
        check(&unheard, &Action::NotGoverned("ping"), Allow, Reason::NotGoverned);
        check(&unheard, &pull("exam_ple.com/app"), Deny, Reason::Unverifiable);
    }
}

#[test]
fn loopback_registries_that_no_door_sees_need_a_rule() {
    let with = |loopback, policy| Enforced { loopback, ..member_of(policy) };
    let allowing = || Policy { allow: rules(&["localhost:5000/acme/*"]), ..policy("acme") };
    for host in ["localhost:5000", "LOCALHOST", "127.0.0.1:5000", "127.3.2.1", "[::1]:5000", "[0:0::1]:5000"] {
        let image = pull(&format!("{host}/evil/miner"));
        check(&with(Loopback::Open, policy("acme")), &image, Deny, Reason::LoopbackOpen);
        check(&with(Loopback::Open, allowing()), &image, Deny, Reason::LoopbackOpen);
        for loopback in [Loopback::NoDoor, Loopback::Guarded] {
            check(&with(loopback, policy("acme")), &image, Allow, Reason::Registry);
        }
    }
    check(&with(Loopback::Open, allowing()), &pull("localhost:5000/acme/app"), Allow, Reason::Allowlisted);
    check(&with(Loopback::Open, policy("acme")), &plugin("localhost:5000/a"), Deny, Reason::LoopbackOpen);
    check(&with(Loopback::Open, policy("acme")), &start("localhost:5000/a"), Allow, Reason::NotGoverned);
    for host in ["registry.corp", "10.0.0.5:5000", "localhost.evil.com", "128.0.0.1"] {
        check(&with(Loopback::Open, policy("acme")), &pull(&format!("{host}/a")), Allow, Reason::Registry);
    }
    let denied = Policy { deny: rules(&["localhost/*"]), ..policy("acme") };
    check(&with(Loopback::Open, denied), &pull("localhost:5000/a"), Deny, Reason::DenyRule);
    let open = Enforced { loopback: Loopback::Open, ..Enforced::default() };
    check(&open, &pull("localhost:5000/a"), Allow, Reason::Off);
    let mut owner = with(Loopback::Open, policy("acme"));
    owner.sessions[0].organizations = vec![membership("acme", Role::Owner)];
    check(&owner, &pull("localhost:5000/a"), Allow, Reason::Owner);
}

#[test]
fn signing_out_lifts_nothing_where_sign_in_is_enforced() {
    let strict = Settings {
        run_unapproved: RunUnapproved::Deny,
        push: Some(rules(&["acme/*"])),
        protect: Some(rules(&[])),
        swarm: SwarmUse::Deny,
        ..Settings::default()
    };
    let signed_out = |settings| Enforced {
        sign_in: SignIn::Required(vec!["acme".into()]),
        sessions: Vec::new(),
        ..member(settings)
    };
    let restricted = [start("alpine"), push("acme/app"), reaching("alpine"), swarm(Swarm::Init)];
    for action in &restricted {
        check(&signed_out(strict.clone()), action, Deny, Reason::SignInRequired);
        check(&signed_out(Settings::default()), action, Allow, Reason::NotGoverned);
    }
    for action in [load(), Action::one("build", Ask::Build), swarm(Swarm::Join), Action::one("unknown", Ask::Unknown)] {
        check(&signed_out(Settings::default()), &action, Deny, Reason::SignInRequired);
    }
}

#[test]
fn owners_are_restricted_by_no_setting_and_monitor_only_records() {
    let strict = Settings {
        local_content: LocalContent::Deny,
        run_unapproved: RunUnapproved::Deny,
        engine_plugins: EnginePlugins::Deny,
        swarm: SwarmUse::Deny,
        builds: Builds::Deny,
        container_builders: ContainerBuilders::Deny,
        push: Some(rules(&[])),
        protect: Some(rules(&[])),
        ..Settings::default()
    };
    let actions = [
        load(),
        start("evil/miner"),
        plugin("alpine"),
        swarm(Swarm::Join),
        Action::one("build", Ask::Build),
        pull("moby/buildkit"),
        push("acme/app"),
        reaching("alpine"),
        Action::one("unknown", Ask::Unknown),
        Action::one("plugin_create", Ask::OwnName),
        Action::one("service_rollback", Ask::Unnamed("x")),
    ];
    let mut owner = member(strict.clone());
    owner.sessions[0].organizations = vec![membership("acme", Role::Owner)];
    let monitor = member_of(Policy { mode: Mode::Monitor, settings: strict.clone(), ..policy("acme") });
    let enforce = member(strict);
    for action in &actions {
        assert!(!decide(&enforce, action, NOW).is_allowed(), "{action:?}");
        assert!(decide(&owner, action, NOW).is_allowed(), "{action:?}");
        let monitored = decide(&monitor, action, NOW);
        assert!(monitored.is_allowed() && monitored.would_deny, "{action:?}");
        assert_eq!(monitored.reason, decide(&enforce, action, NOW).reason, "{action:?}");
    }
}

#[test]
fn builders_in_containers() {
    let strict = member(Settings { container_builders: ContainerBuilders::Deny, ..Settings::default() });
    let open =
        member_of(Policy { categories: Categories { community: true, ..Categories::default() }, ..policy("acme") });
    let renamed = |image: &str| Origin::Renamed(ImageRef::parse(image).expect("a reference").or_latest());
    let digest = format!("moby/buildkit@sha256:{}", "a".repeat(64));
    let builders = [
        pull("moby/buildkit"),
        pull("moby/buildkit:buildx-stable-1"),
        pull(&digest),
        pull("REGISTRY-1.docker.io/moby/buildkit:v0.20.0-rootless"),
        all_tags("moby/buildkit"),
        start("moby/buildkit:buildx-stable-1"),
        start_of("harmless", renamed("moby/buildkit:v1")),
        start_of("moby/buildkit", Origin::Unknown),
    ];
    for action in &builders {
        check(&strict, action, Deny, Reason::ContainerBuilders);
        assert!(decide(&open, action, NOW).is_allowed(), "{action:?}");
    }
    // An allowlist says which images are good, not who may fetch.
    let listed = member_of(Policy { allow: rules(&["moby/*"]), ..Policy::clone(&strict.policies[0]) });
    check(&listed, &pull("moby/buildkit"), Deny, Reason::ContainerBuilders);
    check(&listed, &pull("moby/buildkit-x"), Allow, Reason::Allowlisted);
    check(&strict, &start_of("moby/buildkit", renamed("alpine")), Allow, Reason::NotGoverned);
    check(&strict, &start("alpine"), Allow, Reason::NotGoverned);
    // Signing out lifts nothing.
    let signed_out = Enforced {
        sign_in: SignIn::Required(vec!["acme".into()]),
        sessions: Vec::new(),
        ..member(Settings { container_builders: ContainerBuilders::Deny, ..Settings::default() })
    };
    check(&signed_out, &start("moby/buildkit"), Deny, Reason::SignInRequired);
    check(&signed_out, &start("alpine"), Allow, Reason::NotGoverned);
}

#[test]
fn control_groups_where_containers_are_kept_from_registries() {
    let own = Action::one("create", Ask::CgroupParent);
    check(&defaults(), &own, Allow, Reason::NotGoverned);
    let confined = |enforced| Enforced { containers_confined: true, ..enforced };
    check(&confined(defaults()), &own, Deny, Reason::CgroupParent);
    check(&confined(Enforced::default()), &own, Allow, Reason::NotGoverned);
    let mut owner = confined(defaults());
    owner.sessions[0].organizations = vec![membership("acme", Role::Owner)];
    check(&owner, &own, Allow, Reason::Owner);
    let signed_out =
        Enforced { sign_in: SignIn::Required(vec!["acme".into()]), sessions: Vec::new(), ..confined(defaults()) };
    check(&signed_out, &own, Deny, Reason::SignInRequired);
}
