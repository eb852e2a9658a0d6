//! What is done with an access token.

use super::*;

async fn what_a_token_is_not_made_for_it_does_not_whoever_owns_it(fixture: Fixture) {
    let world = World::new(fixture).await;
    for (scopes, good) in [
        (&[TokenScope::SignIn][..], false),
        (&[TokenScope::OrgRead], false),
        (&[TokenScope::OrgRead, TokenScope::SignIn], false),
        (&[TokenScope::OrgWrite], true),
    ] {
        let actor = world.token("olga", scopes).await;
        let set = world.set(&actor, "acme", &Condition::Any).await;
        assert_eq!(set.is_ok(), good, "{scopes:?}");
        let shown = policy::show(&world.store, &actor, &name("acme")).await;
        assert_eq!(shown.is_ok(), scopes.contains(&TokenScope::OrgRead), "{scopes:?}");
    }
    let hasher = Hasher::new().unwrap();
    let limits = || Limits { scopes: TokenScopes::all(), expires_at: None, note: String::new() };
    let all: Vec<TokenScope> = vec![TokenScope::SignIn, TokenScope::OrgRead, TokenScope::OrgWrite];
    let actor = world.token("olga", &all).await;
    let made = tokens::create(&world.store, &hasher, &actor, &name("olga"), "x", limits(), NOW).await;
    assert!(matches!(made, Err(ActError::NotByToken(_))), "one token makes no other");
    let actor = world.person("olga").await;
    tokens::create(&world.store, &hasher, &actor, &name("olga"), "x", limits(), NOW).await.unwrap();
    let made = tokens::create(&world.store, &hasher, &actor, &name("mia"), "x", limits(), NOW).await;
    assert!(matches!(made, Err(ActError::Forbidden { .. })), "nor does an owner make somebody else's");
}

async fn a_token_hands_on_what_it_is_good_for_and_no_longer(fixture: Fixture) {
    use TokenScope::{OrgRead, OrgWrite, SignIn};
    let world = World::new(fixture).await;
    let (store, hasher, acme, olga) = (&world.store, Hasher::new().unwrap(), name("acme"), world.person("olga").await);
    let limits = |scopes: &[TokenScope], expires_at| {
        let scopes = scopes.iter().copied().collect();
        Limits { scopes, expires_at, note: String::new() }
    };
    let by = async |expires_at| {
        let limits = limits(&[OrgRead, OrgWrite], expires_at);
        let made = tokens::create(store, &hasher, &olga, &name("olga"), "x", limits.clone(), NOW).await.unwrap();
        world.with("olga", limits.scopes, Means::Token(made.id)).await
    };
    let (until, endless) = (by(Some(NOW + 1000)).await, by(None).await);
    for (number, (actor, scopes, ends, refused)) in [
        (&until, &[OrgWrite][..], Some(NOW + 1000), ""),
        (&until, &[OrgRead, OrgWrite], Some(NOW + 10), ""),
        (&until, &[OrgRead], Some(NOW + 1001), "ends at 2027-01-15T08:16:40Z"),
        (&until, &[OrgRead], None, "makes none that outlives it"),
        (&until, &[SignIn], Some(NOW + 10), "without the scope `sign-in` makes none with it"),
        (&endless, &[OrgRead, OrgWrite], None, ""),
        (&endless, &[OrgWrite, SignIn], None, "without the scope `sign-in` makes none with it"),
        (&olga, &[OrgRead, OrgWrite, SignIn], None, ""),
    ]
    .into_iter()
    .enumerate()
    {
        let (own, limits) = (name(&format!("t{number}")), limits(scopes, ends));
        let made = organization_tokens::create(store, &hasher, actor, &acme, &own, &[], limits, NOW).await;
        let said = made.err().map(|error| error.to_string()).unwrap_or_default();
        assert!(said.contains(refused) && said.is_empty() == refused.is_empty(), "{scopes:?} {ends:?}: {said}");
    }
    // Nor is what it could not make its to change; it ends it.
    let all = organization_tokens::list(store, &olga, &acme).await.unwrap();
    let wide = &all.iter().find(|one| one.token.name == "t7").unwrap().token.id;
    let described =
        organization_tokens::describe(store, &until, &acme, wide, |_, _| Ok::<_, ActError>("x".to_owned())).await;
    assert!(matches!(described, Err(ActError::WiderToken(SignIn))));
    organization_tokens::revoke(store, &until, &acme, wide, NOW).await.unwrap();
}

async fn no_token_makes_anybody_an_owner_or_an_admin(fixture: Fixture) {
    let world = World::new(fixture).await;
    let (store, acme) = (&world.store, name("acme"));
    let (olga, token) = (world.person("olga").await, world.token("olga", &[TokenScope::OrgWrite]).await);
    let joins = |user: &str, role| Joins { user: name(user), role, teams: Vec::new() };
    for role in [Role::Owner, Role::Admin] {
        let invited = invitations::create(store, &token, &acme, &joins("newcomer", role), NOW).await;
        let refused = [
            invited.map(drop),
            world.role(&token, "acme", "mia", role).await.map(drop),
            members::set_role(store, &token, &acme, &name("mia"), |_| Ok::<_, ActError>(role)).await.map(drop),
            members::before_inviting(store, &token, &acme, role, &[]).await.map(drop),
        ];
        for refused in refused {
            assert!(matches!(&refused, Err(ActError::RoleByToken(said)) if *said == role), "{refused:?}");
        }
        invitations::create(store, &olga, &acme, &joins("newcomer", role), NOW).await.expect("a person does");
    }
    // What somebody is they stay, and whoever loses a say by it may be made less.
    world.role(&token, "acme", "adam", Role::Admin).await.unwrap();
    world.role(&token, "acme", "adam", Role::Auditor).await.unwrap();
    invitations::create(store, &token, &acme, &joins("newcomer", Role::Auditor), NOW).await.unwrap();
    let said = ActError::RoleByToken(Role::Admin).to_string();
    assert_eq!(said, "an access token makes nobody an admin; sign in with a password");
}

async fn a_token_of_an_organization_administers_no_people_and_no_tokens(fixture: Fixture) {
    let world = World::new(fixture).await;
    let mut change = world.store.write().await.unwrap();
    let acme = change.organization_id("acme").await.unwrap().unwrap();
    let id = change.new_account("acme/ci", Origin::Organization, None, NOW).await.unwrap();
    change.set_member(acme, id, Role::Member, &[]).await.unwrap();
    change.commit().await.unwrap();
    let ci = world.token("acme/ci", &[TokenScope::OrgRead, TokenScope::OrgWrite]).await;
    world.set(&ci, "acme", &Condition::Any).await.unwrap();
    rules::put(&world.store, &ci, &name("acme"), rule("evil/miner"), Confirmation::None, NOW).await.unwrap();
    assert!(matches!(world.role(&ci, "acme", "mia", Role::Owner).await, Err(ActError::Forbidden { .. })));
    assert!(matches!(world.set(&ci, "beta", &Condition::Any).await, Err(ActError::NoOrganization(_))));
    let badge = publishers::set(&world.store, &ci, &name("evil"), Badge::VerifiedPublisher, &Condition::Any).await;
    assert!(matches!(badge, Err(ActError::Forbidden { .. })), "badges hold for all organizations");
    assert_eq!(world.newest().await.0, "user:acme/ci");
}

on_each_database! {
    what_a_token_is_not_made_for_it_does_not_whoever_owns_it,
    a_token_hands_on_what_it_is_good_for_and_no_longer,
    no_token_makes_anybody_an_owner_or_an_admin,
    a_token_of_an_organization_administers_no_people_and_no_tokens,
}
