//! The door's decisions, on their way into the plugin's records.

use proto::{
    control::{RecordsRequest, RecordsResponse, control_client::ControlClient},
    local,
    sync::Record,
};
use proxy::report;
use rustix::process::Signal;

use crate::machine::{Machine, SOON};

fn record(number: u64) -> Record {
    Record {
        id: format!("01{number:024}"),
        at_ms: 1,
        action: "fetch".into(),
        image: format!("docker.io/evil/miner:{number}"),
        reason: "category".into(),
        category: "community".into(),
        organization: "acme".into(),
        coverage: "enforced".into(),
        users: vec!["dana".into()],
        // Not the door's to say.
        machine_id: "another".into(),
        sequence: 9,
        run: 9,
        ..Record::default()
    }
}

/// All records once there are as many, and how many were lost.
async fn fetched(machine: &Machine, count: usize) -> (Vec<Record>, u64) {
    let mut control = ControlClient::new(local::connect_lazy(&machine.path("control.sock")));
    let (mut records, mut last, mut run) = (Vec::new(), 0, 0);
    let start = std::time::Instant::now();
    loop {
        let request = RecordsRequest { acknowledge: last, wait_ms: 500, run, ..RecordsRequest::default() };
        let answer: RecordsResponse = control.records(request).await.unwrap().into_inner();
        (last, run) = (answer.last, answer.run);
        records.extend(answer.records);
        if records.len() >= count {
            return (records, answer.dropped);
        }
        assert!(start.elapsed() < SOON, "{} of {count} records", records.len());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_of_the_door_join_the_plugins_records() {
    let mut machine = Machine::new();
    machine.start_plugin();
    machine.put_in_force(1).await;
    let (reporter, carrying) = report::channel(machine.path("control.sock"));
    let carrying = tokio::spawn(carrying);
    reporter.report(record(1));
    reporter.report(Record { id: "no ULID".into(), ..record(2) });
    reporter.report(Record { image: "a\u{1b}[2Jb".into(), ..record(3) });
    let status = machine.status().await;
    let (records, dropped) = fetched(&machine, 2).await;
    let first = &records[0];
    assert_eq!((first.sequence, first.run, &first.machine_id), (1, status.started_at_ms, &status.machine_id));
    assert!(first.at_ms > 1, "a time that cannot be is the time of arrival");
    assert_eq!(
        Record { at_ms: 1, machine_id: "another".into(), sequence: 9, run: 9, ..first.clone() },
        record(1),
        "all else is as it was said"
    );
    assert_eq!((records[1].image.as_str(), records.len(), dropped), ("a?[2Jb", 2, 1), "one was no record");
    drop(reporter);
    tokio::time::timeout(SOON, carrying).await.expect("the carrier ends").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn decisions_wait_for_a_plugin_that_is_away_and_what_is_lost_is_told() {
    let mut machine = Machine::new();
    let (reporter, carrying) = report::channel(machine.path("control.sock"));
    let carrying = tokio::spawn(carrying);
    for number in 0..3_000 {
        reporter.report(record(number));
    }
    machine.start_plugin();
    // Nothing is lost in silence: what did not fit in the queue is counted.
    let mut control = ControlClient::new(local::connect_lazy(&machine.path("control.sock")));
    let start = std::time::Instant::now();
    let (mut count, mut last, mut run, mut dropped) = (0, 0, 0, 0);
    while count + dropped < 3_000 {
        let answer = control
            .records(RecordsRequest { acknowledge: last, wait_ms: 500, run, ..RecordsRequest::default() })
            .await
            .unwrap()
            .into_inner();
        (last, run, dropped) = (answer.last, answer.run, answer.dropped);
        count += answer.records.len() as u64;
        assert!(start.elapsed() < SOON, "{count} came, {dropped} are told to be lost");
    }
    assert!(count >= 1_024 && dropped > 0 && count + dropped == 3_000, "{count} came, {dropped} are told to be lost");
    // One that hangs, and is killed with what it may have taken: it is handed over again.
    machine.signal_plugin(Signal::STOP);
    reporter.report(record(9_000));
    machine.kill_plugin();
    machine.start_plugin();
    let (records, _) = fetched(&machine, 1).await;
    assert_eq!(records[0].id, record(9_000).id);
    drop(reporter);
    tokio::time::timeout(SOON, carrying).await.expect("the carrier ends").unwrap();
}
