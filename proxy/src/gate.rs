//! Where a request is decided on: read by `policy::registry`, held against what is in force, and
//! tied to what was resolved before.

use std::sync::Arc;

use http::{HeaderMap, Method, Response};
use policy::Enforced;
use tokio::sync::watch;

use crate::report::Reporter;

/// Decides. Shared by all connections.
#[derive(Debug)]
pub struct Gate {
    enforced: watch::Receiver<Arc<Enforced>>,
    reporter: Reporter,
}

/// One request, as far as it is decided on.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The registry as the engine names it, `host[:port]`, in any letter case.
    pub host: &'a str,
    /// Its method.
    pub method: &'a Method,
    /// Path and query, as they are on the wire.
    pub target: &'a str,
    /// Its headers. Credentials among them are nobody's business here.
    pub headers: &'a HeaderMap,
}

/// What becomes of it.
#[derive(Debug)]
pub enum Answer {
    /// It goes to the registry, and what comes back passes `Learn` on its way.
    Pass(Learn),
    /// It is answered here.
    Refuse(Refusal),
}

/// An answer of the door's own, in the registry's form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// 403, or 404 where something else than a person reads it.
    pub status: http::StatusCode,
    /// The code of the registry's error body, for example `DENIED`.
    pub code: &'static str,
    /// The text, several lines.
    pub message: String,
}

/// What the answer of a registry teaches: which digest a tag stands for, and what a manifest is made of.
#[derive(Debug, Default)]
pub struct Learn {
    _todo: (),
}

impl Learn {
    /// Looks at an answer's head. True: the body is a manifest that [`Learn::manifest`] must see
    /// before any of it is passed on, if it has no more than [`MAX_MANIFEST_BYTES`].
    pub fn head<B>(&mut self, _head: &Response<B>) -> bool {
        false
    }

    /// Looks at a whole manifest.
    pub fn manifest(&mut self, _body: &[u8]) {}
}

/// Largest manifest that engines read (distribution's `MaxManifestSize` and containerd's limit: 4 MiB).
pub const MAX_MANIFEST_BYTES: usize = 4 << 20;

impl Gate {
    /// Decides by what is `enforced` at the moment, and hands its decisions to `reporter`.
    #[must_use]
    pub fn new(enforced: watch::Receiver<Arc<Enforced>>, reporter: Reporter) -> Self {
        Self { enforced, reporter }
    }

    /// Decides on one request. Waits, bounded, only where nothing was heard from the plugin yet.
    pub async fn ask(&self, _asked: Asked<'_>) -> Answer {
        let _ = &self.reporter;
        Answer::Pass(Learn::default())
    }

    /// Whether anything on this host could be refused or would have to be recorded now; if not, its
    /// connections are nobody's business.
    #[must_use]
    pub fn governs(&self, _host: &str) -> bool {
        true
    }

    /// Changes when [`Gate::governs`] may.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Arc<Enforced>> {
        self.enforced.clone()
    }
}
