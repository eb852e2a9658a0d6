//! One's own account: its password and its browsers.

use super::*;
use crate::model::Origin;

const ACCOUNT: &str = "/account";
const PASSWORD_FORM: &str = "/account/password";
const NEW: &str = "another long password";

/// Ids of the fields that are marked as wrong.
fn marked(page: &Page) -> Vec<&str> {
    let tags = page.text.split('<').filter(|tag| tag.contains("aria-invalid=\"true\""));
    tags.map(|tag| tag.split_once("id=\"").unwrap().1.split_once('"').unwrap().0).collect()
}

/// The cookies that came, by what they begin with.
fn cookie<'a>(page: &'a Page, begins: &str) -> Option<&'a str> {
    let all = page.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    all.filter(|cookie| cookie.starts_with(begins)).map(|cookie| cookie.split(';').next().unwrap()).next()
}

async fn token_of(browser: &Browser<'_>) -> String {
    let made = browser.submit("/account/tokens", &[("name", "laptop"), ("scope-sign-in", "on")]).await;
    let secret = made.text.split("id=\"secret\">").nth(1).unwrap_or_else(|| panic!("{}", made.text));
    secret.split('<').next().unwrap().to_owned()
}

fn change<'a>(current: &'a str, new: &'a str, again: &'a str) -> [(&'static str, &'a str); 3] {
    [("current", current), ("password", new), ("again", again)]
}

