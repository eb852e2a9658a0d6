//! Credentials files as they really are: each has its defined state, and none is a sign-in.

use std::{
    fs,
    io::Write as _,
    os::unix::{
        fs::{PermissionsExt as _, symlink},
        net::UnixListener,
    },
    path::Path,
};

use crate::support::Machine;

/// Alice is signed in; then the file becomes something else.
async fn becomes(change: impl FnOnce(&Machine), logged: &str) {
    let (machine, agent) = Machine::signed_in().await;
    change(&machine);
    machine.in_force(None).await;
    agent.logged(logged).await;
    fs::remove_file(machine.config()).or_else(|_| fs::remove_dir(machine.config())).ok();
    machine.login("alice", "s3cret-alice");
    machine.in_force(Some("alice")).await;
}

#[tokio::test]
async fn a_removed_file_is_a_sign_out() {
    becomes(|m| fs::remove_file(m.config()).expect("remove"), "nobody is signed in").await;
}

#[tokio::test]
async fn a_file_that_stays_empty_is_a_sign_out() {
    becomes(|m| fs::write(m.config(), "").expect("write"), "nobody is signed in").await;
}

#[tokio::test]
async fn a_binary_file_is_nobody() {
    becomes(|m| fs::write(m.config(), b"\x7fELF\xff\xfe\0\0").expect("write"), "class=\"encoding\"").await;
}

#[tokio::test]
async fn a_cut_file_is_nobody() {
    let cut = |m: &Machine| {
        let text = m.text("alice", "s3cret-alice");
        fs::write(m.config(), &text[..text.len() - 3]).expect("write");
    };
    becomes(cut, "class=\"parse\"").await;
}

#[tokio::test]
async fn a_directory_is_nobody() {
    let directory = |m: &Machine| {
        fs::remove_file(m.config()).expect("remove");
        fs::create_dir(m.config()).expect("directory");
    };
    becomes(directory, "class=\"unreadable\"").await;
}

#[tokio::test]
async fn what_is_no_regular_file_is_nobody() {
    let replaced = |make: fn(&Path)| {
        move |m: &Machine| {
            let other = m.config_dir().join("other");
            make(&other);
            fs::rename(other, m.config()).expect("rename");
        }
    };
    let fifo = |path: &Path| {
        let made = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(path).status();
        assert!(made.expect("mkfifo").success());
    };
    becomes(replaced(fifo), "it is a FIFO").await;
    becomes(replaced(|path| drop(UnixListener::bind(path).expect("bind"))), "it is a socket").await;
    becomes(replaced(|path| symlink("/dev/zero", path).expect("link")), "it is a device").await;
    becomes(replaced(|path| symlink("/dev/null", path).expect("link")), "nobody is signed in").await;
    becomes(replaced(|path| symlink("config.json", path).expect("link")), "class=\"unreadable\"").await;
}

#[tokio::test]
async fn a_file_of_more_than_64_mib_is_nobody() {
    let large = |m: &Machine| {
        let file = fs::File::create(m.path("large")).expect("file");
        file.set_len(65 << 20).expect("size");
        fs::rename(m.path("large"), m.config()).expect("rename");
    };
    becomes(large, "more than 64 MiB").await;
}

#[tokio::test]
async fn a_missing_helper_is_nobody() {
    let helper = |m: &Machine| fs::write(m.config(), r#"{"credsStore":"nope"}"#).expect("write");
    becomes(helper, "class=\"helper-missing\"").await;
}

#[tokio::test]
async fn the_empty_moment_of_a_rewrite_in_place_is_no_sign_out() {
    let (machine, _agent) = Machine::signed_in().await;
    for _ in 0..20 {
        // `cat > config.json`: truncated first, then written in two parts.
        let text = machine.text("alice", "s3cret-alice");
        let mut file = fs::File::create(machine.config()).expect("truncate");
        file.write_all(&text.as_bytes()[..10]).expect("write");
        file.sync_all().expect("sync");
        file.write_all(&text.as_bytes()[10..]).expect("write");
    }
    machine.login("bob", "s3cret-bob");
    machine.in_force(Some("bob")).await;
    // Written again is put in force again, so alice may be there more than once; nobody is not.
    let mut applies = machine.plugin.applies();
    applies.dedup();
    assert_eq!(applies, ["alice acme:1", "bob acme:1"]);
}

#[tokio::test]
async fn a_helper_of_the_user_is_asked_for_the_service() {
    let machine = Machine::new();
    fs::create_dir(machine.path("bin")).expect("directory");
    let program = machine.path("bin/docker-credential-fx");
    let script = format!(
        "#!/bin/sh\n[ \"$1\" = get ] && [ \"$(/bin/cat)\" = {} ] && echo '{{\"Username\":\"alice\",\"Secret\":\"s3cret-alice\"}}'\n",
        machine.service.host()
    );
    fs::write(&program, script).expect("write");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("mode");
    fs::write(machine.config(), r#"{"credsStore":"fx"}"#).expect("write");
    let agent = machine.agent();
    machine.in_force(Some("alice")).await;
    assert!(agent.log().contains("store:fx"));
}
