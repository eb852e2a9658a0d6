//! What engines ask, in the order in which they ask it, and what becomes of each request.

mod answers;
mod attacks;
mod pushes;

use policy::{
    Badge, Categories, Directory, HostPattern, Loopback, Membership, Mode, Pattern, Policy, Registries, Role, Rule,
    RuleSet, Scope, Session, SignIn, Validity,
};
use sha2::{Digest as _, Sha256};

use super::*;
use crate::report;

const ALWAYS: Validity =
    Validity { issued_at: Timestamp(0), refresh_after: Timestamp(i64::MAX), expires_at: Timestamp(i64::MAX) };
/// What containerd and BuildKit take where they pull.
const PULL_TYPES: &str = "application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, */*";
/// And where they push.
const PUSH_TYPES: &str = "application/vnd.oci.image.manifest.v1+json, */*";

fn rules(patterns: &[&str]) -> RuleSet {
    let rule = |pattern: &&str| Rule {
        id: (*pattern).to_owned(),
        pattern: Pattern::parse(pattern).unwrap(),
        scope: Scope::Organization,
        expires_at: None,
        reason: String::new(),
    };
    patterns.iter().map(rule).collect()
}

/// Docker's own default: official and verified publishers, no community.
fn acme() -> Policy {
    Policy {
        organization: "acme".into(),
        generation: 1,
        enabled: true,
        categories: Categories { official: true, verified_publisher: true, community: false },
        namespaces: ["acme".to_owned()].into_iter().collect(),
        directory: Arc::new(Directory::from_iter([("verifiedco".to_owned(), Badge::VerifiedPublisher)])),
        validity: ALWAYS,
        ..Policy::default()
    }
}

fn allowing(patterns: &[&str]) -> Policy {
    Policy { allow: rules(patterns), ..acme() }
}

fn denying(patterns: &[&str]) -> Policy {
    Policy { deny: rules(patterns), ..acme() }
}

fn session(user: &str, organization: &str, role: Role) -> Session {
    let membership = Membership { organization: organization.into(), role, teams: Vec::new() };
    Session { user: user.into(), uid: 1000, organizations: vec![membership], validity: ALWAYS }
}

fn member_of(policy: Policy) -> Enforced {
    let sessions = vec![session("dana", &policy.organization, Role::Member)];
    Enforced { sessions, policies: vec![Arc::new(policy)], ..Enforced::default() }
}

/// A manifest and its digest.
struct Content {
    body: String,
    digest: String,
}

fn content(body: String) -> Content {
    let digits: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    Content { body, digest: format!("sha256:{digits}") }
}

fn digest(digit: char) -> String {
    format!("sha256:{}", String::from(digit).repeat(64))
}

/// An image of a configuration and two layers.
fn image(config: &str, layers: [&str; 2]) -> Content {
    let [a, b] = layers;
    content(format!(
        r#"{{"schemaVersion":2,"config":{{"digest":"{config}"}},"layers":[{{"digest":"{a}"}},{{"digest":"{b}"}}]}}"#
    ))
}

