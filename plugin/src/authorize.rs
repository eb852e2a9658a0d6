//! The critical path: one message of the engine in, one answer out.
//!
//! INVARIANT (I1): between reading the snapshot and answering there is no I/O and no await. A request
//! that opens host paths is looked into before that ([`Paths`]), and only where a policy protects
//! the machine; it then leaves the thread that answers all others.
//! INVARIANT (I3): what cannot be decoded is denied, and the answer says so.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use policy::{
    Action, Enforced, HostPath, Reason, decide, explain,
    settings::{ContainerBuilders, RunUnapproved},
};
use proto::authz::{ALLOWED, AuthzRequest, AuthzResponse};
use tracing::{error, info};
use ulid::Ulid;

use crate::{
    clock,
    engine_seen::{EngineSeen, Process},
    live::Live,
    paths::{self, Paths},
    provenance::Provenance,
    record::{Record, Recorder},
};

/// A request that did not arrive as the engine sends it. After a plugin died the engine repeats
/// the request with an empty body (moby `pkg/plugins/client.go`: the buffer was consumed).
const NOT_READABLE: &str = "pullgate received this request without its content, as happens while it is being restarted; \
                            what it cannot read it refuses.\nRun the command again";
const INTERNAL: &str = "pullgate failed while judging this request, and refuses what it cannot judge.\n\
                        Run the command again; if it fails again, tell your administrator (log of pullgate-plugin)";

/// Answers the engine's question about one request.
#[derive(Debug)]
pub struct Authorizer {
    live: Arc<Live>,
    recorder: Recorder,
    provenance: Arc<Provenance>,
    engine: Arc<EngineSeen>,
    paths: Paths,
    ids: Ids,
}

/// How far a request can be judged at once.
enum Step {
    Answer(Bytes),
    /// These paths must be looked up first.
    LookUp(Action, Vec<HostPath>),
}

impl Authorizer {
    /// Reads `live`, writes to `recorder`, `provenance` and `engine`.
    #[must_use]
    pub fn new(live: Arc<Live>, recorder: Recorder, provenance: Arc<Provenance>, engine: Arc<EngineSeen>) -> Self {
        Self { live, recorder, provenance, engine, paths: Paths::default(), ids: Ids::new() }
    }

    /// The answer to `POST /AuthZPlugin.AuthZReq`, as JSON; none: it takes [`Authorizer::answer`].
    #[must_use]
    pub fn answer_at_once(&self, message: &[u8]) -> Option<Bytes> {
        match self.unless_panic(|| self.begin(message)) {
            Step::Answer(answer) => Some(answer),
            Step::LookUp(..) => None,
        }
    }

    /// The answer to `POST /AuthZPlugin.AuthZReq`, as JSON.
    pub async fn answer(&self, message: &[u8]) -> Bytes {
        let (mut action, paths) = match self.unless_panic(|| self.begin(message)) {
            Step::Answer(answer) => return answer,
            Step::LookUp(action, paths) => (action, paths),
        };
        let found = self.paths.look_up(paths).await;
        if let Action::Governed(governed) = &mut action {
            governed.reach.extend(found);
        }
        match self.unless_panic(|| Step::Answer(self.decide(action))) {
            Step::Answer(answer) => answer,
            Step::LookUp(..) => refusal(INTERNAL),
        }
    }

    /// The answer to a message that is not even read.
    #[must_use]
    pub fn refuse(&self, text: &str) -> Bytes {
        self.live.count_denial();
        refusal(text)
    }

    /// Whether [`Authorizer::reported`] has a use for the engine's next report.
    #[must_use]
    pub fn wants_reports(&self) -> bool {
        self.provenance.waits() || self.engine.waits()
    }

    /// Takes `POST /AuthZPlugin.AuthZRes`: what became of a request. A refusal after the fact undoes
    /// nothing, so there is none.
    pub fn reported(&self, message: &[u8]) {
        let take = || {
            self.engine.reported(message);
            self.provenance.reported(message);
        };
        if catch_unwind(AssertUnwindSafe(take)).is_err() {
            error!("a report panicked; nothing was taken from it");
        }
    }

    /// Takes `POST /Plugin.Activate`: an engine asks it once, after its start.
    pub fn activated(&self, by: Option<Process>) {
        if self.engine.activated(by) {
            self.provenance.engine_started();
        }
    }

