//! One process takes over from another: sockets that somebody else holds, and what is under way at SIGTERM.

mod support;

use std::{
    io::Write as _,
    os::unix::net::UnixDatagram,
    process::Stdio,
    time::{Duration, Instant},
};

use proto::control::{RecordsRequest, StatusRequest, WatchRequest};
use support::{Answer, Held, Machine, SOON, message, policy, post, signal, uid, wait_until};

fn machine() -> (Machine, Held) {
    let machine = Machine::enrolled(&[]);
    let held = Held::of(&machine);
    (machine, held)
}

fn ask(image: &str) -> Vec<u8> {
    let message = message(&format!("/v1.41/images/create?fromImage={image}&tag=latest"));
    post("/AuthZPlugin.AuthZReq", message.as_bytes())
}

#[tokio::test]
async fn who_dials_while_no_plugin_runs_is_answered_by_the_next_one() {
    let (mut machine, held) = machine();
    held.run(&mut machine);
    machine.sign_in(&policy(1)).await;
    assert!(machine.terminate().success());
    assert!(machine.path("engine.sock").exists() && machine.path("control.sock").exists(), "not its files to remove");

    let mut waiting: Vec<_> = ["evil/miner", "alpine"].iter().map(|image| (machine.connect(), ask(image))).collect();
    for (stream, call) in &mut waiting {
        stream.write_all(call).expect("the queue takes it");
    }
    let mut control = machine.control();
    let status = control.status(StatusRequest {});
    held.run(&mut machine);
    let mut answers = waiting.iter_mut().map(|(stream, _)| Answer::read(stream));
    answers.next().expect("an answer").is_denied("is a community image");
    answers.next().expect("an answer").is_allowed();
    assert_eq!(status.await.expect("an answer").into_inner().policies.len(), 1);
}

#[tokio::test]
async fn what_was_accepted_is_answered_after_sigterm_though_it_comes_late() {
    for is_held in [true, false] {
        let mut machine = Machine::enrolled(&[]);
        let held = is_held.then(|| Held::of(&machine));
        match &held {
            Some(held) => held.run(&mut machine),
            None => machine.run(),
        }
        machine.sign_in(&policy(1)).await;
        let call = ask("evil/miner");
        let mut late = machine.connect();
        late.write_all(&call[..100]).expect("the beginning");
        // Accepted one after the other: the late one is in when this one was answered.
        machine.pull("alpine").is_allowed();
        signal(machine.pid().unsigned_abs(), rustix::process::Signal::TERM);
        wait_until("the end begins", || machine.log().contains("stopping"));
        late.write_all(&call[100..]).expect("the rest");
        let answer = Answer::read(&mut late);
        answer.is_denied("is a community image");
        assert!(answer.head.contains("connection: close"), "{answer:?}");
        assert!(machine.ended().success());
        assert_eq!(machine.path("engine.sock").exists(), is_held, "only its own files are removed");
        assert_eq!(machine.path("control.sock").exists(), is_held);
    }
}

#[tokio::test]
async fn a_process_that_starts_while_another_drains_waits_for_it_and_goes_on_where_it_ended() {
    let (mut machine, held) = machine();
    held.run(&mut machine);
    machine.sign_in(&policy(1)).await;
    let mut late = machine.connect();
    let call = ask("evil/miner");
    late.write_all(&call[..100]).expect("the beginning");
    machine.pull("alpine").is_allowed();
    signal(machine.pid().unsigned_abs(), rustix::process::Signal::TERM);
    wait_until("the end begins", || machine.log().contains("stopping"));

    let mut before = machine.release();
    machine.spawn(held.command(&machine));
    wait_until("the next one waits", || machine.log().contains("waiting for the process before this one"));
    late.write_all(&call[100..]).expect("the rest");
    Answer::read(&mut late).is_denied("is a community image");
    machine.pull("evil/miner").is_denied("is a community image");
    assert!(before.wait().expect("its end").success());
    assert_eq!(machine.status().await.policies.len(), 1);
}

#[test]
fn a_second_plugin_is_told_so_at_once() {
    let machine = Machine::start();
    let started = Instant::now();
    let output = machine.command().stdin(Stdio::null()).output().expect("it runs");
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(text.contains("another pullgate-plugin uses"), "{text}");
    assert!(started.elapsed() < SOON / 2, "{:?}", started.elapsed());
}

#[tokio::test]
async fn streams_and_long_polls_end_with_the_process_and_go_on_with_the_next() {
    let (mut machine, held) = machine();
    held.run(&mut machine);
    machine.sign_in(&policy(1)).await;
    let mut control = machine.control();
    let followed = control.watch(WatchRequest::default()).await;
    // Root may follow, others may not; records go to whoever is signed in.
    let mut followed = followed.ok().map(tonic::Response::into_inner);
    assert_eq!(followed.is_some(), uid() == 0);
    if let Some(stream) = &mut followed {
        assert_eq!(stream.message().await.expect("a state").expect("a state").in_force.len(), 2);
    }
    let request = RecordsRequest { wait_ms: 60_000, ..RecordsRequest::default() };
    let mut other = machine.control();
    let poll = tokio::spawn(async move { other.records(request).await });
    machine.status().await;
    let start = Instant::now();
    signal(machine.pid().unsigned_abs(), rustix::process::Signal::TERM);
    let mut process = machine.release();
    let ended = tokio::task::spawn_blocking(move || process.wait()).await.expect("a wait");
    assert!(ended.expect("its end").success());
    assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    if let Some(stream) = &mut followed {
        assert!(stream.message().await.expect("an end, not a break").is_none());
    }
    let answer = poll.await.expect("a poll").expect("an answer");
    assert_eq!(answer.into_inner().records, []);
    let again = control.status(StatusRequest {});
    held.run(&mut machine);
    assert_eq!(again.await.expect("the same channel dials again").into_inner().policies.len(), 1);
}

#[test]
fn a_caller_that_hangs_does_not_keep_the_engine_waiting() {
    let (mut machine, held) = machine();
    held.run(&mut machine);
    let mut hangs = std::os::unix::net::UnixStream::connect(machine.path("control.sock")).expect("a connection");
    hangs.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").expect("an introduction");
    let mut settings = [0; 9];
    std::io::Read::read_exact(&mut hangs, &mut settings).expect("the plugin's settings");
    let start = Instant::now();
    assert!(machine.terminate().success());
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
}

#[test]
fn the_service_manager_is_told_when_it_answers_and_when_it_ends() {
    let mut machine = Machine::enrolled(&[]);
    let manager = UnixDatagram::bind(machine.path("notify")).expect("a socket");
    manager.set_read_timeout(Some(SOON)).expect("a time-out");
    let mut command = machine.command();
    command.env("NOTIFY_SOCKET", machine.path("notify"));
    machine.run_as(command);
    let told = || {
        let mut buffer = [0; 64];
        let read = manager.recv(&mut buffer).expect("a message");
        String::from_utf8_lossy(&buffer[..read]).into_owned()
    };
    assert_eq!(told(), "READY=1\nSTATUS=\n");
    assert!(machine.terminate().success());
    assert_eq!(told(), "STOPPING=1\nSTATUS=\n");
}
