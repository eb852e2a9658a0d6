//! Service or plugin are away, slow, or say no.

use std::{
    fs,
    time::{Duration, Instant},
};

use crate::support::{Answer, Machine, until};

#[tokio::test]
async fn a_service_that_was_down_is_used_once_it_is_back() {
    let mut machine = Machine::new();
    machine.service.stop();
    machine.login("alice", "s3cret-alice");
    let agent = machine.agent();
    machine.in_force(None).await;
    agent.logged("the service cannot be asked now").await;
    machine.service.start_again();
    machine.in_force(Some("alice")).await;
}

#[tokio::test]
async fn a_policy_stays_in_force_while_the_service_is_away_and_news_come_after() {
    let (mut machine, agent) = Machine::signed_in().await;
    machine.service.stop();
    agent.logged("no connection to the service").await;
    machine.service.change(|state| state.generation = 2);
    machine.service.start_again();
    until(&machine.plugin.state, "the new policy", |state| (state.generation == 2).then_some(())).await;
    assert_eq!(machine.plugin.applies(), ["alice acme:1", "alice acme:2"], "no moment without a session");
}

#[tokio::test]
async fn a_start_without_the_service_puts_the_kept_documents_in_force() {
    let (mut machine, agent) = Machine::signed_in().await;
    kept(&machine).await;
    agent.kill();
    machine.service.stop();
    machine.plugin.stop();
    machine.plugin.start_again();
    let _agent = machine.agent();
    machine.in_force(Some("alice")).await;
    assert_eq!(machine.plugin.applies(), ["alice acme:1"]);
    let held_before = machine.service.state.borrow().watches.len();
    machine.service.start_again();
    let held = until(&machine.service.state, "a watch", |state| state.watches.get(held_before).cloned()).await;
    assert_eq!(held.len(), 2, "the kept policy is not sent again");
}

#[tokio::test]
async fn what_was_kept_for_another_account_is_not_put_in_force() {
    let (mut machine, agent) = Machine::signed_in().await;
    kept(&machine).await;
    agent.kill();
    machine.service.stop();
    machine.login("bob", "s3cret-bob");
    let _agent = machine.agent();
    machine.in_force(None).await;
    assert_eq!(machine.plugin.applies(), ["alice acme:1", "nobody"]);
    machine.service.start_again();
    machine.in_force(Some("bob")).await;
}

#[tokio::test]
async fn damaged_kept_documents_are_dropped() {
    let (mut machine, agent) = Machine::signed_in().await;
    kept(&machine).await;
    agent.kill();
    machine.service.stop();
    machine.plugin.stop();
    machine.plugin.start_again();
    for entry in fs::read_dir(machine.path("state/documents")).expect("list") {
        fs::write(entry.expect("entry").path(), "damaged").expect("write");
    }
    let agent = machine.agent();
    machine.in_force(None).await;
    assert!(agent.log().contains("the kept documents are damaged and dropped"));
    machine.service.start_again();
    machine.in_force(Some("alice")).await;
}

