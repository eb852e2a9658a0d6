//! The database as a file in the data directory.

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    process::Command,
};

use crate::support::{BINARY, Service, run};

#[tokio::test]
async fn the_file_is_closed_to_others_and_whole_after_a_stop() {
    let mut service = Service::acme().await;
    let path = service.data_dir().join("pullgate.db");
    assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    service.stop().await;
    assert!(!service.data_dir().join("pullgate.db-wal").exists(), "the log was folded into the database");
}

#[tokio::test]
async fn reading_a_directory_that_is_not_there_makes_none() {
    let service = Service::empty();
    for args in [&["member", "list", "acme"][..], &["records"], &["policy", "show", "acme"]] {
        let said = service.fails(args, "");
        assert!(said.contains("no data directory"), "{said}");
    }
    assert!(!service.data_dir().exists());
}

#[tokio::test]
async fn a_data_directory_that_cannot_be_written_is_named() {
    let service = Service::empty();
    service.ok(&["organization", "add", "acme"]);
    let dir = service.data_dir();
    let mut command = if rustix::process::geteuid().is_root() {
        // Root may write everywhere: be somebody else, who owns the directory and must reach it and the program.
        let nobody = 65534;
        let binary = dir.parent().unwrap().join("pullgate-service");
        fs::copy(BINARY, &binary).unwrap();
        fs::set_permissions(dir.parent().unwrap(), fs::Permissions::from_mode(0o755)).unwrap();
        for entry in fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).chain([dir.clone()]) {
            std::os::unix::fs::chown(entry, Some(nobody), Some(nobody)).unwrap();
        }
        let mut command = Command::new(binary);
        command.uid(nobody).gid(nobody);
        command
    } else {
        Command::new(BINARY)
    };
    for entry in fs::read_dir(&dir).unwrap() {
        fs::set_permissions(entry.unwrap().path(), fs::Permissions::from_mode(0o400)).unwrap();
    }
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o500)).unwrap();
    command.arg("--data-dir").arg(&dir).args(["organization", "add", "beta"]);
    let output = run(command, "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("lock") && said.contains("can this user write"), "{said}");
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
}

#[tokio::test]
async fn a_disk_that_takes_nothing_more_is_named_and_what_was_there_stays() {
    let service = Service::empty();
    service.ok(&["organization", "add", "acme"]);
    // No file may grow beyond one block: what a full disk does to a file that has to grow.
    let mut command = Command::new("sh");
    command
        .args(["-c", "trap '' XFSZ; ulimit -f 1; exec \"$0\" \"$@\"", BINARY, "organization", "add", "beta"])
        .env("PULLGATE_SERVICE_DATA_DIR", service.data_dir());
    let output = run(command, "");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("disk"), "{said}");
    assert_eq!(service.ok(&["organization", "list"]), "acme\n");
    service.ok(&["organization", "add", "beta"]);
}
