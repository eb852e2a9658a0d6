//! The engine's socket: every kind of caller gets its defined answer, and delays nobody else.

mod support;

use std::{
    io::{Read as _, Write as _},
    time::{Duration, Instant},
};

use support::{Answer, Machine, message, policy, post, wait_until};

#[test]
fn activation_and_the_response_phase_are_constants() {
    let machine = Machine::start();
    let mut stream = machine.connect();
    // Engine 20.10 sends an empty Host header.
    stream.write_all(b"POST /Plugin.Activate HTTP/1.1\r\nHost: \r\nContent-Length: 0\r\n\r\n").expect("a request");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("an answer");
    assert!(text.ends_with(r#"{"Implements":["authz"]}"#), "{text}");
    machine.answer(&post("/AuthZPlugin.AuthZRes", b"{}")).is_allowed();
    machine.answer(&post("/AuthZPlugin.AuthZRes", b"not json")).is_allowed();
}

#[test]
fn every_answer_closes_its_connection() {
    let machine = Machine::start();
    let answer = machine.pull("alpine");
    assert!(answer.head.contains("connection: close"), "{answer:?}");
    let slow = machine.answer(&post("/AuthZPlugin.AuthZReq", &[b' '; 100_000]));
    assert!(slow.head.contains("connection: close"), "{slow:?}");
}

#[test]
fn an_empty_cut_or_damaged_message_is_denied_and_says_so() {
    let machine = Machine::start();
    for body in ["", "{", "null", "[]", "{}", "\u{0}", r#"{"RequestUri":"/images/json"}"#, r#"{"RequestMethod":5}"#] {
        machine.ask(body).is_denied("Run the command again");
    }
    // The head says more than comes, then the caller stops writing.
    let mut stream = machine.connect();
    let whole = post("/AuthZPlugin.AuthZReq", message("/containers/x/stop").as_bytes());
    stream.write_all(&whole[..whole.len() - 5]).expect("half a message");
    stream.shutdown(std::net::Shutdown::Write).expect("an end");
    let answer = Answer::read(&mut stream);
    assert_ne!(answer.allow, Some(true), "{answer:?}");
}

#[test]
fn messages_arrive_in_pieces_chunked_and_large() {
    let machine = Machine::start();
    let body = message("/v1.41/images/create?fromImage=alpine&tag=1");
    let whole = post("/AuthZPlugin.AuthZReq", body.as_bytes());
    for cut in [1, 20, whole.len() - 1] {
        let mut stream = machine.connect();
        stream.write_all(&whole[..cut]).expect("the first piece");
        // Once another call is answered, the thread that accepts has let go of this one.
        machine.pull("alpine").is_allowed();
        stream.write_all(&whole[cut..]).expect("the second piece");
        Answer::read(&mut stream).is_allowed();
    }
    let chunked = format!(
        "POST /AuthZPlugin.AuthZReq HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    machine.answer(chunked.as_bytes()).is_allowed();
    // 4 MiB of body, as base64, below the limit.
    let padded = body
        .replace("\"RequestHeaders\"", &format!("\"RequestBody\":\"{}\",\"RequestHeaders\"", "A".repeat(5_700_000)));
    machine.ask(&padded).is_allowed();
}

#[test]
fn a_message_over_8_mib_is_denied_and_read_to_its_end() {
    let machine = Machine::start();
    machine.ask(&"x".repeat((8 << 20) + 1)).is_denied("larger than the 8 MiB");
}

#[test]
fn what_is_no_question_of_the_engine_gets_an_error() {
    let machine = Machine::start();
    assert_eq!(machine.answer(b"NOT HTTP\r\n\r\n").status, 400);
    assert_eq!(machine.answer(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").status, 404);
    assert_eq!(machine.answer(&post("/AuthZPlugin.Other", b"{}")).status, 404);
    assert_eq!(machine.answer(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").allow, None);
    machine.pull("alpine").is_allowed();
}

#[test]
fn ten_thousand_requests_on_one_connection_are_one() {
    let machine = Machine::start();
    let mut stream = machine.connect();
    let many = post("/AuthZPlugin.AuthZReq", message("/containers/x/stop").as_bytes()).repeat(10_000);
    // The plugin answers the first and closes; the rest has nowhere to go.
    let _ = stream.write_all(&many);
    Answer::read(&mut stream).is_allowed();
    machine.pull("alpine").is_allowed();
}

#[test]
fn silent_and_half_dead_callers_delay_nobody() {
    let machine = Machine::start();
    let silent: Vec<_> = (0..300).map(|_| machine.connect()).collect();
    let mut half = Vec::new();
    for _ in 0..100 {
        let mut stream = machine.connect();
        stream.write_all(b"POST /AuthZPlugin.AuthZReq HTTP/1.1\r\nContent-Length: 100\r\n\r\n{").expect("a beginning");
        half.push(stream);
    }
    for _ in 0..200 {
        drop(machine.connect());
    }
    let start = Instant::now();
    for _ in 0..100 {
        machine.pull("alpine").is_allowed();
    }
    let each = start.elapsed() / 100;
    assert!(each < Duration::from_millis(20), "{each:?} a call beside 400 callers that say nothing");
    drop(half);
    // A silent caller is told to go, within the deadline for a head.
    let mut last = silent.into_iter().next_back().expect("a silent caller");
    let mut rest = Vec::new();
    let _ = last.read_to_end(&mut rest);
    assert!(start.elapsed() < Duration::from_secs(15), "a silent caller kept its place");
}

#[tokio::test]
async fn what_was_accepted_is_answered_when_the_plugin_stops() {
    let mut machine = Machine::start();
    machine.sign_in(&policy(1)).await;
    let mut stream = machine.connect();
    let whole = post("/AuthZPlugin.AuthZReq", message("/v1.41/images/create?fromImage=evil/miner&tag=1").as_bytes());
    stream.write_all(&whole[..whole.len() - 1]).expect("almost all");
    let pid = u32::try_from(machine.pid()).expect("a pid");
    support::signal(pid, rustix::process::Signal::TERM);
    wait_until("the plugin begins to stop", || machine.log().contains("stopping"));
    stream.write_all(&whole[whole.len() - 1..]).expect("the rest");
    Answer::read(&mut stream).is_denied("community image");
    let status = machine.terminate();
    assert!(status.success(), "{status}");
    assert!(!machine.path("engine.sock").exists() && !machine.path("control.sock").exists());
}

#[test]
fn a_second_plugin_is_refused_and_the_first_goes_on() {
    let machine = Machine::start();
    let output = machine.command().output().expect("a second plugin");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && text.contains("another pullgate-plugin uses"), "{text}");
    let other_state = machine.command().arg("--state-dir").arg(machine.path("other")).output();
    assert!(!other_state.expect("a third plugin").status.success());
    machine.pull("alpine").is_allowed();
}

#[test]
fn a_killed_plugin_starts_again_on_the_same_socket() {
    let mut machine = Machine::start();
    for _ in 0..3 {
        machine.restart();
        machine.pull("alpine").is_allowed();
    }
}

/// A pull as the command line of 20.10 sends it: a type, and a length of zero.
const TYPED_PULL: &str = r#"{"RequestMethod":"POST","RequestUri":"/v1.41/images/create?fromImage=alpine&tag=1","RequestHeaders":{"Content-Length":"0","Content-Type":"text/plain"}}"#;

fn report(server: &str) -> String {
    format!(r#"{{"RequestMethod":"HEAD","RequestUri":"/_ping","ResponseHeaders":{{"Server":"{server}"}}}}"#)
}

#[tokio::test]
async fn a_length_of_zero_counts_only_where_the_engine_takes_no_http2() {
    let machine = Machine::start();
    let activate = || assert_eq!(machine.answer(&post("/Plugin.Activate", b"")).status, 200);
    let report = |server: &str| machine.answer(&post("/AuthZPlugin.AuthZRes", report(server).as_bytes())).is_allowed();
    let hidden = "a form in a body overrides the query";
    machine.ask(TYPED_PULL).is_denied(hidden);
    machine.pull("alpine").is_allowed();

    report("Docker/20.10.24+dfsg1 (linux)");
    machine.ask(TYPED_PULL).is_allowed();
    assert_eq!(machine.status().await.engine_version, "20.10.24");

    activate();
    machine.ask(TYPED_PULL).is_denied(hidden);
    report("Docker/29.7.2 (linux)");
    machine.ask(TYPED_PULL).is_denied(hidden);
    machine.pull("alpine").is_allowed();
    assert_eq!(machine.status().await.engine_version, "29.7.2");
}
