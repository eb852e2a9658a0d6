//! A login that works: where the token goes, what becomes of it, how it ends.

use std::{fs, os::unix::fs::PermissionsExt as _};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tests::SETTLE;

use crate::desk::Desk;

/// The token that `config.json` has for the service: of a personal access token's form.
fn stored_token(desk: &Desk, user: &str) -> String {
    let config = desk.config();
    let auth = config["auths"][desk.service.address()]["auth"].as_str().unwrap_or_else(|| panic!("{config:#}"));
    let auth = String::from_utf8(STANDARD.decode(auth).unwrap()).unwrap();
    let (name, token) = auth.split_once(':').unwrap();
    assert_eq!(name, user);
    assert!(token.starts_with("pg_pat_"), "{}", &token[..7]);
    token.to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_at_the_provider_and_the_machine_follows() {
    let desk = Desk::new().await;
    let dana = desk.member("dana").await;
    fs::set_permissions(desk.config_path(), fs::Permissions::from_mode(0o600)).unwrap();
    let mut login = desk.login();
    let page = login.page().await;
    let code = page.split_once("code=").unwrap().1.to_owned();
    let asked = login.text();
    assert!(asked.replace(&page, "").contains(&code), "the code stands by itself too: {asked}");
    desk.signed_out().await;
    desk.provider.approve(&dana, &page).await.unwrap();
    let said = login.succeeds().await;
    assert!(said.contains("dana"), "{said}");

    let token = stored_token(&desk, "dana");
    assert!(!said.contains(&token), "a token is for the store, not for the screen");
    assert_eq!(fs::metadata(desk.config_path()).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(desk.config()["auths"]["placeholder.invalid"].is_object(), "what was there stays");
    desk.signed_in("dana", &["acme"]).await;
    assert!(!desk.files_with("dana").is_empty(), "what is no secret is found");
    for secret in [&token, desk.provider.client_secret()] {
        assert_eq!(desk.files_with(secret), Vec::<String>::new(), "it is in sight");
    }

    desk.docker.run(&["logout", &desk.service.address()]).await.unwrap().success().unwrap();
    desk.signed_out().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_a_credential_store_the_token_goes_there_and_nowhere_else() {
    const STORE: &str = r#"#!/bin/sh
case $1 in
store) cat >"$HOME/stored" ;;
get) read -r server; grep -q "\"$server\"" "$HOME/stored" && exec cat "$HOME/stored"
    echo 'credentials not found in native keychain'; exit 1 ;;
erase) rm -f "$HOME/stored" ;;
list) echo '{}' ;;
esac
"#;
    let desk = Desk::new().await;
    let helper = desk.lab.write("bin/docker-credential-desk", STORE).unwrap();
    fs::set_permissions(helper, fs::Permissions::from_mode(0o755)).unwrap();
    fs::write(desk.config_path(), r#"{"credsStore":"desk"}"#).unwrap();
    let dana = desk.member("dana").await;
    desk.login_as(&dana).await;

    let kept: Value = serde_json::from_slice(&fs::read(desk.lab.path("stored")).unwrap()).unwrap();
    let server = desk.service.address();
    assert_eq!((&kept["ServerURL"], &kept["Username"]), (&json!(server), &json!("dana")));
    let token = kept["Secret"].as_str().unwrap();
    assert!(token.starts_with("pg_pat_"));
    let config = desk.config();
    assert_eq!((&config["credsStore"], &config["auths"][&server]), (&json!("desk"), &json!({})), "{config:#}");
    assert!(!config.to_string().contains(token));
    desk.signed_in("dana", &["acme"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_removed_loses_the_session_and_the_token() {
    let desk = Desk::new().await;
    let dana = desk.member("dana").await;
    desk.login_as(&dana).await;
    desk.signed_in("dana", &["acme"]).await;
    let token = stored_token(&desk, "dana");
    let listed = desk.service.administer(&["--json", "token", "list", "dana"]).await.unwrap();
    assert!(listed.stdout.contains("pullgate login"), "{}", listed.stdout);
    desk.service.administer(&["account", "remove", "dana"]).await.unwrap();
    desk.signed_out().await;
    let again = desk.docker.login(&desk.service.address(), "dana", &token).await.unwrap();
    assert_ne!(again.code(), 0, "{}", again.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_restarts_meanwhile_does_not_end_a_login() {
    let mut desk = Desk::new().await;
    let dana = desk.member("dana").await;
    let mut login = desk.login();
    let page = login.page().await;
    desk.service.process().kill();
    desk.service.restart(&desk.lab).await.unwrap();
    desk.provider.approve(&dana, &page).await.unwrap();
    login.succeeds().await;
    desk.signed_in("dana", &["acme"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn groups_of_the_provider_give_membership_and_teams() {
    let desk = Desk::new().await;
    let linked = ["organization", "link", Desk::ORGANIZATION, "--oidc-groups"];
    desk.service.administer(&linked).await.unwrap();
    let set = ["policy", "set", Desk::ORGANIZATION, "--enabled", "true", "--community", "false"];
    desk.service.administer(&set).await.unwrap();
    let rule = ["allowlist", "add", Desk::ORGANIZATION, "evil/miner", "--team", "platform"];
    desk.service.administer(&rule).await.unwrap();

    let dana = desk.person("dana", &["acme:platform", "another:team", "canteen"]).await;
    desk.login_as(&dana).await;
    desk.signed_in("dana", &["acme"]).await;
    desk.decides("evil/miner", true, SETTLE).await;
    desk.decides("evil/other", false, SETTLE).await;

    // The next login finds them in no team any more.
    desk.provider.set_person(&dana, &["acme"]).await.unwrap();
    desk.login_as(&dana).await;
    desk.decides("evil/miner", false, SETTLE).await;
}
