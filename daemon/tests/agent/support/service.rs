//! A policy service: accounts, one policy, a real gRPC server over TCP.

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use proto::{
    document,
    sealed::seal,
    sync::{
        AccessRequest, BeginLoginRequest, BeginLoginResponse, FinishLoginRequest, FinishLoginResponse, Held, Kind,
        ListAccessRequest, ListAccessResponse, Posture, Realm, Record, ReportRequest, ReportResponse,
        RequestAccessRequest, RequestAccessResponse, SignInRequest, SignInResponse, WatchRequest, WatchResponse,
        WithdrawAccessRequest, WithdrawAccessResponse,
        sync_server::{Sync, SyncServer},
    },
};
use sha2::{Digest as _, Sha256};
use tokio::{runtime::Runtime, sync::watch};
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, transport::Server};

use super::{MARK, key, now, until};

/// What the service does with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Normally,
    /// Accepts calls and never answers.
    Never,
    /// `RESOURCE_EXHAUSTED`, come again in a second.
    TooMany,
    /// `UNAVAILABLE`, as behind a proxy.
    Unavailable,
}

/// A credential as it was shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub realm: Realm,
    pub user: String,
    pub secret: String,
}

/// What the next call of `FinishLogin` answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// The person is not done.
    Pending,
    /// This account, and its token.
    Done(String, String),
    Fails(tonic::Code, &'static str),
}

#[derive(Debug, Clone)]
pub struct State {
    pub answer: Answer,
    /// User and secret.
    pub accounts: BTreeMap<String, String>,
    /// The same at Docker Hub.
    pub hub_accounts: BTreeMap<String, String>,
    /// Access tokens, and whose they are; shown with the user name `<token>`.
    pub tokens: BTreeMap<String, String>,
    /// Each credential that was shown.
    pub shown: Vec<Shown>,
    /// SHA-256 of each session that was sealed, and for what.
    pub sealed: Vec<(Vec<u8>, Shown)>,
    /// The provider; none: the service has none. The answers to come, and how often was asked.
    pub provider: Option<Vec<Finish>>,
    pub finish_calls: usize,
    /// Who asked for what; none: a service that does not take requests.
    pub asked: Option<Vec<(String, RequestAccessRequest)>>,
    pub generation: u64,
    /// Each attempt: user, and whether it was right.
    pub sign_ins: Vec<(String, bool)>,
    /// What each watch said that it held.
    pub watches: Vec<Vec<Held>>,
    pub records: Vec<Record>,
    pub dropped: u64,
    pub postures: Vec<Posture>,
    /// How soon it wants to hear which policies are in force.
    pub tell_within_ms: u32,
    pub first_session: u64,
    /// Opens the stream, sends the state, and refuses the token it gave.
    pub take_back: bool,
}

impl State {
    /// The account's name, if the credential is right.
    pub fn subject(&self, shown: &Shown) -> Option<String> {
        let accounts = match (shown.realm, shown.user.as_str()) {
            (Realm::DockerHub, _) => &self.hub_accounts,
            (_, "<token>") => return self.tokens.get(&shown.secret).cloned(),
            _ => &self.accounts,
        };
        (accounts.get(&shown.user) == Some(&shown.secret)).then(|| shown.user.clone())
    }
}

