//! Pages as they are, and with names that would do harm.
//!
//! `PULLGATE_REGENERATE=1 cargo test -p service console::view` writes the pages anew.

use std::{fs, path::PathBuf};

use maud::Markup;
use proto::secret::Secret;

use super::{
    activity::{Activity, Shown, Since},
    audit::Audit,
    image_access::{Entered, ImageAccess},
    lists::{Lists, Typed},
    machines::Machines,
    members::Members,
    my_policy::{Judged, MyPolicy},
    publishers::Publishers,
    requests::{Answering, MyRequests, NewRequest, OneRequest, Requests},
    sign_in::SignInPage,
    tokens::{Account, Tokens},
    *,
};
use crate::{
    access::Refusal,
    acts::{
        activity::{Filter, Hits, Summary},
        organization_tokens::OrganizationToken,
    },
    console::{fault::Problem, fields::Fields, flash::Flash},
    model::{
        AccessRequest, AccessState, Badge, Builds, ContainerBuilders, Effect, EnginePlugins, LocalContent, Membership,
        Mode, Origin, PolicyState, Role, Rule, RunUnapproved, Scope, Settings, Source, SwarmUse, TokenScope,
        UnknownRequests, WhenExpired,
    },
    store::{Day, Invitation, MachineRow, MadeRule, Member, RecordRow, RuleHits, Team, TokenRow, Top, TrailLine},
};

/// What somebody could call something.
const EVIL: &str = "</title></textarea><script>alert(1)</script>\"'&<img src=x onerror=alert(2)>";

/// Compares with the page that is kept.
fn check(name: &str, page: &Markup) {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/console/view/snapshots").join(format!("{name}.html"));
    // Addresses of files change with the files; lines make a difference readable.
    let mut text = page.0.replace("><", ">\n<");
    for asset in [&*super::super::assets::STYLE, &super::super::assets::SCRIPT, &super::super::assets::ICON] {
        text = text.replace(&asset.address(), "/assets/…");
    }
    text.push('\n');
    if std::env::var_os("PULLGATE_REGENERATE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "{name} changed; look at it, and run PULLGATE_REGENERATE=1 cargo test -p service console::view"
    );
}

/// Nothing that people wrote is markup, and nothing needs more than the content-security policy lets through.
fn harmless(page: &Markup) {
    let text = &page.0;
    let own_script = text.matches("<script src=\"/assets/").count();
    assert_eq!(text.matches("<script").count(), own_script, "{text}");
    for bad in ["<img", " onerror=alert(2)>", " style=\"", " onclick", "javascript:", "<style"] {
        assert!(!text.contains(bad), "{bad} in {text}");
    }
}

fn membership(organization: &str, role: Role) -> Membership {
    Membership { organization: organization.to_owned(), role, teams: Vec::new() }
}

fn framed(user: &str, memberships: &[Membership], tab: Tab, content: &Markup) -> Markup {
    let here = Here::Of(&memberships[0], tab);
    let frame = Frame { user, csrf: "csrf-token", memberships, here, title: "A page", flash: Some(Flash::PolicySaved) };
    page(&frame, content)
}

fn entered() -> Entered {
    Entered {
        enabled: true,
        mode: Mode::Enforce,
        official: true,
        verified_publisher: true,
        community: false,
        registry_control: true,
        registries: "*.corp.example\nghcr.io".to_owned(),
        when_expired: WhenExpired::Keep,
        message: "Ask in #docker.\nWe answer within a day.".to_owned(),
        request_url: "https://access.acme.example/requests/new".to_owned(),
        email: "it@acme.example".to_owned(),
        session_fresh: String::new(),
        session_valid: "14d".to_owned(),
        local_content: LocalContent::Allow,
        run_unapproved: RunUnapproved::Warn,
        engine_plugins: EnginePlugins::AsImages,
        swarm: SwarmUse::Own,
        builds: Builds::Allow,
        container_builders: ContainerBuilders::Allow,
        unknown_requests: UnknownRequests::Deny,
        push_limited: true,
        push: "acme/*".to_owned(),
        protect: false,
        protect_allow: String::new(),
    }
}

