//! What people read, word for word.

use alloc::sync::Arc;

use super::*;
use crate::{
    Categories, Documents, HostPattern, Loopback, Membership, Mode, Pattern, Registries, Role, Rule, RuleSet, Scope,
    Session, SignIn, Timestamp, Validity,
    action::{Governed, LocalImage, Origin, Reach, Start, Swarm, Unverifiable},
    decide,
    settings::{Builds, ContainerBuilders, EnginePlugins, LocalContent, RunUnapproved, Settings, SwarmUse},
};

const NOW: Timestamp = Timestamp(1_000);
const FRESH: Validity =
    Validity { issued_at: Timestamp(1), refresh_after: Timestamp(5_000), expires_at: Timestamp(9_000) };

fn enforced(policy: Policy) -> Enforced {
    let membership = Membership { organization: "acme".into(), role: Role::Member, teams: Vec::new() };
    let session = Session { user: "dana".into(), uid: 1000, organizations: alloc::vec![membership], validity: FRESH };
    Enforced { sessions: alloc::vec![session], policies: alloc::vec![Arc::new(policy)], ..Enforced::default() }
}

fn acme() -> Policy {
    Policy {
        organization: "acme".into(),
        enabled: true,
        categories: Categories { official: true, verified_publisher: true, community: false },
        contact: Contact { request_url: "https://access.acme.example/requests/new".into(), ..Contact::default() },
        validity: FRESH,
        ..Policy::default()
    }
}

fn pull(image: &str) -> Action {
    Action::pull(ImageRef::parse(image).expect("a reference"))
}

#[track_caller]
fn check(enforced: &Enforced, action: &Action, expected: &str) {
    let decision = decide(enforced, action, NOW);
    assert_eq!(explain(enforced, action, &decision, NOW, "01J9"), expected);
}

#[test]
fn a_community_image_is_refused_with_the_way_to_ask() {
    check(
        &enforced(acme()),
        &pull("evil/miner:latest"),
        "`docker.io/evil/miner:latest` is a community image, and acme allows only its own, official and verified publisher images.\n\
         Ask for it: https://access.acme.example/requests/new?image=docker.io/evil/miner (decision 01J9; `pullgate check evil/miner` explains)",
    );
}

#[test]
fn without_a_page_a_person_is_named() {
    let policy = Policy {
        contact: Contact {
            email: "it@acme.example".into(),
            message: "Mirrors are in registry.acme.example.".into(),
            ..Contact::default()
        },
        categories: Categories::default(),
        ..acme()
    };
    check(
        &enforced(policy),
        &pull("alpine"),
        "`docker.io/library/alpine` (every tag) is a Docker Official Image, and acme allows only its own images.\n\
         Ask it@acme.example for it (decision 01J9; `pullgate check alpine` explains)\n\
         Mirrors are in registry.acme.example.",
    );
}

#[test]
fn a_deny_rule_and_a_registry_are_named() {
    let rule = Rule {
        id: "r1".into(),
        pattern: Pattern::parse("evil/*").expect("a pattern"),
        scope: Scope::Organization,
        expires_at: None,
        reason: "mines coins".into(),
    };
    let host = HostPattern::parse("quay.io").expect("a host");
    let policy = Policy {
        deny: [rule].into_iter().collect(),
        registries: Registries { controlled: true, hosts: alloc::vec![host] },
        contact: Contact::default(),
        ..acme()
    };
    let enforced = enforced(policy);
    check(
        &enforced,
        &pull("evil/miner:1"),
        "`docker.io/evil/miner:1` is refused: acme denies `docker.io/evil/*` (mines coins).\n\
         Ask an owner of acme for it (decision 01J9; `pullgate check evil/miner` explains)",
    );
    check(
        &enforced,
        &pull("GHCR.io/x/y:1"),
        "`GHCR.io/x/y:1` is in the registry `ghcr.io`, and acme allows images of Docker Hub and of one other registry only.\n\
         Ask an owner of acme for it (decision 01J9; `pullgate check GHCR.io/x/y` explains)",
    );
}

