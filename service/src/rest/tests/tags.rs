//! Nobody's change is lost: what was changed meanwhile is not changed unseen.

use super::*;

/// Two look at a thing; the first one changes it, and the second one is told. Returns its newest tag.
async fn only_the_first_change_counts(world: &World, who: &Who, method: &str, path: &str, bodies: [&str; 2]) -> String {
    let tag = |answer: &Answered| answer.headers[header::ETAG].to_str().unwrap().to_owned();
    let looked = world.get(who, path).await;
    assert_eq!(looked.status, 200, "{path}: {}", looked.body);
    let seen = tag(&looked);
    let seen = [("if-match", seen.as_str())];
    let [first, second] = bodies;
    let changed = world.call(who, method, path, &seen, Some(first)).await;
    assert_eq!(changed.status, 200, "{path}: {}", changed.body);
    let refused = world.call(who, method, path, &seen, Some(second)).await;
    assert_eq!((refused.status, refused.code()), (412, "changed"), "{path}: {}", refused.body);
    assert_eq!(tag(&world.get(who, path).await), tag(&changed), "{path}: nothing was changed since");
    for (bad, status) in [("\"abc\"", 412), ("abc", 400)] {
        let refused = world.call(who, method, path, &[("if-match", bad)], Some(second)).await;
        assert_eq!(refused.status, status, "{path} {bad}: {}", refused.body);
    }
    tag(&changed)
}

async fn a_change_of_what_was_changed_meanwhile_is_refused(fixture: Fixture) {
    let world = World::new(fixture).await;
    let (sole, any) = (world.browser("sole").await, [("if-match", "*")]);
    let keep = [r#"{"keep_records":86400}"#, r#"{"allowed_pulls":"none"}"#];
    let organization = "/organizations/acme";
    let tag = only_the_first_change_counts(&world, &sole, "PATCH", organization, keep).await;
    let same = world.call(&sole, "GET", organization, &[("if-none-match", tag.as_str())], None).await;
    assert_eq!((same.status, &same.body), (304, &Value::Null));
    assert_eq!(world.get(&sole, organization).await.body["keep_records"], 86_400);

    let made = world.call(&sole, "POST", "/organizations/acme/teams", &[], Some(r#"{"team":"ops"}"#)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let (team, words) = ("/organizations/acme/teams/ops", [r#"{"description":"a"}"#, r#"{"description":"b"}"#]);
    let before = only_the_first_change_counts(&world, &sole, "PATCH", team, words).await;
    // Who is in it is another matter: what was looked at is still so.
    let member = "/organizations/acme/teams/ops/members/member";
    assert_eq!(world.call(&sole, "PUT", member, &[], None).await.status, 204);
    let before = [("if-match", before.as_str())];
    assert_eq!(world.call(&sole, "PATCH", team, &before, Some(words[1])).await.status, 200);

    let badges = [r#"{"badge":"sponsored-open-source"}"#, r#"{"badge":"verified-publisher"}"#];
    let publisher = "/publishers/bitnami";
    // What is made was not looked at; and who looked at something does not make it anew after it went.
    let gone = world.call(&sole, "PUT", publisher, &[("if-match", "\"abc\"")], Some(badges[1])).await;
    assert_eq!((gone.status, gone.code()), (412, "changed"), "{}", gone.body);
    for path in [publisher, "/organizations/acme/members/stranger"] {
        let body = if path == publisher { badges[1] } else { r#"{"role":"member"}"# };
        let gone = world.call(&sole, "PUT", path, &any, Some(body)).await;
        assert_eq!((gone.status, gone.code()), (412, "changed"), "nothing is there to be changed: {}", gone.body);
        assert_eq!(world.get(&sole, path).await.status, 404, "{path}");
    }
    assert_eq!(world.call(&sole, "PUT", publisher, &[], Some(badges[1])).await.status, 201);
    let tag = only_the_first_change_counts(&world, &sole, "PUT", publisher, badges).await;
    let same = world.call(&sole, "GET", publisher, &[("if-none-match", tag.as_str())], None).await;
    assert_eq!(same.status, 304);
    assert_eq!(world.call(&sole, "PUT", publisher, &any, Some(badges[0])).await.status, 200, "it is there");
    assert_eq!(world.call(&sole, "PUT", publisher, &[], Some(badges[1])).await.status, 200);

    for (path, body) in [(organization, keep[1]), (team, words[0])] {
        let refused = world.call(&sole, "PATCH", path, &[], Some(body)).await;
        assert_eq!((refused.status, refused.code()), (428, "if_match_required"), "{path}: {}", refused.body);
        assert_eq!(world.call(&sole, "PATCH", path, &any, Some(body)).await.status, 200, "{path}");
    }
}

/// What stands there is ended only as it was looked at; and where nothing has a tag, none is taken for one.
async fn what_was_changed_meanwhile_is_not_ended(fixture: Fixture) {
    let world = World::new(fixture).await;
    let sole = world.browser("sole").await;
    for (path, make, body) in [
        ("/organizations/acme/teams/ops", "/organizations/acme/teams", r#"{"team":"ops"}"#),
        ("/publishers/bitnami", "/publishers/bitnami", r#"{"badge":"verified-publisher"}"#),
        ("/publishers/refresh", "/publishers/refresh", r#"{"badge":"verified-publisher"}"#),
        ("/organizations/acme/members/member", "/organizations/acme/members/member", r#"{"role":"auditor"}"#),
    ] {
        let method = if path == make { "PUT" } else { "POST" };
        assert!(world.call(&sole, method, make, &[], Some(body)).await.status < 300, "{path}");
        let looked = world.get(&sole, path).await.headers[header::ETAG].to_str().unwrap().to_owned();
        for (seen, status, code) in [("\"abc\"", 412, "changed"), ("abc", 400, "malformed")] {
            let refused = world.call(&sole, "DELETE", path, &[("if-match", seen)], None).await;
            assert_eq!((refused.status, refused.code()), (status, code), "{path}: {}", refused.body);
        }
        assert_eq!(world.call(&sole, "DELETE", path, &[("if-match", &looked)], None).await.status, 204, "{path}");
        let gone = world.call(&sole, "DELETE", path, &[("if-match", &looked)], None).await;
        assert_eq!((gone.status, gone.code()), (404, "not_found"), "{path}");
    }
    for path in [
        "/organizations/acme/registries/ghcr.io",
        "/organizations/acme/namespaces/acmespace",
        "/organizations/acme/allowlist/some-id",
        "/organizations/acme/denylist/some-id",
        "/organizations/acme/tokens/some-id",
        "/organizations/acme/teams/ops/members/member",
    ] {
        let refused = world.call(&sole, "DELETE", path, &[("if-match", "\"abc\"")], None).await;
        assert_eq!((refused.status, refused.code()), (400, "malformed"), "{path}: {}", refused.body);
        let any = world.call(&sole, "DELETE", path, &[("if-match", "*")], None).await;
        assert_eq!((any.status, any.code()), (404, "not_found"), "{path}: {}", any.body);
    }
    // Who only looks changes nothing by a condition that is not asked.
    assert_eq!(world.call(&sole, "GET", "/me", &[("if-match", "\"abc\"")], None).await.status, 200);
}

on_each_database! {
    what_was_changed_meanwhile_is_not_ended,
    a_change_of_what_was_changed_meanwhile_is_refused,
}
