//! Tests of [`super`].

use std::net::Ipv4Addr;

use http::{HeaderMap, HeaderValue, header};

use super::*;
use crate::{
    acts::{ActError, Actor, Means, SignedIn, browsers},
    model::{CredentialKind, TokenScope, TokenScopes},
    store::testing::{Fixture, on_each_database},
};

const NOW: i64 = 1_800_000_000;

struct World {
    fixture: Fixture,
    store: Store,
    browsers: Browsers,
}

fn from(before: Option<&Cookie>) -> From<'_> {
    From { peer: IpAddr::V4(Ipv4Addr::LOCALHOST), agent: "Firefox\u{1b}[2J", before }
}

impl World {
    async fn new(fixture: Fixture) -> Self {
        let store = fixture.store().await;
        let mut change = store.write().await.unwrap();
        for user in ["alice", "bob"] {
            change.add_account(user, "$argon2id$x", NOW).await.unwrap();
        }
        change.commit().await.unwrap();
        Self { fixture, browsers: Browsers::new(store.clone()), store }
    }

    async fn verified(&self, user: &str, after: Option<i64>) -> Verified {
        let account = self.store.read().await.unwrap().account(user).await.unwrap().unwrap();
        Verified {
            account,
            credential: CredentialKind::Password,
            scopes: TokenScopes::all(),
            credential_expires_at: None,
            agent_token_seconds: after,
            token_id: None,
        }
    }

    async fn begin(&self, user: &str) -> Cookie {
        self.browsers.begin(&self.verified(user, None).await, from(None), NOW).await.unwrap().cookie
    }

    async fn begin_with(&self, user: &str, scopes: &[TokenScope], now: i64) -> Cookie {
        let scopes = scopes.iter().copied().collect();
        let verified = Verified { scopes, ..self.verified(user, None).await };
        self.browsers.begin(&verified, from(None), now).await.unwrap().cookie
    }

    async fn is_in(&self, cookie: &Cookie, now: i64) -> bool {
        self.browsers.resume(cookie, now).await.unwrap().is_some()
    }
}

fn sent(cookies: &[&str]) -> Option<Cookie> {
    let mut headers = HeaderMap::new();
    for cookie in cookies {
        headers.append(header::COOKIE, HeaderValue::from_str(cookie).unwrap());
    }
    Cookie::read(&headers)
}

#[tokio::test]
async fn a_cookie_is_read_as_it_was_set_and_only_when_there_is_one() {
    let cookie = Cookie::generate().unwrap();
    let set = cookie.set(60);
    let (pair, attributes) = set.expose().split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=60");
    let same = |cookies: &[&str]| sent(cookies).map(|read| read.stored() == cookie.stored());
    assert_eq!(same(&[pair]), Some(true));
    assert_eq!(same(&[&format!("theme=dark; {pair};x=y")]), Some(true));
    assert_eq!(same(&["theme=dark", pair]), Some(true));
    let other = Cookie::generate().unwrap().set(60);
    let other = other.expose().split_once(';').unwrap().0.to_owned();
    for none in [&[][..], &["theme=dark"], &[pair, &other], &[&format!("{pair}x")], &[&format!("x{pair}")]] {
        assert_eq!(same(none), None, "{none:?}");
    }
    assert!(Cookie::clear().starts_with(&format!("{COOKIE}=; ")));
    assert!(!format!("{cookie:?}").contains(pair.split_once('=').unwrap().1));
}

#[tokio::test]
async fn what_pages_send_back_is_of_one_sign_in_and_is_not_what_is_stored() {
    let (one, other) = (Cookie::generate().unwrap(), Cookie::generate().unwrap());
    assert!(one.is_csrf(&one.csrf()) && !one.is_csrf(&other.csrf()) && !one.is_csrf(""));
    assert_ne!(URL_SAFE_NO_PAD.encode(one.stored()), one.csrf());
}

async fn a_sign_in_ends_unused_after_an_hour_and_used_after_half_a_day(fixture: Fixture) {
    let world = World::new(fixture).await;
    let unused = world.begin("alice").await;
    assert!(world.is_in(&unused, NOW + IDLE - 1).await && !world.is_in(&unused, NOW + 2 * IDLE).await);
    let used = world.begin("alice").await;
    let mut now = NOW;
    while now < NOW + LONGEST {
        assert!(world.is_in(&used, now).await, "after {} s", now - NOW);
        now += IDLE / 2;
    }
    assert!(!world.is_in(&used, NOW + LONGEST).await);
    assert!(!world.is_in(&Cookie::generate().unwrap(), NOW).await);
    let mut change = world.store.write().await.unwrap();
    assert_eq!(change.forget_browser_sessions(NOW + LONGEST, NOW + LONGEST - IDLE).await.unwrap(), 2);
}

async fn it_does_not_outlast_what_it_came_of(fixture: Fixture) {
    let world = World::new(fixture).await;
    let verified = world.verified("alice", Some(600)).await;
    let begun = world.browsers.begin(&verified, from(None), NOW).await.unwrap();
    assert_eq!(begun.expires_at, NOW + 600);
    assert!(!world.is_in(&begun.cookie, NOW + 600).await);
}

