//! Where a request is decided on: read by `policy::registry`, held against what is in force, and
//! tied to what was resolved before.
//!
//! A request by digest says nothing of tags, so it is decided for the references through which that
//! digest was reached here, and for itself; one that is allowed is enough. A deny rule that names the
//! digest holds whatever led there.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use http::{HeaderMap, Method, StatusCode, header};
use policy::{
    Action, Ask, Documents, Enforced, ImageRef, Mode, Timestamp, decide, explain,
    probe::{self, Probe},
    registry::{self, Part, Repository},
};
use proto::probe_key::ProbeKey;
use tokio::{sync::watch, time::timeout};
use tracing::info;

use crate::report::Reporter;

mod journal;
mod learn;
mod manifest;
mod redirect;
mod ties;

use journal::Journal;
pub use learn::{Learn, MAX_MANIFEST_BYTES};
use ties::Ties;

/// So long a request waits for the plugin, which starts beside the door.
const HEARD_WITHIN: Duration = Duration::from_secs(3);
const HUB: &str = "docker.io";

/// Decides. Shared by all connections.
#[derive(Debug)]
pub struct Gate {
    enforced: watch::Receiver<Arc<Enforced>>,
    reporter: Reporter,
    journal: Journal,
    ties: Arc<Mutex<Ties>>,
    /// Signs answers to probes.
    probe_key: Option<ProbeKey>,
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
    /// The firewall led it here on its way to a loopback address: nobody but the engine can have asked.
    pub led: bool,
    /// This registry stands for Docker Hub: what is asked of it is decided as what it is there, and as what it is on
    /// Docker Hub. Where an engine has mirrors, BuildKit asks them first, and only its builds say for whom.
    pub mirror: bool,
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
    pub status: StatusCode,
    /// The code of the registry's error body, for example `DENIED`.
    pub code: &'static str,
    /// The text, several lines.
    pub message: String,
}

impl Gate {
    /// Decides by what is `enforced` at the moment, and hands its decisions to `reporter`.
    #[must_use]
    pub fn new(enforced: watch::Receiver<Arc<Enforced>>, reporter: Reporter) -> Self {
        Self { enforced, reporter, journal: Journal::new(), ties: Arc::default(), probe_key: None }
    }

    /// Answers probes so that nobody else can.
    #[must_use]
    pub fn with_probe_key(self, key: ProbeKey) -> Self {
        Self { probe_key: Some(key), ..self }
    }

    /// What a probe is answered. That of the loopback redirection only where a connection was redirected:
    /// else a registry there could ask the door for the words, and pass them on.
    fn probed(&self, probe: Probe<'_>, led: bool) -> Refusal {
        if matches!(probe, Probe::Loopback(_)) && !led {
            return Refusal::not_found("NAME_UNKNOWN", "no firewall rule led this probe here");
        }
        let answer = probe.answer();
        Refusal::denied(self.probe_key.as_ref().map(|key| key.sign(&answer)).unwrap_or(answer))
    }

    /// Decides on one request. Waits, bounded, only where nothing was heard from the plugin yet.
    pub async fn ask(&self, asked: Asked<'_>) -> Answer {
        let Asked { host, method, target, headers: _, led, mirror } = asked;
        let read = registry::read(&registry::Request { host, method: method.as_str(), target });
        match &read {
            // Engines look whether somebody is there before they ask for a probe.
            registry::Asked::Elsewhere(_) if probe::is_door_probe_host(host) => {
                return Answer::Refuse(Refusal::not_found("NAME_UNKNOWN", "here is nothing but pullgate's own probe"));
            }
            registry::Asked::Elsewhere(_) => {
                return Answer::Pass(Learn::elsewhere(&self.ties, host, target, method == Method::HEAD));
            }
            registry::Asked::Repository(repository) => {
                if let Some(probe @ (Probe::Door(_) | Probe::Loopback(_))) = Probe::of(&repository.name) {
                    return Answer::Refuse(self.probed(probe, led));
                }
            }
            registry::Asked::Unverifiable(_) => {}
        }
        let enforced = self.heard().await;
        let at_ms = now_ms();
        let read = match read {
            registry::Asked::Repository(repository) if mirror => registry::Asked::Repository(repository.mirroring(HUB)),
            read => read,
        };
        let mirrored = match &read {
            registry::Asked::Repository(repository) => repository.mirrored.as_slice(),
            _ => &[],
        };
        let hosts = mirrored.iter().map(ImageRef::host).chain([host]).chain(mirror.then_some(HUB));
        if !hosts.into_iter().any(|host| enforced.governs(host, seconds(at_ms))) {
            return Answer::Pass(Learn::elsewhere(&self.ties, host, target, method == Method::HEAD));
        }
        let judge = Judge { gate: self, enforced: &enforced, at_ms };
        match read {
            registry::Asked::Repository(repository) if repository.pushes => judge.push(&repository),
            registry::Asked::Repository(repository) => judge.fetch(&repository, &asked),
            other => match judge.first_allowed(vec![other.action()]) {
                Ok(()) => Answer::Pass(Learn::default()),
                Err(refusal) => Answer::Refuse(refusal),
            },
        }
    }

