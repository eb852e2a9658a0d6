//! Teams of an organization.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Caller,
    answer::{self, Answer},
    input::{Asked, At, Body, IfMatch, MustMatch, present},
    members::Member,
    page::{Listed, Page},
    path::{self, Organization, TeamUser},
    refusal::{ChangeRefusals, MatchRefusals, Refusals},
};
use crate::{
    acts::teams::{self, TeamChange},
    clock,
    names::Name,
    store,
};

/// A team.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Team {
    /// Its name.
    team: String,
    /// In words; may be empty.
    description: String,
    /// How many people are in it.
    members: i64,
}

/// A team and who is in it.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WholeTeam {
    /// Its name.
    team: String,
    /// In words; may be empty.
    description: String,
    /// Who is in it, by name.
    members: Vec<Member>,
}

impl From<store::Team> for Team {
    fn from(row: store::Team) -> Self {
        Self { team: row.name, description: row.description, members: row.members }
    }
}

/// A team to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewTeam {
    /// Its name.
    team: Name,
    /// In words.
    #[serde(default)]
    #[schema(max_length = 500)]
    description: String,
}

/// What is to be changed of a team. What is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TeamPatch {
    /// Its name; who is in it and the rules for it stay.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    team: Option<Name>,
    /// In words.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false, max_length = 500)]
    description: Option<String>,
}

/// The teams
#[utoipa::path(get, path = "/organizations/{organization}/teams", tag = "teams", params(Organization, Page),
    responses((status = 200, body = Listed<Team>), Refusals))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    Asked(page): Asked<Page>,
) -> Answer {
    let rows = teams::list(&api.store, &caller.actor, &at.organization).await?;
    answer::ok(&page.cut(rows, |row: &store::Team| row.name.clone())?.map(Team::from))
}

/// Make one
#[utoipa::path(post, path = "/organizations/{organization}/teams", tag = "teams", params(Organization),
    request_body = NewTeam, responses((status = 201, body = Team), Refusals, ChangeRefusals))]
pub async fn add(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    Body(NewTeam { team, description }): Body<NewTeam>,
) -> Answer {
    let (store, actor) = (&api.store, &caller.actor);
    let made = teams::add(store, actor, &at.organization, &team, &description, clock::now()).await?;
    answer::created(&Team::from(made))
}

/// One of them
///
/// The tag is of its name and its words: who is in it has an address of its own.
#[utoipa::path(get, path = "/organizations/{organization}/teams/{team}", tag = "teams", params(path::Team),
    responses((status = 200, body = WholeTeam, headers(("etag" = String))), Refusals))]
pub async fn show(State(api): State<Api>, caller: Caller, At(at): At<path::Team>) -> Answer {
    let (team, members) = teams::show(&api.store, &caller.actor, &at.organization, &at.team).await?;
    let members = members.into_iter().map(Member::from).collect();
    let tag = teams::tag(&team);
    Ok(answer::tagged(answer::ok(&WholeTeam { team: team.name, description: team.description, members })?, &tag))
}

/// Rename or describe it
#[utoipa::path(patch, path = "/organizations/{organization}/teams/{team}", tag = "teams",
    params(path::Team, ("If-Match" = String, Header, description = "The `ETag` of what was looked at, or `*`.")),
    request_body = TeamPatch,
    responses((status = 200, body = Team, headers(("etag" = String))), Refusals, ChangeRefusals))]
pub async fn change(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<path::Team>,
    MustMatch(condition): MustMatch,
    Body(TeamPatch { team, description }): Body<TeamPatch>,
) -> Answer {
    let wanted = TeamChange { name: team, description };
    let changed = teams::change(&api.store, &caller.actor, &at.organization, &at.team, &wanted, &condition).await?;
    let tag = teams::tag(&changed);
    Ok(answer::tagged(answer::ok(&Team::from(changed))?, &tag))
}

/// End it
///
/// Nobody is in it any more, and rules of the lists for it alone end with it.
#[utoipa::path(delete, path = "/organizations/{organization}/teams/{team}", tag = "teams",
    params(path::Team, ("If-Match" = Option<String>, Header, description = "The `ETag` of what was looked at.")),
    responses((status = 204), Refusals, MatchRefusals))]
pub async fn remove(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<path::Team>,
    IfMatch(condition): IfMatch,
) -> Answer {
    teams::remove(&api.store, &caller.actor, &at.organization, &at.team, &condition).await?;
    answer::done()
}

/// Put a member into it
#[utoipa::path(put, path = "/organizations/{organization}/teams/{team}/members/{user}", tag = "teams",
    params(TeamUser), responses((status = 204), Refusals, ChangeRefusals))]
pub async fn put_member(State(api): State<Api>, caller: Caller, At(at): At<TeamUser>) -> Answer {
    teams::put_member(&api.store, &caller.actor, &at.organization, &at.team, &at.user, true).await?;
    answer::done()
}

/// Take a member out of it
#[utoipa::path(delete, path = "/organizations/{organization}/teams/{team}/members/{user}", tag = "teams",
    params(TeamUser), responses((status = 204), Refusals, ChangeRefusals))]
pub async fn remove_member(State(api): State<Api>, caller: Caller, At(at): At<TeamUser>) -> Answer {
    match teams::put_member(&api.store, &caller.actor, &at.organization, &at.team, &at.user, false).await? {
        true => answer::done(),
        false => Err(super::Refusal::not_found()),
    }
}
