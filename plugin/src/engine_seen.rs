//! Which engine asks, as far as it says so itself.
//!
//! Engines from 29.2 also take requests over HTTP/2, and nothing in an authorization message says
//! which it was (see `policy::engine::Request::may_be_http2`). Every report on a request names the
//! engine in its `Server` header; until one was read, and for engines from 29.2, HTTP/2 is assumed.
//!
//! One engine a plugin: with two, the one that reported first would speak for both.

use std::{
    borrow::Cow,
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use policy::engine::EngineVersion;
use serde::Deserialize;

/// What is known of the engine; starts with nothing.
#[derive(Debug, Default)]
pub struct EngineSeen(AtomicU64);

/// What a report may say of it.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Report<'a> {
    #[serde(borrow, default)]
    response_headers: HashMap<Cow<'a, str>, Cow<'a, str>>,
}

impl EngineSeen {
    /// Whether a request may have come over HTTP/2.
    #[must_use]
    pub fn may_be_http2(&self) -> bool {
        self.version().is_none_or(|version| version.takes_http2())
    }

    /// Whether the next report may tell something new.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.version().is_none()
    }

    /// An engine started: it may be another one.
    pub fn started(&self) {
        self.0.store(0, Ordering::Release);
    }

    /// Takes a report on a request.
    pub fn reported(&self, message: &[u8]) {
        if !self.waits() {
            return;
        }
        let Ok(report) = serde_json::from_slice::<Report<'_>>(message) else { return };
        if let Some(version) = report.response_headers.get("Server").and_then(|server| of_server(server)) {
            self.0.store(version.packed(), Ordering::Release);
        }
    }

    /// For people; empty: not known.
    #[must_use]
    pub fn shown(&self) -> String {
        self.version().map(|version| version.to_string()).unwrap_or_default()
    }

    fn version(&self) -> Option<EngineVersion> {
        EngineVersion::unpacked(self.0.load(Ordering::Acquire))
    }
}

/// `Docker/28.5.2+dfsg4 (linux)`.
fn of_server(server: &str) -> Option<EngineVersion> {
    EngineVersion::parse(server.strip_prefix("Docker/")?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(server: &str) -> EngineSeen {
        let seen = EngineSeen::default();
        seen.reported(
            format!(r#"{{"RequestMethod":"GET","ResponseHeaders":{{"Api-Version":"1.41","Server":"{server}"}}}}"#)
                .as_bytes(),
        );
        seen
    }

    #[test]
    fn http2_is_assumed_until_an_engine_says_that_it_is_older() {
        assert!(EngineSeen::default().may_be_http2());
        for (server, shown, http2) in [
            ("Docker/20.10.24+dfsg1 (linux)", "20.10.24", false),
            ("Docker/28.5.2 (linux)", "28.5.2", false),
            ("Docker/29.1.9 (linux)", "29.1.9", false),
            ("Docker/29.2.0-rc.1 (linux)", "29.2.0", true),
            ("Docker/30.0.1 (linux)", "30.0.1", true),
            ("Docker/dev (linux)", "", true),
            ("Docker/library-import (linux)", "", true),
            ("Docker/28.5 (linux)", "", true),
            ("nginx/1.2.3", "", true),
        ] {
            let seen = seen(server);
            assert_eq!(
                (seen.shown().as_str(), seen.may_be_http2(), seen.waits()),
                (shown, http2, shown.is_empty()),
                "{server}"
            );
        }
    }

    #[test]
    fn an_engine_that_starts_is_asked_anew_and_damage_tells_nothing() {
        let seen = seen("Docker/20.10.24 (linux)");
        seen.reported(br#"{"ResponseHeaders":{"Server":"Docker/29.7.2 (linux)"}}"#);
        assert!(!seen.may_be_http2(), "one engine a plugin");
        seen.started();
        assert!(seen.may_be_http2() && seen.waits());
        for message in ["", "{}", "[]", r#"{"ResponseHeaders":null}"#, r#"{"ResponseHeaders":{"Server":1}}"#] {
            seen.reported(message.as_bytes());
            assert!(seen.waits(), "{message}");
        }
    }
}
