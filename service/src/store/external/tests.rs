//! Tests of [`super`].

use super::*;
use crate::{
    model::Origin,
    store::{
        Store,
        testing::{Fixture, on_each_database},
    },
};

async fn people(fixture: &Fixture) -> (Store, Writing, [i64; 2], i64) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let acme = change.add_organization("acme", 1).await.unwrap();
    let beta = change.add_organization("beta", 1).await.unwrap();
    let alice = change.new_account("alice", Origin::DockerHub, None, 1).await.unwrap();
    (store, change, [acme, beta], alice)
}

/// Organization, role, teams and source of each membership.
async fn memberships(change: &mut Writing, organizations: [i64; 2]) -> Vec<(i64, Role, Vec<String>, Source)> {
    let mut found = Vec::new();
    for organization in organizations {
        let members = change.members(organization).await.unwrap();
        found.extend(members.into_iter().map(|member| (organization, member.role, member.teams, member.source)));
    }
    found
}

async fn each_source_replaces_its_own_and_an_administrator_counts_more(fixture: Fixture) {
    let (_store, mut change, [acme, beta], alice) = people(&fixture).await;
    let ops = || vec!["ops".to_owned()];
    let wanted = |rows: &[(i64, Role)]| rows.iter().map(|(id, role)| (*id, (*role, vec![]))).collect();
    let hub = Source::DockerHub;
    assert!(
        !change
            .sync_memberships(alice, hub, wanted(&[(acme, Role::Owner), (beta, Role::Member)]))
            .await
            .unwrap()
            .is_empty()
    );
    let expected = [(acme, Role::Owner, vec![], hub), (beta, Role::Member, vec![], hub)];
    assert_eq!(memberships(&mut change, [acme, beta]).await, expected);

    change.set_member(acme, alice, Role::Auditor, &ops()).await.unwrap();
    assert!(!change.sync_memberships(alice, hub, wanted(&[(acme, Role::Owner)])).await.unwrap().is_empty());
    let settled = [(acme, Role::Auditor, ops(), Source::Admin)];
    assert_eq!(memberships(&mut change, [acme, beta]).await, settled, "beta went, what the administrator said stays");
    assert!(change.sync_memberships(alice, hub, wanted(&[])).await.unwrap().is_empty());
    assert_eq!(memberships(&mut change, [acme, beta]).await, settled);

    let by_groups = BTreeMap::from([(beta, (Role::Member, vec!["b".to_owned(), "a".to_owned(), "b".to_owned()]))]);
    assert!(!change.sync_memberships(alice, Source::Oidc, by_groups.clone()).await.unwrap().is_empty());
    assert!(
        change.sync_memberships(alice, hub, wanted(&[])).await.unwrap().is_empty(),
        "another source's is not its own"
    );
    assert_eq!(memberships(&mut change, [acme, beta]).await[1].2, ["a", "b"]);
    let before = change.revision().await.unwrap();
    assert!(change.sync_memberships(alice, Source::Oidc, by_groups).await.unwrap().is_empty());
    assert_eq!(change.revision().await.unwrap(), before, "saying the same moves nothing");
    assert!(change.remove_member(beta, alice).await.unwrap(), "whatever its source");
    assert!(change.revision().await.unwrap() > before);
}

async fn another_link_ends_what_the_first_one_said_at_once(fixture: Fixture) {
    let (store, mut change, [acme, beta], alice) = people(&fixture).await;
    let bob = change.add_account("bob", "$argon2id$x", 1).await.unwrap();
    change.set_member(acme, bob, Role::Member, &[]).await.unwrap();
    assert_eq!(change.set_hub_organization(acme, Some("acmehub")).await.unwrap().len(), 0);
    let links = change.hub_links().await.unwrap();
    let link = HubLink { organization: acme, name: "acme".to_owned(), hub_organization: "acmehub".to_owned() };
    assert_eq!(links, [link]);
    change.commit().await.unwrap();
    let mut twice = store.write().await.unwrap();
    twice.set_hub_organization(beta, Some("acmehub")).await.expect_err("one has one place");
    drop(twice);
    let mut change = store.write().await.unwrap();
    let wanted = BTreeMap::from([(acme, (Role::Member, vec![]))]);
    change.sync_memberships(alice, Source::DockerHub, wanted).await.unwrap();
    let before = change.revision().await.unwrap();
    assert_eq!(change.set_hub_organization(acme, None).await.unwrap(), ["alice"]);
    let moved: Vec<String> = change.accounts_since(before).await.unwrap().into_iter().map(|a| a.name).collect();
    assert_eq!(moved, ["alice"], "her machines hear of it, nobody else's");
    assert_eq!(change.members(acme).await.unwrap().len(), 1);
}

async fn a_subject_is_one_account_s_until_that_is_removed(fixture: Fixture) {
    let (store, mut change, _organizations, alice) = people(&fixture).await;
    let dana = change.new_account("dana", Origin::Oidc, None, 1).await.unwrap();
    assert_eq!(change.subject(dana).await.unwrap(), None);
    change.set_subject(dana, "https://id.example 42").await.unwrap();
    assert_eq!(change.account_by_subject("https://id.example 42").await.unwrap().unwrap().name, "dana");
    change.commit().await.unwrap();
    let mut twice = store.write().await.unwrap();
    twice.set_subject(alice, "https://id.example 42").await.expect_err("it is taken");
    drop(twice);
    let mut change = store.write().await.unwrap();
    change.remove_account(dana, 2).await.unwrap();
    assert_eq!(change.account_by_subject("https://id.example 42").await.unwrap(), None);
    let again = change.add_account("dana", "$argon2id$x", 3).await.unwrap();
    let account = change.account("dana").await.unwrap().unwrap();
    assert_eq!((again, account.origin), (dana, Origin::Own));
    assert_eq!(change.subject(dana).await.unwrap(), None, "whoever comes back is somebody else");
}

on_each_database! {
    each_source_replaces_its_own_and_an_administrator_counts_more,
    another_link_ends_what_the_first_one_said_at_once,
    a_subject_is_one_account_s_until_that_is_removed,
}
