//! With a helper that is a shell script.

use std::os::unix::fs::PermissionsExt as _;

use super::*;

/// A helper that answers unless there is a file `broken`, and counts how often it is asked.
fn helper(directory: &Path) {
    let program = directory.join("docker-credential-fx");
    let script = format!(
        "#!/bin/sh\ncd {}\necho x >> asked\n[ -e broken ] && exit 1\necho '{{\"Username\":\"alice\",\"Secret\":\"pw\"}}'\n",
        directory.display()
    );
    fs::write(&program, script).expect("write");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("mode");
}

fn asked(directory: &Path) -> usize {
    fs::read_to_string(directory.join("asked")).unwrap_or_default().lines().count()
}

/// Real time: a process runs.
#[tokio::test]
async fn a_helper_that_fails_once_signs_nobody_out() {
    let mut world = World::start_with(r#"{"credsStore":"fx"}"#, helper);
    assert_eq!(world.next().await, "alice");
    let directory = world.directory.path().to_owned();
    fs::write(directory.join("broken"), "").expect("write");
    world.hints.send(Hint::Changed).await.expect("a reader");
    let failed = async {
        while asked(&directory) < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), failed).await.expect("it is asked");
    fs::remove_file(directory.join("broken")).expect("remove");
    // Hints bring no question sooner.
    world.hints.send(Hint::Changed).await.expect("a reader");
    world.hints.send(Hint::Periodic).await.expect("a reader");
    assert_eq!(world.next().await, "alice", "the next thing that is told");
    assert_eq!(asked(&directory), 3);
}

#[tokio::test]
async fn a_helper_is_not_asked_at_each_periodic_look() {
    let mut world = World::start_with(r#"{"credsStore":"fx"}"#, helper);
    assert_eq!(world.next().await, "alice");
    for _ in 0..3 {
        world.hints.send(Hint::Periodic).await.expect("a reader");
    }
    // The channel holds one, so two were taken; a change after them is told, and they were not.
    world.hints.send(Hint::Changed).await.expect("a reader");
    assert_eq!(world.next().await, "alice");
    assert_eq!(asked(world.directory.path()), 2);
}

/// Real time while a process runs; the minute in between is skipped.
#[tokio::test]
async fn a_key_ring_that_was_unlocked_is_found_out_soon_though_no_file_changed() {
    let mut world = World::start_with(r#"{"credsStore":"fx"}"#, |directory| {
        helper(directory);
        fs::write(directory.join("broken"), "").expect("write");
    });
    assert_eq!(world.next().await, "Unreadable");
    fs::remove_file(world.directory.path().join("broken")).expect("remove");
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(73)).await;
    tokio::time::resume();
    world.hints.send(Hint::Periodic).await.expect("a reader");
    assert_eq!(world.next().await, "alice");
}
