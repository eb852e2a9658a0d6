//! The list of other registries than Docker Hub. It counts where the policy controls registries.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Api, Caller,
    answer::{self, Answer},
    input::{Asked, At},
    page::{Listed, Page},
    path,
    preview::Confirm,
    refusal::{ChangeRefusals, ConfirmRefusals, Refusals},
};
use crate::{acts::registries, clock};

/// A registry.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Registry {
    /// Host, with its port where that is not 443.
    host: String,
}

/// The list
#[utoipa::path(get, path = "/organizations/{organization}/registries", tag = "policy",
    params(path::Organization, Page), responses((status = 200, body = Listed<Registry>), Refusals))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<path::Organization>,
    Asked(page): Asked<Page>,
) -> Answer {
    let hosts = registries::list(&api.store, &caller.actor, &at.organization).await?;
    answer::ok(&page.cut(hosts, String::clone)?.map(|host| Registry { host }))
}

/// Add one
#[utoipa::path(put, path = "/organizations/{organization}/registries/{host}", tag = "policy", params(path::Registry),
    responses((status = 200, body = Registry), (status = 201, body = Registry), Refusals, ChangeRefusals))]
pub async fn add(State(api): State<Api>, caller: Caller, At(at): At<path::Registry>) -> Answer {
    let new = registries::add(&api.store, &caller.actor, &at.organization, &at.host).await?;
    answer::put(new, &Registry { host: at.host.to_ascii_lowercase() })
}

/// Take one away
#[utoipa::path(delete, path = "/organizations/{organization}/registries/{host}", tag = "policy",
    params(path::Registry, Confirm), responses((status = 204), Refusals, ConfirmRefusals))]
pub async fn remove(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<path::Registry>,
    Asked(confirm): Asked<Confirm>,
) -> Answer {
    let (actor, organization) = (&caller.actor, &at.organization);
    registries::remove(&api.store, actor, organization, &at.host, confirm.into(), clock::now()).await?;
    answer::done()
}
