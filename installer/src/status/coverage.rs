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
    /// How far it could be asked.
    pub answers: Answers,
    /// Its version; none: it was not told or is none.
    pub version: Option<EngineVersion>,
    /// Its version, as it says it; empty: it was not told.
    pub version_text: String,
    /// Whether it lists the plugin among those that it started with; none: it was not told. A reload does not change that.
    pub listed: Option<bool>,
    /// Whether its file or its unit names the plugin; none: they cannot be read, or it is none of the system's engines.
    pub named: Option<bool>,
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
    /// URLs of its `registry-mirrors`.
    pub mirrors: Vec<String>,
    /// Its `insecure-registries`, as `HOST[:PORT]`; loopback addresses and networks left out.
    pub insecure: Vec<String>,
}

/// How far the engine could be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answers {
    /// It answers.
    Yes,
    /// It was not asked, or nobody answers; why.
    No(String),
    /// This user may not ask it; why.
    NotThisUser(String),
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
    /// It could not be tried.
    NotProved,
    /// Nothing here sees it.
    Open,
    /// This user cannot see it.
    NotVisible,
}

impl State {
    /// The stable words.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Enforced => "enforced",
            Self::NotProved => "not proved",
            Self::Open => "open",
            Self::NotVisible => "not visible",
        }
    }
}

/// Whether a way in is meant to be covered, as far as settings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Configured {
    /// The settings say so.
    Yes,
    /// They do not.
    No,
    /// They cannot be seen.
    Unknown,
}

impl Configured {
    /// The stable words.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "not visible",
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
    /// What settings say.
    pub configured: Configured,
    /// How far it is covered.
    pub state: State,
    /// Why; may be empty where it is enforced.
    pub why: String,
}

