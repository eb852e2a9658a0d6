//! What the agent does when: a state machine without I/O, clock or chance. Events in, commands out.
//!
//! [`crate::driver`] executes commands and brings events. Each answer carries the number of
//! the attempt that it belongs to, so that one that comes too late changes nothing.

mod machine;

use std::{sync::Arc, time::Duration};

use proto::secret::Secret;
use proto::sync::Held;

pub use machine::Sync;

use crate::{
    credentials::{Account, Identity},
    documents::Documents,
    stamp::Stamp,
};

/// Number of an attempt or timer.
pub type Number = u64;

/// What the credentials say, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// Somebody is signed in.
    Account {
        /// Who.
        account: Account,
        /// The file's stamp: a file that was written again is worth another try with the same content.
        stamp: Stamp,
    },
    /// Nobody is.
    SignedOut,
    /// It cannot be told: nobody is.
    Unreadable,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The enrollment in force, at the start and at each change of it.
    Enrolled {
        /// URL of the service; none: not enrolled.
        service: Option<String>,
        /// A Docker Hub credential may be shown to it.
        docker_hub: bool,
    },
    /// The credentials were read.
    Credential {
        /// The service whose entry was looked for.
        service: Option<String>,
        /// What was found.
        seen: Seen,
    },
    /// The plugin answers, or answers again after it did not.
    PluginUp {
        /// Its machine id.
        machine_id: String,
        /// The session that it has in force for this uid.
        session: Option<Held>,
    },
    /// The plugin was asked what it has in force, once a second.
    PluginLooked(InForceThere),
    /// The plugin does not answer.
    PluginDown,
    /// The service knows the account.
    SignedIn {
        /// Which attempt.
        attempt: Number,
        /// For `Watch` and `Report`.
        token: Secret,
        /// Sealed session.
        session: Vec<u8>,
    },
    /// The service sent the desired state.
    Desired {
        /// Which attempt.
        attempt: Number,
        /// Everything that should be in force.
        desired: Vec<Held>,
        /// What of it was not held.
        envelopes: Vec<Vec<u8>>,
    },
    /// The service does not accept the credential or the token.
    Refused {
        /// Which attempt.
        attempt: Number,
        /// How long the conversation had lasted.
        lasted: Duration,
    },
    /// The service did not answer, or the stream broke.
    Unavailable {
        /// Which attempt.
        attempt: Number,
        /// When the service said to come again.
        retry_after: Option<Duration>,
        /// How long the conversation had lasted.
        lasted: Duration,
    },
    /// The plugin has in force what it was given.
    Applied,
    /// It has not.
    ApplyFailed(ApplyFailure),
    /// Time is up.
    Timer {
        /// Which.
        timer: Timer,
        /// Which one of those.
        number: Number,
    },
    /// Somebody at this machine wants to know now what the service says.
    Compare,
}

/// What is in force at the plugin, as far as it is this user's business.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InForceThere {
    /// The session of this uid.
    pub session: Option<Held>,
    /// Policies, whoever brought them.
    pub policies: Vec<Held>,
}

/// Why documents are not in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplyFailure {
    /// The plugin did not answer.
    NoAnswer,
    /// It answered and said no.
    Refused,
    /// It said no for good: the session was ended or replaced there, and only a newer one is taken.
    SessionOver,
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Show the credential to the service. Replaces the conversation that is going on.
    SignIn {
        /// For the answer.
        attempt: Number,
        /// Whose.
        account: Account,
        /// On which machine.
        machine_id: String,
    },
    /// Open the stream of desired states. Replaces the conversation that is going on.
    Watch {
        /// For the answer.
        attempt: Number,
        /// From the sign-in.
        token: Secret,
        /// What need not be sent.
        held: Vec<Held>,
    },
    /// End the conversation with the service.
    HangUp,
    /// Records may be sent with this token; none: not now.
    Report(Option<Secret>),
    /// Make this so at the plugin. One at a time: the next comes after the answer.
    Apply(Goal),
    /// Keep for a start without the service.
    Store(Cached),
    /// Forget what was kept.
    ClearCache,
    /// Bring [`Event::Timer`] after the delay. Replaces a running timer of the kind.
    Wait {
        /// Which.
        timer: Timer,
        /// For the event.
        number: Number,
        /// How long.
        delay: Delay,
    },
}

