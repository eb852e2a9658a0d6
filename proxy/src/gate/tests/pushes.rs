//! Pushes, and what clients look for before they push.

use policy::Settings;

use super::*;

fn pushing(patterns: Option<&[&str]>) -> Policy {
    Policy { settings: Settings { push: patterns.map(rules), ..Settings::default() }, ..acme() }
}

#[tokio::test]
async fn pushes_are_decided_by_repository() {
    for (policy, place, expected) in [
        (pushing(None), "evil/app", Passed),
        (pushing(Some(&["acme/*"])), "acme/app", Passed),
        (pushing(Some(&["acme/*"])), "evil/app", Denied),
        (pushing(Some(&[])), "acme/app", Denied),
    ] {
        let door = Door::with(policy);
        for (method, part) in [
            ("POST", "blobs/uploads/".to_owned()),
            ("POST", format!("blobs/uploads/?mount={}&from=evil%2Fminer", digest('a'))),
            ("PATCH", "blobs/uploads/0123?_state=x".to_owned()),
            ("PUT", format!("blobs/uploads/0123?digest={}", digest('a'))),
            ("GET", "blobs/uploads/0123".to_owned()),
            ("PUT", "manifests/1".to_owned()),
            ("DELETE", format!("manifests/{}", digest('a'))),
        ] {
            let found = door.answered(method, &format!("{HOST}/{place}/{part}"), None, None).await;
            assert_eq!(found, expected, "{method} {place}/{part}");
        }
    }
    let door = Door::with(pushing(Some(&["acme/*"])));
    let refusal = door.refusal("ghcr.io", "POST", "/v2/evil/app/blobs/uploads/").await;
    assert!(refusal.message.starts_with("`ghcr.io/evil/app` is not where acme allows images to be pushed."));
}

#[tokio::test]
async fn who_pushes_where_they_may_not_pull_is_not_told_what_is_there() {
    let door = Door::with(pushing(None));
    let blob = |digit| format!("{HOST}/evil/app/blobs/{}", digest(digit));
    assert_eq!(door.answered("HEAD", &blob('a'), None, None).await, NotFound);
    assert_eq!(door.get(&blob('a')).await, Denied);
    // What was just sent is looked for once more (moby `distribution/push_v2.go`).
    let upload = format!("{HOST}/evil/app/blobs/uploads/01?digest={}", digest('a'));
    assert_eq!(door.answered("PUT", &upload, None, None).await, Passed);
    assert_eq!(door.answered("HEAD", &blob('a'), None, None).await, Passed);
    assert_eq!(door.answered("HEAD", &blob('b'), None, None).await, NotFound);
    // It may be looked for, and not fetched.
    assert_eq!(door.get(&blob('a')).await, Denied);
    let elsewhere = format!("{HOST}/evil/other/blobs/{}", digest('a'));
    assert_eq!(door.answered("HEAD", &elsewhere, None, None).await, NotFound);
}

#[tokio::test]
async fn a_manifest_that_was_sent_may_be_looked_for_by_its_digest() {
    let door = Door::with(pushing(None));
    let place = format!("{HOST}/evil/app/manifests/1");
    assert_eq!(door.answered("PUT", &place, Some(&digest('a')), None).await, Passed);
    let target = |reference: &str| format!("/v2/evil/app/manifests/{reference}");
    let passes = async |reference: &str, accept| {
        matches!(door.ask(HOST, "HEAD", &target(reference), accept).await, Answer::Pass(_))
    };
    assert!(passes(&digest('a'), PUSH_TYPES).await);
    assert!(!passes(&digest('b'), PUSH_TYPES).await);
    assert!(!passes("1", PUSH_TYPES).await);
    assert!(!passes(&digest('a'), PULL_TYPES).await);
}

#[tokio::test]
async fn a_head_for_a_push_is_told_from_that_of_a_pull() {
    let door = Door::with(pushing(None));
    let strict = Door::with(pushing(Some(&["acme/*"])));
    for (accept, expected, text) in [
        (PUSH_TYPES, StatusCode::NOT_FOUND, "not where acme allows images to be pushed"),
        ("application/vnd.docker.distribution.manifest.v2+json,*/*;q=0.1", StatusCode::NOT_FOUND, "to be pushed"),
        (PULL_TYPES, StatusCode::FORBIDDEN, "is a community image"),
        ("*/*", StatusCode::FORBIDDEN, "is a community image"),
        ("application/vnd.oci.image.manifest.v1+json", StatusCode::FORBIDDEN, "is a community image"),
        ("", StatusCode::FORBIDDEN, "is a community image"),
    ] {
        let Answer::Refuse(refusal) = door.ask(HOST, "HEAD", "/v2/evil/app/manifests/1", accept).await else {
            panic!("{accept} passed");
        };
        assert_eq!(refusal.status, expected, "{accept}");
        // Where neither is allowed, who pushes reads why they may not push.
        let Answer::Refuse(refusal) = strict.ask(HOST, "HEAD", "/v2/evil/app/manifests/1", accept).await else {
            panic!("{accept} passed");
        };
        assert_eq!(refusal.status, StatusCode::FORBIDDEN, "{accept}");
        assert!(refusal.message.contains(text), "{accept}: {}", refusal.message);
    }
    // BuildKit asks for a blob when it was refused a manifest, so that who may do neither reads of the pull.
    let blob = format!("/v2/evil/app/blobs/{}", digest('a'));
    let Answer::Refuse(refusal) = strict.ask(HOST, "HEAD", &blob, "").await else { panic!("it passed") };
    assert_eq!(refusal.status, StatusCode::FORBIDDEN);
    assert!(refusal.message.contains("is a community image"), "{}", refusal.message);
    // Where it may be pulled, the registry answers.
    assert!(matches!(door.ask(HOST, "HEAD", "/v2/acme/app/manifests/1", PUSH_TYPES).await, Answer::Pass(_)));
}
