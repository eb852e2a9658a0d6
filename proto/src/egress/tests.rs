use std::os::unix::fs::{PermissionsExt as _, chown, symlink};

use super::*;
use crate::chain;

/// A directory that stands for a control group, and the file beside it.
fn machine() -> (tempfile::TempDir, PathBuf, Rules) {
    let directory = tempfile::tempdir().expect("a directory");
    let cgroup = directory.path().join("docker.service");
    fs::create_dir(&cgroup).expect("a control group");
    let (id, exceptions) = (cgroup_id(&cgroup).expect("its id"), Vec::new());
    let rules = Rules { cgroup_id: id, cgroup, containers: false, exceptions, beat: beat() };
    let file = directory.path().join("run/egress.json");
    (directory, file, rules)
}

#[track_caller]
fn faulty(file: &Path, part: &str) {
    let seen = Egress::look(file);
    let fault = seen.fault.map(|fault| chain(&fault)).unwrap_or_default();
    assert!(fault.contains(part), "{part:?} is not in {fault:?}");
}

#[test]
fn what_is_written_is_read_and_in_place() {
    let (_directory, file, rules) = machine();
    faulty(&file, "pullgate egress apply");
    rules.write(&file).expect("written");
    assert_eq!(read(&file).expect("read"), rules);
    assert_eq!(fs::metadata(&file).expect("the file").permissions().mode() & 0o777, 0o644);
    let seen = Egress::look(&file);
    assert!(seen.fault.is_none() && !seen.containers, "{seen:?}");
    assert!(!fs::read_to_string(&file).expect("the file").contains("exceptions"), "an older reader knows no such key");
    let excepted = Rules { exceptions: vec!["127.0.0.1:24224".parse().expect("one")], ..rules.clone() };
    excepted.write(&file).expect("replaced");
    assert_eq!(read(&file).expect("read"), excepted);
    assert!(!excepted.claims_the_same(&rules));
    Rules { containers: true, ..rules }.write(&file).expect("replaced");
    assert!(Egress::look(&file).containers);
    let beside: Vec<_> = fs::read_dir(file.parent().expect("a directory")).expect("entries").collect();
    assert_eq!(beside.len(), 1, "nothing is left beside the file");
}

#[test]
fn a_control_group_that_went_or_was_made_anew_is_noticed() {
    let (_directory, file, rules) = machine();
    Rules { containers: true, ..rules.clone() }.write(&file).expect("written");
    fs::remove_dir(&rules.cgroup).expect("the engine stops");
    faulty(&file, "is not there");
    fs::write(&rules.cgroup, "").expect("a file in its place");
    faulty(&file, "is not there");
    fs::remove_file(&rules.cgroup).expect("gone");
    // Another number for sure: both were there at once.
    let (old, new) = (rules.cgroup.with_extension("old"), rules.cgroup.clone());
    fs::create_dir(&old).expect("a control group");
    let rules = Rules { cgroup_id: cgroup_id(&old).expect("its id"), ..rules };
    fs::create_dir(&new).expect("the engine starts");
    Rules { containers: true, ..rules }.write(&file).expect("written");
    faulty(&file, "made anew");
    assert!(Egress::look(&file).containers, "the rules of containers are others");
}

#[test]
fn a_file_that_is_not_roots_alone_or_damaged_is_no_proof() {
    let (directory, file, rules) = machine();
    let damages: [(&str, &dyn Fn()); 7] = [
        ("is not valid", &|| fs::write(&file, "{").expect("damage")),
        ("is not valid", &|| fs::write(&file, r#"{"cgroup":"/x","cgroupId":1}"#).expect("a key is missing")),
        ("unknown field", &|| {
            let text = r#"{"cgroup":"/x","cgroupId":1,"containers":true,"more":1}"#;
            fs::write(&file, text).expect("a key too many");
        }),
        ("no absolute path", &|| {
            fs::write(&file, r#"{"cgroup":"x","cgroupId":1,"containers":true}"#).expect("a relative path");
        }),
        ("more than 64 KiB", &|| fs::write(&file, " ".repeat(70_000)).expect("a large file")),
        ("can be written by others", &|| {
            fs::set_permissions(&file, fs::Permissions::from_mode(0o646)).expect("a mode");
        }),
        ("symbolic link", &|| {
            let real = directory.path().join("real");
            fs::rename(&file, &real).expect("a rename");
            symlink(real, &file).expect("a link");
        }),
    ];
    for (part, damage) in damages {
        let _ = fs::remove_file(&file);
        rules.write(&file).expect("written");
        damage();
        faulty(&file, part);
        assert!(!Egress::look(&file).containers);
    }
    let _ = fs::remove_file(&file);
    rules.write(&file).expect("written");
    // Whoever runs the tests without being root cannot give a file away.
    if rustix::process::geteuid().is_root() {
        chown(&file, Some(12345), None).expect("another owner");
        faulty(&file, "belongs to another user");
    }
}

#[test]
fn a_claim_that_nobody_renews_is_none() {
    let (_directory, file, rules) = machine();
    let silence = u64::try_from(SILENCE.as_millis()).expect("some seconds");
    let rules = Rules { beat: 1_000, ..rules };
    for (now, kept) in [(1_000, true), (1_000 + silence, true), (1_001 + silence, false), (999, false)] {
        assert_eq!(rules.is_kept(now), kept, "{now}");
    }
    let began = beat();
    assert!(began.abs_diff(beat()) < 10_000 && rules.claims_the_same(&rules.renewed()));
    assert!(!Rules { containers: true, ..rules.clone() }.claims_the_same(&rules));
    rules.renewed().write(&file).expect("written");
    assert!(Egress::look(&file).fault.is_none());
    // Long ago, in another boot, and by somebody who does not beat at all.
    for old in [began.saturating_sub(silence + 1_000), began + 3_600_000, 0] {
        Rules { beat: old, ..rules.clone() }.write(&file).expect("written");
        faulty(&file, "nobody keeps the egress rules: for 35 s nothing was heard of `pullgate egress watch`");
    }
}