fn policy<'a>(entered: &'a Entered, namespaces: &'a [String]) -> ImageAccess<'a> {
    ImageAccess {
        organization: "acme",
        editable: true,
        csrf: "csrf-token",
        seen: "tag",
        entered,
        stored: None,
        problem: None,
        generation: Some(12),
        namespaces,
        rules: [1, 0],
    }
}

#[test]
fn the_sign_in() {
    let plain = SignInPage { next: "/", ..SignInPage::default() };
    check("sign_in", &sign_in::page(&plain));
    let problem = Problem::new("the user name or the password is wrong");
    let next = "/requests/new?image=docker.io%2Fa%2Fb";
    check("sign_in_wrong", &sign_in::page(&SignInPage { next, user: "alice", problem: Some(&problem), flash: None }));
    let problem = Problem::new(format!("`{EVIL}` is wrong"));
    harmless(&sign_in::page(&SignInPage { next: EVIL, user: EVIL, problem: Some(&problem), flash: None }));
}

#[test]
fn image_access_for_an_owner_and_for_a_member() {
    let (entered, namespaces) = (entered(), ["acme".to_owned(), "acme-tools".to_owned()]);
    let owner = [membership("acme", Role::Owner), membership("beta", Role::Member)];
    let content = image_access::content(&policy(&entered, &namespaces));
    check("image_access", &framed("olga", &owner, Tab::ImageAccess, &content));
    let member = [membership("acme", Role::Member)];
    let content = image_access::content(&ImageAccess { editable: false, ..policy(&entered, &namespaces) });
    assert!(!content.0.contains("<form") && !content.0.contains("<input"), "who may not change it is offered nothing");
    check("image_access_read_only", &framed("alice", &member, Tab::ImageAccess, &content));
}

#[test]
fn a_change_of_two_owners_is_shown_side_by_side() {
    let (mine, namespaces) = (entered(), []);
    let theirs = Entered { community: true, message: String::new(), ..entered() };
    let content = image_access::content(&ImageAccess { stored: Some(&theirs), ..policy(&mine, &namespaces) });
    for part in ["Somebody else changed", "<td>on</td><td>off</td>", "<td>none</td><td>Ask in #docker., We answer"] {
        assert!(content.0.contains(part), "{part} in {}", content.0);
    }
    assert!(!content.0.contains("<td>Keep the last policy</td>"), "what is the same is not shown");
}

#[test]
fn nobodys_words_are_markup() {
    let evil = || EVIL.to_owned();
    let mine = Entered {
        registries: evil(),
        message: evil(),
        request_url: evil(),
        email: evil(),
        session_fresh: evil(),
        session_valid: evil(),
        push: evil(),
        protect_allow: evil(),
        ..entered()
    };
    let (namespaces, other) = ([evil()], entered());
    let problem = Problem { text: format!("`{EVIL}` is no pattern {EVIL}"), field: Some("push") };
    let member = [membership(EVIL, Role::Owner), membership(EVIL, Role::Owner)];
    for editable in [true, false] {
        let page = ImageAccess {
            organization: EVIL,
            csrf: EVIL,
            seen: EVIL,
            editable,
            stored: Some(&other),
            problem: Some(&problem),
            ..policy(&mine, &namespaces)
        };
        harmless(&framed(EVIL, &member, Tab::ImageAccess, &image_access::content(&page)));
    }
    harmless(&excuse(&Excuse { title: EVIL, text: EVIL }));
}

#[test]
fn an_excuse() {
    check("excuse", &excuse(&Excuse { title: "Not here", text: "there is no such page" }));
}

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

