//! Requests and answers, as a browser sends and gets them.

use std::sync::Arc;

use axum::{Router, body::Body, response::Response};
use http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use tower::ServiceExt as _;

use super::*;
use crate::{
    identity::{Hasher, Identity, Trail},
    listener::Peer,
    model::Role,
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
        let fixture = Fixture::sqlite();
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
        let router = router(Api::new(store.clone(), identity, hasher)).fallback(nothing_here);
        Self { _fixture: fixture, store, router }
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
async fn an_owner_changes_the_policy_and_a_member_looks() {
    let world = World::new().await;
    let (olga, alice) = (world.sign_in("olga").await, world.sign_in("alice").await);
    let seen = olga.get(POLICY).await.hidden("seen");
    let form = policy_form(
        &seen,
        &[
            ("enabled", Some("on")),
            ("community", Some("on")),
            ("official", None),
            ("message", Some("Ask us.\r\nReally.")),
            ("registries", Some("GHCR.io\r\n\r\nquay.io")),
            ("session_valid", Some("14d")),
            ("push_limited", Some("on")),
            ("push", Some("acme/*")),
        ],
    );
    let saved = olga.submit(POLICY, &form).await;
    assert_eq!((saved.status, saved.location()), (StatusCode::SEE_OTHER, POLICY), "{}", saved.text);
    let state = world.store.read().await.unwrap().policy(1, "acme").await.unwrap();
    let settings = &state.settings;
    assert!(settings.enabled && settings.community && !settings.official && settings.verified_publisher);
    assert_eq!((settings.message.as_str(), state.registries.len()), ("Ask us.\nReally.", 2));
    assert_eq!(settings.beyond.push.as_deref(), Some(&["acme/*".to_owned()][..]));
    let page = alice.get(POLICY).await;
    assert!(page.says("On, enforced") && page.says("ghcr.io") && page.says("14d"));
    assert!(!page.says("name=\"seen\"") && !page.says("textarea"), "nothing to change");
    let refused = alice.submit(POLICY, &policy_form(&seen, &[])).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.says("A member of <code>acme</code> may not change the policy"), "{}", refused.text);
    // The same again changes nothing, and says so.
    let seen = olga.get(POLICY).await.hidden("seen");
    let again = olga
        .submit(
            POLICY,
            &policy_form(
                &seen,
                &form
                    .iter()
                    .filter(|(name, _)| *name != "seen")
                    .map(|(n, v)| (*n, Some(*v)))
                    .chain([("official", None)])
                    .collect::<Vec<_>>(),
            ),
        )
        .await;
    assert!(again.headers.get(header::SET_COOKIE).unwrap().to_str().unwrap().contains("policy-same"), "{}", again.text);
}

#[tokio::test]
async fn two_owners_do_not_overwrite_each_other() {
    let world = World::new().await;
    let (olga, adam) = (world.sign_in("olga").await, world.sign_in("adam").await);
    let seen = olga.get(POLICY).await.hidden("seen");
    adam.submit(POLICY, &policy_form(&seen, &[("enabled", Some("on"))])).await;
    let late = olga.submit(POLICY, &policy_form(&seen, &[("community", Some("on"))])).await;
    assert_eq!(late.status, StatusCode::CONFLICT);
    assert!(late.says("Somebody else changed this policy meanwhile") && late.says("<td>on</td><td>off</td>"));
    assert!(late.says("name=\"community\" checked"), "what was typed is still there: {}", late.text);
    let enabled = world.store.read().await.unwrap().policy(1, "acme").await.unwrap().settings.enabled;
    assert!(enabled, "adam's change stands");
    let now = late.hidden("seen");
    assert_eq!(olga.submit(POLICY, &policy_form(&now, &[("community", Some("on"))])).await.location(), POLICY);
}

