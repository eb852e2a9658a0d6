//! Tests of [`super`]: a table of drafts, things and people.

use std::collections::BTreeMap;

use super::*;
use crate::{
    acts::preview::crowd::{Judging, Sides},
    model::{Builds, Effect, LocalContent, Mode, PolicyState, Role, Rule, RunUnapproved, Scope, Settings},
    store::Subject,
};

const NOW: i64 = 1_800_000_000;

fn state(change: impl FnOnce(&mut PolicyState)) -> PolicyState {
    let mut state = PolicyState {
        organization: "acme".to_owned(),
        settings: Settings { enabled: true, ..Settings::default() },
        registries: Vec::new(),
        namespaces: vec!["acmehub".to_owned()],
        rules: Vec::new(),
    };
    change(&mut state);
    state
}

fn rule(effect: Effect, pattern: &str, scope: Scope, expires_at: Option<i64>) -> Rule {
    let (id, pattern, reason) = (format!("{pattern}-{scope:?}"), pattern.to_owned(), String::new());
    Rule { id, effect, pattern, scope, expires_at, reason }
}

fn subject(name: &str, role: Role, teams: &[&str], others: &[&str]) -> Subject {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Subject { name: name.to_owned(), role, teams: names(teams), others: names(others) }
}

/// An owner, a plain member, one in a team, one of another organization too.
fn everybody() -> Vec<Subject> {
    vec![
        subject("olga", Role::Owner, &[], &[]),
        subject("mia", Role::Member, &[], &[]),
        subject("tom", Role::Admin, &["ops"], &[]),
        subject("otto", Role::Member, &[], &["beta"]),
    ]
}

fn sides(before: PolicyState, after: PolicyState) -> Sides {
    let publishers = vec![
        ("bitnami".to_owned(), Badge::VerifiedPublisher),
        ("grafana".to_owned(), Badge::VerifiedPublisher),
        ("openio".to_owned(), Badge::SponsoredOpenSource),
    ];
    Sides { before, after, publishers, others: BTreeMap::from([("beta".to_owned(), vec!["betahub".to_owned()])]) }
}

/// Done by everybody, three times.
fn thing<'a>(action: &'a str, image: &'a str) -> Thing<'a> {
    Thing { action, image, times: 3, last_day: 20_000, people: vec![0, 1, 2, 3] }
}

