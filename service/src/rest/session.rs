//! The sign-in of a browser.

use axum::extract::State;
use http::{HeaderMap, HeaderValue, Uri, header};
use proto::secret::Secret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    Api, Caller, Code, Refusal,
    answer::{self, Answer},
    caller::{self, Place, foreign, is_foreign},
    input::Body,
    refusal::{ChangeRefusals, Refusals},
};
use crate::{
    browser::{Begun, Cookie},
    clock,
    identity::{AccessToken, Caller as At, Realm, SignIn},
    model::Via,
};

/// Who knows whether a password is right.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SessionRealm {
    /// This service.
    #[default]
    Service,
    /// Docker Hub, where the service asks it.
    DockerHub,
}

/// A name and a password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    /// User name.
    #[schema(max_length = 255)]
    user: String,
    /// Password. Access tokens of this service open no browser's sign-in: what they may do is limited. Those of Docker
    /// Hub do, and it may read and ask then.
    #[schema(max_length = 1024, format = Password)]
    password: String,
    /// Of the second factor, for an account of Docker Hub that has one.
    #[serde(default)]
    #[schema(max_length = 64)]
    code: String,
    /// Who knows it.
    #[serde(default)]
    realm: SessionRealm,
}

/// A browser's sign-in.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// User name.
    user: String,
    /// What a request that changes something sends as `X-Pullgate-Csrf`.
    csrf: String,
    /// When it ends in any case, seconds since the Unix epoch. It ends before without use for an hour.
    expires_at: i64,
}

/// The browser's sign-in
#[utoipa::path(get, path = "/session", tag = "session", security(("browser" = [])),
    responses((status = 200, body = Session), Refusals))]
pub async fn show(caller: Caller) -> Answer {
    let Some((cookie, resumed)) = caller.browser else {
        return Err(Refusal::new(Code::NotFound, "this is no browser's sign-in"));
    };
    answer::ok(&Session { user: resumed.account.name, csrf: cookie.csrf(), expires_at: resumed.expires_at })
}

/// Sign a browser in
///
/// The cookie that comes with the answer stands for the person; another one that came with the request ends.
#[utoipa::path(post, path = "/session", tag = "session", security(()), request_body = Credentials,
    responses((status = 200, body = Session), Refusals, ChangeRefusals))]
pub async fn begin(
    State(api): State<Api>,
    place: Place,
    headers: HeaderMap,
    uri: Uri,
    Body(credentials): Body<Credentials>,
) -> Answer {
    // A page elsewhere must not sign somebody in as somebody else.
    if is_foreign(&headers, &uri) {
        return Err(foreign());
    }
    api.pay_unknown(place.peer)?;
    let Credentials { user, password, code, realm } = credentials;
    let password = Secret::new(password);
    if AccessToken::parse(password.expose()).is_some() {
        return Err(Refusal::new(Code::Scope, "an access token opens no browser's sign-in")
            .next("send it as `Authorization: Bearer <token>`, or sign in with the password"));
    }
    let realm = match realm {
        SessionRealm::Service => Realm::Service,
        SessionRealm::DockerHub => Realm::DockerHub,
    };
    let caller = At { peer: place.peer, via: Via::Browser, machine_id: "" };
    let sign_in = SignIn { realm, username: &user, secret: password, code: &code, needs: None, caller };
    let verified = api.identity.verify(sign_in).await?;
    let before = Cookie::read(&headers);
    let begun = api.browsers.begin(&verified, caller::from(&place, before.as_ref()), clock::now()).await?;
    tracing::info!(user = %verified.account.name, peer = %place.peer, "a browser signed in");
    with_cookie(verified.account.name, begun)
}

/// The answer with which a browser keeps it.
pub(super) fn with_cookie(user: String, begun: Begun) -> Answer {
    let Begun { cookie, expires_at } = begun;
    let session = Session { user, csrf: cookie.csrf(), expires_at };
    let mut response = answer::ok(&session)?;
    let set = cookie.set(expires_at.saturating_sub(clock::now()).max(1));
    let mut set = HeaderValue::from_str(set.expose()).map_err(|error| Refusal::fault(&error))?;
    set.set_sensitive(true);
    response.headers_mut().insert(header::SET_COOKIE, set);
    Ok(response)
}

/// Sign the browser out
#[utoipa::path(delete, path = "/session", tag = "session", security(("browser" = [])),
    responses((status = 204), Refusals))]
pub async fn end(State(api): State<Api>, caller: Caller) -> Answer {
    let Some((cookie, _)) = caller.browser else {
        return Err(Refusal::new(Code::NotFound, "this is no browser's sign-in"));
    };
    api.browsers.end(&cookie).await?;
    let mut response = answer::done()?;
    response.headers_mut().insert(header::SET_COOKIE, HeaderValue::from_static(Cookie::clear()));
    Ok(response)
}
