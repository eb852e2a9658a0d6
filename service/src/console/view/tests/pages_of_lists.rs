//! Allowlist, activity and machines.

use super::*;

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
    let hits = Hits(vec![hit]);
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
        asks: None,
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
        posture: None,
        posture_at_ms: None,
        guard: Guard::Untold,
    };
    // What the clock says when it is sealed.
    let (newest, older) = (1_799_990_000_000, 1_796_500_000_000);
    let whole = Posture {
        plugin_version: "0.1.0".to_owned(),
        engine_version: "28.5.1".to_owned(),
        engine_asks: true,
        policies: [("acme".to_owned(), newest)].into(),
        sign_in_enforced: true,
        door: true,
        loopback_led: true,
        containers_kept: true,
        ..Posture::default()
    };
    let faulty = Posture {
        loopback_led: false,
        loopback_why: "the engine's control group is not in the set".to_owned(),
        policies: [].into(),
        sandbox_faults: vec!["this kernel has no Landlock".to_owned()],
        ..whole.clone()
    };
    let excepted = Posture {
        exceptions: ["127.0.0.1:24224", "192.0.2.7:5000"].map(str::to_owned).into(),
        containers_kept: false,
        ..whole.clone()
    };
    let told = |machine: MachineRow, guard, posture: &Posture| MachineRow {
        posture: Some(posture.clone()),
        posture_at_ms: Some(1_799_999_900_000),
        guard,
        ..machine
    };
    let rows = [
        machine("alice", Some(newest), 1_800_500_000, 0),
        machine("bob", Some(older), 1_800_500_000, 3),
        MachineRow { guard: Guard::Silent, ..machine("carol", None, 1_799_500_000, 0) },
        told(machine("dora", Some(older), 1_800_500_000, 0), Guard::Whole, &whole),
        told(machine("emil", None, 1_800_500_000, 0), Guard::Open, &faulty),
        told(machine("fred", Some(newest), 1_800_500_000, 0), Guard::Open, &Posture::default()),
        MachineRow {
            posture_at_ms: Some(1_799_000_000_000),
            ..told(machine("gina", None, 1_799_500_000, 0), Guard::Silent, &whole)
        },
        told(machine("hans", Some(newest), 1_800_500_000, 0), Guard::Open, &excepted),
    ];
    let guards = [(Guard::Whole, 1), (Guard::Open, 3), (Guard::Silent, 2), (Guard::Untold, 2)];
    let page = Machines {
        organization: "acme",
        user: "",
        rows: &rows,
        published: Some(newest),
        guards: &guards,
        guard: Some(Guard::Open),
        next: Some("/orgs/acme/machines?after=fred"),
        now: 1_800_000_000,
    };
    check("machines", &framed("olga", &owner, Tab::Machines, &machines::content(&page)));
    let mut bad = machine(EVIL, None, 0, 0);
    (bad.machine_id, bad.agent_version) = (EVIL.to_owned(), EVIL.to_owned());
    bad.posture = Some(Posture {
        plugin_version: EVIL.to_owned(),
        engine_version: EVIL.to_owned(),
        door: true,
        loopback_why: EVIL.to_owned(),
        sandbox_faults: vec![EVIL.to_owned()],
        exceptions: vec![EVIL.to_owned()],
        ..Posture::default()
    });
    let page = Machines { organization: EVIL, user: EVIL, rows: &[bad], next: None, ..page };
    harmless(&framed(EVIL, &owner, Tab::Machines, &machines::content(&page)));
}

#[test]
fn namespaces_of_an_organization() {
    let (owner, all) = ([membership("acme", Role::Owner)], ["acme".to_owned(), "acme-tools".to_owned()]);
    let page = Namespaces {
        organization: "acme",
        editable: true,
        adds: true,
        csrf: "csrf-token",
        namespaces: &all,
        typed: "",
        problem: None,
        asks: None,
    };
    check("namespaces", &framed("olga", &owner, Tab::Namespaces, &namespaces::content(&page)));
    let looks = namespaces::content(&Namespaces { editable: false, ..page }).0;
    assert!(!looks.contains("<form") && !looks.contains("<input") && looks.contains("acme-tools"), "{looks}");
    let of_several = namespaces::content(&Namespaces { adds: false, ..page }).0;
    assert!(
        of_several.contains("only who owns every organization adds one") && !of_several.contains("id=\"namespace\"")
    );
    let none = namespaces::content(&Namespaces { namespaces: &[], ..page }).0;
    assert!(none.contains("owns no Docker Hub namespace yet") && !none.contains("<table"), "{none}");
    let problem = Problem { text: EVIL.to_owned(), field: Some("confirm") };
    let (all, owner) = ([EVIL.to_owned()], [membership(EVIL, Role::Owner)]);
    let (problem, asks) = (Some(&problem), Some(EVIL));
    let page = Namespaces { organization: EVIL, csrf: EVIL, namespaces: &all, typed: EVIL, problem, asks, ..page };
    harmless(&framed(EVIL, &owner, Tab::Namespaces, &namespaces::content(&page)));
}
