//! Machines, what guards them, and whether anything was heard of them.

use std::collections::BTreeMap;

use super::*;
use crate::{
    model::{Guard, Posture},
    store::machines::SILENT_MS,
};

/// Of an untouched machine.
fn whole() -> Posture {
    Posture {
        plugin_version: "1".to_owned(),
        engine_asks: true,
        policies: [("acme".to_owned(), 7)].into(),
        door: true,
        loopback_led: true,
        ..Posture::default()
    }
}

async fn machines_are_found_by_what_guards_them(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let acme = change.add_organization("acme", 1).await.unwrap();
    let alice = change.add_account("alice", "$argon2id$", 1).await.unwrap();
    change.set_member(acme, alice, Role::Member, &[]).await.unwrap();
    let session = sealed(1);
    let key = |machine: &str| AgentKey { account: alice, machine_id: machine.to_owned(), uid: 1 };
    for machine in ["gone", "untold", "whole"] {
        change.put_session(&key(machine), &session, "1").await.unwrap();
    }
    change.set_posture(&key("whole"), &Posture::default(), 10).await.unwrap();
    change.set_posture(&key("whole"), &whole(), 20).await.unwrap();
    change.set_posture(&key("gone"), &Posture::default(), 30).await.unwrap();
    change.set_posture(&key("unknown"), &whole(), 40).await.unwrap();
    // Signed in again, it is still guarded as it was.
    change.put_session(&key("whole"), &session, "2").await.unwrap();
    let start = (String::new(), String::new(), -1);
    let mut seen = Vec::new();
    for guard in [None, Some(Guard::Whole), Some(Guard::Open), Some(Guard::Untold)] {
        let which = WhichMachines { user: "alice", guard };
        let rows = change.machines((acme, "acme"), &start, which, 10, 1).await.unwrap();
        seen.push(rows.into_iter().map(|row| (row.machine_id, row.posture, row.posture_at_ms)).collect::<Vec<_>>());
    }
    let one = |machine: &str, posture, at| (machine.to_owned(), posture, at);
    let (gone, untold) = (one("gone", Some(Posture::default()), Some(30)), one("untold", None, None));
    let whole = one("whole", Some(whole()), Some(20));
    assert_eq!(
        seen,
        [vec![gone.clone(), untold.clone(), whole.clone()], vec![whole.clone()], vec![gone], vec![untold]]
    );
    let mine = change.machines_of(alice, 1).await.unwrap();
    assert_eq!((mine[2].posture.clone(), mine[2].guard), (whole.1, Guard::Whole));
    let guards: BTreeMap<Guard, i64> = change.guards(acme, 1).await.unwrap().into_iter().collect();
    assert_eq!(guards, [(Guard::Whole, 1), (Guard::Open, 1), (Guard::Untold, 1)].into());
}

async fn a_machine_that_nobody_heard_of_is_silent_and_not_covered(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let acme = change.add_organization("acme", 1).await.unwrap();
    let alice = change.add_account("alice", "$argon2id$", 1).await.unwrap();
    change.set_member(acme, alice, Role::Member, &[]).await.unwrap();
    const SILENT: i64 = SILENT_MS / 1000;
    let now = 1_800_000_000;
    let key = |machine: &str| AgentKey { account: alice, machine_id: machine.to_owned(), uid: 1 };
    // When the session was sealed, when it ends, and when the posture came.
    for (machine, issued_at, expires_at, told_at) in [
        ("1 told in time", now - SILENT - 9, now + 1, Some(now - SILENT + 1)),
        ("2 told too long ago", now - SILENT - 9, now + 1, Some(now - SILENT)),
        ("3 sealed since", now - SILENT + 1, now + 1, Some(now - SILENT - 9)),
        ("4 reported since", now - SILENT - 9, now + 1, Some(now - SILENT - 9)),
        ("5 ended", now - 60, now, Some(now - 30)),
        ("6 ended, never told", now - SILENT, now - 9, None),
        ("7 never tells", now - SILENT - 9, now + 1, None),
    ] {
        let session = SealedSession { issued_at, expires_at, ..sealed(expires_at) };
        change.put_session(&key(machine), &session, "1").await.unwrap();
        if let Some(at) = told_at {
            change.set_posture(&key(machine), &whole(), at * 1000).await.unwrap();
        }
    }
    let report = RecordRow {
        machine_id: "4 reported since".to_owned(),
        organization: "acme".to_owned(),
        ..record("1", (now - 60) * 1000)
    };
    change.take_records(alice, &[report]).await.unwrap();

    let start = (String::new(), String::new(), -1);
    let mut found = BTreeMap::new();
    for guard in [Guard::Whole, Guard::Open, Guard::Silent, Guard::Untold] {
        let which = WhichMachines { user: "", guard: Some(guard) };
        let rows = change.machines((acme, "acme"), &start, which, 10, now).await.unwrap();
        assert!(rows.iter().all(|row| row.guard == guard), "{rows:?}");
        found.insert(guard, rows.iter().map(|row| row.machine_id[..1].to_owned()).collect::<String>());
    }
    let found: Vec<_> = found.iter().map(|(guard, which)| (*guard, which.as_str())).collect();
    let expected = [(Guard::Whole, "134"), (Guard::Open, ""), (Guard::Silent, "256"), (Guard::Untold, "7")];
    assert_eq!(found, expected);
    let counted: BTreeMap<Guard, i64> = change.guards(acme, now).await.unwrap().into_iter().collect();
    assert_eq!(counted, [(Guard::Whole, 3), (Guard::Silent, 3), (Guard::Untold, 1)].into());
    let mine = change.machines_of(alice, now).await.unwrap();
    assert_eq!(mine.iter().filter(|row| row.guard == Guard::Silent).count(), 3);
}

