//! From the credentials file to what is in force, with everything up.

use std::{fs, os::unix::fs::symlink};

use crate::support::{Machine, save, until};

#[tokio::test]
async fn a_login_puts_session_and_policy_in_force_with_one_change() {
    let machine = Machine::new();
    let _agent = machine.agent();
    machine.in_force(None).await;
    machine.login("alice", "s3cret-alice");
    machine.in_force(Some("alice")).await;
    assert_eq!(machine.plugin.applies(), ["nobody", "alice acme:1"]);
    assert_eq!(machine.service.sign_ins(1).await, [("alice".to_owned(), true)]);
}

#[tokio::test]
async fn who_is_signed_in_at_the_start_is_in_force_without_a_moment_of_nobody() {
    let (machine, _agent) = Machine::signed_in().await;
    assert_eq!(machine.plugin.applies(), ["alice acme:1"]);
}

#[tokio::test]
async fn a_logout_ends_the_session() {
    let (machine, _agent) = Machine::signed_in().await;
    machine.logout();
    machine.in_force(None).await;
    assert_eq!(machine.plugin.applies(), ["alice acme:1", "nobody"]);
    assert!(!machine.path("state/session.json").exists() || wait_gone(&machine).await);
}

async fn wait_gone(machine: &Machine) -> bool {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while machine.path("state/session.json").exists() {
        assert!(std::time::Instant::now() < end, "the kept session is still there after the sign-out");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    true
}

#[tokio::test]
async fn an_account_switch_is_one_change() {
    let (machine, _agent) = Machine::signed_in().await;
    machine.logout();
    machine.login("bob", "s3cret-bob");
    machine.in_force(Some("bob")).await;
    assert_eq!(machine.plugin.applies(), ["alice acme:1", "bob acme:1"]);
}

#[tokio::test]
async fn a_change_at_the_service_is_in_force_at_once() {
    let (machine, _agent) = Machine::signed_in().await;
    for generation in 2..6 {
        machine.service.change(|state| state.generation = generation);
        until(&machine.plugin.state, "the new policy", |state| (state.generation == generation).then_some(())).await;
    }
    assert_eq!(machine.service.sign_ins(1).await.len(), 1);
}

#[tokio::test]
async fn a_removed_account_loses_its_session() {
    let (machine, _agent) = Machine::signed_in().await;
    machine.service.change(|state| drop(state.accounts.remove("alice")));
    machine.in_force(None).await;
    assert_eq!(machine.service.sign_ins(2).await[1], ("alice".to_owned(), false));
}

#[tokio::test]
async fn a_linked_credentials_file_is_followed() {
    let machine = Machine::new();
    let target = machine.path("dotfiles/docker.json");
    fs::create_dir(machine.path("dotfiles")).expect("directory");
    fs::write(&target, machine.text("alice", "s3cret-alice")).expect("write");
    symlink(&target, machine.config()).expect("link");
    let _agent = machine.agent();
    machine.in_force(Some("alice")).await;
    machine.login("bob", "s3cret-bob");
    assert!(machine.config().is_symlink());
    machine.in_force(Some("bob")).await;
    save(&target, "{}");
    machine.in_force(None).await;
}

#[tokio::test]
async fn a_directory_that_is_made_later_is_seen() {
    let machine = Machine::new();
    fs::remove_dir(machine.config_dir()).expect("remove");
    let _agent = machine.agent();
    machine.in_force(None).await;
    fs::create_dir(machine.config_dir()).expect("directory");
    machine.login("alice", "s3cret-alice");
    machine.in_force(Some("alice")).await;
}

#[tokio::test]
async fn an_enrollment_that_comes_later_is_seen_and_one_that_goes_ends_the_session() {
    let machine = Machine::new();
    fs::remove_file(machine.path("enrollment.json")).expect("remove");
    machine.login("alice", "s3cret-alice");
    let agent = machine.agent();
    machine.in_force(None).await;
    machine.enroll(&machine.service.url());
    machine.in_force(Some("alice")).await;
    fs::remove_file(machine.path("enrollment.json")).expect("remove");
    machine.in_force(None).await;
    assert!(agent.log().contains("no longer enrolled"));
}
