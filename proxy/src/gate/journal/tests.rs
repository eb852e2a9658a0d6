//! What is the same decision, and for how long.

use std::sync::Arc;

use policy::{ImageRef, Membership, Policy, Role, Session, Validity, decide};

use super::*;

const ALWAYS: Validity =
    Validity { issued_at: Timestamp(0), refresh_after: Timestamp(i64::MAX), expires_at: Timestamp(i64::MAX) };

fn enforced(generation: u64) -> Enforced {
    let membership = Membership { organization: "acme".into(), role: Role::Member, teams: Vec::new() };
    let policy = Policy {
        organization: "acme".into(),
        generation,
        enabled: true,
        categories: policy::Categories { official: true, ..Default::default() },
        validity: ALWAYS,
        ..Policy::default()
    };
    Enforced {
        sessions: vec![Session { user: "dana".into(), uid: 1, organizations: vec![membership], validity: ALWAYS }],
        policies: vec![Arc::new(policy)],
        ..Enforced::default()
    }
}

fn fetch(image: &str) -> Action {
    Action::one("fetch", Ask::Fetch(ImageRef::parse(image).expect("a reference")))
}

/// Whether it is recorded, and the id.
fn write(journal: &Journal, generation: u64, action: &Action, at_ms: i64) -> (bool, Ulid) {
    let enforced = enforced(generation);
    let decision = decide(&enforced, action, Timestamp(at_ms / 1000));
    let (id, record) = journal.write(&enforced, action, &decision, at_ms);
    assert!(record.as_ref().is_none_or(|record| record.id == id.to_string()));
    (record.is_some(), id)
}

#[test]
fn a_permission_is_told_once_a_minute_and_a_refusal_once_in_five_seconds() {
    let journal = Journal::new();
    for (image, window) in [("alpine:3", 60_000), ("evil/miner:1", 5_000)] {
        let action = fetch(image);
        let (told, first) = write(&journal, 1, &action, 1_000_000);
        assert!(told, "{image}");
        for later in [0, 1, window - 1] {
            assert_eq!(write(&journal, 1, &action, 1_000_000 + later), (false, first), "{image} {later}");
        }
        let (told, second) = write(&journal, 1, &action, 1_000_000 + window);
        assert!(told && second != first, "{image}");
        assert!(write(&journal, 1, &action, 999_000).0, "{image}: a clock that went back");
    }
}

#[test]
fn another_image_and_another_policy_are_other_decisions() {
    let journal = Journal::new();
    for (generation, image) in [(1, "evil/miner:1"), (1, "evil/miner:2"), (1, "evil/miner"), (2, "evil/miner:1")] {
        assert!(write(&journal, generation, &fetch(image), 1_000_000).0, "{generation} {image}");
    }
    let push = Action::one("push", Ask::Push(ImageRef::parse("evil/miner").expect("a reference")));
    assert!(!write(&journal, 1, &push, 1_000_000).0, "no setting restricts it");
}

#[test]
fn a_record_says_what_was_decided() {
    let journal = Journal::new();
    let enforced = enforced(7);
    let action = fetch("evil/miner");
    let decision = decide(&enforced, &action, Timestamp(1_000));
    let (id, record) = journal.write(&enforced, &action, &decision, 1_000_000);
    let expected = sync::Record {
        id: id.to_string(),
        at_ms: 1_000_000,
        action: "fetch".into(),
        image: "docker.io/evil/miner:*".into(),
        reason: "category".into(),
        category: "community".into(),
        organization: "acme".into(),
        generation: 7,
        users: vec!["dana".into()],
        coverage: "enforced".into(),
        ..sync::Record::default()
    };
    assert_eq!(record, Some(expected));
}