/// Every way in.
pub fn coverage(facts: &Facts, door: &Setup) -> Vec<Way> {
    let way = |way, what, configured, (state, why): (State, String)| Way { way, what, configured, state, why };
    let through = Through { facts, door };
    let fetches = &facts.fetches;
    let (by_plugin, by_door) = (facts.names_the_plugin(), through.is_set_up());
    let bodies = |note| facts.state(&facts.shows_bodies, note);
    let mut ways = vec![
        way("pull", "pull, run, compose", by_plugin, through.either(facts.state(&facts.asks, ""), &fetches.pull)),
        way("engine_plugins", "engine plugins", by_plugin, through.either(bodies(""), &fetches.plugin)),
        way("services", "services created here", by_plugin, bodies("")),
        way(
            "local_content",
            "load, import",
            by_plugin,
            facts.state(&facts.asks, "allowed or not by the policy, never judged by name"),
        ),
        way(
            "run",
            "containers of images here",
            by_plugin,
            bodies("judged by name, which `docker load` and builds can give to anything"),
        ),
    ];
    if facts.version.is_none_or(EngineVersion::may_hide_large_bodies) {
        let why = "this engine may hide JSON bodies above 1 MiB; what is not shown is refused";
        ways.push(way("large_bodies", "large requests", by_plugin, bodies(why)));
    }
    let cached = "but what BuildKit has cached makes no request; `docker builder prune --all` empties the cache";
    ways.push(way("builds", "builds", by_door, through.all(&[&fetches.build, &fetches.classic_build], cached)));
    let note = "they are fetched as by a pull, and nobody but the door is asked";
    ways.push(way("swarm_tasks", "tasks of a joined swarm", by_door, through.all(&[&fetches.pull], note)));
    if facts.version.is_none_or(EngineVersion::takes_http2) {
        let native = fetches.native.clone().unwrap_or_else(|| Went::Untried("the engine was not asked".to_owned()));
        let note = "this engine takes it beside every authorization plugin; the door alone sees it";
        ways.push(way("native_grpc", "BuildKit over HTTP/2", by_door, through.all(&[&native], note)));
    }
    let configured = |is: bool| match (door.untold, is) {
        (true, _) => Configured::Unknown,
        (false, true) => Configured::Yes,
        (false, false) => Configured::No,
    };
    let led_here = door.is_there() && door.egress_why.is_empty();
    ways.push(way("loopback", "registries on loopback", configured(led_here), through.loopback()));
    let confined = door.containers && door.egress_why.is_empty();
    ways.push(way("containers", "fetches by containers", configured(confined), through.containers()));
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
            Some(Went::Untried(_)) if !self.door.untold && !self.door.is_there() => {
                return (State::Open, NO_DOOR.to_owned());
            }
            Some(Went::Untried(why)) => return (self.facts.untried(), why.clone()),
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
            (State::Open, _) if !self.door.untold && !self.door.is_there() => {
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
            _ if self.door.untold => (State::NotVisible, NO_PLUGIN.to_owned()),
            (true, true) => (State::NotProved, "kept from registries by the egress rule, not tried".to_owned()),
            _ => (
                State::Open,
                "a container, also a builder in one, reaches registries by itself, as on any machine".to_owned(),
            ),
        }
    }

    /// Whether the engine is told to fetch through a door that there should be.
    fn is_set_up(&self) -> Configured {
        match &self.facts.answers {
            _ if self.door.untold => Configured::Unknown,
            _ if !self.door.is_there() => Configured::No,
            Answers::Yes if self.facts.proxies.iter().any(String::is_empty) => Configured::No,
            Answers::Yes => Configured::Yes,
            Answers::No(_) | Answers::NotThisUser(_) => Configured::Unknown,
        }
    }

    fn why_past(&self, words: &str) -> String {
        match (self.door.is_there(), self.door.connected.is_empty()) {
            (false, _) if self.door.untold => format!("{NO_PLUGIN}, and the engine says: {words}"),
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
const NO_PLUGIN: &str = "only the plugin knows, and it does not answer";

impl Facts {
    /// Nothing could be asked.
    pub fn unknown(why: &str) -> Self {
        Self::unasked(Answers::No(why.to_owned()), why)
    }

    /// This user may not ask.
    pub fn not_visible(why: &str) -> Self {
        Self::unasked(Answers::NotThisUser(why.to_owned()), why)
    }

    fn unasked(answers: Answers, why: &str) -> Self {
        let untried = Proof::Untried(why.to_owned());
        Self {
            answers,
            version: None,
            version_text: String::new(),
            listed: None,
            named: None,
            asks: untried.clone(),
            shows_bodies: untried,
            proxies: Default::default(),
            no_proxy: String::new(),
            fetches: Fetches::untried(why),
            mirrors: Vec::new(),
            insecure: Vec::new(),
        }
    }

    /// What is said of a way that was not tried.
    fn untried(&self) -> State {
        match self.answers {
            Answers::NotThisUser(_) => State::NotVisible,
            Answers::Yes | Answers::No(_) => State::NotProved,
        }
    }

    /// Whether it is configured to ask: it asks, or its settings say so, or else itself, of its start.
    pub(super) fn names_the_plugin(&self) -> Configured {
        match (&self.asks, self.named.or(self.listed)) {
            (Proof::Proved, _) | (_, Some(true)) => Configured::Yes,
            (_, Some(false)) => Configured::No,
            (_, None) => Configured::Unknown,
        }
    }

    /// Whether nothing says that it would ask: neither itself nor its settings.
    pub(super) fn is_not_configured(&self) -> bool {
        self.listed == Some(false) && self.named != Some(true)
    }

    fn state(&self, proof: &Proof, note: &str) -> (State, String) {
        match proof {
            Proof::Proved => (State::Enforced, note.to_owned()),
            Proof::Refuted(words) => (State::Open, format!("the engine did not ask the plugin: {words}")),
            Proof::Untried(_) if self.is_not_configured() => {
                (State::Open, "the engine's configuration does not list the plugin `pullgate`".to_owned())
            }
            Proof::Untried(why) => (self.untried(), why.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