#[tokio::test]
async fn what_cannot_be_used_is_said_at_its_field_and_stays_typed() {
    let world = World::new().await;
    let olga = world.sign_in("olga").await;
    let seen = olga.get(POLICY).await.hidden("seen");
    for (field, typed, said) in [
        ("registries", "a b", "a b"),
        ("request_url", "javascript:alert(1)", "is not a URL"),
        ("session_valid", "soon", "is not a time span"),
        ("session_fresh", "31d", "out of range"),
        ("protect_allow", "a//b", "is no pattern"),
        ("message", &"x".repeat(501), "too long"),
    ] {
        let form = policy_form(&seen, &[(field, Some(typed)), ("push_limited", Some("on"))]);
        let page = olga.submit(POLICY, &form).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(page.says(said) && page.says(typed) && page.says("aria-invalid=\"true\""), "{field}: {}", page.text);
    }
    let damaged = olga.submit(POLICY, &policy_form(&seen, &[("mode", Some("sometimes"))])).await;
    assert_eq!(damaged.status, StatusCode::BAD_REQUEST);
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

/// The policy is on, and community images are not allowed.
async fn switch_on(world: &World) {
    let olga = world.sign_in("olga").await;
    let seen = olga.get(POLICY).await.hidden("seen");
    assert_eq!(olga.submit(POLICY, &policy_form(&seen, &[("enabled", Some("on"))])).await.location(), POLICY);
}

/// Alice asks; the address of the request for who answers.
async fn asked(world: &World, image: &str) -> String {
    let alice = world.sign_in("alice").await;
    let sent = alice.submit("/requests/new", &[("image", image), ("reason", "the demo <b>needs</b> it")]).await;
    assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, "/requests"), "{}", sent.text);
    let adam = world.sign_in("adam").await;
    let page = adam.get("/orgs/acme/requests").await;
    let link = page.text.split("href=\"").find(|part| part.starts_with("/orgs/acme/requests/0")).unwrap();
    link.split('"').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_request_is_made_from_a_refusals_link_and_approved_by_a_click() {
    let world = World::new().await;
    switch_on(&world).await;
    let alice = world.sign_in("alice").await;
    let form = alice.get("/requests/new?image=docker.io%2Fevil%2Fminer").await;
    assert!(form.says("value=\"docker.io/evil/miner\"") && form.says("it is a community image"), "{}", form.text);
    assert!(alice.get("/my-policy?image=evil/miner").await.says("would be refused"));
    let request = asked(&world, "docker.io/evil/miner").await;
    assert!(alice.get("/requests").await.says("Waiting"));
    let adam = world.sign_in("adam").await;
    let page = adam.get(&request).await;
    assert!(page.says("the demo &lt;b&gt;needs&lt;/b&gt; it") && page.says("alice only"), "{}", page.text);
    let done = adam.submit(&format!("{request}/approve"), &[("lasts", "30d")]).await;
    assert_eq!(done.location(), "/orgs/acme/requests", "{}", done.text);
    let rules = world.store.read().await.unwrap().policy(1, "acme").await.unwrap().rules;
    let [rule] = &rules[..] else { panic!("{rules:?}") };
    assert_eq!((rule.pattern.as_str(), rule.expires_at.is_some()), ("docker.io/evil/miner", true));
    assert!(alice.get("/requests").await.says("Approved"));
    assert!(alice.get("/my-policy?image=evil/miner").await.says("<b>may be pulled.</b>"));
    let again = adam.submit(&format!("{request}/approve"), &[("lasts", "30d")]).await;
    assert_eq!(again.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(again.says("is approved already"), "{}", again.text);
}

#[tokio::test]
async fn a_request_is_denied_with_a_reason_that_reaches_who_asked() {
    let world = World::new().await;
    switch_on(&world).await;
    let request = asked(&world, "evil/miner").await;
    let adam = world.sign_in("adam").await;
    let empty = adam.submit(&format!("{request}/deny"), &[("reason", " ")]).await;
    assert!(empty.status == StatusCode::UNPROCESSABLE_ENTITY && empty.says("Say why it is needed"), "{}", empty.text);
    let done = adam.submit(&format!("{request}/deny"), &[("reason", "take alpine")]).await;
    assert_eq!(done.location(), "/orgs/acme/requests");
    assert!(world.sign_in("alice").await.get("/requests").await.says("take alpine"));
    assert!(adam.get("/orgs/acme/requests").await.says("Nothing waits"));
    assert!(adam.get("/orgs/acme/requests?state=all").await.says("evil/miner"));
}

#[tokio::test]
async fn an_approval_that_does_not_help_says_so_and_keeps_what_was_typed() {
    let world = World::new().await;
    switch_on(&world).await;
    let request = asked(&world, "evil/miner").await;
    let adam = world.sign_in("adam").await;
    for (fields, said) in [
        ([("lasts", "7d"), ("pattern", "other/*"), ("whom", "person")], "would still be refused"),
        ([("lasts", "7d"), ("pattern", "a//b"), ("whom", "person")], "is no pattern"),
        ([("lasts", "7d"), ("pattern", "evil/miner"), ("whom", "team:ops")], "is not in team"),
        ([("lasts", "soon"), ("pattern", "evil/miner"), ("whom", "person")], "is not a time span"),
    ] {
        let page = adam.submit(&format!("{request}/approve"), &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{said}");
        assert!(page.says(said) && page.says(fields[1].1), "{said}: {}", page.text);
    }
    assert!(world.store.read().await.unwrap().policy(1, "acme").await.unwrap().rules.is_empty());
}

#[tokio::test]
async fn requests_are_answered_by_who_may_and_taken_back_by_who_asked() {
    let world = World::new().await;
    switch_on(&world).await;
    let request = asked(&world, "evil/miner").await;
    let (audrey, alice, otto) =
        (world.sign_in("audrey").await, world.sign_in("alice").await, world.sign_in("otto").await);
    let seen = audrey.get(&request).await;
    assert!(seen.status == StatusCode::OK && !seen.says("/approve"), "an auditor looks: {}", seen.text);
    for (browser, expected) in
        [(&audrey, StatusCode::FORBIDDEN), (&alice, StatusCode::FORBIDDEN), (&otto, StatusCode::NOT_FOUND)]
    {
        for deed in ["approve", "deny"] {
            let sent = browser.submit(&format!("{request}/{deed}"), &[("lasts", "1d"), ("reason", "no")]).await;
            assert_eq!(sent.status, expected, "{deed}: {}", sent.text);
        }
    }
    assert_eq!(alice.get("/orgs/acme/requests").await.status, StatusCode::FORBIDDEN);
    let id = request.rsplit('/').next().unwrap();
    assert_eq!(otto.submit(&format!("/requests/{id}/withdraw"), &[]).await.status, StatusCode::NOT_FOUND);
    // Its address says another organization's name: it is not there.
    assert_eq!(otto.get(&format!("/orgs/beta/requests/{id}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(alice.submit(&format!("/requests/{id}/withdraw"), &[]).await.location(), "/requests");
    assert!(alice.get("/requests").await.says("Taken back"));
}

#[tokio::test]
async fn what_is_no_image_is_said_and_what_is_allowed_needs_no_request() {
    let world = World::new().await;
    switch_on(&world).await;
    let alice = world.sign_in("alice").await;
    let page = alice.get("/my-policy?image=UPPER//%3Cscript%3E").await;
    assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says("is no image reference"), "{}", page.text);
    assert!(!page.says("<script>"));
    let long = format!("/my-policy?image={}", "a".repeat(2000));
    assert!(alice.get(&long).await.says("too long"));
    let sent = alice.submit("/requests/new", &[("image", "alpine"), ("reason", "x")]).await;
    assert_eq!(sent.location(), "/my-policy?image=docker.io%2Flibrary%2Falpine", "{}", sent.text);
    let sent = alice.submit("/requests/new", &[("image", "a//b"), ("reason", "typed words")]).await;
    assert!(sent.status == StatusCode::UNPROCESSABLE_ENTITY && sent.says("typed words"), "{}", sent.text);
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

/// A refusal of each of these images, received now.
async fn refused(world: &World, images: &[&str]) {
    let now = crate::clock::now_ms();
    let rows: Vec<RecordRow> = (0_i64..)
        .zip(images)
        .map(|(at, image)| RecordRow {
            id: format!("id-{at}"),
            machine_id: "m-1".to_owned(),
            at_ms: now,
            received_at_ms: now + at,
            reported_by: "alice".to_owned(),
            action: "pull".to_owned(),
            image: (*image).to_owned(),
            allowed: at % 2 == 1,
            reason: "category".to_owned(),
            category: "community".to_owned(),
            organization: "acme".to_owned(),
            generation: 1,
            rule: "rule-1".to_owned(),
            would_deny: at % 2 == 1,
            users: "[\"alice\"]".to_owned(),
            sequence: at,
            run_ms: 1,
            evidence: String::new(),
            coverage: String::new(),
            act: String::new(),
            machine_disputed: false,
        })
        .collect();
    let alice = world.store.read().await.unwrap().account("alice").await.unwrap().unwrap();
    let mut change = world.store.write().await.unwrap();
    change.take_records(alice.id, &rows).await.unwrap();
    change.commit().await.unwrap();
}

#[tokio::test]
async fn refusals_are_seen_searched_and_exported_by_who_may() {
    let world = World::new().await;
    refused(&world, &["docker.io/evil/miner:latest", "docker.io/a/b:1", "=1+1"]).await;
    let (audrey, alice, adam) =
        (world.sign_in("audrey").await, world.sign_in("alice").await, world.sign_in("adam").await);
    let path = "/orgs/acme/activity";
    let page = audrey.get(path).await;
    assert!(page.status == StatusCode::OK && page.says("docker.io/evil/miner:latest") && page.says("docker.io/a/b:1"));
    assert!(page.says("2 refused and 1 that would have been") && !page.says("Allow …"), "{}", page.text);
    let listed = |text: &str| text.split("id=\"h-list\"").nth(1).unwrap().to_owned();
    let found = listed(&audrey.get(&format!("{path}?image=MINER&show=denied")).await.text);
    assert!(found.contains("evil/miner") && !found.contains("a/b:1"), "{found}");
    let found = listed(&audrey.get(&format!("{path}?show=would-deny")).await.text);
    assert!(!found.contains("evil/miner") && found.contains("a/b:1"), "{found}");
    assert!(audrey.get(&format!("{path}?user=bob&since=nonsense")).await.says("No such decision was reported"));
    let csv = audrey.get(&format!("{path}.csv?show=denied")).await;
    assert!(csv.says(",docker.io/evil/miner:latest,refused,category,") && csv.says(",'=1+1,") && !csv.says("a/b"));
    assert_eq!(csv.headers.get(header::CONTENT_DISPOSITION).unwrap(), "attachment; filename=\"activity-acme.csv\"");
    let json: serde_json::Value = serde_json::from_str(&audrey.get(&format!("{path}.json")).await.text).unwrap();
    assert_eq!((json["records"].as_array().unwrap().len(), &json["whole"]), (3, &true.into()));
    assert!(adam.get(path).await.says("/orgs/acme/allowlist?pattern=docker.io%2Fevil%2Fminer%3Alatest"));
    assert!(adam.get("/orgs/acme/allowlist?pattern=a%2Fb").await.says("value=\"a/b\""));
    for address in [path, "/orgs/acme/activity.csv", "/orgs/acme/activity.json", "/orgs/acme/machines"] {
        assert_eq!(alice.get(address).await.status, StatusCode::FORBIDDEN, "{address}");
        assert_eq!(world.sign_in("otto").await.get(address).await.status, StatusCode::NOT_FOUND, "{address}");
    }
    assert!(audrey.get("/orgs/acme/machines").await.says("Nobody is signed in on a machine yet"));
    assert!(audrey.get("/orgs/acme/machines?user=No%20Body").await.says("is signed in on no machine"));
}

const MEMBERS: &str = "/orgs/acme/members";

#[tokio::test]
async fn somebody_new_joins_by_the_link_and_somebody_known_by_saying_yes() {
    let world = World::new().await;
    let olga = world.sign_in("olga").await;
    let made = olga
        .submit("/orgs/acme/members/invite", &[("user", "Carol"), ("role", "auditor"), ("teams", "ops, web")])
        .await;
    let code = made.text.split("data-here=\"/join#").nth(1).unwrap_or_else(|| panic!("{}", made.text));
    let code = code.split('"').next().unwrap().to_owned();
    assert!(!olga.get(MEMBERS).await.says(&code), "it is shown once");
    assert!(olga.get(MEMBERS).await.says("Invitations that wait"));
    let join = async |code: &str, password: &str, again: &str| {
        let body = encode(&[("code", code), ("password", password), ("again", again)]);
        world.send(form("/join", "", body)).await
    };
    for (code, password, again, said) in [
        (code.as_str(), "short", "short", "too short"),
        (code.as_str(), PASSWORD, "another one", "not the same"),
        ("x", PASSWORD, PASSWORD, "no such invitation"),
    ] {
        let page = join(code, password, again).await;
        assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says(said), "{said}: {}", page.text);
        assert!(!page.says(PASSWORD));
    }
    let joined = join(&format!("https://h/join#{code}"), PASSWORD, PASSWORD).await;
    assert!(joined.status == StatusCode::OK && joined.says("Your user name is <b>carol</b>"), "{}", joined.text);
    assert_eq!(join(&code, PASSWORD, PASSWORD).await.status, StatusCode::UNPROCESSABLE_ENTITY, "it works once");
    assert!(world.sign_in("carol").await.get(MEMBERS).await.says("ops, web"));

    let nobody = world.sign_in("nobody").await;
    for answer in ["no", "yes"] {
        olga.submit("/orgs/acme/members/invite", &[("user", "nobody"), ("role", "member")]).await;
        let page = nobody.get("/account").await;
        assert!(page.says("invites you to <b>acme</b>"), "{}", page.text);
        let fields = [("invitation", page.hidden("invitation")), ("answer", answer.to_owned())];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        assert_eq!(nobody.submit("/account/invitations", &fields).await.location(), "/account");
        assert_eq!(nobody.get(POLICY).await.status == StatusCode::OK, answer == "yes");
        assert_eq!(nobody.submit("/account/invitations", &fields).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn members_and_teams_are_changed_by_who_may() {
    let world = World::new().await;
    let (olga, adam, alice) = (world.sign_in("olga").await, world.sign_in("adam").await, world.sign_in("alice").await);
    let page = olga.get(MEMBERS).await;
    // The second one: adam, alice, audrey, olga.
    let seen = page.text.split("name=\"seen\" value=\"").nth(2).unwrap().split('"').next().unwrap().to_owned();
    let change = [("user", "alice"), ("role", "admin"), ("teams", "ops"), ("seen", seen.as_str())];
    assert_eq!(olga.submit("/orgs/acme/members/change", &change).await.location(), MEMBERS);
    let late = olga.submit("/orgs/acme/members/change", &change).await;
    assert!(late.status == StatusCode::UNPROCESSABLE_ENTITY && late.says("changed meanwhile"), "{}", late.text);
    for (address, fields, said) in [
        ("remove", vec![("user", "olga")], "last owner"),
        ("change", vec![("user", "nobody"), ("role", "member"), ("seen", "")], "meanwhile"),
        ("invite", vec![("user", "alice"), ("role", "member")], "is a member of"),
        ("invite", vec![("user", "No Body"), ("role", "member")], "is not a name"),
    ] {
        let page = olga.submit(&format!("{MEMBERS}/{address}"), &fields).await;
        assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says(said), "{said}: {}", page.text);
    }
    assert_eq!(
        adam.submit("/orgs/acme/teams/add", &[("team", "web"), ("description", "pages")]).await.location(),
        MEMBERS
    );
    assert!(adam.submit("/orgs/acme/teams/add", &[("team", "web")]).await.says("has a team"));
    let put = [("team", "web"), ("user", "audrey"), ("in", "yes")];
    assert_eq!(adam.submit("/orgs/acme/teams/person", &put).await.location(), MEMBERS);
    assert!(olga.get(MEMBERS).await.says("Take audrey out of web"));
    assert_eq!(adam.submit("/orgs/acme/teams/person", &put[..2]).await.location(), MEMBERS);
    assert_eq!(adam.submit("/orgs/acme/teams/remove", &[("team", "web")]).await.location(), MEMBERS);
    assert!(!adam.get(MEMBERS).await.says("/members/invite"), "an admin is not offered what only owners may");
    for (deed, fields) in [
        ("members/invite", vec![("user", "x"), ("role", "owner")]),
        ("members/change", vec![("user", "audrey"), ("role", "owner"), ("seen", "x")]),
        ("members/remove", vec![("user", "audrey")]),
        ("members/uninvite", vec![("invitation", "x")]),
    ] {
        for browser in [&adam, &world.sign_in("audrey").await] {
            let page = browser.submit(&format!("/orgs/acme/{deed}"), &fields).await;
            assert_eq!(page.status, StatusCode::FORBIDDEN, "{deed}: {}", page.text);
        }
    }
    assert_eq!(olga.submit("/orgs/acme/members/remove", &[("user", "alice")]).await.location(), MEMBERS);
    assert_eq!(alice.get(POLICY).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn tokens_are_shown_once_and_ended() {
    let world = World::new().await;
    let (olga, adam, alice) = (world.sign_in("olga").await, world.sign_in("adam").await, world.sign_in("alice").await);
    let new =
        [("name", "ci"), ("teams", ""), ("until", "2999-12-31"), ("scope-sign-in", "on"), ("scope-org:read", "on")];
    for (browser, page, end, begins) in
        [(&olga, "/orgs/acme/tokens", "/orgs/acme/tokens/end", "pg"), (&alice, "/account", "/account/tokens/end", "pg")]
    {
        let make = if page == "/account" { "/account/tokens" } else { page };
        let made = browser.submit(make, &new).await;
        let secret = made.text.split("id=\"secret\">").nth(1).unwrap_or_else(|| panic!("{}", made.text));
        let secret = secret.split('<').next().unwrap();
        assert!(secret.starts_with(begins), "{secret}");
        let listed = browser.get(page).await;
        assert!(!listed.says(secret) && listed.says("2999-12-31") && listed.says("org:read"), "{}", listed.text);
        let id = listed.hidden("token");
        let aimless = browser.submit(make, &[("name", "x")]).await;
        assert!(aimless.status == StatusCode::UNPROCESSABLE_ENTITY && aimless.says("what the token is for"));
        assert_eq!(browser.submit(end, &[("token", &id)]).await.location(), page, "and the browser stays signed in");
        assert!(browser.submit(end, &[("token", &id)]).await.says("no such token"));
    }
    assert_eq!(adam.get("/orgs/acme/tokens").await.status, StatusCode::OK);
    for (browser, status) in [(&adam, StatusCode::FORBIDDEN), (&alice, StatusCode::FORBIDDEN)] {
        assert_eq!(browser.submit("/orgs/acme/tokens", &new).await.status, status);
        assert_eq!(browser.submit("/orgs/acme/tokens/end", &[("token", "x")]).await.status, status);
    }
    assert_eq!(alice.get("/orgs/acme/tokens").await.status, StatusCode::FORBIDDEN);
    let audit = olga.get("/orgs/acme/audit?act=organization").await;
    assert!(audit.says("organization.token.create") && audit.says("browser from 192.0.2.7"), "{}", audit.text);
    assert!(olga.get("/orgs/acme/audit?actor=adam").await.says("Nothing of that kind was done"));
    assert!(olga.get("/orgs/acme/audit?actor=olga").await.says("organization.token.revoke"));
    assert_eq!(alice.get("/orgs/acme/audit").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn badges_are_given_by_who_owns_every_organization() {
    let world = World::new().await;
    let (olga, alice) = (world.sign_in("olga").await, world.sign_in("alice").await);
    let give = [("publishers", "grafana\nbitnami sponsored-open-source"), ("badge", "verified-publisher")];
    assert!(!olga.get("/publishers").await.says("textarea"), "beta is not hers");
    assert_eq!(olga.submit("/publishers", &give).await.status, StatusCode::FORBIDDEN);
    let mut change = world.store.write().await.unwrap();
    let account = change.account("olga").await.unwrap().unwrap().id;
    let beta = change.organization_id("beta").await.unwrap().unwrap();
    change.set_member(beta, account, Role::Owner, &[]).await.unwrap();
    change.commit().await.unwrap();
    assert_eq!(olga.submit("/publishers", &give).await.location(), "/publishers");
    let page = alice.get("/publishers?search=GRAF").await;
    assert!(page.says("grafana") && !page.says("bitnami") && !page.says("Take away"), "{}", page.text);
    let wrong = olga.submit("/publishers", &[("publishers", "a badge"), ("badge", "verified-publisher")]).await;
    assert!(
        wrong.status == StatusCode::UNPROCESSABLE_ENTITY
            && wrong.says("is no badge")
            && wrong.says("a badge</textarea>")
    );
    assert_eq!(alice.submit("/publishers/take", &[("namespace", "grafana")]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(olga.submit("/publishers/take", &[("namespace", "grafana")]).await.location(), "/publishers");
    assert!(olga.submit("/publishers/take", &[("namespace", "grafana")]).await.says("has no badge"));
}