#[test]
fn sign_in_says_to_whom_and_how() {
    let mut nobody = Enforced {
        sign_in: SignIn::Required(alloc::vec!["acme".into(), "labs".into()]),
        login_host: "pullgate.acme.example:8443".into(),
        admin: Contact { message: "Acme IT".into(), email: "it@acme.example".into(), ..Contact::default() },
        ..Enforced::default()
    };
    check(
        &nobody,
        &pull("alpine:3"),
        "This machine brings images in only for people who are signed in to acme or labs, and nobody is.\n\
         Sign in with `docker login pullgate.acme.example:8443` or `pullgate login`; Acme IT, it@acme.example can help (decision 01J9)",
    );
    let hub = Enforced { docker_hub_login: true, ..nobody.clone() };
    check(
        &hub,
        &pull("alpine:3"),
        "This machine brings images in only for people who are signed in to acme or labs, and nobody is.\n\
         Sign in with `docker login` to Docker Hub, `docker login pullgate.acme.example:8443` or `pullgate login`; Acme IT, it@acme.example can help (decision 01J9)",
    );
    let session =
        |user: &str, validity| Session { user: user.into(), uid: 1000, organizations: alloc::vec![], validity };
    nobody.sessions = alloc::vec![session("dana", FRESH)];
    check(
        &nobody,
        &pull("alpine:3"),
        "This machine brings images in only for members of acme or labs, which dana is not.\n\
         Sign in with `docker login pullgate.acme.example:8443` or `pullgate login`; Acme IT, it@acme.example can help (decision 01J9)",
    );
    let over = Validity { refresh_after: NOW, expires_at: NOW, ..FRESH };
    nobody.sessions = alloc::vec![session("dana", over), session("erik", over)];
    check(
        &nobody,
        &pull("alpine:3"),
        "This machine brings images in only for people who are signed in to acme or labs, and the sign-in of dana and erik has ended: it was not renewed in time.\n\
         Connect to the policy service and it is renewed (`pullgate status`), or sign in with `docker login pullgate.acme.example:8443` or `pullgate login`; Acme IT, it@acme.example can help (decision 01J9)",
    );
    nobody.sign_in = SignIn::Unusable("the enrollment file `/e` is not trusted".into());
    check(
        &nobody,
        &pull("alpine:3"),
        "This machine brings images in only for people who are signed in, and nobody can be: the enrollment file `/e` is not trusted.\n\
         Tell Acme IT, it@acme.example; `pullgate doctor` shows the files (decision 01J9)",
    );
}

#[test]
fn a_long_list_of_organizations_stays_one_sentence() {
    let organizations = (0..30).map(|n| alloc::format!("org{n}")).collect();
    let many = Enforced { sign_in: SignIn::Required(organizations), ..Enforced::default() };
    check(
        &many,
        &pull("alpine:3"),
        "This machine brings images in only for people who are signed in to org0, org1, org2, org3, org4, org5, org6, org7 or 22 others, and nobody is.\n\
         Sign in with `docker login`; your administrator can help (decision 01J9)",
    );
}

#[test]
fn what_cannot_be_named_and_what_cannot_be_read_differ() {
    let import = Action::one("import", Ask::Unnamed("`docker import` of a file cannot be told from a pull"));
    check(
        &enforced(acme()),
        &import,
        "`docker import` of a file cannot be told from a pull, and acme allows only images that it can tell by name.\n\
         Name the image, or ask an owner of acme (decision 01J9)",
    );
    let odd = Action::Unverifiable(Unverifiable {
        word: "pull",
        part: "its query holds `;`",
        advice: "Use the docker command",
    });
    check(
        &enforced(acme()),
        &odd,
        "pullgate cannot tell what this request would bring in: its query holds `;`; what it cannot read it refuses.\n\
         Use the docker command (decision 01J9)",
    );
}

