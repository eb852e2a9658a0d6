//! One decision of the plugin, as it is kept and sent.

use policy::{Action, Ask, Decision, Enforced, Start, Swarm, Timestamp};
use proto::sync;
use ulid::Ulid;

/// Longest image name in a record, in bytes; a name of a registry has less.
pub(super) const MAX_IMAGE_BYTES: usize = 512;

/// One decision, small: words are static, and everything else is one piece of text.
#[derive(Debug, Clone)]
pub struct Entry {
    id: Ulid,
    at_ms: i64,
    generation: u64,
    action: &'static str,
    reason: &'static str,
    category: &'static str,
    evidence: &'static str,
    coverage: &'static str,
    allowed: bool,
    would_deny: bool,
    /// Image, organization, rule and users, a line each.
    text: Box<str>,
}

impl Entry {
    /// Of one decision.
    #[must_use]
    pub fn of(id: Ulid, at_ms: i64, enforced: &Enforced, action: &Action, decision: &Decision<'_>) -> Self {
        let now = Timestamp(at_ms / 1000);
        let mut text = String::with_capacity(128);
        let started = started(action, decision);
        push_image(&mut text, action, decision, started);
        text.push('\n');
        text.push_str(decision.organization.unwrap_or_default());
        text.push('\n');
        text.push_str(decision.rule.map_or("", |rule| rule.id.as_str()));
        for session in enforced.sessions.iter().filter(|session| session.is_valid(now)) {
            text.push('\n');
            text.push_str(&session.user);
        }
        Self {
            id,
            at_ms,
            generation: decision.policy.map(|policy| policy.generation).unwrap_or_default(),
            action: action.word(),
            reason: decision.reason.code(),
            category: decision.category.map(policy::Category::code).unwrap_or_default(),
            evidence: started.map(Start::evidence).unwrap_or_default(),
            coverage: coverage(action, decision),
            allowed: decision.is_allowed(),
            would_deny: decision.would_deny,
            text: text.into_boxed_str(),
        }
    }

    /// When it was decided, in milliseconds since the Unix epoch.
    pub(super) fn at_ms(&self) -> i64 {
        self.at_ms
    }

    /// Refused, or it would have been.
    pub(super) fn is_refused(&self) -> bool {
        !self.allowed || self.would_deny
    }

    /// The users with a session in force when it was decided.
    pub(super) fn users(&self) -> impl Iterator<Item = &str> {
        self.text.split('\n').skip(3)
    }

    /// As it goes to the service.
    #[must_use]
    pub(super) fn to_message(&self, machine_id: &str, run: i64, sequence: u64) -> sync::Record {
        let mut lines = self.text.split('\n').map(str::to_owned);
        let mut next = || lines.next().unwrap_or_default();
        sync::Record {
            id: self.id.to_string(),
            at_ms: self.at_ms,
            machine_id: machine_id.to_owned(),
            action: self.action.to_owned(),
            image: next(),
            organization: next(),
            rule: next(),
            allowed: self.allowed,
            reason: self.reason.to_owned(),
            category: self.category.to_owned(),
            generation: self.generation,
            would_deny: self.would_deny,
            users: lines.collect(),
            sequence,
            run,
            evidence: self.evidence.to_owned(),
            coverage: self.coverage.to_owned(),
            act: None,
        }
    }
}

/// The start that was decided on, else the first one.
fn started<'a>(action: &'a Action, decision: &Decision<'a>) -> Option<&'a Start> {
    match decision.ask {
        Some(Ask::Start(start)) => Some(start),
        _ => action.started().next(),
    }
}

/// The image that was decided on, else what comes in, else what starts: what its content was once
/// called, or what the request says.
fn push_image(text: &mut String, action: &Action, decision: &Decision<'_>, started: Option<&Start>) {
    let told = decision.image().or_else(|| action.fetched().next());
    if let Some(image) = told.or_else(|| started?.content()) {
        push_short(text, image.as_str());
        // A push is decided without its tag.
        let every_tag = image.is_all_tags() && !matches!(decision.ask, Some(Ask::Push(_)));
        text.push_str(if every_tag { ":*" } else { "" });
    } else if let Some(start) = started {
        push_short(text, &start.image.to_string());
    }
}

/// References and ids are ASCII, so that any place is a place between characters.
fn push_short(text: &mut String, name: &str) {
    text.push_str(name.get(..MAX_IMAGE_BYTES).unwrap_or(name));
}

/// Whether the plugin saw all that the action fetches. What is refused fetches nothing.
fn coverage(action: &Action, decision: &Decision<'_>) -> &'static str {
    let unseen = |ask: &Ask| matches!(ask, Ask::Build | Ask::Swarm(Swarm::Join) | Ask::Unnamed(_) | Ask::Unknown);
    if decision.is_allowed() && action.asks().iter().any(unseen) { "open" } else { "enforced" }
}

#[cfg(test)]
mod tests;
