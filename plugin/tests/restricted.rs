//! The running program has given up what it needs no more; `proto/tests/sandbox.rs` shows what that is worth.

mod support;

use std::fs;

use support::{Machine, wait_until};

#[tokio::test]
async fn the_plugin_answers_from_inside_its_sandbox() {
    let machine = Machine::start();
    // Sockets answer a little before the last thing is given up.
    wait_until("it says so", || machine.log().contains("sandbox"));
    let status = machine.status().await;
    assert_eq!(status.sandbox_faults, Vec::<String>::new(), "Linux 6.12 and newer enforce all of it");
    assert!(machine.log().contains("in its sandbox"), "{}", machine.log());
    let tasks: Vec<_> = fs::read_dir(format!("/proc/{}/task", machine.pid())).expect("threads").collect();
    assert!(tasks.len() > 2, "the door's threads and the writer's");
    for task in tasks {
        let status = fs::read_to_string(task.expect("one").path().join("status")).expect("a status");
        for line in ["NoNewPrivs:\t1\n", "Seccomp:\t2\n"] {
            assert!(status.contains(line), "a thread without `{}`: {status}", line.trim());
        }
    }
    machine.pull("alpine").is_allowed();
}

/// Administrators replace files, and directories are made after the plugin's start.
#[test]
fn files_that_are_replaced_or_made_later_are_read() {
    let machine = Machine::start();
    wait_until("it is in its sandbox", || machine.log().contains("sandbox"));
    machine.enroll(&["acme"]);
    wait_until("sign-in is demanded", || machine.pull("alpine").allow == Some(false));
    machine.enroll(&[]);
    wait_until("sign-in is not demanded", || machine.pull("alpine").allow == Some(true));
    machine.enroll_openly();
    fs::write(machine.path("registry.json"), r#"{"allowedOrgs":["acme"]}"#).expect("Docker's file");
    wait_until("Docker's file demands it", || machine.pull("alpine").allow == Some(false));
}
