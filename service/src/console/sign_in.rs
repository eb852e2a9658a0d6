//! Signing in and out.

use std::time::Instant;

use axum::{
    extract::{Request, State},
    response::{Html, IntoResponse as _, Response},
};
use http::{HeaderValue, StatusCode, header};
use proto::{chain, secret::Secret};

use super::{
    fault::{Fault, Problem},
    fields::Fields,
    flash::Flash,
    view::sign_in::{self as view, SignInPage},
    visitor::{self, Posted, Visitor},
};
use crate::{
    address::network,
    browser::{BrowserError, Cookie, From},
    clock,
    identity::{Answer, Caller, Realm, SignIn, Verified},
    model::{CredentialKind, Via},
    rest::Api,
};

/// The form. Who is signed in goes on at once.
pub(super) async fn page(State(api): State<Api>, request: Request) -> Result<Response, Fault> {
    let (parts, _) = request.into_parts();
    let query = Fields::parse(parts.uri.query().unwrap_or_default().as_bytes());
    let next = visitor::own_address(query.text("next"));
    if let Some(cookie) = Cookie::read(&parts.headers)
        && api.browsers.resume(&cookie, clock::now()).await?.is_some()
    {
        return Ok(visitor::see_other(next));
    }
    let flash = Flash::read(&parts.headers);
    let page = SignInPage { next, flash, ..SignInPage::default() };
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
    let secret = Secret::new(fields.raw("password").to_owned());
    drop(fields);
    let again = |status: StatusCode, text: String| {
        let problem = Some(Problem::new(text));
        let page = SignInPage { next: &next, user: &user, problem: problem.as_ref(), flash: None };
        (status, Html(view::page(&page).into_string())).into_response()
    };
    let caller = Caller { peer, via: Via::Browser, machine_id: "" };
    let sign_in = SignIn { realm: Realm::Service, username: &user, secret, needs: None, caller };
    let verified = match api.identity.verify(sign_in).await {
        Ok(verified) => verified,
        Err(error) => {
            return Ok(match error.answer() {
                Answer::Refused => again(StatusCode::UNAUTHORIZED, error.to_string()),
                Answer::Later(wait) => {
                    let mut answer = again(StatusCode::TOO_MANY_REQUESTS, error.to_string());
                    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(wait.as_secs()));
                    answer
                }
                Answer::Unavailable => again(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
                Answer::Fault => {
                    tracing::error!(error = %chain(&error), "a sign-in with a browser failed");
                    let text = "the service cannot do this now; try again later";
                    again(StatusCode::SERVICE_UNAVAILABLE, text.to_owned())
                }
            });
        }
    };
    if !is_person(&verified) {
        let text = "this is an access token, and the console takes passwords: a token may do less than its owner";
        return Ok(again(StatusCode::UNAUTHORIZED, text.to_owned()));
    }
    let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let before = Cookie::read(&parts.headers);
    let now = clock::now();
    let begun = match api.browsers.begin(&verified, From { peer, agent, before: before.as_ref() }, now).await {
        Err(error @ BrowserError::Ended) => return Ok(again(StatusCode::UNAUTHORIZED, error.to_string())),
        begun => begun?,
    };
    tracing::info!(user = %verified.account.name, %peer, "signed in with a browser");
    let mut answer = visitor::see_other(&next);
    let cookie = begun.cookie.set(begun.expires_at.saturating_sub(now));
    let mut cookie = HeaderValue::from_str(cookie.expose()).map_err(|error| Fault::broken(&error))?;
    cookie.set_sensitive(true);
    answer.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(answer)
}

/// A browser's sign-in may do whatever its owner may, so it comes of what only the owner knows.
fn is_person(verified: &Verified) -> bool {
    verified.credential == CredentialKind::Password
}

/// Ends the sign-in.
pub(super) async fn out(State(api): State<Api>, posted: Posted) -> Result<Response, Fault> {
    let Posted { visitor: Visitor { cookie, .. }, .. } = posted;
    api.browsers.end(&cookie).await?;
    let mut answer = visitor::see_other_and_say("/sign-in", Flash::SignedOut);
    answer.headers_mut().append(header::SET_COOKIE, HeaderValue::from_static(Cookie::clear()));
    Ok(answer)
}
