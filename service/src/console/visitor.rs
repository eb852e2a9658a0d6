//! Who asks: the browser's sign-in, read anew for each page.

use std::{net::IpAddr, time::Instant};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    response::{Html, IntoResponse as _, Response},
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use maud::Markup;

use super::{fault::Fault, fields::Fields, flash::Flash, view};
use crate::{
    acts::{Actor, Means, SignedIn},
    address::network,
    browser::{Begun, Cookie, From, Resumed},
    clock,
    listener::Peer,
    model::Membership,
    names::Name,
    rest::Api,
    roles::{Deed, Standing},
};

/// Somebody who is signed in.
#[derive(Debug)]
pub(super) struct Visitor {
    /// Their sign-in.
    pub resumed: Resumed,
    /// What the browser showed.
    pub cookie: Cookie,
    /// For the menu: each act asks anew.
    pub memberships: Vec<Membership>,
    peer: IpAddr,
    /// What the browser calls itself.
    agent: String,
    flash: Option<Flash>,
}

impl Visitor {
    /// As whom they act.
    pub(super) fn actor(&self) -> Actor {
        let (account, scopes) = (self.resumed.account.clone(), self.resumed.scopes.clone());
        Actor::Account(SignedIn { account, scopes, means: Means::Session, peer: self.peer })
    }

    /// Whether they may do this in that organization with this sign-in: what a page offers. The act asks anew.
    pub(super) fn may(&self, membership: &Membership, deed: Deed) -> bool {
        deed.row().allows(Standing::Member(membership.role)) && self.actor().is_good_for(deed)
    }

    /// Their browser, which is to have a new secret.
    pub(super) fn from(&self) -> From<'_> {
        From { peer: self.peer, agent: &self.agent, before: Some(&self.cookie) }
    }

    /// Their membership in the organization that an address names.
    pub(super) fn member_of(&self, organization: &str) -> Result<(&Membership, Name), Fault> {
        let name: Name = organization.parse().map_err(|_| Fault::Nowhere)?;
        let own = self.memberships.iter().find(|membership| membership.organization == name.as_str());
        own.map(|own| (own, name)).ok_or(Fault::Nowhere)
    }

    /// A page of theirs. What an earlier answer had to say is said, and forgotten.
    pub(super) fn page(&self, status: StatusCode, here: view::Here<'_>, title: &str, content: &Markup) -> Response {
        let frame = view::Frame {
            user: &self.resumed.account.name,
            csrf: &self.cookie.csrf(),
            memberships: &self.memberships,
            here,
            title,
            looks_only: !self.actor().is_good_for(Deed::ChangePolicy),
            flash: self.flash,
        };
        let mut answer = (status, Html(view::page(&frame, content).into_string())).into_response();
        if self.flash.is_some() {
            answer.headers_mut().append(header::SET_COOKIE, Flash::clear());
        }
        answer
    }
}

/// A form that one of our pages sent for whoever is signed in.
#[derive(Debug)]
pub(super) struct Posted {
    pub visitor: Visitor,
    pub fields: Fields,
}

impl FromRequestParts<Api> for Visitor {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, Fault> {
        // A form whose sign-in ended is to be sent anew: afterwards comes the page, by its own address.
        let next = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str).to_owned();
        let signed_out = || match parts.method {
            Method::GET | Method::HEAD => Fault::SignIn(next),
            _ => Fault::Ended("/".to_owned()),
        };
        let peer = peer(parts)?;
        let resumed = match Cookie::read(&parts.headers) {
            Some(cookie) => api.browsers.resume(&cookie, clock::now()).await?.map(|resumed| (cookie, resumed)),
            None => None,
        };
        let Some((cookie, resumed)) = resumed else {
            api.strangers.pay(network(peer), Instant::now()).map_err(Fault::Later)?;
            return Err(signed_out());
        };
        api.calls.pay(Some(resumed.account.id), Instant::now()).map_err(Fault::Later)?;
        let memberships = api.store.read().await?.memberships(resumed.account.id).await?;
        let agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        let agent = agent.unwrap_or_default().to_owned();
        Ok(Self { resumed, cookie, memberships, peer, agent, flash: Flash::read(&parts.headers) })
    }
}

impl FromRequest<Api> for Posted {
    type Rejection = Fault;

    async fn from_request(request: Request, api: &Api) -> Result<Self, Fault> {
        let (mut parts, body) = request.into_parts();
        let visitor = Visitor::from_request_parts(&mut parts, api).await?;
        let fields = read(&parts.headers, Request::from_parts(parts.clone(), body)).await?;
        match visitor.cookie.is_csrf(fields.text("csrf")) {
            true => Ok(Self { visitor, fields }),
            false => Err(Fault::Stale),
        }
    }
}

/// The other end's address.
pub(super) fn peer(parts: &Parts) -> Result<IpAddr, Fault> {
    parts.extensions.get::<Peer>().map(|peer| peer.0.ip()).ok_or(Fault::Broken)
}

/// A form's fields; the body is bounded before ([`crate::http`]).
pub(super) async fn read(headers: &HeaderMap, request: Request) -> Result<Fields, Fault> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err(Fault::Damaged);
    }
    let body = Bytes::from_request(request, &()).await.map_err(|_| Fault::Damaged)?;
    Ok(Fields::parse(&body))
}

/// Where to sign in, and to go on afterwards.
pub(super) fn sign_in(next: &str) -> String {
    match own_address(next) {
        "/" => "/sign-in".to_owned(),
        next => {
            let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
            format!("/sign-in?{query}")
        }
    }
}

/// The address if it is one of this service, and no other host's however a browser reads it; else the first page.
pub(super) fn own_address(text: &str) -> &str {
    let printable = text.len() <= 2000 && text.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    let own = text.starts_with('/') && !text.starts_with("//");
    if printable && own { text } else { "/" }
}

/// The `Set-Cookie` header with which a browser keeps its new secret.
pub(super) fn kept(begun: &Begun) -> Result<HeaderValue, Fault> {
    let cookie = begun.cookie.set(begun.expires_at.saturating_sub(clock::now()).max(1));
    let mut cookie = HeaderValue::from_str(cookie.expose()).map_err(|error| Fault::broken(&error))?;
    cookie.set_sensitive(true);
    Ok(cookie)
}

/// To another page, which is asked for by GET.
pub(super) fn see_other(address: &str) -> Response {
    match HeaderValue::from_str(address) {
        Ok(address) => (StatusCode::SEE_OTHER, [(header::LOCATION, address)]).into_response(),
        Err(_) => Fault::Nowhere.into_response(),
    }
}

/// The same, with something to say there.
pub(super) fn see_other_and_say(address: &str, flash: Flash) -> Response {
    let mut answer = see_other(address);
    answer.headers_mut().append(header::SET_COOKIE, flash.set());
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_nowhere_else() {
        for own in ["/", "/requests/new?image=docker.io%2Fa%2Fb&x=1", "/a//b"] {
            assert_eq!(own_address(own), own);
        }
        let long = format!("/{}", "x".repeat(2000));
        for other in ["", "//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nb", "/a b", "a", &long] {
            assert_eq!(own_address(other), "/", "{other:?}");
        }
        assert_eq!(sign_in("/requests/new?image=a/b&c=d"), "/sign-in?next=%2Frequests%2Fnew%3Fimage%3Da%2Fb%26c%3Dd");
        assert_eq!(sign_in("//evil.example"), "/sign-in");
    }
}
