//! Docker Hub's own API, as far as Docker's tools administer an organization with it: sign-in, settings, members, teams,
//! invitations, access tokens and audit logs. Automation that was written for Docker Hub works by changing the host, and
//! another pullgate service checks credentials here.
//!
//! <https://docs.docker.com/reference/api/hub/latest/>, and what that leaves out, as Docker's Terraform provider asks
//! for it. Its tools put a slash behind a path or not, so both are answered. A handler reads what is asked, lets
//! [`crate::acts`] do it, and answers in Docker Hub's form; who may do what is not decided here. Everything else below
//! `/v2` is as before: nothing is here.

mod answers;
mod audit_logs;
mod caller;
mod groups;
mod input;
mod invites;
mod kept;
mod members;
mod moments;
mod organization_tokens;
mod organizations;
mod pages;
mod refused;
mod registries;
mod roles;
mod scopes;
#[cfg(test)]
mod tests;
mod token;
mod tokens;

use std::net::IpAddr;

use axum::{
    Extension, Router,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    response::{IntoResponse as _, Response},
    routing::{MethodRouter, delete, get, post, put},
};
use proto::{chain, secret::Secret};
use serde::Deserialize;
use serde_json::json;

use self::{caller::Caller as Bearer, kept::Kept, pages::Page, refused::Answer, token::Tokens};
use crate::{
    clock,
    identity::{AccessToken, Answer as Answered, Caller, Realm, SignIn, TokenKind, Verified},
    key_ring::Keys,
    listener::Peer,
    model::Via,
    registry_login,
    rest::{Api, Refusal},
    roles::Deed,
};

/// What these endpoints share.
#[derive(Clone)]
pub struct HubApi {
    api: Api,
    tokens: Tokens,
    kept: Kept,
    tls: bool,
}

impl HubApi {
    /// Over the same store and with the same limits as the API; tokens are signed with these keys, and `tls` says how the
    /// service is reached.
    #[must_use]
    pub fn new(api: Api, keys: Keys, tls: bool) -> Self {
        Self { api, tokens: Tokens::new(keys), kept: Kept::default(), tls }
    }
}

/// Every path, with what may be done there.
#[rustfmt::skip]
fn routes() -> Vec<(&'static str, MethodRouter<HubApi>)> {
    vec![
        ("/v2/auth/token", post(auth_token)),
        ("/v2/users/login", post(users_login)),
        ("/v2/user/orgs", get(user_organizations)),
        ("/v2/orgs/{organization}", get(organizations::show)),
        ("/v2/orgs/{organization}/settings", get(organizations::show_settings).put(organizations::put_settings)),
        ("/v2/orgs/{organization}/settings/registry-access-management", get(registries::show).put(registries::put)),
        ("/v2/orgs/{organization}/members", get(members::list)),
        ("/v2/orgs/{organization}/members/{user}", put(members::put).delete(members::remove)),
        ("/v2/orgs/{organization}/invites", get(invites::list)),
        ("/v2/invites/bulk", post(invites::bulk)),
        ("/v2/invites/{id}", delete(invites::take_back)),
        ("/v2/orgs/{organization}/groups", get(groups::list).post(groups::add)),
        ("/v2/orgs/{organization}/groups/{team}",
            get(groups::show).put(groups::change).patch(groups::change).delete(groups::remove)),
        ("/v2/orgs/{organization}/groups/{team}/members", get(groups::members).post(groups::put_member)),
        ("/v2/orgs/{organization}/groups/{team}/members/{user}", delete(groups::remove_member)),
        ("/v2/orgs/{organization}/access-tokens", get(organization_tokens::list).post(organization_tokens::make)),
        ("/v2/orgs/{organization}/access-tokens/{token}",
            get(organization_tokens::show).patch(organization_tokens::change).delete(organization_tokens::end_one)),
        ("/v2/access-tokens", get(tokens::list).post(tokens::make)),
        ("/v2/access-tokens/{token}", get(tokens::show).patch(tokens::change).delete(tokens::end_one)),
        ("/v2/auditlogs/{organization}", get(audit_logs::list)),
        ("/v2/auditlogs/{organization}/actions", get(audit_logs::actions)),
    ]
}

