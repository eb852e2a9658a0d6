//! Members of an organization.

use axum::extract::State;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Caller,
    answer::{self, Answer},
    input::{Asked, At, Body, IfMatch},
    page::{Listed, Page},
    path::{Organization, User},
    refusal::{ChangeRefusals, Refusals},
};
use crate::{
    acts::members::{self, Joins, NewAccount},
    clock,
    model::{Origin, Role, Source},
    names::Name,
    store,
};

/// A member.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// User name.
    user: String,
    /// What they may do.
    role: Role,
    /// Their teams, sorted.
    teams: Vec<String>,
    /// Where the account comes from.
    origin: Origin,
    /// Who says that they are a member.
    source: Source,
}

impl From<store::Member> for Member {
    fn from(member: store::Member) -> Self {
        let store::Member { user, role, teams, origin, source } = member;
        Self { user, role, teams, origin, source }
    }
}

/// What a member is to be.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WantedMember {
    /// What they may do.
    role: Role,
    /// Their teams.
    #[serde(default)]
    #[schema(max_items = 100)]
    teams: Vec<Name>,
    /// Make the account, if there is none of that name, for somebody of the identity provider. For who owns every
    /// organization of this service.
    #[serde(default)]
    of_identity_provider: bool,
}

/// The members
#[utoipa::path(get, path = "/organizations/{organization}/members", tag = "members", params(Organization, Page),
    responses((status = 200, body = Listed<Member>), Refusals))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    Asked(page): Asked<Page>,
) -> Answer {
    let rows = members::list(&api.store, &caller.actor, &at.organization).await?;
    answer::ok(&page.cut(rows, |row: &store::Member| row.user.clone())?.map(Member::from))
}

/// One of them
#[utoipa::path(get, path = "/organizations/{organization}/members/{user}", tag = "members", params(User),
    responses((status = 200, body = Member, headers(("etag" = String))), (status = 304), Refusals))]
pub async fn show(State(api): State<Api>, caller: Caller, At(at): At<User>, headers: HeaderMap) -> Answer {
    let member = members::show(&api.store, &caller.actor, &at.organization, &at.user).await?;
    let tag = members::tag(&member);
    answer::thing(&headers, &tag, &Member::from(member))
}

/// Give a member a role and teams
///
/// Somebody else becomes a member by an invitation; who owns every organization of this service may do without.
#[utoipa::path(put, path = "/organizations/{organization}/members/{user}", tag = "members",
    params(User, ("If-Match" = Option<String>, Header, description = "The `ETag` of what was looked at.")),
    request_body = WantedMember,
    responses((status = 200, body = Member, headers(("etag" = String))), (status = 201, body = Member), Refusals,
        ChangeRefusals))]
pub async fn put(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<User>,
    IfMatch(condition): IfMatch,
    Body(wanted): Body<WantedMember>,
) -> Answer {
    let WantedMember { role, teams, of_identity_provider } = wanted;
    let (store, actor) = (&api.store, &caller.actor);
    let joins = Joins { user: at.user, role, teams };
    let how = if of_identity_provider { NewAccount::Oidc } else { NewAccount::No };
    let put = members::put(store, actor, &at.organization, &joins, how, &condition, clock::now()).await?;
    let tag = members::tag(&put.member);
    Ok(answer::tagged(answer::put(put.joined, &Member::from(put.member))?, &tag))
}

/// End a membership
///
/// The account stays.
#[utoipa::path(delete, path = "/organizations/{organization}/members/{user}", tag = "members",
    params(User, ("If-Match" = Option<String>, Header, description = "The `ETag` of what was looked at.")),
    responses((status = 204), Refusals, ChangeRefusals))]
pub async fn remove(State(api): State<Api>, caller: Caller, At(at): At<User>, IfMatch(condition): IfMatch) -> Answer {
    members::remove(&api.store, &caller.actor, &at.organization, &at.user, &condition).await?;
    answer::done()
}
