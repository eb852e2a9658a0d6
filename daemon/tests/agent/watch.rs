//! `watch.tsv`: what programs do around the credentials file, event by event, and how often it is read for that.
//! `vectors_environment` checks that each row has a test here.

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use crate::support::{Agent, Machine, save};

/// Expects that `act` led to so many readings. What comes after it shows that no more are to come.
async fn readings(machine: &Machine, agent: &Agent, act: impl FnOnce(), after: Option<&str>, expected: usize) {
    let before = agent.readings();
    act();
    if let Some(user) = after {
        machine.in_force(Some(user)).await;
    }
    let last = if after == Some("bob") { "alice" } else { "bob" };
    machine.login(last, &format!("s3cret-{last}"));
    machine.in_force(Some(last)).await;
    assert_eq!(agent.readings() - before, expected + 1, "{}", agent.log());
}

async fn nobody_yet(machine: &Machine) -> Agent {
    let agent = machine.agent();
    machine.in_force(None).await;
    agent
}

#[tokio::test]
async fn w01_a_first_login_is_one_reading() {
    let machine = Machine::new();
    let agent = nobody_yet(&machine).await;
    readings(&machine, &agent, || machine.login("alice", "s3cret-alice"), Some("alice"), 1).await;
}

#[tokio::test]
async fn w02_a_login_over_an_old_file_is_one_reading() {
    let (machine, agent) = Machine::signed_in().await;
    let login = || {
        // The docker command gives the temporary file the mode of the old one before it renames.
        let temporary = machine.config_dir().join("config.json123");
        fs::write(&temporary, machine.text("bob", "s3cret-bob")).expect("write");
        fs::set_permissions(&temporary, fs::Permissions::from_mode(0o600)).expect("mode");
        fs::rename(temporary, machine.config()).expect("rename");
    };
    readings(&machine, &agent, login, Some("bob"), 1).await;
}

#[tokio::test]
async fn w04_a_login_through_an_absolute_link_is_seen_in_the_other_directory() {
    let machine = Machine::new();
    let target = machine.path("dotfiles/docker.json");
    fs::create_dir(machine.path("dotfiles")).expect("directory");
    fs::write(&target, "{}").expect("write");
    symlink(&target, machine.config()).expect("link");
    let agent = nobody_yet(&machine).await;
    readings(&machine, &agent, || machine.login("alice", "s3cret-alice"), Some("alice"), 1).await;
    assert!(machine.config().is_symlink());
}

#[tokio::test]
async fn w05_a_login_that_fails_at_a_relative_link_is_no_reading() {
    let machine = Machine::new();
    fs::create_dir(machine.path("dotfiles")).expect("directory");
    fs::write(machine.path("dotfiles/docker.json"), machine.text("alice", "s3cret-alice")).expect("write");
    symlink("../dotfiles/docker.json", machine.config()).expect("link");
    let agent = machine.agent();
    machine.in_force(Some("alice")).await;
    let fail = || {
        let temporary = machine.config_dir().join("config.json123");
        fs::write(&temporary, machine.text("bob", "s3cret-bob")).expect("write");
        fs::remove_file(temporary).expect("remove");
    };
    readings(&machine, &agent, fail, None, 0).await;
}

#[tokio::test]
async fn w07_a_rewrite_in_place_is_no_sign_out() {
    let (machine, agent) = Machine::signed_in().await;
    let rewrite = || {
        let text = machine.text("bob", "s3cret-bob");
        let mut file = File::create(machine.config()).expect("truncate");
        file.write_all(&text.as_bytes()[..20]).expect("write");
        file.write_all(&text.as_bytes()[20..]).expect("write");
    };
    readings(&machine, &agent, rewrite, Some("bob"), 1).await;
    assert!(!machine.plugin.applies().contains(&"nobody".to_owned()));
}

#[tokio::test]
async fn w08_a_directory_that_is_moved_away_and_made_anew_is_watched_anew() {
    let (machine, _agent) = Machine::signed_in().await;
    for (round, user) in ["bob", "alice", "bob"].into_iter().enumerate() {
        fs::rename(machine.config_dir(), machine.path(&format!("old{round}"))).expect("move");
        fs::create_dir(machine.config_dir()).expect("directory");
        machine.login(user, &format!("s3cret-{user}"));
        machine.in_force(Some(user)).await;
    }
    assert!(!machine.plugin.applies().contains(&"nobody".to_owned()));
}

#[tokio::test]
async fn w10_a_directory_that_was_absent_at_the_start_is_watched_when_it_appears() {
    let machine = Machine::new();
    // Not even the home directory is there.
    let home = machine.path("homes/alice");
    let agent = machine.agent_at_home(&home, &[]);
    machine.in_force(None).await;
    fs::create_dir_all(home.join(".docker")).expect("directory");
    save(&home.join(".docker/config.json"), &machine.text("alice", "s3cret-alice"));
    machine.in_force(Some("alice")).await;
    assert!(agent.log().contains(home.to_str().expect("text")));
}

#[tokio::test]
async fn w11_other_files_of_the_directory_are_no_reading() {
    let (machine, agent) = Machine::signed_in().await;
    let others = || {
        for n in 0..200 {
            other(&machine.config_dir().join("contexts/meta"), n);
            other(&machine.config_dir().join("buildx/activity"), n);
            other(&machine.config_dir(), n);
        }
    };
    readings(&machine, &agent, others, None, 0).await;
}

fn other(directory: &Path, n: usize) {
    fs::create_dir_all(directory).expect("directory");
    save(&directory.join(format!("meta{n}.json")), "{}");
}
