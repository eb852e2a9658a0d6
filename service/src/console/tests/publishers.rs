//! The directory of publishers, refreshed with a button.

use super::*;

const REFRESH: &str = "/publishers/refresh";
const VERIFIED: &str = "verified_publisher";

/// With `olga` as the owner of every organization.
async fn world() -> World {
    let world = World::new().await;
    let mut change = world.store.write().await.unwrap();
    let account = change.account("olga").await.unwrap().unwrap().id;
    let beta = change.organization_id("beta").await.unwrap().unwrap();
    change.set_member(beta, account, Role::Owner, &[]).await.unwrap();
    change.commit().await.unwrap();
    world
}

async fn namespaces(world: &World) -> Vec<String> {
    let rows = world.store.read().await.unwrap().publishers().await.unwrap();
    rows.into_iter().map(|(namespace, _)| namespace).collect()
}

#[tokio::test]
async fn who_owns_all_refreshes_with_a_button_and_types_the_number() {
    let world = world().await;
    let olga = world.sign_in("olga").await;
    world.hub.show(&[("grafana/grafana", VERIFIED), ("bitnami/redis", VERIFIED), ("library/x", VERIFIED)]);
    let give = [("publishers", "bitnami sponsored-open-source"), ("badge", "verified-publisher")];
    olga.submit("/publishers", &give).await;

    let seen = olga.submit(REFRESH, &[("look", "on")]).await;
    assert!(seen.status == StatusCode::OK && seen.says("What a refresh would change"), "{}", seen.text);
    assert!(seen.says("Added: 1") && seen.says("Passed over: 1 of them") && seen.says("Given by hand, and left so: 1"));
    assert_eq!(namespaces(&world).await, ["bitnami"]);
    let made = olga.submit(REFRESH, &[]).await;
    assert!(made.says("What the refresh changed") && made.says("Added: 1"), "{}", made.text);
    assert!(
        made.says("<td data-head=\"Source\">Docker Hub</td>") && made.says("<td data-head=\"Source\">By hand</td>")
    );
    assert!(olga.submit(REFRESH, &[]).await.says("Nothing differs."));
    // What belongs to no organization stands in an audit log too.
    let audit = olga.get("/orgs/acme/audit?of=service&act=publisher").await;
    assert!(audit.says("publisher.refresh") && audit.says("aria-current=\"page\">The whole service"), "{}", audit.text);
    assert!(!olga.get("/orgs/acme/audit").await.says("publisher.refresh"));

    world.hub.show(&[]);
    let seen = olga.submit(REFRESH, &[("look", "on")]).await;
    assert!(seen.says("Removed: 1") && seen.says("name=\"confirm\""), "{}", seen.text);
    for (typed, status, said) in [
        ("", StatusCode::PRECONDITION_REQUIRED, "1 of the 1 namespaces"),
        ("2", StatusCode::PRECONDITION_REQUIRED, "and 2 were confirmed"),
        ("one", StatusCode::UNPROCESSABLE_ENTITY, "is no number of namespaces"),
    ] {
        let asked = olga.submit(REFRESH, &[("confirm", typed)]).await;
        assert!(
            asked.status == status && asked.says(said) && asked.says("name=\"confirm\""),
            "{typed}: {}",
            asked.text
        );
    }
    assert_eq!(namespaces(&world).await, ["bitnami", "grafana"]);
    assert!(olga.submit(REFRESH, &[("confirm", "1")]).await.says("Removed: 1"));
    assert_eq!(namespaces(&world).await, ["bitnami"]);
}

#[tokio::test]
async fn nobody_else_makes_the_service_ask() {
    let world = world().await;
    for user in ["adam", "audrey", "alice", "otto"] {
        let looks = world.sign_in(user).await;
        assert!(!looks.get("/publishers").await.says("Refresh from Docker Hub"), "{user}");
        for fields in [&[("look", "on")][..], &[]] {
            assert_eq!(looks.submit(REFRESH, fields).await.status, StatusCode::FORBIDDEN, "{user}");
        }
    }
    let olga = world.sign_in("olga").await;
    assert_eq!(olga.post(REFRESH, &[]).await.status, StatusCode::FORBIDDEN, "not from elsewhere");
    assert_eq!(olga.get(REFRESH).await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(world.hub.asked(), []);
}
