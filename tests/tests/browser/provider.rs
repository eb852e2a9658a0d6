//! Signing in with a real identity provider: there and back in a real browser.

use tests::{IdentityProvider, browser::Company};

#[tokio::test(flavor = "multi_thread")]
async fn a_member_signs_in_with_the_identity_provider_and_comes_back_to_where_they_were_going() {
    let mut company = Company::start().await;
    let (provider, dana) = company.with_provider().await;
    let window = company.window('n').await;
    window.open("/my-policy?image=evil/miner").await;
    assert_eq!(window.heading().await, "Sign in");
    let host = provider.issuer();
    let host = host.strip_prefix("http://").unwrap().split('/').next().unwrap();
    window.follow(&format!("Sign in with {host}")).await;
    let there = window.path().await;
    assert!(there.starts_with(&format!("http://{host}/")), "{there}");
    // Another site, plain HTTP: only cookies that are lax come along on the way back.
    window.run_that_turns(&IdentityProvider::page_script(&dana)).await;
    assert_eq!(window.path().await, "/my-policy?image=evil/miner");
    assert_eq!(window.heading().await, "My policy");
    let name = window.run("return document.querySelector('.who b').textContent").await;
    assert_eq!(name, "dana");
    window.open("/orgs/acme/image-access").await;
    assert_eq!(window.heading().await, "Image access");
    let mut complaints = window.complaints().await;
    // Of the provider's own page, which lacks the libraries of its distribution here.
    complaints.retain(|complaint| !complaint.starts_with(&format!("http://{host}/")));
    assert_eq!(complaints, Vec::<String>::new());
    window.press("Sign out").await;
    window.open("/my-policy").await;
    assert_eq!(window.heading().await, "Sign in");
    // Who is not known here is told so, on our page.
    provider.set_person(&dana, &[]).await.unwrap();
    company.service.administer(&["account", "remove", "dana"]).await.unwrap();
    window.follow(&format!("Sign in with {host}")).await;
    window.run_that_turns(&IdentityProvider::page_script(&dana)).await;
    window.says("Nobody here knows dana of the identity provider").await;
    window.close().await;
}
