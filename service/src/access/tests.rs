//! Tests of [`super`].

use policy::ImageRef;

use super::*;
use crate::{
    acts::Actor,
    model::{AccessState, Account, Effect, Origin, Role, Rule, Scope, Settings},
    store::{
        AccessFilter, Store,
        testing::{Fixture, on_each_database},
    },
};

const NOW: i64 = 1_800_000_000;
const LOCAL: Actor = Actor::Local { uid: 0 };

/// `acme` and `beta`, where official images are allowed and community images are not; `alice` belongs to both,
/// `bob` to acme.
struct World {
    _fixture: Fixture,
    store: Store,
}

impl World {
    async fn new(fixture: Fixture) -> Self {
        let store = fixture.store().await;
        let mut change = store.write().await.unwrap();
        for name in ["acme", "beta"] {
            let id = change.add_organization(name, NOW).await.unwrap();
            change.set_settings(id, &Settings { enabled: true, ..Settings::default() }).await.unwrap();
        }
        let (acme, beta) = (id(&mut change, "acme").await, id(&mut change, "beta").await);
        change.add_namespace(beta, "betaco").await.unwrap();
        for user in ["alice", "bob"] {
            let account = change.add_account(user, "$argon2id$x", NOW).await.unwrap();
            change.set_member(acme, account, Role::Member, &["ops".to_owned()]).await.unwrap();
            if user == "alice" {
                change.set_member(beta, account, Role::Member, &[]).await.unwrap();
            }
        }
        change.commit().await.unwrap();
        Self { _fixture: fixture, store }
    }

    async fn account(&self, name: &str) -> Account {
        self.store.read().await.unwrap().account(name).await.unwrap().unwrap()
    }

    async fn ask(&self, user: &str, image: &str, only: &[&str]) -> Result<Asked, AccessError> {
        let only = only.iter().map(|&name| name.to_owned()).collect();
        ask(&self.store, &self.account(user).await, "m1", Question::new(image, "the demo", "", only)?, NOW).await
    }

    /// The id of the request to acme.
    async fn asked(&self, user: &str, image: &str) -> String {
        self.ask(user, image, &["acme"]).await.unwrap().requests.remove(0).0.id
    }

    async fn approve(&self, id: &str, approval: Approval) -> Result<Approved, AccessError> {
        approve(&self.store, &LOCAL, (None, id), approval, NOW).await
    }

    async fn states(&self) -> Vec<(String, AccessState)> {
        let all = self.store.read().await.unwrap().access_requests(&AccessFilter::default(), 100).await.unwrap();
        let mut states: Vec<_> = all.into_iter().map(|request| (request.user, request.state)).collect();
        states.sort_by(|a, b| a.0.cmp(&b.0));
        states
    }

    async fn revision(&self) -> i64 {
        self.store.read().await.unwrap().revision().await.unwrap()
    }

    async fn rule(&self, effect: Effect, pattern: &str, scope: Scope) {
        let mut change = self.store.write().await.unwrap();
        let acme = id(&mut change, "acme").await;
        let rule = Rule {
            id: format!("{effect:?}{pattern}"),
            effect,
            pattern: pattern.to_owned(),
            scope,
            expires_at: None,
            reason: String::new(),
        };
        change.put_rule(acme, &rule, NOW).await.unwrap();
        change.commit().await.unwrap();
    }
}

async fn id(change: &mut crate::store::Writing, name: &str) -> i64 {
    change.organization_id(name).await.unwrap().unwrap()
}

fn organizations(asked: &Asked) -> Vec<(&str, bool)> {
    asked.requests.iter().map(|(request, new)| (request.organization.as_str(), *new)).collect()
}