#[test]
fn monitor_mode_says_what_would_have_been_said() {
    let policy = Policy { mode: Mode::Monitor, ..acme() };
    let enforced = enforced(policy);
    let action = pull("evil/miner:1");
    let decision = decide(&enforced, &action, NOW);
    assert!(decision.is_allowed());
    assert!(
        explain(&enforced, &action, &decision, NOW, "01J9")
            .starts_with("`docker.io/evil/miner:1` is a community image")
    );
}

#[track_caller]
fn refused(settings: Settings, action: &Action, expected: &str) {
    check(&enforced(Policy { settings, ..acme() }), action, expected);
}

fn start(image: &str, origin: Origin) -> Action {
    Action::one("create", Ask::Start(Start { image: LocalImage::parse(image).expect("an image"), origin }))
}

#[test]
fn every_setting_says_what_why_and_whom_to_ask() {
    let defaults = Settings::default;
    refused(
        Settings { local_content: LocalContent::Deny, ..defaults() },
        &Action::one("load", Ask::LocalContent("`docker load` brings in images that no registry vouches for")),
        "`docker load` brings in images that no registry vouches for, and acme allows none.\n\
         Pull from a registry instead, or ask an owner of acme (decision 01J9)",
    );
    refused(
        Settings { engine_plugins: EnginePlugins::Deny, ..defaults() },
        &Action::one("plugin_pull", Ask::FetchPlugin(ImageRef::parse("vieux/sshfs:1").expect("a reference"))),
        "`docker.io/vieux/sshfs:1` is an engine plugin, and acme allows none.\nAsk an owner of acme (decision 01J9)",
    );
    refused(
        defaults(),
        &Action::one("swarm_join", Ask::Swarm(Swarm::Join)),
        "Joining a swarm lets its managers start any image here, and acme does not allow it.\n\
         Ask an owner of acme (decision 01J9)",
    );
    refused(
        Settings { swarm: SwarmUse::Deny, ..defaults() },
        &Action::one("swarm_init", Ask::Swarm(Swarm::Init)),
        "acme does not allow swarm on this machine.\nAsk an owner of acme (decision 01J9)",
    );
    refused(
        Settings { builds: Builds::Deny, ..defaults() },
        &Action::one("build", Ask::Build),
        "acme does not allow builds on this machine: what they fetch cannot be judged.\n\
         Build in CI, or ask an owner of acme (decision 01J9)",
    );
    refused(
        Settings { push: Some(RuleSet::default()), ..defaults() },
        &Action::one("push", Ask::Push(ImageRef::parse("evil/app").expect("a reference"))),
        "`docker.io/evil/app` is not where acme allows images to be pushed.\n\
         Tag the image for a repository of your organization, or ask an owner of acme (decision 01J9)",
    );
    refused(
        defaults(),
        &Action::one("unknown", Ask::Unknown),
        "This engine can do something that this version of pullgate does not know, and what it does not know it refuses.\n\
         Update pullgate, or ask an owner of acme (decision 01J9)",
    );
    refused(
        defaults(),
        &Action::one("plugin_create", Ask::OwnName),
        "This engine plugin would take the name of pullgate, and the engine would ask it instead.\n\
         Do without, or ask an owner of acme (decision 01J9)",
    );
    for (action, name) in [
        (pull("moby/buildkit:buildx-stable-1"), "`docker.io/moby/buildkit:buildx-stable-1`"),
        (
            start("a/b:1", Origin::Renamed(ImageRef::parse("moby/buildkit:1").expect("a reference"))),
            "`docker.io/moby/buildkit:1`",
        ),
        (start("moby/buildkit:1", Origin::Unknown), "This container"),
    ] {
        refused(
            Settings { container_builders: ContainerBuilders::Deny, ..defaults() },
            &action,
            &format!(
                "{name} is BuildKit: a builder in a container fetches images that nobody judges, and acme allows none.\n\
                 Build with the engine's own builder (`docker buildx use default`), or ask an owner of acme (decision 01J9)"
            ),
        );
    }
    let reach = ["`--privileged`", "the host path `/etc`"].map(|what| Reach { word: "x", what: what.into() });
    refused(
        Settings { protect: Some(RuleSet::default()), ..defaults() },
        &Action::Governed(Governed { word: "create", reach: reach.into(), ..Governed::default() }),
        "This request reaches this machine beyond a container (`--privileged` and the host path `/etc`), and acme protects it.\n\
         Do without, or ask an owner of acme (decision 01J9)",
    );
}

