//! What counts as written by the administrator alone.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a directory"));
        fs::create_dir(place.at("etc")).expect("a directory");
        fs::write(place.at("etc/file"), "text").expect("a file");
        place.mode("etc/file", 0o644);
        place.mode("etc", 0o755);
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.at(name), fs::Permissions::from_mode(mode)).expect("a mode");
    }

    fn why(&self, name: &str) -> String {
        match read(&self.at(name)) {
            Err(FileError::Untrusted { why, .. }) => why,
            other => panic!("{name} is not refused: {other:?}"),
        }
    }
}

#[test]
fn only_a_regular_file_that_nobody_else_can_write_is_read() {
    let place = Place::new();
    assert_eq!(read(&place.at("etc/file")).expect("trusted"), b"text");
    for mode in [0o664, 0o646, 0o666, 0o622] {
        place.mode("etc/file", mode);
        assert_eq!(place.why("etc/file"), "it can be written by others", "{mode:o}");
    }
    place.mode("etc/file", 0o600);
    symlink("file", place.at("etc/link")).expect("a link");
    assert_eq!(place.why("etc/link"), "it is a symbolic link");
    assert_eq!(place.why("etc"), "it is no regular file");
    let made = std::process::Command::new("mkfifo").args(["-m", "600"]).arg(place.at("etc/fifo")).status();
    assert!(made.expect("mkfifo").success());
    assert_eq!(place.why("etc/fifo"), "it is no regular file");
}

#[test]
fn a_directory_that_others_can_write_is_no_place_for_it_even_when_it_is_gone() {
    let place = Place::new();
    for mode in [0o775, 0o757, 0o777] {
        place.mode("etc", mode);
        for name in ["etc/file", "etc/removed", "etc/no/such/directory"] {
            let why = place.why(name);
            assert!(why.contains("etc` on its way can be written by others"), "{mode:o} {name}: {why}");
        }
    }
    place.mode("etc", 0o1777);
    read(&place.at("etc/file")).expect("in a sticky directory what is root's stays root's");
    place.mode("etc", 0o755);
    assert!(read(&place.at("etc/removed")).expect_err("gone").is_missing());
    assert!(read(&place.at("etc/no/such/directory")).expect_err("gone").is_missing());
}

#[test]
fn links_on_the_way_are_followed_through_every_directory() {
    let place = Place::new();
    fs::create_dir(place.at("open")).expect("a directory");
    symlink("../etc", place.at("open/hop")).expect("a link");
    symlink("open/hop", place.at("way")).expect("a link");
    read(&place.at("way/file")).expect("all of the way is trusted");
    place.mode("open", 0o777);
    assert!(place.why("way/file").contains("open` on its way can be written by others"));
    symlink("loop", place.at("loop")).expect("a link");
    assert!(place.why("loop/file").contains("loop of symbolic links"));
}

#[test]
fn what_belongs_to_another_user_is_refused() {
    // Only root can make such a file; elsewhere there is always one that is another's.
    if !rustix::process::geteuid().is_root() {
        let shadow = read(Path::new("/etc/shadow"));
        assert!(matches!(shadow, Err(FileError::Read { .. })), "root's file that is closed: {shadow:?}");
        return;
    }
    let place = Place::new();
    std::os::unix::fs::chown(place.at("etc/file"), Some(12345), None).expect("another owner");
    assert_eq!(place.why("etc/file"), "it belongs to another user");
    std::os::unix::fs::chown(place.at("etc/file"), Some(0), None).expect("root again");
    std::os::unix::fs::chown(place.at("etc"), Some(12345), None).expect("another owner");
    assert!(place.why("etc/file").ends_with("etc` on its way belongs to another user"));
}
