//! The control socket: gRPC for the agent, the registry door and the commands of this machine.
//!
//! The caller's uid comes from the kernel. Everybody may hand over sealed documents, since only
//! what verifies counts; a session counts for the uid it was sealed for. A user with a session in
//! force gets the records that are about them or about nobody, root gets all.

use std::{path::Path, sync::Arc, time::Duration};

use proto::{
    control::{
        ApplyRequest, ApplyResponse, CheckRequest, CheckResponse, NoteActsRequest, NoteActsResponse, PolicyInForce,
        RecentRequest, RecentResponse, RecordsRequest, RecordsResponse, ReportRequest, ReportResponse, SessionInForce,
        StatusRequest, StatusResponse, WatchRequest,
        control_server::{Control, ControlServer},
    },
    local::{Listener, MAX_MESSAGE_BYTES, Peer},
    sync,
};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status, transport::Server};
use tower::util::MapRequestLayer;

use crate::{
    clock,
    door_user::DoorUser,
    enforcer::{ApplyError, Handle},
    engine_seen::EngineSeen,
    live::Live,
    provenance::Provenance,
    record::{Disk, Origin, Reader, Record, Recorder, Records, Wanted},
    sandbox::Sandbox,
};

mod agents;
mod bounds;
mod check;
mod doors;

use agents::Agents;
use bounds::{Budget, HandOvers};
use doors::{Doors, Followed};

/// The longest a caller may have a long poll wait.
const MAX_WAIT: Duration = Duration::from_secs(60);
/// Most images in one check.
const MAX_IMAGES: usize = 256;
/// Most acts in one note.
const MAX_ACTS: usize = 100;
/// Most records in one report.
const MAX_REPORTED: usize = 500;

/// What the control socket answers from.
#[derive(Debug, Clone)]
pub struct Sources {
    /// The writer.
    pub enforcer: Handle,
    /// What is in force.
    pub live: Arc<Live>,
    /// Where the registry door's decisions join the plugin's.
    pub recorder: Recorder,
    /// Decisions to be fetched.
    pub records: Records,
    /// What is remembered of image names.
    pub provenance: Arc<Provenance>,
    /// Which engine asks.
    pub engine: Arc<EngineSeen>,
    /// This machine's id.
    pub machine_id: String,
    /// Where acts are kept.
    pub state_dir: Arc<Path>,
    /// Who may be a registry door beside root.
    pub door_user: Arc<DoorUser>,
    /// What this process gave up.
    pub sandbox: Sandbox,
}

#[derive(Debug, Clone)]
struct Service {
    from: Sources,
    /// Who hands documents over right now.
    hand_overs: HandOvers,
    doors: Doors,
    agents: Agents,
    stop: CancellationToken,
}

/// Serves until `stop`: then calls come to their end, and streams and long polls end at once. Callers come
/// back to the next process.
///
/// # Errors
/// What the transport says.
pub async fn serve(listener: Listener, from: Sources, stop: CancellationToken) -> Result<(), tonic::transport::Error> {
    // Nobody else's callers may keep the door from its documents.
    let door_user = Arc::clone(&from.door_user);
    let is_door = move |uid| door_user.is(uid);
    let budget = Budget::new(is_door.clone());
    let listener = listener.reserve(is_door);
    let service = Service {
        from,
        hand_overs: HandOvers::default(),
        doors: Doors::default(),
        agents: Agents::default(),
        stop: stop.clone(),
    };
    let control = ControlServer::new(service)
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    Server::builder()
        .layer(MapRequestLayer::new(move |request| budget.bound(request)))
        .concurrency_limit_per_connection(8)
        .max_concurrent_streams(8)
        .http2_keepalive_interval(Some(Duration::from_secs(30)))
        .http2_keepalive_timeout(Some(Duration::from_secs(10)))
        .add_service(control)
        .serve_with_incoming_shutdown(listener.incoming(), stop.cancelled_owned())
        .await
}

#[tonic::async_trait]
impl Control for Service {
    async fn apply(&self, request: Request<ApplyRequest>) -> Result<Response<ApplyResponse>, Status> {
        let uid = caller(&request)?;
        let ApplyRequest { envelopes, end_session } = request.into_inner();
        let turn = self.hand_overs.begin(uid);
        let _turn = turn.ok_or_else(|| {
            Status::resource_exhausted("this user is handing documents over already; try again when that is done")
        })?;
        let in_force = self.from.enforcer.apply(uid, envelopes, end_session).await.map_err(|error| refusal(&error))?;
        Ok(Response::new(ApplyResponse { in_force }))
    }

