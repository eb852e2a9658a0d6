//! Requests and answers, as a browser sends and gets them.

mod account;
mod activity;
mod matrix;
mod members;
mod namespaces;
mod plans;
mod policy;
mod preview;
mod publishers;
mod requests;
mod routes;

use std::sync::Arc;

use axum::{Router, body::Body, response::Response};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;
use crate::{
    browser::{Browsers, From},
    clock,
    hub_search::testing::Hub,
    identity::{Hasher, Identity, Trail, Verified},
    listener::Peer,
    model::{CredentialKind, Role, TokenScopes},
    store::{RecordRow, Store, Writing, testing::Fixture},
};
use proto::secret::Secret;

pub(super) const NOW: i64 = 1_700_000_000;
const PASSWORD: &str = "correct horse battery";

/// `acme`, its owner `olga`, admin `adam`, auditor `audrey` and member `alice`; `beta`, whose owner is `otto`;
/// `nobody`, who belongs to none.
pub(super) struct World {
    _fixture: Fixture,
    pub store: Store,
    /// Whose search is asked.
    pub hub: Hub,
    router: Router,
}

/// A browser with a sign-in.
pub(super) struct Browser<'a> {
    world: &'a World,
    cookie: String,
}

/// What came back.
pub(super) struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Page {
    async fn of(answer: Response) -> Self {
        let (parts, body) = answer.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        Self { status: parts.status, headers: parts.headers, text }
    }

    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    pub fn says(&self, text: &str) -> bool {
        self.text.contains(text)
    }

    /// The value of a hidden field.
    pub fn hidden(&self, name: &str) -> String {
        let start = format!("<input type=\"hidden\" name=\"{name}\" value=\"");
        let rest = self.text.split_once(&start).unwrap_or_else(|| panic!("no {name} in {}", self.text)).1;
        rest.split_once('"').unwrap().0.to_owned()
    }
}

impl World {
    pub async fn new() -> Self {
        Self::on(Fixture::sqlite()).await
    }

    pub async fn on(fixture: Fixture) -> Self {
        let store = fixture.store().await;
        let hasher = Hasher::new().unwrap();
        let hash = hasher.hash(Secret::new(PASSWORD.to_owned())).await.unwrap();
        let mut change = store.write().await.unwrap();
        for organization in ["acme", "beta"] {
            change.add_organization(organization, NOW).await.unwrap();
        }
        for (organization, user, role) in [
            ("acme", "olga", Role::Owner),
            ("acme", "adam", Role::Admin),
            ("acme", "audrey", Role::Auditor),
            ("acme", "alice", Role::Member),
            ("beta", "otto", Role::Owner),
        ] {
            add(&mut change, organization, user, role, &hash).await;
        }
        change.add_account("nobody", &hash, NOW).await.unwrap();
        change.commit().await.unwrap();
        let identity = Arc::new(Identity::new(store.clone(), hasher.clone(), None, Trail::default()));
        let hub = Hub::new().await;
        let router = router(Api::new(store.clone(), identity, None, hasher, hub.search())).fallback(nothing_here);
        Self { _fixture: fixture, store, hub, router }
    }

    pub async fn send(&self, request: Request<Body>) -> Page {
        let mut request = request;
        request.extensions_mut().insert(Peer(([192, 0, 2, 7], 4711).into()));
        Page::of(self.router.clone().oneshot(request).await.unwrap()).await
    }

    pub async fn get(&self, address: &str) -> Page {
        self.send(Request::get(address).header(header::ACCEPT, "text/html").body(Body::empty()).unwrap()).await
    }

    async fn try_sign_in(&self, user: &str, password: &str, next: &str) -> Page {
        let body = encode(&[("username", user), ("password", password), ("next", next)]);
        self.send(form("/sign-in", "", body)).await
    }

    pub async fn sign_in(&self, user: &str) -> Browser<'_> {
        let page = self.try_sign_in(user, PASSWORD, "/").await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        let cookie = page.headers.get(header::SET_COOKIE).unwrap().to_str().unwrap();
        Browser { world: self, cookie: cookie.split(';').next().unwrap().to_owned() }
    }

    /// The same without a password: of whoever has none here.
    async fn signed_in(&self, user: &str) -> Browser<'_> {
        let account = self.store.read().await.unwrap().account(user).await.unwrap().unwrap();
        let verified = Verified {
            account,
            credential: CredentialKind::Password,
            scopes: TokenScopes::all(),
            credential_expires_at: None,
            agent_token_seconds: None,
            token_id: None,
        };
        let from = From { peer: [192, 0, 2, 7].into(), agent: "test", before: None };
        let begun = Browsers::new(self.store.clone()).begin(&verified, from, clock::now()).await.unwrap();
        let cookie = begun.cookie.set(60).expose().split_once(';').unwrap().0.to_owned();
        Browser { world: self, cookie }
    }
}

async fn add(change: &mut Writing, organization: &str, user: &str, role: Role, hash: &str) {
    let organization = change.organization_id(organization).await.unwrap().unwrap();
    let account = change.add_account(user, hash, NOW).await.unwrap();
    change.set_member(organization, account, role, &[]).await.unwrap();
}

