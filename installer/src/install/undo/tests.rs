use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixListener,
    path::PathBuf,
};

use serde_json::json;

use super::*;
use crate::{install::journal::UnitWas, status::probe::REFUSAL};

const THEIRS: &[u8] = b"{ \"debug\" : true }";
const OURS: &[u8] = b"{ \"debug\" : true, \"authorization-plugins\": [\"pullgate\"] }";

/// A made-up machine: a directory, a `systemctl` that writes down what it is told, and an engine that asks nobody.
struct Machine {
    root: tempfile::TempDir,
    systemd: Systemd,
    journal: Journal,
}

impl Machine {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        for dir in ["etc/docker", "etc/systemd/system", "run"] {
            fs::create_dir_all(root.path().join(dir)).unwrap();
        }
        let script = format!(
            "#!/bin/sh\ncase $1 in\nshow) printf 'LoadState=loaded\\nActiveState=active\\nUnitFileState=enabled\\n' ;;\n\
             *) echo \"$*\" >>{}/calls ;;\nesac\n",
            root.path().display()
        );
        let dir = root.path().to_owned();
        let listener = UnixListener::bind(root.path().join("run/docker.sock")).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let mut asked = [0; 4096];
                let length = stream.read(&mut asked).unwrap_or_default();
                let asked = String::from_utf8_lossy(&asked[..length]).into_owned();
                let told = fs::read_to_string(dir.join("calls")).unwrap_or_default().contains("docker.service");
                // With `asks` it asks the plugin, until it is told of its settings.
                let (status, said) = match (dir.join("asks").exists() && !told, asked.split_once("&tag=")) {
                    (true, Some((_, rest))) => {
                        let nonce = rest.split(['&', ' ']).next().unwrap_or_default();
                        ("403 Forbidden", json!({ "message": format!("{REFUSAL} {nonce}") }).to_string())
                    }
                    _ => ("400 Bad Request", "{}".to_owned()),
                };
                let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n", said.len());
                let _ = stream.write_all(format!("{head}{said}").as_bytes());
            }
        });
        let journal = Journal::lock(root.path()).unwrap();
        Self { systemd: Systemd::of_script(root.path(), &script), journal, root }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    fn read(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.path(name)).ok()
    }

    fn undo(&self, changes: &[Change]) -> Vec<String> {
        let left = undo(self.root.path(), &self.systemd, &self.journal, changes);
        left.iter().map(|error| proto::chain(error)).collect()
    }

    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.path("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    /// What an install has announced when it is at its end.
    fn changes(&self) -> [Change; 3] {
        self.journal.back_up(THEIRS).unwrap();
        let unit = UnitWas { name: "pullgate-plugin.service".to_owned(), enabled: false, active: false };
        let engine = EngineName {
            unit: "docker.service".to_owned(),
            socket: "/run/docker.sock".into(),
            config_file: "/etc/docker/daemon.json".into(),
        };
        let file = saved("/etc/docker/daemon.json", Some(THEIRS), OURS);
        [
            Change::Files { files: vec![saved("/etc/systemd/system/pullgate-plugin.service", None, b"unit")] },
            Change::Units { units: vec![unit] },
            Change::Engine { engine, files: vec![file], then: Then::Reload, door: false },
        ]
    }

    /// As it is at that end.
    fn installed(&self) {
        fs::write(self.path("etc/systemd/system/pullgate-plugin.service"), "unit").unwrap();
        fs::write(self.path("etc/docker/daemon.json"), OURS).unwrap();
    }

    fn is_as_before(&self) {
        assert_eq!(self.read("etc/docker/daemon.json").as_deref(), Some(THEIRS));
        assert_eq!(self.read("etc/systemd/system/pullgate-plugin.service"), None);
    }
}

fn saved(path: &str, before: Option<&[u8]>, after: &[u8]) -> Saved {
    Saved { path: path.into(), before: before.map(files::sha256), mode: 0o644, after: Some(files::sha256(after)) }
}

#[test]
fn the_engine_is_told_before_the_plugin_stops_and_doing_it_twice_is_doing_it_once() {
    let machine = Machine::new();
    let changes = machine.changes();
    machine.installed();
    assert_eq!(machine.undo(&changes), Vec::<String>::new());
    machine.is_as_before();
    let calls = machine.calls();
    let at = |part: &str| {
        calls.iter().position(|call| call.contains(part)).unwrap_or_else(|| panic!("no {part}: {calls:?}"))
    };
    assert!(at("--signal=HUP docker.service") < at("stop pullgate-plugin.service"), "{calls:?}");
    assert_eq!(machine.undo(&changes), Vec::<String>::new());
    machine.is_as_before();
}

