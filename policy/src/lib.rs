//! The language of pullgate and its one decision.
//!
//! [`engine`] turns a request, as Docker Engine acts on it, into an [`Action`], and [`registry`] one
//! that the engine makes, as registries act on it; [`decide()`]
//! holds the action against what is [`Enforced`] on this machine and says why in a
//! [`Decision`]. The plugin, the registry door and the `pullgate` command call the same two.
//!
//! Never here: I/O, a clock, async, a panic. Everything is a pure function of its arguments.
//!
//! INVARIANT (I2): [`decide()`] is total: every action has one answer with one [`Reason`].
//! INVARIANT (I10): no content of a policy or a request can make this crate panic.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::unreachable,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects
    )
)]

extern crate alloc;

pub mod action;
pub mod category;
pub mod decide;
pub mod decision;
pub mod enforced;
pub mod engine;
mod governs;
pub mod guard;
pub mod image;
mod nearby;
pub mod probe;
pub mod registry;
pub mod rule;
pub mod session;
pub mod settings;
mod text;
mod time;

mod cut;
mod glob;
mod host;
#[path = "policy.rs"]
mod policy_;

pub use action::{Action, Ask, Governed, LocalImage, Origin, Reach, Rename, Start, Swarm, Unverifiable};
pub use category::{Badge, Category, Directory};
pub use decide::decide;
pub use decision::{Decision, Effect, Reason};
pub use enforced::{Documents, Enforced, Loopback, SignIn};
pub use guard::HostPath;
pub use host::canonical_host;
pub use image::{ImageRef, RefError};
pub use nearby::{Nearby, nearby, request_url};
pub use policy_::{Categories, Contact, HostPattern, HostPatternError, Mode, Policy, Registries, WhenExpired};
pub use probe::PROBE_HOST;
pub use rule::{Pattern, PatternError, Rule, RuleSet, Scope};
pub use session::{Membership, Role, Session};
pub use settings::Settings;
pub use text::explain;
pub use time::{Age, Timestamp, Validity};