    /// Decides again when it is known what came, before any of it goes on: engines with their own image store take
    /// what a tag stands for as the tag's and never ask for its digest, and nobody knows a plugin by its name.
    ///
    /// # Errors
    /// The refusal, where a rule denies the very digest, or no engine plugin may be fetched.
    pub fn confirm(&self, learn: &Learn) -> Result<(), Refusal> {
        let Some(came) = learn.came() else { return Ok(()) };
        let (enforced, at_ms) = (Arc::clone(&self.enforced.borrow()), now_ms());
        let judge = Judge { gate: self, enforced: &enforced, at_ms };
        for content in &came.contents {
            let action = content.action();
            // What only is watched is written down, and refused by nothing that speaks of other things.
            let counts = judge.is_named(&action, Mode::Enforce)
                || (judge.is_named(&action, Mode::Monitor) && judge.allows(&action));
            if counts {
                judge.first_allowed(vec![action])?;
            }
        }
        for plugin in &came.plugins {
            judge.first_allowed(judge.readings(plugin).into_iter().map(Action::of_plugin).collect())?;
        }
        Ok(())
    }

    /// Whether anything on this host could be refused or would have to be recorded now; if not, its
    /// connections are nobody's business. `mirror`: it stands for Docker Hub.
    #[must_use]
    pub fn governs(&self, host: &str, mirror: bool) -> bool {
        let (enforced, now) = (self.enforced.borrow(), seconds(now_ms()));
        enforced.governs(host, now)
            || (mirror && enforced.governs(HUB, now))
            // What a tag of a host that is governed stands for is told there.
            || learn::lock(&self.ties).is_led_to(host, Instant::now())
    }

    /// Changes when [`Gate::governs`] may. So it may with time: sessions and policies end.
    #[must_use]
    pub fn changes(&self) -> watch::Receiver<Arc<Enforced>> {
        self.enforced.clone()
    }

    async fn heard(&self) -> Arc<Enforced> {
        let mut enforced = self.enforced.clone();
        let heard = enforced.wait_for(|enforced| enforced.documents != Documents::Unheard);
        match timeout(HEARD_WITHIN, heard).await {
            Ok(Ok(enforced)) => Arc::clone(&enforced),
            // Then `decide` says so.
            Ok(Err(_)) | Err(_) => Arc::clone(&self.enforced.borrow()),
        }
    }
}

/// One request, and what is in force while it is decided on.
struct Judge<'a> {
    gate: &'a Gate,
    enforced: &'a Enforced,
    at_ms: i64,
}

