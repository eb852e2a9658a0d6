//! Requests, from a refusal's link to the answer.

use super::*;

/// The policy is on, and community images are not allowed.
async fn switch_on(world: &World) {
    let olga = world.sign_in("olga").await;
    let seen = olga.get(POLICY).await.hidden("seen");
    assert_eq!(olga.submit(POLICY, &policy_form(&seen, &[("enabled", Some("on"))])).await.location(), POLICY);
}

/// Alice asks; the address of the request for who answers.
async fn asked(world: &World, image: &str) -> String {
    let alice = world.sign_in("alice").await;
    let sent = alice.submit("/requests/new", &[("image", image), ("reason", "the demo <b>needs</b> it")]).await;
    assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, "/requests"), "{}", sent.text);
    let adam = world.sign_in("adam").await;
    let page = adam.get("/orgs/acme/requests").await;
    let link = page.text.split("href=\"").find(|part| part.starts_with("/orgs/acme/requests/0")).unwrap();
    link.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_is_made_from_a_refusals_link_and_approved_by_a_click() {
    let world = World::new().await;
    switch_on(&world).await;
    let alice = world.sign_in("alice").await;
    let form = alice.get("/requests/new?image=docker.io%2Fevil%2Fminer").await;
    assert!(form.says("value=\"docker.io/evil/miner\"") && form.says("it is a community image"), "{}", form.text);
    assert!(alice.get("/my-policy?image=evil/miner").await.says("would be refused"));
    let request = asked(&world, "docker.io/evil/miner").await;
    assert!(alice.get("/requests").await.says("Waiting"));
    let adam = world.sign_in("adam").await;
    let page = adam.get(&request).await;
    assert!(page.says("the demo &lt;b&gt;needs&lt;/b&gt; it") && page.says("alice only"), "{}", page.text);
    let done = adam.submit(&format!("{request}/approve"), &[("lasts", "30d")]).await;
    assert_eq!(done.location(), "/orgs/acme/requests", "{}", done.text);
    let rules = world.store.read().await.unwrap().policy(1, "acme").await.unwrap().rules;
    let [rule] = &rules[..] else { panic!("{rules:?}") };
    assert_eq!((rule.pattern.as_str(), rule.expires_at.is_some()), ("docker.io/evil/miner", true));
    assert!(alice.get("/requests").await.says("Approved"));
    assert!(alice.get("/my-policy?image=evil/miner").await.says("<b>may be pulled.</b>"));
    let again = adam.submit(&format!("{request}/approve"), &[("lasts", "30d")]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.says("is approved already"), "{}", again.text);
}

#[tokio::test]
async fn who_approves_what_the_denylist_has_is_told_where_that_is_here() {
    let world = World::new().await;
    switch_on(&world).await;
    let request = asked(&world, "evil/miner").await;
    let adam = world.sign_in("adam").await;
    let deny =
        [("list", "deny"), ("pattern", "evil/*"), ("whom", "everybody"), ("name", ""), ("until", ""), ("reason", "")];
    assert_eq!(adam.submit("/orgs/acme/allowlist", &deny).await.location(), "/orgs/acme/allowlist?list=deny");
    let page = adam.submit(&format!("{request}/approve"), &[("lasts", "30d")]).await;
    assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(page.says("has <code>evil/*</code>") && page.says("behind Allowlist, under Denylist"), "{}", page.text);
    assert!(!page.says("denylist remove"), "nobody has a command line here");
}

#[tokio::test]
async fn a_request_is_denied_with_a_reason_that_reaches_who_asked() {
    let world = World::new().await;
    switch_on(&world).await;
    let request = asked(&world, "evil/miner").await;
    let adam = world.sign_in("adam").await;
    let empty = adam.submit(&format!("{request}/deny"), &[("reason", " ")]).await;
    assert!(empty.status == StatusCode::UNPROCESSABLE_ENTITY && empty.says("Say why it is needed"), "{}", empty.text);
    let done = adam.submit(&format!("{request}/deny"), &[("reason", "take alpine")]).await;
    assert_eq!(done.location(), "/orgs/acme/requests");
    assert!(world.sign_in("alice").await.get("/requests").await.says("take alpine"));
    assert!(adam.get("/orgs/acme/requests").await.says("Nothing waits"));
    assert!(adam.get("/orgs/acme/requests?state=all").await.says("evil/miner"));
}