    async fn status(&self, _request: Request<StatusRequest>) -> Result<Response<StatusResponse>, Status> {
        let view = Arc::clone(&self.from.enforcer.view().borrow());
        let enforced = self.from.live.enforced();
        let counters = self.from.live.counters();
        let remembered = self.from.provenance.remembered();
        let now = clock::now();
        Ok(Response::new(StatusResponse {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            machine_id: self.from.machine_id.clone(),
            in_force: view.in_force.clone(),
            sign_in_enforced: enforced.sign_in.is_enforced(),
            allowed_organizations: match &enforced.sign_in {
                policy::SignIn::Required(organizations) => organizations.clone(),
                policy::SignIn::Optional | policy::SignIn::Unusable(_) => Vec::new(),
            },
            enrollment_error: view.enrollment_error.clone(),
            started_at_ms: counters.started_at_ms,
            requests: counters.requests,
            denials: counters.denials,
            records_dropped: self.from.records.dropped(),
            sessions: enforced
                .sessions
                .iter()
                .map(|session| SessionInForce {
                    user: session.user.clone(),
                    uid: session.uid,
                    organizations: session.organizations.iter().map(|m| m.organization.clone()).collect(),
                    expired: !session.is_valid(now),
                })
                .collect(),
            policies: enforced
                .policies
                .iter()
                .map(|policy| PolicyInForce {
                    organization: policy.organization.clone(),
                    generation: policy.generation,
                    enabled: policy.enabled,
                    mode: policy.mode.code().to_owned(),
                    age: policy.validity.age(now).code().to_owned(),
                })
                .collect(),
            last_request_at_ms: counters.last_request_at_ms,
            engine_version: self.from.engine.shown(),
            names_remembered: remembered.names as u64,
            names_lost: remembered.overflowed,
            sign_in_files: view.sign_in_files.clone(),
            doors: self.doors.list(),
            door_expected: view.door_expected,
            egress: Some(view.egress.clone()),
            sandbox_faults: self.from.sandbox.faults(),
            agents: self.agents.list(),
        }))
    }

