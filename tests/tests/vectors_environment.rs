//! `environment.tsv`: credentials files in the places and states in which they really are, through
//! `pullgate credentials`. Cases that need a watcher, another user's files or Windows are elsewhere.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::own_program;

const HUB: &str = "https://index.docker.io/v1/";

/// A home directory, and what the command is told beside it.
struct Place {
    home: TempDir,
    variables: Vec<(&'static str, String)>,
    /// Behind what the home has in `bin`.
    path: String,
}

impl Place {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir_all(home.path().join(".docker")).unwrap();
        fs::create_dir(home.path().join("bin")).unwrap();
        for tool in ["sh", "cat"] {
            let found = ["/bin", "/usr/bin"].iter().map(|dir| Path::new(dir).join(tool)).find(|path| path.exists());
            symlink(found.unwrap(), home.path().join("bin").join(tool)).unwrap();
        }
        Self { home, variables: Vec::new(), path: String::new() }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn write(self, name: &str, text: &str) -> Self {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        fs::write(self.at(name), text).unwrap();
        self
    }

    fn link(self, name: &str, target: &str) -> Self {
        fs::create_dir_all(self.at(name).parent().unwrap()).unwrap();
        symlink(target, self.at(name)).unwrap();
        self
    }

    fn set(mut self, name: &'static str, value: String) -> Self {
        self.variables.push((name, value));
        self
    }

    /// A store that answers `user`.
    fn store(self, name: &str, user: &str) -> Self {
        use std::os::unix::fs::PermissionsExt as _;
        let answer = json!({"ServerURL": HUB, "Username": user, "Secret": "s3cret"});
        let place = self.write(name, &format!("#!/bin/sh\ncat >/dev/null\necho '{answer}'\n"));
        fs::set_permissions(place.at(name), fs::Permissions::from_mode(0o755)).unwrap();
        place
    }

    fn answer(&self) -> Value {
        let path = format!("{}{}", self.path, self.at("bin").display());
        let output = Command::new(own_program("pullgate"))
            .args(["credentials", "--json", "--enrollment"])
            .arg(self.at("no-enrollment.json"))
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", path)
            .envs(self.variables.iter().map(|(name, value)| (*name, value)))
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    #[track_caller]
    fn is(&self, case: &str, user: &str) {
        let answer = self.answer();
        assert_eq!(answer["user"], user, "{case}: {answer}");
    }

    #[track_caller]
    fn is_nobody(&self, case: &str) {
        assert_eq!(self.answer(), json!({}), "{case}");
    }

    #[track_caller]
    fn fails(&self, case: &str, class: &str) {
        let answer = self.answer();
        assert_eq!(answer["error"], class, "{case}: {answer}");
        assert!(answer["detail"].as_str().is_some_and(|detail| !detail.contains("s3cret")), "{case}: {answer}");
    }
}

/// A file with this user's entry for Docker Hub.
fn file(user: &str) -> String {
    json!({"auths": {HUB: {"auth": STANDARD.encode(format!("{user}:s3cret"))}}}).to_string()
}

#[test]
fn without_entries_the_store_is_found_that_the_docker_command_would_find() {
    Place::new().is_nobody("E01");
    Place::new().store("bin/docker-credential-secretservice", "carol").is("E02", "carol");
    let empty = Place::new().write(".docker/config.json", r#"{"auths":{}}"#);
    empty.store("bin/docker-credential-secretservice", "carol").is("E03", "carol");
}

#[test]
fn what_is_no_regular_file_never_blocks() {
    let fifo = Place::new();
    let path = fifo.at(".docker/config.json");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600), 0)
        .unwrap();
    let start = Instant::now();
    fifo.fails("E06", "unreadable");
    assert!(start.elapsed() < Duration::from_secs(1), "E06: {:?}", start.elapsed());
    Place::new().link(".docker/config.json", "/dev/null").is_nobody("E07");
}

#[test]
fn links_are_followed_to_their_end() {
    Place::new().link(".docker/config.json", "nope.json").is_nobody("E08");
    Place::new().link(".docker/config.json", "config.json").fails("E09", "unreadable");
    let deep = Place::new().write("run/secrets.d/28/x", &file("alice")).link("run/secrets", "secrets.d/28");
    let deep = deep.link("store/x", "../run/secrets/x").link(".docker/config.json", "../store/x");
    deep.is("E11", "alice");
}

#[test]
fn the_variables_of_the_docker_command_count() {
    let both = || Place::new().write(".docker/config.json", &file("alice")).write("other/config.json", &file("bob"));
    let place = both();
    let other = place.at("other").display().to_string();
    place.set("DOCKER_CONFIG", other).is("E14", "bob");
    let place = both();
    let names_the_file = place.at("other/config.json").display().to_string();
    place.set("DOCKER_CONFIG", names_the_file).fails("E16", "unreadable");
    both().set("DOCKER_CONFIG", String::new()).is("E17", "alice");
    // Seen by nobody but the shell that has it: the file counts.
    both().set("DOCKER_AUTH_CONFIG", file("carol")).is("E20", "alice");
}

#[test]
fn files_of_others_are_not_dockers() {
    Place::new().write(".dockercfg", &json!({HUB: {"auth": "YWxpY2U6czNjcmV0"}}).to_string()).is_nobody("E22");
    let podman = Place::new().write("run/containers/auth.json", &file("alice"));
    let runtime = podman.at("run").display().to_string();
    podman.set("XDG_RUNTIME_DIR", runtime).is_nobody("E25");
}

#[test]
fn a_helper_in_the_working_directory_is_not_run() {
    let mut place =
        Place::new().write(".docker/config.json", r#"{"credsStore":"fx"}"#).store("docker-credential-fx", "mallory");
    place.path = ".:".to_owned();
    place.fails("E29", "helper-missing");
}
