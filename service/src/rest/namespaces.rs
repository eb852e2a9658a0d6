//! Docker Hub namespaces of an organization: their images are always allowed.

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
use crate::{
    acts::{namespaces, policy},
    clock,
};

/// A namespace.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Namespace {
    /// Its name.
    namespace: String,
}

/// The namespaces
#[utoipa::path(get, path = "/organizations/{organization}/namespaces", tag = "policy",
    params(path::Organization, Page), responses((status = 200, body = Listed<Namespace>), Refusals))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<path::Organization>,
    Asked(page): Asked<Page>,
) -> Answer {
    let all = policy::show(&api.store, &caller.actor, &at.organization).await?.state.namespaces;
    answer::ok(&page.cut(all, String::clone)?.map(|namespace| Namespace { namespace }))
}

/// Claim one
#[utoipa::path(put, path = "/organizations/{organization}/namespaces/{namespace}", tag = "policy",
    params(path::Namespace),
    responses((status = 200, body = Namespace), (status = 201, body = Namespace), Refusals, ChangeRefusals))]
pub async fn add(State(api): State<Api>, caller: Caller, At(at): At<path::Namespace>) -> Answer {
    let new = namespaces::add(&api.store, &caller.actor, &at.organization, &at.namespace).await?;
    answer::put(new, &Namespace { namespace: at.namespace.to_string() })
}

/// Give one up
#[utoipa::path(delete, path = "/organizations/{organization}/namespaces/{namespace}", tag = "policy",
    params(path::Namespace, Confirm), responses((status = 204), Refusals, ConfirmRefusals))]
pub async fn remove(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<path::Namespace>,
    Asked(confirm): Asked<Confirm>,
) -> Answer {
    let (actor, organization) = (&caller.actor, &at.organization);
    namespaces::remove(&api.store, actor, organization, &at.namespace, confirm.into(), clock::now()).await?;
    answer::done()
}
