//! Members of an organization.

use serde_json::json;

use super::{ActError, Actor, Condition, Place, Tag, commit, teams};
use crate::{
    model::{Account, ActKind, Origin, Role, Source},
    names::Name,
    publish::compile,
    roles::Deed,
    store::{Act, Invitation, Member, Store, Writing},
};

/// How somebody becomes a member who has no account yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NewAccount {
    /// They do not: the account is to be there.
    No,
    /// It is made with a password, of which this is the hash.
    Password(String),
    /// It is made without one: its owner signs in with the identity provider.
    Oidc,
}

/// What a member is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joins {
    /// Who.
    pub user: Name,
    /// As what.
    pub role: Role,
    /// In which teams.
    pub teams: Vec<Name>,
}

/// A membership that ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// Who said so, and may say so again.
    pub source: Source,
}

/// The members, by name.
///
/// # Errors
/// [`ActError`].
pub async fn list(store: &Store, actor: &Actor, organization: &Name) -> Result<Vec<Member>, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadMembers).await?;
    Ok(view.members(place.id).await?)
}

/// One of them, with what it looks like.
///
/// # Errors
/// [`ActError`].
pub async fn show(store: &Store, actor: &Actor, organization: &Name, user: &Name) -> Result<Member, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadMembers).await?;
    let member = view.members(place.id).await?.into_iter().find(|member| member.user == user.as_str());
    member.ok_or_else(|| not_a_member(user, organization))
}

/// Of what [`put`] sets.
#[must_use]
pub fn tag(member: &Member) -> Tag {
    Tag::of(&(member.role, &member.teams))
}

/// What became of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PutMember {
    /// As the organization sees them now.
    pub member: Member,
    /// They were none.
    pub joined: bool,
    /// The account is new.
    pub new_account: bool,
}

/// Makes a member, or changes what they are.
///
/// # Errors
/// [`ActError`].
pub async fn put(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    joins: &Joins,
    how: NewAccount,
    condition: &Condition,
    now: i64,
) -> Result<PutMember, ActError> {
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangeMembers).await?;
    let before = member(&mut change, &place, &joins.user).await?;
    condition.check(|| before.as_ref().map(tag).unwrap_or_default())?;
    actor.gives(joins.role, before.as_ref().map(|before| before.role))?;
    if before.is_none() {
        asked(&mut change, actor, &place, &joins.user).await?;
    }
    keeps_an_owner(&mut change, actor, &place, before.as_ref(), Some(joins.role)).await?;
    teams::there_or_made(&mut change, actor, &place, &joins.teams, now).await?;
    let (id, new_account) = account(&mut change, &joins.user, how, now).await?;
    let waits = |one: &Invitation| one.invitee == joins.user.as_str() && now < one.expires_at;
    let invitation = change.invitations(place.id).await?.into_iter().find(waits);
    set(&mut change, &place, id, joins).await?;
    let after = member(&mut change, &place, &joins.user).await?;
    let after = after.ok_or_else(|| not_a_member(&joins.user, organization))?;
    let joined = before.is_none();
    if before.as_ref() == Some(&after) {
        return Ok(PutMember { member: after, joined, new_account });
    }
    let before = before.map(|member| json!({ "role": member.role, "teams": member.teams }));
    let teams: Vec<&str> = joins.teams.iter().map(Name::as_str).collect();
    let mut detail = json!({ "role": joins.role, "teams": teams, "new_account": new_account, "before": before });
    // It ended with this, and has no line of its own.
    if let Some(Invitation { id, role, teams, inviter, .. }) = invitation {
        detail["invitation"] = json!({ "id": id, "role": role, "teams": teams, "inviter": inviter });
    }
    let act = Act { act: ActKind::MemberAdd, organization: &place.name, target: joins.user.as_str(), detail };
    commit(change, actor, &act).await?;
    Ok(PutMember { member: after, joined, new_account })
}

/// Asks whether they may invite somebody there as this and into these teams, and says who needs no invitation.
///
/// # Errors
/// [`ActError`].
pub async fn before_inviting(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    role: Role,
    teams: &[Name],
) -> Result<Vec<Member>, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ChangeMembers).await?;
    actor.gives(role, None)?;
    teams::there(&mut view, &place, teams).await?;
    Ok(view.members(place.id).await?)
}

/// Gives a member the role that comes of the one they have; their teams stay.
///
/// # Errors
/// [`ActError`]; what `role` says is said after who may was asked.
pub async fn set_role<E: From<ActError>>(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    user: &Name,
    role: impl FnOnce(Role) -> Result<Role, E>,
) -> Result<Member, E> {
    let mut change = store.write().await.map_err(ActError::from)?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangeMembers).await?;
    let before = member(&mut change, &place, user).await?.ok_or_else(|| not_a_member(user, organization))?;
    let role = role(before.role)?;
    if role == before.role {
        return Ok(before);
    }
    actor.gives(role, Some(before.role))?;
    keeps_an_owner(&mut change, actor, &place, Some(&before), Some(role)).await?;
    let after = Member { role, source: Source::Admin, ..before.clone() };
    put_back(&mut change, &place, &after).await?;
    let detail = json!({
        "role": role, "teams": after.teams, "new_account": false,
        "before": { "role": before.role, "teams": before.teams },
    });
    commit(change, actor, &Act { act: ActKind::MemberAdd, organization: &place.name, target: user.as_str(), detail })
        .await?;
    Ok(after)
}