async fn a_record_of_another_organization_breaks_no_silence(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let (acme, beta) =
        (change.add_organization("acme", 1).await.unwrap(), change.add_organization("beta", 1).await.unwrap());
    let alice = change.add_account("alice", "$argon2id$", 1).await.unwrap();
    let mallory = change.add_account("mallory", "$argon2id$", 1).await.unwrap();
    change.set_member(acme, alice, Role::Member, &[]).await.unwrap();
    change.set_member(beta, mallory, Role::Member, &[]).await.unwrap();
    let now = 1_800_000_000;
    let then = now - SILENT_MS / 1000 - 9;
    let key = AgentKey { account: alice, machine_id: "m".to_owned(), uid: 1 };
    let session = SealedSession { issued_at: then, expires_at: now + 9, ..sealed(now + 9) };
    change.put_session(&key, &session, "1").await.unwrap();
    change.set_posture(&key, &whole(), then * 1000).await.unwrap();
    // As the organization sees it, as it is counted there, and as she sees it herself.
    let start = (String::new(), String::new(), -1);
    macro_rules! guards {
        ($organization:expr) => {{
            let rows = change.machines($organization, &start, WhichMachines::default(), 10, now).await.unwrap();
            let counted = change.guards($organization.0, now).await.unwrap();
            let mine = change.machines_of(alice, now).await.unwrap();
            assert_eq!(counted, [(rows[0].guard, 1)]);
            (rows[0].guard, mine[0].guard)
        }};
    }
    let of = |organization: &str, id: &str| RecordRow {
        organization: organization.to_owned(),
        ..record(id, (now - 60) * 1000)
    };
    // Somebody else says that it is theirs; of no organization anybody may speak.
    change.take_records(mallory, &[of("beta", "1"), of("", "2")]).await.unwrap();
    assert_eq!(guards!((acme, "acme")), (Guard::Silent, Guard::Silent));
    // She belongs to both: to each organization its own records, to herself all of them.
    change.set_member(beta, alice, Role::Member, &[]).await.unwrap();
    assert_eq!(guards!((acme, "acme")), (Guard::Silent, Guard::Whole));
    change.take_records(alice, &[of("acme", "3")]).await.unwrap();
    assert_eq!(guards!((acme, "acme")), (Guard::Whole, Guard::Whole));
}

async fn a_machine_that_is_silent_for_a_quarter_is_forgotten_when_its_account_comes_back(fixture: Fixture) {
    let store = fixture.store().await;
    let mut change = store.write().await.unwrap();
    let alice = change.add_account("alice", "$argon2id$", 1).await.unwrap();
    let bob = change.add_account("bob", "$argon2id$", 1).await.unwrap();
    let day = 86_400;
    let mut seal = async |account, machine: &str, issued_at| {
        let key = AgentKey { account, machine_id: machine.to_owned(), uid: 1 };
        let session = SealedSession { issued_at, expires_at: issued_at + day, ..sealed(issued_at) };
        change.put_session(&key, &session, "1").await.unwrap();
    };
    seal(bob, "of another", day).await;
    seal(alice, "scrapped", day).await;
    seal(alice, "on the shelf", 2 * day).await;
    seal(alice, "new", 92 * day + 1).await;
    let mut left = Vec::new();
    for account in [alice, bob] {
        left.extend(change.machines_of(account, 92 * day).await.unwrap().into_iter().map(|row| row.machine_id));
    }
    assert_eq!(left, ["new", "on the shelf", "of another"]);
}

on_each_database! {
    machines_are_found_by_what_guards_them,
    a_machine_that_nobody_heard_of_is_silent_and_not_covered,
    a_record_of_another_organization_breaks_no_silence,
    a_machine_that_is_silent_for_a_quarter_is_forgotten_when_its_account_comes_back,
}
