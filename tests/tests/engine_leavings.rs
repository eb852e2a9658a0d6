//! However the demo ends, nothing of it stays on the machine.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use installer::lab::wait_until;
use serde_json::Value;
use tests::{SETTLE, leavings, own_program};

/// What an engine might leave outside its own directories.
fn machine() -> BTreeSet<String> {
    let entries = |dir: &str| {
        let paths = fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path().display().to_string());
        paths.collect::<Vec<_>>()
    };
    ["/etc/docker", "/opt", "/run", "/run/docker", "/var/lib", "/dev/shm", "/sys/class/net"]
        .iter()
        .flat_map(|dir| entries(dir))
        .collect()
}

/// Starts the demo and reads `steps` of its steps; gives it with its lab's directory.
fn demo(arguments: &[&str], steps: usize) -> (Child, BufReader<impl std::io::Read>, PathBuf) {
    let mut command = Command::new(own_program("pullgate"));
    command.args(["demo", "--json"]).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut lab = None;
    for _ in 0..steps {
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        let step: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("`{line}` is no step"));
        let output = step["output"].as_str().unwrap();
        lab = lab.or_else(|| output.find("/tmp/pullgate-").map(|at| PathBuf::from(&output[at..at + 20])));
    }
    (child, lines, lab.unwrap())
}

async fn is_clean(lab: &Path, before: &BTreeSet<String>) {
    let nothing = || async {
        let left = leavings(lab);
        if left.is_empty() { Ok(()) } else { Err(left.join("\n")) }
    };
    wait_until("a clean machine", SETTLE, nothing).await.unwrap();
    assert_eq!(&machine(), before);
}

fn kill(signal: &str, pid: &str) {
    assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminated_demo_leaves_nothing_behind() {
    let before = machine();
    let (mut child, _lines, lab) = demo(&[], 3);
    assert!(!leavings(&lab).is_empty(), "it is still running");
    kill("-TERM", &child.id().to_string());
    assert_eq!(child.wait().unwrap().code(), Some(143));
    assert_eq!(leavings(&lab), Vec::<String>::new());
    is_clean(&lab, &before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_demo_leaves_nothing_behind() {
    let before = machine();
    let (mut child, _lines, lab) = demo(&[], 3);
    child.kill().unwrap();
    child.wait().unwrap();
    is_clean(&lab, &before).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_demo_runs_on_and_leaves_nothing_behind_once_it_is_ended() {
    let before = machine();
    let (mut child, mut lines, lab) = demo(&["--keep"], 1);
    lines.read_to_string(&mut String::new()).unwrap();
    let mut usage = String::new();
    child.stderr.take().unwrap().read_to_string(&mut usage).unwrap();
    assert!(child.wait().unwrap().success(), "{usage}");
    assert!(leavings(&lab).iter().any(|left| left.contains("dockerd")), "{usage}");
    let stop = usage.trim_end().rsplit(' ').next().unwrap();
    kill("-TERM", stop);
    is_clean(&lab, &before).await;
}
