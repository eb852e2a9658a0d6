//! *Namespaces*: who changes them, and the number that is typed before many lose something.

use super::*;
use crate::{acts::Actor, store::testing::did};

const PAGE: &str = "/orgs/acme/namespaces";
const REMOVE: &str = "/orgs/acme/namespaces/remove";

/// Olga owns all organizations then.
async fn owns_all(world: &World) {
    let mut change = world.store.write().await.unwrap();
    let beta = change.organization_id("beta").await.unwrap().unwrap();
    let olga = change.account("olga").await.unwrap().unwrap().id;
    change.set_member(beta, olga, Role::Owner, &[]).await.unwrap();
    change.commit().await.unwrap();
}

async fn owned(world: &World) -> Vec<String> {
    world.store.read().await.unwrap().policy(1, "acme").await.unwrap().namespaces
}

#[tokio::test]
async fn owners_change_the_namespaces_and_everybody_else_looks() {
    let world = World::new().await;
    let olga = world.sign_in("olga").await;
    let page = olga.get(PAGE).await;
    assert!(page.says("owns no Docker Hub namespace yet") && page.says("only who owns every organization adds one"));
    assert!(!page.says("action=\"/orgs/acme/namespaces"), "{}", page.text);
    let refused = olga.submit(PAGE, &[("namespace", "acme")]).await;
    assert!(refused.status == StatusCode::FORBIDDEN && refused.says("organization namespace add acme acme"));
    owns_all(&world).await;
    assert!(!olga.get(PAGE).await.says("only who owns every organization adds one"));
    let (acme, tools) = ([("namespace", " ACME ")], [("namespace", "tools")]);
    for (namespace, flash) in [(&acme, "namespace-added"), (&tools, "namespace-added"), (&acme, "namespace-added")] {
        let done = olga.submit(PAGE, namespace).await;
        assert_eq!((done.status, done.location()), (StatusCode::SEE_OTHER, PAGE), "{}", done.text);
        assert!(done.headers[header::SET_COOKIE].to_str().unwrap().contains(flash));
    }
    assert_eq!(owned(&world).await, ["acme", "tools"]);
    assert_eq!(olga.post(PAGE, &[("namespace", "more")]).await.status, StatusCode::FORBIDDEN, "not from elsewhere");

    for user in ["adam", "audrey", "alice"] {
        let looks = world.sign_in(user).await;
        let page = looks.get(PAGE).await;
        assert_eq!(page.status, StatusCode::OK, "{user}");
        assert!(page.says("docker.io/tools/*") && page.says("Owners of acme change them"), "{user}: {}", page.text);
        assert!(!page.says("action=\"/orgs/acme/namespaces"), "{user} is offered nothing: {}", page.text);
        for (address, fields) in [(PAGE, [("namespace", "more")]), (REMOVE, tools)] {
            let refused = looks.submit(address, &fields).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{user} at {address}");
            assert!(refused.says("say which Docker Hub namespaces it owns"), "{}", refused.text);
        }
    }
    // Whoever belongs to another one, or to none, learns of nothing.
    for user in ["otto", "nobody"] {
        let other = world.sign_in(user).await;
        assert_eq!(other.get(PAGE).await.status, StatusCode::NOT_FOUND, "{user}");
        for (address, fields) in [(PAGE, [("namespace", "more")]), (REMOVE, tools)] {
            assert_eq!(other.submit(address, &fields).await.status, StatusCode::NOT_FOUND, "{user} at {address}");
        }
    }
    assert_eq!(world.get(PAGE).await.location(), "/sign-in?next=%2Forgs%2Facme%2Fnamespaces");
    assert_eq!(owned(&world).await, ["acme", "tools"], "nobody else changed anything");

    let gone = olga.submit(REMOVE, &tools).await;
    assert_eq!((gone.status, gone.location()), (StatusCode::SEE_OTHER, PAGE), "{}", gone.text);
    assert_eq!(owned(&world).await, ["acme"]);
    let again = olga.submit(REMOVE, &tools).await;
    assert!(
        again.status == StatusCode::UNPROCESSABLE_ENTITY && again.says("does not own the namespace"),
        "{}",
        again.text
    );
    assert_eq!(olga.submit(REMOVE, &[("namespace", "a/b")]).await.status, StatusCode::BAD_REQUEST);
    let audit = olga.get("/orgs/acme/audit?act=namespace").await;
    assert!(audit.says("namespace.add") && audit.says("namespace.remove"), "{}", audit.text);
}

