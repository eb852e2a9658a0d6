//! A machine with a real plugin that comes and goes, and the part of the door that follows it.

use std::{
    fs,
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant, UNIX_EPOCH},
};

use policy::{Action, Decision, Documents, Enforced, ImageRef, Timestamp, decide};
use proto::{
    control::{ApplyRequest, StatusRequest, StatusResponse, control_client::ControlClient},
    document::{Categories, Header, Membership, Mode, Policy, Role, Session, WhenExpired},
    keys::SigningKey,
    local,
    sealed::seal,
    sign_in::Paths,
};
use rustix::process::Signal;
use tempfile::TempDir;
use tokio::sync::watch;

/// Bound on every wait for a state; a plugin that hangs is noticed after 30 seconds.
pub const SOON: Duration = Duration::from_secs(60);

pub struct Machine {
    directory: TempDir,
    plugin: Option<Child>,
}

/// The service's keys: the one that is used, and the one that comes after it.
pub fn key(number: u8) -> SigningKey {
    SigningKey::from_seed(&[number; 32])
}

impl Machine {
    /// Enrolled with the first key and with sign-in to acme enforced; no plugin runs.
    pub fn new() -> Self {
        let machine = Self { directory: tempfile::tempdir().unwrap(), plugin: None };
        machine.enroll("enrollment.json", &[1]);
        machine
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn enroll(&self, name: &str, keys: &[u8]) {
        self.write_enrollment(name, keys, &serde_json::json!(["acme"]));
    }

    pub fn write_enrollment(&self, name: &str, keys: &[u8], allowed: &serde_json::Value) {
        let keys: Vec<String> = keys.iter().map(|number| key(*number).verifying_key().to_base64()).collect();
        let json = serde_json::json!({
            "service": "https://pullgate.acme.example:8443", "trustKeys": keys, "allowedOrgs": allowed,
        });
        let new = self.path("enrollment.new");
        fs::write(&new, json.to_string()).unwrap();
        fs::rename(new, self.path(name)).unwrap();
    }

    pub fn start_plugin(&mut self) {
        self.start_plugin_with(&[]);
    }

    pub fn start_plugin_with(&mut self, args: &[&str]) {
        let log = fs::OpenOptions::new().create(true).append(true).open(self.path("log")).unwrap();
        let mut command = Command::new(tests::own_program("pullgate-plugin"));
        for (flag, name) in [
            ("--socket", "engine.sock"),
            ("--control-socket", "control.sock"),
            ("--state-dir", "state"),
            ("--enrollment", "enrollment.json"),
            ("--registry-json", "registry.json"),
            ("--egress-file", "egress.json"),
        ] {
            command.arg(flag).arg(self.path(name));
        }
        self.plugin = Some(command.args(args).stderr(log).stdout(Stdio::null()).spawn().unwrap());
        let start = Instant::now();
        while UnixStream::connect(self.path("control.sock")).is_err() {
            assert!(start.elapsed() < SOON, "the plugin: {}", fs::read_to_string(self.path("log")).unwrap());
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    pub fn signal_plugin(&self, signal: Signal) {
        let pid = self.plugin.as_ref().unwrap().id();
        let pid = rustix::process::Pid::from_raw(pid.try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// The plugin hangs for good, and another one, which knows nothing, takes its place.
    pub fn replace_hung_plugin(&mut self) -> Hung {
        self.signal_plugin(Signal::STOP);
        let hung = Hung(self.plugin.take().unwrap());
        for name in ["control.sock", "engine.sock"] {
            fs::remove_file(self.path(name)).unwrap();
        }
        fs::rename(self.path("state"), self.path("state of the one that hangs")).unwrap();
        self.start_plugin();
        hung
    }

    /// `kill -9`.
    pub fn kill_plugin(&mut self) {
        let mut plugin = self.plugin.take().unwrap();
        plugin.kill().unwrap();
        plugin.wait().unwrap();
    }

    pub async fn status(&self) -> StatusResponse {
        let mut control = ControlClient::new(local::connect_lazy(&self.path("control.sock")));
        control.status(StatusRequest {}).await.unwrap().into_inner()
    }

    pub async fn apply(&self, envelopes: Vec<Vec<u8>>) {
        let mut control = ControlClient::new(local::connect_lazy(&self.path("control.sock")));
        control.apply(ApplyRequest { envelopes, end_session: false }).await.unwrap();
    }

    pub async fn sign_out(&self) {
        let mut control = ControlClient::new(local::connect_lazy(&self.path("control.sock")));
        control.apply(ApplyRequest { envelopes: vec![], end_session: true }).await.unwrap();
    }

    /// A session of `dana` in acme, sealed with this key.
    pub async fn session(&self, generation: u64, by: u8) -> Vec<u8> {
        self.session_of("dana", generation, by).await
    }

    pub async fn session_of(&self, user: &str, generation: u64, by: u8) -> Vec<u8> {
        let machine_id = self.status().await.machine_id;
        let membership = Membership { organization: "acme".into(), role: Role::Member.into(), teams: vec![] };
        let session = Session {
            header: Some(header(user, &format!("machine:{machine_id}"), generation)),
            machine_id,
            uid: rustix::process::geteuid().as_raw(),
            organizations: vec![membership],
        };
        seal(&session, &key(by))
    }

    /// Policy and session of this generation, by the first key.
    pub async fn put_in_force(&self, generation: u64) {
        let session = self.session(generation, 1).await;
        self.apply(vec![seal(&policy(generation), &key(1)), session]).await;
    }

    pub fn door(&self) -> Door {
        self.door_with("enrollment.json")
    }

    /// A door that reads another enrollment file than the plugin.
    pub fn door_with(&self, enrollment: &str) -> Door {
        let paths = Paths { enrollment: self.path(enrollment), registry_json: self.path("registry.json") };
        let (enforced, following) = proxy::follow::follow(self.path("control.sock"), paths, vec![7; 32]);
        Door { enforced, following: tokio::spawn(following) }
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Some(mut plugin) = self.plugin.take() {
            let _ = plugin.kill();
            let _ = plugin.wait();
        }
    }
}

/// A stopped plugin, killed on drop.
pub struct Hung(Child);

impl Drop for Hung {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

pub struct Door {
    enforced: watch::Receiver<Arc<Enforced>>,
    following: tokio::task::JoinHandle<()>,
}

impl Door {
    pub fn now(&self) -> Arc<Enforced> {
        Arc::clone(&self.enforced.borrow())
    }

    /// What is enforced, once it is so.
    pub async fn wait(&mut self, what: &str, state: impl Fn(&Enforced) -> bool) -> Arc<Enforced> {
        let waited = self.enforced.wait_for(|enforced| state(enforced));
        if let Ok(enforced) = tokio::time::timeout(SOON, waited).await {
            return Arc::clone(&enforced.unwrap());
        }
        let now = self.now();
        let (users, generation) = (now.sessions.len(), generation_of(&now));
        panic!("waited for: {what}; {:?}, {users} signed in, generation {generation:?}", now.documents)
    }

    /// Waits for this generation of acme's policy, and all else with it.
    pub async fn wait_for(&mut self, generation: u64) -> Arc<Enforced> {
        let complete = |enforced: &Enforced| {
            enforced.documents == Documents::Complete && generation_of(enforced) == Some(generation)
        };
        self.wait(&format!("generation {generation}"), complete).await
    }

    /// The reason with which this image is decided on, and whether it comes.
    pub fn decides(&self, image: &str) -> (&'static str, bool) {
        let enforced = self.now();
        let action = Action::pull(ImageRef::parse(image).unwrap().or_latest());
        let decision: Decision<'_> = decide(&enforced, &action, Timestamp(now()));
        (decision.reason.code(), decision.is_allowed())
    }
}

impl Drop for Door {
    fn drop(&mut self) {
        self.following.abort();
    }
}

pub fn generation_of(enforced: &Enforced) -> Option<u64> {
    enforced.policy("acme").map(|policy| policy.generation)
}

fn now() -> i64 {
    UNIX_EPOCH.elapsed().unwrap().as_secs().try_into().unwrap()
}

fn header(subject: &str, audience: &str, generation: u64) -> Header {
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

/// Official and verified publishers, no community.
pub fn policy(generation: u64) -> Policy {
    Policy {
        header: Some(header("acme", "any", generation)),
        enabled: true,
        mode: Mode::Enforce.into(),
        categories: Some(Categories { official: true, verified_publisher: true, community: false }),
        when_expired: WhenExpired::Keep.into(),
        ..Policy::default()
    }
}

/// A directory of this many publishers.
pub fn directory(publishers: usize) -> proto::document::Directory {
    let publisher = |number| proto::document::Publisher {
        namespace: format!("publisher{number}"),
        badge: proto::document::Badge::VerifiedPublisher.into(),
    };
    proto::document::Directory {
        header: Some(header("publishers", "any", 1)),
        publishers: (0..publishers).map(publisher).collect(),
    }
}
