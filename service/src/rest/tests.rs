//! Tests of [`super`]: every route times everybody who may call, from the router's own list of routes.

mod activity;
mod bounds;
mod by_token;
mod check;
mod hostile;
mod matrix;
mod plans;
mod preview;
mod publishers;
mod tags;
mod written;

use std::{net::SocketAddr, sync::Arc};

use axum::{Router, body::Body, response::Response};
use http::{Method, Request, header};
use http_body_util::BodyExt as _;
use proto::secret::Secret;
use serde_json::Value;
use tower::ServiceExt as _;

use super::*;
use crate::{
    browser::{Cookie, From},
    clock,
    hub_search::testing::Hub,
    identity::{AccessToken, TokenKind, Trail, Verified},
    listener::Peer,
    model::{CredentialKind, Origin, Role, TokenScope, TokenScopes},
    store::{
        NewToken,
        testing::{Fixture, on_each_database},
    },
};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// Who calls.
#[derive(Clone)]
pub(crate) enum Who {
    Nobody,
    Browser { cookie: String, csrf: String },
    Token(String),
}

/// `acme` and `beta`, each with its people, and the API over them.
pub(crate) struct World {
    pub store: Store,
    pub api: Api,
    /// Whose search is asked.
    pub hub: Hub,
    hasher: Hasher,
    router: Router,
    browsers: Browsers,
    _fixture: Fixture,
}

impl World {
    pub async fn new(fixture: Fixture) -> Self {
        let store = fixture.store().await;
        let hasher = Hasher::new().unwrap();
        let hash = hasher.hash(Secret::new(PASSWORD.to_owned())).await.unwrap();
        let now = clock::now();
        let mut change = store.write().await.unwrap();
        for organization in ["acme", "beta"] {
            change.add_organization(organization, now).await.unwrap();
        }
        for (user, organizations, role) in [
            ("owner", &["acme"][..], Role::Owner),
            ("admin", &["acme"], Role::Admin),
            ("auditor", &["acme"], Role::Auditor),
            ("member", &["acme"], Role::Member),
            ("stranger", &["beta"], Role::Owner),
            ("sole", &["acme", "beta"], Role::Owner),
        ] {
            let account = change.add_account(user, &hash, now).await.unwrap();
            for organization in organizations {
                let id = change.organization_id(organization).await.unwrap().unwrap();
                change.set_member(id, account, role, &[]).await.unwrap();
            }
        }
        let acme = change.organization_id("acme").await.unwrap().unwrap();
        let ci = change.new_account("acme/ci", Origin::Organization, None, now).await.unwrap();
        change.set_member(acme, ci, Role::Member, &[]).await.unwrap();
        change.commit().await.unwrap();
        let identity = Identity::new(store.clone(), hasher.clone(), None, Trail::default());
        let hub = Hub::new().await;
        let api = Api::new(store.clone(), Arc::new(identity), None, hasher.clone(), hub.search());
        let browsers = Browsers::new(store.clone());
        Self { router: router(api.clone()), api, store, hub, hasher, browsers, _fixture: fixture }
    }

    /// The same, and another search is asked.
    pub fn asking(self, search: Search) -> Self {
        let api = Api::new(self.store.clone(), Arc::clone(&self.api.identity), None, self.hasher.clone(), search);
        Self { router: router(api.clone()), api, ..self }
    }

    pub async fn browser(&self, user: &str) -> Who {
        let account = self.store.read().await.unwrap().account(user).await.unwrap().unwrap();
        let verified = Verified {
            account,
            credential: CredentialKind::Password,
            scopes: TokenScopes::all(),
            credential_expires_at: None,
            agent_token_seconds: None,
            token_id: None,
        };
        let from = From { peer: [127, 0, 0, 1].into(), agent: "test", before: None };
        let begun = self.browsers.begin(&verified, from, clock::now()).await.unwrap();
        let csrf = begun.cookie.csrf();
        let cookie = begun.cookie.set(60).expose().split_once(';').unwrap().0.to_owned();
        Who::Browser { cookie, csrf }
    }

    pub async fn token(&self, user: &str, scopes: &[TokenScope]) -> Who {
        let kind = if user.contains('/') { TokenKind::Organization } else { TokenKind::Personal };
        let token = AccessToken::generate(kind).unwrap();
        let hash = self.hasher.hash(token.secret.clone()).await.unwrap();
        let scopes = scopes.iter().copied().collect();
        let row = NewToken { id: &token.id, name: "test", hash: &hash, scopes, expires_at: None };
        let mut change = self.store.write().await.unwrap();
        let account = change.account(user).await.unwrap().unwrap();
        change.add_token(account.id, &row, clock::now()).await.unwrap();
        change.commit().await.unwrap();
        Who::Token(token.reveal().expose().to_owned())
    }