#[test]
fn the_allowlist() {
    let rule = |pattern: &str, scope, expires_at| MadeRule {
        rule: Rule {
            id: format!("id-of-{pattern}"),
            effect: Effect::Allow,
            pattern: pattern.to_owned(),
            scope,
            expires_at,
            reason: "until they moved".to_owned(),
        },
        created_at: 1_700_000_000,
        created_by: "olga".to_owned(),
    };
    let rules = [
        rule("bitnami/*", Scope::Organization, None),
        rule("evil/miner", Scope::User("alice".to_owned()), Some(1_800_000_001)),
        rule("a/b:1.2", Scope::Team("ops".to_owned()), Some(1_799_999_999)),
    ];
    let (owner, typed) = ([membership("acme", Role::Owner)], Typed::default());
    let hit = RuleHits { rule: "id-of-bitnami/*".to_owned(), hits: 17, last_ms: 1_799_000_000_000 };
    let hits = Hits { looked_at: 50_000, rules: vec![hit] };
    let page = Lists {
        organization: "acme",
        effect: Effect::Allow,
        editable: true,
        csrf: "csrf-token",
        rules: &rules,
        more: true,
        hits: Some(&hits),
        typed: &typed,
        problem: None,
        now: 1_800_000_000,
    };
    check("allowlist", &framed("olga", &owner, Tab::Lists, &lists::content(&page)));
    let looks = lists::content(&Lists { editable: false, hits: None, ..page });
    assert!(!looks.0.contains("<form") && !looks.0.contains("Hits"), "who only looks is offered nothing");

    let evil = || EVIL.to_owned();
    let mut bad = rule(EVIL, Scope::Team(evil()), None);
    (bad.rule.reason, bad.created_by) = (evil(), evil());
    let rules = [bad];
    let typed = Typed { pattern: evil(), name: evil(), until: evil(), reason: evil(), ..Typed::default() };
    let problem = Problem { text: evil(), field: Some("pattern") };
    let page = Lists { organization: EVIL, csrf: EVIL, rules: &rules, typed: &typed, problem: Some(&problem), ..page };
    harmless(&framed(EVIL, &owner, Tab::Lists, &lists::content(&page)));
}

fn record(image: &str, allowed: bool, would_deny: bool) -> RecordRow {
    RecordRow {
        id: "01J9ZZZZZZZZZZZZZZZZZZZZZZ".to_owned(),
        machine_id: "7f3a9c1e-0000-4000-8000-000000000001".to_owned(),
        at_ms: 1_799_999_000_000,
        received_at_ms: 1_799_999_000_000,
        reported_by: "alice".to_owned(),
        action: "pull".to_owned(),
        image: image.to_owned(),
        allowed,
        reason: "category".to_owned(),
        category: "community".to_owned(),
        organization: "acme".to_owned(),
        generation: 12,
        rule: String::new(),
        would_deny,
        users: "[\"alice\"]".to_owned(),
        sequence: 1,
        run_ms: 1,
        evidence: String::new(),
        coverage: "enforced".to_owned(),
        act: String::new(),
        machine_disputed: false,
    }
}

#[test]
fn what_was_refused() {
    let owner = [membership("acme", Role::Owner)];
    let top = |name: &str, refusals| Top { name: name.to_owned(), refusals };
    let summary = Summary {
        looked_at: 50_000,
        days: vec![Day { day: 20_830, denied: 3, would_deny: 0 }, Day { day: 20_833, denied: 40, would_deny: 7 }],
        images: vec![top("docker.io/evil/miner:latest", 41), top("docker.io/a/b:1", 9)],
        people: vec![top("alice", 50)],
    };
    let rows = [record("docker.io/evil/miner:latest", false, false), record("docker.io/a/b:1", true, true)];
    let (fields, filter) =
        (Fields::parse(b"image=evil&before=x"), Filter { image: "evil".to_owned(), ..Filter::default() });
    let page = Activity {
        organization: "acme",
        allows: true,
        fields: &fields,
        shown: Shown::Refused,
        since: Since::Week,
        filter: &filter,
        today: 20_833,
        summary: &summary,
        rows: &rows,
        older: Some("/orgs/acme/activity?before=y"),
    };
    check("activity", &framed("olga", &owner, Tab::Activity, &activity::content(&page)));
    let empty = Activity { rows: &[], older: None, summary: &Summary::default(), allows: false, ..page };
    check("activity_empty", &framed("olga", &owner, Tab::Activity, &activity::content(&empty)));

    let mut bad = record(EVIL, false, false);
    for text in
        [&mut bad.id, &mut bad.machine_id, &mut bad.reported_by, &mut bad.action, &mut bad.reason, &mut bad.category]
    {
        EVIL.clone_into(text);
    }
    let summary = Summary { images: vec![top(EVIL, 1)], people: vec![top(EVIL, 1)], ..Summary::default() };
    let filter =
        Filter { image: EVIL.to_owned(), user: EVIL.to_owned(), machine: EVIL.to_owned(), ..Filter::default() };
    let query = form_urlencoded::Serializer::new(String::new()).append_pair(EVIL, EVIL).finish();
    let fields = Fields::parse(query.as_bytes());
    let page = Activity { fields: &fields, filter: &filter, summary: &summary, rows: &[bad], ..page };
    harmless(&framed(EVIL, &owner, Tab::Activity, &activity::content(&page)));
}

