//! Requests to answer, and one's own.

use super::*;

fn request(state: AccessState) -> AccessRequest {
    AccessRequest {
        id: "01J9ZZZZZZZZZZZZZZZZZZZZZZ".to_owned(),
        organization: "acme".to_owned(),
        user: "alice".to_owned(),
        image: "docker.io/evil/miner".to_owned(),
        reason: "the demo on Friday".to_owned(),
        decision: String::new(),
        machine_id: "m1".to_owned(),
        state,
        created_at: 1_800_000_000,
        decided_at: None,
        decided_by: String::new(),
        answer: String::new(),
        rule_id: String::new(),
        expires_at: None,
    }
}

fn evil_request() -> AccessRequest {
    let evil = || EVIL.to_owned();
    AccessRequest {
        id: evil(),
        organization: evil(),
        user: evil(),
        image: evil(),
        reason: evil(),
        decision: evil(),
        decided_by: evil(),
        answer: evil(),
        ..request(AccessState::Pending)
    }
}

#[test]
fn requests_to_answer() {
    let admin = [membership("acme", Role::Admin)];
    let approved = AccessRequest {
        decided_by: "adam".to_owned(),
        answer: "for the demo".to_owned(),
        expires_at: Some(1_802_592_000),
        ..request(AccessState::Approved)
    };
    let all = [request(AccessState::Pending), approved, request(AccessState::Denied), request(AccessState::Withdrawn)];
    let page =
        Requests { organization: "acme", answers: true, csrf: "csrf-token", all: true, requests: &all, older: true };
    check("requests", &framed("adam", &admin, Tab::Requests, &requests::list(&page)));
    let (typed, teams) = (Answering::default(), ["ops".to_owned()]);
    let one =
        OneRequest { answers: true, csrf: "csrf-token", request: &all[0], teams: &teams, typed: &typed, problem: None };
    check("request", &framed("adam", &admin, Tab::Requests, &requests::one(&one)));
    let looks = requests::one(&OneRequest { answers: false, ..one });
    assert!(!looks.0.contains("<form"), "who only looks is offered nothing");
}

#[test]
fn nobodys_request_is_markup() {
    let (evil, admin) = ([evil_request()], [membership(EVIL, Role::Admin)]);
    let problem = Problem { text: EVIL.to_owned(), field: Some("pattern") };
    let evil_text = || EVIL.to_owned();
    let typed = Answering {
        lasts: evil_text(),
        whom: requests::Whom::Team(evil_text()),
        pattern: evil_text(),
        note: evil_text(),
        reason: evil_text(),
    };
    let page = Requests { organization: EVIL, answers: true, csrf: EVIL, all: false, requests: &evil, older: true };
    let one = OneRequest {
        answers: true,
        csrf: EVIL,
        request: &evil[0],
        teams: &[evil_text()],
        typed: &typed,
        problem: Some(&problem),
    };
    let judged = Judged {
        image: evil_text(),
        refusals: vec![Refusal {
            id: 1,
            organization: evil_text(),
            reason: policy::Reason::DenyRule,
            rule: Some(evil_text()),
            category: None,
            watched: false,
        }],
    };
    let new = NewRequest {
        csrf: EVIL,
        image: EVIL,
        reason: EVIL,
        decision: EVIL,
        answer: Some(&judged),
        problem: Some(&problem),
    };
    let contents = [
        requests::list(&page),
        requests::one(&one),
        requests::mine(&MyRequests { csrf: EVIL, requests: &evil }),
        requests::new(&new),
        my_policy::answer(&judged),
    ];
    for content in contents {
        harmless(&framed(EVIL, &admin, Tab::Requests, &content));
    }
}

#[test]
fn my_own_pages() {
    let member = [membership("acme", Role::Member)];
    let state = PolicyState {
        organization: "acme".to_owned(),
        settings: Settings { enabled: true, registry_control: true, ..Settings::default() },
        registries: vec!["ghcr.io".to_owned()],
        namespaces: vec!["acme".to_owned()],
        rules: [("bitnami/*", Scope::Organization), ("a/b", Scope::User("bob".to_owned()))]
            .map(|(pattern, scope)| Rule {
                id: pattern.to_owned(),
                effect: Effect::Allow,
                pattern: pattern.to_owned(),
                scope,
                expires_at: None,
                reason: "until they moved".to_owned(),
            })
            .into(),
    };
    let refusal = Refusal {
        id: 1,
        organization: "acme".to_owned(),
        reason: policy::Reason::Category,
        rule: None,
        category: Some(policy::Category::Community),
        watched: false,
    };
    let judged = Judged { image: "docker.io/evil/miner".to_owned(), refusals: vec![refusal] };
    let page = MyPolicy {
        user: "alice",
        organizations: &[my_policy::Of { membership: &member[0], state }],
        image: "evil/miner",
        judged: Some(&judged),
        problem: None,
        now: 1_800_000_000,
    };
    let content = my_policy::content(&page);
    assert!(content.0.contains("bitnami/*") && !content.0.contains("a/b"), "only what concerns them");
    check("my_policy", &framed("alice", &member, Tab::ImageAccess, &content));
    let new = NewRequest {
        csrf: "csrf-token",
        image: &judged.image,
        reason: "",
        decision: "",
        answer: Some(&judged),
        problem: None,
    };
    check("new_request", &framed("alice", &member, Tab::ImageAccess, &requests::new(&new)));
}
