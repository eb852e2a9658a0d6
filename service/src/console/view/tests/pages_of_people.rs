//! Members, tokens, publishers and the audit log.

use super::*;

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
        listed: &[&members[0], &members[1]],
        found: 2,
        find: "",
        after: "",
        next: None,
        teams: &[team("ops", "who is called at night")],
        invitations: &[invitation("carol")],
        typed: &typed,
        problem: None,
        invited: Some(members::Invited { user: "carol", secret: Some(&secret) }),
    };
    check("members", &framed("olga", &owner, Tab::Members, &members::content(&page)));
    let looks = members::content(&Members { changes: false, changes_teams: false, invited: None, ..page });
    assert!(!looks.0.contains("method=\"post\""), "who only looks is offered nothing");
    let joined = invitation("carol");
    check("join", &sign_in::join(&sign_in::JoinPage::default()));
    harmless(&sign_in::join(&sign_in::JoinPage { code: EVIL, problem: Some(&Problem::new(EVIL)), joined: None }));
    let done = sign_in::join(&sign_in::JoinPage { joined: Some(&joined), ..sign_in::JoinPage::default() });
    assert!(done.0.contains("Your user name is <b>carol</b>"));

    let bad = Secret::new(EVIL.to_owned());
    let typed = ["user", "teams", "team", "description"].map(|name| (name, EVIL));
    let typed = form_urlencoded::Serializer::new(String::new()).extend_pairs(typed).finish();
    let typed = Fields::parse(typed.as_bytes());
    let found = Members { listed: &[&members[0]], found: 1, find: "ali", next: Some("/more"), ..page };
    let found = members::content(&found).0;
    assert!(found.contains("1 of 2 members") && found.contains("href=\"/more\""), "{found}");
    // A page of an organization with thousands of people stays one that a browser shows at once.
    let many: Vec<_> = (0..5_000).map(|n| member(&format!("user-{n}"), Role::Member, &["ops"])).collect();
    let listed: Vec<_> = many.iter().take(100).collect();
    let whole = members::content(&Members { members: &many, listed: &listed, found: many.len(), ..page });
    assert!(whole.0.contains("And 4950 more") && whole.0.len() < 300_000, "{} bytes", whole.0.len());
    let evil = member(EVIL, Role::Member, &[EVIL]);
    let page = Members {
        organization: EVIL,
        members: std::slice::from_ref(&evil),
        listed: &[&evil],
        find: EVIL,
        after: EVIL,
        next: Some(EVIL),
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
    let browser = |id: &str, agent: &str, peer: &str| BrowserSessionRow {
        id: id.to_owned(),
        created_at: 1_799_990_000,
        seen_at: 1_799_999_940,
        expires_at: 1_800_033_200,
        peer: peer.to_owned(),
        agent: agent.to_owned(),
    };
    let browsers = [browser("one", "Firefox", "192.0.2.7"), browser("two", "", "2001:db8::1")];
    let page = Account {
        csrf: "csrf-token",
        user: "olga",
        person: true,
        browsers: &browsers,
        this: "one",
        origin: Origin::Own,
        invitations: &[],
        tokens: &[token("laptop")],
        typed: &typed,
        problem: None,
        made: None,
        now: 1_800_000_000,
    };
    check("account", &framed("olga", &owner, Tab::Tokens, &account::content(&page)));
    let elsewhere = account::content(&Account { origin: Origin::Oidc, ..page });
    assert!(!elsewhere.0.contains("type=\"password\""), "there is none to change");
    assert!(elsewhere.0.contains("the identity provider has it"), "{}", elsewhere.0);
    let problem = Problem { text: EVIL.to_owned(), field: Some("current") };
    let browsers = [browser(EVIL, EVIL, EVIL)];
    let page = Account { user: EVIL, browsers: &browsers, tokens: &[token(EVIL)], problem: Some(&problem), ..page };
    harmless(&framed(EVIL, &owner, Tab::Tokens, &account::content(&page)));
}

#[test]
fn publishers_and_the_audit_log() {
    let owner = [membership("acme", Role::Owner)];
    let typed = Fields::default();
    let row = |namespace: &str, badge, source| Publisher { namespace: namespace.to_owned(), badge, source };
    let rows = [
        row("bitnami", Badge::VerifiedPublisher, BadgeSource::DockerHub),
        row("grafana", Badge::SponsoredOpenSource, BadgeSource::Hand),
    ];
    let page = Publishers {
        changes: true,
        csrf: "csrf-token",
        count: 2,
        search: "",
        rows: &rows,
        next: None,
        typed: &typed,
        problem: None,
        address: "https://hub.docker.com",
        refreshed: None,
        asks: false,
    };
    check("publishers", &framed("olga", &owner, Tab::Audit, &publishers::content(&page)));
    assert!(!publishers::content(&Publishers { changes: false, ..page }).0.contains("csrf"));
    let rows = [row(EVIL, Badge::VerifiedPublisher, BadgeSource::Hand)];
    harmless(&publishers::content(&Publishers { search: EVIL, rows: &rows, next: Some(EVIL), ..page }));

    let change = |namespace: &str, from, to| BadgeChange { namespace: namespace.to_owned(), from, to };
    let counted = |examples: Vec<BadgeChange>| Counted { count: examples.len(), examples };
    let refreshed = Refreshed {
        address: "https://hub.docker.com".to_owned(),
        made: false,
        results: 812,
        passed_over: 2,
        namespaces: 118,
        short: Vec::new(),
        added: Counted { count: 21, ..counted(vec![change("docker", None, Some(Badge::VerifiedPublisher))]) },
        changed: counted(vec![change("bitnami", Some(Badge::VerifiedPublisher), Some(Badge::SponsoredOpenSource))]),
        removed: counted(vec![change("gone", Some(Badge::VerifiedPublisher), None)]),
        by_hand: 1,
        unseen: 0,
        needs: Some(2),
    };
    let page = Publishers { rows: &[], asks: true, refreshed: Some(&refreshed), ..page };
    check("publishers_refresh", &framed("olga", &owner, Tab::Audit, &publishers::content(&page)));
    let short = Refreshed {
        made: true,
        short: vec![(Badge::SponsoredOpenSource, Short::Limited)],
        removed: Counted::default(),
        unseen: 3,
        needs: None,
        ..refreshed.clone()
    };
    let content = publishers::content(&Publishers { asks: false, refreshed: Some(&short), ..page });
    check("publishers_refresh_short", &framed("olga", &owner, Tab::Audit, &content));
    let evil = counted(vec![change(EVIL, None, None)]);
    let refreshed = Refreshed { address: EVIL.to_owned(), removed: evil, made: true, ..refreshed.clone() };
    harmless(&publishers::content(&Publishers { address: EVIL, refreshed: Some(&refreshed), ..page }));

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
    let page = Audit {
        organization: "acme",
        reads_service: true,
        of_service: false,
        actor: "",
        act: "policy",
        lines: &[line("policy.set")],
        older: Some("/x"),
    };
    check("audit", &framed("olga", &owner, Tab::Audit, &audit::content(&page)));
    harmless(&audit::content(&Audit { actor: EVIL, act: EVIL, lines: &[line(EVIL)], older: Some(EVIL), ..page }));
}