async fn each_organization_that_refuses_is_asked_once(fixture: Fixture) {
    let world = World::new(fixture).await;
    let first = world.ask("alice", "evil/miner", &[]).await.unwrap();
    assert_eq!(first.image, "docker.io/evil/miner");
    assert_eq!(organizations(&first), [("acme", true), ("beta", true)]);
    let again = world.ask("alice", "docker.io/evil/miner", &[]).await.unwrap();
    assert_eq!(organizations(&again), [("acme", false), ("beta", false)]);
    assert_eq!(again.requests[0].0.id, first.requests[0].0.id);
    // Another person, another image, only one organization.
    assert_eq!(organizations(&world.ask("bob", "evil/miner", &[]).await.unwrap()), [("acme", true)]);
    assert_eq!(organizations(&world.ask("alice", "evil/miner:1", &["beta"]).await.unwrap()), [("beta", true)]);
}

async fn what_is_allowed_is_not_asked_for(fixture: Fixture) {
    let world = World::new(fixture).await;
    // An official image; one of a namespace that is an organization's of theirs; one of the allowlist.
    world.rule(Effect::Allow, "evil/good", Scope::Organization).await;
    for (user, image) in [("alice", "alpine"), ("alice", "betaco/app"), ("bob", "evil/good")] {
        assert_eq!(world.ask(user, image, &[]).await.unwrap().requests, [], "{image}");
    }
    assert_eq!(organizations(&world.ask("bob", "betaco/app", &[]).await.unwrap()), [("acme", true)]);
    // Off: nobody refuses. Monitoring: somebody will.
    let set = async |settings: Settings| {
        let mut change = world.store.write().await.unwrap();
        let acme = id(&mut change, "acme").await;
        change.set_settings(acme, &settings).await.unwrap();
        change.commit().await.unwrap();
    };
    set(Settings::default()).await;
    assert_eq!(world.ask("bob", "evil/miner", &[]).await.unwrap().requests, []);
    set(Settings { enabled: true, mode: crate::model::Mode::Monitor, ..Settings::default() }).await;
    assert_eq!(organizations(&world.ask("bob", "evil/miner", &[]).await.unwrap()), [("acme", true)]);
}

async fn what_cannot_be_asked_is_told(fixture: Fixture) {
    let world = World::new(fixture).await;
    let wrong = |image: &str, reason: &str, decision: &str| {
        Question::new(image, reason, decision, vec![]).expect_err("wrong").to_string()
    };
    assert!(wrong("Evil/Miner", "x", "").contains("must be lowercase"));
    assert!(wrong("evil/miner", " \n ", "").contains("say why"));
    assert!(wrong("evil/miner", &"x".repeat(501), "").contains("at most 500"));
    assert!(wrong("evil/miner", "x", "01J9").contains("no decision id"));
    assert!(Question::new("evil/miner", &"é".repeat(500), "01J9ZK3V3N0000000000000000", vec![]).is_ok());
    let nowhere = world.ask("alice", "exam_ple.com/app", &[]).await.expect_err("nowhere");
    assert!(matches!(nowhere, AccessError::Nowhere(_)), "{nowhere}");
    let nobody = world.ask("bob", "evil/miner", &["beta"]).await.expect_err("nobody");
    assert!(matches!(nobody, AccessError::NoOrganization(_)), "{nobody}");
    let token = Account { origin: Origin::Organization, name: "acme/ci".to_owned(), ..world.account("bob").await };
    let question = Question::new("evil/miner", "x", "", vec![]).unwrap();
    let refused = ask(&world.store, &token, "m1", question, NOW).await.expect_err("a machine");
    assert!(matches!(refused, AccessError::NotAPerson(_)), "{refused}");
    assert!(world.states().await.is_empty());
}

async fn words_are_one_line_that_steers_nothing(fixture: Fixture) {
    let world = World::new(fixture).await;
    let question = Question::new("evil/miner", " we\u{1b}[2J\nneed\u{202e} it ", "", vec![]).unwrap();
    let asked = ask(&world.store, &world.account("bob").await, "m1", question, NOW).await.unwrap();
    assert_eq!(asked.requests[0].0.reason, "we[2J need it");
}