    type WatchStream = Followed;

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        // Sealed sessions are nobody's but their user's and the enforcers'.
        let uid = self.door(&request, "sealed documents are handed on")?;
        let Sources { enforcer, machine_id, .. } = &self.from;
        Ok(Response::new(self.doors.follow(
            uid,
            request.into_inner(),
            machine_id.clone(),
            enforcer.view(),
            self.stop.clone(),
        )))
    }

    async fn records(&self, request: Request<RecordsRequest>) -> Result<Response<RecordsResponse>, Status> {
        let uid = caller(&request)?;
        let reader = self.reader(uid)?;
        let RecordsRequest { acknowledge, wait_ms, run, agent_version, service_version } = request.into_inner();
        self.agents.asked(uid, &agent_version, &service_version, clock::now_ms());
        let this_run = self.from.live.counters().started_at_ms;
        // Numbers of another run would forget records that nobody has.
        let acknowledge = if run == this_run { acknowledge } else { 0 };
        let wait = Duration::from_millis(u64::from(wait_ms)).min(MAX_WAIT);
        let batch = self.from.records.fetch(&reader, acknowledge, wait, &self.stop).await;
        let records = self.messages(&batch.records, this_run);
        Ok(Response::new(RecordsResponse { records, last: batch.last, dropped: batch.dropped, run: this_run }))
    }

    async fn report(&self, request: Request<ReportRequest>) -> Result<Response<ReportResponse>, Status> {
        self.door(&request, "decisions are taken")?;
        let ReportRequest { records, dropped } = request.into_inner();
        if records.len() > MAX_REPORTED {
            return Err(Status::invalid_argument(format!("more than {MAX_REPORTED} records in one report")));
        }
        let now_ms = clock::now_ms();
        let mut lost = dropped;
        for record in records {
            match Record::reported(record, Origin::Door, now_ms) {
                Ok(record) => self.from.recorder.record(record),
                Err(error) => {
                    tracing::warn!(%error, "a record of the registry door is left out");
                    lost = lost.saturating_add(1);
                }
            }
        }
        self.from.recorder.lost(lost);
        Ok(Response::new(ReportResponse {}))
    }

    async fn check(&self, request: Request<CheckRequest>) -> Result<Response<CheckResponse>, Status> {
        let images = request.into_inner().images;
        if images.len() > MAX_IMAGES {
            return Err(Status::invalid_argument(format!(
                "more than {MAX_IMAGES} images in one check; ask again with fewer"
            )));
        }
        let enforced = self.from.live.enforced();
        let now = clock::now();
        let images = images.into_iter().map(|input| check::one(&enforced, input, now)).collect();
        Ok(Response::new(CheckResponse { images }))
    }

    async fn recent(&self, request: Request<RecentRequest>) -> Result<Response<RecentResponse>, Status> {
        let reader = self.reader(caller(&request)?)?;
        let RecentRequest { after, run, since_ms, refused } = request.into_inner();
        let this_run = self.from.live.counters().started_at_ms;
        let after = if run == this_run { after } else { 0 };
        let page = self.from.records.lately(&reader, Wanted { after, since_ms, refused }).await;
        Ok(Response::new(RecentResponse {
            records: self.messages(&page.records, this_run),
            last: page.last,
            more: page.more,
            run: this_run,
            forgotten: page.forgotten,
        }))
    }

    async fn note_acts(&self, request: Request<NoteActsRequest>) -> Result<Response<NoteActsResponse>, Status> {
        let uid = caller(&request)?;
        if uid != 0 {
            return Err(Status::permission_denied(format!("what root did, root says, and user id {uid} is not root")));
        }
        let acts = request.into_inner().acts;
        if acts.len() > MAX_ACTS {
            return Err(Status::invalid_argument(format!("more than {MAX_ACTS} acts in one note")));
        }
        let now_ms = clock::now_ms();
        let read = |act| Record::reported(act, Origin::Root, now_ms);
        let acts: Result<Vec<_>, _> = acts.into_iter().map(read).collect();
        let acts = acts.map_err(|error| Status::invalid_argument(error.to_string()))?;
        let run = self.from.live.counters().started_at_ms;
        let disk = Disk { state_dir: &self.from.state_dir, machine_id: &self.from.machine_id, run };
        let noted = self.from.records.note(acts, disk).await;
        noted.map_err(|error| Status::unavailable(proto::chain(&error)))?;
        Ok(Response::new(NoteActsResponse {}))
    }
}

impl Service {
    /// The caller, who is a registry door.
    fn door<T>(&self, request: &Request<T>, what: &str) -> Result<u32, Status> {
        let uid = caller(request)?;
        let door_user = &self.from.door_user;
        if uid == 0 || door_user.is(uid) {
            return Ok(uid);
        }
        Err(Status::permission_denied(format!(
            "{what} for root and for `{door_user}` only, and user id {uid} is neither; \
             run pullgate-proxy as that user, or name its user to pullgate-plugin with --door-user"
        )))
    }

    fn reader(&self, uid: u32) -> Result<Reader, Status> {
        if uid == 0 {
            return Ok(Reader::Everything);
        }
        let enforced = self.from.live.enforced();
        let mut sessions = enforced.sessions.iter().filter(|s| s.uid == uid && s.is_valid(clock::now()));
        match sessions.next() {
            Some(session) => Ok(Reader::Of(session.user.clone())),
            None => Err(Status::permission_denied("records go to root and to users who are signed in on this machine")),
        }
    }

    fn messages(&self, records: &[(u64, Arc<Record>)], run: i64) -> Vec<sync::Record> {
        records.iter().map(|(number, record)| record.to_message(&self.from.machine_id, run, *number)).collect()
    }
}

fn caller<T>(request: &Request<T>) -> Result<u32, Status> {
    request
        .extensions()
        .get::<Peer>()
        .and_then(|peer| peer.uid)
        .ok_or_else(|| Status::unauthenticated("the system does not say who is calling"))
}

fn refusal(error: &ApplyError) -> Status {
    let text = proto::chain(error);
    match error {
        ApplyError::State(_) | ApplyError::Stopping => Status::unavailable(text),
        ApplyError::ForeignSession { .. } => Status::permission_denied(text),
        ApplyError::TooMany { .. } => Status::resource_exhausted(text),
        _ => Status::failed_precondition(text),
    }
}
