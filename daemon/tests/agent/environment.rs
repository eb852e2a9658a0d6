//! Rows of `environment.tsv` that need an agent that runs. `vectors_environment` has the others, and checks that
//! each row has a test.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use crate::support::{Agent, Machine, save};

/// As `snap refresh docker`: the new revision gets a copy, then the link moves.
fn refresh(home: &Path, revision: &str, text: &str) {
    let snap = home.join("snap/docker");
    fs::create_dir_all(snap.join(revision).join(".docker")).expect("directory");
    save(&snap.join(revision).join(".docker/config.json"), text);
    symlink(revision, snap.join("next")).expect("link");
    fs::rename(snap.join("next"), snap.join("current")).expect("switch");
}

#[tokio::test]
async fn e24_the_file_of_the_docker_snap_counts_until_there_is_another() {
    let machine = Machine::new();
    let home = machine.path("home");
    refresh(&home, "7", &machine.text("alice", "s3cret-alice"));
    let _agent = machine.agent_at_home(&home, &[]);
    machine.in_force(Some("alice")).await;
    refresh(&home, "8", &machine.text("bob", "s3cret-bob"));
    machine.in_force(Some("bob")).await;
    save(&home.join("snap/docker/current/.docker/config.json"), &machine.text("alice", "s3cret-alice"));
    machine.in_force(Some("alice")).await;
    // A docker command of another kind signs out: that must hold.
    fs::create_dir(home.join(".docker")).expect("directory");
    save(&home.join(".docker/config.json"), r#"{"auths":{}}"#);
    machine.in_force(None).await;
    save(&home.join(".docker/config.json"), &machine.text("bob", "s3cret-bob"));
    machine.in_force(Some("bob")).await;
    fs::remove_dir_all(home.join(".docker")).expect("remove");
    machine.in_force(Some("alice")).await;
}

/// An agent in a user namespace where `limit` is `value`; the limits of the machine stay as they are.
fn limited(machine: &Machine, limit: &str, value: &str) -> Agent {
    let home = machine.path("home");
    fs::create_dir_all(home.join(".docker")).expect("directory");
    let set = format!("echo {value} >/proc/sys/user/{limit} && exec \"$0\" \"$@\"");
    let wrapper = ["/usr/bin/unshare", "--user", "--map-current-user", "--keep-caps", "/bin/sh", "-c", &set];
    machine.agent_at_home(&home, &wrapper)
}

#[tokio::test]
async fn e28_without_inotify_the_file_is_looked_at_and_the_log_says_so_once() {
    for (limit, value, why) in
        [("max_inotify_instances", "0", "Too many open files"), ("max_inotify_watches", "1", "limit")]
    {
        let machine = Machine::new();
        let agent = limited(&machine, limit, value);
        machine.in_force(None).await;
        let config = machine.path("home/.docker/config.json");
        for user in ["alice", "bob", "alice"] {
            save(&config, &machine.text(user, &format!("s3cret-{user}")));
            machine.in_force(Some(user)).await;
        }
        fs::remove_dir_all(machine.path("home/.docker")).expect("remove");
        machine.in_force(None).await;
        let log = agent.log();
        let said: Vec<&str> = log.lines().filter(|line| line.contains("changes cannot be watched")).collect();
        assert!(said.len() == 1 && said[0].contains(why), "{limit}: {said:?}");
    }
}

#[tokio::test]
async fn e31_switching_accounts_again_and_again_never_shows_nobody() {
    let (machine, agent) = Machine::signed_in().await;
    let mut expected = vec!["alice acme:1".to_owned()];
    for user in ["bob", "alice", "bob", "alice"] {
        machine.logout();
        machine.login(user, &format!("s3cret-{user}"));
        machine.in_force(Some(user)).await;
        expected.push(format!("{user} acme:1"));
    }
    assert_eq!(machine.plugin.applies(), expected, "{}", agent.log());
}

/// A file that its owner may not read is noticed, and so is its return. Root reads everything, so the agent is
/// started without the capabilities that root has.
#[tokio::test]
async fn a_file_or_a_directory_without_permission_is_nobody_until_it_is_back() {
    let machine = Machine::new();
    let home = machine.path("home");
    let (directory, file) = (home.join(".docker"), home.join(".docker/config.json"));
    fs::create_dir_all(&directory).expect("directory");
    fs::write(&file, machine.text("alice", "s3cret-alice")).expect("write");
    let wrapper = ["/usr/bin/setpriv", "--inh-caps=-all", "--bounding-set=-all"];
    let agent = machine.agent_at_home(&home, if rustix::process::geteuid().is_root() { &wrapper } else { &[] });
    machine.in_force(Some("alice")).await;
    for (path, usual) in [(&file, 0o600), (&directory, 0o700), (&home, 0o755)] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o000)).expect("mode");
        machine.in_force(None).await;
        fs::set_permissions(path, fs::Permissions::from_mode(usual)).expect("mode");
        machine.in_force(Some("alice")).await;
    }
    assert!(agent.log().contains("Permission denied"));
}
