//! A little of Docker Hub's own API, for tools that speak it and for another pullgate service that
//! checks credentials here: sign-in, and the organizations of who signed in.
//!
//! <https://docs.docker.com/reference/api/hub/latest/>. Docker's tools put a slash behind a path or
//! not, so both are answered. Everything else below `/v2` is as before: nothing is here.

mod answers;
mod pages;
mod token;

use std::{net::IpAddr, sync::Arc};

use axum::{
    Extension, Router,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    response::Response,
    routing::{MethodRouter, get, post},
};
use http::{HeaderMap, Uri, header};
use proto::{chain, keys::SigningKey, secret::Secret};
use serde::Deserialize;
use serde_json::json;

use self::{answers::Form, pages::Page, token::Tokens};
use crate::{
    clock,
    identity::{Answer, Caller, Identity, Realm, SignIn, Verified},
    listener::Peer,
    model::{CredentialKind, Membership, Role, TokenScope, Via},
    registry_login,
    store::{Store, StoreError},
};

/// What these endpoints share.
#[derive(Clone)]
pub struct HubApi {
    identity: Arc<Identity>,
    store: Store,
    tokens: Tokens,
    tls: bool,
}

impl HubApi {
    /// Tokens are signed with this key; `tls` says how the service is reached.
    #[must_use]
    pub fn new(identity: Arc<Identity>, store: Store, key: Arc<SigningKey>, tls: bool) -> Self {
        Self { identity, store, tokens: Tokens::new(key), tls }
    }
}

/// The routes.
pub fn router(api: HubApi) -> Router {
    let both = |router: Router<HubApi>, path: &str, method: MethodRouter<HubApi>| {
        let method = method.fallback(registry_login::nothing_here);
        router.route(path, method.clone()).route(&format!("{path}/"), method)
    };
    let router = both(Router::new(), "/v2/auth/token", post(auth_token));
    let router = both(router, "/v2/users/login", post(users_login));
    both(router, "/v2/user/orgs", get(user_organizations)).with_state(api)
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
    match api.sign_in(&asked.username, Secret::new(asked.password), peer.0.ip()).await {
        // As Docker Hub says it; tools compare the text.
        Ok(verified) if verified.credential == CredentialKind::OrganizationToken => {
            answers::unauthorized(Form::Detail, "Cannot log into an organization account")
        }
        Ok(verified) => answers::ok(&json!({ "token": api.tokens.issue(&verified, clock::now()) })),
        Err(refused) => refused,
    }
}

async fn user_organizations(State(api): State<HubApi>, uri: Uri, headers: HeaderMap) -> Response {
    let page = match Page::read(&uri, &headers, api.tls) {
        Ok(page) => page,
        Err(what) => return answers::unreadable(what),
    };
    match api.organizations(&headers).await {
        Ok(memberships) => {
            let rows: Vec<_> = page.of(&memberships).map(organization).collect();
            let (next, previous) = page.neighbours(memberships.len());
            answers::ok(&json!({ "count": memberships.len(), "next": next, "previous": previous, "results": rows }))
        }
        Err(refused) => refused,
    }
}

fn read<T: serde::de::DeserializeOwned>(body: Body) -> Option<T> {
    serde_json::from_slice(&body.ok()?).ok()
}

/// The fields that Docker's tools read. An organization has no number here; its name is unique.
fn organization(membership: &Membership) -> serde_json::Value {
    let role = if membership.role == Role::Owner { "Owner" } else { "Member" };
    json!({
        "id": membership.organization, "orgname": membership.organization, "full_name": "", "location": "",
        "company": "", "type": "Organization", "user_role": role, "teams": membership.teams,
    })
}

impl HubApi {
    /// Any credential of this service opens this door; what it may read is asked later.
    async fn sign_in(&self, username: &str, secret: Secret, peer: IpAddr) -> Result<Verified, Response> {
        let caller = Caller { peer, via: Via::HubApi, machine_id: "" };
        let sign_in = SignIn { realm: Realm::Service, username, secret, needs: None, caller };
        self.identity.verify(sign_in).await.map_err(|error| match error.answer() {
            Answer::Refused => answers::unauthorized(Form::Detail, &error.to_string()),
            Answer::Later(wait) => answers::later(&error.to_string(), wait, clock::now()),
            Answer::Unavailable => answers::unavailable(&error.to_string()),
            Answer::Fault => {
                tracing::error!(error = %chain(&error), "a sign-in over the API failed");
                answers::unavailable("the service cannot do this now; try again later")
            }
        })
    }

    async fn organizations(&self, headers: &HeaderMap) -> Result<Vec<Membership>, Response> {
        let unauthorized = || answers::unauthorized(Form::Message, "unauthorized");
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = token.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(unauthorized)?;
        let claims = self.tokens.open(token.trim(), clock::now()).ok().flatten().ok_or_else(unauthorized)?;
        let found = self.memberships(&claims.sub, claims.epoch).await.map_err(|error| {
            tracing::error!(error = %chain(&error), "memberships cannot be read");
            answers::unavailable("the service cannot do this now; try again later")
        })?;
        let memberships = found.ok_or_else(unauthorized)?;
        if !claims.scopes().contains(TokenScope::OrgRead) {
            return Err(answers::forbidden("permission denied: the access token lacks the scope `org:read`"));
        }
        Ok(memberships)
    }

    /// None: the account ended, or a credential of it did since.
    async fn memberships(&self, user: &str, epoch: i64) -> Result<Option<Vec<Membership>>, StoreError> {
        let mut view = self.store.read().await?;
        let account = view.account(user).await?.filter(|account| !account.removed && account.credential_epoch == epoch);
        match account {
            Some(account) => Ok(Some(view.memberships(account.id).await?)),
            None => Ok(None),
        }
    }
}