#[tokio::test]
async fn a_password_is_changed_by_who_knows_it_and_only_this_browser_stays_in() {
    let world = World::new().await;
    let (here, elsewhere, olga) =
        (world.sign_in("alice").await, world.sign_in("alice").await, world.sign_in("olga").await);
    let (own, others) = (token_of(&here).await, token_of(&olga).await);
    for (current, new, again, said, field) in [
        ("wrong password", NEW, NEW, "The current password is wrong.", "current"),
        ("", NEW, NEW, "The current password is wrong.", "current"),
        (&others, NEW, NEW, "this is an access token", "current"),
        (&own, NEW, NEW, "this is an access token", "current"),
        (PASSWORD, "short", "short", "too short", "password"),
        (PASSWORD, NEW, "another long passwort", "not the same", "again"),
    ] {
        let page = here.submit(PASSWORD_FORM, &change(current, new, again)).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{said}: {}", page.text);
        assert!(page.says(said) && marked(&page) == [field], "{said}: {}", page.text);
        assert!(
            ![PASSWORD, NEW, &own, "passwort"].iter().any(|secret| page.says(secret)),
            "nothing typed is shown again"
        );
        assert_eq!(cookie(&page, "__Host-pullgate="), None);
    }
    assert_eq!(
        here.post(PASSWORD_FORM, &change(PASSWORD, NEW, NEW)).await.status,
        StatusCode::FORBIDDEN,
        "not from elsewhere"
    );
    assert_eq!(world.try_sign_in("alice", NEW, "/").await.status, StatusCode::UNAUTHORIZED, "nothing was changed");
    for browser in [&here, &elsewhere] {
        assert_eq!(browser.get(ACCOUNT).await.status, StatusCode::OK);
    }

    let changed = here.submit(PASSWORD_FORM, &change(PASSWORD, NEW, NEW)).await;
    assert_eq!((changed.status, changed.location()), (StatusCode::SEE_OTHER, ACCOUNT), "{}", changed.text);
    assert_eq!(cookie(&changed, "__Host-pullgate-said="), Some("__Host-pullgate-said=password-changed"));
    let new = cookie(&changed, "__Host-pullgate=").expect("a new cookie").to_owned();
    assert_ne!(new, here.cookie);
    for out in [&here, &elsewhere] {
        assert_eq!(out.get(ACCOUNT).await.location(), "/sign-in?next=%2Faccount");
    }
    let now = Browser { world: &world, cookie: new };
    assert_eq!(now.get(ACCOUNT).await.status, StatusCode::OK);
    assert_eq!(olga.get(ACCOUNT).await.status, StatusCode::OK, "nobody else has to sign in again");
    assert_eq!(world.try_sign_in("alice", PASSWORD, "/").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(world.try_sign_in("alice", NEW, "/").await.status, StatusCode::SEE_OTHER);
    // The new cookie has its own token for forms.
    assert_eq!(now.submit(PASSWORD_FORM, &change(NEW, PASSWORD, PASSWORD)).await.location(), ACCOUNT);
}

#[tokio::test]
async fn who_finds_an_open_browser_does_not_guess_for_long() {
    let world = World::new().await;
    let alice = world.sign_in("alice").await;
    let mut told = None;
    for attempt in 0..30 {
        let page = alice.submit(PASSWORD_FORM, &change(&format!("guess {attempt}"), NEW, NEW)).await;
        if page.status != StatusCode::UNPROCESSABLE_ENTITY {
            told = Some(page);
            break;
        }
    }
    let told = told.expect("an end of guessing");
    assert_eq!(told.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(told.says("Too many failed sign-ins") && told.headers.contains_key(header::RETRY_AFTER), "{}", told.text);
    assert!(marked(&told).is_empty() && told.says("name=\"current\""), "{}", told.text);
}

#[tokio::test]
async fn who_has_no_password_here_gets_none() {
    let world = World::new().await;
    let mut store = world.store.write().await.unwrap();
    for (user, origin) in [("dana", Origin::Oidc), ("hugo", Origin::DockerHub)] {
        store.new_account(user, origin, None, NOW).await.unwrap();
    }
    store.commit().await.unwrap();
    for user in ["dana", "hugo"] {
        let browser = world.signed_in(user).await;
        let page = browser.get(ACCOUNT).await;
        assert!(page.says("Your password is not kept here") && !page.says("type=\"password\""), "{}", page.text);
        for current in ["", PASSWORD] {
            let page = browser.submit(PASSWORD_FORM, &change(current, NEW, NEW)).await;
            assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
            assert!(page.says("has no password here"), "{}", page.text);
        }
        assert_eq!(browser.get(ACCOUNT).await.status, StatusCode::OK, "the sign-in is what it was");
        assert_eq!(world.try_sign_in(user, NEW, "/").await.status, StatusCode::UNAUTHORIZED);
    }
}

const END: &str = "/account/browsers/end";

#[tokio::test]
async fn a_browser_is_signed_out_from_another_and_by_nobody_else() {
    let world = World::new().await;
    let (here, there, olga) =
        (world.sign_in("alice").await, world.signed_in("alice").await, world.sign_in("olga").await);
    let page = here.get(ACCOUNT).await;
    let rows = page.text.split("<h2 id=\"h-browsers\">").nth(1).unwrap();
    assert_eq!((rows.matches("This one").count(), rows.matches(END).count()), (1, 1), "{rows}");
    // What `signed_in` calls itself, and where it is.
    assert!(rows.contains("aria-label=\"Sign out: test, 192.0.2.7\"") && rows.contains(">unknown<"), "{rows}");
    let id = page.hidden("browser");
    assert_ne!(id, there.get(ACCOUNT).await.hidden("browser"), "each is offered the other one");
    let end = [("browser", id.as_str())];

    for other in ["", "x", id.to_lowercase().as_str()] {
        let page = here.submit(END, &[("browser", other)]).await;
        assert!(page.status == StatusCode::UNPROCESSABLE_ENTITY && page.says("No such browser"), "{}", page.text);
    }
    let refused = olga.submit(END, &end).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.says("No such browser"), "{}", refused.text);
    assert!(!olga.get(ACCOUNT).await.says(END), "only her own one is shown");
    assert_eq!(here.post(END, &end).await.status, StatusCode::FORBIDDEN, "not from elsewhere");
    assert_eq!(there.get(ACCOUNT).await.status, StatusCode::OK, "nothing was ended");

    let ended = here.submit(END, &end).await;
    assert_eq!(ended.location(), ACCOUNT, "{}", ended.text);
    assert_eq!(cookie(&ended, "__Host-pullgate-said="), Some("__Host-pullgate-said=browser-ended"));
    assert_eq!(there.get(ACCOUNT).await.location(), "/sign-in?next=%2Faccount");
    assert!(!here.get(ACCOUNT).await.says(END), "it is alone now");
    assert_eq!(here.submit(END, &end).await.status, StatusCode::UNPROCESSABLE_ENTITY, "once");
}

#[tokio::test]
async fn to_end_the_own_browser_is_to_sign_out() {
    let world = World::new().await;
    let (here, there) = (world.sign_in("alice").await, world.sign_in("alice").await);
    // What the other one is offered is this one.
    let id = there.get(ACCOUNT).await.hidden("browser");
    let out = here.submit(END, &[("browser", &id)]).await;
    assert_eq!((out.status, out.location()), (StatusCode::SEE_OTHER, "/sign-in"), "{}", out.text);
    assert_eq!(cookie(&out, "__Host-pullgate="), Some("__Host-pullgate="), "and the cookie is forgotten");
    assert_eq!(here.get(ACCOUNT).await.location(), "/sign-in?next=%2Faccount");
    assert_eq!(there.get(ACCOUNT).await.status, StatusCode::OK);
}
