//! Enforced sign-in: which files count, what is refused, and what keeps working.

mod support;

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
    time::Instant,
};

use proto::document::{Membership, Role, Session};
use support::{Machine, SOON, create, header, message, policy, wait_until};

const DOCKERS: &str = r#"{"allowedOrgs":["ACME","labs"]}"#;

fn write(path: &Path, text: &str) {
    let new = path.with_extension("new");
    fs::write(&new, text).expect("a file");
    fs::set_permissions(&new, fs::Permissions::from_mode(0o644)).expect("a mode");
    fs::rename(new, path).expect("a rename");
}

fn remove(path: &Path) {
    match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir(path).expect("removed"),
        Ok(_) => fs::remove_file(path).expect("removed"),
        Err(_) => {}
    }
}

/// One way in which a file is not the administrator's alone.
type Damage = (&'static str, fn(&Path));

const DAMAGES: [Damage; 8] = [
    ("it is a symbolic link", |path| {
        let real = path.with_extension("real");
        fs::rename(path, &real).expect("a rename");
        symlink(real, path).expect("a link");
    }),
    ("it is a symbolic link", |path| {
        remove(path);
        symlink("/nowhere", path).expect("a link");
    }),
    ("it is no regular file", |path| {
        remove(path);
        fs::create_dir(path).expect("a directory");
    }),
    ("it is no regular file", |path| {
        remove(path);
        let mode = rustix::fs::Mode::from_raw_mode(0o600);
        rustix::fs::mknodat(rustix::fs::CWD, path, rustix::fs::FileType::Fifo, mode, 0).expect("a FIFO");
    }),
    ("it can be written by others", |path| {
        fs::set_permissions(path, fs::Permissions::from_mode(0o646)).expect("a mode");
    }),
    ("it belongs to another user", |path| {
        // Whoever runs the tests without being root cannot give a file away; an empty one is refused too.
        if rustix::process::geteuid().is_root() {
            std::os::unix::fs::chown(path, Some(12345), None).expect("another owner");
        } else {
            fs::set_permissions(path, fs::Permissions::from_mode(0o622)).expect("a mode");
        }
    }),
    ("more than 64 KiB", |path| fs::write(path, " ".repeat(70_000)).expect("a file")),
    ("is not valid", |path| fs::write(path, "{").expect("a file")),
];

/// Everything that brings an image in, and is refused by any file that cannot be used.
fn brings_in() -> Vec<String> {
    let mut all: Vec<String> = ["/v1.41/images/create?fromImage=acme/app", "/v1.41/images/load", "/v1.41/build"]
        .iter()
        .map(|uri| message(uri))
        .collect();
    all.push(message("/grpc"));
    all
}

/// What a developer does all day beside bringing images in.
fn everyday() -> Vec<String> {
    let calls = [
        ("GET", "/_ping"),
        ("HEAD", "/_ping"),
        ("GET", "/v1.41/version"),
        ("GET", "/v1.41/info"),
        ("POST", "/v1.41/auth"),
        ("GET", "/v1.41/images/json"),
        ("GET", "/v1.41/containers/json"),
        ("GET", "/v1.41/containers/x/logs?stdout=1"),
        ("POST", "/v1.41/containers/x/start"),
        ("POST", "/v1.41/containers/x/stop"),
        ("DELETE", "/v1.41/containers/x"),
    ];
    let messages = calls.iter().map(|(method, uri)| message(uri).replace("POST", method));
    messages.chain([create("here", "{}")]).collect()
}

#[track_caller]
fn everyday_calls_pass(machine: &Machine) {
    for request in everyday() {
        let answer = machine.ask(&request);
        assert_eq!(answer.allow, Some(true), "{request}: {}", answer.text);
    }
}

#[test]
fn a_file_that_is_not_the_administrators_alone_lets_nobody_bring_images_in() {
    let machine = Machine::start();
    let enrollment = machine.path("enrollment.json");
    let registry_json = machine.path("registry.json");
    let damages = DAMAGES.iter().map(|(part, damage)| (*part, *damage));
    for (file, good) in [(&enrollment, None), (&registry_json, Some(DOCKERS))] {
        for (part, damage) in damages.clone() {
            match good {
                // Without `allowedOrgs`, so that Docker's file counts.
                None => machine.enroll_openly(),
                Some(text) => write(file, text),
            }
            damage(file);
            let part = if part == "it belongs to another user" && !rustix::process::geteuid().is_root() {
                "it can be written by others"
            } else {
                part
            };
            wait_until(part, || machine.pull("alpine").text.contains(part));
            let name = file.file_name().expect("a name").to_str().expect("text");
            for request in brings_in() {
                let answer = machine.ask(&request);
                answer.is_denied("nobody can be");
                assert!(answer.text.contains(name) && answer.text.contains("pullgate doctor"), "{}", answer.text);
            }
            everyday_calls_pass(&machine);
            remove(file);
            machine.enroll_openly();
            wait_until("the file is good again", || machine.pull("alpine").allow == Some(true));
        }
    }
}

#[tokio::test]
async fn dockers_own_file_enforces_sign_in_where_the_enrollment_leaves_it_open() {
    let machine = Machine::start();
    machine.enroll_openly();
    machine.pull("alpine").is_allowed();
    let registry_json = machine.path("registry.json");
    write(&registry_json, DOCKERS);
    wait_until("docker's file counts", || machine.pull("alpine").allow == Some(false));
    machine.pull("alpine").is_denied("signed in to acme or labs, and nobody is");
    everyday_calls_pass(&machine);

    let status = machine.status().await;
    assert!(status.sign_in_enforced);
    let counts: Vec<_> = status.sign_in_files.iter().map(|file| (file.present, file.in_force)).collect();
    assert_eq!(counts, [(true, false), (true, true)]);
    assert_eq!(status.sign_in_files[1].organizations, ["acme", "labs"]);

    // Matching does not see case, and a member is let in.
    machine.sign_in(&policy(1)).await;
    machine.pull("alpine").is_allowed();
    machine.pull("evil/miner").is_denied("community image");

    // The enrollment's own word counts more, an empty list too.
    machine.enroll(&[]);
    enforced(&machine, false).await;
    machine.pull("evil/miner").is_denied("community image");
    machine.enroll(&["other"]);
    wait_until("another organization", || machine.pull("alpine").text.contains("members of other, which dana is not"));
}

/// Waits until `status` says so, bounded.
async fn enforced(machine: &Machine, wanted: bool) {
    let start = Instant::now();
    while machine.status().await.sign_in_enforced != wanted {
        assert!(start.elapsed() < SOON, "waited for sign-in enforced: {wanted}");
    }
}

#[tokio::test]
async fn a_directory_that_others_can_write_is_no_place_for_the_file() {
    let machine = Machine::start_with(&["acme"]);
    machine.sign_in(&policy(1)).await;
    machine.pull("alpine").is_allowed();
    let mode = |mode| fs::set_permissions(machine.path(""), fs::Permissions::from_mode(mode)).expect("a mode");
    mode(0o777);
    wait_until("the directory is open to all", || machine.pull("alpine").text.contains("on its way can be written"));
    fs::remove_file(machine.path("enrollment.json")).expect("removed");
    machine.pull("alpine").is_denied("on its way can be written by others");
    machine.enroll(&["acme"]);
    mode(0o700);
    wait_until("closed again, and in force again", || machine.pull("alpine").allow == Some(true));
}

#[tokio::test]
async fn a_machine_that_only_dockers_file_knows_refuses_and_says_that_it_is_not_enrolled() {
    let machine = Machine::start();
    fs::remove_file(machine.path("enrollment.json")).expect("removed");
    wait_until("not enrolled", || machine.pull("evil/miner").allow == Some(true));
    write(&machine.path("registry.json"), DOCKERS);
    wait_until("docker's file counts", || machine.pull("alpine").text.contains("not enrolled with a policy service"));
    assert!(machine.status().await.sign_in_enforced);
}

#[tokio::test]
async fn sign_in_to_an_organization_that_is_not_asked_for_is_not_enough() {
    let machine = Machine::start_with(&["other", "Third"]);
    machine.sign_in(&policy(1)).await;
    machine.pull("acme/app").is_denied("members of other or third, which dana is not");
    machine.ask(&message("/v1.41/containers/x/stop")).is_allowed();
    // One of several is enough.
    let session: Session = Session {
        header: Some(header("dana", &format!("machine:{}", machine.status().await.machine_id), 2)),
        organizations: vec![Membership { organization: "third".into(), role: Role::Owner.into(), teams: vec![] }],
        ..machine.session(2).await
    };
    let third = proto::document::Policy { header: Some(header("third", "any", 1)), ..policy(1) };
    machine.apply(vec![machine.seal(&third), machine.seal(&session)]).await.expect("in force");
    machine.pull("evil/miner").is_allowed();
}