#[test]
fn where_people_are_signed_in() {
    let owner = [membership("acme", Role::Owner)];
    let machine = |user: &str, generation, expires, lost| MachineRow {
        user: user.to_owned(),
        machine_id: "7f3a9c1e-0000-4000-8000-000000000001".to_owned(),
        uid: 1000,
        agent_version: "0.1.0".to_owned(),
        session_issued_at: 1_799_000_000,
        session_expires_at: expires,
        records_dropped: lost,
        records_refused: 0,
        disputed: lost > 0,
        generation,
        last_record_at_ms: generation.map(|_| 1_799_999_000_000),
    };
    let rows = [
        machine("alice", Some(12), 1_800_500_000, 0),
        machine("bob", Some(11), 1_800_500_000, 3),
        machine("carol", None, 1_799_500_000, 0),
    ];
    let page = Machines {
        organization: "acme",
        user: "",
        rows: &rows,
        published: Some(12),
        next: Some("/orgs/acme/machines?after=carol"),
        now: 1_800_000_000,
    };
    check("machines", &framed("olga", &owner, Tab::Machines, &machines::content(&page)));
    let mut bad = machine(EVIL, None, 0, 0);
    (bad.machine_id, bad.agent_version) = (EVIL.to_owned(), EVIL.to_owned());
    let page = Machines { organization: EVIL, user: EVIL, rows: &[bad], next: None, ..page };
    harmless(&framed(EVIL, &owner, Tab::Machines, &machines::content(&page)));
}

#[test]
fn who_belongs_to_it() {
    let owner = [membership("acme", Role::Owner)];
    let member = |user: &str, role, teams: &[&str]| Member {
        user: user.to_owned(),
        role,
        teams: teams.iter().map(|team| (*team).to_owned()).collect(),
        origin: Origin::Own,
        source: Source::Admin,
    };
    let members = [member("alice", Role::Member, &["ops"]), member("olga", Role::Owner, &[])];
    let team =
        |name: &str, words: &str| Team { id: 1, name: name.to_owned(), description: words.to_owned(), members: 1 };
    let invitation = |name: &str| Invitation {
        id: "01J9ZZZZZZZZZZZZZZZZZZZZZZ".to_owned(),
        organization: name.to_owned(),
        invitee: name.to_owned(),
        role: Role::Auditor,
        teams: vec![name.to_owned()],
        inviter: name.to_owned(),
        created_at: 1_700_000_000,
        expires_at: 1_800_000_000,
    };
    let (typed, secret) = (Fields::default(), Secret::new("the-secret".to_owned()));
    let page = Members {
        organization: "acme",
        changes: true,
        changes_teams: true,
        csrf: "csrf-token",
        members: &members,
        teams: &[team("ops", "who is called at night")],
        invitations: &[invitation("carol")],
        typed: &typed,
        problem: None,
        invited: Some(members::Invited { user: "carol", secret: Some(&secret) }),
    };
    check("members", &framed("olga", &owner, Tab::Members, &members::content(&page)));
    let looks = members::content(&Members { changes: false, changes_teams: false, invited: None, ..page });
    assert!(!looks.0.contains("<form"), "who only looks is offered nothing");
    let joined = invitation("carol");
    check("join", &sign_in::join(&sign_in::JoinPage::default()));
    harmless(&sign_in::join(&sign_in::JoinPage { code: EVIL, problem: Some(&Problem::new(EVIL)), joined: None }));
    let done = sign_in::join(&sign_in::JoinPage { joined: Some(&joined), ..sign_in::JoinPage::default() });
    assert!(done.0.contains("Your user name is <b>carol</b>"));

    let bad = Secret::new(EVIL.to_owned());
    let typed = ["user", "teams", "team", "description"].map(|name| (name, EVIL));
    let typed = form_urlencoded::Serializer::new(String::new()).extend_pairs(typed).finish();
    let typed = Fields::parse(typed.as_bytes());
    let page = Members {
        organization: EVIL,
        members: &[member(EVIL, Role::Member, &[EVIL])],
        teams: &[team(EVIL, EVIL)],
        invitations: &[invitation(EVIL)],
        typed: &typed,
        invited: Some(members::Invited { user: EVIL, secret: Some(&bad) }),
        ..page
    };
    harmless(&framed(EVIL, &owner, Tab::Members, &members::content(&page)));
}

