//! Whose a namespace is.

use super::*;

async fn a_namespace_has_one_owner(fixture: Fixture) {
    let world = World::new(fixture).await;
    let (sole, olga, otto) = (world.person("sole").await, world.person("olga").await, world.person("otto").await);
    let (acme, beta, tools) = (name("acme"), name("beta"), name("acme-tools"));
    assert!(namespaces::add(&world.store, &sole, &acme, &tools).await.unwrap());
    assert!(!namespaces::add(&world.store, &sole, &acme, &tools).await.unwrap(), "already");
    let taken = namespaces::add(&world.store, &sole, &beta, &tools).await;
    let taken = taken.unwrap_err().to_string();
    assert!(taken.starts_with("the namespace `acme-tools` belongs to the organization `acme`"), "{taken}");
    assert!(matches!(
        namespaces::remove(&world.store, &otto, &beta, &tools, Confirmation::None, NOW).await,
        Err(ActError::NoNamespace { .. })
    ));
    let official = namespaces::add(&world.store, &sole, &acme, &name("library")).await;
    assert!(matches!(official, Err(ActError::NamespaceOfficial)));
    let revision = world.store.read().await.unwrap().revision().await.unwrap();
    namespaces::remove(&world.store, &olga, &acme, &tools, Confirmation::None, NOW).await.unwrap();
    assert!(world.store.read().await.unwrap().revision().await.unwrap() > revision, "machines are told");
    namespaces::add(&world.store, &sole, &beta, &tools).await.unwrap();
}

async fn who_owns_one_organization_of_several_takes_no_namespace_out_of_the_others_policies(fixture: Fixture) {
    let world = World::new(fixture).await;
    let mut change = world.store.write().await.unwrap();
    let acme = change.organization_id("acme").await.unwrap().unwrap();
    let otto = change.account("otto").await.unwrap().unwrap().id;
    change.set_member(acme, otto, Role::Member, &[]).await.unwrap();
    change.commit().await.unwrap();
    let (beta, evil) = (name("beta"), name("evil"));
    for actor in [world.person("otto").await, world.token("otto", &[TokenScope::OrgWrite]).await] {
        let refused = namespaces::add(&world.store, &actor, &beta, &evil).await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            "images of `evil` would count as `beta`'s own under the policies of the other organizations too, so only who \
             owns every organization here adds it; ask them, or who runs this service for \
             `organization namespace add beta evil`"
        );
    }
    // Nor learns what others own.
    namespaces::add(&world.store, &LOCAL, &name("acme"), &evil).await.unwrap();
    let refused = namespaces::add(&world.store, &world.person("otto").await, &beta, &evil).await;
    assert!(matches!(refused, Err(ActError::NamespaceOfAll { .. })));
}

async fn where_there_is_one_organization_its_owner_adds_namespaces(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let acme = change.add_organization("acme", NOW).await.unwrap();
    for (user, role) in [("olga", Role::Owner), ("adam", Role::Admin)] {
        let account = change.add_account(user, HASH, NOW).await.unwrap();
        change.set_member(acme, account, role, &[]).await.unwrap();
    }
    change.commit().await.unwrap();
    let world = World { store, _fixture: fixture };
    let adam = namespaces::add(&world.store, &world.person("adam").await, &name("acme"), &name("tools")).await;
    assert!(matches!(adam, Err(ActError::Forbidden { .. })));
    for actor in [world.person("olga").await, world.token("olga", &[TokenScope::OrgWrite]).await] {
        namespaces::add(&world.store, &actor, &name("acme"), &name("tools")).await.unwrap();
    }
}

on_each_database! {
    a_namespace_has_one_owner,
    who_owns_one_organization_of_several_takes_no_namespace_out_of_the_others_policies,
    where_there_is_one_organization_its_owner_adds_namespaces,
}
