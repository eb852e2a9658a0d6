use std::{
    io::{Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
};

use super::*;

#[test]
fn what_is_wrong_with_a_program_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let program = dir.path().join("program");
    let said = || fault(&program).split_once("` ").unwrap().1.to_owned();
    assert_eq!(said(), "is not there");
    fs::write(&program, "").unwrap();
    assert_eq!(said(), "is empty");
    fs::write(&program, "\x7fELF").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(said(), "is not executable");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(said(), "cannot be run here");
}

/// What an engine gets on the plugin's socket.
async fn ask(path: &'static str, message: &'static str) -> String {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("pullgate.sock");
    let listener = UnixListener::bind(&socket).unwrap();
    let end = Instant::now() + Duration::from_millis(500);
    let asked = tokio::task::spawn_blocking(move || {
        let mut stream = UnixStream::connect(socket).unwrap();
        write!(stream, "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{message}", message.len())
            .unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        said
    });
    answer::engine(listener, end, "it is empty; do this".into()).await.unwrap();
    asked.await.unwrap()
}

#[tokio::test]
async fn an_engine_starts_and_is_told_why_nothing_passes() {
    let said = ask("/Plugin.Activate", "").await;
    assert!(said.starts_with("HTTP/1.1 200") && said.ends_with(proto::authz::ACTIVATED), "{said}");
    let said = ask("/AuthZPlugin.AuthZReq", r#"{"RequestMethod":"GET","RequestUri":"/_ping"}"#).await;
    assert!(said.starts_with("HTTP/1.1 500") && said.ends_with(r#"{"Err":"it is empty; do this"}"#), "{said}");
}

#[test]
fn a_tunnel_is_refused_with_the_reason_in_the_status_line() {
    let said = answer::of_the_door("it is empty; do this");
    assert_eq!(said.status(), 503);
    let phrase = said.extensions().get::<hyper::ext::ReasonPhrase>().unwrap();
    assert_eq!(phrase.as_bytes(), b"it is empty; do this");
}
