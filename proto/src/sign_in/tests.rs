//! Which file counts.

use std::fs;

use super::*;
use crate::trusted_file::set_mode;

fn key() -> String {
    crate::keys::SigningKey::from_seed(&[4; 32]).verifying_key().to_base64()
}

/// Both files as given, `-` for none; what is demanded, and which file is in force (`e`, `r` or `-`).
fn check(enrollment: &str, registry_json: &str, expected: &str, in_force: &str) {
    let place = tempfile::tempdir().expect("a directory");
    let write = |name: &str, text: &str| {
        let path = place.path().join(name);
        if text != "-" {
            fs::write(&path, text).expect("a file");
            set_mode(&path, if text.contains("open to all") { 0o666 } else { 0o644 });
        }
        path
    };
    let enrolled = |rest: &str| format!(r#"{{"service":"https://x","trustKeys":["{}"]{rest}}}"#, key());
    let enrollment = match enrollment {
        "enrolled" => enrolled(""),
        "enrolled to acme" => enrolled(r#","allowedOrgs":["Acme"]"#),
        "enrolled to nobody" => enrolled(r#","allowedOrgs":[]"#),
        other => other.to_owned(),
    };
    let paths = Paths {
        enrollment: write("enrollment.json", &enrollment),
        registry_json: write("registry.json", registry_json),
    };
    let files = SignInFiles::read(&paths);
    let demand = match files.demand() {
        Demand::Optional => "optional".to_owned(),
        Demand::Required(organizations) => organizations.join(","),
        Demand::Nobody(why) => format!("nobody: {why}"),
    };
    assert!(demand.starts_with(expected), "{enrollment} and {registry_json}: {demand}");
    if let Some(part) = expected.strip_prefix("nobody: ") {
        assert!(demand.contains(part), "{demand}");
    }
    let report = files.report();
    let counts: String =
        report.iter().zip(["e", "r"]).filter(|(file, _)| file.in_force).map(|(_, letter)| letter).collect();
    assert_eq!(if counts.is_empty() { "-" } else { &counts }, in_force, "{enrollment} and {registry_json}");
    assert!(report.iter().all(|file| file.present || (file.error.is_empty() && file.organizations.is_empty())));
}

const DOCKERS: &str = r#"{"allowedOrgs":["DockerOrg","labs"]}"#;

#[test]
fn the_enrollment_decides_where_it_says_anything_of_it() {
    check("enrolled to acme", "-", "acme", "e");
    check("enrolled to acme", DOCKERS, "acme", "e");
    check("enrolled to acme", "damaged", "acme", "e");
    check("enrolled to nobody", DOCKERS, "optional", "e");
    check("enrolled", "-", "optional", "-");
    check("-", "-", "optional", "-");
}

#[test]
fn dockers_own_file_decides_where_the_enrollment_leaves_it_open() {
    check("enrolled", DOCKERS, "dockerorg,labs", "r");
    check("enrolled", r#"{"allowedOrgs":[]}"#, "optional", "r");
    check("enrolled", "{}", "optional", "r");
}

#[test]
fn what_cannot_be_used_lets_nobody_in() {
    check("damaged", "-", "nobody", "e");
    check("damaged", DOCKERS, "nobody", "e");
    check("enrolled", "damaged", "nobody", "r");
    check("enrolled", "\u{feff}{}", "nobody", "r");
    check("-", "damaged", "nobody", "r");
    check("-", DOCKERS, "nobody", "r");
}

/// Modes, that is.
#[test]
#[cfg(unix)]
fn what_others_can_write_lets_nobody_in() {
    check(r#"{"open to all":1}"#, DOCKERS, "nobody", "e");
    check("enrolled", r#"{"open to all":1}"#, "nobody", "r");
}

#[test]
fn a_machine_without_a_service_says_so() {
    let place = tempfile::tempdir().expect("a directory");
    let paths =
        Paths { enrollment: place.path().join("enrollment.json"), registry_json: place.path().join("registry.json") };
    fs::write(&paths.registry_json, DOCKERS).expect("a file");
    set_mode(&paths.registry_json, 0o644);
    let Demand::Nobody(why) = SignInFiles::read(&paths).demand() else { panic!("somebody is good enough") };
    assert!(why.contains("dockerorg, labs") && why.contains("not enrolled"), "{why}");
}

#[test]
fn a_file_is_gone_when_it_is_still_away_at_the_next_look() {
    let place = tempfile::tempdir().expect("a directory");
    let paths =
        Paths { enrollment: place.path().join("enrollment.json"), registry_json: place.path().join("registry.json") };
    let enroll = |member: &str| {
        let text = format!(r#"{{"service":"https://x","trustKeys":["{}"],"adminName":"IT"{member}}}"#, key());
        fs::write(&paths.enrollment, text).expect("a file");
        set_mode(&paths.enrollment, 0o644);
    };
    enroll("");
    let mut files = Watched::new(paths.clone());
    assert_eq!(files.look(), None);
    fs::remove_file(&paths.enrollment).expect("taken away");
    assert_eq!(files.look(), None, "a tool may write it anew");
    enroll("");
    assert_eq!(files.look(), None, "and did, as it was");
    fs::remove_file(&paths.enrollment).expect("taken away");
    assert_eq!(files.look(), None);
    assert_eq!(files.look(), Some(Changed { enrollment: true }));
    assert_eq!(files.files().enforced().login_host, "");
    enroll(r#","allowedOrgs":["acme"]"#);
    assert_eq!(files.look(), Some(Changed { enrollment: true }), "what appears counts at once");
    let enforced = files.files().enforced();
    assert_eq!((enforced.login_host.as_str(), enforced.admin.message.as_str()), ("x", "IT"));
    assert_eq!(enforced.sign_in, SignIn::Required(vec!["acme".into()]));
    fs::write(&paths.registry_json, DOCKERS).expect("a file");
    assert_eq!(files.look(), Some(Changed { enrollment: false }), "it is told, although it does not count");
}
