//! Commands one after the other, and what they said.

use std::{
    fs,
    io::Write as _,
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tests::{kept, own_program};

/// A user without rights; whoever runs the tests as root is this one where it matters.
const NOBODY: u32 = 65_534;
/// What stands in the snapshot for the session's directory.
const PLACE: &str = "/place";

/// Variables that say nothing about what is answered.
const UNTOLD: [&str; 2] = ["PULLGATE_LOG", "PULLGATE_SERVICE_DATA_DIR"];

/// A directory, and what was said in it.
pub struct Session {
    dir: tempfile::TempDir,
    text: String,
    faults: Vec<String>,
}

impl Session {
    /// Empty; anybody may look into it.
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        Self { dir, text: String::new(), faults: Vec::new() }
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// A file in it, with its mode; the directories above are made.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    /// What follows is about this.
    pub fn section(&mut self, title: &str) {
        self.text.push_str(&format!("## {title}\n\n"));
    }

    /// Runs one of our programs; `%` in an argument is the session's directory.
    pub fn run(&mut self, program: &str, args: &[&str]) {
        self.run_with(program, args, "", &[]);
    }

    /// The same, with something on standard input, and variables.
    pub fn run_with(&mut self, program: &str, args: &[&str], input: &str, variables: &[(&str, &str)]) {
        self.go(bounded(&own_program(program)), program, args, input, variables);
    }

    /// The same, with `/dev/null` in the place of a socket that the service manager hands over.
    pub fn run_with_no_socket(&mut self, program: &str, args: &[&str]) {
        let mut command = bounded(Path::new("bash"));
        // The number of the process is the one that the program has then.
        let script = "exec 3</dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec \"$0\" \"$@\"";
        command.args(["-c", script]).arg(own_program(program));
        self.go(command, program, args, "", &[("PULLGATE_LOG", "off")]);
    }

    /// The same, as a user without rights.
    pub fn run_as_nobody(&mut self, program: &str, args: &[&str]) {
        let mut command = if rustix::process::geteuid().is_root() {
            // Where it was built, others may not even look.
            let copy = self.path("bin").join(program);
            if !copy.exists() {
                fs::create_dir_all(copy.parent().unwrap()).unwrap();
                fs::copy(own_program(program), &copy).unwrap();
                fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
            }
            let mut command = bounded(&copy);
            command.uid(NOBODY).gid(NOBODY);
            command
        } else {
            bounded(&own_program(program))
        };
        command.current_dir("/");
        self.go(command, program, args, "", &[]);
    }

    fn go(&mut self, mut command: Command, program: &str, args: &[&str], input: &str, variables: &[(&str, &str)]) {
        let place = self.dir.path().display().to_string();
        let real = |text: &str| text.replace('%', &place);
        command
            .args(args.iter().map(|arg| real(arg)))
            .env_clear()
            .envs(
                ["PATH", "LD_LIBRARY_PATH", "LLVM_PROFILE_FILE"]
                    .iter()
                    .filter_map(|&name| Some((name, std::env::var_os(name)?))),
            )
            .env("HOME", self.path("home"))
            .envs(variables.iter().map(|(name, value)| (name, real(value))))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // Who does not read is not asked to.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        let output = child.wait_with_output().unwrap();
        assert_ne!(output.status.code(), Some(124), "{program} {args:?} does not end");
        let shown = |text: &str| self.shown(text);
        let told = |(name, value): &(&str, &str)| format!("{name}={} ", shown(&real(value)));
        let set: String = variables.iter().filter(|(name, _)| !UNTOLD.contains(name)).map(told).collect();
        let typed: Vec<String> = args.iter().map(|arg| quoted(&shown(&real(arg)))).collect();
        let said = [output.stdout, output.stderr].map(|bytes| shown(&String::from_utf8(bytes).unwrap()));
        let code = output.status.code().map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"));
        for line in said[1].lines() {
            let told = line.strip_prefix(&format!("{program}: "));
            self.faults.extend(told.and_then(kept::fault).map(|fault| format!("{fault}: {line}")));
        }
        self.text.push_str(&format!("$ {set}{program} {}\n{}{}[{code}]\n\n", typed.join(" "), said[0], said[1]));
    }

    /// What is the same whoever runs it, and wherever.
    fn shown(&self, text: &str) -> String {
        let text = text.replace(&self.dir.path().display().to_string(), PLACE);
        text.replace(&format!("uid {}", rustix::process::geteuid().as_raw()), "uid 1000")
    }

    /// Says something that changes with each run, in the same words each time.
    pub fn replace(&mut self, from: &str, to: &str) {
        self.text = self.text.replace(from, to);
    }

    /// All of it is what is kept.
    #[track_caller]
    pub fn check(self, name: &str) {
        assert!(self.faults.is_empty(), "{}", self.faults.join("\n"));
        kept::check(name, &self.text);
    }

    /// Where it is.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }
}

/// What should end at once, and starts instead, is ended.
fn bounded(program: &Path) -> Command {
    let mut command = Command::new("timeout");
    command.arg("60").arg(program);
    command
}

/// As one would have to type it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=,@%+*".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{word}'") }
}
