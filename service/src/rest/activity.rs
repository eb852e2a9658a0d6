//! What machines refused, counted.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, Caller,
    answer::{self, Answer},
    input::{Asked, At},
    path::Organization,
    refusal::Refusals,
};
use crate::{
    acts::activity,
    clock,
    store::{self, Day},
};

/// Without a word about it: the last 30 days.
const SINCE_MS: i64 = 30 * DAY_MS;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Since when.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Since {
    /// From the beginning of that day in UTC on, milliseconds since the Unix epoch; without it, 30 days ago.
    since_ms: Option<i64>,
}

/// What was refused, or would have been, counted.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Summary {
    /// Days with refusals, oldest first.
    days: Vec<RefusalsOfDay>,
    /// The images most refused, at most 8; those of the newest 50,000 daily counts.
    images: Vec<MostRefused>,
    /// The accounts to which most was refused, at most 8; those of the newest 50,000 daily counts.
    people: Vec<MostRefused>,
}

/// Refusals of a day.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RefusalsOfDay {
    /// When it began in UTC, milliseconds since the Unix epoch.
    day_ms: i64,
    /// Refused.
    denied: i64,
    /// Let through, and would have been refused.
    would_deny: i64,
}

/// Something with how often it was refused.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MostRefused {
    /// An image, or an account.
    name: String,
    /// How often it was refused, or would have been.
    refusals: i64,
}

impl From<Day> for RefusalsOfDay {
    fn from(Day { day, denied, would_deny }: Day) -> Self {
        Self { day_ms: day.saturating_mul(DAY_MS), denied, would_deny }
    }
}

impl From<store::Top> for MostRefused {
    fn from(store::Top { name, refusals }: store::Top) -> Self {
        Self { name, refusals }
    }
}

/// Refusals, counted
///
/// By this service's clock.
#[utoipa::path(get, path = "/organizations/{organization}/activity/summary", tag = "activity",
    params(Organization, Since), responses((status = 200, body = Summary), Refusals))]
pub async fn summary(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    Asked(Since { since_ms }): Asked<Since>,
) -> Answer {
    let since_ms = since_ms.unwrap_or_else(|| clock::now_ms().saturating_sub(SINCE_MS));
    let activity::Summary { days, images, people } =
        activity::summary(&api.store, &caller.actor, &at.organization, since_ms).await?;
    let most = |all: Vec<store::Top>| all.into_iter().map(MostRefused::from).collect();
    answer::ok(&Summary {
        days: days.into_iter().map(RefusalsOfDay::from).collect(),
        images: most(images),
        people: most(people),
    })
}
