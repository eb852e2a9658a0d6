use std::os::unix::fs::symlink;

use super::*;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Names in it.
    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

#[test]
fn a_file_is_replaced_with_mode_and_owner_of_what_was_there() {
    let place = Place::new();
    let path = place.path("daemon.json");
    replace(&path, None, b"new", 0o640).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
    fs::set_permissions(&path, Permissions::from_mode(0o604)).unwrap();
    replace(&path, Some(b"new"), b"newer", 0o640).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o604);
    assert_eq!((fs::read(&path).unwrap(), place.names()), (b"newer".to_vec(), vec!["daemon.json".to_owned()]));
}

#[test]
fn what_somebody_else_wrote_meanwhile_is_not_overwritten() {
    let place = Place::new();
    let path = place.path("daemon.json");
    fs::write(&path, "theirs").unwrap();
    for expected in [Some(&b"as it was"[..]), None] {
        let error = replace(&path, expected, b"ours", 0o644).unwrap_err();
        assert!(matches!(error, FileError::Changed(_)), "{error}");
    }
    assert!(matches!(remove(&path, Some(b"as it was")).unwrap_err(), FileError::Changed(_)));
    assert_eq!((fs::read(&path).unwrap(), place.names().len()), (b"theirs".to_vec(), 1));
}

#[test]
fn a_symbolic_link_stays_one() {
    let place = Place::new();
    let (link, file) = (place.path("daemon.json"), place.path("managed.json"));
    fs::write(&file, "1").unwrap();
    symlink(&file, &link).unwrap();
    keep(&link);
    replace(&link, Some(b"1"), b"2", 0o644).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::read(&file).unwrap(), b"2");
    assert!(put_back(&link, &sha256(b"1")).unwrap());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!((fs::read(&file).unwrap(), place.names().len()), (b"1".to_vec(), 2));
}

#[test]
fn what_was_kept_comes_back_as_the_same_file() {
    let place = Place::new();
    let path = place.path("daemon.json");
    fs::write(&path, "theirs").unwrap();
    let inode = fs::metadata(&path).unwrap().ino();
    keep(&path);
    replace(&path, Some(b"theirs"), b"ours", 0o644).unwrap();
    assert!(!put_back(&path, &sha256(b"other")).unwrap(), "only what was there at the time");
    assert!(put_back(&path, &sha256(b"theirs")).unwrap());
    assert_eq!(fs::metadata(&path).unwrap().ino(), inode);
    assert_eq!(place.names(), ["daemon.json"]);
    assert!(!put_back(&path, &sha256(b"theirs")).unwrap(), "it is there already");
    // Killed before anything was written: one file with two names.
    keep(&path);
    assert!(put_back(&path, &sha256(b"theirs")).unwrap());
    assert_eq!(place.names(), ["daemon.json"]);
}
