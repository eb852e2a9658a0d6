//! Invitations: an owner asks, whoever is asked becomes a member by saying yes. Nobody is bound by the policy of an
//! organization that they did not join, and no owner knows a member's password.

use std::net::IpAddr;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use proto::secret::Secret;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    ActError, Actor, commit,
    members::{self, Joins, NewAccount},
    teams,
};
use crate::{
    id,
    model::{Account, ActKind, Role},
    names::Name,
    roles::{Deed, Standing},
    store::{Act, Invitation, Reading, Store, Writing},
};

/// How long one waits for an answer, in seconds.
const VALID: i64 = 7 * 86_400;
/// Most that wait in one organization.
const MOST: usize = 1000;

/// An invitation that was made.
#[derive(Debug)]
pub struct Invited {
    /// What the database has of it.
    pub invitation: Invitation,
    /// Whoever has it makes the account and joins; none: there is an account of that name, and its owner answers.
    pub secret: Option<Secret>,
}

/// The invitations of an organization that wait, by id.
///
/// # Errors
/// [`ActError`].
pub async fn list(store: &Store, actor: &Actor, organization: &Name, now: i64) -> Result<Vec<Invitation>, ActError> {
    let mut view = store.read().await?;
    let place = actor.in_organization(&mut view, organization.as_str(), Deed::ReadMembers).await?;
    let mut invitations = view.invitations(place.id).await?;
    invitations.retain(|invitation| now < invitation.expires_at);
    Ok(invitations)
}

/// Invites somebody. Another invitation to the same name is replaced, and its link ends.
///
/// # Errors
/// [`ActError`].
pub async fn create(
    store: &Store,
    actor: &Actor,
    organization: &Name,
    joins: &Joins,
    now: i64,
) -> Result<Invited, ActError> {
    let secret = secret()?;
    let id = id::new().map_err(|error| ActError::Random(error.to_string()))?;
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangeMembers).await?;
    actor.gives(joins.role, None)?;
    if members::member(&mut change, &place, &joins.user).await?.is_some() {
        return Err(ActError::MemberAlready { user: joins.user.to_string(), organization: place.name });
    }
    teams::there_or_made(&mut change, actor, &place, &joins.teams, now).await?;
    if change.invitations(place.id).await?.len() >= MOST {
        return Err(ActError::TooMany { owner: place.name, most: MOST, what: "invitations" });
    }
    // Says no more than the name already does: whoever has the link learns it too.
    let exists = change.account(joins.user.as_str()).await?.is_some_and(|account| !account.removed);
    let before = change.invitations(place.id).await?.into_iter().find(|other| other.invitee == joins.user.as_str());
    let secret = (!exists).then_some(secret);
    let invitation = Invitation {
        id,
        organization: place.name.clone(),
        invitee: joins.user.to_string(),
        role: joins.role,
        teams: joins.teams.iter().map(|team| team.as_str().to_owned()).collect(),
        inviter: actor.name(),
        created_at: now,
        expires_at: now.saturating_add(VALID),
    };
    change.put_invitation(place.id, &invitation, secret.as_ref().map(|secret| digest(secret.expose()))).await?;
    let detail = json!({
        "id": invitation.id, "role": invitation.role, "teams": invitation.teams, "expires_at": invitation.expires_at,
        "before": before.map(|before| json!({ "id": before.id, "role": before.role, "teams": before.teams })),
    });
    let act = Act { act: ActKind::InvitationAdd, organization: &place.name, target: joins.user.as_str(), detail };
    commit(change, actor, &act).await?;
    Ok(Invited { invitation, secret })
}

/// Takes an invitation back.
///
/// # Errors
/// [`ActError`].
pub async fn remove(store: &Store, actor: &Actor, organization: &Name, id: &str) -> Result<(), ActError> {
    let mut change = store.write().await?;
    let place = actor.in_organization(&mut change, organization.as_str(), Deed::ChangeMembers).await?;
    let found = change.invitation(id).await?.filter(|invitation| invitation.organization == place.name);
    let invitation = found.ok_or(ActError::NoInvitation)?;
    end(change, actor, &invitation, ActKind::InvitationRemove).await
}

/// Takes one back by its id alone. One of an organization that is not theirs is none.
///
/// # Errors
/// [`ActError`].
pub async fn remove_any(store: &Store, actor: &Actor, id: &str) -> Result<(), ActError> {
    let mut change = store.write().await?;
    // Who may nothing anywhere learns that first.
    let found = change.invitation(id).await?;
    let organization = found.as_ref().map(|invitation| invitation.organization.as_str()).unwrap_or_default();
    match actor.in_organization(&mut change, organization, Deed::ChangeMembers).await {
        Ok(_) => {}
        Err(ActError::NoOrganization(_)) => return Err(ActError::NoInvitation),
        Err(error) => return Err(error),
    }
    let invitation = found.ok_or(ActError::NoInvitation)?;
    end(change, actor, &invitation, ActKind::InvitationRemove).await
}

/// Invitations to the one who asks.
///
/// # Errors
/// [`ActError`].
pub async fn mine(store: &Store, actor: &Actor, now: i64) -> Result<Vec<Invitation>, ActError> {
    let mut view = store.read().await?;
    let account = actor.as_self(&mut view, Deed::ReadOwn).await?;
    let mut invitations = view.invitations_to(&account.name).await?;
    invitations.retain(|invitation| now < invitation.expires_at);
    Ok(invitations)
}

/// Joins.
///
/// # Errors
/// [`ActError`].
pub async fn accept(store: &Store, actor: &Actor, id: &str, now: i64) -> Result<Invitation, ActError> {
    let mut change = store.write().await?;
    let account = actor.as_self(&mut change, Deed::AnswerInvitations).await?;
    let mut invitation = to(&mut change, &account, id, now).await?;
    join(&mut change, account.id, &mut invitation).await?;
    end(change, actor, &invitation, ActKind::InvitationAccept).await?;
    Ok(invitation)
}

