//! The real binary with its real sockets, and a policy service's key.
#![allow(dead_code, reason = "each test file uses its part")]

mod held;

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant, UNIX_EPOCH},
};

use proto::{
    control::{ApplyRequest, ApplyResponse, StatusRequest, StatusResponse, control_client::ControlClient},
    document::{self, Categories, Header, Membership, Mode, Policy, Role, Session, WhenExpired},
    keys::SigningKey,
    local,
    sealed::{Document, seal},
};
use tempfile::TempDir;
use tonic::{Status, transport::Channel};

#[allow(unused_imports, reason = "each test file uses its part")]
pub use held::Held;

/// Bound on every wait for a state.
pub const SOON: Duration = Duration::from_secs(10);

pub struct Machine {
    pub directory: TempDir,
    pub key: SigningKey,
    child: Option<Child>,
}

impl Machine {
    /// Enrolled, sign-in optional, running.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Enrolled with these allowed organizations, running.
    pub fn start_with(allowed: &[&str]) -> Self {
        let mut machine = Self::enrolled(allowed);
        machine.run();
        machine
    }

    /// Enrolled with these allowed organizations; nothing runs.
    pub fn enrolled(allowed: &[&str]) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let machine = Self { directory, key: SigningKey::from_seed(&[9; 32]), child: None };
        machine.enroll(allowed);
        machine
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes the enrollment file by rename, as administrators' tools do.
    pub fn enroll(&self, allowed: &[&str]) {
        let json = serde_json::json!({
            "service": "https://pullgate.acme.example:8443",
            "trustKeys": [self.key.verifying_key().to_base64()],
            "allowedOrgs": allowed,
        });
        self.write_enrollment(&json.to_string());
    }

    /// Without `allowedOrgs`: Docker's own file decides.
    pub fn enroll_openly(&self) {
        let key = self.key.verifying_key().to_base64();
        let service = "https://pullgate.acme.example:8443";
        self.write_enrollment(&serde_json::json!({ "service": service, "trustKeys": [key] }).to_string());
    }

    pub fn write_enrollment(&self, text: &str) {
        let new = self.path("enrollment.new");
        fs::write(&new, text).expect("an enrollment file");
        fs::rename(new, self.path("enrollment.json")).expect("a rename");
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pullgate-plugin"));
        command
            .arg("--socket")
            .arg(self.path("engine.sock"))
            .arg("--control-socket")
            .arg(self.path("control.sock"))
            .arg("--state-dir")
            .arg(self.path("state"))
            .arg("--enrollment")
            .arg(self.path("enrollment.json"))
            .arg("--registry-json")
            .arg(self.path("registry.json"))
            .arg("--egress-file")
            .arg(self.path("egress.json"));
        command
    }

    pub fn run(&mut self) {
        self.run_as(self.command());
    }