fn index(manifests: &[&str]) -> Content {
    let entries: Vec<_> = manifests.iter().map(|digest| format!(r#"{{"digest":"{digest}"}}"#)).collect();
    content(format!(r#"{{"schemaVersion":2,"manifests":[{}]}}"#, entries.join(",")))
}

/// A gate, and what is in force.
struct Door {
    gate: Gate,
    enforced: watch::Sender<Arc<Enforced>>,
    mirrors: Vec<&'static str>,
}

#[derive(Debug, PartialEq, Eq, Clone, Copy)]
enum Became {
    Passed,
    Denied,
    NotFound,
}
use Became::{Denied, NotFound, Passed};

impl Door {
    fn new(enforced: Enforced) -> Self {
        let (sender, receiver) = watch::channel(Arc::new(enforced));
        // Nobody is there, and nobody takes records away: they are bounded.
        let (reporter, _) = report::channel("/nowhere/control.sock".into());
        Self { gate: Gate::new(receiver, reporter), enforced: sender, mirrors: Vec::new() }
    }

    fn with(policy: Policy) -> Self {
        Self::new(member_of(policy))
    }

    async fn ask(&self, host: &str, method: &str, target: &str, accept: &str) -> Answer {
        let mirror = self.mirrors.iter().any(|mirror| mirror.eq_ignore_ascii_case(host));
        let headers = HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]);
        let method = method.parse().unwrap();
        self.gate
            .ask(Asked { host, method: &method, target, headers: &headers, led: host.starts_with("127."), mirror })
            .await
    }

    /// A request whose answer, where it passes, is this one.
    async fn answered(&self, method: &str, place: &str, told: Option<&str>, body: Option<&Content>) -> Became {
        let (host, path) = place.split_once('/').unwrap();
        let mut learn = match self.ask(host, method, &format!("/v2/{path}"), PULL_TYPES).await {
            Answer::Pass(learn) => learn,
            Answer::Refuse(refusal) if refusal.status == StatusCode::FORBIDDEN => return Denied,
            Answer::Refuse(_) => return NotFound,
        };
        let status = if matches!(method, "PUT" | "POST") { StatusCode::CREATED } else { StatusCode::OK };
        let mut head = Response::builder().status(status);
        if let Some(told) = told {
            head = head.header("Docker-Content-Digest", told);
        }
        if learn.head(&head.body(()).unwrap())
            && let Some(content) = body
        {
            learn.manifest(content.body.as_bytes());
        }
        if self.gate.confirm(&learn).is_ok() { Passed } else { Denied }
    }

    /// A manifest, as registries answer.
    async fn manifest(&self, method: &str, repository: &str, reference: &str, content: &Content) -> Became {
        let place = format!("{repository}/manifests/{reference}");
        self.answered(method, &place, Some(&content.digest), (method == "GET").then_some(content)).await
    }

    async fn get(&self, place: &str) -> Became {
        self.answered("GET", place, None, None).await
    }

    async fn refusal(&self, host: &str, method: &str, target: &str) -> Refusal {
        match self.ask(host, method, target, PULL_TYPES).await {
            Answer::Refuse(refusal) => refusal,
            Answer::Pass(_) => panic!("{method} {host}{target} passed"),
        }
    }
}

use http::Response;

const HOST: &str = "registry-1.docker.io";

#[tokio::test]
async fn kinds_of_images_are_decided_as_in_a_pull() {
    let door = Door::with(acme());
    for (place, expected) in [
        ("library/alpine/manifests/latest", Passed),
        ("acme/app/manifests/1", Passed),
        ("verifiedco/tool/blobs/{D}", Passed),
        ("evil/miner/manifests/latest", Denied),
        ("evil/miner/manifests/{D}", Denied),
        ("evil/miner/blobs/{D}", Denied),
        ("evil/miner/tags/list", Denied),
        ("evil/miner/referrers/{D}", Denied),
        ("library/a/b/manifests/1", Denied),
        ("evil/manifests/../../library/alpine/manifests/1", Denied),
        ("evil/miner/manifests/LATEST/", Denied),
    ] {
        let place = place.replace("{D}", &digest('a'));
        for host in [HOST, "Registry-1.Docker.io:443", "index.docker.io", "docker.io", "registry.hub.docker.com"] {
            assert_eq!(door.get(&format!("{host}/{place}")).await, expected, "{host} {place}");
        }
    }
    for target in ["/v2/", "/token?scope=repository:evil/miner:pull", "/v1/search?q=evil", "/v2/_catalog"] {
        assert!(matches!(door.ask(HOST, "GET", target, "*/*").await, Answer::Pass(_)), "{target}");
    }
    assert_eq!(door.refusal(HOST, "GET", "//v2/library/alpine/manifests/1").await.status, StatusCode::FORBIDDEN);
}

/// The server that gives out a registry's tokens is seldom that registry: judged by its own host, nothing of Docker Hub
/// would come in any more.
#[tokio::test]
async fn tokens_come_from_hosts_whose_images_are_refused() {
    let door = Door::with(Policy { registries: Registries { controlled: true, hosts: Vec::new() }, ..acme() });
    for (host, token) in [
        ("auth.docker.io", "/token?account=dana&service=registry.docker.io&scope=repository%3Alibrary%2Falpine%3Apull"),
        ("gitlab.example", "/jwt/auth?service=container_registry&scope=repository:team/app:pull"),
        ("quay.io", "/v2/auth?service=quay.io&scope=repository:team/app:pull,push"),
    ] {
        assert!(door.gate.governs(host, false), "{host} is opened");
        assert!(matches!(door.ask(host, "GET", token, "*/*").await, Answer::Pass(_)), "{host}");
        assert!(matches!(door.ask(host, "POST", token, "*/*").await, Answer::Pass(_)), "{host}");
        assert_eq!(door.get(&format!("{host}/library/alpine/manifests/latest")).await, Denied, "{host}");
        let way_around = "library/alpine/manifests/latest?scope=repository:library/alpine:pull";
        assert_eq!(door.get(&format!("{host}/{way_around}")).await, Denied, "{host}");
    }
}

#[tokio::test]
async fn a_refusal_is_in_the_registrys_form_and_has_the_id_of_its_record() {
    let door = Door::with(acme());
    let head = door.refusal(HOST, "HEAD", "/v2/evil/miner/manifests/1").await;
    assert_eq!((head.status, head.code), (StatusCode::FORBIDDEN, "DENIED"));
    assert!(head.message.starts_with("`docker.io/evil/miner:1` is a community image, and acme allows only"));
    // The engine asks again at once, and the person reads the last answer.
    assert_eq!(door.refusal(HOST, "GET", "/v2/evil/miner/manifests/1").await, head);
    assert_ne!(door.refusal(HOST, "GET", "/v2/evil/miner/manifests/2").await, head);
}

/// The whole pull of an image for several platforms, as each client does it.
#[tokio::test]
async fn an_allowed_tag_brings_all_of_its_image_and_nothing_else() {
    let (config, a, b) = (digest('c'), digest('a'), digest('b'));
    let platform = image(&config, [&a, &b]);
    let top = index(&[&platform.digest]);
    let nested = index(&[&top.digest]);
    let repository = format!("{HOST}/evil/app");
    for (case, first, told) in [
        ("classic and containerd: HEAD tells the digest", "HEAD", true),
        ("a registry that tells none: GET by tag", "GET", false),
        ("GET by tag with a digest", "GET", true),
    ] {
        let door = Door::with(allowing(&["evil/app:stable"]));
        let by_digest = async |content: &Content| door.manifest("GET", &repository, &content.digest, content).await;
        let blob = async |digest: &str| door.get(&format!("{repository}/blobs/{digest}")).await;
        for content in [&nested, &top, &platform] {
            assert_eq!(by_digest(content).await, Denied, "{case}: nothing was resolved yet");
        }
        assert_eq!(blob(&a).await, Denied, "{case}");

        let tag = format!("{repository}/manifests/stable");
        let told = told.then_some(nested.digest.as_str());
        assert_eq!(door.answered(first, &tag, told, Some(&nested)).await, Passed, "{case}");
        for content in [&nested, &top, &platform] {
            assert_eq!(by_digest(content).await, Passed, "{case}");
        }
        for part in [&config, &a, &b] {
            assert_eq!(blob(part).await, Passed, "{case}");
        }
        let other = image(&digest('d'), [&digest('e'), &digest('f')]);
        assert_eq!(by_digest(&other).await, Denied, "{case}: another tag's digest");
        assert_eq!(blob(&digest('e')).await, Denied, "{case}");
        assert_eq!(door.get(&format!("{repository}/manifests/latest")).await, Denied, "{case}");
        assert_eq!(door.get(&format!("{repository}/tags/list")).await, Denied, "{case}: all tags");
        assert_eq!(door.get(&format!("{repository}/referrers/{}", nested.digest)).await, Passed, "{case}");
    }
}

#[tokio::test]
async fn an_allowed_digest_brings_all_of_its_image_and_no_tag() {
    let platform = image(&digest('c'), [&digest('a'), &digest('b')]);
    let top = index(&[&platform.digest]);
    let door = Door::with(allowing(&[&format!("evil/pin@{}", top.digest)]));
    let repository = format!("{HOST}/evil/pin");
    assert_eq!(door.manifest("HEAD", &repository, "1", &top).await, Denied);
    assert_eq!(door.manifest("GET", &repository, &platform.digest, &platform).await, Denied);
    assert_eq!(door.manifest("HEAD", &repository, &top.digest, &top).await, Passed);
    assert_eq!(door.manifest("GET", &repository, &top.digest, &top).await, Passed);
    assert_eq!(door.manifest("GET", &repository, &platform.digest, &platform).await, Passed);
    assert_eq!(door.get(&format!("{repository}/blobs/{}", digest('a'))).await, Passed);
    assert_eq!(door.get(&format!("{repository}/blobs/{}", digest('d'))).await, Denied);
}

#[tokio::test]
async fn a_denied_tag_leaves_its_repository_to_the_other_tags() {
    let door = Door::with(denying(&["alpine:3.1"]));
    let (good, bad) =
        (image(&digest('c'), [&digest('a'), &digest('b')]), image(&digest('1'), [&digest('2'), &digest('3')]));
    let repository = format!("{HOST}/library/alpine");
    assert_eq!(door.manifest("HEAD", &repository, "3.1", &bad).await, Denied);
    assert_eq!(door.manifest("HEAD", &repository, "3.2", &good).await, Passed);
    assert_eq!(door.manifest("GET", &repository, &good.digest, &good).await, Passed);
    assert_eq!(door.get(&format!("{repository}/blobs/{}", digest('a'))).await, Passed);
    // Which tag it has cannot be told.
    assert_eq!(door.manifest("GET", &repository, &bad.digest, &bad).await, Denied);
    assert_eq!(door.get(&format!("{repository}/blobs/{}", digest('2'))).await, Denied);
    assert_eq!(door.get(&format!("{repository}/tags/list")).await, Denied);
}

#[tokio::test]
async fn a_digest_counts_as_its_tag_for_hours_and_not_for_ever() {
    let platform = image(&digest('c'), [&digest('a'), &digest('b')]);
    let top = index(&[&platform.digest]);
    let door = Door::with(allowing(&["evil/app:1"]));
    let repository = format!("{HOST}/evil/app");
    assert_eq!(door.manifest("GET", &repository, "1", &top).await, Passed);
    assert_eq!(door.manifest("GET", &repository, &platform.digest, &platform).await, Passed);
    let blob = format!("{repository}/blobs/{}", digest('a'));
    assert_eq!(door.get(&blob).await, Passed);
    learn::lock(&door.gate.ties).lasting = Duration::ZERO;
    assert_eq!(door.get(&blob).await, Denied);
    assert_eq!(door.manifest("GET", &repository, &top.digest, &top).await, Denied);
    learn::lock(&door.gate.ties).lasting = Duration::from_hours(1);
    assert_eq!(door.get(&blob).await, Passed);
}

#[tokio::test]
async fn a_policy_that_changes_during_a_pull_counts_from_then_on() {
    let content = image(&digest('c'), [&digest('a'), &digest('b')]);
    let door = Door::with(allowing(&["evil/app:1"]));
    let repository = format!("{HOST}/evil/app");
    assert_eq!(door.manifest("GET", &repository, "1", &content).await, Passed);
    let blob = format!("{repository}/blobs/{}", digest('a'));
    assert_eq!(door.get(&blob).await, Passed);
    door.enforced.send_replace(Arc::new(member_of(acme())));
    assert_eq!(door.get(&blob).await, Denied);
    let refusal = door.refusal(HOST, "GET", &format!("/v2/evil/app/blobs/{}", digest('a'))).await;
    assert!(refusal.message.starts_with("`docker.io/evil/app:1` is a community image"), "{}", refusal.message);
    door.enforced.send_replace(Arc::new(member_of(allowing(&["evil/app:1"]))));
    assert_eq!(door.get(&blob).await, Passed);
}

#[tokio::test]
async fn monitor_mode_passes_and_still_learns() {
    let door = Door::with(Policy { mode: Mode::Monitor, ..denying(&["evil/*"]) });
    for place in ["evil/miner/manifests/1", "evil/miner/tags/list", "library/alpine/manifests/1"] {
        assert_eq!(door.get(&format!("{HOST}/{place}")).await, Passed, "{place}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_for_the_plugin_and_is_then_decided_or_refused() {
    let unheard = || Enforced { documents: Documents::Unheard, ..Enforced::default() };
    let door = Door::new(unheard());
    assert!(door.gate.governs("anything.example", false));
    let begin = tokio::time::Instant::now();
    let refusal = door.refusal(HOST, "GET", "/v2/library/alpine/manifests/1").await;
    assert_eq!(begin.elapsed(), HEARD_WITHIN);
    assert!(refusal.message.contains("has not heard from the plugin"), "{}", refusal.message);
    // Who is signed in is not known, so that nobody is told to sign in.
    let door = Door::new(Enforced { sign_in: SignIn::Required(vec!["acme".into()]), ..unheard() });
    let refusal = door.refusal(HOST, "PUT", "/v2/acme/app/manifests/1").await;
    assert!(refusal.message.contains("has not heard from the plugin"), "{}", refusal.message);
    // Nothing that a policy could have a say in waits.
    let begin = tokio::time::Instant::now();
    assert!(matches!(door.ask(HOST, "GET", "/v2/", "*/*").await, Answer::Pass(_)));
    assert_eq!(begin.elapsed(), Duration::ZERO);

    let door = Door::new(unheard());
    let place = format!("{HOST}/library/alpine/manifests/1");
    let asks = door.get(&place);
    let hears = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        door.enforced.send_replace(Arc::new(member_of(acme())));
    };
    assert_eq!(tokio::join!(asks, hears).0, Passed);
}

#[tokio::test]
async fn the_door_answers_its_own_probes_whatever_is_in_force() {
    let sign_in = || SignIn::Required(vec!["acme".into()]);
    let states = [
        Enforced::default(),
        member_of(acme()),
        Enforced { sign_in: sign_in(), ..Enforced::default() },
        Enforced { documents: Documents::Unheard, ..Enforced::default() },
        Enforced { loopback: Loopback::Open, ..member_of(acme()) },
    ];
    for enforced in states {
        let door = Door::new(enforced);
        for (host, path) in [("door.pullgate.invalid", ""), ("127.0.0.1:1", "pullgate.invalid/")] {
            assert!(door.gate.governs(host, false));
            assert_eq!(door.refusal(host, "GET", "/v2/").await.status, StatusCode::NOT_FOUND);
            for part in [format!("manifests/{}", probe::NOTHING), "manifests/latest".to_owned()] {
                let refusal = door.refusal(host, "HEAD", &format!("/v2/{path}probe/a1b2/{part}")).await;
                assert_eq!((refusal.status, refusal.code), (StatusCode::FORBIDDEN, "DENIED"));
                assert!(refusal.message.contains("a1b2"), "{}", refusal.message);
            }
        }
    }
}

#[tokio::test]
async fn a_probe_is_answered_so_that_nobody_can_pass_the_words_off_as_ones_own() {
    let mut door = Door::new(Enforced::default());
    let key = ProbeKey::from_seed(&[7; 32]);
    let keys = [key.public()];
    door.gate = door.gate.with_probe_key(key);
    let (method, headers) = (Method::GET, HeaderMap::new());
    for (host, path, led, status) in [
        ("door.pullgate.invalid", "", false, StatusCode::FORBIDDEN),
        ("127.0.0.1:1", "pullgate.invalid/", true, StatusCode::FORBIDDEN),
        // A registry there asks the door what it is to say.
        ("127.0.0.1:1", "pullgate.invalid/", false, StatusCode::NOT_FOUND),
    ] {
        let target = format!("/v2/{path}probe/a1b2/manifests/{}", probe::NOTHING);
        let Answer::Refuse(refusal) = door
            .gate
            .ask(Asked { host, method: &method, target: &target, headers: &headers, led, mirror: false })
            .await
        else {
            panic!("a probe passes")
        };
        let answer = policy::probe::Probe::Door("a1b2").answer();
        let holds = proto::probe_key::holds(&refusal.message, &answer, &keys);
        assert_eq!((refusal.status, holds), (status, status == StatusCode::FORBIDDEN), "{}", refusal.message);
    }
}

#[tokio::test]
async fn where_nothing_is_governed_nothing_is_in_the_way() {
    let owner = Enforced { sessions: vec![session("olga", "acme", Role::Owner)], ..member_of(acme()) };
    for enforced in [Enforced::default(), owner, member_of(Policy { enabled: false, ..acme() })] {
        let door = Door::new(enforced);
        assert!(!door.gate.governs(HOST, false));
        assert_eq!(door.get(&format!("{HOST}/evil/miner/manifests/1")).await, Passed);
    }
    // What nobody governs is not held to the spelling of registries either.
    let door = Door::with(acme());
    assert!(!door.gate.governs("files.example", false));
    assert!(matches!(door.ask("files.example", "GET", "/v2/users?page=1", "*/*").await, Answer::Pass(_)));
}

#[tokio::test]
async fn registry_control_and_mirrors() {
    let hosts = ["mirror.corp.example", "ghcr.io"].iter().map(|host| HostPattern::parse(host).unwrap()).collect();
    let registries = Registries { controlled: true, hosts };
    let door = Door::with(Policy { registries, ..acme() });
    for (target, expected) in [
        ("ghcr.io/a/b/manifests/1", Passed),
        ("quay.io/a/b/manifests/1", Denied),
        ("ghcr.io:8443/a/b/manifests/1", Denied),
        ("mirror.corp.example/library/alpine/manifests/1?ns=docker.io", Passed),
        ("mirror.corp.example/evil/miner/manifests/1?ns=docker.io", Denied),
        ("mirror.corp.example/evil/miner/manifests/1", Passed),
        ("mirror.corp.example/a/b/manifests/1?ns=quay.io", Denied),
    ] {
        assert_eq!(door.get(target).await, expected, "{target}");
    }
    // An engine that is told to ask it for Docker Hub does not always say so.
    assert!(!door.gate.governs("mirror.corp.example", false) && door.gate.governs("mirror.corp.example", true));
    let door = Door { mirrors: vec!["mirror.corp.example"], ..door };
    let content = image(&digest('c'), [&digest('a'), &digest('b')]);
    for (repository, expected) in [("library/alpine", Passed), ("acme/app", Passed), ("evil/miner", Denied)] {
        let repository = format!("mirror.corp.example/{repository}");
        assert_eq!(door.manifest("HEAD", &repository, "1", &content).await, expected, "{repository}");
        assert_eq!(door.manifest("GET", &repository, &content.digest, &content).await, expected, "{repository}");
        assert_eq!(door.get(&format!("{repository}/blobs/{}", digest('a'))).await, expected, "{repository}");
    }
    assert_eq!(door.get("mirror.corp.example/%65vil/miner/manifests/1").await, Denied);
    // Nor does it help to say otherwise: who asks writes `ns`, and a mirror need not heed it.
    for (target, expected) in [
        ("library/alpine/manifests/1?ns=docker.io", Passed),
        ("library/alpine/manifests/1?ns=ghcr.io", Passed),
        ("library/alpine/manifests/1?ns=quay.io", Denied),
        ("evil/miner/manifests/1?ns=docker.io", Denied),
        ("evil/miner/manifests/1?ns=ghcr.io", Denied),
        ("evil/miner/blobs/{D}?ns=ghcr.io", Denied),
        ("evil/miner/tags/list?ns=mirror.corp.example", Denied),
    ] {
        let target = format!("mirror.corp.example/{}", target.replace("{D}", &digest('a')));
        assert_eq!(door.get(&target).await, expected, "{target}");
    }
    door.enforced.send_replace(Arc::new(Enforced::default()));
    assert!(!door.gate.governs("mirror.corp.example", true));
    // Where no other registry is restricted, a mirror is Docker Hub all the same.
    let door = Door { mirrors: vec!["mirror.corp.example"], ..Door::with(acme()) };
    for ns in ["", "?ns=docker.io", "?ns=quay.io", "?ns=mirror.corp.example"] {
        for (repository, expected) in [("library/alpine", Passed), ("evil/miner", Denied)] {
            assert_eq!(door.get(&format!("mirror.corp.example/{repository}/manifests/1{ns}")).await, expected, "{ns}");
        }
    }
}
