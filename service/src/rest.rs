//! The API under `/api/v1`: everything that is administered, as resources.
//!
//! A handler reads what is asked ([`input`], [`page`]), lets [`crate::acts`] do it, and writes what came of it. Who may
//! do what is not decided here. The OpenAPI document is made of the same types and the same list of routes; it is kept
//! in the tree (`docs/reference/openapi.json`), and a test holds the two together.

mod activity;
mod answer;
mod audit;
mod caller;
mod code;
mod document;
mod input;
mod invitations;
mod known;
mod machines;
mod me;
mod members;
mod namespaces;
mod organizations;
mod page;
mod path;
mod policy;
mod preview;
mod publishers;
mod records;
mod refresh;
mod refusal;
mod registries;
mod requests;
mod rules;
mod session;
mod sign_ins;
mod teams;
#[cfg(test)]
pub(crate) mod tests;
mod tokens;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use http::{StatusCode, header};
use utoipa_axum::{router::OpenApiRouter, routes};

pub use self::{
    caller::{CSRF, Caller, is_foreign},
    code::Code,
    document::openapi,
    input::{has_nul, unread},
    path::id,
    preview::Preview,
    records::Record,
    refresh::Refreshed,
    refusal::Refusal,
};
use crate::{
    address::network,
    browser::Browsers,
    hub_search::Search,
    identity::{Hasher, Identity, Logins, Rate, Throttle},
    own_password::OwnPassword,
    store::Store,
};

/// Where it is.
pub const PREFIX: &str = "/api/v1";

/// Calls of one account, and of all: a page of the console makes some, a script some hundred.
const CALLS: (Rate, Rate) =
    (Rate { burst: 1000, refill: Duration::from_millis(50) }, Rate { burst: 20_000, refill: Duration::from_millis(1) });
/// Calls of one address that no account pays for, and of all.
const STRANGERS: (Rate, Rate) =
    (Rate { burst: 500, refill: Duration::from_millis(200) }, Rate { burst: 5_000, refill: Duration::from_millis(5) });

/// What the calls share, with the console's pages too; clones share it.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

/// What the calls share.
pub struct Shared {
    pub(crate) store: Store,
    pub(crate) identity: Arc<Identity>,
    pub(crate) hasher: Hasher,
    pub(crate) logins: Option<Arc<Logins>>,
    pub(crate) search: Search,
    pub(crate) browsers: Browsers,
    pub(crate) own_password: OwnPassword,
    pub(crate) calls: Throttle,
    pub(crate) strangers: Throttle,
}

impl std::ops::Deref for Api {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Api {
    /// Over this store; credentials are checked by `identity`, browsers are sent to an identity provider by `logins`, and
    /// publishers looked up by `search`.
    #[must_use]
    pub fn new(
        store: Store,
        identity: Arc<Identity>,
        logins: Option<Arc<Logins>>,
        hasher: Hasher,
        search: Search,
    ) -> Self {
        let (calls, strangers) = (Throttle::new(CALLS.0, CALLS.1), Throttle::new(STRANGERS.0, STRANGERS.1));
        let browsers = Browsers::new(store.clone());
        let own_password = OwnPassword::new(store.clone(), Arc::clone(&identity), hasher.clone(), browsers.clone());
        Self(Arc::new(Shared { store, identity, logins, hasher, search, browsers, own_password, calls, strangers }))
    }

    /// Pays for a call of an account, by whichever door.
    ///
    /// # Errors
    /// [`Code::RateLimited`].
    pub fn pay(&self, account: Option<i64>) -> Result<(), Refusal> {
        self.calls
            .pay(account, Instant::now())
            .map_err(|wait| Refusal::later(format!("too many calls; try again in {} s", wait.as_secs().max(1)), wait))
    }

