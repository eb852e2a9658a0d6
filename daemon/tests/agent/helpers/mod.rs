//! The credential helpers of the distribution, for real, in a home directory of the test's own. What they need is
//! installed by `tests/setup`; what is missing fails by its name.

mod ends;
mod pass;
mod secret_service;

use std::{
    ffi::OsString,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

use crate::support::Machine;

/// Where the distribution has them.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

/// Somebody's home directory, and what their session sets.
struct Person {
    home: PathBuf,
    variables: Vec<(&'static str, OsString)>,
}

impl Person {
    fn of(machine: &Machine) -> Self {
        let home = machine.path("home");
        std::fs::create_dir_all(home.join(".docker")).expect("directory");
        Self { home, variables: Vec::new() }
    }

    fn config(&self, value: &Value) {
        crate::support::save(&self.home.join(".docker/config.json"), &value.to_string());
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let variables = self.variables.iter().map(|(name, value)| (*name, value));
        command.env_clear().env("PATH", PATH).env("HOME", &self.home).envs(variables);
        command
    }

    /// Runs a program with this input. It must be there.
    fn run(&self, program: &str, arguments: &[&str], input: &str) -> Output {
        let mut command = self.command(program);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let spawned = command.spawn();
        let mut child =
            spawned.unwrap_or_else(|error| panic!("`{program}`: {error}; `tests/setup` installs what is missing"));
        // One that reads nothing may have ended.
        let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
        child.wait_with_output().expect("output")
    }

    #[track_caller]
    fn must(&self, program: &str, arguments: &[&str], input: &str) -> String {
        let output = self.run(program, arguments, input);
        assert!(output.status.success(), "`{program} {arguments:?}`: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// As `docker login` does it.
    fn store(&self, helper: &str, key: &str, user: &str, secret: &str) {
        let entry = json!({ "ServerURL": key, "Username": user, "Secret": secret });
        self.must(helper, &["store"], &entry.to_string());
    }

    /// What `pullgate credentials --json` says.
    fn credentials(&self, key: &str) -> Value {
        let arguments = ["credentials", "--json", "--key", key, "--enrollment", "/nonexistent"];
        let text = self.must(env!("CARGO_BIN_EXE_pullgated"), &arguments, "");
        assert!(!text.contains(crate::support::MARK), "{text}");
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    #[track_caller]
    fn is(&self, key: &str, user: &str, helper: &str) {
        let expected = json!({ "user": user, "key": key, "source": "store", "helper": helper });
        assert_eq!(self.credentials(key), expected);
    }

    #[track_caller]
    fn fails(&self, key: &str, class: &str, words: &str) {
        let answer = self.credentials(key);
        let detail = answer["detail"].as_str().unwrap_or_default();
        assert!(answer["error"] == class && detail.contains(words), "expected {class}, `{words}`: {answer}");
    }
}

/// A process that ends with the test.
struct Background(std::process::Child);

impl Background {
    fn start(command: &mut Command, input: &str) -> Self {
        let program = Path::new(command.get_program()).display().to_string();
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut child =
            spawned.unwrap_or_else(|error| panic!("`{program}`: {error}; `tests/setup` installs what is missing"));
        child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("input");
        Self(child)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
