//! Who calls: an access token, or a browser that a person signed in with.

use axum::extract::FromRequestParts;
use http::{HeaderMap, Method, Uri, header, request::Parts};
use proto::secret::Secret;

use super::{Api, Code, Refusal};
use crate::{
    acts::{Actor, Means, SignedIn},
    browser::{self, Cookie, Resumed},
    clock,
    identity::{AccessToken, Caller as At, Realm, SignIn},
    listener::Peer,
    model::Via,
};

/// What a page of the console sends with whatever it changes.
pub const CSRF: &str = "x-pullgate-csrf";

/// Who calls.
pub struct Caller {
    /// Who acts.
    pub actor: Actor,
    /// The browser, where it is one.
    pub browser: Option<(Cookie, Resumed)>,
}

/// The other end, and what it calls itself.
pub struct Place {
    /// Where.
    pub peer: std::net::IpAddr,
    /// `User-Agent`.
    pub agent: String,
}

impl FromRequestParts<Api> for Place {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Api) -> Result<Self, Refusal> {
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self { peer: peer(parts)?, agent: agent.unwrap_or_default().to_owned() })
    }
}

fn peer(parts: &Parts) -> Result<std::net::IpAddr, Refusal> {
    parts
        .extensions
        .get::<Peer>()
        .map(|peer| peer.0.ip())
        .ok_or_else(|| Refusal::new(Code::Internal, "no peer address"))
}

impl FromRequestParts<Api> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Refusal> {
        let peer = peer(parts)?;
        // Who says who they are in so many words means it.
        let caller = match parts.headers.get(header::AUTHORIZATION) {
            Some(value) => by_token(api, value, peer).await,
            None => by_cookie(api, &parts.headers, peer).await,
        };
        let caller = match caller {
            Ok(caller) => caller,
            Err(refusal) => {
                api.pay_unknown(peer)?;
                return Err(refusal);
            }
        };
        api.pay(caller.actor.account().map(|account| account.id))?;
        if let Some((cookie, _)) = &caller.browser
            && !is_safe(&parts.method)
        {
            let token = parts.headers.get(CSRF).and_then(|value| value.to_str().ok());
            let own = token.is_some_and(|token| cookie.is_csrf(token));
            if !own || is_foreign(&parts.headers, &parts.uri) {
                return Err(foreign());
            }
        }
        Ok(caller)
    }
}

/// Says that a page of another site may not.
pub fn foreign() -> Refusal {
    Refusal::new(Code::Csrf, "this browser is signed in, and the request is none of its own pages'")
        .next(format!("send `{CSRF}` with the `csrf` that `GET /api/v1/session` says, from the service's own origin"))
}

/// Whether it changes nothing.
pub(super) fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Whether a browser says that it acts for another site. Who says nothing is no browser, or one that is too old to.
pub fn is_foreign(headers: &HeaderMap, uri: &Uri) -> bool {
    let text = |name: http::HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    // The page's own word; a page cannot change it.
    if let Some(site) = text(http::HeaderName::from_static("sec-fetch-site")) {
        return site != "same-origin";
    }
    let Some(origin) = text(header::ORIGIN) else { return false };
    // HTTP/2 has the host in the address.
    let host = uri.authority().map(http::uri::Authority::as_str).or_else(|| text(header::HOST));
    let origin = origin.split_once("://").map(|(_, host)| host);
    origin.is_none() || origin != host
}

async fn by_token(api: &Api, value: &http::HeaderValue, peer: std::net::IpAddr) -> Result<Caller, Refusal> {
    let text = value.to_str().ok().and_then(|value| value.split_once(' '));
    let token = text.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")).map(|(_, token)| token.trim());
    // What is no token costs no hash.
    let token = token.filter(|token| AccessToken::parse(token).is_some()).ok_or_else(Refusal::unauthenticated)?;
    let sign_in = SignIn {
        realm: Realm::Service,
        // The token says whose it is.
        username: "<token>",
        secret: Secret::new(token.to_owned()),
        code: "",
        needs: None,
        caller: At { peer, via: Via::Api, machine_id: "" },
    };
    let verified = api.identity.verify(sign_in).await?;
    let means = Means::Token(verified.token_id.unwrap_or_default());
    let signed_in = SignedIn { account: verified.account, scopes: verified.scopes, means, peer };
    Ok(Caller { actor: Actor::Account(signed_in), browser: None })
}

async fn by_cookie(api: &Api, headers: &HeaderMap, peer: std::net::IpAddr) -> Result<Caller, Refusal> {
    let cookie = Cookie::read(headers).ok_or_else(Refusal::unauthenticated)?;
    let resumed = api.browsers.resume(&cookie, clock::now()).await?;
    let resumed = resumed.ok_or_else(|| {
        Refusal::new(Code::Unauthenticated, "the sign-in of this browser ended").next("sign in again")
    })?;
    let (account, scopes) = (resumed.account.clone(), resumed.scopes.clone());
    let signed_in = SignedIn { account, scopes, means: Means::Session, peer };
    Ok(Caller { actor: Actor::Account(signed_in), browser: Some((cookie, resumed)) })
}

/// For the sign-in of a browser.
pub(super) fn from<'a>(place: &'a Place, before: Option<&'a Cookie>) -> browser::From<'a> {
    browser::From { peer: place.peer, agent: &place.agent, before }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pages_of_this_host_act_for_who_is_signed_in() {
        let cases: [(&[(&str, &str)], bool); 9] = [
            (&[], false),
            (&[("sec-fetch-site", "same-origin")], false),
            (&[("sec-fetch-site", "same-site")], true),
            (&[("sec-fetch-site", "cross-site"), ("origin", "https://h:1")], true),
            (&[("sec-fetch-site", "none")], true),
            (&[("origin", "https://h:1")], false),
            (&[("origin", "https://h")], true),
            (&[("origin", "https://evil.example")], true),
            (&[("origin", "null")], true),
        ];
        for (sent, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert("host", "h:1".parse().unwrap());
            for (name, value) in sent {
                headers.insert(http::HeaderName::from_static(name), value.parse().unwrap());
            }
            assert_eq!(is_foreign(&headers, &"/x".parse().unwrap()), expected, "{sent:?}");
            // HTTP/2: the host is in the address.
            headers.remove("host");
            assert_eq!(is_foreign(&headers, &"https://h:1/x".parse().unwrap()), expected, "{sent:?}");
        }
    }
}
