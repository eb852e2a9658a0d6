//! What was administered.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use super::{
    Api, Caller,
    answer::{self, Answer},
    input::{Asked, At, at_most},
    page::{Listed, Page},
    path::Organization,
    refusal::Refusals,
};
use crate::{
    acts::trail::{self, Acts},
    names::Name,
    store::TrailLine,
};

/// An act.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditLine {
    /// Rising.
    id: i64,
    /// Milliseconds since the Unix epoch.
    at_ms: i64,
    /// Who: `user:<account>`, `local:<uid>` on the service's machine, `docker-hub` or `oidc` by their word.
    actor: String,
    /// By which way: `command-line`, `browser`, `password`, `token:<id>`, `invitation`; may be empty.
    via: String,
    /// IP address; empty: on the service's machine.
    peer: String,
    /// What: `policy.set`, `member.add`, ...
    act: String,
    /// Where; empty: in no organization.
    organization: String,
    /// To what.
    target: String,
    /// What was before and what is now.
    #[schema(value_type = Object)]
    detail: Value,
}

impl From<TrailLine> for AuditLine {
    fn from(line: TrailLine) -> Self {
        let TrailLine { id, at_ms, actor, via, peer, act, organization, target, detail } = line;
        let detail = serde_json::from_str(&detail).unwrap_or_else(|_| serde_json::json!({}));
        Self { id, at_ms, actor, via, peer, act, organization, target, detail }
    }
}

/// Which acts.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// By them, as lines name them.
    #[serde(default, deserialize_with = "at_most::<255, _>")]
    #[param(max_length = 255)]
    actor: Option<String>,
    /// This one, or those whose word begins so: `policy`, `member.add`.
    #[serde(default, deserialize_with = "at_most::<64, _>")]
    #[param(max_length = 64)]
    act: Option<String>,
    /// Since, milliseconds since the Unix epoch.
    since_ms: Option<i64>,
    /// Until then, milliseconds since the Unix epoch, exclusive.
    until_ms: Option<i64>,
    /// As the page before says in `next`; without it, the first page.
    #[serde(default, deserialize_with = "at_most::<1000, _>")]
    #[param(max_length = 1000)]
    cursor: Option<String>,
    /// Most things of the page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u32>,
}

async fn list(api: &Api, caller: &Caller, organization: Option<&Name>, which: Which) -> Answer {
    let page = Page { cursor: which.cursor, limit: which.limit };
    let (before, limit) = (page.after::<i64>()?, page.limit()?);
    let acts = Acts {
        before,
        actor: which.actor.unwrap_or_default(),
        act: which.act.unwrap_or_default(),
        since_ms: which.since_ms,
        until_ms: which.until_ms,
    };
    let rows = trail::acts(&api.store, &caller.actor, organization, &acts, limit.saturating_add(1)).await?;
    answer::ok(&Listed::of(rows, limit, |line| line.id).map(AuditLine::from))
}

/// Acts in the organization
///
/// Newest first.
#[utoipa::path(get, path = "/organizations/{organization}/audit", tag = "audit", params(Organization, Which),
    responses((status = 200, body = Listed<AuditLine>), Refusals))]
pub async fn of_organization(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    Asked(which): Asked<Which>,
) -> Answer {
    list(&api, &caller, Some(&at.organization), which).await
}

/// Acts that belong to no organization
///
/// Newest first. For who owns or audits every organization of this service.
#[utoipa::path(get, path = "/audit", tag = "audit", params(Which),
    responses((status = 200, body = Listed<AuditLine>), Refusals))]
pub async fn of_service(State(api): State<Api>, caller: Caller, Asked(which): Asked<Which>) -> Answer {
    list(&api, &caller, None, which).await
}
