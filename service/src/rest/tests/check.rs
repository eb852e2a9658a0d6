//! An image that is tried.

use super::*;

async fn what_only_watches_refuses_nothing_and_says_what_it_would(fixture: Fixture) {
    let world = World::new(fixture).await;
    let (admin, member) = (world.browser("admin").await, world.browser("member").await);
    let set = async |policy: Value| {
        let policy = policy.to_string();
        let any = [("if-match", "*")];
        let answer = world.call(&admin, "PATCH", "/organizations/acme/policy", &any, Some(&policy)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    let check = async |image: &str| world.get(&member, &format!("/me/check?image={image}")).await.body;
    let refused = |watched: bool| {
        let by = serde_json::json!({ "organization": "acme", "reason": "category", "rule": null, "watched": watched });
        serde_json::json!({ "image": "docker.io/evil/miner", "allowed": watched, "refused": [by] })
    };
    let community = |mode: &str| serde_json::json!({ "enabled": true, "mode": mode, "community": false });

    set(community("monitor")).await;
    assert_eq!(check("evil/miner").await, refused(true));
    set(community("enforce")).await;
    assert_eq!(check("evil/miner").await, refused(false));
    let free = check("alpine").await;
    assert_eq!((&free["allowed"], &free["refused"]), (&true.into(), &serde_json::json!([])), "{free}");

    // Of two organizations that refuse it, one that enforces is enough.
    let sole = world.browser("sole").await;
    let beta = community("monitor").to_string();
    let any = [("if-match", "*")];
    assert_eq!(world.call(&sole, "PATCH", "/organizations/beta/policy", &any, Some(&beta)).await.status, 200);
    let mut change = world.store.write().await.unwrap();
    let (member_id, beta) =
        (change.account("member").await.unwrap().unwrap().id, change.organization_id("beta").await.unwrap().unwrap());
    change.set_member(beta, member_id, Role::Member, &[]).await.unwrap();
    change.commit().await.unwrap();
    let both = check("evil/miner").await;
    assert_eq!(both["allowed"], false, "{both}");
    let watched: Vec<_> = both["refused"].as_array().unwrap().iter().map(|by| by["watched"].clone()).collect();
    assert_eq!(watched, [Value::from(false), true.into()], "{both}");
}

on_each_database! {
    what_only_watches_refuses_nothing_and_says_what_it_would,
}
