//! What is covered on this machine, a way in a line: from the engine's version, its
//! configuration, and what was proved just now. Pure.
//!
//! INVARIANT (I11): `enforced` is said only of what a probe proved; nothing is guessed.

use policy::engine::EngineVersion;

use super::{
    door::Setup,
    probe::{Fetches, Went},
};

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
    /// The proxies in its settings, for http and https; empty: none.
    pub proxies: [String; 2],
    /// What it asks past them; empty: nothing but loopback addresses.
    pub no_proxy: String,
    /// Where what it fetches goes.
    pub fetches: Fetches,
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
pub fn coverage(facts: &Facts, door: &Setup) -> Vec<Way> {
    let way = |way, what, (state, why): (State, String)| Way { way, what, state, why };
    let through = Through { facts, door };
    let fetches = &facts.fetches;
    let mut ways = vec![
        way("pull", "pull, run, compose", through.either(facts.state(&facts.asks, ""), &fetches.pull)),
        way("engine_plugins", "engine plugins", through.either(facts.state(&facts.shows_bodies, ""), &fetches.plugin)),
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
    let cached = "but what BuildKit has cached makes no request; `docker builder prune --all` empties the cache";
    ways.push(way("builds", "builds", through.all(&[&fetches.build, &fetches.classic_build], cached)));
    ways.push(way(
        "swarm_tasks",
        "tasks of a joined swarm",
        through.all(&[&fetches.pull], "they are fetched as by a pull, and nobody but the door is asked"),
    ));
    if facts.version.is_none_or(EngineVersion::takes_http2) {
        let native = fetches.native.clone().unwrap_or_else(|| Went::Untried("the engine was not asked".to_owned()));
        let note = "this engine takes it beside every authorization plugin; the door alone sees it";
        ways.push(way("native_grpc", "BuildKit over HTTP/2", through.all(&[&native], note)));
    }
    ways.push(way("loopback", "registries on loopback", through.loopback()));
    ways.push(way("containers", "fetches by containers", through.containers()));
    ways
}

/// What the registry door sees.
struct Through<'a> {
    facts: &'a Facts,
    door: &'a Setup,
}

impl Through<'_> {
    /// By the plugin, or where it is not asked, by the door.
    fn either(&self, plugin: (State, String), went: &Went) -> (State, String) {
        match (plugin.0, went) {
            (State::Enforced, _) | (_, Went::Refused(_) | Went::Past(_) | Went::Untried(_)) => plugin,
            (_, Went::Door) => (State::Enforced, format!("by the registry door alone; {}", plugin.1)),
        }
    }

    /// By the door, in all of these ways.
    fn all(&self, went: &[&Went], note: &str) -> (State, String) {
        let first = |wanted: fn(&Went) -> bool| went.iter().find(|went| wanted(went));
        if let Some(Went::Past(words)) = first(|went| matches!(went, Went::Past(_))) {
            return (State::Open, self.why_past(words));
        }
        match first(|went| matches!(went, Went::Untried(_))) {
            Some(Went::Untried(why)) if self.door.is_there() => return (State::Configured, why.clone()),
            Some(Went::Untried(why)) => return (State::Open, format!("{NO_DOOR}; not tried: {why}")),
            _ => {}
        }
        let refused = went.iter().find_map(|went| match went {
            Went::Refused(words) => Some(format!("refused by the plugin: {words}")),
            _ => None,
        });
        let notes = [refused.or_else(|| (!note.is_empty()).then(|| note.to_owned())), self.holes()];
        (State::Enforced, notes.into_iter().flatten().collect::<Vec<_>>().join("; "))
    }

    /// The proxy is never asked for these: a rule of the firewall leads them to the door.
    fn loopback(&self) -> (State, String) {
        let fetches = &self.facts.fetches;
        let judged = self.all(&[&fetches.loopback_pull, &fetches.loopback_build], "");
        match judged {
            (State::Open, _) if !self.door.is_there() => {
                (State::Open, format!("{NO_DOOR}; builds fetch from there unseen"))
            }
            (State::Open, words) => (
                State::Open,
                match self.door.egress_why.as_str() {
                    "" => format!("the egress rule does not lead them to the door: {words}"),
                    why => format!("the egress rule is not in place: {why}"),
                },
            ),
            other => other,
        }
    }

    fn containers(&self) -> (State, String) {
        match (self.door.containers, self.door.egress_why.is_empty()) {
            (true, true) => (State::Configured, "kept from registries by the egress rule, not tried".to_owned()),
            _ => (
                State::Open,
                "a container, also a builder in one, reaches registries by itself, as on any machine".to_owned(),
            ),
        }
    }

    fn why_past(&self, words: &str) -> String {
        match (self.door.is_there(), self.door.connected.is_empty()) {
            (false, _) => NO_DOOR.to_owned(),
            (true, true) => format!("no registry door follows the plugin, and the engine says: {words}"),
            (true, false) => format!("the engine does not fetch through the registry door: {words}"),
        }
    }

    /// What passes the door unread though it is enforced else.
    fn holes(&self) -> Option<String> {
        let tunnelled = self.door.holes().map(|hosts| format!("but not what the door lets through unread ({hosts})"));
        let past = (!self.facts.no_proxy.is_empty())
            .then(|| format!("but not what the engine's `no-proxy` sends past the door ({})", self.facts.no_proxy));
        let holes: Vec<String> = [tunnelled, past].into_iter().flatten().collect();
        (!holes.is_empty()).then(|| holes.join(", "))
    }
}

const NO_DOOR: &str = "this machine has no registry door";

impl Facts {
    /// Nothing could be asked.
    pub fn unknown(why: &str) -> Self {
        let untried = Proof::Untried(why.to_owned());
        Self {
            version: None,
            listed: None,
            asks: untried.clone(),
            shows_bodies: untried,
            proxies: Default::default(),
            no_proxy: String::new(),
            fetches: Fetches::untried(why),
        }
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
mod tests;
