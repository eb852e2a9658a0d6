//! Badges of Docker Hub namespaces. They hold for all organizations of this service.

use axum::extract::State;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Caller,
    answer::{self, Answer},
    input::{Asked, At, Body, IfMatch},
    page::{Listed, Page},
    path,
    refusal::{ChangeRefusals, MatchRefusals, Refusals},
};
use crate::{
    acts::{ActError, publishers},
    model::{self, Badge, BadgeSource},
    names::Name,
};

/// A publisher.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Publisher {
    /// Docker Hub namespace.
    namespace: String,
    /// Its badge.
    badge: Badge,
    /// Who says so: what was given by hand is changed by no refresh.
    source: BadgeSource,
}

impl From<model::Publisher> for Publisher {
    fn from(row: model::Publisher) -> Self {
        let model::Publisher { namespace, badge, source } = row;
        Self { namespace, badge, source }
    }
}

/// A badge.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedBadge {
    /// Which.
    badge: Badge,
}

/// Many badges.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Import {
    /// They are added, or take the place of the badge that is there. What is not named stays.
    #[schema(max_items = 1000)]
    publishers: Vec<ImportedBadge>,
}

/// One of them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportedBadge {
    /// Docker Hub namespace.
    namespace: Name,
    /// Its badge.
    badge: Badge,
}

/// What an import did.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedBadges {
    /// How many are new, have another badge, or were Docker Hub's.
    changed: usize,
}

/// The publishers
#[utoipa::path(get, path = "/publishers", tag = "publishers", params(Page),
    responses((status = 200, body = Listed<Publisher>), Refusals))]
pub async fn list(State(api): State<Api>, caller: Caller, Asked(page): Asked<Page>) -> Answer {
    let rows = publishers::list(&api.store, &caller.actor).await?;
    answer::ok(&page.cut(rows, |row: &model::Publisher| row.namespace.clone())?.map(Publisher::from))
}

/// Give many badges at once
#[utoipa::path(post, path = "/publishers", tag = "publishers", request_body = Import,
    responses((status = 200, body = ChangedBadges), Refusals, ChangeRefusals))]
pub async fn import(State(api): State<Api>, caller: Caller, Body(import): Body<Import>) -> Answer {
    let given: Vec<(Name, Badge)> = import.publishers.into_iter().map(|one| (one.namespace, one.badge)).collect();
    let changed = publishers::import(&api.store, &caller.actor, &given).await?;
    answer::ok(&ChangedBadges { changed })
}

/// One of them
#[utoipa::path(get, path = "/publishers/{namespace}", tag = "publishers", params(path::Publisher),
    responses((status = 200, body = Publisher, headers(("etag" = String))), (status = 304), Refusals))]
pub async fn show(State(api): State<Api>, caller: Caller, At(at): At<path::Publisher>, headers: HeaderMap) -> Answer {
    let rows = publishers::list(&api.store, &caller.actor).await?;
    match rows.into_iter().find(|row| row.namespace == at.namespace.as_str()) {
        Some(row) => answer::thing(&headers, &publishers::tag(&row), &Publisher::from(row)),
        None => Err(ActError::NoBadge(at.namespace.to_string()).into()),
    }
}

/// Give a badge
#[utoipa::path(put, path = "/publishers/{namespace}", tag = "publishers",
    params(path::Publisher, ("If-Match" = Option<String>, Header, description = "The `ETag` of what was looked at.")),
    request_body = WantedBadge,
    responses((status = 200, body = Publisher, headers(("etag" = String))), (status = 201, body = Publisher), Refusals,
        ChangeRefusals))]
pub async fn put(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<path::Publisher>,
    IfMatch(condition): IfMatch,
    Body(WantedBadge { badge }): Body<WantedBadge>,
) -> Answer {
    let before = publishers::set(&api.store, &caller.actor, &at.namespace, badge, &condition).await?;
    let now = model::Publisher { namespace: at.namespace.to_string(), badge, source: BadgeSource::Hand };
    let tag = publishers::tag(&now);
    Ok(answer::tagged(answer::put(before.is_none(), &Publisher::from(now))?, &tag))
}

/// Take it away
///
/// The namespace's images are community images then, until a refresh finds it on Docker Hub again.
#[utoipa::path(delete, path = "/publishers/{namespace}", tag = "publishers",
    params(path::Publisher, ("If-Match" = Option<String>, Header, description = "The `ETag` of what was looked at.")),
    responses((status = 204), Refusals, MatchRefusals))]
pub async fn remove(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<path::Publisher>,
    IfMatch(condition): IfMatch,
) -> Answer {
    publishers::remove(&api.store, &caller.actor, &at.namespace, &condition).await?;
    answer::done()
}
