//! The identity provider that other tests stand on does what the standards say: asked here as
//! `curl` would ask it, with nothing of pullgate in between.

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use installer::lab::{Account, Lab, http};
use serde_json::Value;
use tests::{Codes, IdentityProvider};

/// One question of the client to an endpoint of the provider.
async fn ask(provider: &IdentityProvider, endpoint: &str, form: &str) -> Value {
    let basic = STANDARD.encode(format!("{}:{}", IdentityProvider::CLIENT, provider.client_secret()));
    let basic = format!("Basic {basic}");
    let headers = [("authorization", basic.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let (address, path) = endpoint.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let method = if form.is_empty() { "GET" } else { "POST" };
    let answer = http::tcp(address, method, &format!("/{path}"), &headers, Bytes::from(form.to_owned())).await.unwrap();
    serde_json::from_slice(&answer.body).unwrap_or_else(|error| panic!("{endpoint}: {error}: {}", answer.text()))
}

struct Device {
    code: String,
    page: String,
}

async fn device(provider: &IdentityProvider, metadata: &Value) -> Device {
    let endpoint = metadata["device_authorization_endpoint"].as_str().unwrap();
    let begun = ask(provider, endpoint, "scope=openid%20profile").await;
    let text = |key: &str| begun[key].as_str().unwrap_or_else(|| panic!("{begun}")).to_owned();
    Device { code: text("device_code"), page: text("verification_uri_complete") }
}

async fn token(provider: &IdentityProvider, metadata: &Value, code: &str) -> Value {
    let form = format!("grant_type=urn:ietf:params:oauth:grant-type:device_code&device_code={code}");
    ask(provider, metadata["token_endpoint"].as_str().unwrap(), &form).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_identity_provider_grants_devices_what_a_person_approves() {
    let lab = Lab::new().unwrap();
    // Long: whatever the machine does meanwhile, the second question comes too soon.
    let codes = Codes { interval: 30, ..Codes::default() };
    let provider = IdentityProvider::start(&lab, codes).await.unwrap();
    let dana = Account::new("dana").unwrap();
    provider.set_person(&dana, &["acme:platform", "acme"]).await.unwrap();
    let metadata = ask(&provider, &format!("{}/.well-known/openid-configuration", provider.issuer()), "").await;

    let first = device(&provider, &metadata).await;
    assert_eq!(token(&provider, &metadata, &first.code).await["error"], "authorization_pending");
    assert_eq!(token(&provider, &metadata, &first.code).await["error"], "slow_down");
    provider.approve(&dana, &first.page).await.unwrap();
    let granted = token(&provider, &metadata, &first.code).await;
    let id_token = granted["id_token"].as_str().unwrap_or_else(|| panic!("{granted}"));
    let claims = URL_SAFE_NO_PAD.decode(id_token.split('.').nth(1).unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    assert_eq!(claims["iss"], provider.issuer().as_str(), "{claims}");
    assert_eq!(claims["aud"], IdentityProvider::CLIENT, "{claims}");
    assert_eq!(claims["preferred_username"], "dana", "{claims}");
    assert_eq!(claims["groups"], serde_json::json!(["acme:platform", "acme"]), "{claims}");

    let stranger = Account::new("dana").unwrap();
    let second = device(&provider, &metadata).await;
    assert!(provider.approve(&stranger, &second.page).await.is_err(), "another password");
    provider.refuse().await.unwrap();
    assert_eq!(token(&provider, &metadata, &second.code).await["error"], "access_denied");
}
