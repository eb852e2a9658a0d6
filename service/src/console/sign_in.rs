//! Signing in and out: with a password here, or at the identity provider and back.

use std::{net::IpAddr, time::Instant};

use axum::{
    extract::{Request, State},
    response::{Html, IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use proto::{chain, secret::Secret};

use super::{
    away,
    fault::{Fault, Problem},
    fields::Fields,
    flash::Flash,
    view::sign_in::{self as view, SignInPage, Ways},
    visitor::{self, Posted, Visitor},
};
use crate::{
    address::network,
    browser::{BrowserError, Cookie, From},
    clock,
    identity::{AccessToken, Answer, BUSY_RETRY, Caller, LoginError, Realm, SignIn, SignInError, Verified, oidc},
    model::Via,
    rest::Api,
};

/// The form. Who is signed in goes on at once.
pub(super) async fn page(State(api): State<Api>, request: Request) -> Result<Response, Fault> {
    let (parts, _) = request.into_parts();
    let query = Fields::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let next = visitor::own_address(query.text("next"));
    if is_in(&api, &parts).await? {
        return Ok(visitor::see_other(next));
    }
    let flash = Flash::read(&parts.headers);
    let page = SignInPage { next, flash, ways: ways(&api), ..SignInPage::default() };
    let mut answer = Html(view::page(&page).into_string()).into_response();
    if flash.is_some() {
        answer.headers_mut().append(header::SET_COOKIE, Flash::clear());
    }
    Ok(answer)
}

/// A name and a password. Another site cannot sign anybody in here: `guard` stands before.
pub(super) async fn submit(State(api): State<Api>, request: Request) -> Result<Response, Fault> {
    let (parts, body) = request.into_parts();
    let peer = visitor::peer(&parts)?;
    api.strangers.pay(network(peer), Instant::now()).map_err(Fault::Later)?;
    let fields = visitor::read(&parts.headers, Request::from_parts(parts.clone(), body)).await?;
    let (user, next) = (fields.text("username").to_owned(), visitor::own_address(fields.text("next")).to_owned());
    let (realm, code) = (fields.text("realm").to_owned(), fields.text("code").trim().to_owned());
    let secret = Secret::new(fields.raw("password").to_owned());
    drop(fields);
    let realm = if realm == view::DOCKER_HUB { Realm::DockerHub } else { Realm::Service };
    let page = SignInPage { next: &next, user: &user, realm, ways: ways(&api), ..SignInPage::default() };
    // Before it is verified: what opens nothing here is no sign-in, and is written down as none.
    if realm == Realm::Service && AccessToken::parse(secret.expose()).is_some() {
        let text = "this is an access token, and the console takes passwords: a token may do less than its owner";
        return Ok(again(page, (StatusCode::UNAUTHORIZED, text.to_owned(), None)));
    }
    let caller = Caller { peer, via: Via::Browser, machine_id: "" };
    let sign_in = SignIn { realm, username: &user, secret, code: &code, needs: None, caller };
    match api.identity.verify(sign_in).await {
        Ok(verified) => begin(&api, &parts, peer, &verified, page).await,
        Err(error) => Ok(again(page, refused(&error))),
    }
}

/// To the identity provider. A link, and not a form: `form-action` lets forms lead nowhere else.
pub(super) async fn depart(State(api): State<Api>, request: Request) -> Result<Response, Fault> {
    let (parts, _) = request.into_parts();
    let peer = visitor::peer(&parts)?;
    let query = Fields::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let next = visitor::own_address(query.text("next"));
    let Some(logins) = api.logins.as_ref().filter(|logins| logins.for_browsers().is_some()) else {
        return Err(Fault::Nowhere);
    };
    // Another site may send somebody here, and they stay who they are.
    if is_in(&api, &parts).await? {
        return Ok(visitor::see_other(next));
    }
    match logins.depart(next, peer).await {
        Ok(departure) => {
            let mut answer = visitor::see_other(&departure.url);
            answer.headers_mut().append(header::SET_COOKIE, away::set(&departure.handle)?);
            Ok(answer)
        }
        Err(error) => {
            let page = SignInPage { next, ways: ways(&api), ..SignInPage::default() };
            Ok(again(page, turned_away(&error)))
        }
    }
}

/// Back from the identity provider.
pub(super) async fn arrive(State(api): State<Api>, request: Request) -> Result<Response, Fault> {
    let (parts, _) = request.into_parts();
    let peer = visitor::peer(&parts)?;
    let Some(logins) = api.logins.as_ref().filter(|logins| logins.for_browsers().is_some()) else {
        return Err(Fault::Nowhere);
    };
    let query = Fields::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let handle = away::read(&parts.headers).unwrap_or_default();
    let arrival = oidc::Arrival {
        handle: &handle,
        state: query.text("state"),
        code: query.text("code"),
        error: query.text("error"),
        issuer: query.is("iss").then(|| query.text("iss")),
    };
    let away = logins.back(arrival);
    let next = away.as_ref().map_or("/", |away| &away.next);
    let page = SignInPage { next, ways: ways(&api), ..SignInPage::default() };
    let mut answer = match &away {
        // The same page once more, by a reload or "back": nothing of it is believed.
        Err(_) if is_in(&api, &parts).await? => visitor::see_other("/"),
        Err(error) => again(page, turned_away(error)),
        Ok(away) => match logins.arrive(away, arrival, peer).await {
            // Nothing was asked: the same address works in a moment.
            Err(error @ (LoginError::Limited(_) | LoginError::Oidc(oidc::OidcError::Busy))) => {
                return Ok(again(page, turned_away(&error)));
            }
            Err(error) => again(page, turned_away(&error)),
            Ok(verified) => begin(&api, &parts, peer, &verified, page).await?,
        },
    };
    // One sign-in, one attempt.
    answer.headers_mut().append(header::SET_COOKIE, away::clear());
    Ok(answer)
}

/// Whether somebody is signed in already.
async fn is_in(api: &Api, parts: &Parts) -> Result<bool, Fault> {
    let Some(cookie) = Cookie::read(&parts.headers) else { return Ok(false) };
    Ok(api.browsers.resume(&cookie, clock::now()).await?.is_some())
}

/// What this service lets people sign in with.
fn ways(api: &Api) -> Ways<'_> {
    Ways {
        provider: api.logins.as_ref().and_then(|logins| logins.for_browsers()),
        docker_hub: api.identity.takes_docker_hub(),
    }
}

/// Begins the browser's sign-in and goes on.
async fn begin(
    api: &Api,
    parts: &Parts,
    peer: IpAddr,
    verified: &Verified,
    page: SignInPage<'_>,
) -> Result<Response, Fault> {
    let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let before = Cookie::read(&parts.headers);
    let from = From { peer, agent, before: before.as_ref() };
    let begun = match api.browsers.begin(verified, from, clock::now()).await {
        Err(error @ BrowserError::Ended) => {
            return Ok(again(page, (StatusCode::UNAUTHORIZED, error.to_string(), None)));
        }
        begun => begun?,
    };
    tracing::info!(user = %verified.account.name, %peer, "signed in with a browser");
    let mut answer = visitor::see_other(page.next);
    answer.headers_mut().append(header::SET_COOKIE, visitor::kept(&begun)?);
    Ok(answer)
}

/// Status, what is said, and how many seconds to wait.
type Refusal = (StatusCode, String, Option<u64>);

/// The form once more, with why.
fn again(page: SignInPage<'_>, (status, text, wait): Refusal) -> Response {
    let problem = Problem::new(text);
    let page = SignInPage { problem: Some(&problem), ..page };
    let mut answer = (status, Html(view::page(&page).into_string())).into_response();
    if let Some(seconds) = wait {
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
    answer
}

fn refused(error: &SignInError) -> Refusal {
    let text = error.to_string();
    match error.answer() {
        Answer::Refused => (StatusCode::UNAUTHORIZED, text, None),
        Answer::Later(wait) => (StatusCode::TOO_MANY_REQUESTS, text, Some(wait.as_secs())),
        Answer::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, text, None),
        Answer::Fault => {
            tracing::error!(error = %chain(error), "a sign-in with a browser failed");
            let text = "the service cannot do this now; try again later";
            (StatusCode::SERVICE_UNAVAILABLE, text.to_owned(), None)
        }
    }
}

/// The same for who comes from the identity provider, or is on the way there.
fn turned_away(error: &LoginError) -> Refusal {
    use oidc::OidcError::{Busy, Denied, Expired, Foreign, IdToken, Unavailable};
    let text = error.to_string();
    match error {
        LoginError::SignIn(error) => refused(error),
        LoginError::Limited(wait) => (StatusCode::TOO_MANY_REQUESTS, text, Some(wait.as_secs())),
        LoginError::Oidc(Busy) => (StatusCode::TOO_MANY_REQUESTS, text, Some(BUSY_RETRY.as_secs())),
        LoginError::Oidc(Foreign) => {
            let text = "this browser did not begin that sign-in, or began another one since; begin again here";
            (StatusCode::BAD_REQUEST, text.to_owned(), None)
        }
        LoginError::Oidc(Expired) => {
            (StatusCode::BAD_REQUEST, "the sign-in took too long; begin again here".to_owned(), None)
        }
        LoginError::Oidc(Denied | IdToken(_)) => (StatusCode::UNAUTHORIZED, text, None),
        LoginError::Oidc(Unavailable(_)) => (StatusCode::SERVICE_UNAVAILABLE, text, None),
    }
}

/// Ends the sign-in.
pub(super) async fn out(State(api): State<Api>, posted: Posted) -> Result<Response, Fault> {
    let Posted { visitor: Visitor { cookie, .. }, .. } = posted;
    api.browsers.end(&cookie).await?;
    let mut answer = visitor::see_other_and_say("/sign-in", Flash::SignedOut);
    answer.headers_mut().append(header::SET_COOKIE, HeaderValue::from_static(Cookie::clear()));
    Ok(answer)
}
