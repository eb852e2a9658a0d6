//! From one kind of database to the other and back.

use std::process::Command;

use crate::support::{BINARY, Service, run};

/// A command on SQLite in this directory.
fn sqlite(dir: &std::path::Path, args: &[&str], stdin: &str) -> String {
    let mut command = Command::new(BINARY);
    command.env("PULLGATE_SERVICE_DATA_DIR", dir).args(args);
    let output = run(command, stdin);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[tokio::test]
async fn a_backup_of_one_kind_of_database_fills_the_other() {
    let service = Service::acme().await;
    service.ok(&["policy", "set", "acme", "--official", "true", "--message", "moved"]);
    let first = service.ok(&["backup", "-", "--with-keys"]);
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("data");
    sqlite(&dir, &["restore", "-"], &first);
    let shown = ["--json", "policy", "show", "acme"];
    assert_eq!(sqlite(&dir, &shown, ""), service.ok(&shown));
    // Numbers go on behind those that were restored.
    sqlite(&dir, &["organization", "add", "beta"], "");
    let second = sqlite(&dir, &["backup", "-", "--with-keys"], "");
    let back = Service::empty();
    back.ok_with(&["restore", "-"], &second);
    assert_eq!(back.ok(&shown), service.ok(&shown));
    back.ok(&["organization", "add", "gamma"]);
    assert_eq!(back.ok(&["organization", "list"]), "acme\nbeta\ngamma\n");
}
