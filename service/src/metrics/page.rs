//! The page that Prometheus reads: what was counted, and what is at this moment.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::{StatusCode, header::CONTENT_TYPE};
use prometheus_client::{
    encoding::text::encode,
    metrics::{gauge::Gauge, info::Info},
    registry::{Registry, Unit},
};

use super::{Metrics, PREFIX, process::Process};
use crate::{publish::Snapshots, sync_api::Streams};

/// OpenMetrics, as `prometheus-client` writes it.
const CONTENT: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Where the page's numbers come from.
#[derive(Clone)]
pub struct Page(Arc<Inner>);

struct Inner {
    registry: Registry,
    streams: Streams,
    snapshots: Snapshots,
    watching: Gauge,
    organizations: Gauge,
    due: Gauge,
    process: Process,
}

impl Page {
    /// Shows these.
    #[must_use]
    pub fn new(metrics: &Metrics, streams: Streams, snapshots: Snapshots) -> Self {
        let mut registry = Registry::default();
        let process = Process::default();
        process.register(&mut registry);
        let own = registry.sub_registry_with_prefix(PREFIX);
        own.register("build", "This program", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        metrics.register(own);
        let (watching, organizations, due) = (Gauge::default(), Gauge::default(), Gauge::default());
        own.register("watch_streams", "Agents that are connected", watching.clone());
        own.register("published_organizations", "Organizations whose policy is published", organizations.clone());
        let help = "When the next document has to be sealed anew; long past: publishing does not work";
        own.register_with_unit("next_publication_timestamp", help, Unit::Seconds, due.clone());
        Self(Arc::new(Inner { registry, streams, snapshots, watching, organizations, due, process }))
    }

    /// `GET /metrics`, and nothing else.
    pub fn router(self) -> Router {
        Router::new().route("/metrics", get(show)).with_state(self)
    }

    fn text(&self) -> Result<String, std::fmt::Error> {
        let page = &self.0;
        page.watching.set(i64::try_from(page.streams.open()).unwrap_or(i64::MAX));
        {
            let published = page.snapshots.borrow();
            page.organizations.set(i64::try_from(published.policies.len()).unwrap_or(i64::MAX));
            page.due.set(published.due_at());
        }
        page.process.look();
        let mut text = String::new();
        encode(&mut text, &page.registry)?;
        Ok(text)
    }
}

async fn show(State(page): State<Page>) -> Response {
    match page.text() {
        Ok(text) => ([(CONTENT_TYPE, CONTENT)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
