//! The tamper guard: host paths are followed as the engine would follow them.

mod support;

use std::{
    fs,
    os::unix::fs::symlink,
    time::{Duration, Instant},
};

use proto::document::{Mode, Policy, Protect, Role, Settings};
use support::{Machine, create, policy};

/// Protects, and lets `acme/tool` reach the host all the same.
fn protecting(generation: u64) -> Policy {
    let protect = Protect { patterns: vec!["acme/tool".into()] };
    let settings = Settings { protect: Some(protect), ..Settings::default() };
    Policy { settings: Some(settings), ..policy(generation) }
}

/// `docker create -v SOURCE:/x IMAGE`, by `-v` and by `--mount`.
fn mounts(image: &str, source: &str) -> [String; 2] {
    [
        create(image, &format!(r#"{{"Binds":["{source}:/x"]}}"#)),
        create(image, &format!(r#"{{"Mounts":[{{"Type":"bind","Source":"{source}","Target":"/x"}}]}}"#)),
    ]
}

#[tokio::test]
async fn links_to_control_files_are_refused_and_directories_are_not() {
    let machine = Machine::start();
    machine.sign_in(&protecting(1)).await;
    let here = |name: &str| machine.path(name).to_str().expect("text").to_owned();
    fs::create_dir_all(machine.path("real/below")).expect("a directory");
    for (target, name) in [
        ("/etc/docker", "control"),
        ("/etc", "above"),
        ("real", "link"),
        ("/etc", "real/inner"),
        ("/etc/docker/not-there-yet", "dangling"),
        ("/srv/not-there-yet", "harmless-dangling"),
        ("circle", "circle"),
        ("/proc/self/root", "magic"),
    ] {
        symlink(target, machine.path(name)).expect("a link");
    }
    for name in ["real", "real/below", "link", "link/below", "new/dir", "harmless-dangling"] {
        for message in mounts("alpine", &here(name)) {
            machine.ask(&message).is_allowed();
        }
    }
    for (name, part) in [
        ("control", "(a link to `/etc/docker`)"),
        ("above/docker/daemon.json", "(a link to `/etc/docker/daemon.json`)"),
        ("link/inner", "(a link to `/etc`)"),
        ("dangling", "(a link to `/etc/docker/not-there-yet`)"),
        ("circle", "whose links lead in a circle"),
        ("magic/home", "(a link to `/proc`)"),
    ] {
        for message in mounts("alpine", &here(name)) {
            let answer = machine.ask(&message);
            answer.is_denied(part);
            answer.is_denied("acme protects it");
        }
        for message in mounts("acme/tool", &here(name)) {
            machine.ask(&message).is_allowed();
        }
    }
    // As text, without a look.
    for source in ["/", "/etc", "/var/run/docker.sock", "/home/../etc/docker"] {
        for message in mounts("alpine", source) {
            machine.ask(&message).is_denied("acme protects it");
        }
    }
    let counted = machine.status().await.requests;
    machine.ask(&mounts("alpine", &here("real"))[0]).is_allowed();
    assert_eq!(machine.status().await.requests, counted + 1, "a request that is looked into counts once");
}

#[tokio::test]
async fn owners_may_monitoring_records_and_off_looks_at_nothing() {
    let machine = Machine::start();
    let link = machine.path("link");
    symlink("/etc/docker", &link).expect("a link");
    let [message, _] = mounts("alpine", link.to_str().expect("text"));
    machine.sign_in(&policy(1)).await;
    machine.ask(&message).is_allowed();
    let monitor = Policy { mode: Mode::Monitor.into(), ..protecting(2) };
    machine.apply(vec![machine.seal(&monitor)]).await.expect("in force");
    machine.ask(&message).is_allowed();
    machine.apply(vec![machine.seal(&protecting(3))]).await.expect("in force");
    machine.ask(&message).is_denied("acme protects it");
    let owner = machine.session_of("olga", Role::Owner, 2).await;
    machine.apply(vec![machine.seal(&owner)]).await.expect("an owner");
    machine.ask(&message).is_allowed();
    let fetch = proto::control::RecordsRequest {
        acknowledge: 0,
        wait_ms: 0,
        run: 0,
        ..proto::control::RecordsRequest::default()
    };
    let records = machine.control().records(fetch).await.expect("records").into_inner().records;
    let said: Vec<_> = records.iter().map(|r| (r.reason.as_str(), r.allowed, r.would_deny)).collect();
    assert_eq!(said, [("protect", true, true), ("protect", false, false), ("owner", true, false)]);
}

#[tokio::test]
async fn an_image_that_was_given_an_exempt_name_is_not_exempt() {
    let machine = Machine::start();
    machine.sign_in(&protecting(1)).await;
    let [message, _] = mounts("acme/tool", "/etc/docker");
    machine.ask(&message).is_allowed();
    machine.answer(&support::post("/AuthZPlugin.AuthZRes", message.as_bytes())).is_allowed();
    machine.ask(&support::message("/v1.41/images/evil/miner:1/tag?repo=acme/tool&tag=latest")).is_allowed();
    machine.ask(&message).is_denied("acme protects it");
}

#[tokio::test]
async fn what_is_no_directory_is_not_opened_and_delays_nobody() {
    let machine = Machine::start();
    machine.sign_in(&protecting(1)).await;
    let fifo = machine.path("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600), 0)
        .expect("a fifo");
    let start = Instant::now();
    let [message, _] = mounts("alpine", fifo.to_str().expect("text"));
    for _ in 0..50 {
        machine.ask(&message).is_allowed();
        machine.pull("alpine").is_allowed();
    }
    assert!(start.elapsed() / 50 < Duration::from_millis(50), "{:?}", start.elapsed());
}