/// The routes, each with and without a slash behind it.
pub fn router(api: HubApi) -> Router {
    let both = |router: Router<HubApi>, (path, method): (&str, MethodRouter<HubApi>)| {
        let method = method.fallback(registry_login::nothing_here);
        router.route(path, method.clone()).route(&format!("{path}/"), method)
    };
    routes().into_iter().fold(Router::new(), both).with_state(api)
}

/// That a call below `/v2/` took too long.
pub fn timeout(path: &str) -> Response {
    match path.trim_end_matches('/') {
        "/v2/auth/token" | "/v2/users/login" => answers::sign_in_timeout(),
        _ => refused::Refused::from(Refusal::timeout()).into_response(),
    }
}

/// `POST /v2/auth/token`.
#[derive(Deserialize)]
struct AuthToken {
    identifier: String,
    secret: String,
}

/// `POST /v2/users/login`, the form before it.
#[derive(Deserialize)]
struct UsersLogin {
    username: String,
    password: String,
}

type Body = Result<Bytes, BytesRejection>;

async fn auth_token(State(api): State<HubApi>, Extension(peer): Extension<Peer>, body: Body) -> Response {
    let Some(asked) = read::<AuthToken>(body) else {
        return answers::unreadable("send {\"identifier\": .., \"secret\": ..}");
    };
    match api.sign_in(&asked.identifier, Secret::new(asked.secret), peer.0.ip()).await {
        Ok(verified) => answers::ok(&json!({ "access_token": api.tokens.issue(&verified, clock::now()) })),
        Err(refused) => refused,
    }
}

async fn users_login(State(api): State<HubApi>, Extension(peer): Extension<Peer>, body: Body) -> Response {
    let Some(asked) = read::<UsersLogin>(body) else {
        return answers::unreadable("send {\"username\": .., \"password\": ..}");
    };
    let secret = Secret::new(asked.password);
    // As Docker Hub says it; tools compare the text. Before it is verified: it is written down as no sign-in.
    if AccessToken::parse(secret.expose()).is_some_and(|token| token.kind == TokenKind::Organization) {
        return answers::unauthorized("Cannot log into an organization account");
    }
    match api.sign_in(&asked.username, secret, peer.0.ip()).await {
        Ok(verified) => answers::ok(&json!({ "token": api.tokens.issue(&verified, clock::now()) })),
        Err(refused) => refused,
    }
}

async fn user_organizations(State(hub): State<HubApi>, caller: Bearer, page: Page) -> Answer {
    let mut view = hub.api.store.read().await?;
    let account = caller.actor.as_self(&mut view, Deed::ReadOwn).await.map_err(Refusal::from)?;
    Ok(page.answer(&view.memberships(account.id).await?, organizations::membership))
}

fn read<T: serde::de::DeserializeOwned>(body: Body) -> Option<T> {
    serde_json::from_slice(&body.ok()?).ok()
}

impl HubApi {
    /// Any credential of this service opens this door; what it may read is asked later.
    async fn sign_in(&self, username: &str, secret: Secret, peer: IpAddr) -> Result<Verified, Response> {
        let caller = Caller { peer, via: Via::HubApi, machine_id: "" };
        let sign_in = SignIn { realm: Realm::Service, username, secret, code: "", needs: None, caller };
        self.api.identity.verify(sign_in).await.map_err(|error| match error.answer() {
            Answered::Refused => answers::unauthorized(&error.to_string()),
            Answered::Later(wait) => answers::later(&error.to_string(), wait, clock::now()),
            Answered::Unavailable => answers::unavailable(&error.to_string()),
            Answered::Fault => {
                tracing::error!(error = %chain(&error), "a sign-in over the API failed");
                answers::unavailable("the service cannot do this now; try again later")
            }
        })
    }
}
