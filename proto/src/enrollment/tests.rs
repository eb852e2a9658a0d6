//! The administrator's file: what is read, and what is refused.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

const GOOD: &str = r#"{"service":"https://pullgate.acme.example:8443/","trustKeys":["KEY"],"allowedOrgs":["Acme"," labs "],"adminName":"IT","adminEmail":"it@acme.example","adminURL":"https://it.acme.example"}"#;

fn key() -> String {
    crate::keys::SigningKey::from_seed(&[4; 32]).verifying_key().to_base64()
}

fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("enrollment.json");
    fs::write(&path, text.replace("KEY", &key())).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("a mode");
    (directory, path)
}

#[test]
fn a_good_file_is_read_and_its_names_are_folded() {
    let (_directory, path) = written(GOOD);
    let enrollment = read(&path).expect("a good file");
    assert_eq!(enrollment.service, "https://pullgate.acme.example:8443");
    assert_eq!(enrollment.login_host(), "pullgate.acme.example:8443");
    assert_eq!(enrollment.allowed_orgs, ["acme", "labs"]);
    assert_eq!(enrollment.admin.url, "https://it.acme.example");
}

#[test]
fn no_file_is_told_from_a_bad_one() {
    let missing = read(Path::new("/nonexistent/enrollment.json")).expect_err("no file");
    assert!(missing.is_missing(), "{missing}");
    for (text, part) in [
        ("", "not valid"),
        ("[]", "not valid"),
        (r#"{"service":"https://x"}"#, "trustKeys"),
        (r#"{"service":"ftp://x","trustKeys":["KEY"]}"#, "not a URL"),
        (r#"{"service":"https://x","trustKeys":[]}"#, "empty"),
        (r#"{"service":"https://x","trustKeys":["c2hvcnQ="]}"#, "trustKeys"),
        (r#"{"service":"https://x","trustKeys":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]}"#, "trustKeys"),
        (r#"{"service":"https://x","trustKeys":["KEY"],"allowedOrgs":["acme",""]}"#, "empty name"),
        (r#"{"service":"https://x","trustKeys":["KEY"],"allowedorgs":["acme"]}"#, "allowedorgs"),
    ] {
        let (_directory, path) = written(text);
        let error = read(&path).expect_err(text);
        assert!(!error.is_missing() && error.to_string().contains(part), "{text}: {error}");
    }
    let (_directory, path) = written(&format!("{{\"service\":\"{}\"}}", "x".repeat(70_000)));
    assert!(matches!(read(&path), Err(EnrollmentError::TooLarge(_))));
}

#[test]
fn a_file_that_others_can_change_is_not_trusted() {
    let (directory, path) = written(GOOD);
    for mode in [0o664, 0o646, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
        assert!(matches!(read(&path), Err(EnrollmentError::Untrusted { .. })), "{mode:o}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a mode");
    read(&path).expect("trusted again");
    let link = directory.path().join("link.json");
    symlink(&path, &link).expect("a link");
    assert!(matches!(read(&link), Err(EnrollmentError::Untrusted { .. })));
    assert!(matches!(read(directory.path()), Err(EnrollmentError::Untrusted { .. })));
}
