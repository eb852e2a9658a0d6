use std::os::unix::fs::PermissionsExt as _;

use super::*;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn it_is_made_once_and_its_key_is_its_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path().join("new/state");
    assert_eq!(make(&dir, &[]).unwrap(), Made::New);
    let (key, certificate) = paths(&dir);
    assert_eq!((mode(&key), mode(&certificate)), (0o600, 0o644));
    let before = (fs::read(&key).unwrap(), fs::read(&certificate).unwrap());
    assert_eq!(make(&dir, &[]).unwrap(), Made::Kept);
    assert_eq!(before, (fs::read(&key).unwrap(), fs::read(&certificate).unwrap()));
}

#[test]
fn the_certificate_can_be_found_by_everybody() {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path(), &[]).unwrap();
    let trust = dir.path().join("trust");
    // As its unit's umask, or an earlier release, makes it.
    fs::set_permissions(&trust, fs::Permissions::from_mode(0o700)).unwrap();
    assert_eq!(make(dir.path(), &[]).unwrap(), Made::Kept);
    assert_eq!(mode(&trust), 0o755);
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path(), &[]).unwrap();
    let key = dir.path().join("ca.key");
    for mode in [0o640, 0o604, 0o660] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        assert!(matches!(Authority::load(dir.path()), Err(CaError::Exposed { .. })), "{mode:o}");
        assert!(matches!(make(dir.path(), &[]), Err(CaError::Exposed { .. })), "{mode:o}");
    }
}

#[test]
fn what_a_crash_left_is_completed_with_the_same_key() {
    let dir = tempfile::tempdir().unwrap();
    make(dir.path(), &[]).unwrap();
    let key = fs::read(dir.path().join("ca.key")).unwrap();
    fs::remove_file(dir.path().join("trust/pullgate.pem")).unwrap();
    assert!(matches!(Authority::load(dir.path()), Err(CaError::Missing(_))));
    assert_eq!(make(dir.path(), &[]).unwrap(), Made::New);
    assert_eq!(key, fs::read(dir.path().join("ca.key")).unwrap());
    assert!(Authority::load(dir.path()).is_ok());
}

#[test]
fn without_one_the_text_says_how_to_make_it() {
    let dir = tempfile::tempdir().unwrap();
    let Err(error) = Authority::load(dir.path()) else { panic!("loaded nothing") };
    assert!(error.to_string().contains("run `pullgate-proxy ca`"), "{error}");
}

#[test]
fn limits_are_domains_addresses_or_networks() {
    for good in ["docker.io", "Corp.Example", "10.0.0.0/8", "10.1.2.3", "fd00::/8", "fd00::1"] {
        assert!(subtree(good).is_some(), "{good}");
    }
    for bad in ["", "*.docker.io", ".docker.io", "docker.io:443", "10.0.0.0/33", "10.0.0.0/x", "a/b", "a b"] {
        assert!(subtree(bad).is_none(), "{bad}");
        let dir = tempfile::tempdir().unwrap();
        let made = make(dir.path(), &[bad.to_owned()]);
        assert!(matches!(made, Err(CaError::Domain(_))), "{bad}");
        assert!(!dir.path().join("ca.key").exists());
    }
}
