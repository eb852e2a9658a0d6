use std::{fs, os::unix::fs::MetadataExt as _};

use super::*;

const PATH: &str = "/etc/pullgate/proxy.json";

struct Place {
    root: tempfile::TempDir,
    journal: Journal,
    path: PathBuf,
}

impl Place {
    fn new(now: &str) -> Self {
        let root = tempfile::tempdir().unwrap();
        let path = below(root.path(), Path::new(PATH));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, now).unwrap();
        let journal = Journal::lock(root.path()).unwrap();
        Self { root, journal, path }
    }

    fn give_back(&self, before: Option<&str>) -> Result<(), String> {
        let before = before.map(|bytes| self.journal.back_up(bytes.as_bytes()).unwrap());
        let (user, group) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
        let was = Some((user, group, 0o600));
        let written = Written { path: PATH.into(), before, was, after: files::sha256(b"ours") };
        give_back(self.root.path(), &self.journal, &written).map_err(|error| error.to_string())
    }
}

#[test]
fn what_was_written_is_as_it_was() {
    let place = Place::new("ours");
    place.give_back(Some("theirs")).unwrap();
    assert_eq!(fs::read_to_string(&place.path).unwrap(), "theirs");
    assert_eq!(fs::metadata(&place.path).unwrap().mode() & 0o777, 0o600);
    place.give_back(Some("theirs")).unwrap();

    let place = Place::new("ours");
    place.give_back(None).unwrap();
    assert!(!place.path.exists());
    place.give_back(None).unwrap();
}

#[test]
fn what_somebody_wrote_since_stays() {
    let place = Place::new("edited");
    let said = place.give_back(None).unwrap_err();
    assert!(said.contains("somebody else"), "{said}");
    assert_eq!(fs::read_to_string(&place.path).unwrap(), "edited");
}

#[test]
fn settings_of_an_engine_that_is_gone_are_found_and_given_back() {
    let root = tempfile::tempdir().unwrap();
    let path = below(root.path(), Path::new("/etc/docker/daemon.json"));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, r#"{"debug": true, "authorization-plugins": ["pullgate"]}"#).unwrap();
    let original = Original {
        path: "/etc/docker/daemon.json".into(),
        before: None,
        after: String::new(),
        door: false,
        flags: Vec::new(),
    };
    let installed = Installed { originals: vec![original.clone()], ..Installed::default() };
    assert_eq!(of_no_engine(root.path(), &installed, std::slice::from_ref(&original.path)).count(), 0);
    let gone: Vec<_> = of_no_engine(root.path(), &installed, &[]).cloned().collect();
    assert_eq!(gone, [original]);
    let journal = Journal::lock(root.path()).unwrap();
    restore(root.path(), &journal, &gone[0]).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), r#"{"debug": true}"#);
    assert_eq!(of_no_engine(root.path(), &installed, &[]).count(), 0);
}
