//! The console: where an owner decides, and everybody can see. Pages rendered here, forms that post back, one small
//! script; every page works without it.
//!
//! | module | does |
//! |---|---|
//! | `visitor` | who asks: a browser's sign-in, and the proof that a form came from one of our pages |
//! | `guard` | what a page may load, and no change from another site |
//! | `view` | pages as functions of what they show: no store, no request |
//! | `assets` | style, script and icon, embedded, at addresses that change with their content |
//! | the others | one a page: read what was sent, call [`crate::acts`] or [`crate::access`], show |
//!
//! INVARIANT: nothing here decides who may do something: [`crate::roles`] says it to `acts`, and to the menu.
//! INVARIANT: a form's fields are only had together with a sign-in and its token (`visitor::Posted`), or, for the
//! sign-in itself and the link of an invitation, behind `guard`.

mod account;
mod activity;
mod assets;
mod audit;
mod away;
mod fault;
mod fields;
mod flash;
mod guard;
mod image_access;
mod join;
mod lists;
mod machines;
mod members;
mod my_policy;
mod my_requests;
mod namespaces;
mod publishers;
mod requests;
mod sign_in;
#[cfg(test)]
mod tests;
mod tokens;
mod view;
mod visitor;

use axum::{
    Router,
    extract::Request,
    middleware::from_fn,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use http::{HeaderMap, StatusCode, header};

use self::{fault::Fault, visitor::Visitor};
use crate::rest::Api;

/// The pages. They share everything with the API, so that a sign-in counts at both, and its calls too.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/", get(home))
        .route("/sign-in", get(sign_in::page).post(sign_in::submit))
        .route("/sign-in/provider", get(sign_in::depart))
        .route("/sign-in/callback", get(sign_in::arrive))
        .route("/sign-out", post(sign_in::out))
        .route("/orgs/{organization}/image-access", get(image_access::page).post(image_access::save))
        .route("/orgs/{organization}/image-access/preview", post(image_access::preview))
        .route("/orgs/{organization}/allowlist", get(lists::list).post(lists::add))
        .route("/orgs/{organization}/allowlist/remove", post(lists::remove))
        .route("/orgs/{organization}/namespaces", get(namespaces::page).post(namespaces::add))
        .route("/orgs/{organization}/namespaces/remove", post(namespaces::remove))
        .route("/orgs/{organization}/activity", get(activity::page))
        .route("/orgs/{organization}/activity.csv", get(activity::csv))
        .route("/orgs/{organization}/activity.json", get(activity::json_file))
        .route("/orgs/{organization}/machines", get(machines::page))
        .route("/orgs/{organization}/members", get(members::page))
        .route("/orgs/{organization}/members/change", post(members::change))
        .route("/orgs/{organization}/members/remove", post(members::remove))
        .route("/orgs/{organization}/members/invite", post(members::invite))
        .route("/orgs/{organization}/members/uninvite", post(members::uninvite))
        .route("/orgs/{organization}/teams/add", post(members::add_team))
        .route("/orgs/{organization}/teams/remove", post(members::remove_team))
        .route("/orgs/{organization}/teams/person", post(members::put_in_team))
        .route("/orgs/{organization}/tokens", get(tokens::page).post(tokens::make))
        .route("/orgs/{organization}/tokens/end", post(tokens::end))
        .route("/orgs/{organization}/audit", get(audit::page))
        .route("/publishers", get(publishers::page).post(publishers::give))
        .route("/publishers/take", post(publishers::take))
        .route("/publishers/refresh", post(publishers::refresh))
        .route("/account", get(account::page))
        .route("/account/browsers/end", post(account::end_browser))
        .route("/account/invitations", post(account::answer))
        .route("/account/password", post(account::password))
        .route("/account/tokens", post(account::make_token))
        .route("/account/tokens/end", post(account::end_token))
        .route("/join", get(join::page).post(join::submit))
        .route("/orgs/{organization}/requests", get(requests::list))
        .route("/orgs/{organization}/requests/{id}", get(requests::one))
        .route("/orgs/{organization}/requests/{id}/approve", post(requests::approve))
        .route("/orgs/{organization}/requests/{id}/deny", post(requests::deny))
        .route("/requests", get(my_requests::list))
        .route("/requests/new", get(my_requests::form).post(my_requests::ask))
        .route("/requests/{id}/withdraw", post(my_requests::withdraw))
        .route("/my-policy", get(my_policy::page))
        .method_not_allowed_fallback(|| async { Fault::Method })
        .route("/assets/{file}", get(assets::serve))
        .layer(from_fn(guard::guard))
        .with_state(api)
}

/// Whether a path is one of the console's, whose forms are no gRPC.
#[must_use]
pub fn is_page(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    matches!(first, "sign-in" | "sign-out" | "orgs" | "requests" | "publishers" | "account" | "join")
}

/// Nothing is at this address: in words for a person's browser, in one line for everything else.
pub async fn nothing_here(request: Request) -> Response {
    match takes_pages(request.headers()) {
        true => guard::harden(Fault::Nowhere.into_response()),
        false => (StatusCode::NOT_FOUND, "not found\n").into_response(),
    }
}

/// It took too long: likewise.
pub fn timeout(takes_pages: bool) -> Response {
    match takes_pages {
        true => guard::harden(Fault::Timeout.into_response()),
        false => (StatusCode::REQUEST_TIMEOUT, "it took too long\n").into_response(),
    }
}

/// Whether a person's browser asks.
pub fn takes_pages(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepts.is_some_and(|types| types.contains("text/html"))
}

/// The first page of whoever signed in.
async fn home(visitor: Visitor) -> Response {
    match visitor.memberships.first() {
        Some(first) => visitor::see_other(&format!("/orgs/{}/image-access", first.organization)),
        None => visitor.page(StatusCode::OK, view::Here::Nowhere, "No organization", &view::no_organization()),
    }
}