#[test]
fn what_the_state_of_this_machine_refuses_says_what_is_missing() {
    let unheard = Enforced { documents: Documents::Unheard, ..Enforced::default() };
    check(
        &unheard,
        &pull("alpine:3"),
        "`docker.io/library/alpine:3` cannot be judged: pullgate's registry door has not heard from the plugin what is in force.\n\
         Run the command again in a moment; if it fails again, `pullgate doctor` says why, and your administrator can help (decision 01J9)",
    );
    let open = Enforced { loopback: Loopback::Open, ..enforced(Policy { contact: Contact::default(), ..acme() }) };
    check(
        &open,
        &pull("localhost:5000/a/b:1"),
        "`localhost:5000/a/b:1` is in a registry on this machine, the firewall rule that leads such requests to pullgate is not in place \
         (`pullgate status`), and acme then allows only what a rule of its allowlist names.\n\
         Ask an owner of acme for it (decision 01J9; `pullgate check localhost:5000/a/b` explains)",
    );
    let confined = Enforced { containers_confined: true, ..enforced(acme()) };
    check(
        &confined,
        &Action::one("create", Ask::CgroupParent),
        "A control group of its own (`--cgroup-parent`) would take this container out of the one by which this machine \
         keeps containers from registries, and acme does not allow that.\n\
         Do without, or ask an owner of acme (decision 01J9)",
    );
}

#[test]
fn of_many_things_that_reach_the_host_some_are_told() {
    let reach = (0..8).map(|n| Reach { word: "device", what: alloc::format!("the device `/dev/x{n}`") }).collect();
    let action = Action::Governed(Governed { word: "create", reach, ..Governed::default() });
    let enforced =
        enforced(Policy { settings: Settings { protect: Some(RuleSet::default()), ..Settings::default() }, ..acme() });
    let decision = decide(&enforced, &action, NOW);
    let text = explain(&enforced, &action, &decision, NOW, "01J9");
    assert!(text.contains("the device `/dev/x4` and 3 more)"), "{text}");
}

#[test]
fn a_start_that_is_refused_says_what_is_known_of_the_image() {
    let strict = || Settings { run_unapproved: RunUnapproved::Deny, ..Settings::default() };
    let ask = "Ask for it: https://access.acme.example/requests/new?image=docker.io/evil/miner \
               (decision 01J9; `pullgate check evil/miner` explains)";
    let evil = || ImageRef::parse("evil/miner:1").expect("a reference");
    refused(
        strict(),
        &start("evil/miner:1", Origin::AsNamed),
        &format!("`docker.io/evil/miner:1` may not start: acme would not allow it to be pulled today.\n{ask}"),
    );
    refused(
        strict(),
        &start("acme/app:1", Origin::Renamed(evil())),
        &format!(
            "`docker.io/acme/app:1` may not start: it was `docker.io/evil/miner:1`, and acme would not allow that to be pulled today.\n{ask}"
        ),
    );
    refused(
        strict(),
        &start("acme/app:1", Origin::Unknown),
        "`docker.io/acme/app:1` was given to content whose origin pullgate cannot tell, and acme lets only images start that it can.\n\
         Remove that name and pull it again, or ask an owner of acme (decision 01J9)",
    );
    refused(
        strict(),
        &start("e3b0c4", Origin::AsNamed),
        "`id:e3b0c4` is the id of an image, which says nothing of where it came from, and acme lets only images start that it can tell.\n\
         Start it by its name, or ask an owner of acme (decision 01J9)",
    );
}