    /// Pays for a call of nobody, by whichever door.
    ///
    /// # Errors
    /// [`Code::RateLimited`].
    pub fn pay_unknown(&self, peer: IpAddr) -> Result<(), Refusal> {
        self.strangers
            .pay(network(peer), Instant::now())
            .map_err(|wait| Refusal::later("too many calls from this address", wait))
    }
}

/// Every route, with what the document says of it.
fn routes() -> OpenApiRouter<Api> {
    OpenApiRouter::with_openapi(document::about())
        .routes(routes!(session::show, session::begin, session::end))
        .routes(routes!(me::show))
        .routes(routes!(me::password))
        .routes(routes!(me::sessions))
        .routes(routes!(me::end_session))
        .routes(routes!(me::machines))
        .routes(routes!(me::check))
        .routes(routes!(tokens::mine, tokens::make_mine))
        .routes(routes!(tokens::end_mine))
        .routes(routes!(requests::mine, requests::ask))
        .routes(routes!(requests::withdraw))
        .routes(routes!(invitations::mine))
        .routes(routes!(invitations::decline))
        .routes(routes!(invitations::accept))
        .routes(routes!(invitations::look))
        .routes(routes!(invitations::join))
        .routes(routes!(organizations::list, organizations::add))
        .routes(routes!(organizations::show, organizations::change))
        .routes(routes!(policy::show, policy::replace, policy::change))
        .routes(routes!(preview::show))
        .routes(routes!(registries::list))
        .routes(routes!(registries::add, registries::remove))
        .routes(routes!(namespaces::list))
        .routes(routes!(namespaces::add, namespaces::remove))
        .routes(routes!(rules::allowed, rules::allow))
        .routes(routes!(rules::allowed_one, rules::disallow))
        .routes(routes!(rules::denied, rules::deny))
        .routes(routes!(rules::denied_one, rules::undeny))
        .routes(routes!(requests::list))
        .routes(routes!(requests::show))
        .routes(routes!(requests::approve))
        .routes(routes!(requests::deny))
        .routes(routes!(members::list))
        .routes(routes!(members::show, members::put, members::remove))
        .routes(routes!(invitations::list, invitations::invite))
        .routes(routes!(invitations::take_back))
        .routes(routes!(teams::list, teams::add))
        .routes(routes!(teams::show, teams::change, teams::remove))
        .routes(routes!(teams::put_member, teams::remove_member))
        .routes(routes!(records::list))
        .routes(routes!(activity::summary))
        .routes(routes!(machines::list))
        .routes(routes!(audit::of_organization))
        .routes(routes!(sign_ins::of_organization))
        .routes(routes!(tokens::list, tokens::make))
        .routes(routes!(tokens::end))
        .routes(routes!(publishers::list, publishers::import))
        .routes(routes!(refresh::refresh))
        .route("/publishers/refresh", refresh::of_the_namespace())
        .routes(routes!(publishers::show, publishers::put, publishers::remove))
        .routes(routes!(audit::of_service))
        .routes(routes!(sign_ins::of_service))
        .routes(routes!(document::show))
}

/// The table of codes for the reference page, in Markdown.
#[must_use]
pub fn codes_page() -> String {
    let row = |code: &Code| {
        let word = serde_json::to_value(code).unwrap_or_default();
        format!("| `{}` | {} | {} |\n", word.as_str().unwrap_or_default(), code.status().as_u16(), code.words())
    };
    let rows: String = Code::ALL.iter().map(row).collect();
    format!("| code | status | |\n|---|---|---|\n{rows}")
}

/// The routes below [`PREFIX`].
pub fn router(api: Api) -> Router {
    let (routes, document) = routes().split_for_parts();
    let routes = routes.route_layer(from_fn_with_state(known::Known::of(document), known::only));
    let routes = routes.fallback(|| async { Refusal::not_found() }).layer(from_fn(in_our_words)).with_state(api);
    Router::new().nest(PREFIX, routes)
}

/// What the router itself answers, in the form of everything else.
async fn in_our_words(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    if response.status() != StatusCode::METHOD_NOT_ALLOWED {
        return response;
    }
    let allow = response.headers().get(header::ALLOW).cloned();
    let mut refused = Refusal::new(Code::MethodNotAllowed, "not this method here").into_response();
    if let Some(allow) = allow {
        refused.headers_mut().insert(header::ALLOW, allow);
    }
    refused
}
