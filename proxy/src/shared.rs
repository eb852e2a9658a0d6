//! What all connections share.

use std::sync::Arc;

use hyper::server::conn::http1;
use hyper_util::rt::TokioTimer;
use tokio::{sync::Notify, time::timeout};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    gate::Gate,
    leaf::Leaves,
    limits::{self, Limits},
    rooms::Rooms,
    settings::Settings,
    slots::Slots,
    upstream::Upstream,
};

/// What all connections share.
#[derive(Debug)]
pub struct Shared {
    /// Decides.
    pub gate: Gate,
    /// Certificates for clients.
    pub leaves: Leaves,
    /// The way to registries.
    pub upstream: Upstream,
    /// What the administrator settled.
    pub settings: Arc<Settings>,
    /// Bounds.
    pub limits: Limits,
    /// Memory for manifests.
    pub manifests: Arc<Rooms>,
    /// Connections that may be open.
    pub slots: Arc<Slots>,
    /// Every connection and tunnel.
    pub tasks: TaskTracker,
    /// No new requests from now on.
    pub stop: CancellationToken,
}

impl Shared {
    /// How HTTP is spoken with clients.
    #[must_use]
    pub fn http(&self) -> http1::Builder {
        let mut http = http1::Builder::new();
        // One limit for a head and the silence before it: hyper has one timer for both.
        http.timer(TokioTimer::new()).header_read_timeout(self.limits.keep_alive).max_buf_size(limits::REQUEST_HEAD);
        http
    }

    /// When a connection is to end: the door stops, and its client has asked once, or takes too long to. The HTTP
    /// library would close one that has not been read from; what waits there to be read would be lost.
    pub async fn ending(&self, asked: &Notify) {
        self.stop.cancelled().await;
        let _ = timeout(self.limits.late, asked.notified()).await;
    }
}