    /// As it was sent, below the prefix.
    pub async fn call(
        &self,
        who: &Who,
        method: &str,
        path: &str,
        more: &[(&str, &str)],
        body: Option<&str>,
    ) -> Answered {
        let mut request = Request::builder().method(Method::from_bytes(method.as_bytes()).unwrap());
        request = request.uri(format!("{PREFIX}{path}")).header(header::HOST, "h");
        match who {
            Who::Nobody => {}
            Who::Browser { cookie, csrf } => {
                request = request.header(header::COOKIE, cookie).header(CSRF, csrf);
                request = request.header("sec-fetch-site", "same-origin");
            }
            Who::Token(token) => request = request.header(header::AUTHORIZATION, format!("Bearer {token}")),
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        let mut request = request.body(Body::from(body.unwrap_or_default().to_owned())).unwrap();
        request.extensions_mut().insert(Peer(SocketAddr::from(([127, 0, 0, 1], 1))));
        Answered::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    pub async fn get(&self, who: &Who, path: &str) -> Answered {
        self.call(who, "GET", path, &[], None).await
    }
}

/// An answer, read whole.
pub(crate) struct Answered {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Value,
}

impl Answered {
    pub async fn read(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() };
        Self { status: parts.status.as_u16(), headers: parts.headers, body }
    }

    pub fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }
}