impl Judge<'_> {
    fn fetch(&self, repository: &Repository, asked: &Asked<'_>) -> Answer {
        let actions = self.readings(repository);
        if repository.only_head && is_for_a_push(&repository.part, asked.headers) && !self.is_any_allowed(&actions) {
            let push = vec![Action::one("push", Ask::Push(repository.name.clone()))];
            if self.is_any_allowed(&push) {
                return self.head_before_push(repository);
            }
            // Of a blob, BuildKit asks as well when it was refused the manifest: that is no push.
            let is_blob = matches!(repository.part, Part::Blob(_));
            if !is_blob && let Err(refusal) = self.first_allowed(push) {
                return Answer::Refuse(refusal);
            }
        }
        match self.first_allowed(actions) {
            Err(refusal) => Answer::Refuse(refusal),
            Ok(()) => Answer::Pass(match &repository.part {
                Part::Tag(_) | Part::Manifest(_) => {
                    Learn::manifest_of(&self.gate.ties, asked.host, asked.target, repository)
                }
                _ => Learn::default(),
            }),
        }
    }

    /// What is asked for, by each reference through which it was reached, and as itself.
    fn readings(&self, repository: &Repository) -> Vec<Action> {
        let as_asked = repository.action();
        // A rule that names it holds whatever led there; where it is only watched, its hit must not be lost.
        let alone = self.is_named(&as_asked, Mode::Enforce)
            || (self.is_named(&as_asked, Mode::Monitor) && self.allows(&as_asked));
        let reached = |digest| learn::lock(&self.gate.ties).reached_through(&repository.key(), digest, Instant::now());
        let through = repository.part.digest().filter(|_| !alone).map(reached).unwrap_or_default();
        let through = through.iter().map(|image| repository.fetch_through(image.as_ref().clone()));
        through.chain([as_asked]).collect()
    }

    /// Whether a rule of a policy in this mode denies the very digest that is asked for.
    fn is_named(&self, action: &Action, mode: Mode) -> bool {
        let now = seconds(self.at_ms);
        action.fetched().any(|image| image.digest().is_some() && self.enforced.denies_digest(image, mode, now))
    }

    fn push(&self, repository: &Repository) -> Answer {
        let digest = match &repository.part {
            Part::Upload { digest } => digest.as_deref(),
            part => part.digest(),
        };
        match self.first_allowed(vec![repository.action()]) {
            Ok(()) => Answer::Pass(Learn::push_to(&self.gate.ties, repository.key(), digest)),
            Err(refusal) => Answer::Refuse(refusal),
        }
    }

    /// Who pushes looks first at what is there. In a repository that may be pushed to and not pulled
    /// from, the answer is that nothing is, except of what was sent there just now. That is no decision
    /// about a push, and nothing is written down.
    fn head_before_push(&self, repository: &Repository) -> Answer {
        let sent = |digest| learn::lock(&self.gate.ties).was_pushed(&repository.key(), digest, Instant::now());
        if repository.part.digest().is_some_and(sent) {
            return Answer::Pass(Learn::default());
        }
        let code = if matches!(repository.part, Part::Blob(_)) { "BLOB_UNKNOWN" } else { "MANIFEST_UNKNOWN" };
        let text = format!("pullgate does not tell what is in `{}`, which may not be pulled", repository.name);
        Answer::Refuse(Refusal::not_found(code, &text))
    }

    fn is_any_allowed(&self, actions: &[Action]) -> bool {
        actions.iter().any(|action| self.allows(action))
    }

    fn allows(&self, action: &Action) -> bool {
        decide(self.enforced, action, seconds(self.at_ms)).is_allowed()
    }

    /// Of several readings of one request, one that is allowed is enough; plainly, if there is one. The
    /// decision that counts is written down; of refusals the first.
    fn first_allowed(&self, actions: Vec<Action>) -> Result<(), Refusal> {
        let now = seconds(self.at_ms);
        let decisions: Vec<_> = actions.iter().map(|action| (action, decide(self.enforced, action, now))).collect();
        let plainly = decisions.iter().find(|(_, decision)| decision.is_allowed() && !decision.would_deny);
        let counts = plainly.or_else(|| decisions.iter().find(|(_, decision)| decision.is_allowed()));
        let Some((action, decision)) = counts.or_else(|| decisions.first()) else {
            return Err(Refusal::denied("nothing was asked that could be allowed".to_owned()));
        };
        let (id, record) = self.gate.journal.write(self.enforced, action, decision, self.at_ms);
        if let Some(record) = record {
            self.gate.reporter.report(record);
        }
        if decision.is_allowed() {
            return Ok(());
        }
        info!(
            decision = %id,
            action = action.word(),
            image = decision.image().map(policy::ImageRef::as_str),
            reason = decision.reason.code(),
            organization = decision.organization,
            "denied"
        );
        Err(Refusal::denied(explain(self.enforced, action, decision, now, &id.to_string())))
    }
}

impl Refusal {
    fn denied(message: String) -> Self {
        Self { status: StatusCode::FORBIDDEN, code: "DENIED", message }
    }

    fn not_found(code: &'static str, message: &str) -> Self {
        Self { status: StatusCode::NOT_FOUND, code, message: message.to_owned() }
    }
}

/// Whether such a `HEAD` is what somebody asks who is about to push: any blob, and a manifest of
/// exactly the type that is to be pushed (containerd `core/remotes/docker/pusher.go`). Who pulls takes
/// several types.
fn is_for_a_push(part: &Part, headers: &HeaderMap) -> bool {
    match part {
        Part::Blob(_) => true,
        Part::Tag(_) | Part::Manifest(_) => {
            let lines = headers.get_all(header::ACCEPT).into_iter().filter_map(|line| line.to_str().ok());
            let types: Vec<&str> = lines
                .flat_map(|line| line.split(','))
                .map(|kind| kind.split(';').next().unwrap_or_default().trim())
                .filter(|kind| !kind.is_empty())
                .collect();
            let any = types.iter().filter(|kind| **kind == "*/*").count();
            any == 1 && types.len() == 2
        }
        _ => false,
    }
}

fn now_ms() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

const fn seconds(at_ms: i64) -> Timestamp {
    Timestamp(at_ms / 1000)
}

#[cfg(test)]
mod tests;
