//! Teams of an organization: rules may hold for one of them.

use serde_json::{Map, Value, json};

use super::{ActError, Actor, Condition, Field, Place, Tag, commit, members, text};
use crate::{
    model::ActKind,
    names::Name,
    roles::Deed,
    store::{Act, MAX_TEAMS, Member, Reading, Store, Team, Writing},
};

/// Most characters of a team's description.
pub const MAX_DESCRIPTION_CHARS: usize = 500;

/// What is to be changed of a team. What is absent stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamChange {
    /// Its name.
    pub name: Option<Name>,
    /// In words.
    pub description: Option<String>,
}

/// The teams, by name.
///
/// # Errors
/// [`ActError`].
pub async fn list(store: &Store, actor: &Actor, organization: &Name) -> Result<Vec<Team>, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadMembers).await?;
    Ok(view.teams(place.id).await?)
}

/// One team, with the people in it.
///
/// # Errors
/// [`ActError`].
pub async fn show(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    name: &Name,
) -> Result<(Team, Vec<Member>), ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadMembers).await?;
    let team = find(&mut view, &place, name).await?;
    let mut members = view.members(place.id).await?;
    members.retain(|member| member.teams.iter().any(|own| own == name.as_str()));
    Ok((team, members))
}

/// Makes a team.
///
/// # Errors
/// [`ActError`].
pub async fn add(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    name: &Name,
    description: &str,
    now: i64,
) -> Result<Team, ActError> {
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangeTeams).await?;
    text::short(Field("description"), description, MAX_DESCRIPTION_CHARS)?;
    if change.team(place.id, name.as_str()).await?.is_some() {
        return Err(ActError::TeamExists { organization: place.name, team: name.to_string() });
    }
    make(&mut change, &place, name, now).await?;
    change.describe_team(place.id, name.as_str(), description).await?;
    let team = find(&mut change, &place, name).await?;
    let detail = json!({ "description": description });
    let act = Act { act: ActKind::TeamAdd, organization: &place.name, target: name.as_str(), detail };
    commit(change, actor, &act).await?;
    Ok(team)
}

async fn make(change: &mut Writing, place: &Place, name: &Name, now: i64) -> Result<(), ActError> {
    if change.team_names(place.id).await?.len() >= MAX_TEAMS {
        return Err(ActError::TooMany { owner: place.name.clone(), most: MAX_TEAMS, what: "teams" });
    }
    Ok(change.ensure_team(place.id, name.as_str(), now).await?)
}

/// Asks whether teams that somebody is to be in are there.
pub(super) async fn there(view: &mut Reading, place: &Place, teams: &[Name]) -> Result<(), ActError> {
    for team in teams {
        if view.team(place.id, team.as_str()).await?.is_none() {
            return Err(ActError::UnknownTeam { organization: place.name.clone(), team: team.to_string() });
        }
    }
    Ok(())
}

/// The same; the command line makes those that are not there, each with its line.
pub(super) async fn there_or_made(
    change: &mut Writing,
    actor: &Actor,
    place: &Place,
    teams: &[Name],
    now: i64,
) -> Result<(), ActError> {
    if !actor.is_local() {
        return there(change, place, teams).await;
    }
    for team in teams {
        if change.team(place.id, team.as_str()).await?.is_some() {
            continue;
        }
        make(change, place, team, now).await?;
        let detail = json!({ "description": "" });
        let act = Act { act: ActKind::TeamAdd, organization: &place.name, target: team.as_str(), detail };
        change.write_down(&actor.author(), &act).await?;
    }
    Ok(())
}

/// What a team looks like: its name and its words. Who is in it is said of each member.
#[must_use]
pub fn tag(team: &Team) -> Tag {
    Tag::of(&(&team.name, &team.description))
}

/// Changes a team's name or description if it looks as it is said; who is in it and what holds for it stay.
///
/// # Errors
/// [`ActError`].
pub async fn change(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    name: &Name,
    wanted: &TeamChange,
    condition: &Condition,
) -> Result<Team, ActError> {
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangeTeams).await?;
    let before = find(&mut change, &place, name).await?;
    condition.check(|| tag(&before))?;
    if let Some(description) = &wanted.description {
        if *description != before.description {
            text::short(Field("description"), description, MAX_DESCRIPTION_CHARS)?;
        }
        change.describe_team(place.id, name.as_str(), description).await?;
    }
    let to = wanted.name.as_ref().unwrap_or(name);
    if to != name {
        if change.team(place.id, to.as_str()).await?.is_some() {
            return Err(ActError::TeamExists { organization: place.name, team: to.to_string() });
        }
        change.rename_team(place.id, name.as_str(), to.as_str()).await?;
        super::policy::check(&mut change, &place).await?;
    }
    let team = find(&mut change, &place, to).await?;
    let mut detail = Map::new();
    for (what, from, to) in
        [("name", &before.name, &team.name), ("description", &before.description, &team.description)]
    {
        if from != to {
            detail.insert(what.to_owned(), json!({ "from": from, "to": to }));
        }
    }
    if detail.is_empty() {
        return Ok(team);
    }
    let detail = Value::Object(detail);
    let act = Act { act: ActKind::TeamChange, organization: &place.name, target: name.as_str(), detail };
    commit(change, actor, &act).await?;
    Ok(team)
}

/// Ends a team if it looks as it is said: nobody is in it any more, and rules for it alone end with it: a team of
/// that name later is another one.
///
/// # Errors
/// [`ActError`].
pub async fn remove(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    name: &Name,
    condition: &Condition,
) -> Result<(), ActError> {
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangeTeams).await?;
    let before = find(&mut change, &place, name).await?;
    condition.check(|| tag(&before))?;
    let members = change.members(place.id).await?;
    let members: Vec<&str> = members
        .iter()
        .filter(|member| member.teams.contains(&before.name))
        .map(|member| member.user.as_str())
        .collect();
    let rules = change.remove_team(place.id, name.as_str()).await?;
    let detail = json!({ "before": { "description": before.description, "members": members, "rules": rules } });
    let act = Act { act: ActKind::TeamRemove, organization: &place.name, target: name.as_str(), detail };
    commit(change, actor, &act).await
}

/// Puts a member into a team, or takes them out. False: they were, or were not.
///
/// # Errors
/// [`ActError`].
pub async fn put_member(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    team: &Name,
    user: &Name,
    is_in: bool,
) -> Result<bool, ActError> {
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangeTeams).await?;
    find(&mut change, &place, team).await?;
    let member = members::member(&mut change, &place, user).await?;
    let member = member.ok_or_else(|| members::not_a_member(user, organization))?;
    if member.teams.iter().any(|own| own == team.as_str()) == is_in {
        return Ok(false);
    }
    let mut teams = member.teams.clone();
    if is_in {
        teams.push(team.to_string());
        teams.sort_unstable();
    } else {
        teams.retain(|own| own != team.as_str());
    }
    members::set_teams(&mut change, &place, &member, &teams).await?;
    let detail = json!({ "team": team.as_str(), "teams": { "from": member.teams, "to": teams } });
    let act = if is_in { ActKind::TeamMemberAdd } else { ActKind::TeamMemberRemove };
    commit(change, actor, &Act { act, organization: &place.name, target: user.as_str(), detail }).await?;
    Ok(true)
}

async fn find(view: &mut Reading, place: &Place, name: &Name) -> Result<Team, ActError> {
    let team = view.team(place.id, name.as_str()).await?;
    team.ok_or_else(|| ActError::NoTeam { organization: place.name.clone(), team: name.to_string() })
}