    /// Starts it, and does not wait for it.
    pub fn spawn(&mut self, mut command: Command) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.path("log")).expect("a log file");
        self.child = Some(command.stderr(log).spawn().expect("the plugin starts"));
    }

    /// Starts it on sockets that are there already.
    pub fn run_held(&mut self, command: Command) {
        let before = self.log().matches("answering").count();
        self.spawn(command);
        wait_until("it answers", || self.log().matches("answering").count() > before);
    }

    pub fn run_as(&mut self, mut command: Command) {
        command.stdout(Stdio::null());
        self.spawn(command);
        wait_until("the engine's socket answers", || UnixStream::connect(self.path("engine.sock")).is_ok());
        wait_until("the control socket answers", || UnixStream::connect(self.path("control.sock")).is_ok());
    }

    pub fn pid(&self) -> i32 {
        self.child.as_ref().expect("a running plugin").id().try_into().expect("a pid")
    }

    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("a running plugin");
        child.kill().expect("a kill");
        child.wait().expect("its end");
    }

    pub fn restart(&mut self) {
        self.kill();
        self.run();
    }

    pub fn terminate(&mut self) -> std::process::ExitStatus {
        signal(self.pid().unsigned_abs(), rustix::process::Signal::TERM);
        self.ended()
    }

    /// Waits for its end.
    pub fn ended(&mut self) -> std::process::ExitStatus {
        self.release().wait().expect("its end")
    }

    /// The running process, which is the caller's to end.
    pub fn release(&mut self) -> Child {
        self.child.take().expect("a running plugin")
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    pub fn control(&self) -> ControlClient<Channel> {
        ControlClient::new(local::connect_lazy(&self.path("control.sock")))
    }

    pub async fn status(&self) -> StatusResponse {
        self.control().status(StatusRequest {}).await.expect("a status").into_inner()
    }

    pub async fn apply(&self, envelopes: Vec<Vec<u8>>) -> Result<ApplyResponse, Status> {
        let request = ApplyRequest { envelopes, end_session: false };
        self.control().apply(request).await.map(tonic::Response::into_inner)
    }

    pub fn seal<D: Document>(&self, document: &D) -> Vec<u8> {
        seal(document, &self.key)
    }

    /// A fresh session of `dana` in acme, as a member, for this machine and this uid.
    pub async fn session(&self, generation: u64) -> Session {
        self.session_of("dana", Role::Member, generation).await
    }

    pub async fn session_of(&self, user: &str, role: Role, generation: u64) -> Session {
        let machine_id = self.status().await.machine_id;
        Session {
            header: Some(header(user, &format!("machine:{machine_id}"), generation)),
            machine_id,
            uid: uid(),
            organizations: vec![Membership { organization: "acme".into(), role: role.into(), teams: vec![] }],
        }
    }

    /// Puts acme's policy and a member's session in force.
    pub async fn sign_in(&self, policy: &Policy) {
        let session = self.session(1).await;
        self.apply(vec![self.seal(policy), self.seal(&session)]).await.expect("documents in force");
    }

    /// The sealed policy, as the plugin keeps it.
    pub fn policy_on_disk(&self) -> PathBuf {
        let sealed = self.path("state/sealed");
        let name = files(&sealed).into_iter().find(|name| name.starts_with("policy-"));
        sealed.join(name.expect("a policy on disk"))
    }

    /// Asks about a pull, as the engine does.
    pub fn pull(&self, image: &str) -> Answer {
        self.ask(&message(&format!("/v1.41/images/create?fromImage={image}&tag=latest")))
    }

    pub fn ask(&self, message: &str) -> Answer {
        self.answer(&post("/AuthZPlugin.AuthZReq", message.as_bytes()))
    }

    /// Sends raw bytes and reads the answer to its end.
    pub fn answer(&self, raw: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(raw).expect("the request is taken");
        Answer::read(&mut stream)
    }

    pub fn connect(&self) -> UnixStream {
        let stream = UnixStream::connect(self.path("engine.sock")).expect("the engine's socket");
        stream.set_read_timeout(Some(Duration::from_secs(40))).expect("a time-out");
        stream
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// An HTTP answer of the plugin.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub allow: Option<bool>,
    pub text: String,
    pub head: String,
}

impl Answer {
    pub fn read(stream: &mut UnixStream) -> Self {
        let mut bytes = Vec::new();
        // A reset behind the answer is what a caller gets who sent more than one request.
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text.as_str(), ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        Self {
            status,
            allow: json["Allow"].as_bool(),
            text: json["Msg"].as_str().unwrap_or_default().to_owned(),
            head: head.to_ascii_lowercase(),
        }
    }

    #[track_caller]
    pub fn is_allowed(&self) {
        assert_eq!((self.status, self.allow), (200, Some(true)), "{self:?}");
    }

    /// HTTP 200 and `Allow: false`: the only refusal whose text reaches the person.
    #[track_caller]
    pub fn is_denied(&self, part: &str) {
        assert_eq!((self.status, self.allow), (200, Some(false)), "{self:?}");
        assert!(self.text.contains(part), "{part:?} is not in {:?}", self.text);
    }
}

pub fn message(uri: &str) -> String {
    format!(r#"{{"RequestMethod":"POST","RequestUri":"{uri}","RequestHeaders":{{"Content-Length":"0"}}}}"#)
}

/// `docker create IMAGE`, with this `HostConfig`.
pub fn create(image: &str, host_config: &str) -> String {
    let body = base64(&format!(r#"{{"Image":"{image}","HostConfig":{host_config}}}"#));
    format!(
        r#"{{"RequestMethod":"POST","RequestUri":"/v1.41/containers/create","RequestBody":"{body}","RequestHeaders":{{"Content-Type":"application/json","Content-Length":"1"}}}}"#
    )
}

pub fn base64(text: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.encode(text)
}

/// As the engine writes it: no Content-Type, keep-alive wanted.
pub fn post(path: &str, body: &[u8]) -> Vec<u8> {
    let mut request =
        format!("POST {path} HTTP/1.1\r\nHost: plugin.moby.localhost\r\nContent-Length: {}\r\n\r\n", body.len())
            .into_bytes();
    request.extend_from_slice(body);
    request
}

pub fn uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

pub fn now() -> i64 {
    UNIX_EPOCH.elapsed().expect("a clock").as_secs().try_into().expect("seconds")
}

pub fn header(subject: &str, audience: &str, generation: u64) -> Header {
    let now = now();
    Header {
        subject: subject.into(),
        audience: audience.into(),
        generation,
        issued_at: now - 1,
        refresh_after: now + 3600,
        expires_at: now + 7200,
    }
}

/// Docker's own default: official and verified publishers, no community.
pub fn policy(generation: u64) -> Policy {
    Policy {
        header: Some(header("acme", "any", generation)),
        enabled: true,
        mode: Mode::Enforce.into(),
        categories: Some(Categories { official: true, verified_publisher: true, community: false }),
        namespaces: vec!["acme".into()],
        when_expired: WhenExpired::Keep.into(),
        contact: Some(document::Contact {
            request_url: "https://access.acme.example/requests/new".into(),
            ..document::Contact::default()
        }),
        ..Policy::default()
    }
}

pub fn signal(pid: u32, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_raw(pid.try_into().expect("a pid")).expect("a pid");
    rustix::process::kill_process(pid, signal).expect("a signal");
}

/// Waits for a state, bounded by [`SOON`].
#[track_caller]
pub fn wait_until(what: &str, mut state: impl FnMut() -> bool) {
    let start = Instant::now();
    while !state() {
        assert!(start.elapsed() < SOON, "waited for: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub fn files(directory: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