async fn a_person_asks_so_often_a_day_and_not_more(fixture: Fixture) {
    let world = World::new(fixture).await;
    for n in 0..MOST_A_DAY {
        world.asked("bob", &format!("evil/miner-{n}")).await;
    }
    let over = world.ask("bob", "evil/another", &[]).await.expect_err("too many");
    assert!(matches!(over, AccessError::TooManyADay), "{over}");
    // The same again costs nothing, others have their own day, and tomorrow is another.
    world.asked("bob", "evil/miner-0").await;
    world.asked("alice", "evil/another").await;
    let question = |n: i64| Question::new(&format!("evil/tomorrow-{n}"), "x", "", vec![]).unwrap();
    let bob = world.account("bob").await;
    for n in 0..MOST_PENDING {
        let now = NOW + DAY * (1 + n / MOST_A_DAY) + 1 + n / MOST_A_DAY;
        let asked = ask(&world.store, &bob, "m1", question(n), now).await;
        if n < MOST_PENDING - MOST_A_DAY {
            asked.unwrap();
        } else {
            let over = asked.expect_err("too many wait");
            assert!(matches!(over, AccessError::TooManyPending), "{over}");
        }
    }
}

async fn an_approval_is_a_rule_for_the_person_and_a_line_in_the_trail(fixture: Fixture) {
    let world = World::new(fixture).await;
    let asked = world.asked("bob", "evil/miner:1.2").await;
    let before = world.revision().await;
    let approval =
        Approval { expires_at: Some(NOW + 30 * DAY), note: "until the demo".to_owned(), ..Approval::default() };
    let approved = world.approve(&asked, approval).await.unwrap();
    assert!(world.revision().await > before, "it is published");
    let rule = &approved.rule;
    assert_eq!((rule.pattern.as_str(), &rule.scope), ("docker.io/evil/miner:1.2", &Scope::User("bob".to_owned())));
    assert_eq!(
        (rule.expires_at, rule.reason.as_str()),
        (Some(NOW + 30 * DAY), &*format!("request {asked}: until the demo"))
    );
    let request = approved.request;
    assert_eq!((request.state, request.decided_by.as_str()), (AccessState::Approved, "local:0"));
    assert_eq!((request.answer.as_str(), request.expires_at), ("until the demo", Some(NOW + 30 * DAY)));
    let line = world.store.read().await.unwrap().audit_lines(1).await.unwrap().remove(0);
    assert_eq!((line.act.as_str(), line.actor.as_str(), line.target.as_str()), ("request.approve", "local:0", &*asked));
    assert_eq!(world.ask("bob", "evil/miner:1.2", &[]).await.unwrap().requests, [], "allowed now");
    assert_eq!(organizations(&world.ask("alice", "evil/miner:1.2", &["acme"]).await.unwrap()), [("acme", true)]);
    // Answered is answered.
    for again in [
        world.approve(&asked, Approval::default()).await.map(drop),
        deny(&world.store, &LOCAL, (None, &asked), "no", NOW).await.map(drop),
        withdraw(&world.store, &world.account("bob").await, &asked, NOW).await.map(drop),
    ] {
        assert!(matches!(again, Err(AccessError::Decided { .. })), "{again:?}");
    }
}

async fn an_approval_takes_nothing_away(fixture: Fixture) {
    let world = World::new(fixture).await;
    let asked = world.asked("bob", "evil/miner:1.2").await;
    // Somebody allowed it for good meanwhile.
    world.rule(Effect::Allow, "docker.io/evil/miner:1.2", Scope::User("bob".to_owned())).await;
    let approval = Approval { expires_at: Some(NOW + DAY), ..Approval::default() };
    let approved = world.approve(&asked, approval).await.unwrap();
    assert_eq!((approved.rule.expires_at, approved.request.expires_at), (None, None));
    let line = world.store.read().await.unwrap().audit_lines(1).await.unwrap().remove(0);
    let detail: serde_json::Value = serde_json::from_str(&line.detail).unwrap();
    assert_eq!(detail["before"]["id"], approved.rule.id.as_str());
}

