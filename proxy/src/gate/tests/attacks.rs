//! A developer who wants an image that is refused, and has registries and repositories of their own.

use super::*;

#[tokio::test]
async fn a_digest_counts_in_the_repository_where_it_was_found() {
    let content = image(&digest('c'), [&digest('a'), &digest('b')]);
    let door = Door::with(allowing(&["evil/app:1", "ghcr.io/evil/app:1"]));
    assert_eq!(door.manifest("GET", &format!("{HOST}/evil/app"), "1", &content).await, Passed);
    let blob = format!("blobs/{}", digest('a'));
    assert_eq!(door.get(&format!("{HOST}/evil/app/{blob}")).await, Passed);
    assert_eq!(door.get(&format!("Index.Docker.IO:443/evil/app/{blob}")).await, Passed, "the same place");
    for elsewhere in ["evil/other", "evil/app/sub", "evil/app1"] {
        assert_eq!(door.get(&format!("{HOST}/{elsewhere}/{blob}")).await, Denied, "{elsewhere}");
    }
    let hosts = ["ghcr.io"].iter().map(|host| HostPattern::parse(host).unwrap()).collect();
    let controlled = Policy { registries: Registries { controlled: true, hosts }, ..allowing(&["quay.io/evil/app:1"]) };
    let door = Door::with(controlled);
    assert_eq!(door.manifest("GET", "quay.io/evil/app", "1", &content).await, Passed);
    assert_eq!(door.get(&format!("quay.io/evil/app/{blob}")).await, Passed);
    assert_eq!(door.get(&format!("quay.io:8443/evil/app/{blob}")).await, Denied);
}

#[tokio::test]
async fn what_was_mounted_or_pushed_may_be_fetched_only_where_its_repository_may() {
    let door = Door::with(allowing(&["evil/app:1"]));
    let mount = format!("{HOST}/evil/app/blobs/uploads/?mount={}&from=evil%2Fminer", digest('a'));
    assert_eq!(door.answered("POST", &mount, None, None).await, Passed);
    assert_eq!(door.get(&format!("{HOST}/evil/app/blobs/{}", digest('a'))).await, Denied);
    let content = image(&digest('c'), [&digest('a'), &digest('b')]);
    assert_eq!(
        door.answered("PUT", &format!("{HOST}/evil/app/manifests/2"), Some(&content.digest), None).await,
        Passed
    );
    assert_eq!(door.manifest("GET", &format!("{HOST}/evil/app"), &content.digest, &content).await, Denied);
}

#[tokio::test]
async fn a_rule_that_denies_a_digest_holds_whatever_tag_led_there() {
    let bad = image(&digest('c'), [&digest('a'), &digest('b')]);
    let policy = Policy { deny: rules(&[&format!("evil/app@{}", bad.digest)]), ..allowing(&["evil/app:*"]) };
    let door = Door::with(policy);
    let repository = format!("{HOST}/evil/app");
    assert_eq!(door.manifest("HEAD", &repository, "1", &bad).await, Passed);
    assert_eq!(door.manifest("GET", &repository, &bad.digest, &bad).await, Denied);
    // Engines with their own image store take a tag's manifest as it comes, and ask for no digest of it.
    assert_eq!(door.manifest("GET", &repository, "1", &bad).await, Denied);
    let tag = format!("{repository}/manifests/1");
    assert_eq!(door.answered("GET", &tag, None, Some(&bad)).await, Denied, "whatever the registry tells");
    assert_eq!(door.answered("GET", &tag, Some(&bad.digest), None).await, Denied, "told, and not to be read");
    let good = image(&digest('d'), [&digest('a'), &digest('b')]);
    assert_eq!(door.manifest("GET", &repository, "1", &good).await, Passed);
    let door = Door::with(denying(&[&format!("alpine@{}", digest('a'))]));
    let good = image(&digest('c'), [&digest('a'), &digest('b')]);
    assert_eq!(door.manifest("GET", &format!("{HOST}/library/alpine"), "1", &good).await, Passed);
    assert_eq!(door.get(&format!("{HOST}/library/alpine/blobs/{}", digest('a'))).await, Denied, "a layer");
    assert_eq!(door.get(&format!("{HOST}/library/alpine/blobs/{}", digest('b'))).await, Passed);
}