#[tokio::test]
async fn what_is_no_namespace_or_another_owners_is_said_at_its_field() {
    let world = World::new().await;
    owns_all(&world).await;
    let (root, beta, theirs) = (Actor::Local { uid: 0 }, "beta".parse().unwrap(), "theirs".parse().unwrap());
    crate::acts::namespaces::add(&world.store, &root, &beta, &theirs).await.unwrap();
    let olga = world.sign_in("olga").await;
    for (typed, said) in [
        ("", "is not a name"),
        ("acme/app", "is not a name"),
        ("library", "official images"),
        ("theirs", "belongs to the organization"),
    ] {
        let page = olga.submit(PAGE, &[("namespace", typed)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{typed}");
        let field = page.text.split('<').find(|tag| tag.starts_with("input id=\"namespace\"")).unwrap();
        assert!(page.says(said) && field.contains("aria-invalid=\"true\""), "{typed}: {}", page.text);
        assert!(field.contains(&format!("value=\"{typed}\"")), "what was typed is not lost: {field}");
    }
    assert!(owned(&world).await.is_empty());
}

#[tokio::test]
async fn a_namespace_that_people_use_takes_their_number() {
    let world = World::new().await;
    owns_all(&world).await;
    let olga = world.sign_in("olga").await;
    for namespace in ["acme", "unused"] {
        assert_eq!(olga.submit(PAGE, &[("namespace", namespace)]).await.location(), PAGE);
    }
    did(&world.store, "alice", "pull", "docker.io/acme/app:1", crate::clock::now_ms()).await;
    did(&world.store, "audrey", "pull", "docker.io/library/alpine:3", crate::clock::now_ms()).await;
    let seen = olga.get(POLICY).await.hidden("seen");
    assert_eq!(olga.submit(POLICY, &policy_form(&seen, &[("enabled", Some("on"))])).await.location(), POLICY);

    let gone = |confirm| [("namespace", "acme"), ("confirm", confirm)];
    for (confirm, status, said) in [
        ("", StatusCode::PRECONDITION_REQUIRED, "1 of the 2 active people"),
        ("2", StatusCode::PRECONDITION_REQUIRED, "and 2 were confirmed"),
        ("one", StatusCode::UNPROCESSABLE_ENTITY, "is no number of people"),
    ] {
        let asked = olga.submit(REMOVE, &gone(confirm)).await;
        assert_eq!(asked.status, status, "{confirm}: {}", asked.text);
        assert!(asked.says(said) && asked.says("name=\"confirm\"") && asked.says("Remove acme<"), "{}", asked.text);
        assert_eq!(asked.hidden("namespace"), "acme", "the form that asks comes first");
    }
    assert_eq!(owned(&world).await, ["acme", "unused"]);
    assert_eq!(olga.submit(REMOVE, &[("namespace", "unused")]).await.location(), PAGE, "nobody loses anything by it");
    assert_eq!(olga.submit(REMOVE, &gone("1")).await.location(), PAGE);
    assert!(owned(&world).await.is_empty());
}

#[tokio::test]
async fn the_policys_page_leads_to_them() {
    let world = World::new().await;
    let namespace = "acme".parse().unwrap();
    let (root, acme) = (Actor::Local { uid: 0 }, "acme".parse().unwrap());
    crate::acts::namespaces::add(&world.store, &root, &acme, &namespace).await.unwrap();
    for user in ["olga", "alice"] {
        let page = world.sign_in(user).await.get(POLICY).await;
        assert!(page.says("Docker Hub: acme. <a href=\"/orgs/acme/namespaces\">"), "{user}: {}", page.text);
    }
}
