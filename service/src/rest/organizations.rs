//! Organizations.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Caller, Refusal,
    answer::{self, Answer},
    input::{Asked, At, Body},
    page::{Listed, Page},
    path,
    refusal::{ChangeRefusals, Refusals},
};
use crate::{acts::organizations, clock, names::Name};

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
}

impl From<organizations::Organization> for Organization {
    fn from(row: organizations::Organization) -> Self {
        let organizations::Organization { organization, hub_organization, oidc_groups } = row;
        Self { organization, hub_organization, oidc_groups }
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
    answer::created(&Organization { organization, hub_organization: None, oidc_groups: false })
}

/// One of them
#[utoipa::path(get, path = "/organizations/{organization}", tag = "organizations", params(path::Organization),
    responses((status = 200, body = Organization), Refusals))]
pub async fn show(State(api): State<Api>, caller: Caller, At(at): At<path::Organization>) -> Answer {
    let rows = organizations::list(&api.store, &caller.actor).await?;
    match rows.into_iter().find(|row| row.organization == at.organization.as_str()) {
        Some(row) => answer::ok(&Organization::from(row)),
        None => Err(Refusal::from(crate::acts::ActError::NoOrganization(at.organization.to_string()))),
    }
}
