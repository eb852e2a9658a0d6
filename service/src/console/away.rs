//! What a browser holds while it is at the identity provider.

use http::{HeaderMap, HeaderValue, header};

use super::fault::Fault;
use crate::identity::oidc::LONGEST;

const COOKIE: &str = "__Host-pullgate-away";

/// The `Set-Cookie` header with which a browser keeps it.
pub(super) fn set(handle: &str) -> Result<HeaderValue, Fault> {
    // `Lax`: the way back begins at the provider's site.
    let cookie = format!("{COOKIE}={handle}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={LONGEST}");
    let mut cookie = HeaderValue::from_str(&cookie).map_err(|error| Fault::broken(&error))?;
    cookie.set_sensitive(true);
    Ok(cookie)
}

/// What it held, from the `Cookie` headers of a request.
pub(super) fn read(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = all.flat_map(|value| value.split(';'));
    pairs.find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('=').map(str::to_owned))
}

/// The `Set-Cookie` header with which a browser forgets it.
pub(super) fn clear() -> HeaderValue {
    HeaderValue::from_static("__Host-pullgate-away=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}
