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
    fs,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use policy::engine::EngineVersion;
use serde::Deserialize;

/// What is known of the engine; starts with nothing.
#[derive(Debug, Default)]
pub struct EngineSeen {
    version: AtomicU64,
    process: Mutex<Option<Process>>,
}

/// A process, also when its id is used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    pid: i32,
    /// Since the machine's start, in ticks (proc(5), `starttime`).
    started: u64,
}

impl Process {
    /// The process with this id; none: it has gone, or cannot be seen from here.
    #[must_use]
    pub fn of(pid: i32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // Behind the name, which may hold anything, the fields begin with the third.
        let started = stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(19)?.parse().ok()?;
        Some(Self { pid, started })
    }
}

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

    /// Somebody activates the plugin, as an engine does once after its start: it may be another
    /// one. True if it is for certain: a running engine activates a plugin again for whoever makes
    /// a volume with a driver of that name, also the engine that was there before this process.
    pub fn activated(&self, by: Option<Process>) -> bool {
        self.version.store(0, Ordering::Release);
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        let other = matches!((*process, by), (Some(known), Some(by)) if known != by);
        *process = by.or(*process);
        other
    }

    /// Takes a report on a request.
    pub fn reported(&self, message: &[u8]) {
        if !self.waits() {
            return;
        }
        let Ok(report) = serde_json::from_slice::<Report<'_>>(message) else { return };
        if let Some(version) = report.response_headers.get("Server").and_then(|server| of_server(server)) {
            self.version.store(version.packed(), Ordering::Release);
        }
    }

    /// For people; empty: not known.
    #[must_use]
    pub fn shown(&self) -> String {
        self.version().map(|version| version.to_string()).unwrap_or_default()
    }

    fn version(&self) -> Option<EngineVersion> {
        EngineVersion::unpacked(self.version.load(Ordering::Acquire))
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
    fn only_another_process_is_another_engine() {
        let seen = EngineSeen::default();
        let me = Process::of(std::process::id().cast_signed());
        assert!(me.is_some());
        assert!(!seen.activated(me) && !seen.activated(me) && !seen.activated(None) && !seen.activated(me));
        let parent = Process::of(std::os::unix::process::parent_id().cast_signed());
        assert!(parent.is_some() && seen.activated(parent) && seen.activated(me));
        assert_eq!(Process::of(0), None);
    }

    #[test]
    fn an_engine_that_starts_is_asked_anew_and_damage_tells_nothing() {
        let seen = seen("Docker/20.10.24 (linux)");
        seen.reported(br#"{"ResponseHeaders":{"Server":"Docker/29.7.2 (linux)"}}"#);
        assert!(!seen.may_be_http2(), "one engine a plugin");
        seen.activated(None);
        assert!(seen.may_be_http2() && seen.waits());
        for message in ["", "{}", "[]", r#"{"ResponseHeaders":null}"#, r#"{"ResponseHeaders":{"Server":1}}"#] {
            seen.reported(message.as_bytes());
            assert!(seen.waits(), "{message}");
        }
    }
}