fn encode(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn form(address: &str, cookie: &str, body: String) -> Request<Body> {
    Request::post(address)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("sec-fetch-site", "same-origin")
        .header(header::COOKIE, cookie)
        .body(Body::from(body))
        .unwrap()
}

impl Browser<'_> {
    pub async fn get(&self, address: &str) -> Page {
        self.world.send(Request::get(address).header(header::COOKIE, &self.cookie).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&self, address: &str, fields: &[(&str, &str)]) -> Page {
        self.world.send(form(address, &self.cookie, encode(fields))).await
    }

    /// With the token of a page of this sign-in.
    pub async fn submit(&self, address: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = self.get("/").await;
        let csrf = if csrf.status == StatusCode::SEE_OTHER { self.get(csrf.location()).await } else { csrf };
        let token = csrf.hidden("csrf");
        self.post(address, &[fields, &[("csrf", token.as_str())]].concat()).await
    }
}

/// The form of *Image access* as a page shows it, some fields replaced; none: a box that is not ticked.
fn policy_form<'a>(seen: &'a str, changed: &[(&'a str, Option<&'a str>)]) -> Vec<(&'a str, &'a str)> {
    let mut fields: Vec<(&str, Option<&str>)> = vec![
        ("seen", Some(seen)),
        ("enabled", None),
        ("mode", Some("enforce")),
        ("official", Some("on")),
        ("verified_publisher", Some("on")),
        ("community", None),
        ("when_expired", Some("keep")),
        ("local_content", Some("allow")),
        ("run_unapproved", Some("allow")),
        ("engine_plugins", Some("as-images")),
        ("swarm", Some("own")),
        ("builds", Some("allow")),
        ("container_builders", Some("allow")),
        ("unknown_requests", Some("deny")),
    ];
    fields.retain(|(name, _)| !changed.iter().any(|(other, _)| other == name));
    fields.extend(changed);
    fields.into_iter().filter_map(|(name, value)| value.map(|value| (name, value))).collect()
}

const POLICY: &str = "/orgs/acme/image-access";

#[tokio::test]
async fn a_link_survives_the_sign_in() {
    let world = World::new().await;
    let page = world.get("/orgs/acme/image-access?a=b%20c").await;
    assert_eq!(page.location(), "/sign-in?next=%2Forgs%2Facme%2Fimage-access%3Fa%3Db%2520c");
    let page = world.get(page.location()).await;
    let next = page.hidden("next");
    assert_eq!((page.status, next.as_str()), (StatusCode::OK, "/orgs/acme/image-access?a=b%20c"));
    assert_eq!(world.try_sign_in("Alice ", PASSWORD, &next).await.location(), next);
    assert_eq!(world.try_sign_in("alice", PASSWORD, "//evil.example").await.location(), "/");
    let wrong = world.try_sign_in("alice", "wrong", &next).await;
    assert_eq!((wrong.status, wrong.hidden("next")), (StatusCode::UNAUTHORIZED, next));
    assert!(wrong.says("The user name or the password is wrong.") && !wrong.says("wrong\" name"));
    assert!(!wrong.headers.contains_key(header::SET_COOKIE));
}

#[tokio::test]
async fn a_sign_in_ends_when_its_owner_says_so() {
    let world = World::new().await;
    let alice = world.sign_in("alice").await;
    assert_eq!(alice.get("/").await.location(), POLICY);
    assert_eq!(alice.get("/sign-in?next=%2Fx").await.location(), "/x", "who is signed in goes on");
    assert_eq!(alice.post("/sign-out", &[]).await.status, StatusCode::FORBIDDEN, "a link elsewhere ends nothing");
    let out = alice.submit("/sign-out", &[]).await;
    assert_eq!(out.location(), "/sign-in");
    assert_eq!(alice.get(POLICY).await.location(), "/sign-in?next=%2Forgs%2Facme%2Fimage-access");
}

#[tokio::test]
async fn nobody_learns_of_what_is_not_theirs() {
    let world = World::new().await;
    let otto = world.sign_in("otto").await;
    for address in [POLICY, "/orgs/none/image-access", "/orgs/%3Cscript%3E/image-access", "/orgs/%FF/image-access"] {
        let page = otto.get(address).await;
        assert!(matches!(page.status, StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST), "{address}: {}", page.status);
        assert!(!page.says("<script>"), "{}", page.text);
    }
    assert_eq!(otto.submit(POLICY, &policy_form("x", &[])).await.status, StatusCode::NOT_FOUND);
    let nobody = world.sign_in("nobody").await;
    assert!(nobody.get("/").await.says("You belong to no organization here"));
}