async fn what_cannot_be_read_is_refused_in_the_same_words_everywhere(fixture: Fixture) {
    let world = World::new(fixture).await;
    let admin = world.browser("admin").await;
    let policy = "/organizations/acme/policy";
    let any = [("if-match", "*")];
    for (method, path, more, body, status, code) in [
        ("GET", "/nothing", &[][..], None, 404, "not_found"),
        ("GET", "/organizations/UPPER/policy", &[], None, 404, "not_found"),
        ("POST", "/me", &[], Some("{}"), 405, "method_not_allowed"),
        ("PATCH", policy, &any, Some("{"), 400, "malformed"),
        ("PATCH", policy, &any, Some(r#"{"oficial":false}"#), 400, "malformed"),
        ("PATCH", policy, &any, Some(r#"{"official":"no"}"#), 400, "malformed"),
        ("PATCH", policy, &any, Some(r#"{"mode":"mild"}"#), 400, "malformed"),
        ("PATCH", policy, &any, Some(r#"{"enabled":null}"#), 400, "malformed"),
        ("PATCH", policy, &any, Some(r#"{"request_url":"javascript:alert(1)"}"#), 422, "invalid"),
        ("PATCH", policy, &any, Some(r#"{"push":["*"]}"#), 422, "invalid"),
        ("PATCH", policy, &any, Some(r#"{"session_fresh":1}"#), 422, "invalid"),
        ("PATCH", policy, &[], Some("{}"), 428, "if_match_required"),
        ("PATCH", policy, &[("if-match", "abc")], Some("{}"), 400, "malformed"),
        ("PATCH", policy, &[("if-match", "\"abc\"")], Some("{}"), 412, "changed"),
        ("PUT", policy, &any, Some(r#"{"enabled":true}"#), 400, "malformed"),
        ("GET", "/organizations?limit=0", &[], None, 400, "malformed"),
        ("GET", "/organizations?limit=1000", &[], None, 400, "malformed"),
        ("GET", "/organizations?page=2", &[], None, 400, "malformed"),
        ("GET", "/organizations?cursor=%21", &[], None, 400, "malformed"),
        ("GET", "/organizations/acme/records?effect=all", &[], None, 400, "malformed"),
        ("GET", "/me?foo=1", &[], None, 400, "malformed"),
        ("GET", "/openapi.json?foo", &[], None, 400, "malformed"),
        ("GET", "/organizations/acme/policy?foo=1", &[], None, 400, "malformed"),
        ("GET", "/organizations/acme/policy?", &[], None, 200, ""),
        ("PATCH", "/organizations/acme/policy?force=1", &any, Some("{}"), 400, "malformed"),
        ("DELETE", "/organizations/acme/denylist/some-id?confirm=", &[], None, 400, "malformed"),
        ("GET", "/publishers/refresh?dry_run=true", &[], None, 400, "malformed"),
    ] {
        let answer = world.call(&admin, method, path, more, body).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{method} {path} {body:?}: {}", answer.body);
        assert!(code.is_empty() || answer.body["error"]["message"].as_str().is_some_and(|text| !text.is_empty()));
        assert_eq!(answer.headers[header::CACHE_CONTROL], "no-store");
    }
    let answer = world.call(&admin, "POST", "/me", &[], Some("{}")).await;
    assert_eq!(answer.headers[header::ALLOW], "GET,HEAD");
    let text = [("content-type", "text/plain")];
    let answer = world.call(&admin, "POST", "/organizations/acme/allowlist", &text, None).await;
    assert_eq!((answer.status, answer.code()), (415, "unsupported_media_type"));
}

async fn a_change_of_what_was_not_looked_at_is_refused_and_null_is_not_absent(fixture: Fixture) {
    let world = World::new(fixture).await;
    let admin = world.browser("admin").await;
    let path = "/organizations/acme/policy";
    let first = world.get(&admin, path).await;
    let tag = first.headers[header::ETAG].to_str().unwrap().to_owned();
    let has = |tag: &str| vec![("if-none-match".to_owned(), tag.to_owned())];
    let fresh = has(&tag);
    let fresh: Vec<(&str, &str)> = fresh.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(world.call(&admin, "GET", path, &fresh, None).await.status, 304);
    let patch = r#"{"push":["acme/*"],"session_valid":3600}"#;
    let seen = [("if-match", tag.as_str())];
    let changed = world.call(&admin, "PATCH", path, &seen, Some(patch)).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    let again = world.call(&admin, "PATCH", path, &seen, Some(r#"{"enabled":true}"#)).await;
    assert_eq!((again.status, again.code()), (412, "changed"), "somebody else's change is not lost");
    let tag = changed.headers[header::ETAG].to_str().unwrap().to_owned();
    let settings = |answer: &Answered, key: &str| answer.body["settings"][key].clone();
    assert_eq!(
        (settings(&changed, "push"), settings(&changed, "enabled")),
        (serde_json::json!(["acme/*"]), false.into())
    );
    let seen = [("if-match", tag.as_str())];
    let cleared = world.call(&admin, "PATCH", path, &seen, Some(r#"{"push":null,"session_valid":null}"#)).await;
    assert_eq!((settings(&cleared, "push"), settings(&cleared, "session_valid")), (Value::Null, Value::Null));
    // What was shown can be set again, whole.
    let whole = cleared.body["settings"].to_string();
    let put = world.call(&admin, "PUT", path, &[("if-match", "*")], Some(&whole)).await;
    assert_eq!((put.status, &put.body["settings"]), (200, &cleared.body["settings"]));
}

async fn a_browser_changes_nothing_for_a_page_of_another_site(fixture: Fixture) {
    let world = World::new(fixture).await;
    let Who::Browser { cookie, csrf } = world.browser("admin").await else { unreachable!() };
    let path = "/organizations/acme/allowlist";
    let body = Some(r#"{"pattern":"evil/miner"}"#);
    let other = world.browser("admin").await;
    let Who::Browser { csrf: foreign, .. } = other else { unreachable!() };
    let cases: [(&[(&str, &str)], u16); 8] = [
        (&[("cookie", &cookie)], 403),
        (&[("cookie", &cookie), (CSRF, &foreign)], 403),
        (&[("cookie", &cookie), (CSRF, "")], 403),
        (&[("cookie", &cookie), (CSRF, &csrf), ("sec-fetch-site", "cross-site")], 403),
        (&[("cookie", &cookie), (CSRF, &csrf), ("origin", "https://evil.example")], 403),
        (&[("cookie", &cookie), (CSRF, &csrf), ("sec-fetch-site", "same-origin"), ("origin", "https://h")], 201),
        (&[("cookie", &cookie), (CSRF, &csrf)], 200),
        (&[(CSRF, &csrf)], 401),
    ];
    for (headers, status) in cases {
        let answer = world.call(&Who::Nobody, "POST", path, headers, body).await;
        assert_eq!(answer.status, status, "{headers:?}: {}", answer.body);
        assert_eq!(answer.status == 403, answer.code() == "csrf");
    }
    // Reading needs none of it, and nobody is signed in by another site as somebody else.
    let sent = [("cookie", cookie.as_str()), ("sec-fetch-site", "cross-site")];
    assert_eq!(world.call(&Who::Nobody, "GET", path, &sent, None).await.status, 200);
    let sign_in = serde_json::json!({ "user": "admin", "password": PASSWORD }).to_string();
    for (site, status) in [("cross-site", 403), ("same-origin", 200)] {
        let headers = [("sec-fetch-site", site)];
        let answer = world.call(&Who::Nobody, "POST", "/session", &headers, Some(&sign_in)).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.headers.contains_key(header::SET_COOKIE), status == 200);
    }
}

async fn a_password_opens_a_browser_a_token_does_not_and_a_new_password_ends_the_others(fixture: Fixture) {
    let world = World::new(fixture).await;
    let sign_in = |user: &str, password: &str| serde_json::json!({ "user": user, "password": password }).to_string();
    let Who::Token(token) = world.token("member", &[TokenScope::OrgRead, TokenScope::OrgWrite]).await else {
        unreachable!()
    };
    for (user, password, status, code) in [
        ("member", "wrong password", 401, "unauthenticated"),
        ("nobody", PASSWORD, 401, "unauthenticated"),
        ("member", token.as_str(), 403, "scope"),
    ] {
        let answer = world.call(&Who::Nobody, "POST", "/session", &[], Some(&sign_in(user, password))).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{user}");
    }
    let begun = world.call(&Who::Nobody, "POST", "/session", &[], Some(&sign_in("Member", PASSWORD))).await;
    assert_eq!((begun.status, &begun.body["user"]), (200, &"member".into()));
    let set = begun.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(set.starts_with("__Host-pullgate=") && set.contains("; Secure; HttpOnly; SameSite=Lax"), "{set}");
    let me = Who::Browser {
        cookie: set.split_once(';').unwrap().0.to_owned(),
        csrf: begun.body["csrf"].as_str().unwrap().to_owned(),
    };
    let elsewhere = world.browser("member").await;
    let shown = world.get(&me, "/session").await;
    assert_eq!((&shown.body["user"], &shown.body["csrf"]), (&begun.body["user"], &begun.body["csrf"]));

    let change = |current: &str, new: &str| serde_json::json!({ "current": current, "new": new }).to_string();
    for (body, said) in [
        (change("wrong", "another long password"), "the current password is wrong"),
        (change(PASSWORD, "short"), "the password is too short"),
        (change(&token, "another long password"), "this is an access token"),
    ] {
        let answer = world.call(&me, "PUT", "/me/password", &[], Some(&body)).await;
        let message = answer.body["error"]["message"].as_str().unwrap_or_default();
        assert_eq!((answer.status, answer.code()), (422, "invalid"), "{body}");
        assert!(message.contains(said), "{body}: {message}");
    }
    let body = change(PASSWORD, "another long password");
    let by_token = world.call(&Who::Token(token.clone()), "PUT", "/me/password", &[], Some(&body)).await;
    assert_eq!((by_token.status, by_token.code()), (403, "scope"), "no token changes it");
    let body = change(PASSWORD, "another long password");
    let changed = world.call(&me, "PUT", "/me/password", &[], Some(&body)).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(world.get(&me, "/me").await.status, 401, "the cookie before it is worth nothing");
    assert_eq!(world.get(&elsewhere, "/me").await.status, 401);
    assert_eq!(world.get(&Who::Token(token), "/me").await.status, 200, "a token is a credential of its own");
    let set = changed.headers[header::SET_COOKIE].to_str().unwrap();
    let cookie = set.split_once(';').unwrap().0.to_owned();
    let me = Who::Browser { cookie, csrf: changed.body["csrf"].as_str().unwrap().to_owned() };
    assert_eq!(world.get(&me, "/me").await.status, 200);
    let out = world.call(&me, "DELETE", "/session", &[], None).await;
    assert_eq!((out.status, out.headers[header::SET_COOKIE].to_str().unwrap()), (204, Cookie::clear()));
    assert_eq!(world.get(&me, "/me").await.status, 401);
}

async fn nobody_joins_unasked_and_whoever_is_asked_joins_by_saying_yes(fixture: Fixture) {
    let world = World::new(fixture).await;
    let owner = world.browser("owner").await;
    let path = "/organizations/acme/invitations";
    let invite = |user: &str| serde_json::json!({ "user": user, "role": "auditor", "teams": ["ops"] }).to_string();
    let unknown = world.call(&owner, "POST", path, &[], Some(&invite("newcomer"))).await;
    assert_eq!((unknown.status, unknown.code()), (422, "invalid"));
    assert_eq!(unknown.body["error"]["message"], "`acme` has no team `ops`; make it first");
    let teams = "/organizations/acme/teams";
    assert_eq!(world.call(&owner, "POST", teams, &[], Some(r#"{"team":"ops"}"#)).await.status, 201);
    // Somebody new: a link, and a password that the owner never knows.
    let invited = world.call(&owner, "POST", path, &[], Some(&invite("newcomer"))).await;
    assert_eq!(invited.status, 201, "{}", invited.body);
    let secret = invited.body["secret"].as_str().unwrap().to_owned();
    let look = |secret: &str| serde_json::json!({ "secret": secret }).to_string();
    let seen = world.call(&Who::Nobody, "POST", "/invitations/look", &[], Some(&look(&secret))).await;
    assert_eq!((seen.status, &seen.body["user"], &seen.body["role"]), (200, &"newcomer".into(), &"auditor".into()));
    assert_eq!(world.call(&Who::Nobody, "POST", "/invitations/look", &[], Some(&look("x"))).await.status, 404);
    let join = |password: &str| serde_json::json!({ "secret": secret, "password": password }).to_string();
    assert_eq!(world.call(&Who::Nobody, "POST", "/invitations/join", &[], Some(&join("short"))).await.status, 422);
    let joined = world.call(&Who::Nobody, "POST", "/invitations/join", &[], Some(&join(PASSWORD))).await;
    assert_eq!(joined.status, 201, "{}", joined.body);
    let again = world.call(&Who::Nobody, "POST", "/invitations/join", &[], Some(&join(PASSWORD))).await;
    assert_eq!(again.status, 404, "a link is good once");
    let written = world.get(&owner, "/organizations/acme/audit?act=invitation.accept").await;
    let line = &written.body["items"][0];
    assert_eq!((&line["via"], &line["peer"]), (&"invitation".into(), &"127.0.0.1".into()), "{line}");
    let member = world.get(&owner, "/organizations/acme/members/newcomer").await;
    assert_eq!((&member.body["role"], &member.body["teams"]), (&"auditor".into(), &serde_json::json!(["ops"])));
    let credentials = serde_json::json!({ "user": "newcomer", "password": PASSWORD }).to_string();
    assert_eq!(world.call(&Who::Nobody, "POST", "/session", &[], Some(&credentials)).await.status, 200);

    // Somebody who has an account: no link, and they answer.
    let stranger = world.browser("stranger").await;
    let unasked = serde_json::json!({ "role": "member" }).to_string();
    let put = world.call(&owner, "PUT", "/organizations/acme/members/stranger", &[], Some(&unasked)).await;
    assert_eq!((put.status, put.code()), (403, "forbidden"));
    let invited = world.call(&owner, "POST", path, &[], Some(&invite("stranger"))).await;
    assert_eq!((invited.status, &invited.body["secret"]), (201, &Value::Null));
    let mine = world.get(&stranger, "/me/invitations").await;
    let id = mine.body["items"][0]["id"].as_str().unwrap().to_owned();
    let accept = format!("/me/invitations/{id}/accept");
    let member = world.browser("member").await;
    assert_eq!(world.call(&member, "POST", &accept, &[], None).await.status, 404, "nobody answers for others");
    assert_eq!(world.call(&stranger, "POST", &accept, &[], None).await.status, 200);
    assert_eq!(world.get(&stranger, "/organizations/acme/policy").await.status, 200);
    let invited = world.call(&owner, "POST", path, &[], Some(&invite("stranger"))).await;
    assert_eq!((invited.status, invited.code()), (409, "conflict"), "already a member");
}

async fn too_many_calls_wait_and_others_do_not(fixture: Fixture) {
    let world = World::new(fixture).await;
    let (member, admin) = (world.browser("member").await, world.browser("admin").await);
    let token = world.token("member", &[TokenScope::OrgRead]).await;
    // By whichever credential: it is the account that pays.
    for who in [&member, &token] {
        let mut refused = None;
        for _ in 0..5000 {
            let answer = world.get(who, "/session").await;
            if answer.status == 429 {
                refused = Some(answer);
                break;
            }
        }
        let refused = refused.expect("a script that never stops is told to");
        assert_eq!((refused.code(), refused.headers.contains_key(header::RETRY_AFTER)), ("rate_limited", true));
    }
    assert_eq!(world.get(&admin, "/session").await.status, 200);
}

on_each_database! {
    what_cannot_be_read_is_refused_in_the_same_words_everywhere,
    a_change_of_what_was_not_looked_at_is_refused_and_null_is_not_absent,
    a_browser_changes_nothing_for_a_page_of_another_site,
    a_password_opens_a_browser_a_token_does_not_and_a_new_password_ends_the_others,
    nobody_joins_unasked_and_whoever_is_asked_joins_by_saying_yes,
    too_many_calls_wait_and_others_do_not,
}
