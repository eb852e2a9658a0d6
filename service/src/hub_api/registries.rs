//! Registry access management: which registries there are besides Docker Hub.

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    HubApi, answers,
    caller::Caller,
    input::{At, Body, Organization},
    refused::{Answer, Refused},
};
use crate::{
    acts::registries::{self, Noted},
    clock,
};

/// The one standard registry that counts: without it in an answer, Docker's provider stops.
const DOCKER_HUB: &str = "DockerHub";

/// `PUT /v2/orgs/{organization}/settings/registry-access-management`.
#[derive(Deserialize)]
pub(super) struct Wanted {
    enabled: bool,
    standard_registries: Vec<Standard>,
    custom_registries: Vec<Noted>,
}

/// A registry of Docker's own list.
#[derive(Deserialize)]
struct Standard {
    id: String,
    allowed: bool,
}

fn shown((enabled, custom): (bool, Vec<Noted>)) -> Value {
    json!({
        "enabled": enabled, "standard_registries": [{ "id": DOCKER_HUB, "allowed": true }], "custom_registries": custom,
    })
}

/// `GET /v2/orgs/{organization}/settings/registry-access-management`.
pub(super) async fn show(State(hub): State<HubApi>, caller: Caller, At(at): At<Organization>) -> Answer {
    let noted = registries::noted(&hub.api.store, &caller.actor, &at.organization).await?;
    Ok(answers::ok(&shown(noted)))
}

/// `PUT /v2/orgs/{organization}/settings/registry-access-management`.
pub(super) async fn put(
    State(hub): State<HubApi>,
    caller: Caller,
    At(at): At<Organization>,
    Body(wanted): Body<Wanted>,
) -> Answer {
    for Standard { id, allowed } in &wanted.standard_registries {
        // What would not be enforced is not taken.
        if id == DOCKER_HUB && !allowed {
            return Err(Refused::invalid(
                "Docker Hub is not refused as a registry here; say which of its images are allowed in \
                 `restricted_images`, and what is not to be had at all in the denylist",
            ));
        }
    }
    let (store, actor) = (&hub.api.store, &caller.actor);
    let Wanted { enabled, custom_registries, .. } = wanted;
    let noted =
        registries::set_noted(store, actor, &at.organization, enabled, &custom_registries, clock::now()).await?;
    Ok(answers::ok(&shown(noted)))
}
