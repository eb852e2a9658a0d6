//! What people ask an organization to allow.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AccessState {
    /// It waits for an answer.
    Pending,
    /// It was allowed.
    Approved,
    /// It was not.
    Denied,
    /// Whoever asked took it back.
    Withdrawn,
}

/// One request of one person to one organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AccessRequest {
    /// ULID, unique.
    pub id: String,
    /// Who decides.
    pub organization: String,
    /// Who asks.
    pub user: String,
    /// As the engine reads it; without a tag and a digest: the repository.
    pub image: String,
    /// Why, in the words of the one who asks.
    pub reason: String,
    /// The decision that it is about; may be empty.
    pub decision: String,
    /// The machine where it was asked.
    pub machine_id: String,
    /// What became of it.
    pub state: AccessState,
    /// Seconds since the Unix epoch.
    pub created_at: i64,
    /// Seconds since the Unix epoch; absent: it waits.
    pub decided_at: Option<i64>,
    /// Who answered: an account, or `local:<uid>`; empty: nobody yet, or the one who asked.
    pub decided_by: String,
    /// Their words; may be empty.
    pub answer: String,
    /// The rule that an approval made; empty: none. It may be gone.
    pub rule_id: String,
    /// When that rule ends, seconds since the Unix epoch; absent: never.
    pub expires_at: Option<i64>,
}
