//! A helper that hangs when the agent ends.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    time::{Duration, Instant},
};

use rustix::process::Signal;
use serde_json::json;

use super::Person;
use crate::support::Machine;

fn runs(pid: &str) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[tokio::test]
async fn an_agent_that_ends_leaves_no_process_of_a_helper() {
    let machine = Machine::new();
    let person = Person::of(&machine);
    let (pids, program) = (machine.path("pids"), machine.path("bin/docker-credential-fx"));
    fs::create_dir(machine.path("bin")).expect("directory");
    let list = pids.display();
    let script = format!("#!/bin/sh\n/bin/sleep 600 &\necho $$ $! >{list}.new\n/bin/mv {list}.new {list}\nwait\n");
    fs::write(&program, script).expect("write");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("mode");
    person.config(&json!({ "credsStore": "fx" }));
    let mut agent = machine.agent_at_home(&person.home, &[]);
    let end = Instant::now() + Duration::from_secs(10);
    while !pids.exists() {
        assert!(Instant::now() < end, "the helper was not asked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let pids = fs::read_to_string(pids).expect("pids");
    let pids: Vec<&str> = pids.split_whitespace().collect();
    assert!(pids.len() == 2 && pids.iter().all(|pid| runs(pid)), "{pids:?}");
    agent.signal(Signal::TERM);
    agent.ended().await;
    while pids.iter().any(|pid| runs(pid)) {
        assert!(Instant::now() < end, "{pids:?} still run");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
