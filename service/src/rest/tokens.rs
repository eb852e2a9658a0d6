//! Access tokens. A secret is shown once, when it is made.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Caller,
    answer::{self, Answer},
    input::{Asked, At, Body},
    page::{Listed, Page},
    path::{Organization, Own, Thing},
    refusal::{ChangeRefusals, Refusals},
};
use crate::{
    acts::{
        organization_tokens::{self, OrganizationToken},
        tokens::{self, Limits, MadeToken},
    },
    clock,
    model::TokenScope,
    names::Name,
    store::TokenRow,
};

/// A token, without its secret.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AccessToken {
    /// Its public part.
    id: String,
    /// What it is for.
    name: String,
    /// What it may be used for.
    scopes: Vec<TokenScope>,
    /// Seconds since the Unix epoch.
    created_at: i64,
    /// Seconds since the Unix epoch; null: never.
    expires_at: Option<i64>,
    /// The first second of the day (UTC) of the last use; null: never used.
    last_used_at: Option<i64>,
}

impl From<TokenRow> for AccessToken {
    fn from(row: TokenRow) -> Self {
        let TokenRow { id, name, scopes, created_at, expires_at, last_used_at } = row;
        Self { id, name, scopes: scopes.iter().collect(), created_at, expires_at, last_used_at }
    }
}

/// An organization's token, without its secret.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrganizationAccessToken {
    /// Its public part.
    id: String,
    /// What it is for; unique in the organization.
    name: String,
    /// Teams whose rules hold for it.
    teams: Vec<String>,
    /// What it may be used for.
    scopes: Vec<TokenScope>,
    /// Seconds since the Unix epoch.
    created_at: i64,
    /// Seconds since the Unix epoch; null: never.
    expires_at: Option<i64>,
    /// The first second of the day (UTC) of the last use; null: never used.
    last_used_at: Option<i64>,
}

impl From<OrganizationToken> for OrganizationAccessToken {
    fn from(OrganizationToken { token, teams }: OrganizationToken) -> Self {
        let TokenRow { id, name, scopes, created_at, expires_at, last_used_at } = token;
        Self { id, name, teams, scopes: scopes.iter().collect(), created_at, expires_at, last_used_at }
    }
}

/// A token that was made.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MadeAccessToken {
    /// Its public part.
    id: String,
    /// The whole token. It is shown now and never again.
    token: String,
    /// What it may be used for.
    scopes: Vec<TokenScope>,
    /// Seconds since the Unix epoch; null: never.
    expires_at: Option<i64>,
}

impl From<MadeToken> for MadeAccessToken {
    fn from(made: MadeToken) -> Self {
        let MadeToken { id, token, limits } = made;
        let Limits { scopes, expires_at, .. } = limits;
        Self { id, token: token.expose().to_owned(), scopes: scopes.iter().collect(), expires_at }
    }
}

fn sign_in() -> Vec<TokenScope> {
    vec![TokenScope::SignIn]
}

/// A token to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// What it is for.
    #[schema(min_length = 1, max_length = 100)]
    name: String,
    /// What it may be used for.
    #[serde(default = "sign_in")]
    #[schema(min_items = 1, max_items = 3)]
    scopes: Vec<TokenScope>,
    /// When it ends, seconds since the Unix epoch; null: never.
    #[schema(maximum = 253_402_300_799_i64)]
    expires_at: Option<i64>,
}

/// An organization's token to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewOrganizationToken {
    /// What it is for; unique in the organization.
    name: Name,
    /// Teams whose rules hold for it.
    #[serde(default)]
    #[schema(max_items = 100)]
    teams: Vec<Name>,
    /// What it may be used for.
    #[serde(default = "sign_in")]
    #[schema(min_items = 1, max_items = 3)]
    scopes: Vec<TokenScope>,
    /// When it ends, seconds since the Unix epoch; null: never.
    #[schema(maximum = 253_402_300_799_i64)]
    expires_at: Option<i64>,
}