#[tokio::test]
async fn forms_of_other_sites_and_other_sign_ins_change_nothing() {
    let world = World::new().await;
    let (olga, adam) = (world.sign_in("olga").await, world.sign_in("adam").await);
    let page = olga.get(POLICY).await;
    let (seen, others) = (page.hidden("seen"), adam.get(POLICY).await.hidden("csrf"));
    let on = policy_form(&seen, &[("enabled", Some("on"))]);
    for token in ["", "x", others.as_str()] {
        let sent = olga.post(POLICY, &[&on[..], &[("csrf", token)]].concat()).await;
        assert_eq!(sent.status, StatusCode::FORBIDDEN, "{token}");
    }
    let csrf = page.hidden("csrf");
    let whole = encode(&[&on[..], &[("csrf", csrf.as_str())]].concat());
    let mut foreign = form(POLICY, &olga.cookie, whole.clone());
    foreign.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(world.send(foreign).await.status, StatusCode::FORBIDDEN);
    let mut json = form(POLICY, &olga.cookie, whole.clone());
    json.headers_mut().insert(header::CONTENT_TYPE, "text/plain".parse().unwrap());
    assert_eq!(world.send(json).await.status, StatusCode::BAD_REQUEST);
    let mut sign_in = form("/sign-in", "", encode(&[("username", "olga"), ("password", PASSWORD)]));
    sign_in.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(world.send(sign_in).await.status, StatusCode::FORBIDDEN, "nobody is signed in from elsewhere");
    assert!(!world.store.read().await.unwrap().policy(1, "acme").await.unwrap().settings.enabled);
    assert_eq!(
        world.send(form(POLICY, &olga.cookie, whole)).await.status,
        StatusCode::SEE_OTHER,
        "it was right but for that"
    );
}

#[tokio::test]
async fn every_answer_is_hardened_and_only_files_are_kept() {
    let world = World::new().await;
    let olga = world.sign_in("olga").await;
    let page = olga.get(POLICY).await;
    let style = page.text.split("href=\"").find(|part| part.starts_with("/assets/style.")).unwrap();
    let style = style.split('"').next().unwrap();
    for (answer, kept) in [
        (page.headers, "no-store"),
        (world.get("/sign-in").await.headers, "no-store"),
        (world.get("/nothing").await.headers, "no-store"),
        (world.get(style).await.headers, "public, max-age=31536000, immutable"),
        (world.get("/assets/style.css").await.headers, "no-store"),
    ] {
        assert_eq!(answer.get(header::CACHE_CONTROL).unwrap(), kept);
        let policy = answer.get(header::CONTENT_SECURITY_POLICY).unwrap().to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"));
        assert_eq!(answer.get(header::REFERRER_POLICY).unwrap(), "same-origin");
    }
    let plain = world.send(Request::get("/nothing").body(Body::empty()).unwrap()).await;
    assert_eq!((plain.status, plain.text.as_str()), (StatusCode::NOT_FOUND, "not found\n"), "no page for a program");
    assert_eq!(world.get("/sign-out").await.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn the_lists_are_changed_by_who_may() {
    let world = World::new().await;
    let (adam, alice) = (world.sign_in("adam").await, world.sign_in("alice").await);
    let list = "/orgs/acme/allowlist";
    let add = |pattern: &'static str, whom: &'static str, name: &'static str, until: &'static str| {
        [("list", "allow"), ("pattern", pattern), ("whom", whom), ("name", name), ("until", until), ("reason", "why")]
    };
    let done = adam.submit(list, &add("bitnami/*", "everybody", "", "2999-12-31")).await;
    assert_eq!(done.location(), list, "{}", done.text);
    let done = adam.submit(list, &add("evil/miner", "person", "carol", "")).await;
    assert!(done.headers.get(header::SET_COOKIE).unwrap().to_str().unwrap().contains("rule-of-nobody"));
    for (fields, said) in [
        (add("a//b", "everybody", "", ""), "is no pattern"),
        (add("a/b", "person", "No Body", ""), "is not a name"),
        (add("a/b", "everybody", "", "tomorrow"), "is no day"),
        (add("a/b", "everybody", "", "2001-01-01"), "in the past"),
    ] {
        let page = adam.submit(list, &fields).await;
        assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says(said), "{said}: {}", page.text);
    }
    let page = alice.get(list).await;
    assert!(page.says("bitnami/*") && page.says("2999-12-31") && !page.says("Remove"), "{}", page.text);
    let rules = world.store.read().await.unwrap().policy(1, "acme").await.unwrap().rules;
    let gone = [("list", "allow"), ("rule", rules[0].id.as_str())];
    for (address, fields) in [(list, &add("a/b", "everybody", "", "")[..]), ("/orgs/acme/allowlist/remove", &gone)] {
        assert_eq!(alice.submit(address, fields).await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(adam.submit("/orgs/acme/allowlist/remove", &gone).await.location(), list);
    let again = adam.submit("/orgs/acme/allowlist/remove", &gone).await;
    assert!(again.status == StatusCode::UNPROCESSABLE_ENTITY && again.says("has no rule"), "{}", again.text);
    let deny: Vec<_> =
        [("list", "deny")].into_iter().chain(add("evil/worse", "everybody", "", "")[1..].iter().copied()).collect();
    assert_eq!(adam.submit(list, &deny).await.location(), "/orgs/acme/allowlist?list=deny");
    assert!(adam.get("/orgs/acme/allowlist?list=deny").await.says("evil/worse"));
}