#[tokio::test]
async fn an_approval_that_does_not_help_says_so_and_keeps_what_was_typed() {
    let world = World::new().await;
    switch_on(&world).await;
    let request = asked(&world, "evil/miner").await;
    let adam = world.sign_in("adam").await;
    for (fields, said) in [
        ([("lasts", "7d"), ("pattern", "other/*"), ("whom", "person")], "would still be refused"),
        ([("lasts", "7d"), ("pattern", "a//b"), ("whom", "person")], "is no pattern"),
        ([("lasts", "7d"), ("pattern", "evil/miner"), ("whom", "team:ops")], "is not in team"),
        ([("lasts", "soon"), ("pattern", "evil/miner"), ("whom", "person")], "is not a time span"),
    ] {
        let page = adam.submit(&format!("{request}/approve"), &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
        assert!(page.says(said) && page.says(fields[1].1), "{said}: {}", page.text);
    }
    assert!(world.store.read().await.unwrap().policy(1, "acme").await.unwrap().rules.is_empty());
}

#[tokio::test]
async fn requests_are_answered_by_who_may_and_taken_back_by_who_asked() {
    let world = World::new().await;
    switch_on(&world).await;
    let request = asked(&world, "evil/miner").await;
    let (audrey, alice, otto) =
        (world.sign_in("audrey").await, world.sign_in("alice").await, world.sign_in("otto").await);
    let seen = audrey.get(&request).await;
    assert!(seen.status == StatusCode::OK && !seen.says("/approve"), "an auditor looks: {}", seen.text);
    for (browser, expected) in
        [(&audrey, StatusCode::FORBIDDEN), (&alice, StatusCode::FORBIDDEN), (&otto, StatusCode::NOT_FOUND)]
    {
        for deed in ["approve", "deny"] {
            let sent = browser.submit(&format!("{request}/{deed}"), &[("lasts", "1d"), ("reason", "no")]).await;
            assert_eq!(sent.status, expected, "{deed}: {}", sent.text);
        }
    }
    assert_eq!(alice.get("/orgs/acme/requests").await.status, StatusCode::FORBIDDEN);
    let id = request.rsplit('/').next().unwrap();
    assert_eq!(otto.submit(&format!("/requests/{id}/withdraw"), &[]).await.status, StatusCode::NOT_FOUND);
    // Its address says another organization's name: it is not there.
    assert_eq!(otto.get(&format!("/orgs/beta/requests/{id}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(alice.submit(&format!("/requests/{id}/withdraw"), &[]).await.location(), "/requests");
    assert!(alice.get("/requests").await.says("Taken back"));
}

#[tokio::test]
async fn what_is_no_image_is_said_and_what_is_allowed_needs_no_request() {
    let world = World::new().await;
    switch_on(&world).await;
    let alice = world.sign_in("alice").await;
    let page = alice.get("/my-policy?image=UPPER//%3Cscript%3E").await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says("is no image reference"), "{}", page.text);
    assert!(!page.says("<script>"));
    let long = format!("/my-policy?image={}", "a".repeat(2000));
    assert!(alice.get(&long).await.says("too long"));
    let sent = alice.submit("/requests/new", &[("image", "alpine"), ("reason", "x")]).await;
    assert_eq!(sent.location(), "/my-policy?image=docker.io%2Flibrary%2Falpine", "{}", sent.text);
    let sent = alice.submit("/requests/new", &[("image", "a//b"), ("reason", "typed words")]).await;
    assert!(sent.status == StatusCode::UNPROCESSABLE_ENTITY && sent.says("typed words"), "{}", sent.text);
}
