//! What is covered on this machine, a way in a line: from the engine's version, its
//! configuration, and what was proved just now. Pure.
//!
//! INVARIANT (I11): `enforced` is said only of what a probe proved; nothing is guessed.

use policy::engine::EngineVersion;

/// What is known of the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its version; none: it was not told or is none.
    pub version: Option<EngineVersion>,
    /// Whether its configuration lists the plugin; none: it was not told.
    pub listed: Option<bool>,
    /// Whether it asks the plugin about a pull.
    pub asks: Proof,
    /// Whether it shows the plugin a JSON body.
    pub shows_bodies: Proof,
}

/// What came of a probe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// The plugin refused it, by name.
    Proved,
    /// The engine answered it without the plugin; its words.
    Refuted(String),
    /// It could not be tried; why.
    Untried(String),
}

/// How far a way in is covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Proved on this machine, just now.
    Enforced,
    /// Set up, but not proved.
    Configured,
    /// Nothing here sees it.
    Open,
}

impl State {
    /// The stable words.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::Configured => "configured, not proved",
            Self::Open => "open",
        }
    }
}

/// One way in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Way {
    /// Stable word.
    pub way: &'static str,
    /// What people do.
    pub what: &'static str,
    /// How far it is covered.
    pub state: State,
    /// Why; may be empty where it is enforced.
    pub why: String,
}

/// Every way in.
pub fn coverage(facts: &Facts) -> Vec<Way> {
    let way = |way, what, (state, why): (State, String)| Way { way, what, state, why };
    let open = |why: &str| (State::Open, why.to_owned());
    let mut ways = vec![
        way("pull", "pull, run, compose", facts.state(&facts.asks, "")),
        way("engine_plugins", "engine plugins", facts.state(&facts.shows_bodies, "")),
        way("services", "services created here", facts.state(&facts.shows_bodies, "")),
        way(
            "local_content",
            "load, import",
            facts.state(&facts.asks, "allowed or not by the policy, never judged by name"),
        ),
        way(
            "run",
            "containers of images here",
            facts.state(&facts.shows_bodies, "judged by name, which `docker load` and builds can give to anything"),
        ),
    ];
    if facts.version.is_none_or(EngineVersion::may_hide_large_bodies) {
        let why = "this engine may hide JSON bodies above 1 MiB; what is not shown is refused";
        ways.push(way("large_bodies", "large requests", facts.state(&facts.shows_bodies, why)));
    }
    ways.push(way(
        "builds",
        "builds",
        open("what they fetch and push is not in their requests; the registry door will judge it"),
    ));
    ways.push(way(
        "swarm_tasks",
        "tasks of a joined swarm",
        open("its managers start any image here, and the engine asks nobody"),
    ));
    match facts.version {
        Some(version) if !version.takes_http2() => {}
        Some(_) => ways.push(way(
            "native_grpc",
            "BuildKit over HTTP/2",
            open("this engine takes it beside every authorization plugin"),
        )),
        None => ways.push(way(
            "native_grpc",
            "BuildKit over HTTP/2",
            open("engines from 29.2 take it beside every authorization plugin, and this one's version is not known"),
        )),
    }
    ways
}

impl Facts {
    /// Nothing could be asked.
    pub fn unknown(why: &str) -> Self {
        let untried = Proof::Untried(why.to_owned());
        Self { version: None, listed: None, asks: untried.clone(), shows_bodies: untried }
    }

    fn state(&self, proof: &Proof, note: &str) -> (State, String) {
        match (proof, self.listed) {
            (Proof::Proved, _) => (State::Enforced, note.to_owned()),
            (Proof::Refuted(words), _) => (State::Open, format!("the engine did not ask the plugin: {words}")),
            (Proof::Untried(_), Some(false)) => {
                (State::Open, "the engine's configuration does not list the plugin `pullgate`".to_owned())
            }
            (Proof::Untried(why), _) => (State::Configured, why.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(version: &str, asks: Proof) -> Facts {
        Facts { version: EngineVersion::parse(version), listed: Some(true), asks: asks.clone(), shows_bodies: asks }
    }

    fn states(facts: &Facts) -> Vec<(&'static str, &'static str)> {
        coverage(facts).iter().map(|way| (way.way, way.state.code())).collect()
    }

    #[test]
    fn what_was_proved_is_enforced_and_nothing_else() {
        let proved = states(&facts("29.7.2", Proof::Proved));
        let expected = [
            ("pull", "enforced"),
            ("engine_plugins", "enforced"),
            ("services", "enforced"),
            ("local_content", "enforced"),
            ("run", "enforced"),
            ("builds", "open"),
            ("swarm_tasks", "open"),
            ("native_grpc", "open"),
        ];
        assert_eq!(proved, expected);
        let untried = coverage(&facts("29.7.2", Proof::Untried("no engine answers".into())));
        assert!(untried.iter().all(|way| way.state != State::Enforced), "{untried:?}");
        assert_eq!((untried[0].state, untried[0].why.as_str()), (State::Configured, "no engine answers"));
    }

    #[test]
    fn an_engine_that_does_not_ask_is_open() {
        let refuted = facts("26.1.5", Proof::Refuted("no such host".into()));
        assert!(coverage(&refuted).iter().all(|way| way.state == State::Open));
        let unlisted = Facts { listed: Some(false), ..facts("26.1.5", Proof::Untried("x".into())) };
        assert!(coverage(&unlisted).iter().all(|way| way.state == State::Open));
    }

    #[test]
    fn known_faults_of_engines_are_told_by_version() {
        let has =
            |version: &str, way: &str| states(&facts(version, Proof::Proved)).iter().any(|(found, _)| *found == way);
        for (version, large, grpc) in [
            ("20.10.24+dfsg1", true, false),
            ("25.0.15", true, false),
            ("25.0.16", false, false),
            ("26.1.5", true, false),
            ("29.1.3", true, false),
            ("29.2.0", true, true),
            ("29.3.1", false, true),
            ("29.7.2", false, true),
            ("dev", true, true),
        ] {
            assert_eq!((has(version, "large_bodies"), has(version, "native_grpc")), (large, grpc), "{version}");
        }
    }
}
