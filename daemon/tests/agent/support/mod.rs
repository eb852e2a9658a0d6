//! A machine of its own for each test.

mod plugin;
mod service;

use std::{
    fs::{self, File},
    os::unix::{fs::PermissionsExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proto::keys::SigningKey;
use tokio::sync::watch;

pub use plugin::Plugin;
pub use service::{Answer, Finish, Service, Shown, State as ServiceState};

/// Long enough for a busy machine; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);
/// All secrets of the tests hold this, and no log or file of the agent may.
pub const MARK: &str = "s3cret";

pub fn key() -> SigningKey {
    SigningKey::from_seed(&[42; 32])
}

pub fn now() -> i64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(now.as_secs()).expect("before the end of time")
}

/// Waits until the state is as told, and returns what was asked of it.
pub async fn until<S: Send + std::marker::Sync + 'static, T>(
    state: &watch::Sender<S>,
    what: &str,
    mut look: impl FnMut(&S) -> Option<T>,
) -> T {
    let mut found = None;
    let mut receiver = state.subscribe();
    let wait = receiver.wait_for(|state| {
        found = look(state);
        found.is_some()
    });
    match tokio::time::timeout(PATIENCE, wait).await {
        Ok(Ok(_)) => {}
        _ => panic!("not within {PATIENCE:?}: {what}"),
    }
    found.expect("found")
}

/// Directories, a service, a plugin, an enrollment.
pub struct Machine {
    pub root: tempfile::TempDir,
    pub service: Service,
    pub plugin: Plugin,
}

impl Machine {
    /// Everything runs; nobody is signed in.
    pub fn new() -> Self {
        Self::below(&std::env::temp_dir())
    }