    // A panic in one request must neither stop Docker nor let the request through.
    fn unless_panic(&self, judge: impl FnOnce() -> Step) -> Step {
        catch_unwind(AssertUnwindSafe(judge)).unwrap_or_else(|_| {
            error!("a decision panicked; the request was refused");
            Step::Answer(refusal(INTERNAL))
        })
    }

    fn begin(&self, message: &[u8]) -> Step {
        let request = match AuthzRequest::from_json(message) {
            Ok(request) if !request.request_method.is_empty() => request,
            _ => {
                self.live.count_request(clock::now_ms());
                info!(bytes = message.len(), "refused a message that is not readable");
                return Step::Answer(self.refuse(NOT_READABLE));
            }
        };
        let mut action = request.action_of(self.engine.may_be_http2());
        match &mut action {
            Action::NotGoverned(_) => {
                self.live.count_request(clock::now_ms());
                self.provenance.passed(&request.request_method, &request.request_uri);
                return Step::Answer(Bytes::from_static(ALLOWED.as_bytes()));
            }
            Action::Governed(governed) => {
                if let Some(paths) = paths::as_text(&self.live.enforced(), governed) {
                    return Step::LookUp(action, paths);
                }
            }
            Action::Unverifiable(_) => {}
        }
        Step::Answer(self.decide(action))
    }

    fn decide(&self, mut action: Action) -> Bytes {
        let at_ms = clock::now_ms();
        self.live.count_request(at_ms);
        let enforced = self.live.enforced();
        if let Action::Governed(governed) = &mut action {
            self.provenance.tell(governed, is_strict_about_origins(&enforced));
        }
        let now = policy::Timestamp(at_ms / 1000);
        let decision = decide(&enforced, &action, now);
        if !decision.is_allowed() {
            self.provenance.refused(&action);
        } else if let Err(name) = self.provenance.allowed(&action) {
            info!(action = action.word(), image = name.as_str(), "refused to change a name that is being started");
            return self.refuse(&format!(
                "a container is being made from `{name}` at this moment, and meanwhile its name must stay what it is.\n\
                 Run the command again"
            ));
        }
        if decision.reason == Reason::NotGoverned && decision.is_allowed() {
            return Bytes::from_static(ALLOWED.as_bytes());
        }
        let id = self.ids.next(at_ms);
        if decision.reason == Reason::Probe && decision.is_allowed() {
            return Bytes::from_static(ALLOWED.as_bytes());
        }
        if decision.reason == Reason::Probe {
            return refusal(&explain(&enforced, &action, &decision, now, &id.to_string()));
        }
        self.recorder.record(Record::of(id, at_ms, &enforced, &action, &decision));
        if decision.is_allowed() {
            return Bytes::from_static(ALLOWED.as_bytes());
        }
        self.live.count_denial();
        let text = explain(&enforced, &action, &decision, now, &id.to_string());
        info!(
            decision = %id,
            action = action.word(),
            image = decision.image().map(policy::ImageRef::as_str),
            reason = decision.reason.code(),
            organization = decision.organization,
            "denied"
        );
        refusal(&text)
    }
}

/// Whether a name that changes while a container is being made from it would get round some policy.
fn is_strict_about_origins(enforced: &Enforced) -> bool {
    enforced.policies.iter().any(|policy| {
        let settings = &policy.settings;
        let strict = settings.run_unapproved == RunUnapproved::Deny
            || settings.container_builders == ContainerBuilders::Deny
            || settings.protect.is_some();
        policy.enabled && strict
    })
}

fn refusal(text: &str) -> Bytes {
    let json = serde_json::to_vec(&AuthzResponse { allow: false, msg: text });
    json.map_or_else(|_| Bytes::from_static(br#"{"Allow":false}"#), Bytes::from)
}

/// Decision ids: ULIDs whose random part is random once a process and counts from there.
#[derive(Debug)]
struct Ids {
    start: u128,
    count: AtomicU64,
}

impl Ids {
    fn new() -> Self {
        let mut bytes = [0; 16];
        // Without a random source ids still differ within the process and by time.
        let _ = getrandom::fill(&mut bytes);
        Self { start: u128::from_le_bytes(bytes), count: AtomicU64::new(0) }
    }

    fn next(&self, at_ms: i64) -> Ulid {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        let random = self.start.wrapping_add(u128::from(count));
        Ulid::from_parts(u64::try_from(at_ms).unwrap_or_default(), random)
    }
}
