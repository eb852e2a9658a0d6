//! What a registry's answer teaches.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use http::{HeaderMap, Response, StatusCode, header};
use policy::{
    ImageRef,
    registry::{Part, Repository},
};

use super::{
    manifest::{self, is_digest_of},
    redirect,
    ties::Ties,
};

/// Largest manifest that engines read (distribution's `MaxManifestSize` and containerd's limit: 4 MiB).
pub const MAX_MANIFEST_BYTES: usize = 4 << 20;
const CONTENT_DIGEST: &str = "docker-content-digest";

/// What the answer of a registry teaches: which digest a tag stands for, and what a manifest is made of.
#[derive(Debug, Default)]
pub struct Learn(Lesson);

#[derive(Debug, Default)]
enum Lesson {
    #[default]
    Nothing,
    Manifest(Manifest),
    Push {
        ties: Arc<Mutex<Ties>>,
        repository: String,
        /// None: the registry says it.
        digest: Option<String>,
    },
}

#[derive(Debug)]
struct Manifest {
    ties: Arc<Mutex<Ties>>,
    /// The registry that answers, as the engine names it.
    host: String,
    /// As what it was asked for: here, and where redirects led here from.
    wanted: Vec<Arc<Wanted>>,
    only_head: bool,
    came: Came,
}

/// A manifest that was asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    /// [`Repository::key`].
    key: String,
    asked: Repository,
}

/// What goes on to the engine.
#[derive(Debug, Default)]
pub(super) struct Came {
    /// It as what it turned out to be, by digest, where it was not asked for so.
    pub(super) contents: Vec<Repository>,
    /// As what it was asked for, if it is an engine plugin, or may be one for an engine.
    pub(super) plugins: Vec<Repository>,
}

impl Learn {
    pub(super) fn manifest_of(ties: &Arc<Mutex<Ties>>, host: &str, target: &str, asked: &Repository) -> Self {
        let here = Arc::new(Wanted { key: asked.key(), asked: asked.clone() });
        Self::wanted(ties, host, target, asked.only_head, vec![here])
    }

    /// Of an address that is none of a manifest, unless a redirect led here from one.
    pub(super) fn elsewhere(ties: &Arc<Mutex<Ties>>, host: &str, target: &str, only_head: bool) -> Self {
        Self::wanted(ties, host, target, only_head, Vec::new())
    }

    fn wanted(
        ties: &Arc<Mutex<Ties>>,
        host: &str,
        target: &str,
        only_head: bool,
        mut wanted: Vec<Arc<Wanted>>,
    ) -> Self {
        wanted.extend(lock(ties).led_from(host, target, Instant::now()));
        if wanted.is_empty() {
            return Self::default();
        }
        let (ties, host) = (Arc::clone(ties), host.to_owned());
        Self(Lesson::Manifest(Manifest { ties, host, wanted, only_head, came: Came::default() }))
    }

    pub(super) fn push_to(ties: &Arc<Mutex<Ties>>, repository: String, digest: Option<&str>) -> Self {
        Self(Lesson::Push { ties: Arc::clone(ties), repository, digest: digest.map(str::to_owned) })
    }

    /// Whether a body will be read here: the registry must then be asked for it as it is, without any
    /// content coding (engines offer gzip by themselves).
    #[must_use]
    pub fn reads_body(&self) -> bool {
        matches!(self.0, Lesson::Manifest(Manifest { only_head: false, .. }))
    }

    /// What came: it may have to be refused as that where it was not as what was asked for.
    pub(super) const fn came(&self) -> Option<&Came> {
        match &self.0 {
            Lesson::Manifest(manifest) => Some(&manifest.came),
            _ => None,
        }
    }

    /// Looks at an answer's head. True: the body is a manifest that [`Learn::manifest`] must see
    /// before any of it is passed on, if it has no more than [`MAX_MANIFEST_BYTES`].
    pub fn head<B>(&mut self, head: &Response<B>) -> bool {
        let told = head.headers().get(CONTENT_DIGEST).and_then(|value| value.to_str().ok());
        let told = told.filter(|digest| ImageRef::is_digest(digest));
        match &mut self.0 {
            Lesson::Manifest(manifest) => match redirect::place(&manifest.host, head) {
                Some((host, target)) => {
                    lock(&manifest.ties).lead(&host, &target, &manifest.wanted, Instant::now());
                    false
                }
                None => is_taken(head.status()) && manifest.head(told) && is_readable(head.headers()),
            },
            Lesson::Push { ties, repository, digest } if head.status() == StatusCode::CREATED => {
                if let Some(digest) = digest.as_deref().or(told) {
                    lock(ties).push(repository, digest, Instant::now());
                }
                false
            }
            _ => false,
        }
    }

    /// Looks at a whole manifest.
    pub fn manifest(&mut self, body: &[u8]) {
        if let Lesson::Manifest(manifest) = &mut self.0
            && body.len() <= MAX_MANIFEST_BYTES
        {
            manifest.read(body);
        }
    }
}

impl Manifest {
    /// True: there is a body.
    fn head(&mut self, told: Option<&str>) -> bool {
        if let Some(told) = told {
            for wanted in self.wanted.iter().filter(|wanted| wanted.digest().is_none()) {
                lock(&self.ties).resolve(&wanted.key, told, &Arc::new(wanted.asked.image()), Instant::now());
                if !self.only_head {
                    self.came.contents.push(wanted.at(told));
                }
            }
        }
        !self.only_head
    }

    fn read(&mut self, body: &[u8]) {
        let (read, own) = (manifest::read(body), manifest::sha256(body));
        let mut ties = lock(&self.ties);
        for wanted in &self.wanted {
            let digest = wanted.digest().unwrap_or(&own);
            // What is not what was asked for, engines throw away.
            if !is_digest_of(digest, body) {
                continue;
            }
            if wanted.digest().is_none() {
                ties.resolve(&wanted.key, digest, &Arc::new(wanted.asked.image()), Instant::now());
            }
            // Rules name it by this one, whatever an engine calls it by.
            if wanted.digest() != Some(&own) {
                self.came.contents.push(wanted.at(&own));
            }
            ties.contain(&wanted.key, digest, wanted.at(digest).image(), &read.parts);
            if read.may_be_plugin {
                self.came.plugins.push(wanted.asked.clone());
            }
        }
    }
}

impl Wanted {
    /// The one that was asked for; none: a tag was.
    fn digest(&self) -> Option<&str> {
        self.asked.part.digest()
    }

    fn at(&self, digest: &str) -> Repository {
        Repository { part: Part::Manifest(digest.to_owned()), ..self.asked.clone() }
    }
}

pub(super) fn lock(ties: &Mutex<Ties>) -> std::sync::MutexGuard<'_, Ties> {
    // Whatever a panic left is no more than a tie that is missing.
    ties.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What engines take for content: all but errors (distribution `registry/client/errors.go`, `SuccessStatus`).
fn is_taken(status: StatusCode) -> bool {
    status.is_success() || status.is_redirection()
}

fn is_readable(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let coded = headers.contains_key(header::CONTENT_ENCODING) && text(header::CONTENT_ENCODING) != Some("identity");
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    !coded && length.is_none_or(|length| length <= MAX_MANIFEST_BYTES)
}
