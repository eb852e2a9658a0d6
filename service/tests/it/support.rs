//! A service in its own process, its commands and its clients.

use std::{
    io::Write as _,
    net::{IpAddr, SocketAddr},
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use hyper_util::rt::TokioIo;
use proto::{
    document::{Directory, Policy, Session},
    keys::{TrustedKeys, VerifyingKey},
    sealed::{Document, Opened, Purpose, SealError, open},
    sync::{
        Held, Kind, ReportRequest, SignInRequest, SignInResponse, WatchRequest, WatchResponse, sync_client::SyncClient,
    },
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tonic::{
    Request, Status, Streaming,
    transport::{Channel, Endpoint, Uri},
};

use crate::database::Database;

pub const BINARY: &str = env!("CARGO_BIN_EXE_pullgate-service");
pub const PASSWORD: &str = "correct horse battery";
/// Longest wait for a state that should come at once, on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Waits for a state, and fails when it does not come.
pub async fn wait_until<T>(what: &str, mut state: impl AsyncFnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = state().await {
            return value;
        }
        assert!(start.elapsed() < PATIENCE, "still waiting for: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A data directory and a database, and perhaps a process that serves them.
pub struct Service {
    root: tempfile::TempDir,
    database: Arc<Database>,
    child: Option<Child>,
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Service {
    /// Not started, nothing in it.
    pub fn empty() -> Self {
        Self::empty_on(Arc::new(Database::new()))
    }

    /// The same on this database.
    pub fn empty_on(database: Arc<Database>) -> Self {
        Self { root: tempfile::tempdir().unwrap(), database, child: None }
    }

    /// Started; organization `acme`, its member `alice`.
    pub async fn acme() -> Self {
        Self::acme_on(Arc::new(Database::new())).await
    }

    /// The same on this database.
    pub async fn acme_on(database: Arc<Database>) -> Self {
        let mut service = Self::empty_on(database);
        service.ok(&["organization", "add", "acme", "--namespace", "acme"]);
        service.add_member("acme", "alice", "member");
        service.start(&[]).await;
        service
    }

    /// Another one beside it, started: its keys, its database, a data directory of its own.
    #[allow(dead_code, reason = "on a file there is one service")]
    pub async fn beside(&self) -> Self {
        let mut service = Self::empty_on(Arc::clone(&self.database));
        std::fs::DirBuilder::new().mode(0o700).create(service.data_dir()).unwrap();
        for file in ["signing.key", "ca.key", "ca.pem"] {
            std::fs::copy(self.data_dir().join(file), service.data_dir().join(file)).unwrap();
        }
        service.start(&[]).await;
        service
    }

    pub fn data_dir(&self) -> PathBuf {
        self.root.path().join("data")
    }

    /// All that it keeps: its files, and what a server keeps for it.
    pub fn stored(&self) -> Vec<u8> {
        let files = std::fs::read_dir(self.data_dir()).into_iter().flatten();
        let mut stored: Vec<u8> = files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
        stored.extend(self.database.stored());
        stored
    }

    /// A command that is about to be run.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(BINARY);
        command.env("PULLGATE_SERVICE_DATA_DIR", self.data_dir()).envs(self.database.environment()).args(args);
        command
    }

    /// Runs an administration command.
    pub fn run(&self, args: &[&str], stdin: &str) -> Output {
        run(self.command(args), stdin)
    }

    /// Runs a command that must succeed; its output.
    pub fn ok(&self, args: &[&str]) -> String {
        self.ok_with(args, "")
    }

    pub fn ok_with(&self, args: &[&str], stdin: &str) -> String {
        let output = self.run(args, stdin);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The lines of the audit log about one kind of act, newest first.
    pub fn written(&self, act: &str) -> Vec<serde_json::Value> {
        let lines = self.ok(&["audit", "--json"]);
        let lines = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        lines.filter(|line| line["act"] == act).collect()
    }

    /// Runs a command that must fail; what it said.
    pub fn fails(&self, args: &[&str], stdin: &str) -> String {
        let output = self.run(args, stdin);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stderr).unwrap()
    }

    pub fn add_member(&self, organization: &str, user: &str, role: &str) {
        self.ok_with(&["member", "add", organization, user, "--role", role, "--password-stdin"], PASSWORD);
    }

    pub async fn start(&mut self, options: &[&str]) {
        self.start_with(options, &[]).await;
    }

    pub async fn start_with(&mut self, options: &[&str], environment: &[(&str, &str)]) {
        assert!(self.child.is_none());
        let address = self.data_dir().join("address");
        // One that was killed left it.
        let _ = std::fs::remove_file(&address);
        let mut args = vec!["serve", "--listen", "127.0.0.1:0"];
        args.extend(options);
        let log = std::fs::File::create(self.log_path()).unwrap();
        let mut command = self.command(&args);
        command.envs(environment.iter().copied());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log).spawn().unwrap();
        self.child = Some(child);
        wait_until("the service to listen", async || {
            let ended = self.child.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none(), "the service ended: {}", std::fs::read_to_string(self.log_path()).unwrap());
            address.exists().then_some(())
        })
        .await;
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().unwrap().id()
    }

    /// SIGKILL, and the end.
    pub fn kill(&mut self) {
        let mut child = self.child.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// An end that comes by itself; what it said.
    #[allow(dead_code, reason = "on a file there is one service")]
    pub async fn ends(&mut self) -> String {
        let mut child = self.child.take().unwrap();
        let status = wait_until("the service to end", async || child.try_wait().unwrap()).await;
        assert!(!status.success(), "{status}");
        self.log()
    }

    /// SIGTERM, and the end.
    pub async fn stop(&mut self) -> Duration {
        let mut child = self.child.take().unwrap();
        let start = Instant::now();
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let status = wait_until("the service to stop", async || child.try_wait().unwrap()).await;
        assert!(status.success(), "{status}: {}", self.log());
        start.elapsed()
    }

    fn log_path(&self) -> PathBuf {
        self.root.path().join("log")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_path()).unwrap_or_default()
    }

    pub fn address(&self) -> String {
        std::fs::read_to_string(self.data_dir().join("address")).unwrap().trim().to_owned()
    }

    /// Keys and authority as the enrollment file of this service says.
    pub fn trusted(&self) -> TrustedKeys {
        let file = self.enrollment();
        let keys = file["trustKeys"].as_array().unwrap().iter();
        TrustedKeys::new(keys.map(|key| VerifyingKey::from_base64(key.as_str().unwrap()).unwrap()).collect())
    }

    pub fn enrollment(&self) -> serde_json::Value {
        serde_json::from_str(&self.ok(&["enrollment", "--url", "https://127.0.0.1:1", "--json"])).unwrap()
    }

    pub fn tls(&self, protocols: &[&[u8]]) -> TlsConnector {
        tls(&self.data_dir().join("ca.pem"), protocols)
    }

    /// A TLS connection.
    pub async fn connect(&self, protocols: &[&[u8]]) -> TlsStream<TcpStream> {
        self.try_connect(protocols).await.unwrap()
    }

    /// The same; an error where the certificate is not one that `ca.pem` stands for.
    pub async fn try_connect(&self, protocols: &[&[u8]]) -> std::io::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address()).await?;
        self.tls(protocols).connect(ServerName::try_from("127.0.0.1").unwrap(), stream).await
    }

    /// The agents' client, on a connection of its own.
    pub async fn client(&self) -> Client {
        self.try_client(&self.address(), "127.0.0.1").await.unwrap()
    }

    /// The same, from one address of this machine through another that leads to it.
    pub async fn try_client(&self, address: &str, from: &str) -> Result<Client, tonic::transport::Error> {
        let (address, from): (SocketAddr, IpAddr) = (address.parse().unwrap(), from.parse().unwrap());
        let tls = self.tls(&[b"h2"]);
        let connector = tower::service_fn(move |_: Uri| {
            let tls = tls.clone();
            async move {
                let socket = TcpSocket::new_v4()?;
                socket.bind((from, 0).into())?;
                let stream = socket.connect(address).await?;
                let stream = tls.connect(ServerName::try_from("127.0.0.1").unwrap(), stream).await?;
                Ok::<_, std::io::Error>(TokioIo::new(stream))
            }
        });
        let channel: Channel = Endpoint::from_static("https://127.0.0.1").connect_with_connector(connector).await?;
        Ok(Client(SyncClient::new(channel).max_decoding_message_size(proto::local::MAX_MESSAGE_BYTES)))
    }

    /// One HTTP/1.1 request; status line, head and body.
    pub async fn http(&self, head: &str) -> (String, String) {
        let mut stream = self.connect(&[b"http/1.1"]).await;
        let request = format!("{head}\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        // The server may have seen enough before the end of a request.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut answer = String::new();
        // A server that closes without TLS's goodbye still has answered.
        let _ = stream.read_to_string(&mut answer).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        (head.to_ascii_lowercase(), body.to_owned())
    }
}

pub fn run(mut command: Command, stdin: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A command that does not read its input may have ended already.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

fn tls(ca: &Path, protocols: &[&[u8]]) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    TlsConnector::from(Arc::new(config))
}

/// The agents' side of the protocol.
#[derive(Clone)]
pub struct Client(pub SyncClient<Channel>);

impl Client {
    pub async fn sign_in(&mut self, user: &str, secret: &str) -> Result<SignInResponse, Status> {
        let request = SignInRequest {
            username: user.to_owned(),
            secret: secret.to_owned(),
            machine_id: "machine-1".to_owned(),
            uid: 1000,
            agent_version: "test".to_owned(),
            realm: 0,
        };
        Ok(self.0.sign_in(request).await?.into_inner())
    }

    pub async fn watch(&mut self, token: &str, held: Vec<Held>) -> Result<Stream, Status> {
        let request = bearer(WatchRequest { held, agent_version: "test".to_owned() }, token);
        Ok(Stream(self.0.watch(request).await?.into_inner()))
    }

    pub async fn report(&mut self, token: &str, request: ReportRequest) -> Result<u32, Status> {
        Ok(self.0.report(bearer(request, token)).await?.into_inner().accepted)
    }
}

pub fn bearer<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

/// A watch stream.
pub struct Stream(Streaming<WatchResponse>);

impl Stream {
    /// The next desired state, which must come.
    pub async fn next(&mut self) -> WatchResponse {
        self.outcome().await.expect("the stream goes on").expect("a desired state")
    }

    /// The next desired state, or the end.
    #[allow(dead_code, reason = "on a file there is one service")]
    pub async fn try_next(&mut self) -> Result<WatchResponse, Status> {
        self.outcome().await.unwrap_or_else(|| Err(Status::unavailable("the stream ended")))
    }

    /// The end, which must come.
    pub async fn end(&mut self) -> Status {
        loop {
            match self.outcome().await {
                Some(Ok(_)) => {}
                Some(Err(status)) => return status,
                None => panic!("the stream ended without a status"),
            }
        }
    }

    async fn outcome(&mut self) -> Option<Result<WatchResponse, Status>> {
        tokio::time::timeout(PATIENCE, self.0.message()).await.expect("the service answers").transpose()
    }
}

/// What a state desires, by kind and subject.
pub fn desired(state: &WatchResponse) -> Vec<(Kind, &str, u64)> {
    state.desired.iter().map(|held| (held.kind(), held.subject.as_str(), held.generation)).collect()
}

/// The document of a kind among the envelopes of a state.
pub fn find<D: Document>(state: &WatchResponse, trusted: &TrustedKeys) -> Option<Opened<D>> {
    state.envelopes.iter().find_map(|envelope| try_open(envelope, trusted))
}

/// Opens a policy, a session or a directory as machine `machine-1`.
pub fn open_with(envelope: &[u8], trusted: &TrustedKeys) -> Result<(), SealError> {
    fn of<D: Document>(envelope: &[u8], trusted: &TrustedKeys) -> Result<(), SealError> {
        let audiences = ["any", "machine:machine-1"];
        open::<D>(envelope, trusted, &audiences, service::clock::now(), Purpose::Receive).map(drop)
    }
    let opened = of::<Policy>(envelope, trusted);
    let opened = if let Err(SealError::WrongType { .. }) = opened { of::<Session>(envelope, trusted) } else { opened };
    if let Err(SealError::WrongType { .. }) = opened { of::<Directory>(envelope, trusted) } else { opened }
}

fn try_open<D: Document>(envelope: &[u8], trusted: &TrustedKeys) -> Option<Opened<D>> {
    (proto::sealed::peek_payload_type(envelope)? == D::PAYLOAD_TYPE).then(|| {
        open(envelope, trusted, &["any", "machine:machine-1"], service::clock::now(), Purpose::Receive).unwrap()
    })
}
