//! Whether the service lives, and whether it should be sent work: for load balancers and supervisors.
//!
//! `/healthz` says that the process answers; restarting it helps when it does not. `/readyz` says that it can do its
//! work; sending work to another one helps when it cannot.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::State,
    response::{IntoResponse, Response},
    routing::get,
};
use http::StatusCode;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{clock, publish::Snapshots, store::Store};

/// The database has this long to answer.
const DEADLINE: Duration = Duration::from_secs(2);
/// Whoever asks within this is told what the last one was told: asking costs nothing, whoever it is.
const REMEMBERED: Duration = Duration::from_secs(1);
/// A document that is this much over its time is one that cannot be published, in seconds.
const OVERDUE: i64 = 300;

/// What keeps the service from its work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotReady {
    /// It was told to stop.
    #[error("the service stops")]
    Stopping,
    /// The database does not answer, or not in time.
    #[error("the database does not answer; the log of the service says why")]
    Database,
    /// What is due is not published.
    #[error("a policy is overdue and cannot be published; the log of the service says why")]
    Publishing,
}

/// When it was looked last, and what was seen.
type Last = Option<(Instant, Result<(), NotReady>)>;

/// Looks at what the service needs.
#[derive(Clone)]
pub struct Readiness {
    store: Store,
    snapshots: Snapshots,
    stop: CancellationToken,
    last: Arc<Mutex<Last>>,
}

impl Readiness {
    /// Of this service.
    #[must_use]
    pub fn new(store: Store, snapshots: Snapshots, stop: CancellationToken) -> Self {
        Self { store, snapshots, stop, last: Arc::default() }
    }

    /// Whether the service can do its work; asked of the database at most once in [`REMEMBERED`].
    ///
    /// # Errors
    /// [`NotReady`].
    pub async fn look(&self) -> Result<(), NotReady> {
        if self.stop.is_cancelled() {
            return Err(NotReady::Stopping);
        }
        let mut last = self.last.lock().await;
        if let Some((_, said)) = last.as_ref().filter(|(at, _)| at.elapsed() < REMEMBERED) {
            return said.clone();
        }
        let said = self.ask().await;
        *last = Some((Instant::now(), said.clone()));
        said
    }

    async fn ask(&self) -> Result<(), NotReady> {
        let read = async { self.store.read().await?.revision().await };
        match tokio::time::timeout(DEADLINE, read).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                tracing::error!(error = %proto::chain(&error), "not ready: the database cannot be read");
                return Err(NotReady::Database);
            }
            Err(_) => {
                tracing::error!("not ready: the database does not answer");
                return Err(NotReady::Database);
            }
        }
        if clock::now().saturating_sub(self.snapshots.borrow().due_at()) > OVERDUE {
            return Err(NotReady::Publishing);
        }
        Ok(())
    }
}

/// `GET /healthz` and `GET /readyz`.
pub fn router(readiness: Readiness) -> Router {
    Router::new().route("/healthz", get(|| async { "ok\n" })).route("/readyz", get(ready)).with_state(readiness)
}

async fn ready(State(readiness): State<Readiness>) -> Response {
    match readiness.look().await {
        Ok(()) => "ready\n".into_response(),
        Err(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")).into_response(),
    }
}

#[cfg(test)]
mod tests;
