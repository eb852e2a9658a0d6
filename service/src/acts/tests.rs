//! Tests of [`super`]: who may, what is written down, and what stays as it was.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::{Value, json};

use super::{
    accounts, invitations,
    members::{self, Joins, NewAccount, PutMember},
    namespaces, organization_tokens, organizations,
    policy::{self, PolicyChange, Terms},
    preview::Confirmation,
    publishers,
    rules::{self, Meant, NewRule},
    teams,
    tokens::{self, Limits},
    trail::{self, Acts, SignIns},
    *,
};
use crate::{
    identity::Hasher,
    model::{Badge, Effect, Mode, Origin, Role, Scope, Source, TokenScope, TokenScopes},
    names::Name,
    store::{
        Store,
        testing::{Fixture, on_each_database},
    },
};

const NOW: i64 = 1_800_000_000;
const LOCAL: Actor = Actor::Local { uid: 1000 };
const HASH: &str = "$argon2id$x";

fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// `acme` and `beta`; `olga` owns acme, `adam` is its admin, `uma` its auditor, `mia` its member; `otto` owns beta and
/// `bea` is its member; `sole` owns both.
struct World {
    store: Store,
    _fixture: Fixture,
}

impl World {
    async fn new(fixture: Fixture) -> Self {
        let store = fixture.store().await;
        let mut change = store.write().await.unwrap();
        for organization in ["acme", "beta"] {
            change.add_organization(organization, NOW).await.unwrap();
        }
        for (user, organizations, role) in [
            ("olga", &["acme"][..], Role::Owner),
            ("adam", &["acme"], Role::Admin),
            ("uma", &["acme"], Role::Auditor),
            ("mia", &["acme"], Role::Member),
            ("otto", &["beta"], Role::Owner),
            ("bea", &["beta"], Role::Member),
            ("sole", &["acme", "beta"], Role::Owner),
        ] {
            let account = change.add_account(user, HASH, NOW).await.unwrap();
            for organization in organizations {
                let id = change.organization_id(organization).await.unwrap().unwrap();
                change.set_member(id, account, role, &[]).await.unwrap();
            }
        }
        change.commit().await.unwrap();
        Self { store, _fixture: fixture }
    }

    /// Signed in with a password.
    async fn person(&self, user: &str) -> Actor {
        self.with(user, TokenScopes::all(), Means::Session).await
    }

    async fn token(&self, user: &str, scopes: &[TokenScope]) -> Actor {
        self.with(user, scopes.iter().copied().collect(), Means::Token("0011".to_owned())).await
    }

    async fn with(&self, user: &str, scopes: TokenScopes, means: Means) -> Actor {
        let account = self.store.read().await.unwrap().account(user).await.unwrap().unwrap();
        Actor::Account(SignedIn { account, scopes, means, peer: IpAddr::V4(Ipv4Addr::LOCALHOST) })
    }

    /// The newest line of the trail: actor, act, target, detail.
    async fn newest(&self) -> (String, String, String, Value) {
        let line = self.store.read().await.unwrap().audit_lines(1).await.unwrap().remove(0);
        (line.actor, line.act, line.target, serde_json::from_str(&line.detail).unwrap())
    }

    async fn lines(&self) -> usize {
        self.store.read().await.unwrap().audit_lines(1000).await.unwrap().len()
    }

    async fn set(&self, actor: &Actor, organization: &str, condition: &Condition) -> Result<Tag, ActError> {
        let change = PolicyChange { mode: Some(Mode::Monitor), ..PolicyChange::default() };
        let terms = Terms { condition: condition.clone(), confirmation: Confirmation::None };
        Ok(policy::set(&self.store, actor, &name(organization), &change, &terms, NOW).await?.tag())
    }

    async fn role(&self, actor: &Actor, organization: &str, user: &str, role: Role) -> Result<PutMember, ActError> {
        let joins = Joins { user: name(user), role, teams: Vec::new() };
        members::put(&self.store, actor, &name(organization), &joins, NewAccount::No, &Condition::Any, NOW).await
    }
}

fn rule(pattern: &str) -> NewRule {
    let (scope, reason) = (Scope::Organization, "why".to_owned());
    NewRule { effect: Effect::Allow, pattern: pattern.to_owned(), scope, expires_at: None, reason }
}

