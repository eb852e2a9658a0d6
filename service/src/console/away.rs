//! What a browser holds while it is at the identity provider.

use http::{HeaderMap, HeaderValue};

use super::fault::Fault;
use crate::http::cookies;

const COOKIE: &str = "__Host-pullgate-away";
/// Seconds. Longer than it is good for, so that whoever took too long is told that.
const KEPT: i64 = 3600;

/// The `Set-Cookie` header with which a browser keeps it.
pub(super) fn set(handle: &str) -> Result<HeaderValue, Fault> {
    // `Lax`: the way back begins at the provider's site.
    let cookie = format!("{COOKIE}={handle}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={KEPT}");
    let mut cookie = HeaderValue::from_str(&cookie).map_err(|error| Fault::broken(&error))?;
    cookie.set_sensitive(true);
    Ok(cookie)
}

/// What it held, from the `Cookie` headers of a request. None where there is more than one.
pub(super) fn read(headers: &HeaderMap) -> Option<String> {
    let mut own = cookies::named(headers, COOKIE);
    let one = own.next()?;
    own.next().is_none().then(|| one.to_owned())
}

/// The `Set-Cookie` header with which a browser forgets it.
pub(super) fn clear() -> HeaderValue {
    HeaderValue::from_static("__Host-pullgate-away=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0")
}
