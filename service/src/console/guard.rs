//! What holds for every page, whatever it is. The other headers are those of every answer of the service
//! ([`crate::http`]).

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{HeaderName, HeaderValue, Method, header};

use super::fault::Fault;
use crate::rest::is_foreign;

/// What a page has of its own.
const PAGE: [(HeaderName, HeaderValue); 3] = [
    // Only our own files, no script or style in a page, no frames around it, forms go nowhere else.
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self'; \
             frame-ancestors 'none'; base-uri 'none'",
        ),
    ),
    // Addresses of pages name organizations and images: no other site learns them. With `no-referrer` a form would
    // not say either where it comes from.
    (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
    // Pages are somebody's: no cache keeps them, and not the browser's, for whoever comes after a sign-out.
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// Lets through what may come, and hardens what goes out.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    harden(match reads || !is_foreign(request.headers(), request.uri()) {
        true => next.run(request).await,
        false => Fault::Elsewhere.into_response(),
    })
}

/// Adds what a page has, where the answer has none of its own.
pub(super) fn harden(mut answer: Response) -> Response {
    let headers = answer.headers_mut();
    for (name, value) in PAGE {
        headers.entry(name).or_insert(value);
    }
    answer
}