/// What should be in force for this user at the plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Goal {
    /// No session.
    Nobody,
    /// These documents.
    Documents(Arc<Documents>),
}

/// What survives a restart of the agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cached {
    /// URL of the service that sealed it.
    pub service: String,
    /// For whom.
    pub owner: Identity,
    /// For which machine.
    pub machine_id: String,
    /// The set.
    pub documents: Arc<Documents>,
}

/// Kinds of timers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Timer {
    /// Try the service again.
    Service,
    /// Try the plugin again.
    Apply,
    /// Another account appeared and the service has not confirmed it yet.
    Grace,
    /// End of a minute in which credentials were shown.
    SignIns,
    /// A minute without a loss at the plugin.
    Losses,
}

/// How long to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delay {
    /// Exactly this.
    Exactly(Duration),
    /// Any time up to this.
    Within(Duration),
    /// Back-off with full jitter.
    Backoff {
        /// Failures before this one.
        attempt: u32,
        /// Longest wait.
        cap: Duration,
    },
}

/// Start of each back-off.
pub const BACKOFF_BASE: Duration = Duration::from_millis(250);
/// Longest wait after a stream that stood and broke without a word. The service may have died, and then every machine is
/// waiting: they come back one after the other.
pub const SPREAD: Duration = Duration::from_secs(10);
/// Longest wait for the service.
pub const SERVICE_CAP: Duration = Duration::from_secs(30);
/// Longest wait for the plugin, which is on this machine.
pub const PLUGIN_CAP: Duration = Duration::from_secs(2);
/// How long the session of another account may stay while the service is asked about the new one: a switch is one change.
pub const GRACE: Duration = Duration::from_secs(3);

/// In this time no more than [`SIGN_INS`] sign-ins that the service accepts, and one at once after a refused token.
pub const SIGN_IN_WINDOW: Duration = Duration::from_secs(60);
/// A service that accepts sign-ins and then refuses what it gave does not see the password more often.
pub const SIGN_INS: u32 = 3;
/// After this time without a loss at the plugin, a loss is the first one again.
pub const LOSS_WINDOW: Duration = Duration::from_secs(60);
/// From this many losses on, somebody else is at work, and what was lost is put back slowly.
pub const LOSSES: u32 = 3;
/// How slowly.
pub const SLOW_REPAIR: Duration = Duration::from_secs(30);

impl Event {
    /// Its name, for the log; the rest is large or secret.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Enrolled { .. } => "enrolled",
            Self::Credential { .. } => "credential",
            Self::PluginUp { .. } => "plugin_up",
            Self::PluginLooked(_) => "plugin_looked",
            Self::PluginDown => "plugin_down",
            Self::SignedIn { .. } => "signed_in",
            Self::Desired { .. } => "desired",
            Self::Refused { .. } => "refused",
            Self::Unavailable { .. } => "unavailable",
            Self::Applied => "applied",
            Self::ApplyFailed(_) => "apply_failed",
            Self::Timer { .. } => "timer",
            Self::Compare => "compare",
        }
    }
}

impl Command {
    /// Its name, for the log; the rest is large or secret.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::SignIn { .. } => "sign_in",
            Self::Watch { .. } => "watch",
            Self::HangUp => "hang_up",
            Self::Report(_) => "report",
            Self::Apply(_) => "apply",
            Self::Store(_) => "store",
            Self::ClearCache => "clear_cache",
            Self::Wait { .. } => "wait",
        }
    }
}

impl Delay {
    /// The wait, with `chance` between 0 and 1.
    #[must_use]
    pub fn duration(self, chance: f64) -> Duration {
        match self {
            Self::Exactly(delay) => delay,
            Self::Within(longest) => longest.mul_f64(chance.clamp(0.0, 1.0)),
            // 2^16 times the base is far beyond every cap.
            Self::Backoff { attempt, cap } => {
                cap.min(BACKOFF_BASE.saturating_mul(1 << attempt.min(16))).mul_f64(chance.clamp(0.0, 1.0))
            }
        }
    }
}

#[cfg(test)]
mod tests;
