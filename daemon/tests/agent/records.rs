//! Records of decisions reach the service, whatever is away in between.

use std::{
    collections::BTreeSet,
    fs,
    time::{Duration, Instant},
};

use crate::support::{Machine, Service, until};

fn ids(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|n| format!("01J{n:023}")).collect()
}

async fn delivered(machine: &Machine, count: u32) -> Vec<String> {
    let expected: BTreeSet<String> = ids(0..count).into_iter().collect();
    until(&machine.service.state, "all records", |state| {
        let ids: Vec<String> = state.records.iter().map(|record| record.id.clone()).collect();
        (ids.iter().cloned().collect::<BTreeSet<_>>() == expected).then_some(ids)
    })
    .await
}

#[tokio::test]
async fn records_are_delivered_once_and_in_order_when_nothing_breaks() {
    let (machine, _agent) = Machine::signed_in().await;
    machine.plugin.decide(ids(0..1200));
    assert_eq!(delivered(&machine, 1200).await, ids(0..1200));
    until(&machine.plugin.state, "all acknowledged", |state| state.records.is_empty().then_some(())).await;
}

#[tokio::test]
async fn records_made_while_the_service_is_away_are_delivered_also_after_a_crash() {
    let (mut machine, agent) = Machine::signed_in().await;
    machine.service.stop();
    machine.plugin.decide(ids(0..700));
    until(&machine.plugin.state, "all acknowledged", |state| state.records.is_empty().then_some(())).await;
    agent.kill();
    machine.plugin.decide(ids(700..900));
    let _agent = machine.agent();
    until(&machine.plugin.state, "all acknowledged", |state| state.records.is_empty().then_some(())).await;
    machine.service.start_again();
    delivered(&machine, 900).await;
}

#[tokio::test]
async fn a_restart_of_the_plugin_loses_no_record() {
    let (mut machine, _agent) = Machine::signed_in().await;
    machine.plugin.decide(ids(0..300));
    delivered(&machine, 300).await;
    machine.plugin.stop();
    machine.plugin.start_again();
    // Numbers start anew: the old acknowledgement must not eat these.
    machine.plugin.decide(ids(300..350));
    delivered(&machine, 350).await;
}

#[tokio::test]
async fn what_the_plugin_lost_is_reported_once() {
    let (machine, _agent) = Machine::signed_in().await;
    machine.plugin.change(|state| state.dropped = 7);
    machine.plugin.decide(ids(0..1));
    delivered(&machine, 1).await;
    machine.plugin.decide(ids(1..2));
    delivered(&machine, 2).await;
    assert_eq!(machine.service.state.borrow().dropped, 7);
}

#[tokio::test]
async fn beyond_the_limit_the_oldest_records_go_and_are_counted() {
    let mut machine = Machine::new();
    machine.login("alice", "s3cret-alice");
    let _agent = machine.agent_with(&["--spool-limit", "65536"]);
    machine.in_force(Some("alice")).await;
    machine.service.stop();
    machine.plugin.decide(ids(0..5000));
    until(&machine.plugin.state, "all acknowledged", |state| state.records.is_empty().then_some(())).await;
    machine.service.start_again();
    let all_accounted_for = |state: &crate::support::ServiceState| {
        let ids: BTreeSet<&String> = state.records.iter().map(|record| &record.id).collect();
        (ids.len() as u64 + state.dropped == 5000).then_some((ids.len(), state.dropped))
    };
    let (kept, dropped) = until(&machine.service.state, "each delivered or counted", all_accounted_for).await;
    assert!(kept > 0 && dropped > 0, "{kept} kept, {dropped} dropped");
}

#[tokio::test]
async fn records_that_cannot_be_kept_stay_with_the_plugin() {
    let (machine, agent) = Machine::signed_in().await;
    // As a full disk: no segment can be made where a directory of that name is.
    fs::create_dir(machine.path("state/spool/00000000000000000001.log")).expect("directory");
    machine.plugin.decide(ids(0..3));
    agent.logged("records cannot be kept on disk").await;
    assert_eq!(machine.plugin.state.borrow().records.len(), 3);
    fs::remove_dir(machine.path("state/spool/00000000000000000001.log")).expect("remove");
    delivered(&machine, 3).await;
}

#[tokio::test]
async fn records_for_one_service_are_not_sent_to_the_next() {
    let (mut machine, agent) = Machine::signed_in().await;
    machine.service.stop();
    agent.logged("no connection to the service").await;
    machine.plugin.decide(ids(0..20));
    until(&machine.plugin.state, "all acknowledged", |state| state.records.is_empty().then_some(())).await;
    let next = Service::start();
    next.change(|state| state.first_session = 100);
    machine.service = next;
    machine.enroll(&machine.service.url());
    machine.login("alice", "s3cret-alice");
    until(&machine.service.state, "the count", |state| (state.dropped == 20).then_some(())).await;
    assert_eq!(machine.service.state.borrow().records, []);
}

#[tokio::test]
async fn the_service_is_told_what_guards_the_machine_after_each_sign_in() {
    let (machine, _agent) = Machine::signed_in().await;
    let first = until(&machine.service.state, "a posture", |state| state.postures.first().cloned()).await;
    assert_eq!(first.plugin_version, "1.0.0");
    let policies: Vec<_> = first.policies.iter().map(|held| (held.subject.clone(), held.generation)).collect();
    assert_eq!(policies, [("acme".to_owned(), machine.service.state.borrow().generation)]);
    machine.login("bob", "s3cret-bob");
    machine.in_force(Some("bob")).await;
    until(&machine.service.state, "one by bob's token", |state| (state.postures.len() == 2).then_some(())).await;
}

/// Any other change is told five seconds later at the earliest.
#[tokio::test]
async fn a_policy_that_is_in_force_is_acknowledged_as_soon_as_the_service_wants() {
    let (machine, _agent) = Machine::signed_in().await;
    until(&machine.service.state, "a posture", |state| state.postures.first().cloned()).await;
    let published = Instant::now();
    machine.service.change(|state| (state.generation, state.tell_within_ms) = (state.generation + 1, 50));
    let generation = machine.service.state.borrow().generation;
    let told = until(&machine.service.state, "the next posture", |state| state.postures.get(1).cloned()).await;
    assert!(published.elapsed() < Duration::from_secs(4), "after {:?}", published.elapsed());
    assert_eq!(told.policies.iter().map(|held| held.generation).collect::<Vec<_>>(), [generation]);
}

/// A plugin of a release before this one, which does not know a call; a service that does not say its version.
#[tokio::test]
async fn next_to_an_older_plugin_everything_else_goes_on_and_the_call_is_not_repeated_in_a_circle() {
    let (mut machine, _agent) = Machine::signed_in().await;
    machine.plugin.change(|state| state.old = true);
    machine.plugin.stop();
    machine.plugin.start_again();
    until(&machine.plugin.state, "the call", |state| (state.unknown > 0).then_some(())).await;
    let before = machine.plugin.state.borrow().unknown;
    machine.service.change(|state| state.generation += 1);
    let generation = machine.service.state.borrow().generation;
    until(&machine.plugin.state, "the next policy", |state| {
        state.applies.last().is_some_and(|applied| applied.ends_with(&format!(":{generation}"))).then_some(())
    })
    .await;
    assert!(machine.plugin.state.borrow().unknown <= before + 2);
    machine.plugin.change(|state| state.old = false);
    machine.plugin.decide(ids(0..3));
    assert_eq!(delivered(&machine, 3).await, ids(0..3), "after its upgrade");
}
