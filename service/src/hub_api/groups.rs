//! Teams, which Docker Hub's API calls groups.

use axum::extract::State;
use http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    HubApi, answers,
    caller::Caller,
    input::{At, Body, Organization, Team, TeamMember},
    members::member,
    pages::Page,
    refused::{Answer, Refused},
};
use crate::{
    acts::{
        ActError, Condition,
        teams::{self, TeamChange},
    },
    clock,
    names::Name,
    store,
};

/// A team to make. Docker's provider sends number, id and count too, which mean nothing.
#[derive(Deserialize)]
pub(super) struct NewTeam {
    name: String,
    #[serde(default)]
    description: String,
}

/// What is to be changed of one. What is absent stays.
#[derive(Deserialize)]
pub(super) struct ChangedTeam {
    name: Option<String>,
    description: Option<String>,
}

/// Who is to be in one.
#[derive(Deserialize)]
pub(super) struct NewMember {
    member: String,
}

fn team(team: &store::Team) -> Value {
    let store::Team { id, name, description, members } = team;
    json!({ "id": id, "uuid": id.to_string(), "name": name, "description": description, "member_count": members })
}

fn named(name: &str) -> Result<Name, Refused> {
    name.parse().map_err(|error: crate::names::NameError| Refused::invalid(error.to_string()))
}

/// `GET /v2/orgs/{organization}/groups`.
pub(super) async fn list(State(hub): State<HubApi>, caller: Caller, page: Page, At(at): At<Organization>) -> Answer {
    let all = teams::list(&hub.api.store, &caller.actor, &at.organization).await?;
    Ok(page.answer(&all, team))
}

/// `POST /v2/orgs/{organization}/groups`.
pub(super) async fn add(
    State(hub): State<HubApi>,
    caller: Caller,
    At(at): At<Organization>,
    Body(NewTeam { name, description }): Body<NewTeam>,
) -> Answer {
    let (name, now) = (named(&name)?, clock::now());
    let made = teams::add(&hub.api.store, &caller.actor, &at.organization, &name, &description, now).await?;
    Ok(answers::with(StatusCode::CREATED, &team(&made)))
}

/// `GET /v2/orgs/{organization}/groups/{team}`.
pub(super) async fn show(State(hub): State<HubApi>, caller: Caller, At(at): At<Team>) -> Answer {
    let (found, _) = teams::show(&hub.api.store, &caller.actor, &at.organization, &at.team).await?;
    Ok(answers::ok(&team(&found)))
}

/// `PATCH` and `PUT /v2/orgs/{organization}/groups/{team}`.
pub(super) async fn change(
    State(hub): State<HubApi>,
    caller: Caller,
    At(at): At<Team>,
    Body(ChangedTeam { name, description }): Body<ChangedTeam>,
) -> Answer {
    let wanted = TeamChange { name: name.as_deref().map(named).transpose()?, description };
    let changed =
        teams::change(&hub.api.store, &caller.actor, &at.organization, &at.team, &wanted, &Condition::Any).await?;
    Ok(answers::ok(&team(&changed)))
}

/// `DELETE /v2/orgs/{organization}/groups/{team}`.
pub(super) async fn remove(State(hub): State<HubApi>, caller: Caller, At(at): At<Team>) -> Answer {
    teams::remove(&hub.api.store, &caller.actor, &at.organization, &at.team, &Condition::Any).await?;
    Ok(answers::done())
}

/// `GET /v2/orgs/{organization}/groups/{team}/members`.
pub(super) async fn members(State(hub): State<HubApi>, caller: Caller, page: Page, At(at): At<Team>) -> Answer {
    let (_, members) = teams::show(&hub.api.store, &caller.actor, &at.organization, &at.team).await?;
    Ok(page.answer(&members, member))
}

/// `POST /v2/orgs/{organization}/groups/{team}/members`. Who is in it already stays.
pub(super) async fn put_member(
    State(hub): State<HubApi>,
    caller: Caller,
    At(at): At<Team>,
    Body(NewMember { member }): Body<NewMember>,
) -> Answer {
    let user = named(&member)?;
    teams::put_member(&hub.api.store, &caller.actor, &at.organization, &at.team, &user, true).await?;
    Ok(answers::ok(&json!({ "member": user.as_str() })))
}

/// `DELETE /v2/orgs/{organization}/groups/{team}/members/{user}`. Who is not in it is out, also who left the
/// organization, and of a team that is gone everybody: Docker's provider stops at anything else.
pub(super) async fn remove_member(State(hub): State<HubApi>, caller: Caller, At(at): At<TeamMember>) -> Answer {
    match teams::put_member(&hub.api.store, &caller.actor, &at.organization, &at.team, &at.user, false).await {
        Ok(_) | Err(ActError::NotAMember { .. } | ActError::NoTeam { .. }) => Ok(answers::done()),
        Err(error) => Err(error.into()),
    }
}
