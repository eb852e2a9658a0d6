//! Organizations, and who else than an administrator says who their members are.

use serde::Serialize;
use serde_json::json;

use super::{ActError, Actor, Place, commit, namespaces, policy};
use crate::{
    model::{ActKind, AllowedPulls, Role},
    names::Name,
    roles::{Deed, Standing},
    store::{Act, Member, Store, Writing},
};

/// An organization, as whoever may see it sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Organization {
    /// What it keeps of allowed pulls.
    pub allowed_pulls: AllowedPulls,
    /// Members of this organization of Docker Hub are members here.
    pub hub_organization: Option<String>,
    /// Seconds that it keeps decisions; none: as the service is set.
    pub keep_records: Option<i64>,
    /// Groups of the identity provider make members here.
    pub oidc_groups: bool,
    /// Its name.
    pub organization: String,
}

/// What became of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// Who was a member by the word of the one that is not asked any more.
    pub ended: Vec<String>,
}

/// The organizations, by name: all for the command line, else those of which they are a member.
///
/// # Errors
/// [`ActError`].
pub async fn list(store: &Store, actor: &Actor) -> Result<Vec<Organization>, ActError> {
    let mut view = store.read().await?;
    let names = match actor.is_local() {
        true => view.organization_names().await?,
        false => {
            let account = actor.as_self(&mut view, Deed::ReadOwn).await?;
            view.memberships(account.id).await?.into_iter().map(|membership| membership.organization).collect()
        }
    };
    let (links, groups) = (view.hub_links().await?, view.oidc_links().await?);
    let kept = view.all_keeping().await?;
    let row = |organization: String| {
        let link = links.iter().find(|link| link.name == organization);
        let oidc_groups = groups.iter().any(|(_, name)| *name == organization);
        let keeping = kept.iter().find(|(name, _)| *name == organization).map(|(_, kept)| *kept).unwrap_or_default();
        Organization {
            allowed_pulls: keeping.allowed_pulls,
            hub_organization: link.map(|link| link.hub_organization.clone()),
            keep_records: keeping.keep_records,
            oidc_groups,
            organization,
        }
    };
    Ok(names.into_iter().map(row).collect())
}

/// A new organization, whose policy is off. Who makes it owns it, unless it is the command line.
///
/// # Errors
/// [`ActError`].
pub async fn add(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    namespaces: &[Name],
    now: i64,
) -> Result<(), ActError> {
    let mut change = store.write().await?;
    actor.in_service(&mut change, Deed::ChangeOrganizations).await?;
    if change.organization_id(organization.as_str()).await?.is_some() {
        return Err(ActError::OrganizationExists(organization.to_string()));
    }
    let id = change.add_organization(organization.as_str(), now).await?;
    let place = Place { id, name: organization.to_string(), standing: Standing::Member(Role::Owner) };
    for namespace in namespaces {
        namespaces::own(&mut change, &place, namespace).await?;
    }
    policy::check(&mut change, &place).await?;
    if let Some(account) = actor.account() {
        change.set_member(id, account.id, Role::Owner, &[]).await?;
    }
    let names: Vec<&str> = namespaces.iter().map(Name::as_str).collect();
    let owner = actor.account().map(|account| &account.name);
    let detail = json!({ "namespaces": names, "owner": owner });
    commit(
        change,
        actor,
        &Act { act: ActKind::OrganizationAdd, organization: &place.name, target: &place.name, detail },
    )
    .await
}

/// Members of that organization of Docker Hub are members here from their next sign-in on; none: nobody is any more.
///
/// # Errors
/// [`ActError`].
pub async fn link_docker_hub(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    hub_organization: Option<&Name>,
) -> Result<Linked, ActError> {
    let mut change = store.write().await?;
    let place = linkable(&mut change, actor, organization).await?;
    let wanted = hub_organization.map(Name::as_str);
    let links = change.hub_links().await?;
    let before = links.iter().find(|link| link.organization == place.id).map(|link| link.hub_organization.as_str());
    if before == wanted {
        return Err(match wanted {
            Some(hub) => ActError::LinkedAlready { organization: place.name, hub: hub.to_owned() },
            None => ActError::NotLinked(place.name),
        });
    }
    if let Some(other) = links.iter().find(|link| Some(link.hub_organization.as_str()) == wanted) {
        let (hub, organization) = (other.hub_organization.clone(), other.name.clone());
        return Err(ActError::LinkedElsewhere { hub, organization });
    }
    let members = change.members(place.id).await?;
    let ended = change.set_hub_organization(place.id, wanted).await?;
    write_down(&mut change, actor, &place, &members, &ended).await?;
    let detail = json!({ "hub_organization": { "from": before, "to": wanted }, "memberships_ended": ended.len() });
    linked(change, actor, &place, detail).await?;
    Ok(Linked { ended })
}

/// Groups of the identity provider make members here from their next login on, or nobody is any more.
///
/// # Errors
/// [`ActError`].
pub async fn link_groups(store: &Store, actor: &Actor, organization: &Name, on: bool) -> Result<Linked, ActError> {
    let mut change = store.write().await?;
    let place = linkable(&mut change, actor, organization).await?;
    if change.oidc_links().await?.iter().any(|(linked, _)| *linked == place.id) == on {
        return Err(ActError::GroupsAlready { organization: place.name, on });
    }
    let members = change.members(place.id).await?;
    let ended = change.set_oidc_groups(place.id, on).await?;
    write_down(&mut change, actor, &place, &members, &ended).await?;
    linked(
        change,
        actor,
        &place,
        json!({ "oidc_groups": { "from": !on, "to": on }, "memberships_ended": ended.len() }),
    )
    .await?;
    Ok(Linked { ended })
}

/// Whose members others may make: a link can make anybody a member, also of whom another organization cares for.
async fn linkable(change: &mut Writing, actor: &Actor, organization: &Name) -> Result<Place, ActError> {
    let place = actor.in_organization(change, organization.as_str(), Deed::ChangeMembers).await?;
    actor.in_service(change, Deed::ChangeOrganizations).await?;
    Ok(place)
}

async fn linked(change: Writing, actor: &Actor, place: &Place, detail: serde_json::Value) -> Result<(), ActError> {
    let act = Act { act: ActKind::OrganizationLink, organization: &place.name, target: &place.name, detail };
    commit(change, actor, &act).await
}

/// Each membership that ended with a link has its own line.
async fn write_down(
    change: &mut Writing,
    actor: &Actor,
    place: &Place,
    members: &[Member],
    ended: &[String],
) -> Result<(), ActError> {
    for user in ended {
        let before = members.iter().find(|member| member.user == *user);
        let before =
            before.map(|member| json!({ "role": member.role, "teams": member.teams, "source": member.source }));
        let detail = json!({ "before": before });
        let act = Act { act: ActKind::MemberRemove, organization: &place.name, target: user, detail };
        change.write_down(&actor.author(), &act).await?;
    }
    Ok(())
}