#[tokio::test]
async fn answers_that_are_not_what_was_asked_for_teach_nothing() {
    let wanted = image(&digest('c'), [&digest('a'), &digest('b')]);
    let other = image(&digest('1'), [&digest('2'), &digest('3')]);
    let repository = format!("{HOST}/evil/pin");
    let door = Door::with(allowing(&[&format!("evil/pin@{}", wanted.digest)]));
    let blob = async |digit| door.get(&format!("{repository}/blobs/{}", digest(digit))).await;
    // A body with another digest: the engine throws it away.
    assert_eq!(door.manifest("GET", &repository, &wanted.digest, &other).await, Passed);
    assert_eq!(blob('2').await, Denied);
    // The head of an answer by digest says nothing new.
    let place = format!("{repository}/manifests/{}", wanted.digest);
    assert_eq!(door.answered("HEAD", &place, Some(&other.digest), None).await, Passed);
    assert_eq!(door.get(&format!("{repository}/manifests/{}", other.digest)).await, Denied);
    // Nor does a status that is no content, a coded body, or a digest that is none.
    let door = Door::with(allowing(&["evil/pin:1"]));
    let heads = [
        Response::builder().status(404).header("Docker-Content-Digest", digest('a')),
        Response::builder().status(307).header("Docker-Content-Digest", digest('a')).header("Location", "/x"),
        Response::builder().header("Docker-Content-Digest", "sha256:AA").header("Content-Encoding", "gzip"),
        Response::builder().header("Content-Length", (MAX_MANIFEST_BYTES + 1).to_string()),
    ];
    for head in heads {
        let Answer::Pass(mut learn) = door.ask(HOST, "GET", "/v2/evil/pin/manifests/1", PULL_TYPES).await else {
            panic!("the tag is allowed");
        };
        assert!(learn.reads_body());
        let head = head.body(()).unwrap();
        assert!(!learn.head(&head), "{head:?}");
        learn.manifest(&vec![b' '; MAX_MANIFEST_BYTES + 1]);
        assert_eq!(door.get(&format!("{HOST}/evil/pin/blobs/{}", digest('a'))).await, Denied, "{head:?}");
    }
}

#[tokio::test]
async fn who_refers_to_an_allowed_image_is_no_part_of_it() {
    let pinned = image(&digest('c'), [&digest('a'), &digest('b')]);
    let planted = image(&digest('1'), [&digest('2'), &digest('3')]);
    let door = Door::with(allowing(&[&format!("evil/pin@{}", pinned.digest)]));
    let referrers = format!("{HOST}/evil/pin/referrers/{}", pinned.digest);
    assert_eq!(door.answered("GET", &referrers, None, Some(&index(&[&planted.digest]))).await, Passed);
    assert_eq!(door.manifest("GET", &format!("{HOST}/evil/pin"), &planted.digest, &planted).await, Denied);
}

#[tokio::test]
async fn a_tag_that_looks_like_a_digest_is_a_tag() {
    let door = Door::with(allowing(&["evil/app:1"]));
    let tag = digest('a').replace(':', "-");
    assert_eq!(door.get(&format!("{HOST}/evil/app/manifests/{tag}")).await, Denied);
    let door = Door::with(allowing(&[&format!("evil/app:{tag}")]));
    assert_eq!(door.get(&format!("{HOST}/evil/app/manifests/{tag}")).await, Passed);
    assert_eq!(door.get(&format!("{HOST}/evil/app/manifests/{}", digest('a'))).await, Denied);
}

#[tokio::test]
async fn a_mirror_answers_for_one_registry_at_a_time() {
    let content = image(&digest('c'), [&digest('a'), &digest('b')]);
    let door = Door::with(Policy { allow: rules(&["evil/app:1"]), deny: rules(&["mirror.example/none/*"]), ..acme() });
    let place = |reference: &str, ns: &str| format!("mirror.example/evil/app/{reference}{ns}");
    let tag = place("manifests/1", "?ns=ghcr.io");
    assert_eq!(door.answered("GET", &tag, Some(&content.digest), Some(&content)).await, Passed, "no rule for ghcr.io");
    let blob = format!("blobs/{}", digest('a'));
    assert_eq!(door.get(&place(&blob, "?ns=ghcr.io")).await, Passed);
    assert_eq!(door.get(&place(&blob, "?ns=docker.io")).await, Denied, "it was not Docker Hub's tag that led there");
}

#[tokio::test]
async fn of_two_people_on_a_machine_the_stricter_policy_decides() {
    let strict = Policy { organization: "strict".into(), namespaces: Default::default(), ..denying(&["evil/app:2"]) };
    let open =
        Policy { categories: Categories { official: true, verified_publisher: true, community: true }, ..acme() };
    let enforced = Enforced {
        sessions: vec![session("dana", "acme", Role::Member), session("eve", "strict", Role::Member)],
        policies: vec![Arc::new(open), Arc::new(Policy { allow: rules(&["evil/app:1"]), ..strict })],
        ..Enforced::default()
    };
    let door = Door::new(enforced);
    let content = image(&digest('c'), [&digest('a'), &digest('b')]);
    let repository = format!("{HOST}/evil/app");
    assert_eq!(door.manifest("GET", &repository, "2", &content).await, Denied);
    assert_eq!(door.manifest("GET", &repository, "1", &content).await, Passed);
    assert_eq!(door.get(&format!("{repository}/blobs/{}", digest('a'))).await, Passed);
    assert_eq!(door.get(&format!("{repository}/blobs/{}", digest('d'))).await, Denied);
}
