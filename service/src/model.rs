//! What the service knows, as its own types. The words are the same on the command
//! line, in the database and in JSON.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

mod access;
mod act_kind;
mod beyond;
mod keeping;
mod posture;
mod publisher;
mod sign_in;

pub use access::{AccessRequest, AccessState};
pub use act_kind::ActKind;
pub use beyond::{
    Beyond, Builds, ContainerBuilders, EnginePlugins, LocalContent, RunUnapproved, SwarmUse, UnknownRequests,
};
pub use keeping::{AllowedPulls, Keeping};
pub use posture::{Guard, OpenWay, Posture, WayIn};
pub use publisher::{Badge, BadgeSource, Publisher};
pub use sign_in::{CredentialKind, Origin, Outcome, Source, TokenScope, TokenScopes, Via};

/// Reads a word that [`word`] wrote.
///
/// # Errors
/// The word, when it is none of the type's.
pub fn from_word<T: ValueEnum>(text: &str) -> Result<T, String> {
    T::from_str(text, false).map_err(|_| text.to_owned())
}

/// The stable word of a value.
#[must_use]
pub fn word<T: ValueEnum>(value: T) -> String {
    value.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// What a member may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Never restricted by the policy; may change everything.
    Owner,
    /// May change the policy; is restricted by it.
    Admin,
    /// May read everything; is restricted.
    Auditor,
    /// Is restricted.
    Member,
}

/// Whether the policy refuses or only records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Refuse.
    Enforce,
    /// Let through and record what would have been refused.
    Monitor,
}

/// What a machine does with a policy past its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WhenExpired {
    /// Keep the last good one.
    Keep,
    /// Refuse what brings an image in.
    Deny,
}

/// Allowlist or denylist.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// Allowed whatever its category.
    Allow,
    /// Refused whatever else allows it.
    Deny,
}

/// Whom a rule concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "scope", content = "name")]
pub enum Scope {
    /// Everybody in the organization.
    Organization,
    /// One team.
    Team(String),
    /// One user.
    User(String),
}

/// An organization's settings, without its rules and registries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Settings {
    /// False: nobody is restricted.
    pub enabled: bool,
    /// Refuse or only record.
    pub mode: Mode,
    /// Docker Official Images are allowed.
    pub official: bool,
    /// Verified publishers' images are allowed.
    pub verified_publisher: bool,
    /// Community images are allowed.
    pub community: bool,
    /// Other registries than Docker Hub are limited to the list.
    pub registry_control: bool,
    /// What happens past the end of the document.
    pub when_expired: WhenExpired,
    /// The owner's words in a refusal; may be empty.
    pub message: String,
    /// Page where access is asked for; may be empty.
    pub request_url: String,
    /// Whom to write to; may be empty.
    pub email: String,
    /// Everything beyond which images may be pulled.
    #[serde(flatten)]
    pub beyond: Beyond,
}

impl Default for Settings {
    /// Of a new organization: off, and mild once it is switched on.
    fn default() -> Self {
        Self {
            enabled: false,
            mode: Mode::Enforce,
            official: true,
            verified_publisher: true,
            community: false,
            registry_control: false,
            when_expired: WhenExpired::Keep,
            message: String::new(),
            request_url: String::new(),
            email: String::new(),
            beyond: Beyond::default(),
        }
    }
}

/// One line of an allowlist or denylist.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// ULID, unique.
    pub id: String,
    /// Which list.
    pub effect: Effect,
    /// Which images, see `policy::rule`.
    pub pattern: String,
    /// Whom it concerns.
    #[serde(flatten)]
    pub scope: Scope,
    /// Seconds since the Unix epoch; absent: never.
    pub expires_at: Option<i64>,
    /// Why it is there; may be empty.
    pub reason: String,
}

/// Everything that makes one organization's policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyState {
    /// The organization.
    pub organization: String,
    /// Its settings.
    pub settings: Settings,
    /// Host patterns, sorted.
    pub registries: Vec<String>,
    /// Its Docker Hub namespaces, sorted.
    pub namespaces: Vec<String>,
    /// Both lists, by id.
    pub rules: Vec<Rule>,
}

/// A membership, as a session shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Membership {
    /// The organization.
    pub organization: String,
    /// The role there.
    pub role: Role,
    /// Its teams there, sorted.
    pub teams: Vec<String>,
}

/// An account, as a sign-in or a stream needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Row in the store.
    pub id: i64,
    /// User name; `<organization>/<token's name>` for an organization access token.
    pub name: String,
    /// Who can say whether its sign-in is right.
    pub origin: Origin,
    /// Bumped when a credential ends.
    pub credential_epoch: i64,
    /// True: kept only so that generations never go back.
    pub removed: bool,
}
