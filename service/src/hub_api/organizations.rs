//! Organizations, and the image access of one.

use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    HubApi, answers,
    caller::Caller,
    input::{At, Body, Organization},
    refused::Answer,
};
use crate::{
    acts::{
        Condition,
        policy::{self, PolicyChange, PolicyView, Terms},
        preview::Confirmation,
    },
    clock,
    model::{Membership, Role},
};

/// `restricted_images`: the three switches that Docker Hub's API has of a policy.
#[derive(Deserialize, Serialize)]
pub(super) struct RestrictedImages {
    enabled: bool,
    allow_official_images: bool,
    allow_verified_publishers: bool,
}

/// `PUT /v2/orgs/{organization}/settings`.
#[derive(Deserialize)]
pub(super) struct Settings {
    restricted_images: RestrictedImages,
}

/// The fields that Docker's tools read of one's organizations. One has no number here; its name is unique.
pub(super) fn membership(membership: &Membership) -> Value {
    let role = if membership.role == Role::Owner { "Owner" } else { "Member" };
    let mut row = organization(&membership.organization);
    row["type"] = json!("Organization");
    row["user_role"] = json!(role);
    row["teams"] = json!(membership.teams);
    row
}

fn organization(name: &str) -> Value {
    json!({ "id": name, "orgname": name, "full_name": "", "location": "", "company": "", "date_joined": "" })
}

fn settings(view: &PolicyView) -> Value {
    let settings = &view.state.settings;
    json!({ "restricted_images": RestrictedImages {
        enabled: settings.enabled,
        allow_official_images: settings.official,
        allow_verified_publishers: settings.verified_publisher,
    } })
}

/// `GET /v2/orgs/{organization}`.
pub(super) async fn show(State(hub): State<HubApi>, caller: Caller, At(at): At<Organization>) -> Answer {
    // Whoever may see its policy may know that it is there.
    policy::show(&hub.api.store, &caller.actor, &at.organization).await?;
    Ok(answers::ok(&organization(at.organization.as_str())))
}

/// `GET /v2/orgs/{organization}/settings`.
pub(super) async fn show_settings(State(hub): State<HubApi>, caller: Caller, At(at): At<Organization>) -> Answer {
    let view = policy::show(&hub.api.store, &caller.actor, &at.organization).await?;
    Ok(answers::ok(&settings(&view)))
}

/// `PUT /v2/orgs/{organization}/settings`. What the three do not name stays: community images, the lists, the mode.
/// Nobody is asked from how many people it takes something: Docker Hub's API has no word for it.
pub(super) async fn put_settings(
    State(hub): State<HubApi>,
    caller: Caller,
    At(at): At<Organization>,
    Body(Settings { restricted_images }): Body<Settings>,
) -> Answer {
    let wanted = PolicyChange {
        enabled: Some(restricted_images.enabled),
        official: Some(restricted_images.allow_official_images),
        verified_publisher: Some(restricted_images.allow_verified_publishers),
        ..PolicyChange::default()
    };
    let terms = Terms { condition: Condition::Any, confirmation: Confirmation::NotAsked };
    let (actor, organization) = (&caller.actor, &at.organization);
    let view = policy::set(&hub.api.store, actor, organization, &wanted, &terms, clock::now()).await?;
    Ok(answers::with(StatusCode::OK, &settings(&view)))
}
