//! A plugin that cannot start answers all the same: why, and what to do; and lets Docker be used meanwhile.

mod support;

use std::{fs, os::unix::net::UnixDatagram, path::Path, time::Instant};

use proto::control::{CheckRequest, NoteActsRequest, StatusRequest};
use support::{Held, Machine, SOON, message, policy, wait_until};

/// A plugin with held sockets, whose state directory was `broken`.
fn start(machine: &mut Machine, held: &Held) -> UnixDatagram {
    let manager = UnixDatagram::bind(machine.path("notify")).expect("a socket");
    manager.set_read_timeout(Some(SOON)).expect("a time-out");
    let mut command = held.command(machine);
    command.env("NOTIFY_SOCKET", machine.path("notify"));
    machine.spawn(command);
    manager
}

fn said(manager: &UnixDatagram) -> String {
    let mut message = [0; 1024];
    let read = manager.recv(&mut message).expect("a message");
    String::from_utf8_lossy(&message[..read]).into_owned()
}

/// Ways in which the state directory fails, and what people are told of each.
type Breaks = fn(&Path);
const BROKEN: [(Breaks, &str); 4] = [
    (|state| fs::write(state, "not a directory").expect("a file"), "cannot make the directory"),
    (
        |state| {
            fs::create_dir_all(state.join("sealed")).expect("a directory");
            fs::write(state.join("generations.json"), "{").expect("a file");
        },
        "generations.json` is damaged; move it away",
    ),
    (
        |state| {
            fs::create_dir_all(state).expect("a directory");
            fs::write(state.join("machine-id"), "\n").expect("a file");
        },
        "machine-id` is damaged; move it away",
    ),
    (
        |state| {
            fs::create_dir_all(state.join("lock")).expect("a directory");
        },
        "cannot open",
    ),
];

#[tokio::test]
async fn docker_is_answered_at_once_by_a_plugin_that_cannot_start() {
    for (breaks, told) in BROKEN {
        let mut machine = Machine::enrolled(&[]);
        breaks(&machine.path("state"));
        let held = Held::of(&machine);
        let begun = Instant::now();
        let manager = start(&mut machine, &held);
        // The start is not kept waiting, and neither is whoever waits for it.
        let ready = said(&manager);
        assert!(
            ready.starts_with("READY=1\nSTATUS=cannot start, and refuses images: ") && ready.contains(told),
            "{ready}"
        );
        let refused = machine.pull("alpine");
        for part in [
            "`docker.io/library/alpine:latest` cannot be judged",
            "cannot start",
            told,
            "pullgate disable",
            "pullgate doctor",
        ] {
            refused.is_denied(part);
        }
        assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
        // What brings nothing in passes, so that it can be repaired with Docker at hand.
        for (method, uri) in
            [("GET", "/v1.41/containers/json"), ("POST", "/v1.41/containers/abc/restart"), ("GET", "/_ping")]
        {
            let body = format!(r#"{{"RequestMethod":"{method}","RequestUri":"{uri}"}}"#);
            machine.ask(&body).is_allowed();
        }
        machine.ask("not readable").is_denied("without its content");
        machine.ask(&message("/v1.41/images/acme/app/push?tag=1")).is_denied("cannot be judged");
        // Agents and commands are told, and not kept waiting either.
        let mut control = machine.control();
        let status = control.status(StatusRequest {}).await.expect_err("it has none");
        assert!(
            status.message().contains("pullgate-plugin cannot start") && status.message().contains(told),
            "{status}"
        );
        control.check(CheckRequest::default()).await.expect_err("nor this");
        control.note_acts(NoteActsRequest::default()).await.expect_err("nor can it take anything");
        let log = machine.log();
        assert!(log.contains("in its sandbox"), "{log}");
        assert_eq!(log.matches("cannot start").count(), 1, "{log}");
        // It stops as any other.
        assert!(machine.terminate().success());
        assert!(said(&manager).starts_with("STOPPING=1\n"));
    }
}

#[tokio::test]
async fn the_next_process_tries_again_and_whoever_asks_in_between_is_answered() {
    let mut machine = Machine::enrolled(&[]);
    fs::write(machine.path("state"), "not a directory").expect("a file");
    let held = Held::of(&machine);
    let _manager = start(&mut machine, &held);
    wait_until("it answers", || machine.log().contains("cannot start"));
    machine.pull("alpine").is_denied("cannot start");
    // After a while it ends by itself, and its manager starts the next one.
    let begun = Instant::now();
    assert!(!machine.ended().success());
    assert!(begun.elapsed().as_secs() < 30, "{:?}", begun.elapsed());
    let mut waits = machine.connect();
    fs::remove_file(machine.path("state")).expect("repaired");
    held.run(&mut machine);
    std::io::Write::write_all(
        &mut waits,
        &support::post("/AuthZPlugin.AuthZReq", message("/v1.41/images/create?fromImage=alpine&tag=latest").as_bytes()),
    )
    .expect("the queue took it");
    support::Answer::read(&mut waits).is_allowed();
    machine.sign_in(&policy(1)).await;
    machine.pull("evil/miner").is_denied("is a community image");
}

/// By hand, somebody reads what it says, and its socket is its own: an engine that finds none is told so at once.
#[tokio::test]
async fn without_held_sockets_it_says_why_and_ends() {
    let mut machine = Machine::enrolled(&[]);
    fs::write(machine.path("state"), "not a directory").expect("a file");
    machine.spawn(machine.command());
    assert!(!machine.ended().success());
    assert!(machine.log().contains("cannot make the directory"), "{}", machine.log());
    assert!(!machine.path("engine.sock").exists());
}

/// A damaged enrollment is no reason not to start: nobody can be signed in, and everybody is told why.
#[tokio::test]
async fn a_damaged_enrollment_keeps_nobody_waiting() {
    let mut machine = Machine::enrolled(&[]);
    machine.write_enrollment("{");
    let held = Held::of(&machine);
    held.run(&mut machine);
    machine.pull("alpine").is_denied("enrollment.json");
    machine.ask(r#"{"RequestMethod":"GET","RequestUri":"/v1.41/containers/json"}"#).is_allowed();
    assert!(!machine.status().await.enrollment_error.is_empty());
}
