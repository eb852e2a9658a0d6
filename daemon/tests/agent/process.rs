//! The process itself: start, stop, who owns the state directory.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::support::{Machine, until};

#[tokio::test]
async fn the_first_line_says_what_is_in_force() {
    let machine = Machine::new();
    let agent = machine.agent();
    machine.in_force(None).await;
    let log = agent.log();
    let first = log.lines().next().expect("a line");
    let paths =
        [machine.config(), machine.path("state"), machine.path("control.sock"), machine.path("enrollment.json")];
    for part in
        paths.iter().map(|path| path.to_str().expect("text")).chain([env!("CARGO_PKG_VERSION"), &machine.service.url()])
    {
        assert!(first.contains(part), "`{part}` is not in `{first}`");
    }
}

#[tokio::test]
async fn a_second_agent_is_refused_and_told_who_has_the_directory() {
    let machine = Machine::new();
    let first = machine.agent();
    machine.in_force(None).await;
    let mut second = machine.agent();
    assert_eq!(second.ended().await.code(), Some(1));
    let expected = format!("another agent (process {}) already uses", first.pid());
    assert!(second.log().contains(&expected), "{}", second.log());
    first.kill();
    let third = machine.agent();
    third.logged("the plugin answers").await;
}

#[tokio::test]
async fn a_signal_ends_it_soon_and_leaves_the_session() {
    for signal in [Signal::TERM, Signal::INT] {
        let machine = Machine::new();
        machine.login("alice", "s3cret-alice");
        let mut agent = machine.agent();
        machine.in_force(Some("alice")).await;
        let before = Instant::now();
        agent.signal(signal);
        assert_eq!(agent.ended().await.code(), Some(0));
        assert!(before.elapsed() < Duration::from_secs(3), "took {:?}", before.elapsed());
        assert!(agent.log().contains("stopped"));
        assert_eq!(machine.plugin.applies(), ["alice acme:1"]);
    }
}

#[tokio::test]
async fn the_state_directory_is_private() {
    let machine = Machine::new();
    fs::create_dir(machine.path("state")).expect("directory");
    fs::set_permissions(machine.path("state"), fs::Permissions::from_mode(0o755)).expect("mode");
    let _agent = machine.agent();
    machine.in_force(None).await;
    let mode = fs::metadata(machine.path("state")).expect("metadata").permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
}

#[tokio::test]
async fn a_state_directory_that_cannot_be_is_a_clear_error() {
    let machine = Machine::new();
    fs::write(machine.path("state"), "a file").expect("write");
    let mut agent = machine.agent();
    assert_eq!(agent.ended().await.code(), Some(1));
    assert!(agent.log().contains("give another --state-dir"), "{}", agent.log());
}

#[tokio::test]
async fn documents_that_cannot_be_kept_are_in_force_all_the_same() {
    let machine = Machine::new();
    let agent = machine.agent();
    machine.in_force(None).await;
    // As a full disk.
    fs::remove_dir(machine.path("state/documents")).expect("remove");
    fs::write(machine.path("state/documents"), "").expect("write");
    machine.login("alice", "s3cret-alice");
    machine.in_force(Some("alice")).await;
    agent.logged("documents cannot be kept on disk").await;
}

#[tokio::test]
async fn plain_http_to_another_machine_is_refused_with_a_reason() {
    let machine = Machine::new();
    machine.enroll("http://gate.example:8443");
    let agent = machine.agent();
    agent.logged("plain http is for a service on this machine only").await;
    machine.in_force(None).await;
}

/// Each agent's log and files are searched for secrets when it ends; here with everything that any library logs.
#[tokio::test]
async fn no_secret_is_logged_even_at_the_finest_level() {
    let machine = Machine::new();
    machine.login("alice", "s3cret-wrong");
    let agent = machine.agent_logging("trace", &[]);
    agent.logged("the service refuses the credential").await;
    machine.login("alice", "s3cret-alice");
    machine.in_force(Some("alice")).await;
}

#[tokio::test]
async fn a_second_agent_of_the_same_user_for_the_same_plugin_is_refused() {
    let machine = Machine::new();
    let first = machine.agent();
    machine.in_force(None).await;
    let other = machine.path("other");
    let mut second = machine.agent_with_state(&other);
    assert_eq!(second.ended().await.code(), Some(1));
    let expected = format!("another agent of this user (process {}) already serves the plugin", first.pid());
    assert!(second.log().contains(&expected), "{}", second.log());
}

#[tokio::test]
async fn a_state_directory_that_is_removed_is_made_again() {
    let machine = Machine::new();
    let _agent = machine.agent();
    machine.in_force(None).await;
    fs::remove_dir_all(machine.path("state")).expect("remove");
    machine.login("alice", "s3cret-alice");
    machine.in_force(Some("alice")).await;
    machine.plugin.decide(["01J".to_owned()]);
    until(&machine.service.state, "the record", |state| (state.records.len() == 1).then_some(())).await;
    let end = Instant::now() + Duration::from_secs(20);
    while !machine.path("state/session.json").exists() {
        assert!(Instant::now() < end, "nothing was kept");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mode = fs::metadata(machine.path("state")).expect("metadata").permissions().mode() & 0o777;
    assert_eq!(mode, 0o700);
}

#[tokio::test]
async fn no_core_dump_is_left() {
    let machine = Machine::new();
    let agent = machine.agent();
    machine.in_force(None).await;
    let limits = fs::read_to_string(format!("/proc/{}/limits", agent.pid())).expect("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("a line");
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
}

/// The system shows it: the files of a process whose memory is nobody's business are root's.
#[tokio::test]
async fn the_memory_is_no_other_process_of_the_users_business() {
    let machine = Machine::new();
    // As root, everything is root's; so it runs as another user there.
    let uid = match rustix::process::geteuid().as_raw() {
        0 => 65_534,
        own => own,
    };
    std::os::unix::fs::chown(machine.root.path(), Some(uid), None).expect("own");
    let agent = machine.agent_as(uid);
    machine.in_force(None).await;
    let owner = fs::metadata(format!("/proc/{}/mem", agent.pid())).expect("metadata").uid();
    assert_eq!(owner, 0, "not {uid}'s");
}