async fn whatever_ends_a_credential_ends_it_everywhere_but_where_it_was_done(fixture: Fixture) {
    let world = World::new(fixture).await;
    let (here, there, bobs) = (world.begin("alice").await, world.begin("alice").await, world.begin("bob").await);
    let resumed = world.browsers.resume(&here, NOW).await.unwrap().unwrap();
    let mut change = world.store.write().await.unwrap();
    change.set_password(resumed.account.id, "alice", "$argon2id$y", NOW).await.unwrap();
    change.commit().await.unwrap();
    assert!(!world.is_in(&here, NOW).await && !world.is_in(&there, NOW).await && world.is_in(&bobs, NOW).await);
    let rotated = world.browsers.rotate(&resumed, from(Some(&here)), NOW).await.unwrap();
    assert_eq!(rotated.expires_at, resumed.expires_at, "no longer than before");
    assert!(world.is_in(&rotated.cookie, NOW).await && !world.is_in(&here, NOW).await);
    // A sign-in that was verified before the change begins nothing.
    let verified = Verified { account: resumed.account.clone(), ..world.verified("alice", None).await };
    assert!(matches!(world.browsers.begin(&verified, from(None), NOW).await, Err(BrowserError::Ended)));
    let mut change = world.store.write().await.unwrap();
    change.remove_account(resumed.account.id, NOW).await.unwrap();
    change.commit().await.unwrap();
    assert!(!world.is_in(&rotated.cookie, NOW).await);
    assert!(matches!(world.browsers.rotate(&resumed, from(None), NOW).await, Err(BrowserError::Ended)));
}

async fn each_sign_in_has_a_new_secret_and_ends_the_one_before(fixture: Fixture) {
    let world = World::new(fixture).await;
    let first = world.begin("alice").await;
    let begun = world.browsers.begin(&world.verified("bob", None).await, from(Some(&first)), NOW).await.unwrap();
    assert!(!world.is_in(&first, NOW).await);
    let resumed = world.browsers.resume(&begun.cookie, NOW).await.unwrap().unwrap();
    assert_eq!(resumed.account.name, "bob");
    let listed = world.browsers.list(&resumed.account, NOW).await.unwrap();
    assert_eq!((listed.len(), listed[0].agent.as_str(), listed[0].id == resumed.id), (1, "Firefox[2J", true));
    let person = |account| {
        let means = Means::Session;
        Actor::Account(SignedIn { account, scopes: TokenScopes::all(), means, peer: IpAddr::V4(Ipv4Addr::LOCALHOST) })
    };
    let alice = person(world.verified("alice", None).await.account);
    let refused = browsers::end(&world.store, &alice, &resumed.id).await.unwrap_err();
    assert!(matches!(refused, ActError::NoBrowser), "nobody ends somebody else's: {refused}");
    assert!(world.is_in(&begun.cookie, NOW).await);
    browsers::end(&world.store, &person(resumed.account), &resumed.id).await.unwrap();
    assert!(!world.is_in(&begun.cookie, NOW).await);
    let line = world.store.read().await.unwrap().audit_lines(1).await.unwrap().remove(0);
    assert_eq!((line.act.as_str(), line.actor.as_str(), &line.target), ("browser.end", "user:bob", &resumed.id));
    assert!(line.detail.contains("\"agent\":\"Firefox[2J\""), "{}", line.detail);
}

async fn what_came_of_less_signs_nobody_out_who_came_with_more(fixture: Fixture) {
    let world = World::new(fixture).await;
    let looks = [TokenScope::SignIn, TokenScope::OrgRead];
    let person = world.begin("alice").await;
    let mut limited = Vec::new();
    for later in 0..25 {
        limited.push(world.begin_with("alice", &looks, NOW + later).await);
    }
    assert!(world.is_in(&person, NOW).await);
    assert_eq!(world.browsers.resume(&person, NOW).await.unwrap().unwrap().scopes, TokenScopes::all());
    let newest = world.browsers.resume(&limited[24], NOW + 30).await.unwrap().unwrap();
    assert_eq!(newest.scopes, looks.into_iter().collect());
    assert!(!world.is_in(&limited[0], NOW + 30).await, "and the oldest of their own make room");
    // A new secret brings no more.
    let begun = world.browsers.rotate(&newest, from(Some(&limited[24])), NOW + 30).await.unwrap();
    let rotated = world.browsers.resume(&begun.cookie, NOW + 30).await.unwrap().unwrap();
    assert_eq!(rotated.scopes, looks.into_iter().collect());
}

async fn what_is_stored_opens_nothing_and_is_bounded(fixture: Fixture) {
    let world = World::new(fixture).await;
    let mut cookies = Vec::new();
    for _ in 0..25 {
        cookies.push(world.begin("alice").await);
    }
    let account = world.verified("alice", None).await.account;
    assert_eq!(world.browsers.list(&account, NOW).await.unwrap().len(), 20);
    world.store.close().await;
    let stored = world.fixture.stored();
    let holds = |part: &[u8]| stored.windows(part.len()).any(|bytes| bytes == part);
    assert!(holds(b"Firefox"), "it is all there");
    for cookie in &cookies {
        let secret = cookie.0.expose().as_bytes();
        assert!(!holds(secret), "a secret is stored in the clear");
    }
}

on_each_database! {
    a_sign_in_ends_unused_after_an_hour_and_used_after_half_a_day,
    it_does_not_outlast_what_it_came_of,
    whatever_ends_a_credential_ends_it_everywhere_but_where_it_was_done,
    each_sign_in_has_a_new_secret_and_ends_the_one_before,
    what_came_of_less_signs_nobody_out_who_came_with_more,
    what_is_stored_opens_nothing_and_is_bounded,
}
