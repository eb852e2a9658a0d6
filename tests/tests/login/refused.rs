//! A login that comes to nothing: each way says why, and what to do.

use std::time::Instant;

use tests::{Codes, SETTLE};

use crate::desk::Desk;

/// Nothing was stored, nobody is signed in.
async fn nothing_happened(desk: &Desk) {
    assert!(desk.config()["auths"][desk.service.address()].is_null());
    desk.signed_out().await;
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "expected `{part}`: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_refuses_at_the_provider_is_not_signed_in() {
    let desk = Desk::new().await;
    desk.member("dana").await;
    let mut login = desk.login();
    login.page().await;
    desk.provider.refuse().await.unwrap();
    says(&login.fails().await, &["refused at the identity provider"]);
    nothing_happened(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_that_nobody_types_in_time_is_over() {
    let desk = Desk::with(Codes { expire_after: 2, interval: 1 }).await;
    desk.member("dana").await;
    let mut login = desk.login();
    login.page().await;
    says(&login.fails().await, &["in time", "again"]);
    nothing_happened(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_no_account_here_is_told_whom_to_ask() {
    let desk = Desk::new().await;
    let stranger = desk.person("mallory", &["acme:platform"]).await;
    let mut login = desk.login();
    let page = login.page().await;
    desk.provider.approve(&stranger, &page).await.unwrap();
    // The organization is not linked with groups of the provider.
    says(&login.fails().await, &["mallory", "member add"]);
    nothing_happened(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_name_of_an_account_with_a_password_opens_nothing() {
    let desk = Desk::new().await;
    let namesake = desk.person("owner", &["acme"]).await;
    let add = ["member", "add", Desk::ORGANIZATION, "owner", "--role", "owner", "--password-stdin"];
    desk.service.admin(&add).stdin("a password of its own").run().await.unwrap().success().unwrap();
    let mut login = desk.login();
    let page = login.page().await;
    desk.provider.approve(&namesake, &page).await.unwrap();
    says(&login.fails().await, &["`owner` is an account of this service", "does not open it"]);
    nothing_happened(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_person_behind_a_known_name_is_somebody_else() {
    let desk = Desk::new().await;
    let dana = desk.member("dana").await;
    desk.login_as(&dana).await;
    desk.signed_in("dana", &["acme"]).await;
    desk.docker.run(&["logout", &desk.service.address()]).await.unwrap().success().unwrap();
    // The first has left, the name went to another.
    desk.provider.remove_person(&dana).await.unwrap();
    let another = desk.person("dana", &[]).await;
    let mut login = desk.login();
    let page = login.page().await;
    desk.provider.approve(&another, &page).await.unwrap();
    says(&login.fails().await, &["`dana` belongs to somebody else", "account remove dana"]);
    nothing_happened(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_down_is_named_and_comes_back() {
    let mut desk = Desk::new().await;
    let dana = desk.member("dana").await;
    desk.provider.process().stop();
    says(&desk.login().fails().await, &["identity provider"]);
    nothing_happened(&desk).await;

    desk.provider.restart(&desk.lab).await.unwrap();
    // The service asks again after a moment.
    let end = Instant::now() + SETTLE;
    let mut again = desk.login();
    let page = loop {
        match again.try_page().await {
            Ok(page) => break page,
            // Who asks so often is asked to wait.
            Err(text) if Instant::now() < end && text.contains("too many sign-ins are begun") => {}
            Err(text) if Instant::now() < end => says(&text, &["identity provider", "try again later"]),
            Err(text) => panic!("it never comes back: {text}"),
        }
        again = desk.login();
    };
    desk.provider.approve(&dana, &page).await.unwrap();
    again.succeeds().await;
    desk.signed_in("dana", &["acme"]).await;
    // Once signed in, nobody needs it.
    desk.provider.process().stop();
    desk.agent.process().stop();
    desk.agent.restart(&desk.lab).unwrap();
    desk.signed_in("dana", &["acme"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_identity_provider_the_service_says_so() {
    let desk = Desk::without_provider().await;
    says(&desk.login().fails().await, &["docker login"]);
}