async fn an_approval_for_everybody_answers_whoever_waits_for_the_same(fixture: Fixture) {
    let world = World::new(fixture).await;
    world.asked("alice", "evil/miner").await;
    world.asked("alice", "evil/other").await;
    let bobs = world.asked("bob", "evil/miner").await;
    let everybody = Approval { scope: Some(Scope::Organization), ..Approval::default() };
    let approved = world.approve(&bobs, everybody).await.unwrap();
    assert_eq!(approved.also.iter().map(|other| other.user.as_str()).collect::<Vec<_>>(), ["alice"]);
    let states = [("alice", AccessState::Approved), ("alice", AccessState::Pending), ("bob", AccessState::Approved)];
    let mut is: Vec<_> = world.states().await;
    is.sort_by_key(|(user, state)| (user.clone(), *state == AccessState::Pending));
    assert_eq!(is.iter().map(|(user, state)| (user.as_str(), *state)).collect::<Vec<_>>(), states);
}

async fn an_approval_that_would_not_help_is_none(fixture: Fixture) {
    let world = World::new(fixture).await;
    let fails = async |id: &str, approval: Approval, part: &str| {
        let before = world.revision().await;
        let error = world.approve(id, approval).await.expect_err("refused").to_string();
        assert!(error.contains(part), "{error}");
        assert_eq!(world.revision().await, before, "nothing was changed");
    };
    let asked = world.asked("bob", "evil/miner").await;
    let pattern = |pattern: &str| Approval { pattern: Some(pattern.to_owned()), ..Approval::default() };
    fails(&asked, pattern("evil/other"), "would still be refused: category; give a pattern that matches").await;
    fails(&asked, pattern("*"), "is no pattern").await;
    let team = |team: &str| Approval { scope: Some(Scope::Team(team.to_owned())), ..Approval::default() };
    fails(&asked, team("sales"), "`bob` is not in team `sales`").await;
    fails("01J9ZK3V3N0000000000000000", Approval::default(), "there is no request").await;
    world.rule(Effect::Deny, "evil/*", Scope::Organization).await;
    let denied = "would still be refused: the denylist of `acme` has `evil/*` (rule Denyevil/*)";
    fails(&asked, Approval::default(), denied).await;
    let mut change = world.store.write().await.unwrap();
    let (acme, bob) = (id(&mut change, "acme").await, world.account("bob").await.id);
    change.remove_member(acme, bob).await.unwrap();
    change.commit().await.unwrap();
    fails(&asked, Approval::default(), "`bob` is no member of `acme` any more").await;
    deny(&world.store, &LOCAL, (None, &asked), "left", NOW).await.unwrap();
}

async fn only_the_one_who_asked_takes_it_back_and_may_ask_again(fixture: Fixture) {
    let world = World::new(fixture).await;
    let asked = world.asked("bob", "evil/miner").await;
    let foreign = withdraw(&world.store, &world.account("alice").await, &asked, NOW).await;
    assert!(matches!(foreign, Err(AccessError::NoSuch(_))), "{foreign:?}");
    let back = withdraw(&world.store, &world.account("bob").await, &asked, NOW).await.unwrap();
    assert_eq!((back.state, back.decided_by.as_str()), (AccessState::Withdrawn, ""));
    assert_ne!(world.asked("bob", "evil/miner").await, asked);
}

