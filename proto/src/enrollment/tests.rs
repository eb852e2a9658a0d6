//! The administrator's file: what is read, and what is refused.

use std::fs;

use super::*;
use crate::trusted_file::set_mode;

const GOOD: &str = r#"{"service":"https://pullgate.acme.example:8443/","trustKeys":["KEY"],"allowedOrgs":["Acme"," labs "],"adminName":"IT","adminEmail":"it@acme.example","adminURL":"https://it.acme.example"}"#;

fn key() -> String {
    crate::keys::SigningKey::from_seed(&[4; 32]).verifying_key().to_base64()
}

fn written(text: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("enrollment.json");
    fs::write(&path, text.replace("KEY", &key())).expect("a file");
    set_mode(&path, 0o644);
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
fn a_switch_is_thrown_in_so_many_words_or_not_at_all() {
    for (key, misspelled, read_switch) in [
        (
            "dockerHubCredentials",
            "dockerhubCredentials",
            (|enrollment| enrollment.docker_hub_credentials) as fn(&Enrollment) -> bool,
        ),
        ("registryDoor", "registrydoor", |enrollment| enrollment.registry_door),
    ] {
        let with = |member: &str| {
            let (_directory, path) = written(&GOOD.replacen('{', &format!("{{{member}"), 1));
            read(&path).map(|enrollment| read_switch(&enrollment))
        };
        assert!(!with("").expect("a good file"));
        assert!(!with(&format!(r#""{key}":false,"#)).expect("a good file"));
        assert!(with(&format!(r#""{key}":true,"#)).expect("a good file"));
        for wrong in [format!(r#""{key}":"true","#), format!(r#""{key}":1,"#), format!(r#""{misspelled}":true,"#)] {
            with(&wrong).expect_err(&wrong);
        }
    }
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
        (r#"{"service":"https://","trustKeys":["KEY"]}"#, "no host"),
        (r#"{"service":"https://:8443","trustKeys":["KEY"]}"#, "no host"),
        (r#"{"service":"https://x:84433","trustKeys":["KEY"]}"#, "port"),
        (r#"{"service":"https://gate example","trustKeys":["KEY"]}"#, "white space"),
        (r#"{"service":"https://x\u001b[2J","trustKeys":["KEY"]}"#, "white space"),
        (r#"{"service":"https://it:s3cret@x","trustKeys":["KEY"]}"#, "a user name or a password; write"),
        (r#"{"service":"https://x","trustKeys":[]}"#, "empty"),
        (r#"{"service":"https://x","trustKeys":["c2hvcnQ="]}"#, "trustKeys"),
        (r#"{"service":"https://x","trustKeys":["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="]}"#, "trustKeys"),
        (r#"{"service":"https://x","trustKeys":["KEY"],"allowedOrgs":["acme",""]}"#, "empty name"),
        (r#"{"service":"https://x","trustKeys":["KEY"],"allowedorgs":["acme"]}"#, "allowedorgs"),
        (r#"{"service":"https://x","trustKeys":["KEY"],"allowedOrgs":["acme;labs"]}"#, "one name an entry"),
        (r#"{"service":"https://x","trustKeys":["KEY"],"allowedOrgs":["a"],"allowedOrgs":[]}"#, "duplicate"),
        (r#"{"service":"https://x","trustKeys":["KEY"],"adminName":"a\nb"}"#, "control characters"),
        ("\u{feff}{}", "byte order mark"),
    ] {
        let (_directory, path) = written(text);
        let error = read(&path).expect_err(text);
        assert!(!error.is_missing() && error.to_string().contains(part), "{text}: {error}");
    }
    let (_directory, path) = written(&format!("{{\"service\":\"{}\"}}", "x".repeat(70_000)));
    assert!(matches!(read(&path), Err(EnrollmentError::File(FileError::TooLarge(_)))));
}

#[test]
#[cfg(unix)]
fn a_file_that_others_can_change_is_not_trusted() {
    let (_directory, path) = written(GOOD);
    set_mode(&path, 0o664);
    let error = read(&path).expect_err("others can write it");
    assert!(matches!(error, EnrollmentError::File(FileError::Untrusted { .. })));
    let text = error.to_string();
    assert!(text.starts_with("the enrollment file `/") && text.contains("can be written by others"), "{text}");
}

#[test]
fn a_list_that_is_not_there_is_not_an_empty_one() {
    let good = |rest: &str| {
        let (_directory, path) = written(&format!(r#"{{"service":"https://x","trustKeys":["KEY"]{rest}}}"#));
        let enrollment = read(&path).expect(rest);
        (enrollment.decides_sign_in, enrollment.allowed_orgs.len())
    };
    assert_eq!(good(""), (false, 0));
    assert_eq!(good(r#","allowedOrgs":null"#), (false, 0));
    assert_eq!(good(r#","allowedOrgs":[]"#), (true, 0));
    assert_eq!(good(r#","allowedOrgs":["a","b"]"#), (true, 2));
}