async fn who_may_not_changes_nothing_and_leaves_no_line(fixture: Fixture) {
    let world = World::new(fixture).await;
    let before = world.lines().await;
    for user in ["uma", "mia"] {
        let actor = world.person(user).await;
        let refused = world.set(&actor, "acme", &Condition::Any).await.unwrap_err();
        assert!(matches!(refused, ActError::Forbidden { .. }), "{user}: {refused}");
    }
    let text = world.set(&world.person("uma").await, "acme", &Condition::Any).await.unwrap_err().to_string();
    assert_eq!(text, "an auditor of `acme` may not change the policy and its registries; owners and admins may");
    assert_eq!(world.lines().await, before);
    world.set(&world.person("adam").await, "acme", &Condition::Any).await.unwrap();
    let (actor, act, _, detail) = world.newest().await;
    assert_eq!((actor.as_str(), act.as_str()), ("user:adam", "policy.set"));
    assert_eq!(detail, json!({ "mode": { "from": "enforce", "to": "monitor" } }));
}

async fn an_organization_that_is_not_theirs_is_as_one_that_is_not_there(fixture: Fixture) {
    let world = World::new(fixture).await;
    let olga = world.person("olga").await;
    for organization in ["beta", "nope"] {
        let refused = world.set(&olga, organization, &Condition::Any).await.unwrap_err();
        assert_eq!(refused.to_string(), format!("there is no organization `{organization}`"));
        assert!(rules::list(&world.store, &olga, &name(organization), Effect::Allow).await.is_err());
    }
    let seen = organizations::list(&world.store, &olga).await.unwrap();
    assert_eq!(seen.iter().map(|one| one.organization.as_str()).collect::<Vec<_>>(), ["acme"]);
    assert_eq!(organizations::list(&world.store, &LOCAL).await.unwrap().len(), 2);
}

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

async fn what_holds_for_all_organizations_is_for_who_owns_all_of_them(fixture: Fixture) {
    let world = World::new(fixture).await;
    for (user, good) in [("olga", false), ("otto", false), ("mia", false), ("sole", true)] {
        let actor = world.person(user).await;
        let set =
            publishers::set(&world.store, &actor, &name("bitnami"), Badge::VerifiedPublisher, &Condition::Any).await;
        assert_eq!(set.is_ok(), good, "{user}");
        publishers::list(&world.store, &actor).await.expect("everybody sees the badges");
        let organization = format!("of-{user}");
        let added = organizations::add(&world.store, &actor, &name(&organization), &[], NOW).await;
        assert_eq!(added.is_ok(), good, "{user}");
    }
    assert_eq!(organizations::list(&world.store, &world.person("sole").await).await.unwrap().len(), 3, "and owns it");
    assert_eq!(
        publishers::remove(&world.store, &LOCAL, &name("bitnami"), &Condition::Any).await.unwrap(),
        Badge::VerifiedPublisher
    );
    assert_eq!(world.newest().await.3, json!({ "before": { "badge": "verified-publisher", "source": "hand" } }));
}

async fn the_whole_services_log_is_for_who_may_see_it_in_every_organization(fixture: Fixture) {
    let world = World::new(fixture).await;
    let mut change = world.store.write().await.unwrap();
    let beta = change.organization_id("beta").await.unwrap().unwrap();
    for (user, role) in [("adam", Role::Auditor), ("uma", Role::Auditor), ("olga", Role::Auditor), ("mia", Role::Admin)]
    {
        let account = change.account(user).await.unwrap().unwrap().id;
        change.set_member(beta, account, role, &[]).await.unwrap();
    }
    change.commit().await.unwrap();
    for (user, refused) in [
        ("sole", None),
        ("uma", None),
        ("olga", None),
        ("otto", Some("you may not")),
        ("adam", Some("an admin may not")),
        ("mia", Some("a member may not")),
    ] {
        let actor = world.person(user).await;
        let acts = trail::acts(&world.store, &actor, None, &Acts::default(), 1).await.map(drop);
        let sign_ins = trail::sign_ins(&world.store, &actor, None, &SignIns::default(), 1).await.map(drop);
        for asked in [acts, sign_ins] {
            let said = asked.err().map(|error| error.to_string());
            let expected = refused.map(|who| {
                format!(
                    "{who} see acts and sign-ins that belong to no organization; owners and auditors of every \
                         organization here may"
                )
            });
            assert_eq!(said, expected, "{user}");
        }
    }
}

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

async fn whoever_lost_a_role_or_a_credential_meanwhile_does_nothing_more(fixture: Fixture) {
    let world = World::new(fixture).await;
    let (olga, adam) = (world.person("olga").await, world.person("adam").await);
    world.role(&olga, "acme", "adam", Role::Member).await.unwrap();
    assert!(matches!(world.set(&adam, "acme", &Condition::Any).await, Err(ActError::Forbidden { .. })));
    accounts::password(&world.store, &LOCAL, &name("olga"), HASH, NOW).await.unwrap();
    assert!(matches!(world.set(&olga, "acme", &Condition::Any).await, Err(ActError::SignedOut)));
    let sole = world.person("sole").await;
    accounts::remove(&world.store, &LOCAL, &name("sole"), NOW).await.unwrap();
    let mut change = world.store.write().await.unwrap();
    change.add_account("sole", HASH, NOW).await.unwrap();
    change.commit().await.unwrap();
    assert!(matches!(publishers::list(&world.store, &sole).await, Err(ActError::SignedOut)), "another has the name");
}

