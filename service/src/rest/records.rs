//! Decisions that machines reported.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, Caller,
    answer::{self, Answer},
    input::{Asked, At, at_most},
    page::{Listed, Page, cursor},
    path::Organization,
    refusal::Refusals,
};
use crate::{
    acts::activity::{self, Filter, Position},
    store::{self, RecordRow},
};

/// Which decisions.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effects {
    /// Refused, or would have been.
    Refused,
    /// Refused.
    Denied,
    /// Allowed, and would have been refused.
    WouldDeny,
    /// Allowed.
    Allowed,
}

/// Which records.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Which decisions; without it, all.
    #[param(inline)]
    effect: Option<Effects>,
    /// A part of the image's name.
    #[serde(default, deserialize_with = "at_most::<200, _>")]
    #[param(max_length = 200)]
    image: Option<String>,
    /// Somebody with a session on the machine then, or whose agent reported it.
    #[serde(default, deserialize_with = "at_most::<127, _>")]
    #[param(max_length = 127)]
    user: Option<String>,
    /// A machine.
    #[serde(default, deserialize_with = "at_most::<128, _>")]
    #[param(max_length = 128)]
    machine: Option<String>,
    /// Code of the reason.
    #[serde(default, deserialize_with = "at_most::<64, _>")]
    #[param(max_length = 64)]
    reason: Option<String>,
    /// Code of the category.
    #[serde(default, deserialize_with = "at_most::<64, _>")]
    #[param(max_length = 64)]
    category: Option<String>,
    /// Word of the action.
    #[serde(default, deserialize_with = "at_most::<64, _>")]
    #[param(max_length = 64)]
    action: Option<String>,
    /// Id of a rule.
    #[serde(default, deserialize_with = "at_most::<64, _>")]
    #[param(max_length = 64)]
    rule: Option<String>,
    /// Received since, milliseconds since the Unix epoch.
    since_ms: Option<i64>,
    /// Received until then, milliseconds since the Unix epoch, exclusive.
    until_ms: Option<i64>,
    /// As the page before says in `next`; without it, the first page.
    #[serde(default, deserialize_with = "at_most::<1000, _>")]
    #[param(max_length = 1000)]
    cursor: Option<String>,
    /// Most things of the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

/// A decision, or what an administrator of a machine did there.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// ULID, unique on its machine.
    id: String,
    /// The machine.
    machine_id: String,
    /// By the machine's clock, milliseconds since the Unix epoch.
    at_ms: i64,
    /// By this service's clock, milliseconds since the Unix epoch.
    received_at_ms: i64,
    /// Account whose agent reported it.
    reported_by: String,
    /// Word of the action, for example `pull`.
    action: String,
    /// As the engine reads it; may be empty.
    image: String,
    /// The answer.
    allowed: bool,
    /// The policy only watched: it was allowed, and would have been refused.
    would_deny: bool,
    /// Code of the reason.
    reason: String,
    /// Code of the category; may be empty.
    category: String,
    /// Whose policy decided.
    organization: String,
    /// Generation of the policy that decided.
    generation: i64,
    /// Id of the rule that decided; may be empty.
    rule: String,
    /// Who had a session on the machine.
    users: Vec<String>,
    /// What a started content is known by; may be empty.
    evidence: String,
    /// `enforced` or `open`: whether the plugin saw all that the action fetches; may be empty.
    coverage: String,
    /// What an administrator of the machine did there; null: it is a decision.
    #[schema(value_type = Option<Object>)]
    act: Option<Value>,
    /// Accounts of unrelated organizations reported this machine: one of them may be lying.
    machine_disputed: bool,
}

impl From<RecordRow> for Record {
    fn from(row: RecordRow) -> Self {
        Self {
            users: serde_json::from_str(&row.users).unwrap_or_default(),
            act: serde_json::from_str(&row.act).ok(),
            id: row.id,
            machine_id: row.machine_id,
            at_ms: row.at_ms,
            received_at_ms: row.received_at_ms,
            reported_by: row.reported_by,
            action: row.action,
            image: row.image,
            allowed: row.allowed,
            would_deny: row.would_deny,
            reason: row.reason,
            category: row.category,
            organization: row.organization,
            generation: row.generation,
            rule: row.rule,
            evidence: row.evidence,
            coverage: row.coverage,
            machine_disputed: row.machine_disputed,
        }
    }
}

/// Decisions
///
/// Newest first by this service's clock. A search for what is rare looks at a part of the records at a time: a page may
/// hold less than `limit`, or nothing, and `next` goes on.
#[utoipa::path(get, path = "/organizations/{organization}/records", tag = "activity", params(Organization, Which),
    responses((status = 200, body = Listed<Record>), Refusals))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    Asked(which): Asked<Which>,
) -> Answer {
    let page = Page { cursor: which.cursor, limit: which.limit };
    let (before, limit) = (page.after::<Position>()?, page.limit()?);
    let filter = Filter {
        which: match which.effect {
            None => store::Which::All,
            Some(Effects::Refused) => store::Which::Refused,
            Some(Effects::Denied) => store::Which::Denied,
            Some(Effects::WouldDeny) => store::Which::WouldDeny,
            Some(Effects::Allowed) => store::Which::Allowed,
        },
        before,
        since_ms: which.since_ms,
        until_ms: which.until_ms,
        image: which.image.unwrap_or_default(),
        user: which.user.unwrap_or_default(),
        machine: which.machine.unwrap_or_default(),
        reason: which.reason.unwrap_or_default(),
        category: which.category.unwrap_or_default(),
        action: which.action.unwrap_or_default(),
        rule: which.rule.unwrap_or_default(),
    };
    let found = activity::list(&api.store, &caller.actor, &at.organization, filter, limit).await?;
    let next = found.next.map(|position| cursor(&position));
    answer::ok(&Listed { items: found.rows.into_iter().map(Record::from).collect(), next })
}
