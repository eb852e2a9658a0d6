//! Who becomes a member, of what, and who stays one.

use super::*;

async fn nobody_becomes_a_member_unasked_by_who_owns_one_organization_of_several(fixture: Fixture) {
    let world = World::new(fixture).await;
    let olga = world.person("olga").await;
    for stranger in ["bea", "nobody"] {
        let refused = world.role(&olga, "acme", stranger, Role::Member).await.unwrap_err();
        assert!(matches!(refused, ActError::NotAsked { .. }), "nor learns which accounts there are: {refused}");
    }
    world.role(&world.person("sole").await, "acme", "bea", Role::Member).await.unwrap();
    world.role(&olga, "acme", "bea", Role::Auditor).await.expect("a member has another role");
    assert_eq!(
        world.newest().await.3,
        json!({ "role": "auditor", "teams": [], "new_account": false, "before": { "role": "member", "teams": [] } })
    );
    assert!(matches!(
        world.role(&world.person("adam").await, "acme", "adam", Role::Owner).await,
        Err(ActError::Forbidden { .. })
    ));
}

async fn an_organization_keeps_an_owner_unless_the_command_line_says_otherwise(fixture: Fixture) {
    let world = World::new(fixture).await;
    let olga = world.person("olga").await;
    members::remove(&world.store, &olga, &name("acme"), &name("sole"), &Condition::Any).await.expect("olga is one too");
    for ended in [
        world.role(&olga, "acme", "olga", Role::Member).await.map(drop),
        members::remove(&world.store, &olga, &name("acme"), &name("olga"), &Condition::Any).await.map(drop),
    ] {
        assert!(matches!(ended, Err(ActError::LastOwner { .. })), "{ended:?}");
    }
    members::remove(&world.store, &LOCAL, &name("acme"), &name("olga"), &Condition::Any).await.unwrap();
    let (actor, act, target, detail) = world.newest().await;
    assert_eq!((actor.as_str(), act.as_str(), target.as_str()), ("local:1000", "member.remove", "olga"));
    assert_eq!(detail, json!({ "before": { "role": "owner", "teams": [], "source": "admin" } }));
}

async fn the_line_of_a_new_member_names_the_invitation_that_ended_with_it(fixture: Fixture) {
    let world = World::new(fixture).await;
    let (store, acme) = (&world.store, name("acme"));
    let (olga, sole) = (world.person("olga").await, world.person("sole").await);
    teams::add(store, &olga, &acme, &name("ops"), "", NOW).await.unwrap();
    teams::add(store, &olga, &acme, &name("op"), "", NOW).await.unwrap();
    let joins = Joins { user: name("bea"), role: Role::Auditor, teams: vec![name("op"), name("ops")] };
    let made = invitations::create(store, &olga, &acme, &joins, NOW).await.unwrap().invitation;
    // Whom a team waits for, it waits for under its new name.
    let web = teams::TeamChange { name: Some(name("web")), description: None };
    teams::change(store, &olga, &acme, &name("op"), &web, &Condition::Any).await.unwrap();
    world.role(&sole, "acme", "bea", Role::Member).await.unwrap();
    let (_, act, target, detail) = world.newest().await;
    assert_eq!((act.as_str(), target.as_str()), ("member.add", "bea"));
    let ended = json!({ "id": made.id, "role": "auditor", "teams": ["web", "ops"], "inviter": "olga" });
    assert_eq!(detail["invitation"], ended);
    assert!(invitations::list(store, &olga, &acme, NOW).await.unwrap().is_empty());
    world.role(&sole, "acme", "bea", Role::Admin).await.unwrap();
    assert_eq!(world.newest().await.3.get("invitation"), None, "there is none any more");
}