#[test]
fn tokens_and_invitations() {
    let owner = [membership("acme", Role::Owner)];
    let token = |name: &str| TokenRow {
        id: "0123456789abcdef".to_owned(),
        name: name.to_owned(),
        scopes: [TokenScope::SignIn, TokenScope::OrgRead].into_iter().collect(),
        created_at: 1_700_000_000,
        expires_at: Some(1_900_000_000),
        last_used_at: None,
    };
    let of = |name: &str| OrganizationToken { token: token(name), teams: vec![name.to_owned()] };
    let typed = Fields::default();
    let page = Tokens {
        organization: "acme",
        changes: true,
        csrf: "csrf-token",
        tokens: &[of("ci")],
        typed: &typed,
        problem: None,
        made: None,
        now: 1_800_000_000,
    };
    check("tokens", &framed("olga", &owner, Tab::Tokens, &tokens::content(&page)));
    let looks = tokens::content(&Tokens { changes: false, ..page });
    assert!(!looks.0.contains("<form"), "who only looks is offered nothing");
    harmless(&framed(
        EVIL,
        &owner,
        Tab::Tokens,
        &tokens::content(&Tokens { organization: EVIL, tokens: &[of(EVIL)], ..page }),
    ));
    let account = Account {
        csrf: "csrf-token",
        origin: Origin::Own,
        invitations: &[],
        tokens: &[token("laptop")],
        typed: &typed,
        problem: None,
        made: None,
        now: 1_800_000_000,
    };
    check("account", &framed("olga", &owner, Tab::Tokens, &tokens::account(&account)));
}

#[test]
fn publishers_and_the_audit_log() {
    let owner = [membership("acme", Role::Owner)];
    let typed = Fields::default();
    let rows = [("bitnami".to_owned(), Badge::VerifiedPublisher), ("grafana".to_owned(), Badge::SponsoredOpenSource)];
    let page = Publishers {
        changes: true,
        csrf: "csrf-token",
        count: 2,
        search: "",
        rows: &rows,
        next: None,
        typed: &typed,
        problem: None,
    };
    check("publishers", &framed("olga", &owner, Tab::Audit, &publishers::content(&page)));
    assert!(!publishers::content(&Publishers { changes: false, ..page }).0.contains("csrf"));
    let rows = [(EVIL.to_owned(), Badge::VerifiedPublisher)];
    harmless(&publishers::content(&Publishers { search: EVIL, rows: &rows, next: Some(EVIL), ..page }));

    let line = |text: &str| TrailLine {
        id: 7,
        at_ms: 1_800_000_000_000,
        actor: format!("user:{text}"),
        via: text.to_owned(),
        peer: text.to_owned(),
        act: text.to_owned(),
        organization: "acme".to_owned(),
        target: text.to_owned(),
        detail: serde_json::json!({ "enabled": { "from": false, "to": text } }).to_string(),
    };
    let page =
        Audit { organization: "acme", actor: "", act: "policy", lines: &[line("policy.set")], older: Some("/x") };
    check("audit", &framed("olga", &owner, Tab::Audit, &audit::content(&page)));
    harmless(&audit::content(&Audit { actor: EVIL, act: EVIL, lines: &[line(EVIL)], older: Some(EVIL), ..page }));
}