async fn a_change_of_what_nobody_saw_is_none(fixture: Fixture) {
    let world = World::new(fixture).await;
    let adam = world.person("adam").await;
    let seen = policy::show(&world.store, &adam, &name("acme")).await.unwrap().tag();
    let condition = Condition::One(vec!["other".to_owned(), seen.as_str().to_owned()]);
    let now = world.set(&adam, "acme", &condition).await.unwrap();
    assert_ne!(seen, now);
    assert!(matches!(world.set(&adam, "acme", &condition).await, Err(ActError::Changed)));
    assert!(matches!(world.set(&adam, "acme", &Condition::One(vec![String::new()])).await, Err(ActError::Changed)));
    // What is no setting changes nothing of it.
    rules::put(&world.store, &adam, &name("acme"), rule("evil/miner"), Confirmation::None, NOW).await.unwrap();
    assert_eq!(policy::show(&world.store, &adam, &name("acme")).await.unwrap().tag(), now);
    let same = world.set(&adam, "acme", &Condition::One(vec![now.as_str().to_owned()])).await.unwrap();
    assert_eq!(same, now);
}

async fn a_rule_is_written_down_with_what_it_was(fixture: Fixture) {
    let world = World::new(fixture).await;
    let adam = world.person("adam").await;
    let acme = name("acme");
    let put = |reason: &str, expires_at| NewRule { reason: reason.to_owned(), expires_at, ..rule("evil/miner") };
    let first = rules::put(&world.store, &adam, &acme, put("one", None), Confirmation::None, NOW).await.unwrap();
    assert_eq!(first.before, None);
    let second =
        rules::put(&world.store, &adam, &acme, put("two", Some(NOW + 60)), Confirmation::None, NOW).await.unwrap();
    assert_eq!(second.before.as_ref(), Some(&first.rule));
    let detail = world.newest().await.3;
    assert_eq!((&detail["reason"], &detail["before"]["reason"]), (&json!("two"), &json!("one")));
    for (bad, expected) in [
        (put("x", Some(NOW)), "in the past"),
        (NewRule { pattern: "a//b".to_owned(), ..put("x", None) }, "`a//b` is no pattern"),
        (put(&"x".repeat(201), None), "`reason` is too long"),
    ] {
        let error = rules::put(&world.store, &adam, &acme, bad, Confirmation::None, NOW).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    let gone =
        rules::remove(&world.store, &adam, &acme, Effect::Allow, Meant::Id(&first.rule.id), Confirmation::None, NOW)
            .await
            .unwrap();
    assert_eq!(gone, [second.rule]);
    let again =
        rules::remove(&world.store, &adam, &acme, Effect::Allow, Meant::Id(&first.rule.id), Confirmation::None, NOW)
            .await;
    assert!(matches!(again, Err(ActError::NoRule { .. })));
}

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
    who_may_not_changes_nothing_and_leaves_no_line,
    an_organization_that_is_not_theirs_is_as_one_that_is_not_there,
    what_a_token_is_not_made_for_it_does_not_whoever_owns_it,
    a_token_hands_on_what_it_is_good_for_and_no_longer,
    no_token_makes_anybody_an_owner_or_an_admin,
    a_token_of_an_organization_administers_no_people_and_no_tokens,
    what_holds_for_all_organizations_is_for_who_owns_all_of_them,
    the_whole_services_log_is_for_who_may_see_it_in_every_organization,
    nobody_becomes_a_member_unasked_by_who_owns_one_organization_of_several,
    an_organization_keeps_an_owner_unless_the_command_line_says_otherwise,
    the_line_of_a_new_member_names_the_invitation_that_ended_with_it,
    an_invitation_is_worth_what_its_inviter_may_now,
    nobody_comes_into_a_team_that_is_not_there,
    what_held_for_a_team_ends_with_it,
    whoever_lost_a_role_or_a_credential_meanwhile_does_nothing_more,
    a_change_of_what_nobody_saw_is_none,
    a_rule_is_written_down_with_what_it_was,
    a_namespace_has_one_owner,
    who_owns_one_organization_of_several_takes_no_namespace_out_of_the_others_policies,
    where_there_is_one_organization_its_owner_adds_namespaces,
}
