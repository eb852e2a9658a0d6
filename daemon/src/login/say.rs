//! What a person or a script is told. Never the token.

use std::{
    io::{self, Write as _},
    path::Path,
};

use proto::sync::BeginLoginResponse;
use serde_json::{Value, json};

use super::{LoginError, place_of};
use crate::credentials::{Source, store::Destination};

/// One JSON object a step on standard output for scripts; sentences for people.
#[derive(Clone, Copy)]
pub(super) struct Say {
    pub json: bool,
}

impl Say {
    pub(super) fn begun(self, begun: &BeginLoginResponse, host: &str) {
        let complete = Some(begun.verification_uri_complete.as_str()).filter(|url| !url.is_empty());
        if self.json {
            return line(&json!({
                "event": "begun",
                "verification_uri": begun.verification_uri,
                "verification_uri_complete": complete,
                "user_code": begun.user_code,
                "expires_in": begun.expires_in,
            }));
        }
        let or =
            complete.map(|url| format!("\nor open this, and compare the code:\n\n    {url}\n")).unwrap_or_default();
        person(&format!(
            "To sign in to {host}, open\n\n    {}\n\nand type the code\n\n    {}\n{or}\nWaiting for you there; Ctrl-C gives up.",
            begun.verification_uri, begun.user_code
        ));
    }

    pub(super) fn waiting(self, why: &str) {
        person(&format!("still waiting: {why}"));
    }

    pub(super) fn done(self, user: &str, kept: &Destination, path: &Path, expires_at: i64) {
        if self.json {
            return line(&json!({
                "event": "signed_in",
                "user": user,
                "key": kept.key,
                "source": kept.source.kind(),
                "helper": kept.source.helper(),
                "expires_at": (expires_at > 0).then_some(expires_at),
            }));
        }
        let end = match days_until(expires_at) {
            Some(days) => format!("; it ends in {days} days"),
            None => String::new(),
        };
        let text = format!(
            "signed in as {user}; the access token is kept under `{}` in {}{end}",
            kept.key,
            place_of(kept, path)
        );
        let _ = writeln!(io::stdout(), "{text}");
        if kept.source == Source::File {
            person("it is not encrypted there; Docker's credential helpers do that");
        }
    }

    pub(super) fn failed(self, error: &LoginError) {
        if self.json {
            line(&json!({ "event": "failed", "error": error.code(), "detail": error.to_string() }));
        } else {
            person(&format!("pullgate login: {error}"));
        }
    }
}

fn days_until(expires_at: i64) -> Option<i64> {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).ok()?;
    let left = expires_at.saturating_sub(i64::try_from(now.as_secs()).ok()?);
    (expires_at > 0).then_some(left.max(0).saturating_add(43_200) / 86_400)
}

fn line(value: &Value) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{value}").and_then(|()| out.flush());
}

/// A terminal may be gone; the sign-in goes on.
fn person(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_end_a_service_names_is_told() {
        for never in [0, -1, i64::MIN] {
            assert_eq!(days_until(never), None, "{never}");
        }
        assert_eq!(days_until(1), Some(0), "long ago");
        assert!(days_until(i64::MAX).is_some_and(|days| days > 1_000_000));
    }
}
