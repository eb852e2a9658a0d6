//! Organizations.

use axum::extract::State;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Caller, Refusal,
    answer::{self, Answer},
    input::{Asked, At, Body, MustMatch, given, present},
    page::{Listed, Page},
    path,
    refusal::{ChangeRefusals, Refusals},
};
use crate::{
    acts::{
        keeping::{self, KeepingChange},
        organizations,
    },
    clock,
    model::{AllowedPulls, Keeping},
    names::Name,
};

/// An organization.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Organization {
    /// Its name.
    organization: String,
    /// Members of this organization of Docker Hub are members here; null: of none.
    hub_organization: Option<String>,
    /// Groups of the identity provider make members here.
    oidc_groups: bool,
    /// What is kept of decisions that allowed something: nothing, how often by day, person and image, or each.
    allowed_pulls: AllowedPulls,
    /// Seconds that decisions and counts of them are kept; null: as the service is set.
    #[schema(minimum = 86_400, maximum = 94_867_200)]
    keep_records: Option<i64>,
}

impl From<organizations::Organization> for Organization {
    fn from(row: organizations::Organization) -> Self {
        let organizations::Organization { organization, hub_organization, oidc_groups, allowed_pulls, keep_records } =
            row;
        Self { organization, hub_organization, oidc_groups, allowed_pulls, keep_records }
    }
}

/// An organization to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrganization {
    /// Its name.
    organization: Name,
    /// Docker Hub namespaces that it owns.
    #[serde(default)]
    #[schema(max_items = 100)]
    namespaces: Vec<Name>,
}

/// Organizations that one belongs to
#[utoipa::path(get, path = "/organizations", tag = "organizations", params(Page),
    responses((status = 200, body = Listed<Organization>), Refusals))]
pub async fn list(State(api): State<Api>, caller: Caller, Asked(page): Asked<Page>) -> Answer {
    let rows = organizations::list(&api.store, &caller.actor).await?;
    let key = |row: &organizations::Organization| row.organization.clone();
    answer::ok(&page.cut(rows, key)?.map(Organization::from))
}

/// Make one
///
/// Its policy is off, and who makes it owns it. For who owns every organization of this service.
#[utoipa::path(post, path = "/organizations", tag = "organizations", request_body = NewOrganization,
    responses((status = 201, body = Organization), Refusals, ChangeRefusals))]
pub async fn add(State(api): State<Api>, caller: Caller, Body(new): Body<NewOrganization>) -> Answer {
    let NewOrganization { organization, namespaces } = new;
    organizations::add(&api.store, &caller.actor, &organization, &namespaces, clock::now()).await?;
    let organization = organization.to_string();
    let Keeping { allowed_pulls, keep_records } = Keeping::default();
    answer::created(&Organization {
        organization,
        hub_organization: None,
        oidc_groups: false,
        allowed_pulls,
        keep_records,
    })
}

/// One of them
#[utoipa::path(get, path = "/organizations/{organization}", tag = "organizations", params(path::Organization),
    responses((status = 200, body = Organization, headers(("etag" = String))), (status = 304), Refusals))]
pub async fn show(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<path::Organization>,
    headers: HeaderMap,
) -> Answer {
    let rows = organizations::list(&api.store, &caller.actor).await?;
    match rows.into_iter().find(|row| row.organization == at.organization.as_str()) {
        Some(row) => answer::thing(&headers, &keeping::tag(&row), &Organization::from(row)),
        None => Err(Refusal::from(crate::acts::ActError::NoOrganization(at.organization.to_string()))),
    }
}

/// What is to be changed. What is absent stays; `null` where that means something is a value.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationPatch {
    /// What is kept of decisions that allowed something.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    allowed_pulls: Option<AllowedPulls>,
    /// Seconds that decisions and counts of them are kept, or null for as the service is set.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<i64>, minimum = 86_400, maximum = 94_867_200)]
    keep_records: Option<Option<i64>>,
}

/// Say what is kept of decisions
///
/// What is there already and is not to be kept any more is forgotten within the hour.
#[utoipa::path(patch, path = "/organizations/{organization}", tag = "organizations",
    params(path::Organization, ("If-Match" = String, Header, description = "The `ETag` of what was looked at, or `*`.")),
    request_body(content((OrganizationPatch = "application/json"), (OrganizationPatch = "application/merge-patch+json"))),
    responses((status = 200, body = Organization, headers(("etag" = String))), Refusals, ChangeRefusals))]
pub async fn change(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<path::Organization>,
    MustMatch(condition): MustMatch,
    Body(patch): Body<OrganizationPatch>,
) -> Answer {
    let OrganizationPatch { allowed_pulls, keep_records } = patch;
    let wanted = KeepingChange { allowed_pulls, keep_records };
    let now = keeping::set(&api.store, &caller.actor, &at.organization, wanted, &condition).await?;
    let tag = keeping::tag(&now);
    Ok(answer::tagged(answer::ok(&Organization::from(now))?, &tag))
}