/// Ends a membership if it looks as it is said, whoever said so; the account stays.
///
/// # Errors
/// [`ActError`].
pub async fn remove(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    user: &Name,
    condition: &Condition,
) -> Result<Removed, ActError> {
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangeMembers).await?;
    let not = || not_a_member(user, organization);
    let before = member(&mut change, &place, user).await?;
    let account = change.account(user.as_str()).await?.filter(|account| !account.removed);
    // Who owns some organization learns of no accounts elsewhere.
    let account = match actor.is_local() {
        true => account.ok_or_else(|| ActError::NoAccount(user.to_string()))?,
        false => account.ok_or_else(not)?,
    };
    let before = before.ok_or_else(not)?;
    condition.check(|| tag(&before))?;
    keeps_an_owner(&mut change, actor, &place, Some(&before), None).await?;
    change.remove_member(place.id, account.id).await?;
    let detail = json!({ "before": { "role": before.role, "teams": before.teams, "source": before.source } });
    let act = Act { act: ActKind::MemberRemove, organization: &place.name, target: user.as_str(), detail };
    commit(change, actor, &act).await?;
    Ok(Removed { source: before.source })
}

/// Says that they are none.
pub(super) fn not_a_member(user: &Name, organization: &Name) -> ActError {
    ActError::NotAMember { user: user.to_string(), organization: organization.to_string() }
}

/// As the organization sees them.
pub(super) async fn member(change: &mut Writing, place: &Place, user: &Name) -> Result<Option<Member>, ActError> {
    Ok(change.members(place.id).await?.into_iter().find(|member| member.user == user.as_str()))
}

/// Makes the membership what is wanted.
pub(super) async fn set(change: &mut Writing, place: &Place, account: i64, joins: &Joins) -> Result<(), ActError> {
    let teams: Vec<String> = joins.teams.iter().map(|team| team.as_str().to_owned()).collect();
    change.set_member(place.id, account, joins.role, &teams).await?;
    let memberships = change.memberships(account).await?;
    compile::check_session(&memberships)
        .map_err(|source| ActError::TooManyMemberships { user: joins.user.to_string(), source })
}

/// Leaves the role as it is, and who said so.
pub(super) async fn set_teams(
    change: &mut Writing,
    place: &Place,
    member: &Member,
    teams: &[String],
) -> Result<(), ActError> {
    put_back(change, place, &Member { teams: teams.to_vec(), ..member.clone() }).await
}

/// Makes the membership of somebody who is a member what is given.
async fn put_back(change: &mut Writing, place: &Place, member: &Member) -> Result<(), ActError> {
    let account = change.account(&member.user).await?.ok_or_else(|| ActError::NoAccount(member.user.clone()))?;
    change.put_member(place.id, account.id, member.role, &member.teams, member.source).await?;
    let memberships = change.memberships(account.id).await?;
    compile::check_session(&memberships)
        .map_err(|source| ActError::TooManyMemberships { user: member.user.clone(), source })
}

/// A member is bound by the policy on every machine of theirs, so nobody becomes one unasked: whoever owns one of
/// several organizations could else refuse the people of the others everything.
async fn asked(change: &mut Writing, actor: &Actor, place: &Place, user: &Name) -> Result<(), ActError> {
    match actor.in_service(change, Deed::AddAccounts).await {
        Err(ActError::Forbidden { .. }) => {
            Err(ActError::NotAsked { user: user.to_string(), organization: place.name.clone() })
        }
        answer => answer,
    }
}

/// An organization without an owner could be given one on the service's machine only.
pub(super) async fn keeps_an_owner(
    change: &mut Writing,
    actor: &Actor,
    place: &Place,
    before: Option<&Member>,
    role: Option<Role>,
) -> Result<(), ActError> {
    let Some(before) = before.filter(|before| before.role == Role::Owner && role != Some(Role::Owner)) else {
        return Ok(());
    };
    let members = change.members(place.id).await?;
    let others = members.iter().any(|other| other.role == Role::Owner && other.user != before.user);
    match others || actor.is_local() {
        true => Ok(()),
        false => Err(ActError::LastOwner { user: before.user.clone(), organization: place.name.clone() }),
    }
}

pub(super) async fn account(
    change: &mut Writing,
    user: &Name,
    how: NewAccount,
    now: i64,
) -> Result<(i64, bool), ActError> {
    let existing = change.account(user.as_str()).await?.filter(|account| !account.removed);
    let other = |account: Account| (user.to_string(), account.origin);
    Ok(match (existing, how) {
        (Some(account), NewAccount::No) => (account.id, false),
        (Some(account), NewAccount::Oidc) if account.origin == Origin::Oidc => (account.id, false),
        (None, NewAccount::Password(hash)) => (change.add_account(user.as_str(), &hash, now).await?, true),
        (None, NewAccount::Oidc) => (change.new_account(user.as_str(), Origin::Oidc, None, now).await?, true),
        (None, NewAccount::No) => return Err(ActError::NewAccount(user.to_string())),
        (Some(account), NewAccount::Oidc) => {
            let (user, origin) = other(account);
            return Err(ActError::OtherOrigin { user, origin });
        }
        (Some(account), NewAccount::Password(_)) if account.origin != Origin::Own => {
            let (user, origin) = other(account);
            return Err(ActError::NoPassword { user, origin });
        }
        (Some(_), NewAccount::Password(_)) => return Err(ActError::AccountExists(user.to_string())),
    })
}
