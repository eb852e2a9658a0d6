//! A plugin: verifies what it is given, holds records until they are acknowledged.

use std::{
    collections::VecDeque,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use proto::{
    control::{
        ApplyRequest, ApplyResponse, CheckRequest, CheckResponse, InForce, NoteActsRequest, NoteActsResponse,
        RecentRequest, RecentResponse, RecordsRequest, RecordsResponse, ReportRequest, ReportResponse, SessionInForce,
        StatusRequest, StatusResponse, WatchRequest, WatchResponse,
        control_server::{Control, ControlServer},
    },
    document,
    keys::TrustedKeys,
    local::{Listener, Peer},
    sealed::{Document as _, Opened, Purpose, open, peek_payload_type},
    sync::{Kind, Record},
};
use tokio::{runtime::Runtime, sync::watch};
use tokio_stream::Stream;
use tonic::{Request, Response, Status, transport::Server};

use super::{key, now};

const MACHINE_ID: &str = "m1";

#[derive(Debug, Clone, Default)]
pub struct State {
    /// One word for each call: `alice acme:1`, or `nobody`.
    pub applies: Vec<String>,
    /// The user whose session is in force.
    pub session: Option<String>,
    pub in_force: Vec<InForce>,
    /// SHA-256 of each session that ever was.
    pub sessions: Vec<Vec<u8>>,
    /// Sessions up to this generation were ended or replaced.
    pub floor: u64,
    pub generation: u64,
    pub refuse: bool,
    pub started_at_ms: i64,
    pub records: VecDeque<(u64, Record)>,
    pub last_record: u64,
    pub dropped: u64,
    /// Of a release before records.
    pub old: bool,
    /// Calls that it does not know.
    pub unknown: u64,
}

/// A plugin that can be stopped and started again.
pub struct Plugin {
    pub state: Arc<watch::Sender<State>>,
    socket: PathBuf,
    runtime: Option<Runtime>,
}

impl Plugin {
    pub fn start(socket: &Path) -> Self {
        let state = State { started_at_ms: 1, ..State::default() };
        let mut plugin = Self { state: Arc::new(watch::Sender::new(state)), socket: socket.to_owned(), runtime: None };
        plugin.serve();
        plugin
    }

    fn serve(&mut self) {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("runtime");
        let server = ControlServer::new(Api { state: Arc::clone(&self.state) })
            .max_decoding_message_size(proto::local::MAX_MESSAGE_BYTES);
        let listener = {
            let _inside = runtime.enter();
            Listener::bind(&self.socket, 0o666).expect("bind")
        };
        runtime
            .spawn(async move { Server::builder().add_service(server).serve_with_incoming(listener.incoming()).await });
        self.runtime = Some(runtime);
    }

    pub fn stop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            // Blocks until every connection is gone, which a task must not.
            let ended = std::thread::spawn(move || runtime.shutdown_timeout(Duration::from_secs(5)));
            ended.join().expect("ends");
        }
    }

    /// A new process: what was in force is gone, numbers of records start anew.
    pub fn start_again(&mut self) {
        self.state.send_modify(|state| {
            let started_at_ms = state.started_at_ms + 1;
            let (sessions, old) = (std::mem::take(&mut state.sessions), state.old);
            *state = State { started_at_ms, sessions, old, ..State::default() };
        });
        self.serve();
    }

    pub fn change(&self, change: impl FnOnce(&mut State)) {
        self.state.send_modify(change);
    }

    /// As another agent of the same user: its session replaces the one in force.
    pub fn lose_session(&self) {
        self.state.send_modify(|state| {
            let sessions = state.in_force.iter().filter(|document| document.kind() == Kind::Session);
            state.floor = sessions.map(|session| session.generation).max().unwrap_or(state.floor);
            state.in_force.retain(|document| document.kind() != Kind::Session);
            state.session = None;
        });
    }

    pub fn decide(&self, ids: impl IntoIterator<Item = String>) {
        self.state.send_modify(|state| {
            for id in ids {
                state.last_record += 1;
                state.records.push_back((state.last_record, record(&id)));
            }
        });
    }

    pub fn applies(&self) -> Vec<String> {
        self.state.borrow().applies.clone()
    }
}

impl Drop for Plugin {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

fn record(id: &str) -> Record {
    Record {
        id: id.to_owned(),
        image: "docker.io/evil/miner:latest".to_owned(),
        action: "pull".to_owned(),
        ..Default::default()
    }
}

fn named<T>(kind: Kind, opened: &Opened<T>, uid: u32) -> InForce {
    let (subject, generation) = (opened.header.subject.clone(), opened.header.generation);
    InForce { kind: kind.into(), subject, generation, sha256: opened.sha256.to_vec(), uid, ..Default::default() }
}

struct Api {
    state: Arc<watch::Sender<State>>,
}

#[tonic::async_trait]
impl Control for Api {
    async fn report(&self, _: Request<ReportRequest>) -> Result<Response<ReportResponse>, Status> {
        Err(Status::unimplemented("the agent does not report decisions of its own"))
    }

