//! What comes, where the name that was asked for does not say it.

use policy::{Settings, settings::EnginePlugins};

use super::*;

impl Door {
    /// A request for a manifest whose answer, where it passes, has this head and body.
    async fn comes(&self, host: &str, target: &str, head: http::response::Builder, content: &Content) -> Became {
        let Answer::Pass(mut learn) = self.ask(host, "GET", target, PULL_TYPES).await else { return Denied };
        if learn.head(&head.body(()).unwrap()) {
            learn.manifest(content.body.as_bytes());
        }
        if self.gate.confirm(&learn).is_ok() { Passed } else { Denied }
    }
}

fn controlled(policy: Policy, hosts: &[&str]) -> Policy {
    let hosts = hosts.iter().map(|host| HostPattern::parse(host).unwrap()).collect();
    Policy { registries: Registries { controlled: true, hosts }, ..policy }
}

fn redirect(to: &str) -> http::response::Builder {
    Response::builder().status(307).header("Location", to)
}

#[tokio::test]
async fn content_is_what_engines_take_for_it_whatever_its_status() {
    let bad = image(&digest('c'), [&digest('a'), &digest('b')]);
    let door = Door::with(denying(&[&format!("alpine@{}", bad.digest)]));
    // Without a place to go to, a redirect is an answer like any other.
    for status in [200, 203, 206, 299, 300, 301, 307, 399] {
        let head = Response::builder().status(status);
        assert_eq!(door.comes(HOST, "/v2/library/alpine/manifests/3", head, &bad).await, Denied, "{status}");
    }
    for status in [400, 404, 500] {
        let head = Response::builder().status(status);
        assert_eq!(door.comes(HOST, "/v2/library/alpine/manifests/3", head, &bad).await, Passed, "{status}");
    }
}

#[tokio::test]
async fn a_rule_that_denies_a_digest_holds_for_its_content_by_another_one() {
    let bad = image(&digest('c'), [&digest('a'), &digest('b')]);
    let digits: String = sha2::Sha512::digest(&bad.body).iter().map(|byte| format!("{byte:02x}")).collect();
    let target = format!("/v2/library/alpine/manifests/sha512:{digits}");
    let door = Door::with(denying(&[&format!("alpine@{}", bad.digest)]));
    assert_eq!(door.comes(HOST, &target, Response::builder(), &bad).await, Denied);
    let door = Door::with(denying(&[&format!("alpine@{}", digest('1'))]));
    assert_eq!(door.comes(HOST, &target, Response::builder(), &bad).await, Passed);
}

#[tokio::test]
async fn a_manifest_that_comes_from_elsewhere_is_that_of_the_tag_that_led_there() {
    let content = image(&digest('c'), [&digest('a'), &digest('b')]);
    let (host, tag) = ("k8s.example", "/v2/pause/manifests/3.9");
    for (place, there) in [
        ("https://eu.pkg.example/v2/images/pause/manifests/3.9?x=y", "eu.pkg.example"),
        ("https://cdn.example:443/content/1", "cdn.example"),
        ("http://cdn.example:8080/content/1", "cdn.example:8080"),
        ("/v2/images/pause/manifests/3.9", host),
    ] {
        let target = format!(
            "/{}",
            place.split('/').skip(if place.starts_with('/') { 1 } else { 3 }).collect::<Vec<_>>().join("/")
        );
        let allowed = ["k8s.example/pause:3.9", "k8s.example/images/*"];
        let policy = || controlled(allowing(&allowed), &["eu.pkg.example", "cdn.example", "cdn.example:8080"]);
        let door = Door::with(policy());
        assert_eq!(door.gate.governs(there, false), there == host, "{place}");
        assert_eq!(door.comes(host, tag, redirect(place), &content).await, Passed);
        assert!(door.gate.governs(there, false), "it has to be looked into: {place}");
        assert_eq!(door.comes(there, &target, Response::builder(), &content).await, Passed, "{place}");
        assert_eq!(door.get(&format!("{host}/pause/blobs/{}", digest('a'))).await, Passed, "{place}");
        assert_eq!(door.get(&format!("{host}/pause/blobs/{}", digest('1'))).await, Denied, "{place}");
        assert_eq!(door.get(&format!("{host}/pause/manifests/{}", content.digest)).await, Passed, "{place}");

        let deny = rules(&[&format!("k8s.example/pause@{}", content.digest)]);
        let door = Door::with(Policy { deny, ..policy() });
        assert_eq!(door.comes(host, tag, redirect(place), &content).await, Passed);
        assert_eq!(door.comes(there, &target, Response::builder(), &content).await, Denied, "{place}");
    }
    // Whom nothing sent there learns nothing.
    let door = Door::with(controlled(allowing(&["k8s.example/pause:3.9"]), &[]));
    assert_eq!(door.comes("cdn.example", "/content/1", Response::builder(), &content).await, Passed);
    assert_eq!(door.get(&format!("{host}/pause/blobs/{}", digest('a'))).await, Denied);
}

#[tokio::test]
async fn an_engine_plugin_is_known_when_it_comes_whatever_asked_for_it() {
    let plugin = content(r#"{"config":{"mediaType":"application/vnd.docker.plugin.v1+json"},"layers":[]}"#.to_owned());
    let image = image(&digest('c'), [&digest('a'), &digest('b')]);
    let repository = format!("{HOST}/evil/app");
    let settings = Settings { engine_plugins: EnginePlugins::Deny, ..Settings::default() };
    for (settings, expected) in [(settings, Denied), (Settings::default(), Passed)] {
        let door = Door::with(Policy { settings, ..allowing(&["evil/app:1"]) });
        // As engines ask: for the tag's digest first, and for it then.
        assert_eq!(door.manifest("HEAD", &repository, "1", &plugin).await, Passed);
        assert_eq!(door.manifest("GET", &repository, &plugin.digest, &plugin).await, expected);
        assert_eq!(door.manifest("GET", &repository, "1", &plugin).await, expected);
        assert_eq!(door.manifest("GET", &repository, "1", &image).await, Passed);
    }
}

#[tokio::test]
async fn what_one_policy_only_watches_is_refused_by_no_other() {
    let content = image(&digest('c'), [&digest('a'), &digest('b')]);
    let watching = Policy {
        organization: "beta".into(),
        mode: Mode::Monitor,
        ..denying(&[&format!("evil/app@{}", content.digest)])
    };
    let sessions = vec![session("dana", "acme", Role::Member), session("dana", "beta", Role::Member)];
    let policies = vec![Arc::new(allowing(&["evil/app:1"])), Arc::new(watching)];
    let door = Door::new(Enforced { sessions, policies, ..Enforced::default() });
    let repository = format!("{HOST}/evil/app");
    assert_eq!(door.manifest("GET", &repository, "1", &content).await, Passed);
    assert_eq!(door.manifest("GET", &repository, &content.digest, &content).await, Passed);
    assert_eq!(door.manifest("GET", &repository, &digest('1'), &content).await, Denied, "no tag led there");
}