#[test]
fn whatever_was_announced_and_however_much_of_it_was_done_is_taken_back() {
    for announced in 0..=3 {
        for done in 0..=announced {
            let machine = Machine::new();
            let changes = machine.changes();
            machine.installed();
            if done < 3 {
                fs::write(machine.path("etc/docker/daemon.json"), THEIRS).unwrap();
            }
            if done < 1 {
                fs::remove_file(machine.path("etc/systemd/system/pullgate-plugin.service")).unwrap();
            }
            let left = machine.undo(changes.get(..announced).unwrap());
            assert_eq!(left, Vec::<String>::new(), "{announced} announced, {done} done");
            machine.is_as_before();
        }
    }
}

/// A disk that is full: the step was announced, and every file is as it was.
#[test]
fn an_engine_of_which_nothing_was_changed_is_not_restarted() {
    let with = |then| {
        let machine = Machine::new();
        let [files, units, engine] = machine.changes();
        let Change::Engine { engine, files: saved, .. } = engine else { panic!("{engine:?}") };
        machine.installed();
        fs::write(machine.path("etc/docker/daemon.json"), THEIRS).unwrap();
        (machine, [files, units, Change::Engine { engine, files: saved, then, door: false }])
    };
    for then in [Then::Restart, Then::Reload] {
        let (machine, changes) = with(then);
        let told = interrupts(&changes);
        assert!(told.len() == 1 && told[0].contains("starts `docker.service`") == (then == Then::Restart), "{told:?}");
        assert_eq!(machine.undo(&changes), Vec::<String>::new());
        machine.is_as_before();
        assert!(!machine.calls().iter().any(|call| call.contains("docker.service")), "{:?}", machine.calls());
        // An undo that was killed has put the files back, and the engine does not know it yet.
        let (machine, changes) = with(then);
        fs::write(machine.path("asks"), "").unwrap();
        assert_eq!(machine.undo(&changes), Vec::<String>::new());
        assert!(machine.calls().iter().any(|call| call.contains("docker.service")), "{:?}", machine.calls());
    }
}

/// One that asked before, of an earlier install, asks afterwards.
#[test]
fn an_engine_that_asked_the_plugin_before_goes_on_asking() {
    let machine = Machine::new();
    let [_, _, engine] = machine.changes();
    let Change::Engine { engine, .. } = engine else { panic!("{engine:?}") };
    fs::write(machine.path("asks"), "").unwrap();
    fs::write(machine.path("etc/docker/daemon.json"), OURS).unwrap();
    let more = b"{ \"authorization-plugins\": [\"pullgate\"], \"proxies\": {} }";
    let file = saved("/etc/docker/daemon.json", Some(OURS), more);
    let changes = [Change::Engine { engine, files: vec![file], then: Then::Restart, door: false }];
    assert_eq!(machine.undo(&changes), Vec::<String>::new());
    assert_eq!(machine.read("etc/docker/daemon.json").as_deref(), Some(OURS));
}

#[test]
fn without_its_second_name_a_file_comes_from_the_backup_and_without_both_only_what_is_ours_goes() {
    let machine = Machine::new();
    let changes = machine.changes();
    machine.installed();
    files::let_go(&machine.path("etc/docker/daemon.json"));
    assert_eq!(machine.undo(&changes), Vec::<String>::new());
    machine.is_as_before();

    machine.installed();
    fs::remove_dir_all(machine.journal.dir().join("backup")).unwrap();
    assert_eq!(machine.undo(&changes), Vec::<String>::new());
    let left = machine.read("etc/docker/daemon.json").unwrap();
    assert!(!String::from_utf8(left).unwrap().contains("pullgate"));
}

#[test]
fn what_somebody_wrote_meanwhile_stays_but_for_what_is_ours() {
    let machine = Machine::new();
    let changes = machine.changes();
    machine.installed();
    let edited = b"{ \"debug\" : false, \"authorization-plugins\": [\"other\", \"pullgate\"] }";
    fs::write(machine.path("etc/docker/daemon.json"), edited).unwrap();
    assert_eq!(machine.undo(&changes), Vec::<String>::new());
    let left = machine.read("etc/docker/daemon.json").unwrap();
    assert_eq!(String::from_utf8(left).unwrap(), "{ \"debug\" : false, \"authorization-plugins\": [\"other\"] }");
}

#[test]
fn a_journal_names_no_directory_and_no_user_that_is_not_pullgates() {
    let machine = Machine::new();
    fs::create_dir_all(machine.path("home/somebody")).unwrap();
    fs::write(machine.path("etc/passwd"), "somebody:x:1000:1000::/home/somebody:/bin/sh\n").unwrap();
    let changes =
        [Change::Directory { path: "/home/somebody".into() }, Change::Users { names: vec!["somebody".to_owned()] }];
    assert_eq!(machine.undo(&changes).len(), 1);
    assert!(machine.path("home/somebody").exists());
}