/// Says no.
///
/// # Errors
/// [`ActError`].
pub async fn decline(store: &Store, actor: &Actor, id: &str, now: i64) -> Result<(), ActError> {
    let mut change = store.write().await?;
    let account = actor.as_self(&mut change, Deed::AnswerInvitations).await?;
    let invitation = to(&mut change, &account, id, now).await?;
    end(change, actor, &invitation, ActKind::InvitationDecline).await
}

/// What a link is for.
///
/// # Errors
/// [`ActError::NoInvitation`].
pub async fn look(store: &Store, secret: &Secret, now: i64) -> Result<Invitation, ActError> {
    by_secret(&mut store.read().await?, secret, now).await
}

/// Makes the account that a link is for, with a password of which this is the hash, and joins. `peer`: from where.
///
/// # Errors
/// [`ActError::NoInvitation`]; [`ActError::AccountExists`] when somebody has the name meanwhile: they sign in.
pub async fn accept_as_new(
    store: &Store,
    secret: &Secret,
    hash: &str,
    peer: IpAddr,
    now: i64,
) -> Result<Invitation, ActError> {
    let mut change = store.write().await?;
    let mut invitation = by_secret(&mut change, secret, now).await?;
    let name: Name = invitation.invitee.parse().map_err(|_| ActError::NoInvitation)?;
    let (account, _) = members::account(&mut change, &name, NewAccount::Password(hash.to_owned()), now).await?;
    join(&mut change, account, &mut invitation).await?;
    change.remove_invitation(&invitation.id).await?;
    let detail = json!({
        "id": invitation.id, "role": invitation.role, "teams": invitation.teams, "new_account": true,
        "inviter": invitation.inviter,
    });
    let act =
        Act { act: ActKind::InvitationAccept, organization: &invitation.organization, target: name.as_str(), detail };
    change.write_down(&crate::store::Author::invited(name.as_str(), peer), &act).await?;
    change.commit().await?;
    Ok(invitation)
}

/// Teams that are gone meanwhile are left out of the invitation.
async fn join(change: &mut Writing, account: i64, invitation: &mut Invitation) -> Result<(), ActError> {
    let id = change.organization_id(&invitation.organization).await?.ok_or(ActError::NoInvitation)?;
    let place = super::Place { id, name: invitation.organization.clone(), standing: Standing::Member(Role::Member) };
    let name = |text: &String| text.parse::<Name>().map_err(|_| ActError::NoInvitation);
    let user = name(&invitation.invitee)?;
    // What a member is, an owner changes: an old invitation neither raises nor lowers them.
    if members::member(change, &place, &user).await?.is_some() {
        return Err(ActError::MemberAlready { user: invitation.invitee.clone(), organization: place.name });
    }
    still_invites(change, invitation).await?;
    let known = change.team_names(id).await?;
    invitation.teams.retain(|team| known.contains(team));
    let joins =
        Joins { user, role: invitation.role, teams: invitation.teams.iter().map(name).collect::<Result<_, _>>()? };
    members::set(change, &place, account, &joins).await
}

/// An invitation is worth what its inviter may now: who was removed for cause comes back by none that they left behind.
async fn still_invites(change: &mut Writing, invitation: &Invitation) -> Result<(), ActError> {
    let Invitation { inviter, organization, .. } = invitation;
    // The command line, which no account is called.
    if inviter.starts_with("local:") {
        return Ok(());
    }
    if let Some(account) = change.account(inviter).await?.filter(|account| !account.removed) {
        let memberships = change.memberships(account.id).await?;
        let own = memberships.iter().find(|membership| membership.organization == *organization);
        let standing = own.map(|membership| Standing::of(account.origin, membership.role));
        if standing.is_some_and(|standing| Deed::ChangeMembers.row().allows(standing)) {
            return Ok(());
        }
    }
    Err(ActError::NoInviter { inviter: inviter.clone(), organization: organization.clone() })
}

async fn end(mut change: Writing, actor: &Actor, invitation: &Invitation, act: ActKind) -> Result<(), ActError> {
    change.remove_invitation(&invitation.id).await?;
    let detail = json!({
        "id": invitation.id, "role": invitation.role, "teams": invitation.teams, "inviter": invitation.inviter,
    });
    let act = Act { act, organization: &invitation.organization, target: &invitation.invitee, detail };
    commit(change, actor, &act).await
}

async fn to(view: &mut Reading, account: &Account, id: &str, now: i64) -> Result<Invitation, ActError> {
    let found = view.invitation(id).await?;
    found
        .filter(|invitation| invitation.invitee == account.name && now < invitation.expires_at)
        .ok_or(ActError::NoInvitation)
}

async fn by_secret(view: &mut Reading, secret: &Secret, now: i64) -> Result<Invitation, ActError> {
    let found = view.invitation_by_secret(&digest(secret.expose())).await?;
    found.filter(|invitation| now < invitation.expires_at).ok_or(ActError::NoInvitation)
}

fn secret() -> Result<Secret, ActError> {
    let mut bytes = zeroize::Zeroizing::new([0_u8; 32]);
    getrandom::fill(bytes.as_mut()).map_err(|error| ActError::Random(error.to_string()))?;
    Ok(Secret::new(URL_SAFE_NO_PAD.encode(bytes.as_ref())))
}

fn digest(secret: &str) -> [u8; 32] {
    Sha256::new().chain_update("pullgate-invitation\0").chain_update(secret).finalize().into()
}