async fn an_invitation_is_worth_what_its_inviter_may_now(fixture: Fixture) {
    let world = World::new(fixture).await;
    let (store, acme) = (&world.store, name("acme"));
    let (olga, sole, bea) = (world.person("olga").await, world.person("sole").await, world.person("bea").await);
    let joins = |user: &str, role| Joins { user: name(user), role, teams: Vec::new() };
    // For themselves by another name, before they are removed.
    let link = invitations::create(store, &sole, &acme, &joins("backdoor", Role::Owner), NOW).await.unwrap();
    let asked = invitations::create(store, &sole, &acme, &joins("bea", Role::Admin), NOW).await.unwrap().invitation;
    members::remove(store, &olga, &acme, &name("sole"), &Condition::Any).await.unwrap();
    let refused =
        invitations::accept_as_new(store, &link.secret.unwrap(), HASH, [192, 0, 2, 1].into(), NOW).await.unwrap_err();
    assert!(matches!(refused, ActError::NoInviter { .. }), "{refused}");
    assert!(world.store.read().await.unwrap().account("backdoor").await.unwrap().is_none());
    assert!(matches!(invitations::accept(store, &bea, &asked.id, NOW).await, Err(ActError::NoInviter { .. })));
    // Asked again, by who may; and a member answers no more.
    let again = invitations::create(store, &olga, &acme, &joins("bea", Role::Member), NOW).await.unwrap();
    let before = world.newest().await.3["before"].clone();
    assert_eq!(before, json!({ "id": asked.id, "role": "admin", "teams": [] }));
    let mut change = store.write().await.unwrap();
    let organization = change.organization_id("acme").await.unwrap().unwrap();
    let account = change.account("bea").await.unwrap().unwrap().id;
    change.put_member(organization, account, Role::Member, &[], Source::DockerHub).await.unwrap();
    change.commit().await.unwrap();
    let id = &again.invitation.id;
    assert!(matches!(invitations::accept(store, &bea, id, NOW).await, Err(ActError::MemberAlready { .. })));
    invitations::decline(store, &bea, id, NOW).await.unwrap();
    assert!(matches!(invitations::accept(store, &bea, id, NOW).await, Err(ActError::NoInvitation)));
    // Whom an owner makes a member is not invited any more.
    members::remove(store, &olga, &acme, &name("bea"), &Condition::Any).await.unwrap();
    invitations::create(store, &olga, &acme, &joins("bea", Role::Member), NOW).await.unwrap();
    members::put(store, &LOCAL, &acme, &joins("bea", Role::Owner), NewAccount::No, &Condition::Any, NOW).await.unwrap();
    let left = invitations::list(store, &olga, &acme, NOW).await.unwrap();
    assert_eq!(left.iter().map(|invitation| invitation.invitee.as_str()).collect::<Vec<_>>(), ["backdoor"]);
    // The command line's is nobody's, and stands.
    let local = invitations::create(store, &LOCAL, &acme, &joins("otto", Role::Member), NOW).await.unwrap();
    let otto = world.person("otto").await;
    invitations::accept(store, &otto, &local.invitation.id, NOW).await.unwrap();
}

async fn nobody_comes_into_a_team_that_is_not_there(fixture: Fixture) {
    let world = World::new(fixture).await;
    let (store, acme, olga, hasher) = (&world.store, name("acme"), world.person("olga").await, Hasher::new().unwrap());
    let joins = |user: &str, teams: &[&str]| Joins {
        user: name(user),
        role: Role::Member,
        teams: teams.iter().map(|team| name(team)).collect(),
    };
    let put = async |actor: &Actor, teams: &[&str]| {
        members::put(store, actor, &acme, &joins("mia", teams), NewAccount::No, &Condition::Any, NOW).await
    };
    let limits = || Limits { scopes: TokenScopes::all(), expires_at: None, note: String::new() };
    let before = world.lines().await;
    for refused in [
        put(&olga, &["web"]).await.map(drop),
        invitations::create(store, &olga, &acme, &joins("newcomer", &["web"]), NOW).await.map(drop),
        organization_tokens::create(store, &hasher, &olga, &acme, &name("ci"), &[name("web")], limits(), NOW)
            .await
            .map(drop),
    ] {
        assert_eq!(refused.unwrap_err().to_string(), "`acme` has no team `web`; make it first");
    }
    assert!(teams::list(store, &olga, &acme).await.unwrap().is_empty());
    assert_eq!(world.lines().await, before);

    // The command line makes it, with its own line.
    put(&LOCAL, &["web", "ops"]).await.unwrap();
    let lines = store.read().await.unwrap().audit_lines(3).await.unwrap();
    let lines: Vec<_> = lines.iter().map(|line| (line.act.as_str(), line.target.as_str())).collect();
    assert_eq!(lines, [("member.add", "mia"), ("team.add", "ops"), ("team.add", "web")]);
    put(&olga, &["web"]).await.expect("it is there now");

    // And never more than there may be.
    let mut change = store.write().await.unwrap();
    let id = change.organization_id("acme").await.unwrap().unwrap();
    for number in 2..crate::store::MAX_TEAMS {
        change.ensure_team(id, &format!("t{number}"), NOW).await.unwrap();
    }
    change.commit().await.unwrap();
    assert!(matches!(put(&LOCAL, &["more"]).await, Err(ActError::TooMany { what: "teams", .. })));
    let more = teams::add(store, &olga, &acme, &name("more"), "", NOW).await;
    assert!(matches!(more, Err(ActError::TooMany { what: "teams", .. })));
    assert_eq!(teams::list(store, &olga, &acme).await.unwrap().len(), crate::store::MAX_TEAMS);
}

