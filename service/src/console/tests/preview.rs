//! What a draft would do, shown above its form; and the number that is typed.

use super::*;
use crate::store::testing::did;

const PREVIEW: &str = "/orgs/acme/image-access/preview";
const MINER: &str = "docker.io/evil/miner:latest";

async fn enabled(world: &World) -> bool {
    world.store.read().await.unwrap().policy(1, "acme").await.unwrap().settings.enabled
}

#[tokio::test]
async fn an_owner_sees_what_a_draft_does_and_types_the_number() {
    let world = World::new().await;
    let olga = world.sign_in("olga").await;
    for user in ["alice", "audrey", "olga"] {
        did(&world.store, user, "pull", MINER, crate::clock::now_ms()).await;
    }
    let seen = olga.get(POLICY).await.hidden("seen");
    let draft = [("enabled", Some("on")), ("message", Some("Ask us."))];
    let shown = olga.submit(PREVIEW, &policy_form(&seen, &draft)).await;
    assert_eq!(shown.status, StatusCode::OK, "{}", shown.text);
    for part in ["What this draft would do", MINER, "<b>alice</b>", "2 of the 3 active people", "name=\"confirm\""] {
        assert!(shown.says(part), "{part} in {}", shown.text);
    }
    assert!(shown.says("Ask us.") && shown.says("name=\"enabled\" checked"), "the draft stands in the form");
    assert!(!shown.says("On, enforced"), "what is typed is no state");
    assert_eq!(shown.hidden("seen"), seen);
    assert!(!enabled(&world).await, "nothing was changed");

    let refused = olga.submit(POLICY, &policy_form(&seen, &draft)).await;
    assert_eq!(refused.status, StatusCode::PRECONDITION_REQUIRED);
    assert!(refused.says("would be refused something") && refused.says("What this draft would do"));
    for (typed, status, said) in [
        ("1", StatusCode::PRECONDITION_REQUIRED, "and 1 were confirmed"),
        ("two", StatusCode::UNPROCESSABLE_ENTITY, "is no number of people"),
        ("<script>", StatusCode::UNPROCESSABLE_ENTITY, "<code>&lt;script&gt;</code>"),
    ] {
        let form = policy_form(&seen, &[&draft[..], &[("confirm", Some(typed))]].concat());
        let page = olga.submit(POLICY, &form).await;
        assert!(page.status == status && page.says(said), "{typed}: {} {}", page.status, page.text);
    }
    assert!(!enabled(&world).await);
    let form = policy_form(&seen, &[&draft[..], &[("confirm", Some("2"))]].concat());
    assert_eq!(olga.submit(POLICY, &form).await.location(), POLICY);
    assert!(enabled(&world).await);

    // Somebody was faster than the preview.
    let late = olga.submit(PREVIEW, &policy_form(&seen, &draft)).await;
    assert!(late.status == StatusCode::CONFLICT && late.says("Somebody else changed this policy"), "{}", late.text);
    let form = [("enabled", Some("on")), ("registries", Some("a b"))];
    let wrong = olga.submit(PREVIEW, &policy_form(&late.hidden("seen"), &form)).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.text);
    assert!(wrong.says("aria-invalid=\"true\"") && !wrong.says("What this draft would do"), "{}", wrong.text);
}

#[tokio::test]
async fn who_only_looks_sees_nothing_of_it() {
    let world = World::new().await;
    did(&world.store, "alice", "pull", MINER, crate::clock::now_ms()).await;
    let draft = policy_form("x", &[("enabled", Some("on"))]);
    for user in ["alice", "audrey"] {
        let looks = world.sign_in(user).await;
        assert!(!looks.get(POLICY).await.says("Preview"));
        let refused = looks.submit(PREVIEW, &draft).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{user}: {}", refused.text);
        assert!(!refused.says("evil"));
    }
    assert_eq!(world.sign_in("otto").await.submit(PREVIEW, &draft).await.status, StatusCode::NOT_FOUND);
    let olga = world.sign_in("olga").await;
    assert_eq!(olga.post(PREVIEW, &draft).await.status, StatusCode::FORBIDDEN, "not from elsewhere");
    assert_eq!(olga.get(PREVIEW).await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_list_asks_for_the_number_too() {
    let world = World::new().await;
    let olga = world.sign_in("olga").await;
    did(&world.store, "alice", "pull", "docker.io/library/alpine:3", crate::clock::now_ms()).await;
    did(&world.store, "alice", "pull", MINER, crate::clock::now_ms()).await;
    let list = "/orgs/acme/allowlist";
    let entry = |list, pattern, confirm| {
        [("list", list), ("pattern", pattern), ("whom", "everybody"), ("name", ""), ("until", ""), ("confirm", confirm)]
    };
    assert_eq!(olga.submit(list, &entry("allow", "evil/miner", "")).await.location(), list);
    let seen = olga.get(POLICY).await.hidden("seen");
    assert_eq!(olga.submit(POLICY, &policy_form(&seen, &[("enabled", Some("on"))])).await.location(), POLICY);

    let asked = olga.submit(list, &entry("deny", "alpine", "")).await;
    assert_eq!(asked.status, StatusCode::PRECONDITION_REQUIRED);
    assert!(asked.says("name=\"confirm\"") && asked.says("value=\"alpine\""), "{}", asked.text);
    assert_eq!(olga.submit(list, &entry("deny", "alpine", "1")).await.location(), "/orgs/acme/allowlist?list=deny");

    let rules = world.store.read().await.unwrap().policy(1, "acme").await.unwrap().rules;
    let id = rules.iter().find(|rule| rule.pattern == "evil/miner").unwrap().id.as_str();
    let gone = |confirm| [("list", "allow"), ("rule", id), ("confirm", confirm)];
    let asked = olga.submit("/orgs/acme/allowlist/remove", &gone("")).await;
    assert!(asked.status == StatusCode::PRECONDITION_REQUIRED && asked.hidden("rule") == id, "{}", asked.text);
    assert_eq!(olga.submit("/orgs/acme/allowlist/remove", &gone("1")).await.location(), list);
}