async fn answered_requests_are_forgotten_and_waiting_ones_are_not(fixture: Fixture) {
    let world = World::new(fixture).await;
    let denied = world.asked("bob", "evil/one").await;
    deny(&world.store, &LOCAL, (None, &denied), "no", NOW).await.unwrap();
    world.asked("bob", "evil/two").await;
    let mut change = world.store.write().await.unwrap();
    assert_eq!(change.forget_access_requests(NOW + DAY, DAY).await.unwrap(), 0);
    assert_eq!(change.forget_access_requests(NOW + DAY + 1, DAY).await.unwrap(), 1);
    change.commit().await.unwrap();
    assert_eq!(world.states().await, [("bob".to_owned(), AccessState::Pending)]);
}

async fn every_form_of_an_image_becomes_a_rule_that_matches_it(fixture: Fixture) {
    let world = World::new(fixture).await;
    let digest = format!("sha256:{}", "a".repeat(64));
    for (n, image) in [
        "evil/miner".to_owned(),
        "evil/tagged:v1".to_owned(),
        format!("evil/pinned@{digest}"),
        format!("evil/both:v2@{digest}"),
        "evil/deep/er/path".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let asked = world.asked("alice", image).await;
        let approved =
            world.approve(&asked, Approval::default()).await.unwrap_or_else(|error| panic!("{image}: {error}"));
        assert!(approved.request.image.starts_with("docker.io/evil/"), "{n}");
        let case =
            Case::read(&mut world.store.read().await.unwrap(), &world.account("alice").await, NOW).await.unwrap();
        let case = case.only(&["acme".to_owned()]);
        assert_eq!(case.refusals(&ImageRef::parse(image).unwrap()).unwrap(), [], "{image}");
    }
}

/// A name may be given away again, and its row in the database goes with it.
async fn whoever_gets_the_name_of_somebody_who_left_gets_nothing_that_they_asked_for(fixture: Fixture) {
    let world = World::new(fixture).await;
    let asked = world.asked("alice", "evil/miner").await;
    world.ask("alice", "evil/other", &[]).await.unwrap();
    world.asked("bob", "evil/miner").await;
    world.approve(&asked, Approval::default()).await.unwrap();
    let mut change = world.store.write().await.unwrap();
    let (acme, alice) = (id(&mut change, "acme").await, change.account("alice").await.unwrap().unwrap().id);
    change.remove_account(alice, NOW).await.unwrap();
    assert!(change.rules(acme, None).await.unwrap().is_empty(), "an exception is a person's");
    let another = change.add_account("alice", "$argon2id$y", NOW).await.unwrap();
    change.set_member(acme, another, Role::Member, &[]).await.unwrap();
    change.commit().await.unwrap();
    let mut view = world.store.read().await.unwrap();
    let filter = AccessFilter { account: Some(another), ..AccessFilter::default() };
    assert!(view.access_requests(&filter, 10).await.unwrap().is_empty(), "nor may another read what they wrote");
    let all = view.access_requests(&AccessFilter::default(), 10).await.unwrap();
    assert_eq!(all.iter().map(|request| request.user.as_str()).collect::<Vec<_>>(), ["bob"]);
    drop(view);
    let refused = world.ask("alice", "evil/miner", &["acme"]).await.unwrap();
    assert!(refused.requests[0].1, "it is refused to them, and this is a new question");
}

on_each_database! {
    each_organization_that_refuses_is_asked_once,
    an_approval_takes_nothing_away,
    what_is_allowed_is_not_asked_for,
    what_cannot_be_asked_is_told,
    words_are_one_line_that_steers_nothing,
    a_person_asks_so_often_a_day_and_not_more,
    an_approval_is_a_rule_for_the_person_and_a_line_in_the_trail,
    an_approval_for_everybody_answers_whoever_waits_for_the_same,
    an_approval_that_would_not_help_is_none,
    only_the_one_who_asked_takes_it_back_and_may_ask_again,
    answered_requests_are_forgotten_and_waiting_ones_are_not,
    every_form_of_an_image_becomes_a_rule_that_matches_it,
    whoever_gets_the_name_of_somebody_who_left_gets_nothing_that_they_asked_for,
}