    async fn apply(&self, request: Request<ApplyRequest>) -> Result<Response<ApplyResponse>, Status> {
        let uid = request.extensions().get::<Peer>().and_then(|peer| peer.uid).expect("a uid");
        let request = request.into_inner();
        if self.state.borrow().refuse {
            return Err(Status::failed_precondition("the test refuses documents"));
        }
        let keys = TrustedKeys::new(vec![key().verifying_key()]);
        let (mut session, mut policy) = (None, None);
        let mut in_force = vec![];
        for envelope in &request.envelopes {
            let kind = peek_payload_type(envelope).expect("an envelope");
            if kind == document::Session::PAYLOAD_TYPE {
                let audience = format!("machine:{MACHINE_ID}");
                let opened = open::<document::Session>(envelope, &keys, &[&audience], now(), Purpose::Receive)
                    .map_err(|error| Status::failed_precondition(error.to_string()))?;
                assert_eq!(opened.document.uid, uid, "the session is for the caller");
                in_force.push(named(Kind::Session, &opened, uid));
                session = Some(opened.header.subject);
            } else {
                let opened = open::<document::Policy>(envelope, &keys, &["any"], now(), Purpose::Receive)
                    .map_err(|error| Status::failed_precondition(error.to_string()))?;
                in_force.push(named(Kind::Policy, &opened, 0));
                policy = Some(opened.header.generation);
            }
        }
        assert!(!(request.end_session && session.is_some()), "an end and a session at once");
        let new = in_force.iter().find(|document| document.kind() == Kind::Session);
        let mut over = false;
        self.state.send_modify(|state| {
            let old = state.in_force.iter().find(|document| document.kind() == Kind::Session);
            if let Some(new) = new
                && new.generation <= state.floor
            {
                over = true;
                return;
            }
            if let Some(old) = old.filter(|old| new.is_none_or(|new| new.sha256 != old.sha256)) {
                state.floor = state.floor.max(old.generation);
            }
            state.in_force = in_force.clone();
            state.sessions.extend(new.map(|new| new.sha256.clone()));
            state.applies.push(match (&session, policy) {
                (Some(user), Some(generation)) => format!("{user} acme:{generation}"),
                (None, None) if request.end_session => "nobody".to_owned(),
                other => panic!("half a set: {other:?}"),
            });
            state.session = session;
            state.generation = policy.unwrap_or(state.generation);
        });
        if over {
            return Err(Status::failed_precondition(
                "the session of generation 1 is refused: user id 0 of this machine ended or replaced it; sign in again",
            ));
        }
        Ok(Response::new(ApplyResponse::default()))
    }

    async fn status(&self, request: Request<StatusRequest>) -> Result<Response<StatusResponse>, Status> {
        let uid = request.extensions().get::<Peer>().and_then(|peer| peer.uid).expect("a uid");
        let state = self.state.borrow();
        let sessions =
            state.session.iter().map(|user| SessionInForce { user: user.clone(), uid, ..Default::default() });
        Ok(Response::new(StatusResponse {
            version: "1.0.0".to_owned(),
            machine_id: MACHINE_ID.to_owned(),
            started_at_ms: state.started_at_ms,
            sessions: sessions.collect(),
            in_force: state.in_force.clone(),
            ..Default::default()
        }))
    }

    type WatchStream = Pin<Box<dyn Stream<Item = Result<WatchResponse, Status>> + Send>>;

    async fn watch(&self, _: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn records(&self, request: Request<RecordsRequest>) -> Result<Response<RecordsResponse>, Status> {
        if self.state.borrow().old {
            self.state.send_modify(|state| state.unknown += 1);
            return Err(Status::unimplemented(""));
        }
        let RecordsRequest { acknowledge, wait_ms, run, .. } = request.into_inner();
        let acknowledge = if run == self.state.borrow().started_at_ms { acknowledge } else { 0 };
        self.state.send_if_modified(|state| {
            let before = state.records.len();
            state.records.retain(|(number, _)| *number > acknowledge);
            state.records.len() != before
        });
        let mut state = self.state.subscribe();
        let wait = state.wait_for(|state| !state.records.is_empty());
        let _ = tokio::time::timeout(Duration::from_millis(wait_ms.into()), wait).await;
        let state = self.state.borrow();
        let records: Vec<Record> = state.records.iter().take(500).map(|(_, record)| record.clone()).collect();
        let last = state.records.iter().take(500).next_back().map_or(acknowledge, |(number, _)| *number);
        Ok(Response::new(RecordsResponse { records, last, dropped: state.dropped, run: state.started_at_ms }))
    }

    async fn recent(&self, _: Request<RecentRequest>) -> Result<Response<RecentResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn note_acts(&self, _: Request<NoteActsRequest>) -> Result<Response<NoteActsResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }

    async fn check(&self, _: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        Err(Status::unimplemented("not in this test"))
    }
}
