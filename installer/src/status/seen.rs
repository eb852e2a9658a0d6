//! Everything that `status` tells, looked at once.

use proto::control::StatusResponse;

use super::{
    coverage::{self, Facts, Way},
    disabled,
    door::Setup,
    health::{self, Health},
    others::Engines,
};

/// Whether the agent of this user runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agent {
    /// As this process.
    Runs(i32),
    /// It does not.
    Missing,
    /// Nobody expects one: this is root, or a user of the system.
    NotExpected,
    /// On this system an agent answers nobody.
    NotTold,
}

/// What was seen.
#[derive(Debug, Clone)]
pub struct Seen {
    /// What the plugin says; or why it says nothing.
    pub plugin: Result<StatusResponse, String>,
    /// The engine.
    pub engine: Facts,
    /// Where it was asked, and what others there are.
    pub engines: Engines,
    /// The registry door.
    pub door: Setup,
    /// Whether `pullgate disable` is in force.
    pub disabled: disabled::Seen,
    /// The agent of this user.
    pub agent: Agent,
    /// What to type behind `docker login`; empty: not known.
    pub login_host: String,
    /// Now, in milliseconds since 1970.
    pub now_ms: i64,
}

impl Seen {
    /// Every way in.
    pub fn ways(&self) -> Vec<Way> {
        coverage::coverage(&self.engine, &self.door)
    }

    /// In one word, and why.
    pub fn health(&self, ways: &[Way]) -> Health {
        health::judge(self, ways)
    }
}