    /// Its files are in this directory.
    pub fn below(directory: &Path) -> Self {
        let root = tempfile::tempdir_in(directory).expect("directory");
        let service = Service::start();
        let plugin = Plugin::start(&root.path().join("control.sock"));
        let machine = Self { root, service, plugin };
        fs::create_dir(machine.config_dir()).expect("directory");
        machine.enroll(&machine.service.url());
        machine
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn config_dir(&self) -> PathBuf {
        self.path(".docker")
    }

    pub fn config(&self) -> PathBuf {
        self.config_dir().join("config.json")
    }

    pub fn enroll(&self, url: &str) {
        self.enroll_with(url, None);
    }

    pub fn enroll_with(&self, url: &str, ca_file: Option<&Path>) {
        let mut value = serde_json::json!({ "service": url, "trustKeys": [key().verifying_key().to_base64()] });
        if let Some(ca_file) = ca_file {
            value["caFile"] = ca_file.to_str().expect("text").into();
        }
        self.enroll_as(&value);
    }

    pub fn enroll_as(&self, value: &serde_json::Value) {
        let temporary = self.path("enrollment.tmp");
        fs::write(&temporary, value.to_string()).expect("write");
        fs::set_permissions(&temporary, fs::Permissions::from_mode(0o644)).expect("mode");
        fs::rename(temporary, self.path("enrollment.json")).expect("rename");
    }

    /// The text of a credentials file with this account.
    pub fn text(&self, user: &str, secret: &str) -> String {
        let auth = STANDARD.encode(format!("{user}:{secret}"));
        serde_json::json!({ "auths": { self.service.host(): { "auth": auth } } }).to_string()
    }

    /// As `docker login` saves: a temporary file in the directory, then a rename.
    pub fn login(&self, user: &str, secret: &str) {
        save(&self.config(), &self.text(user, secret));
    }

    /// As `docker logout` saves.
    pub fn logout(&self) {
        save(&self.config(), r#"{"auths":{}}"#);
    }

    /// A machine on which alice is signed in, and its agent.
    pub async fn signed_in() -> (Self, Agent) {
        Self::new().with_alice().await
    }

    /// The same on this machine.
    pub async fn with_alice(self) -> (Self, Agent) {
        let machine = self;
        machine.login("alice", "s3cret-alice");
        let agent = machine.agent();
        machine.in_force(Some("alice")).await;
        (machine, agent)
    }

    pub fn agent(&self) -> Agent {
        self.agent_with(&[])
    }

    pub fn agent_with(&self, arguments: &[&str]) -> Agent {
        self.agent_logging("info,daemon=debug", arguments)
    }

    pub fn agent_with_state(&self, state_dir: &Path) -> Agent {
        self.start_agent("info,daemon=debug", state_dir, &[])
    }

    pub fn agent_logging(&self, filter: &str, arguments: &[&str]) -> Agent {
        self.start_agent(filter, &self.path("state"), arguments)
    }

    /// `pullgated login`, with this in the environment.
    pub fn login_command(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        self.user_command("login", arguments, variables)
    }

    /// A command of the user beside the agent.
    pub fn user_command(&self, name: &str, arguments: &[&str], variables: &[(&str, &str)]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pullgated"));
        command.arg(name).args(arguments).arg("--control-socket").arg(self.path("control.sock"));
        command.arg("--config-dir").arg(self.config_dir()).arg("--enrollment").arg(self.path("enrollment.json"));
        command.env_clear().env("PATH", self.path("bin")).env("HOME", self.root.path()).env("PULLGATE_LOG", "trace");
        command.envs(variables.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// An agent of another user, for whom the machine's directory is writable.
    pub fn agent_as(&self, uid: u32) -> Agent {
        // Where it was built, others may not go.
        let program = self.path("pullgated");
        fs::copy(env!("CARGO_BIN_EXE_pullgated"), &program).expect("copy");
        let state_dir = self.path("state");
        let mut agent = self.command_of(&program, &state_dir);
        agent.arg("--config-dir").arg(self.config_dir()).env("PULLGATE_LOG", "info,daemon=debug").uid(uid);
        self.start(agent, &state_dir)
    }

    fn start_agent(&self, filter: &str, state_dir: &Path, arguments: &[&str]) -> Agent {
        let mut agent = self.command(state_dir);
        agent.arg("--config-dir").arg(self.config_dir()).args(arguments).env("PULLGATE_LOG", filter);
        self.start(agent, state_dir)
    }

    /// An agent that finds the credentials in this home directory, started through `wrapper`: a program by its
    /// full path, and its arguments.
    pub fn agent_at_home(&self, home: &Path, wrapper: &[&str]) -> Agent {
        self.agent_of(home, wrapper, Some(&self.path("bin")))
    }

    /// One whose environment is a home directory and nothing else.
    pub fn bare_agent(&self, home: &Path, wrapper: &[&str]) -> Agent {
        self.agent_of(home, wrapper, None)
    }

    fn agent_of(&self, home: &Path, wrapper: &[&str], path: Option<&Path>) -> Agent {
        let state_dir = self.path("state");
        let mut agent = self.command(&state_dir);
        if let [program, arguments @ ..] = wrapper {
            let mut wrapped = Command::new(program);
            wrapped.args(arguments).arg(agent.get_program()).args(agent.get_args());
            agent = wrapped;
        }
        agent.env_clear().envs(path.map(|path| ("PATH", path)));
        agent.env("HOME", home).env("PULLGATE_LOG", "info,daemon=debug");
        self.start(agent, &state_dir)
    }

    fn command(&self, state_dir: &Path) -> Command {
        self.command_of(Path::new(env!("CARGO_BIN_EXE_pullgated")), state_dir)
    }

    fn command_of(&self, program: &Path, state_dir: &Path) -> Command {
        let mut agent = Command::new(program);
        agent
            .arg("--control-socket")
            .arg(self.path("control.sock"))
            .arg("--state-dir")
            .arg(state_dir)
            .arg("--enrollment")
            .arg(self.path("enrollment.json"))
            .env_clear()
            .env("PATH", self.path("bin"));
        agent
    }

    fn start(&self, mut agent: Command, state_dir: &Path) -> Agent {
        let log = self.path(&format!("agent-{}.log", fastrand::u32(..)));
        let stderr = File::create(&log).expect("log");
        let child = agent.stdin(Stdio::null()).stderr(stderr).spawn().expect("start");
        Agent { child, log, state_dir: state_dir.to_owned() }
    }

    /// Waits until this user, or nobody, has the session in force at the plugin.
    pub async fn in_force(&self, user: Option<&str>) {
        let what = format!("session of {user:?} in force");
        until(&self.plugin.state, &what, |state| {
            (state.session.as_deref() == user && !state.applies.is_empty()).then_some(())
        })
        .await;
    }
}

/// Replaces a file as the Docker CLI does; it follows a link first.
pub fn save(path: &Path, text: &str) {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let temporary = path.with_file_name(format!("config.json{}", fastrand::u32(..)));
    fs::write(&temporary, text).expect("write");
    fs::rename(&temporary, target).expect("rename");
}

/// A running agent. Dropping it ends it, and looks for secrets where none may be.
pub struct Agent {
    child: Child,
    log: PathBuf,
    state_dir: PathBuf,
}

impl Agent {
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).expect("log")
    }

    pub async fn logged(&self, text: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.log().contains(text) {
            assert!(Instant::now() < end, "the agent did not log `{text}`");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// How often the credentials were read and told.
    pub fn readings(&self) -> usize {
        self.log().matches("event=\"credential\"").count()
    }

    /// Processor time so far, of the program and the kernel for it.
    pub fn processor_time(&self) -> Duration {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.pid())).expect("stat");
        let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
        // `utime` and `stime` of proc(5), in ticks of 10 ms on every Linux.
        let ticks: u64 = fields[11..13].iter().map(|field| field.parse::<u64>().expect("ticks")).sum();
        Duration::from_millis(ticks * 10)
    }

    /// `VmHWM` (most ever) or `VmRSS` (now) of proc(5), in MiB.
    pub fn memory_mib(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("status");
        let line = status.lines().find(|line| line.starts_with(field)).expect("a line");
        line.split_whitespace().nth(1).expect("a number").parse::<u64>().expect("KiB") >> 10
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// As a crash: nothing can be tidied up.
    pub fn kill(mut self) {
        self.child.kill().expect("kill");
    }

    pub async fn ended(&mut self) -> ExitStatus {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("wait") {
                return status;
            }
            assert!(Instant::now() < end, "the agent did not end");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("signal");
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // Gone where it ended by itself.
        let words = fs::read(format!("/proc/{}/cmdline", self.child.id())).unwrap_or_default();
        assert!(!words.windows(MARK.len()).any(|window| window == MARK.as_bytes()), "a secret is in the arguments");
        let _ = self.child.kill();
        let _ = self.child.wait();
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        if std::thread::panicking() {
            eprintln!("--- log of the agent\n{log}---");
            return;
        }
        assert!(!log.contains(MARK), "a secret is in the log:\n{log}");
        no_secret_in(&self.state_dir);
    }
}

fn no_secret_in(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            no_secret_in(&entry.path());
        } else {
            let bytes = fs::read(entry.path()).unwrap_or_default();
            let found = bytes.windows(MARK.len()).any(|window| window == MARK.as_bytes());
            assert!(!found, "a secret is in {}", entry.path().display());
        }
    }
}
