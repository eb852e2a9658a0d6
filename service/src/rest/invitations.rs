//! Invitations: an owner asks, and whoever is asked becomes a member by saying yes.

use axum::extract::State;
use proto::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Caller,
    answer::{self, Answer},
    caller::Place,
    input::{Asked, At, Body},
    page::{Listed, Page},
    path::{Organization, Own, Thing},
    refusal::{ChangeRefusals, Refusals},
};
use crate::{
    acts::{self, invitations, members::Joins},
    clock,
    model::Role,
    names::Name,
    store,
};

/// An invitation.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Invitation {
    /// Unique.
    id: String,
    /// Of what.
    organization: String,
    /// Name of the account, which may be there or not.
    user: String,
    /// As what.
    role: Role,
    /// In which teams.
    teams: Vec<String>,
    /// Who invites.
    inviter: String,
    /// Seconds since the Unix epoch.
    created_at: i64,
    /// Seconds since the Unix epoch.
    expires_at: i64,
}

impl From<store::Invitation> for Invitation {
    fn from(row: store::Invitation) -> Self {
        let store::Invitation { id, organization, invitee, role, teams, inviter, created_at, expires_at } = row;
        Self { id, organization, user: invitee, role, teams, inviter, created_at, expires_at }
    }
}

/// Whom to invite.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedInvitation {
    /// Name of the account, which may be there or not.
    user: Name,
    /// As what.
    role: Role,
    /// In which teams.
    #[serde(default)]
    #[schema(max_items = 100)]
    teams: Vec<Name>,
}

/// An invitation that was made.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MadeInvitation {
    /// The invitation.
    invitation: Invitation,
    /// For `POST /invitations/join`: whoever has it makes the account and joins. It is shown now and never again. Null:
    /// there is an account of that name, and its owner answers once signed in.
    secret: Option<String>,
}

/// Those that wait
#[utoipa::path(get, path = "/organizations/{organization}/invitations", tag = "members", params(Organization, Page),
    responses((status = 200, body = Listed<Invitation>), Refusals))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    Asked(page): Asked<Page>,
) -> Answer {
    let rows = invitations::list(&api.store, &caller.actor, &at.organization, clock::now()).await?;
    answer::ok(&page.cut(rows, |row: &store::Invitation| row.id.clone())?.map(Invitation::from))
}

/// Invite
///
/// Another invitation to the same name is replaced. One waits for a week.
#[utoipa::path(post, path = "/organizations/{organization}/invitations", tag = "members", params(Organization),
    request_body = WantedInvitation, responses((status = 201, body = MadeInvitation), Refusals, ChangeRefusals))]
pub async fn invite(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    Body(WantedInvitation { user, role, teams }): Body<WantedInvitation>,
) -> Answer {
    let joins = Joins { user, role, teams };
    let made = invitations::create(&api.store, &caller.actor, &at.organization, &joins, clock::now()).await?;
    let secret = made.secret.map(|secret| secret.expose().to_owned());
    answer::created(&MadeInvitation { invitation: made.invitation.into(), secret })
}

/// Take one back
#[utoipa::path(delete, path = "/organizations/{organization}/invitations/{id}", tag = "members", params(Thing),
    responses((status = 204), Refusals))]
pub async fn take_back(State(api): State<Api>, caller: Caller, At(at): At<Thing>) -> Answer {
    invitations::remove(&api.store, &caller.actor, &at.organization, &at.id).await?;
    answer::done()
}

/// Invitations to oneself
#[utoipa::path(get, path = "/me/invitations", tag = "me", params(Page),
    responses((status = 200, body = Listed<Invitation>), Refusals))]
pub async fn mine(State(api): State<Api>, caller: Caller, Asked(page): Asked<Page>) -> Answer {
    let rows = invitations::mine(&api.store, &caller.actor, clock::now()).await?;
    answer::ok(&page.cut(rows, |row: &store::Invitation| row.id.clone())?.map(Invitation::from))
}

/// Say yes
#[utoipa::path(post, path = "/me/invitations/{id}/accept", tag = "me", params(Own),
    responses((status = 200, body = Invitation), Refusals, ChangeRefusals))]
pub async fn accept(State(api): State<Api>, caller: Caller, At(Own { id }): At<Own>) -> Answer {
    answer::ok(&Invitation::from(invitations::accept(&api.store, &caller.actor, &id, clock::now()).await?))
}

/// Say no
#[utoipa::path(delete, path = "/me/invitations/{id}", tag = "me", params(Own), responses((status = 204), Refusals))]
pub async fn decline(State(api): State<Api>, caller: Caller, At(Own { id }): At<Own>) -> Answer {
    invitations::decline(&api.store, &caller.actor, &id, clock::now()).await?;
    answer::done()
}

/// The secret of an invitation.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InvitationSecret {
    /// As the inviter gave it.
    #[schema(max_length = 100)]
    secret: String,
}

/// Look at an invitation
///
/// Nobody has to be signed in: the secret says who.
#[utoipa::path(post, path = "/invitations/look", tag = "invitations", security(()), request_body = InvitationSecret,
    responses((status = 200, body = Invitation), Refusals, ChangeRefusals))]
pub async fn look(
    State(api): State<Api>,
    place: Place,
    Body(InvitationSecret { secret }): Body<InvitationSecret>,
) -> Answer {
    api.pay_unknown(place.peer)?;
    let found = invitations::look(&api.store, &Secret::new(secret), clock::now()).await?;
    answer::ok(&Invitation::from(found))
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Joining {
    /// As the inviter gave it.
    #[schema(max_length = 100)]
    secret: String,
    /// The password of the new account.
    #[schema(min_length = 8, max_length = 1024, format = Password)]
    password: String,
}

/// Make the account of an invitation, and join
///
/// Nobody has to be signed in: the secret says who.
#[utoipa::path(post, path = "/invitations/join", tag = "invitations", security(()), request_body = Joining,
    responses((status = 201, body = Invitation), Refusals, ChangeRefusals))]
pub async fn join(State(api): State<Api>, place: Place, Body(joining): Body<Joining>) -> Answer {
    api.pay_unknown(place.peer)?;
    let (secret, password) = (Secret::new(joining.secret), Secret::new(joining.password));
    acts::password(password.expose())?;
    // Before a hash is made for whoever types anything.
    invitations::look(&api.store, &secret, clock::now()).await?;
    let hash = api.hasher.hash(password).await?;
    let joined = invitations::accept_as_new(&api.store, &secret, &hash, place.peer, clock::now()).await?;
    answer::created(&Invitation::from(joined))
}
