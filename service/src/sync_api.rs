//! The agents' gRPC service (`pullgate.sync.v1.Sync`).

mod access;
mod budget;
mod login;
mod posture;
mod postures;
mod report;
mod watch;

use std::{
    collections::HashMap,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use proto::chain;
use proto::secret::Secret;
use proto::sync::{
    BeginLoginRequest, BeginLoginResponse, FinishLoginRequest, FinishLoginResponse, ListAccessRequest,
    ListAccessResponse, ReportRequest, ReportResponse, RequestAccessRequest, RequestAccessResponse, SignInRequest,
    SignInResponse, WatchRequest, WatchResponse, WithdrawAccessRequest, WithdrawAccessResponse,
    sync_server::{Sync, SyncServer},
};
use tokio_stream::{Stream, wrappers::ReceiverStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tonic::{Extensions, Request, Response, Status};

pub use self::{budget::Budgets, postures::Postures};
use crate::{
    clock,
    identity::{Agent, AgentTokens, Answer, Caller, Identity, Logins, Realm, SignIn, SignInError},
    listener::Peer,
    metrics::Metrics,
    model::{Account, TokenScope, Via},
    names::token_organization,
    publish::{Ahead, Snapshots},
    sessions::{Holder, SessionError, Sessions},
    store::{Reading, Store},
};

/// Longest message of any call, in bytes.
pub const MAX_MESSAGE: usize = 4 << 20;

/// Its calls.
pub const CALLS: [&str; 8] =
    ["BeginLogin", "FinishLogin", "ListAccess", "Report", "RequestAccess", "SignIn", "Watch", "WithdrawAccess"];

/// Longest machine id and agent version, in bytes.
const MAX_ID_BYTES: usize = 128;
/// Open watch streams of one user: some machines, and streams that a lost connection has left behind.
const STREAMS_PER_USER: usize = 64;
/// Of one organization access token: one on each server, and what is left behind.
const STREAMS_PER_TOKEN: usize = 4096;
/// Open watch streams in all.
const STREAMS: usize = 10_000;
/// Agents that come back in a second after the service stopped, so that none of its first seconds is its hardest.
const BACK_IN_A_SECOND: usize = 34;
/// Longest that an agent is sent away for: what is in force at its machine stays meanwhile.
const LONGEST_AWAY: Duration = Duration::from_secs(15);

/// Agents that tell in a second which policy is in force, after it changed: what reports leave of a processor.
const TOLD_IN_A_SECOND: usize = 1000;

/// What the service's calls share.
pub struct SyncApi {
    /// The database.
    pub store: Store,
    /// Checks credentials.
    pub identity: Arc<Identity>,
    /// Logins with the identity provider, where there is one.
    pub logins: Option<Arc<Logins>>,
    /// Seals sessions.
    pub sessions: Sessions,
    /// Makes and reads agent tokens.
    pub tokens: AgentTokens,
    /// What is published.
    pub snapshots: Snapshots,
    /// Where machines are ahead of it.
    pub ahead: Ahead,
    /// What accounts may report.
    pub budgets: Budgets,
    /// Keeps what guards machines.
    pub postures: Postures,
    /// Watch streams run here.
    pub tracker: TaskTracker,
    /// Ends watch streams.
    pub stop: CancellationToken,
    /// Open streams by user.
    pub streams: Streams,
    /// Counts records.
    pub metrics: Metrics,
}

impl SyncApi {
    /// As a tonic service, with limits on messages.
    #[must_use]
    pub fn into_server(self) -> SyncServer<Self> {
        SyncServer::new(self)
            .max_decoding_message_size(MAX_MESSAGE)
            .max_encoding_message_size(proto::local::MAX_MESSAGE_BYTES)
    }
}

/// Whose token it is: [`http`] verified it before the body was read.
fn agent(extensions: &Extensions) -> Result<Agent, Status> {
    extensions.get::<Agent>().cloned().ok_or_else(|| Status::unauthenticated("sign in first: nobody verified the call"))
}

/// The account of whom a token is; an ended one does nothing more.
async fn account(view: &mut Reading, agent: &Agent) -> Result<Account, Status> {
    let account = view.account(&agent.user).await.map_err(|error| unavailable(&error))?;
    account.filter(|account| !account.removed && account.credential_epoch == agent.credential_epoch).ok_or_else(|| {
        Status::unauthenticated("the account's credentials changed since it signed in here; sign in again")
    })
}

fn peer(extensions: &Extensions) -> Result<IpAddr, Status> {
    extensions.get::<Peer>().map(|peer| peer.0.ip()).ok_or_else(|| Status::internal("no peer address"))
}

#[tonic::async_trait]
impl Sync for SyncApi {
    type WatchStream = Pin<Box<dyn Stream<Item = Result<WatchResponse, Status>> + Send>>;

    async fn sign_in(&self, request: Request<SignInRequest>) -> Result<Response<SignInResponse>, Status> {
        let peer = request.extensions().get::<Peer>().copied().ok_or_else(|| Status::internal("no peer address"))?;
        let SignInRequest { username, secret, machine_id, uid, agent_version, realm } = request.into_inner();
        let secret = Secret::new(secret);
        let realm = Realm::from_wire(realm).ok_or_else(|| {
            Status::invalid_argument(format!(
                "`realm` {realm} is unknown: the agent is newer than this service; update the service"
            ))
        })?;
        check_id("machine_id", &machine_id)?;
        if agent_version.len() > MAX_ID_BYTES || agent_version.chars().any(char::is_control) {
            return Err(Status::invalid_argument("`agent_version` is too long or holds control characters"));
        }
        let caller = Caller { peer: peer.0.ip(), via: Via::Agent, machine_id: &machine_id };
        let sign_in = SignIn { realm, username: &username, secret, code: "", needs: Some(TokenScope::SignIn), caller };
        let verified = self.identity.verify(sign_in).await.map_err(|error| sign_in_status(&error))?;
        let account = &verified.account;
        let holder = Holder {
            user: account.name.clone(),
            machine_id,
            uid,
            credential_epoch: account.credential_epoch,
            credential_expires_at: verified.credential_expires_at,
        };
        let now = clock::now();
        let session = self.sessions.renew(&holder, &agent_version, now, 0).await.map_err(|e| session_status(&e))?;
        tracing::info!(
            user = %account.name,
            machine = %holder.machine_id,
            generation = session.generation,
            peer = %peer.0,
            "signed in"
        );
        let ends = verified.ends();
        let agent_token = self.tokens.issue(account, &holder.machine_id, uid, session.generation, now, ends);
        Ok(Response::new(SignInResponse { agent_token, session: session.envelope }))
    }

    async fn watch(&self, request: Request<WatchRequest>) -> Result<Response<Self::WatchStream>, Status> {
        let agent = agent(request.extensions())?;
        let request = request.into_inner();
        let held = watch::held(request.held)?;
        let slot = self.streams.take(&agent.user).ok_or_else(|| {
            Status::resource_exhausted(format!("`{}` has too many open streams; close some", agent.user))
        })?;
        let version: String = request.agent_version.chars().filter(|c| !c.is_control()).take(MAX_ID_BYTES).collect();
        let stream = watch::Desired::new(
            agent,
            version,
            held,
            self.sessions.clone(),
            self.snapshots.clone(),
            self.ahead.clone(),
        );
        // One message waits: a slow agent gets the newest state next, not every state.
        let (sender, receiver) = tokio::sync::mpsc::channel(1);
        let stop = self.stop.clone();
        self.tracker.spawn(async move {
            stream.run(sender, stop, &slot.streams).await;
            drop(slot);
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(receiver))))
    }

    async fn begin_login(&self, request: Request<BeginLoginRequest>) -> Result<Response<BeginLoginResponse>, Status> {
        let peer = peer(request.extensions())?;
        login::begin(self.logins.as_deref(), peer).await.map(Response::new)
    }

    async fn finish_login(
        &self,
        request: Request<FinishLoginRequest>,
    ) -> Result<Response<FinishLoginResponse>, Status> {
        let peer = peer(request.extensions())?;
        login::finish(self.logins.as_deref(), &request.into_inner().login, peer).await.map(Response::new)
    }

    async fn report(&self, request: Request<ReportRequest>) -> Result<Response<ReportResponse>, Status> {
        let agent = agent(request.extensions())?;
        let keeping = report::Keeping {
            store: &self.store,
            budgets: &self.budgets,
            metrics: &self.metrics,
            postures: &self.postures,
        };
        let accepted = report::store(keeping, &agent, request.into_inner()).await?;
        Ok(Response::new(ReportResponse { accepted }))
    }

    async fn request_access(
        &self,
        request: Request<RequestAccessRequest>,
    ) -> Result<Response<RequestAccessResponse>, Status> {
        let agent = agent(request.extensions())?;
        access::request(&self.store, &self.budgets, &agent, request.into_inner()).await.map(Response::new)
    }

    async fn list_access(&self, request: Request<ListAccessRequest>) -> Result<Response<ListAccessResponse>, Status> {
        let agent = agent(request.extensions())?;
        access::list(&self.store, &self.budgets, &agent).await.map(Response::new)
    }

    async fn withdraw_access(
        &self,
        request: Request<WithdrawAccessRequest>,
    ) -> Result<Response<WithdrawAccessResponse>, Status> {
        let agent = agent(request.extensions())?;
        let id = request.into_inner().id;
        access::withdraw(&self.store, &self.budgets, &agent, &id).await.map(Response::new)
    }
}

fn check_id(field: &str, text: &str) -> Result<(), Status> {
    let good = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if text.is_empty() || text.len() > MAX_ID_BYTES || !good {
        return Err(Status::invalid_argument(format!(
            "`{field}` must be 1 to {MAX_ID_BYTES} of letters, digits, `-` and `_`"
        )));
    }
    Ok(())
}

fn sign_in_status(error: &SignInError) -> Status {
    match error.answer() {
        Answer::Refused => Status::unauthenticated(error.to_string()),
        Answer::Later(wait) => exhausted(&error.to_string(), wait),
        Answer::Unavailable => Status::unavailable(error.to_string()),
        Answer::Fault => unavailable(error),
    }
}

fn exhausted(message: &str, wait: Duration) -> Status {
    let mut status = Status::resource_exhausted(message);
    status.metadata_mut().insert("retry-after", wait.as_secs().max(1).into());
    status
}

fn session_status(error: &SessionError) -> Status {
    match error {
        SessionError::Ended | SessionError::Expired => Status::unauthenticated(error.to_string()),
        SessionError::Compile(_) => {
            tracing::error!(error = %chain(error), "a session cannot be sealed");
            Status::failed_precondition(chain(error))
        }
        SessionError::Store(_) => unavailable(error),
    }
}

/// The agent may try again; what is wrong with the database is the operator's business.
fn unavailable(error: &(dyn std::error::Error + 'static)) -> Status {
    tracing::error!(error = %chain(error), "a call failed");
    Status::unavailable("the service cannot do this now; try again later")
}

/// Bounds open streams, by user and in all.
#[derive(Clone, Default)]
pub struct Streams {
    open: Arc<Mutex<Open>>,
    /// How many there were when the service began to stop.
    leaving: Arc<OnceLock<usize>>,
}

#[derive(Default)]
struct Open {
    by_user: HashMap<String, usize>,
    all: usize,
}

impl Streams {
    /// How many are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.lock().all
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The service stops: sends an agent away until a moment of its own.
    fn goodbye(&self) -> Status {
        let leaving = *self.leaving.get_or_init(|| self.open());
        let window = Duration::from_secs(1).mul_f64(leaving as f64 / BACK_IN_A_SECOND as f64).min(LONGEST_AWAY);
        let away = window.mul_f64(fastrand::f64());
        let mut status = Status::unavailable("the service stops; connect again");
        let milliseconds = u64::try_from(away.as_millis()).unwrap_or(0);
        status.metadata_mut().insert("grpc-retry-pushback-ms", milliseconds.into());
        status
    }

    /// So long agents take together to tell which policies are in force.
    fn tell_within(&self) -> Duration {
        Duration::from_secs(1).mul_f64(self.open() as f64 / TOLD_IN_A_SECOND as f64)
    }

    fn take(&self, user: &str) -> Option<StreamSlot> {
        let mut open = self.lock();
        let count = open.by_user.get(user).copied().unwrap_or_default();
        let most = token_organization(user).map_or(STREAMS_PER_USER, |_| STREAMS_PER_TOKEN);
        if open.all >= STREAMS || count >= most {
            return None;
        }
        open.all += 1;
        open.by_user.insert(user.to_owned(), count + 1);
        Some(StreamSlot { streams: self.clone(), user: user.to_owned() })
    }
}

/// A stream's place, given back on drop.
struct StreamSlot {
    streams: Streams,
    user: String,
}

impl Drop for StreamSlot {
    fn drop(&mut self) {
        let mut open = self.streams.lock();
        open.all -= 1;
        if let Some(count) = open.by_user.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.by_user.remove(&self.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_are_bounded_for_each_user_and_given_back() {
        let streams = Streams::default();
        let mut slots: Vec<_> = (0..STREAMS_PER_USER).map(|_| streams.take("alice").unwrap()).collect();
        assert!(streams.take("alice").is_none());
        assert!(streams.take("bob").is_some());
        assert_eq!(streams.open(), STREAMS_PER_USER);
        let servers: Vec<_> = (0..STREAMS_PER_TOKEN).map(|_| streams.take("acme/ci").unwrap()).collect();
        assert!(streams.take("acme/ci").is_none());
        drop(servers);
        slots.pop();
        assert!(streams.take("alice").is_some());
        drop(slots);
        let open = streams.lock();
        assert_eq!((open.by_user.len(), open.all), (0, 0));
    }

    #[test]
    fn the_more_agents_there_are_the_longer_they_take_to_tell() {
        let streams = Streams::default();
        for (agents, expected_ms) in [(1, 1), (500, 500), (10_000, 10_000)] {
            let slots: Vec<_> = (0..agents).map(|agent| streams.take(&format!("user{agent}")).unwrap()).collect();
            assert_eq!(streams.tell_within(), Duration::from_millis(expected_ms));
            drop(slots);
        }
    }

    #[test]
    fn agents_that_are_sent_away_come_back_one_after_the_other() {
        let away = |agents: usize| {
            let streams = Streams::default();
            let slots: Vec<_> = (0..agents).map(|agent| streams.take(&format!("user{agent}")).unwrap()).collect();
            let mut away: Vec<u64> = slots
                .into_iter()
                .map(|slot| {
                    let status = slot.streams.goodbye();
                    let told = status.metadata().get("grpc-retry-pushback-ms").unwrap().to_str().unwrap();
                    // The count of who is there falls meanwhile.
                    drop(slot);
                    told.parse().unwrap()
                })
                .collect();
            away.sort_unstable();
            away
        };
        assert!(away(1)[0] <= 30);
        let many = away(500);
        let busiest = (0..500).map(|first| many.partition_point(|&at| at < many[first] + 1000) - first).max();
        assert!(many[499] < 14_710 && many[250] > 5_000 && busiest < Some(80), "{busiest:?} {many:?}");
        assert!(*away(5000).last().unwrap() < 15_000);
    }

    #[test]
    fn only_wrong_credentials_are_called_wrong() {
        let code = |error| sign_in_status(&error).code();
        assert_eq!(code(SignInError::Wrong), tonic::Code::Unauthenticated);
        assert_eq!(code(SignInError::Internal("a damaged hash".to_owned())), tonic::Code::Unavailable);
        assert_eq!(code(SignInError::Store(crate::store::StoreError::Busy)), tonic::Code::Unavailable);
        assert_eq!(code(SignInError::Busy), tonic::Code::ResourceExhausted);
    }

    #[test]
    fn ids_are_plain() {
        for good in ["a", "01J9ZK", "a-b_c", &"x".repeat(128)] {
            assert!(check_id("machine_id", good).is_ok());
        }
        for bad in ["", "a b", "a:b", "é", "a/b", &"x".repeat(129)] {
            assert!(check_id("machine_id", bad).is_err(), "{bad}");
        }
    }
}
