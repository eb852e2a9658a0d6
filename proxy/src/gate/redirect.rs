//! Where a registry sends who asks it for a manifest.

use http::{Response, StatusCode, Uri, header};

use crate::authority::Authority;

/// Host and target of the request that comes next, as [`super::Asked`] has them; none, if this answer is the last
/// (Go `net/http`, `redirectBehavior`: without a `Location` it is).
pub(super) fn place<B>(host: &str, head: &Response<B>) -> Option<(String, String)> {
    let follows = matches!(
        head.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    let location = head.headers().get(header::LOCATION).filter(|_| follows)?.as_bytes();
    let location = Uri::try_from(location).ok()?;
    let target = location.path_and_query().map_or("/", |target| target.as_str()).to_owned();
    let host = match (location.scheme_str(), location.authority()) {
        (None, None) => host.to_owned(),
        (Some("https"), Some(named)) => Authority::parse(named.as_str(), Some(443)).ok()?.registry(443),
        (Some("http"), Some(named)) => {
            let authority = Authority::parse(named.as_str(), Some(80)).ok()?;
            // As in requests in the clear: a port that is written stays.
            if Authority::names_port(named.as_str()) { authority.to_string() } else { authority.registry(80) }
        }
        _ => return None,
    };
    Some((host, target))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_leads_where_go_goes() {
        let check = |status: u16, location: Option<&str>, expected: Option<(&str, &str)>| {
            let head = Response::builder().status(status);
            let head = location.map(|to| Response::builder().status(status).header("Location", to)).unwrap_or(head);
            let found = place("reg.example:5000", &head.body(()).unwrap());
            assert_eq!(found.as_ref().map(|(host, target)| (&**host, &**target)), expected, "{status} {location:?}");
        };
        for status in [301, 302, 303, 307, 308] {
            check(status, Some("https://Other.example:443/v2/a?b=c"), Some(("other.example", "/v2/a?b=c")));
        }
        check(307, Some("/v2/b/manifests/1"), Some(("reg.example:5000", "/v2/b/manifests/1")));
        check(307, Some("https://other.example"), Some(("other.example", "/")));
        check(307, Some("http://other.example/x"), Some(("other.example", "/x")));
        check(307, Some("http://other.example:80/x"), Some(("other.example:80", "/x")));
        for (status, location) in [(307, None), (200, Some("https://other.example/")), (300, Some("/x"))] {
            check(status, location, None);
        }
        for nowhere in ["ftp://other.example/", "https://user@other.example/", "https://other.example:0/", "\u{e9}"] {
            check(307, Some(nowhere), None);
        }
    }
}