async fn what_held_for_a_team_ends_with_it(fixture: Fixture) {
    let world = World::new(fixture).await;
    let (store, acme) = (&world.store, name("acme"));
    let (olga, bea) = (world.person("olga").await, world.person("bea").await);
    for team in ["web", "ops"] {
        teams::add(store, &olga, &acme, &name(team), "", NOW).await.unwrap();
    }
    let put = async |effect, pattern: &str, team: &str| {
        let new = NewRule { effect, scope: Scope::Team(team.to_owned()), ..rule(pattern) };
        rules::put(store, &olga, &acme, new, Confirmation::None, NOW).await.unwrap().rule
    };
    let allowed = put(Effect::Allow, "good/tool", "web").await;
    let denied = put(Effect::Deny, "evil/miner", "web").await;
    let stays = put(Effect::Allow, "good/tool", "ops").await;
    let joins = Joins { user: name("bea"), role: Role::Member, teams: vec![name("ops"), name("web")] };
    let invited = invitations::create(store, &olga, &acme, &joins, NOW).await.unwrap().invitation;
    let revision = store.read().await.unwrap().revision().await.unwrap();
    teams::remove(store, &olga, &acme, &name("web"), &Condition::Any).await.unwrap();
    let mut rules = vec![allowed, denied];
    rules.sort_by(|one, other| one.id.cmp(&other.id));
    let before = json!({ "description": "", "members": [], "rules": rules });
    assert_eq!(world.newest().await.3, json!({ "before": before }));
    let mut view = store.read().await.unwrap();
    let id = view.organization_id("acme").await.unwrap().unwrap();
    assert_eq!(view.rules(id, None).await.unwrap(), [stays]);
    assert!(view.revision().await.unwrap() > revision, "machines are told");
    drop(view);

    // Who was invited into it joins without it.
    let joined = invitations::accept(store, &bea, &invited.id, NOW).await.unwrap();
    assert_eq!(joined.teams, ["ops"]);
    assert_eq!(world.newest().await.3["teams"], json!(["ops"]));
    assert_eq!(members::show(store, &olga, &acme, &name("bea")).await.unwrap().teams, ["ops"]);
    assert!(!teams::list(store, &olga, &acme).await.unwrap().iter().any(|team| team.name == "web"));
    // One of that name later is another one.
    teams::add(store, &olga, &acme, &name("web"), "", NOW).await.unwrap();
    assert_eq!(store.read().await.unwrap().rules(id, None).await.unwrap().len(), 1);
}

on_each_database! {
    nobody_becomes_a_member_unasked_by_who_owns_one_organization_of_several,
    an_organization_keeps_an_owner_unless_the_command_line_says_otherwise,
    the_line_of_a_new_member_names_the_invitation_that_ended_with_it,
    an_invitation_is_worth_what_its_inviter_may_now,
    nobody_comes_into_a_team_that_is_not_there,
    what_held_for_a_team_ends_with_it,
}