/// Who is refused, watched and allowed anew, each by name.
fn changed(sides: &Sides, things: &[Thing<'_>]) -> [String; 3] {
    let crowd = Crowd::of(everybody(), sides, NOW).unwrap();
    let Differences { effects, .. } = compare(things, &crowd);
    let Effects { refused, watched, allowed } = effects.map(|shift| {
        let mut names: Vec<String> = shift.people.examples.into_iter().map(|one| one.user).collect();
        names.sort_unstable();
        names.join(" ")
    });
    [refused, watched, allowed]
}

const MINER: &str = "docker.io/evil/miner:latest";
const MEMBERS: &str = "mia otto tom";

#[test]
fn a_draft_takes_and_gives_what_the_machines_own_function_says() {
    let check = |what: &str,
                 before: &dyn Fn(&mut PolicyState),
                 after: &dyn Fn(&mut PolicyState),
                 (action, image): (&str, &str),
                 [refused, watched, allowed]: [&str; 3]| {
        let (before, after) = (state(before), state(after));
        let there = changed(&sides(before.clone(), after.clone()), &[thing(action, image)]);
        assert_eq!(there, [refused, watched, allowed], "{what}");
        // The way back takes what was given, and gives what was taken.
        let [back_refused, back_watched, back_allowed] = changed(&sides(after, before), &[thing(action, image)]);
        assert_eq!(back_allowed, if refused.is_empty() { watched } else { refused }, "{what}, back");
        if watched.is_empty() {
            assert_eq!((back_refused.as_str(), back_watched.as_str()), (allowed, ""), "{what}, back");
        }
    };
    let same = |_: &mut PolicyState| {};
    let off = |state: &mut PolicyState| state.settings.enabled = false;
    let monitor = |state: &mut PolicyState| state.settings.mode = Mode::Monitor;
    let no_official = |state: &mut PolicyState| state.settings.official = false;
    let pull = ("pull", MINER);
    check("nothing changes", &same, &same, pull, ["", "", ""]);
    check("switched on", &off, &same, pull, [MEMBERS, "", ""]);
    check("switched on, an official image", &off, &same, ("pull", "docker.io/library/alpine:3"), ["", "", ""]);
    check("switched on to watch", &off, &monitor, pull, ["", MEMBERS, ""]);
    check("from watching to refusing", &monitor, &same, pull, [MEMBERS, "", ""]);
    check("official images", &same, &no_official, ("pull", "docker.io/library/alpine:3"), [MEMBERS, "", ""]);
    check("by the registry door", &off, &same, ("fetch", MINER), [MEMBERS, "", ""]);
    check("every tag", &off, &same, ("pull", "docker.io/evil/miner:*"), [MEMBERS, "", ""]);
    check(
        "an engine plugin is judged as an image",
        &same,
        &|state| state.settings.community = true,
        ("plugin_pull", "docker.io/evil/plugin:1"),
        ["", "", MEMBERS],
    );
    let beta = ("pull", "docker.io/betahub/app:1");
    check("an image of another organization of theirs", &off, &same, beta, ["mia tom", "", ""]);
    check(
        "their own namespace",
        &same,
        &|state| state.namespaces.clear(),
        ("pull", "docker.io/acmehub/app:1"),
        [MEMBERS, "", ""],
    );
    let list = |rule: Rule| move |state: &mut PolicyState| state.rules.push(rule.clone());
    let allow = |scope, expires_at| list(rule(Effect::Allow, "evil/miner", scope, expires_at));
    check("the allowlist", &same, &allow(Scope::Organization, None), pull, ["", "", MEMBERS]);
    check("the allowlist of a team", &same, &allow(Scope::Team("ops".to_owned()), None), pull, ["", "", "tom"]);
    check("the allowlist of a person", &same, &allow(Scope::User("mia".to_owned()), None), pull, ["", "", "mia"]);
    check("of nobody", &same, &allow(Scope::User("olga".to_owned()), None), pull, ["", "", ""]);
    check("an entry that ended", &same, &allow(Scope::Organization, Some(NOW)), pull, ["", "", ""]);
    check("one that will", &same, &allow(Scope::Organization, Some(NOW + 1)), pull, ["", "", MEMBERS]);
    let deny = list(rule(Effect::Deny, "alpine", Scope::Organization, None));
    check("the denylist", &same, &deny, ("pull", "docker.io/library/alpine:3"), [MEMBERS, "", ""]);
    let quay = |state: &mut PolicyState| {
        state.settings.registry_control = true;
        state.registries = vec!["quay.io".to_owned()];
    };
    check("another registry", &same, &quay, ("pull", "ghcr.io/a/b:1"), [MEMBERS, "", ""]);
    check("one of the list", &same, &quay, ("pull", "quay.io/a/b:1"), ["", "", ""]);
    let beyond =
        |change: fn(&mut crate::model::Beyond)| move |state: &mut PolicyState| change(&mut state.settings.beyond);
    check("builds", &same, &beyond(|to| to.builds = Builds::Deny), ("build", ""), [MEMBERS, "", ""]);
    check("files", &same, &beyond(|to| to.local_content = LocalContent::Deny), ("load", ""), [MEMBERS, "", ""]);
    check("pushes", &same, &beyond(|to| to.push = Some(Vec::new())), ("push", "docker.io/a/b"), [MEMBERS, "", ""]);
    let start = ("create", MINER);
    check("starts", &same, &beyond(|to| to.run_unapproved = RunUnapproved::Deny), start, [MEMBERS, "", ""]);
    check("starts, warned", &same, &beyond(|to| to.run_unapproved = RunUnapproved::Warn), start, ["", MEMBERS, ""]);
    check("what no policy has a say in", &off, &same, ("ping", MINER), ["", "", ""]);
}

#[test]
fn what_most_people_did_comes_first_and_the_rest_is_counted() {
    let sides = sides(state(|state| state.settings.enabled = false), state(|_| {}));
    let crowd = Crowd::of(everybody(), &sides, NOW).unwrap();
    let images: Vec<String> = (0..30).map(|n| format!("docker.io/evil/n{n:02}:1")).collect();
    let mut things: Vec<Thing<'_>> = images.iter().map(|image| thing("pull", image)).collect();
    for (at, one) in things.iter_mut().enumerate() {
        // The owner, and of members one or two.
        one.people = if at < 10 { vec![0, 1] } else { vec![0, 1, 3] };
    }
    things.push(Thing { times: 4, ..thing("pull", "Not/Readable") });
    things.push(Thing { people: vec![99], ..thing("pull", MINER) });
    let Differences { effects, unread } = compare(&things, &crowd);
    let Shift { things, people, .. } = effects.refused;
    assert_eq!((things.count, things.examples.len(), unread), (30, MOST_EXAMPLES, 4));
    assert_eq!((things.examples[0].image.as_str(), things.examples[0].people), ("docker.io/evil/n10:1", 2));
    assert_eq!(things.examples[0].reason.code(), "category");
    assert_eq!(things.examples[0].category.map(policy::Category::code), Some("community"));
    let named: Vec<(&str, usize)> = people.examples.iter().map(|one| (one.user.as_str(), one.things)).collect();
    assert_eq!((people.count, named), (2, vec![("mia", 30), ("otto", 20)]));
    assert_eq!((effects.watched, effects.allowed), (Shift::default(), Shift::default()));
}

#[test]
fn who_somebody_is_matters_only_where_a_rule_for_some_is_about_it() {
    let pinned = format!("docker.io/evil/pin@sha256:{}", "a".repeat(64));
    let patterns = [
        "evil/miner",
        "evil/*",
        "evil/mi*",
        "evil/miner:1.*",
        "evil/miner:latest",
        "*.corp.example/*",
        "ghcr.io/acme/app",
        "reg.example/*",
        &pinned,
    ];
    let images = [
        MINER,
        "docker.io/evil/miner:1.2",
        "docker.io/evil/miner",
        "docker.io/library/alpine:3",
        &pinned,
        "a.corp.example/x:1",
        "ghcr.io/acme/app:1",
        "reg.example:5000/x:1",
        "reg.example/x/y:1",
    ];
    let (mut differed, mut the_same) = (0, 0);
    for pattern in patterns {
        for scope in [Scope::Team("ops".to_owned()), Scope::User("mia".to_owned())] {
            for effect in [Effect::Allow, Effect::Deny] {
                let one = Rule { id: "one".to_owned(), ..rule(effect, pattern, scope.clone(), None) };
                let with = state(|state| state.rules.push(one));
                let crowd = Crowd::of(everybody(), &sides(with, state(|_| {})), NOW).unwrap();
                for (image, word) in
                    images.iter().flat_map(|image| ["pull", "create", "push"].map(|word| (image, word)))
                {
                    let Recorded::Readable(action) = recorded::read(word, image) else { panic!("{word} {image}") };
                    let is_for_some = crowd.is_for_some(&action);
                    the_same += usize::from(!is_for_some);
                    for person in (0..4).map(|number| crowd.person(number).unwrap()) {
                        let say = |judge| crowd.judge(judge).unwrap().say(&action);
                        if say(person.judge) != say(person.usual_judge) {
                            differed += 1;
                            assert!(is_for_some, "{effect:?} {pattern} {scope:?}: {word} {image} of {}", person.name);
                        }
                    }
                }
            }
        }
    }
    assert!(differed > 20 && the_same > 100, "{differed} {the_same}");
}

#[test]
fn the_directory_says_which_publishers_a_draft_shuts_out() {
    let check = |before: PolicyState, after: PolicyState, expected: [&[&str]; 3]| {
        let sides = sides(before, after);
        let judge = Judging::over(&sides, NOW).unwrap().of_members();
        let mut effects = Effects::default();
        compare_directory(&sides.publishers, &judge, &mut effects);
        let names = effects.map(|shift: Shift| {
            assert_eq!(shift.namespaces.count, shift.namespaces.examples.len());
            shift.namespaces.examples.into_iter().map(|one| one.namespace).collect::<Vec<_>>()
        });
        assert_eq!([names.refused, names.watched, names.allowed], expected.map(|names| names.to_vec()));
    };
    let verified = |on| state(|state| state.settings.verified_publisher = on);
    check(verified(true), verified(true), [&[], &[], &[]]);
    check(verified(true), verified(false), [&["bitnami", "grafana"], &[], &[]]);
    check(verified(false), verified(true), [&[], &[], &["bitnami", "grafana"]]);
    let community = state(|state| state.settings.community = true);
    check(community, verified(false), [&["bitnami", "grafana", "openio"], &[], &[]]);
    let denied = state(|state| state.rules.push(rule(Effect::Deny, "grafana/*", Scope::Organization, None)));
    check(verified(true), denied, [&["grafana"], &[], &[]]);
    let team = state(|state| state.rules.push(rule(Effect::Deny, "grafana/*", Scope::Team("ops".to_owned()), None)));
    check(verified(true), team, [&[], &[], &[]]);
}
