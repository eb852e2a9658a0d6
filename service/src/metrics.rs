//! What the service counts, for Prometheus (`docs/reference/metrics.md`).
//!
//! INVARIANT: the values of every label are a fixed set (routes, codes, outcomes): never what somebody else chose, such
//! as an image or an account. Neither the size nor the content of what is shown grows with use.

mod page;
mod process;

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};
use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, histogram::Histogram},
    registry::{Registry, Unit},
};

pub use self::page::Page;
use crate::{
    model::{Outcome, Via, word},
    sync_api::CALLS,
};

/// From a call that touches nothing to one that waited for somebody else, in seconds.
const SECONDS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 20.0];
/// Every name starts with it.
const PREFIX: &str = "pullgate_service";

/// The counters; clones share them.
#[derive(Clone)]
pub struct Metrics {
    requests: Family<RequestLabels, Counter>,
    seconds: Family<RouteLabels, Histogram>,
    sign_ins: Family<SignInLabels, Counter>,
    records: Family<RecordLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    code: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SignInLabels {
    via: String,
    outcome: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RecordLabels {
    outcome: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            sign_ins: Family::default(),
            records: Family::default(),
        }
    }
}

/// How one report of records went, in records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reported {
    /// Counted or kept.
    pub new: u64,
    /// Sent before, and counted or kept then.
    pub known: u64,
    /// Of which nothing is kept, as their organization wants it.
    pub unkept: u64,
    /// Not believed, or out of bounds.
    pub refused: u64,
    /// Forgotten on the machine before they could be sent.
    pub lost: u64,
}

impl Metrics {
    /// Counts an attempt to sign in.
    pub fn sign_in(&self, via: Via, outcome: Outcome) {
        self.sign_ins.get_or_create(&SignInLabels { via: word(via), outcome: word(outcome) }).inc();
    }

    /// Counts what became of a report.
    pub fn reported(&self, reported: Reported) {
        let Reported { new, known, unkept, refused, lost } = reported;
        let all = [("new", new), ("known", known), ("unkept", unkept), ("refused", refused), ("lost", lost)];
        for (outcome, count) in all {
            self.records.get_or_create(&RecordLabels { outcome }).inc_by(count);
        }
    }

    fn register(&self, registry: &mut Registry) {
        registry.register("requests", "Requests by route, and by how they were answered", self.requests.clone());
        let help = "From the end of a request's head to the head of its answer";
        registry.register_with_unit("request_duration", help, Unit::Seconds, self.seconds.clone());
        registry.register("sign_ins", "Attempts to sign in", self.sign_ins.clone());
        registry.register("records", "Decision records that machines reported", self.records.clone());
    }
}

/// Counts a request and how long it took.
pub async fn measure(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let method = method(&request);
    let route = route(&request);
    let response = next.run(request).await;
    metrics.seconds.get_or_create(&RouteLabels { route: route.clone() }).observe(begin.elapsed().as_secs_f64());
    metrics.requests.get_or_create(&RequestLabels { method, route, code: code(&response) }).inc();
    response
}

/// The route as it is written down, not the path.
fn route(request: &Request) -> String {
    let path = request.uri().path();
    if let Some(call) = path.strip_prefix("/pullgate.sync.v1.Sync/") {
        let known = CALLS.iter().find(|known| **known == call);
        return (*known.unwrap_or(&"other")).to_owned();
    }
    request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned()
}

fn method(request: &Request) -> String {
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];
    let method = request.method().as_str();
    known.into_iter().find(|known| *known == method).unwrap_or("other").to_owned()
}

/// The HTTP status; of a gRPC call that failed, its code as `grpc-7`.
fn code(response: &Response) -> String {
    let failed = response.headers().get("grpc-status").and_then(|code| code.to_str().ok());
    match failed.and_then(|code| code.parse::<u8>().ok()).filter(|code| (1..=16).contains(code)) {
        Some(code) => format!("grpc-{code}"),
        None => response.status().as_u16().to_string(),
    }
}

#[cfg(test)]
mod tests;
