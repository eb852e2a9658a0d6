//! What is done with an access token does not outlive it.

use super::*;

async fn a_token_makes_no_owner_and_no_token_that_is_good_for_more(fixture: Fixture) {
    let world = World::new(fixture).await;
    let token = world.token("owner", &[TokenScope::OrgRead, TokenScope::OrgWrite]).await;
    let person = world.browser("owner").await;
    let (tokens, member) = ("/organizations/acme/tokens", "/organizations/acme/members/member");
    let invitations = "/organizations/acme/invitations";
    for (method, path, body, said) in [
        ("POST", tokens, r#"{"name":"a"}"#, "without the scope `sign-in`"),
        ("POST", tokens, r#"{"name":"b","scopes":["org:write","sign-in"]}"#, "without the scope `sign-in`"),
        ("POST", tokens, r#"{"name":"c","scopes":["org:write"]}"#, ""),
        ("POST", invitations, r#"{"user":"newcomer","role":"owner"}"#, "makes nobody an owner"),
        ("POST", invitations, r#"{"user":"newcomer","role":"admin"}"#, "makes nobody an admin"),
        ("POST", invitations, r#"{"user":"newcomer","role":"auditor"}"#, ""),
        ("PUT", member, r#"{"role":"owner"}"#, "makes nobody an owner"),
        ("PUT", member, r#"{"role":"auditor"}"#, ""),
    ] {
        let answer = world.call(&token, method, path, &[], Some(body)).await;
        let message = answer.body["error"]["message"].as_str().unwrap_or_default();
        let refused = (answer.status, answer.code()) == (403, "scope") && message.contains("sign in with a password");
        assert!(refused != said.is_empty() && message.contains(said), "{method} {path} {body}: {}", answer.body);
        let answer = world.call(&person, method, path, &[], Some(body)).await;
        assert!(answer.status < 300 || answer.status == 409, "{method} {path} {body}: {}", answer.body);
    }
}

on_each_database! {
    a_token_makes_no_owner_and_no_token_that_is_good_for_more,
}
