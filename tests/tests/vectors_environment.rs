//! `environment.tsv`: credentials files in the places and states in which they really are, through
//! `pullgate credentials`. Rows that need an agent that runs, and those of `watch.tsv`, are in the agent's own tests
//! (`daemon/tests/agent`). A row that no test names is a failure here.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{PermissionsExt as _, chown, symlink},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::{own_program, repository};

const HUB: &str = "https://index.docker.io/v1/";

/// A home directory, and what the command is told beside it.
struct Place {
    home: TempDir,
    variables: Vec<(&'static str, String)>,
    /// What the command is started with, for example without what only root may.
    wrapper: &'static [&'static str],
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
        Self { home, variables: Vec::new(), wrapper: &[], path: String::new() }
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
        let answer = json!({"ServerURL": HUB, "Username": user, "Secret": "s3cret"});
        self.program(name, &format!("#!/bin/sh\ncat >/dev/null\necho '{answer}'\n"))
    }

    fn program(self, name: &str, text: &str) -> Self {
        let place = self.write(name, text);
        fs::set_permissions(place.at(name), fs::Permissions::from_mode(0o755)).unwrap();
        place
    }

    fn answer(&self) -> Value {
        let output = self.run(&["--json"]);
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    /// What a person reads.
    fn says(&self) -> String {
        String::from_utf8(self.run(&[]).stdout).unwrap()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let path = format!("{}{}", self.path, self.at("bin").display());
        let program = own_program("pullgate");
        let mut words = self.wrapper.iter().map(Path::new).chain([program.as_path()]);
        Command::new(words.next().unwrap())
            .args(words)
            .args(["credentials", "--enrollment"])
            .arg(self.at("no-enrollment.json"))
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("PATH", path)
            .envs(self.variables.iter().map(|(name, value)| (*name, value)))
            .current_dir(self.home.path())
            .stdin(Stdio::null())
            .output()
            .unwrap()
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
    let shell = both().set("DOCKER_AUTH_CONFIG", file("carol"));
    shell.is("E20", "alice");
    let text = shell.says();
    assert!(text.contains("signed in as alice") && text.contains("`DOCKER_AUTH_CONFIG`"), "E20: {text}");
    assert!(!both().says().contains("DOCKER_AUTH_CONFIG"));
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

#[test]
fn a_directory_that_belongs_to_another_is_an_error_and_no_sign_out() {
    let mut place = Place::new();
    if rustix::process::geteuid().is_root() {
        // Root without what only root may: a user as any other, whose number happens to be 0.
        place = place.write(".docker/config.json", &file("alice"));
        place.wrapper = &["/usr/bin/setpriv", "--inh-caps=-all", "--bounding-set=-all", "--"];
        let directory = place.at(".docker");
        chown(&directory, Some(65_534), None).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
    } else {
        // A directory of root's with mode 0500 that every Linux has.
        fs::remove_dir(place.at(".docker")).unwrap();
        place = place.link(".docker", "/proc/1/fd");
    }
    place.fails("E13", "unreadable");
    assert!(place.answer()["detail"].as_str().unwrap().contains("Permission denied"));
}

#[test]
fn under_sudo_it_is_the_file_of_the_home_directory_that_sudo_set() {
    let place = Place::new().write("root/.docker/config.json", &file("bob"));
    let place = place.write(".docker/config.json", &file("alice"));
    let home = place.at("root").display().to_string();
    let caller = [("SUDO_USER", "alice"), ("SUDO_UID", "1000"), ("SUDO_HOME", "/home/alice"), ("LOGNAME", "root")];
    let place = caller.into_iter().fold(place.set("HOME", home), |place, (name, value)| place.set(name, value.into()));
    place.is("E23", "bob");
}

#[test]
fn the_file_of_the_docker_snap_counts_where_there_is_no_other() {
    let snap =
        || Place::new().write("snap/docker/7/.docker/config.json", &file("alice")).link("snap/docker/current", "7");
    snap().is("E24", "alice");
    let both = snap().write(".docker/config.json", &file("bob"));
    both.is("E24", "bob");
    assert!(both.says().contains("snap/docker/current/.docker/config.json` does not count"), "{}", both.says());
    // Signed out by a docker command that is no snap.
    snap().write(".docker/config.json", r#"{"auths":{}}"#).is_nobody("E24");
    let place = snap();
    let other = place.at("other").display().to_string();
    place.set("DOCKER_CONFIG", other).is_nobody("E24");
}

#[test]
fn a_windows_helper_that_may_not_run_is_a_failure_of_the_helper() {
    let place = || Place::new().write(".docker/config.json", r#"{"credsStore":"desktop.exe"}"#);
    let name = "bin/docker-credential-desktop.exe";
    // Interop off: the kernel does not know the format. Blocked: the program ends at once, with words on stdout.
    place().program(name, "MZ\u{90}\0\u{3}\0").fails("E30", "helper-failed");
    place()
        .program(name, "#!/bin/sh\necho This program is blocked by group policy.\nexit 1\n")
        .fails("E30", "helper-failed");
}

/// The first column of a table.
fn rows(table: &str) -> BTreeSet<String> {
    let text = fs::read_to_string(repository().join("tests/vectors").join(table)).unwrap();
    text.lines().skip(1).map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

/// The rows that a test names: as a text in a call here, in the name of a test there (`fn e28_`).
fn named(prefix: char) -> BTreeSet<String> {
    let agent = repository().join("daemon/tests/agent");
    let there: String =
        ["environment.rs", "watch.rs"].map(|file| fs::read_to_string(agent.join(file)).unwrap()).concat();
    let in_calls = include_str!("vectors_environment.rs").split('"').skip(1);
    let in_names = there.split("async fn ").skip(1).filter_map(|rest| rest.split('_').next());
    let words = in_calls.map(str::to_owned).chain(in_names.map(str::to_uppercase));
    let is_row = |word: &String| {
        word.strip_prefix(prefix).is_some_and(|n| n.len() == 2 && n.bytes().all(|byte| byte.is_ascii_digit()))
    };
    words.filter(is_row).collect()
}

#[test]
fn each_row_of_the_tables_has_a_test() {
    assert_eq!(rows("environment.tsv"), named('E'));
    assert_eq!(rows("watch.tsv"), named('W'));
}