/// Waits until the set is on disk.
async fn kept(machine: &Machine) {
    let end = Instant::now() + Duration::from_secs(20);
    while !machine.path("state/session.json").exists() {
        assert!(Instant::now() < end, "nothing was kept");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_slow_service_does_not_keep_another_account_in_force() {
    let (machine, _agent) = Machine::signed_in().await;
    machine.service.change(|state| state.answer = Answer::Never);
    machine.login("bob", "s3cret-bob");
    machine.service.sign_ins(2).await;
    machine.in_force(None).await;
    // And a change of the file is noticed while a call hangs.
    machine.service.change(|state| state.answer = Answer::Normally);
    machine.login("alice", "s3cret-alice");
    machine.in_force(Some("alice")).await;
}

#[tokio::test]
async fn a_wrong_credential_is_shown_once_until_the_file_changes() {
    let machine = Machine::new();
    machine.login("alice", "s3cret-wrong");
    let agent = machine.agent();
    machine.in_force(None).await;
    agent.logged("the service refuses the credential").await;
    // Many looks at the file, none of them a reason to ask: other files change.
    for n in 0..5 {
        fs::write(machine.config_dir().join(format!("other{n}")), "x").expect("write");
    }
    machine.login("bob", "s3cret-bob");
    machine.in_force(Some("bob")).await;
    let expected = [("alice".to_owned(), false), ("bob".to_owned(), true)];
    assert_eq!(machine.service.sign_ins(2).await, expected);
}

#[tokio::test]
async fn too_many_attempts_means_waiting_as_told() {
    let machine = Machine::new();
    machine.service.change(|state| state.answer = Answer::TooMany);
    machine.login("alice", "s3cret-alice");
    let agent = machine.agent();
    machine.service.sign_ins(1).await;
    let first = Instant::now();
    agent.logged("too many attempts").await;
    machine.service.change(|state| state.answer = Answer::Normally);
    machine.in_force(Some("alice")).await;
    assert_eq!(machine.service.sign_ins(2).await.len(), 2);
    assert!(first.elapsed() >= Duration::from_millis(900), "asked again after {:?}", first.elapsed());
}

#[tokio::test]
async fn a_restarted_plugin_gets_everything_again() {
    let (mut machine, agent) = Machine::signed_in().await;
    for _ in 0..2 {
        machine.plugin.stop();
        machine.plugin.start_again();
        machine.in_force(Some("alice")).await;
        assert_eq!(machine.plugin.applies(), ["alice acme:1"]);
    }
    // Also without the service.
    machine.service.stop();
    agent.logged("no connection to the service").await;
    machine.plugin.stop();
    machine.plugin.start_again();
    machine.in_force(Some("alice")).await;
}

#[tokio::test]
async fn a_plugin_that_starts_later_is_found() {
    let mut machine = Machine::new();
    machine.plugin.stop();
    machine.login("alice", "s3cret-alice");
    let agent = machine.agent();
    agent.logged("the plugin is not there").await;
    machine.plugin.start_again();
    machine.in_force(Some("alice")).await;
}

#[tokio::test]
async fn a_plugin_that_refuses_keeps_what_it_has_and_is_asked_again() {
    let (machine, agent) = Machine::signed_in().await;
    machine.plugin.change(|state| state.refuse = true);
    machine.service.change(|state| state.generation = 2);
    agent.logged("the test refuses documents").await;
    assert_eq!(machine.plugin.state.borrow().session.as_deref(), Some("alice"));
    machine.plugin.change(|state| state.refuse = false);
    until(&machine.plugin.state, "the new policy", |state| (state.generation == 2).then_some(())).await;
}

/// As by another agent of the same user, a restored disk, or a hand: a session that was in force is not taken again.
#[tokio::test]
async fn a_session_that_is_lost_at_the_plugin_is_put_back() {
    let (machine, _agent) = Machine::signed_in().await;
    machine.plugin.lose_session();
    machine.in_force(Some("alice")).await;
    let sign_ins = machine.service.sign_ins(2).await;
    assert_eq!(sign_ins, [("alice".to_owned(), true), ("alice".to_owned(), true)]);
}

#[tokio::test]
async fn a_kept_session_that_was_ended_is_replaced_by_a_new_one() {
    let (mut machine, agent) = Machine::signed_in().await;
    kept(&machine).await;
    agent.kill();
    machine.service.stop();
    machine.plugin.lose_session();
    let agent = machine.agent();
    agent.logged("the session was ended or replaced at the plugin; signing in again").await;
    machine.service.start_again();
    machine.in_force(Some("alice")).await;
}

#[tokio::test]
async fn signing_out_and_in_again_brings_a_new_session() {
    let machine = Machine::new();
    machine.login("alice", "s3cret-alice");
    let _agent = machine.agent();
    for _ in 0..2 {
        machine.in_force(Some("alice")).await;
        machine.logout();
        machine.in_force(None).await;
        machine.login("alice", "s3cret-alice");
    }
    machine.in_force(Some("alice")).await;
}

#[tokio::test]
async fn a_service_that_takes_back_what_it_gave_is_not_flooded() {
    let machine = Machine::new();
    machine.service.change(|state| state.take_back = true);
    machine.login("alice", "s3cret-alice");
    let agent = machine.agent();
    machine.service.sign_ins(2).await;
    agent.logged("the service wants to see the credential again").await;
    machine.service.sign_ins(3).await;
    let fourth = until(&machine.service.state, "a fourth", |state| (state.sign_ins.len() >= 4).then_some(()));
    let silence = tokio::time::timeout(Duration::from_secs(5), fourth).await;
    assert!(silence.is_err(), "more than three sign-ins in a few seconds");
}

#[tokio::test]
async fn a_refusal_is_told_in_the_plugins_words_and_promises_nothing() {
    let machine = Machine::new();
    machine.plugin.change(|state| state.refuse = true);
    machine.login("alice", "s3cret-alice");
    let agent = machine.agent();
    agent.logged("the plugin did not take the documents; no session is in force, trying again").await;
    assert!(agent.log().contains("why=\"the test refuses documents\""), "{}", agent.log());
}
