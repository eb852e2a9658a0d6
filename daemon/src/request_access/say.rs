//! What a person or a script is told.

use std::{
    io::{self, Write as _},
    time::{SystemTime, UNIX_EPOCH},
};

use proto::sync::{AccessRequest, AccessState, RequestAccessResponse};
use serde_json::{Value, json};

use super::RequestError;

/// One JSON object a line on standard output for scripts; sentences for people.
#[derive(Clone, Copy)]
pub(super) struct Say {
    pub json: bool,
}

impl Say {
    pub(super) fn asked(self, asked: &RequestAccessResponse) {
        if self.json {
            let requests: Vec<Value> = asked.requests.iter().map(object).collect();
            let allowed = asked.requests.is_empty();
            return line(&json!({ "image": asked.image, "allowed": allowed, "requests": requests }).to_string());
        }
        line(&asked_text(asked));
    }

    pub(super) fn listed(self, requests: &[AccessRequest]) {
        if !self.json && requests.is_empty() {
            return person("you asked for nothing; `pullgate request-access IMAGE --reason TEXT` does");
        }
        for request in requests {
            line(&if self.json { object(request).to_string() } else { listed_text(request, now()) });
        }
    }

    pub(super) fn withdrawn(self, request: &AccessRequest) {
        match self.json {
            true => line(&object(request).to_string()),
            false => line(&format!("took back request {} for `{}`", still(&request.id), still(&request.image))),
        }
    }

    pub(super) fn failed(self, error: &RequestError) {
        let text = still(&error.to_string());
        if self.json {
            line(&json!({ "error": error.code(), "detail": text }).to_string());
        } else {
            person(&format!("pullgate request-access: {text}"));
        }
    }
}

pub(super) fn asked_text(asked: &RequestAccessResponse) -> String {
    let image = still(&asked.image);
    if asked.requests.is_empty() {
        return format!(
            "nobody has to be asked: the policy allows you `{image}`\n\
             where it was refused all the same, `pullgate check` and `pullgate doctor` say why"
        );
    }
    let mut text = String::new();
    for request in &asked.requests {
        let (organization, id) = (still(&request.organization), still(&request.id));
        text.push_str(&match request.is_new {
            true => format!("asked {organization} for `{image}` (request {id})\n"),
            false => {
                format!("{organization} was asked for `{image}` before (request {id}); it now reads your new reason\n")
            }
        });
    }
    text.push_str("the answer: `pullgate request-access --list`; once it is allowed, just pull again");
    text
}

pub(super) fn listed_text(request: &AccessRequest, now: i64) -> String {
    let AccessRequest { id, image, organization, reason, answer, .. } = request;
    let became = match request.state() {
        AccessState::Pending => format!("waits for {organization}"),
        AccessState::Approved => match request.expires_at {
            0 => format!("allowed by {organization}"),
            at if at <= now => format!("allowed by {organization}, until {} ago", span(now.saturating_sub(at))),
            at => format!("allowed by {organization} for {} more", span(at.saturating_sub(now))),
        },
        AccessState::Denied => format!("not allowed by {organization}"),
        AccessState::Withdrawn => "taken back".to_owned(),
        AccessState::Unspecified => "in a state that this version does not know; update pullgate".to_owned(),
    };
    let words = if answer.is_empty() { String::new() } else { format!(": {answer}") };
    let asked = span(now.saturating_sub(request.created_at));
    still(&format!("{id}  `{image}`  {became}{words}  (asked {asked} ago: {reason})"))
}

fn object(request: &AccessRequest) -> Value {
    let at = |seconds: i64| (seconds != 0).then_some(seconds);
    json!({
        "id": request.id,
        "organization": request.organization,
        "image": request.image,
        "reason": request.reason,
        "state": word(request.state()),
        "created_at": request.created_at,
        "decided_at": at(request.decided_at),
        "decided_by": request.decided_by,
        "answer": request.answer,
        "expires_at": at(request.expires_at),
        "new": request.is_new,
    })
}

fn word(state: AccessState) -> &'static str {
    match state {
        AccessState::Unspecified => "unknown",
        AccessState::Pending => "pending",
        AccessState::Approved => "approved",
        AccessState::Denied => "denied",
        AccessState::Withdrawn => "withdrawn",
    }
}

/// A time that has passed or will, in its largest unit.
fn span(seconds: i64) -> String {
    let (number, unit) = match seconds.max(0) {
        seconds if seconds < 120 => (seconds, "s"),
        seconds if seconds < 2 * 3600 => (seconds / 60, "min"),
        seconds if seconds < 2 * 86_400 => (seconds / 3600, "h"),
        seconds => (seconds / 86_400, "days"),
    };
    format!("{number} {unit}")
}

fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(now.as_secs()).unwrap_or(i64::MAX)
}

/// Words of other people move no cursor.
fn still(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

fn line(text: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

fn person(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}