fn limits(scopes: Vec<TokenScope>, expires_at: Option<i64>) -> Limits {
    Limits { scopes: scopes.into_iter().collect(), expires_at, note: String::new() }
}

/// One's own name. That of an organization's token is none, and it has no tokens.
fn own(caller: &Caller) -> Result<Name, crate::acts::ActError> {
    let name = caller.actor.account().and_then(|account| account.name.parse().ok());
    name.ok_or(crate::acts::ActError::NoPerson)
}

/// One's own tokens
#[utoipa::path(get, path = "/me/tokens", tag = "me", params(Page), security(("browser" = [])),
    responses((status = 200, body = Listed<AccessToken>), Refusals))]
pub async fn mine(State(api): State<Api>, caller: Caller, Asked(page): Asked<Page>) -> Answer {
    let rows = tokens::list(&api.store, &caller.actor, &own(&caller)?).await?;
    answer::ok(&page.cut(rows, |row: &TokenRow| (row.created_at, row.id.clone()))?.map(AccessToken::from))
}

/// Make one
#[utoipa::path(post, path = "/me/tokens", tag = "me", request_body = NewToken, security(("browser" = [])),
    responses((status = 201, body = MadeAccessToken), Refusals, ChangeRefusals))]
pub async fn make_mine(State(api): State<Api>, caller: Caller, Body(new): Body<NewToken>) -> Answer {
    let NewToken { name, scopes, expires_at } = new;
    let (user, limits) = (own(&caller)?, limits(scopes, expires_at));
    let made = tokens::create(&api.store, &api.hasher, &caller.actor, &user, &name, limits, clock::now()).await?;
    answer::created(&MadeAccessToken::from(made))
}

/// End one
///
/// Whoever is signed in with this account has to sign in again, but for the browser that did it.
#[utoipa::path(delete, path = "/me/tokens/{id}", tag = "me", params(Own), security(("browser" = [])),
    responses((status = 204), Refusals))]
pub async fn end_mine(State(api): State<Api>, caller: Caller, At(Own { id }): At<Own>) -> Answer {
    let with = caller.browser.as_ref().map(|(_, resumed)| resumed);
    tokens::revoke(&api.store, &caller.actor, &id, with).await?;
    answer::done()
}

/// The organization's tokens
#[utoipa::path(get, path = "/organizations/{organization}/tokens", tag = "tokens", params(Organization, Page),
    responses((status = 200, body = Listed<OrganizationAccessToken>), Refusals))]
pub async fn list(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    Asked(page): Asked<Page>,
) -> Answer {
    let rows = organization_tokens::list(&api.store, &caller.actor, &at.organization).await?;
    let key = |row: &OrganizationToken| (row.token.name.clone(), row.token.id.clone());
    answer::ok(&page.cut(rows, key)?.map(OrganizationAccessToken::from))
}

/// Make one
#[utoipa::path(post, path = "/organizations/{organization}/tokens", tag = "tokens", params(Organization),
    request_body = NewOrganizationToken, responses((status = 201, body = MadeAccessToken), Refusals, ChangeRefusals))]
pub async fn make(
    State(api): State<Api>,
    caller: Caller,
    At(at): At<Organization>,
    Body(new): Body<NewOrganizationToken>,
) -> Answer {
    let NewOrganizationToken { name, teams, scopes, expires_at } = new;
    let (limits, now) = (limits(scopes, expires_at), clock::now());
    let (store, hasher, actor) = (&api.store, &api.hasher, &caller.actor);
    let made = organization_tokens::create(store, hasher, actor, &at.organization, &name, &teams, limits, now);
    answer::created(&MadeAccessToken::from(made.await?))
}

/// End one
///
/// Every machine that signed in with it is signed out.
#[utoipa::path(delete, path = "/organizations/{organization}/tokens/{id}", tag = "tokens", params(Thing),
    responses((status = 204), Refusals))]
pub async fn end(State(api): State<Api>, caller: Caller, At(at): At<Thing>) -> Answer {
    organization_tokens::revoke(&api.store, &caller.actor, &at.organization, &at.id, clock::now()).await?;
    answer::done()
}
