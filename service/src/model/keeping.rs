//! What an organization keeps of its members' decisions, and for how long.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

const DAY: i64 = 86_400;

/// What is kept of decisions that allowed something, and would have in any mode.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum AllowedPulls {
    /// Nothing.
    None,
    /// How often, by day, person and image; no single one.
    #[default]
    Counts,
    /// Counts, and each with its time and machine.
    All,
}

/// What is kept, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Keeping {
    /// Of allowed ones.
    pub allowed_pulls: AllowedPulls,
    /// Seconds that decisions and counts are kept; none: as the service is set.
    pub keep_records: Option<i64>,
}

impl Keeping {
    /// Shortest time, in seconds: a count is of a day.
    pub const SHORTEST: i64 = DAY;
    /// Longest time, in seconds.
    pub const LONGEST: i64 = 3 * 366 * DAY;
}