/// A service that can be stopped and started again on the same port.
pub struct Service {
    pub state: Arc<watch::Sender<State>>,
    pub address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Service {
    pub fn start() -> Self {
        let accounts = ["alice", "bob"].map(|user| (user.to_owned(), format!("{MARK}-{user}"))).into();
        let state = State {
            answer: Answer::Normally,
            accounts,
            hub_accounts: BTreeMap::new(),
            tokens: BTreeMap::new(),
            shown: vec![],
            sealed: vec![],
            provider: None,
            finish_calls: 0,
            asked: Some(vec![]),
            generation: 1,
            sign_ins: vec![],
            watches: vec![],
            records: vec![],
            dropped: 0,
            postures: vec![],
            tell_within_ms: 0,
            first_session: 0,
            take_back: false,
        };
        let listener = TcpListener::bind("127.0.0.1:0").expect("bind");
        let address = listener.local_addr().expect("address");
        let mut service = Self { state: Arc::new(watch::Sender::new(state)), address, runtime: None };
        service.serve(listener);
        service
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn host(&self) -> String {
        self.address.to_string()
    }

    fn serve(&mut self, listener: TcpListener) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("runtime");
        let api = self.api();
        runtime.spawn(async move {
            listener.set_nonblocking(true).expect("nonblocking");
            let listener = tokio::net::TcpListener::from_std(listener).expect("listener");
            let incoming = tonic::transport::server::TcpIncoming::from(listener);
            Server::builder().add_service(api).serve_with_incoming(incoming).await
        });
        self.runtime = Some(runtime);
    }

    pub fn api(&self) -> SyncServer<impl Sync + use<>> {
        SyncServer::new(Api { state: Arc::clone(&self.state) })
    }

    /// Every connection is lost.
    pub fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Blocks until every connection is gone, which a task must not.
            let ended = std::thread::spawn(move || runtime.shutdown_timeout(Duration::from_secs(5)));
            ended.join().expect("ends");
        }
    }

    pub fn start_again(&mut self) {
        self.serve(TcpListener::bind(self.address).expect("bind again"));
    }

    pub fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.send_modify(change);
    }

    pub async fn sign_ins(&self, count: usize) -> Vec<(String, bool)> {
        let what = format!("{count} sign-ins");
        until(&self.state, &what, |state| (state.sign_ins.len() >= count).then(|| state.sign_ins.clone())).await
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

struct Api {
    state: Arc<watch::Sender<State>>,
}

/// For the session of this number.
fn token(sealed: usize) -> String {
    format!("{MARK}-token-{sealed}")
}

fn header(subject: &str, audience: &str, generation: u64) -> Option<document::Header> {
    let issued_at = now() - 10;
    Some(document::Header {
        subject: subject.to_owned(),
        audience: audience.to_owned(),
        generation,
        issued_at,
        refresh_after: issued_at + 3600,
        expires_at: issued_at + 7200,
    })
}

fn session(user: &str, machine_id: &str, uid: u32, generation: u64) -> Vec<u8> {
    let header = header(user, &format!("machine:{machine_id}"), generation);
    seal(&document::Session { header, machine_id: machine_id.to_owned(), uid, organizations: vec![] }, &key())
}

fn policy(generation: u64) -> Vec<u8> {
    // Fixed times: the same generation is the same bytes.
    let mut header = header("acme", "any", generation);
    if let Some(header) = &mut header {
        (header.issued_at, header.refresh_after, header.expires_at) = (1_700_000_000, 1_700_003_600, 4_000_000_000);
    }
    seal(&document::Policy { header, enabled: true, ..Default::default() }, &key())
}

fn held(kind: Kind, subject: &str, generation: u64, envelope: &[u8]) -> Held {
    Held { kind: kind.into(), subject: subject.to_owned(), generation, sha256: Sha256::digest(envelope).to_vec() }
}

impl Api {
    async fn answer(&self) -> Result<(), Status> {
        match self.state.borrow().answer {
            Answer::Normally => return Ok(()),
            Answer::TooMany => {
                let mut status = Status::resource_exhausted("too many attempts");
                status.metadata_mut().insert("retry-after", 1.into());
                return Err(status);
            }
            Answer::Unavailable => return Err(Status::unavailable("the test's service is away")),
            Answer::Never => {}
        }
        std::future::pending().await
    }

    /// For which session the token was given.
    fn sealed(&self, metadata: &tonic::metadata::MetadataMap) -> Result<Shown, Status> {
        let bearer = metadata.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let state = self.state.borrow();
        let mut sealed = state.sealed.iter().enumerate();
        let this = sealed.find(|(n, _)| bearer == format!("Bearer {}", token(*n))).map(|(_, (_, shown))| shown.clone());
        this.ok_or_else(|| Status::unauthenticated("no such token"))
    }
}

#[tonic::async_trait]
impl Sync for Api {
    async fn sign_in(&self, request: Request<SignInRequest>) -> Result<Response<SignInResponse>, Status> {
        let request = request.into_inner();
        let (realm, user, secret) = (request.realm(), request.username.clone(), request.secret.clone());
        let shown = Shown { realm, user, secret };
        let subject = self.state.borrow().subject(&shown);
        self.state.send_modify(|state| {
            state.sign_ins.push((request.username.clone(), subject.is_some()));
            state.shown.push(shown.clone());
        });
        self.answer().await?;
        let Some(subject) = subject else { return Err(Status::unauthenticated("wrong user name or password")) };
        // A new one each time, and above those of any service before.
        let generation = self.state.borrow().first_session + self.state.borrow().sign_ins.len() as u64;
        let session = session(&subject, &request.machine_id, request.uid, generation);
        let mut number = 0;
        self.state.send_modify(|state| {
            number = state.sealed.len();
            state.sealed.push((Sha256::digest(&session).to_vec(), shown));
        });
        Ok(Response::new(SignInResponse { agent_token: token(number), session }))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<WatchResponse, Status>> + Send>>;

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let shown = self.sealed(request.metadata())?;
        let has = request.into_inner().held;
        self.state.send_modify(|state| state.watches.push(has.clone()));
        self.answer().await?;
        // As the service does: the session that was sealed at the sign-in is one that the agent holds.
        let session = has.iter().find(|held| held.kind() == Kind::Session).cloned();
        let mut last = None;
        let states = tokio_stream::wrappers::WatchStream::new(self.state.subscribe());
        let responses = states.filter_map(move |state| {
            if state.subject(&shown).is_none() {
                return Some(Err(Status::unauthenticated("the account is gone")));
            }
            if last.replace(state.generation) == Some(state.generation) {
                return None;
            }
            let envelope = policy(state.generation);
            let name = held(Kind::Policy, "acme", state.generation, &envelope);
            let envelopes = if has.contains(&name) { vec![] } else { vec![envelope] };
            let desired = [Some(name), session.clone()].into_iter().flatten().collect();
            if state.take_back {
                return Some(Err(Status::unauthenticated("taken back")));
            }
            let tell_within_ms = state.tell_within_ms;
            Some(Ok(WatchResponse {
                desired,
                envelopes,
                server_time: now(),
                tell_within_ms,
                ..WatchResponse::default()
            }))
        });
        Ok(Response::new(Box::pin(responses)))
    }

    async fn report(&self, request: Request<ReportRequest>) -> Result<Response<ReportResponse>, Status> {
        self.sealed(request.metadata())?;
        self.answer().await?;
        let ReportRequest { records, dropped, posture } = request.into_inner();
        let accepted = u32::try_from(records.len()).expect("few");
        self.state.send_modify(|state| {
            state.records.extend(records);
            state.dropped += dropped;
            state.postures.extend(posture);
        });
        Ok(Response::new(ReportResponse { accepted }))
    }

    async fn begin_login(&self, _: Request<BeginLoginRequest>) -> Result<Response<BeginLoginResponse>, Status> {
        if self.state.borrow().provider.is_none() {
            return Err(Status::unimplemented("this service has no identity provider"));
        }
        Ok(Response::new(BeginLoginResponse {
            login: format!("{MARK}-login"),
            user_code: "WDJB-MJHT".to_owned(),
            verification_uri: "https://idp.example/device".to_owned(),
            verification_uri_complete: "https://idp.example/device?user_code=WDJB-MJHT".to_owned(),
            expires_in: 60,
            interval: 1,
        }))
    }

    async fn finish_login(
        &self,
        request: Request<FinishLoginRequest>,
    ) -> Result<Response<FinishLoginResponse>, Status> {
        assert_eq!(request.into_inner().login, format!("{MARK}-login"));
        let mut next = Finish::Pending;
        self.state.send_modify(|state| {
            state.finish_calls += 1;
            if let Some(answers) = state.provider.as_mut().filter(|answers| !answers.is_empty()) {
                next = answers.remove(0);
            }
        });
        match next {
            Finish::Pending => Ok(Response::new(FinishLoginResponse { interval: 1, ..Default::default() })),
            Finish::Done(username, token) => {
                let expires_at = now() + 30 * 86_400;
                Ok(Response::new(FinishLoginResponse { username, token, expires_at, interval: 0 }))
            }
            Finish::Fails(code, message) => Err(Status::new(code, message)),
        }
    }

    async fn request_access(
        &self,
        request: Request<RequestAccessRequest>,
    ) -> Result<Response<RequestAccessResponse>, Status> {
        let shown = self.sealed(request.metadata())?;
        self.answer().await?;
        let request = request.into_inner();
        let image = request.image.clone();
        self.takes_requests()?;
        if image == "evil/often" {
            return Err(Status::resource_exhausted("20 requests were made within a day; more tomorrow"));
        }
        let asked = access_request(&image, &request.reason);
        self.state.send_modify(|state| state.asked.as_mut().expect("it takes requests").push((shown.user, request)));
        let requests = if image == "alpine" { vec![] } else { vec![asked] };
        Ok(Response::new(RequestAccessResponse { image, requests }))
    }

    async fn list_access(&self, request: Request<ListAccessRequest>) -> Result<Response<ListAccessResponse>, Status> {
        self.sealed(request.metadata())?;
        self.takes_requests()?;
        let state = self.state.borrow();
        let asked = state.asked.iter().flatten().map(|(_, request)| access_request(&request.image, &request.reason));
        Ok(Response::new(ListAccessResponse { requests: asked.collect() }))
    }

    async fn withdraw_access(
        &self,
        request: Request<WithdrawAccessRequest>,
    ) -> Result<Response<WithdrawAccessResponse>, Status> {
        self.sealed(request.metadata())?;
        match request.into_inner().id.as_str() {
            "01J9" => Ok(Response::new(WithdrawAccessResponse { request: Some(access_request("evil/miner", "x")) })),
            id => Err(Status::not_found(format!("there is no request `{id}`"))),
        }
    }
}

impl Api {
    fn takes_requests(&self) -> Result<(), Status> {
        self.state.borrow().asked.as_ref().map(drop).ok_or_else(|| Status::unimplemented(""))
    }
}

fn access_request(image: &str, reason: &str) -> AccessRequest {
    AccessRequest {
        id: "01J9".to_owned(),
        organization: "acme".to_owned(),
        image: image.to_owned(),
        reason: reason.to_owned(),
        state: proto::sync::AccessState::Pending.into(),
        created_at: now(),
        is_new: true,
        ..AccessRequest::default()
    }
}
