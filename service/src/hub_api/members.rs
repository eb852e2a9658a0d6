//! Members of an organization.

use axum::extract::State;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    HubApi, answers,
    caller::Caller,
    input::{At, Body, Member, Organization},
    pages::Page,
    refused::{Answer, Refused},
    roles,
};
use crate::{
    acts::{Condition, members},
    store,
};

/// `PUT /v2/orgs/{organization}/members/{user}`.
#[derive(Deserialize)]
pub(super) struct WantedRole {
    role: String,
}

/// The fields that Docker's tools read. This service knows of people what it needs: no names, no addresses.
pub(super) fn member(member: &store::Member) -> Value {
    json!({
        "id": member.user, "uuid": member.user, "username": member.user, "type": "User",
        "role": roles::shown(member.role), "groups": member.teams, "is_guest": false,
        "full_name": "", "email": "", "primary_email": "", "company": "", "location": "", "date_joined": "",
        "profile_url": "", "gravatar_url": "", "gravatar_email": "",
    })
}

/// `GET /v2/orgs/{organization}/members`.
pub(super) async fn list(State(hub): State<HubApi>, caller: Caller, page: Page, At(at): At<Organization>) -> Answer {
    let all = members::list(&hub.api.store, &caller.actor, &at.organization).await?;
    Ok(page.answer(&all, member))
}

/// `PUT /v2/orgs/{organization}/members/{user}`.
pub(super) async fn put(
    State(hub): State<HubApi>,
    caller: Caller,
    At(at): At<Member>,
    Body(WantedRole { role }): Body<WantedRole>,
) -> Answer {
    let role = |before| roles::become_of(Some(before), &role);
    let now = members::set_role::<Refused>(&hub.api.store, &caller.actor, &at.organization, &at.user, role).await?;
    Ok(answers::ok(&member(&now)))
}

/// `DELETE /v2/orgs/{organization}/members/{user}`.
pub(super) async fn remove(State(hub): State<HubApi>, caller: Caller, At(at): At<Member>) -> Answer {
    members::remove(&hub.api.store, &caller.actor, &at.organization, &at.user, &Condition::Any).await?;
    Ok(answers::done())
}
