//! The critical path: one message of the engine in, one answer out.
//!
//! INVARIANT (I1): between reading the snapshot and answering there is no I/O, no lock and no await.
//! INVARIANT (I3): what cannot be decoded is denied, and the answer says so.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use policy::{Action, Reason, decide, explain};
use proto::authz::{ALLOWED, AuthzRequest, AuthzResponse};
use tracing::{error, info};
use ulid::Ulid;

use crate::{
    clock,
    live::Live,
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
    ids: Ids,
}

impl Authorizer {
    /// Reads `live`, writes to `recorder`.
    #[must_use]
    pub fn new(live: Arc<Live>, recorder: Recorder) -> Self {
        Self { live, recorder, ids: Ids::new() }
    }

    /// The answer to `POST /AuthZPlugin.AuthZReq`, as JSON.
    #[must_use]
    pub fn answer(&self, message: &[u8]) -> Bytes {
        // A panic in one request must neither stop Docker nor let the request through.
        catch_unwind(AssertUnwindSafe(|| self.judge(message))).unwrap_or_else(|_| {
            error!("a decision panicked; the request was refused");
            refusal(INTERNAL)
        })
    }

    /// The answer to a message that is not even read.
    #[must_use]
    pub fn refuse(&self, text: &str) -> Bytes {
        self.live.count_denial();
        refusal(text)
    }

    fn judge(&self, message: &[u8]) -> Bytes {
        let at_ms = clock::now_ms();
        self.live.count_request(at_ms);
        let request = match AuthzRequest::from_json(message) {
            Ok(request) if !request.request_method.is_empty() => request,
            _ => {
                info!(bytes = message.len(), "refused a message that is not readable");
                return self.refuse(NOT_READABLE);
            }
        };
        let action = request.action();
        if let Action::NotGoverned(_) = action {
            return Bytes::from_static(ALLOWED.as_bytes());
        }
        let enforced = self.live.enforced();
        let decision = decide(&enforced, &action, policy::Timestamp(at_ms / 1000));
        if decision.reason == Reason::NotGoverned && decision.is_allowed() {
            return Bytes::from_static(ALLOWED.as_bytes());
        }
        let id = self.ids.next(at_ms);
        self.recorder.record(Record::of(id, at_ms, &enforced, &action, &decision));
        if decision.is_allowed() {
            return Bytes::from_static(ALLOWED.as_bytes());
        }
        self.live.count_denial();
        let text = explain(&enforced, &action, &decision, &id.to_string());
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
