//! Every route times everybody who may call, from the router's own list of paths.

use std::net::SocketAddr;

use axum::body::Body;
use http::{Request, header};
use proto::keys::SigningKey;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use super::*;
use crate::{
    model::TokenScope,
    rest::tests::{Answered, PASSWORD, Who, World},
    store::testing::{Fixture, on_each_database},
};

/// Who calls, in the order of the letters below: nobody; by password a stranger who owns another organization, a
/// member, an auditor, an admin, the owner, and who owns all organizations; the owner's access tokens with `org:read`,
/// `org:write` and `sign-in`; the organization's own token with the first two.
const EVERYBODY: &str = "nSMUAOErwst";

/// Method, path, and the letters of those who get through to the thing itself.
#[rustfmt::skip]
const ROUTES: &[(&str, &str, &str)] = &[
    ("POST",   "/v2/auth/token",                                         "nSMUAOErwst "),
    ("POST",   "/v2/users/login",                                        "nSMUAOErwst "),
    ("GET",    "/v2/user/orgs",                                          " SMUAOEr  t "),
    ("GET",    "/v2/orgs/{organization}",                                "  MUAOEr  t "),
    ("GET",    "/v2/orgs/{organization}/settings",                       "  MUAOEr  t "),
    ("PUT",    "/v2/orgs/{organization}/settings",                       "    AOE w t "),
    ("GET",    "/v2/orgs/{organization}/settings/registry-access-management", "  MUAOEr  t "),
    ("PUT",    "/v2/orgs/{organization}/settings/registry-access-management", "    AOE w t "),
    ("GET",    "/v2/orgs/{organization}/members",                        "   UAOEr  t "),
    ("PUT",    "/v2/orgs/{organization}/members/{user}",                 "     OE w   "),
    ("DELETE", "/v2/orgs/{organization}/members/{user}",                 "     OE w   "),
    ("GET",    "/v2/orgs/{organization}/invites",                        "   UAOEr  t "),
    ("POST",   "/v2/invites/bulk",                                       "     OE w   "),
    ("DELETE", "/v2/invites/{id}",                                       "     OE w   "),
    ("GET",    "/v2/orgs/{organization}/groups",                         "   UAOEr  t "),
    ("POST",   "/v2/orgs/{organization}/groups",                         "    AOE w   "),
    ("GET",    "/v2/orgs/{organization}/groups/{team}",                  "   UAOEr  t "),
    ("PUT",    "/v2/orgs/{organization}/groups/{team}",                  "    AOE w   "),
    ("PATCH",  "/v2/orgs/{organization}/groups/{team}",                  "    AOE w   "),
    ("DELETE", "/v2/orgs/{organization}/groups/{team}",                  "    AOE w   "),
    ("GET",    "/v2/orgs/{organization}/groups/{team}/members",          "   UAOEr  t "),
    ("POST",   "/v2/orgs/{organization}/groups/{team}/members",          "    AOE w   "),
    ("DELETE", "/v2/orgs/{organization}/groups/{team}/members/{user}",   "    AOE w   "),
    ("GET",    "/v2/orgs/{organization}/access-tokens",                  "   UAOEr    "),
    ("POST",   "/v2/orgs/{organization}/access-tokens",                  "     OE w   "),
    ("GET",    "/v2/orgs/{organization}/access-tokens/{token}",          "   UAOEr    "),
    ("PATCH",  "/v2/orgs/{organization}/access-tokens/{token}",          "     OE w   "),
    ("DELETE", "/v2/orgs/{organization}/access-tokens/{token}",          "     OE w   "),
    ("GET",    "/v2/access-tokens",                                      " SMUAOE     "),
    ("POST",   "/v2/access-tokens",                                      " SMUAOE     "),
    ("GET",    "/v2/access-tokens/{token}",                              " SMUAOE     "),
    ("PATCH",  "/v2/access-tokens/{token}",                              " SMUAOE     "),
    ("DELETE", "/v2/access-tokens/{token}",                              " SMUAOE     "),
    ("GET",    "/v2/auditlogs/{organization}",                           "   UAOEr  t "),
    ("GET",    "/v2/auditlogs/{organization}/actions",                   "   UAOEr  t "),
];

struct Hub {
    world: World,
    router: Router,
}

impl Hub {
    async fn new(fixture: Fixture) -> Self {
        let world = World::new(fixture).await;
        let hub = HubApi::new(world.api.clone(), SigningKey::from_seed(&[1; 32]).into(), true);
        Self { router: router(hub), world }
    }

    async fn call(&self, headers: &[(&str, &str)], method: &str, path: &str, body: &Value) -> Answered {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "h");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut request = request.body(Body::from(body)).unwrap();
        request.extensions_mut().insert(Peer(SocketAddr::from(([127, 0, 0, 1], 1))));
        Answered::read(self.router.clone().oneshot(request).await.unwrap()).await
    }

    async fn bearer(&self, user: &str, secret: &str) -> String {
        let body = json!({ "identifier": user, "secret": secret });
        let answer = self.call(&[], "POST", "/v2/auth/token", &body).await;
        format!("Bearer {}", answer.body["access_token"].as_str().unwrap())
    }

    async fn token(&self, user: &str, scopes: &[TokenScope]) -> String {
        let Who::Token(token) = self.world.token(user, scopes).await else { unreachable!() };
        self.bearer(user.split('/').next().unwrap(), &token).await
    }

    /// An invitation to take back.
    async fn invitation(&self, owner: &str) -> String {
        let body = json!({ "org": "acme", "invitees": ["guest"], "role": "member" });
        let made = self.call(&[("authorization", owner)], "POST", "/v2/invites/bulk", &body).await;
        made.body["invitees"][0]["invite"]["id"].as_str().unwrap().to_owned()
    }
}

/// A body that can be read, and does little.
fn body(method: &str, template: &str) -> Value {
    let last = template.rsplit('/').next().unwrap_or_default();
    match (method, last) {
        ("GET" | "DELETE", _) => Value::Null,
        // Guesses would be slowed down.
        ("POST", "token" | "login") => json!({}),
        ("PUT", "settings") => json!({ "restricted_images": {
            "enabled": false, "allow_official_images": true, "allow_verified_publishers": true,
        } }),
        ("PUT", "registry-access-management") => json!({
            "enabled": false, "standard_registries": [{ "id": "DockerHub", "allowed": true }], "custom_registries": [],
        }),
        ("POST", "access-tokens") if template.starts_with("/v2/orgs") => {
            json!({
                "label": "x", "expires_at": "2020-01-01T00:00:00Z",
                "resources": [{ "type": "TYPE_ORG", "path": "x", "scopes": ["org:write"] }],
            })
        }
        ("POST", "access-tokens") => json!({ "token_label": "", "scopes": ["repo:read"] }),
        ("PATCH", "{token}") => json!({ "label": "x", "token_label": "x" }),
        ("PUT", "{user}") => json!({ "role": "member" }),
        ("POST", "bulk") => json!({ "org": "acme", "invitees": [], "role": "member" }),
        ("POST", "groups") => json!({ "name": "t", "description": "x".repeat(1000) }),
        ("PUT" | "PATCH", "{team}") => json!({}),
        ("POST", "members") => json!({ "member": "somebody" }),
        _ => panic!("{method} {template}: what does it take?"),
    }
}

/// Whether it said no because of who asked.
fn kept_out(answer: &Answered, id: &str) -> bool {
    let message = answer.body["message"].as_str().unwrap_or_default();
    match answer.status {
        401 => message == "unauthorized",
        403 => message.starts_with("permission denied: "),
        404 => message == "not found: there is no organization `acme`" || !id.is_empty(),
        _ => false,
    }
}

#[tokio::test]
async fn every_route_of_the_router_has_a_row_and_answers_with_and_without_a_slash() {
    let hub = Hub::new(Fixture::sqlite()).await;
    let owner = hub.bearer("owner", PASSWORD).await;
    for (path, _) in routes() {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let row = ROUTES.iter().any(|(row_method, row_path, _)| (*row_method, *row_path) == (method, path));
            for slash in ["", "/"] {
                // Nothing of these names is there: nothing is changed.
                let at = format!("{}{slash}", path.replace('{', "no-").replace('}', ""));
                let answer = hub.call(&[("authorization", &owner)], method, &at, &Value::Null).await;
                let nothing = answer.body["errors"][0]["code"] == "NAME_UNKNOWN";
                assert_eq!(nothing, !row, "{method} {at}: {}", answer.body);
            }
        }
    }
    assert!(ROUTES.iter().all(|(_, path, _)| routes().iter().any(|(known, _)| known == path)));
}

async fn every_route_lets_through_whom_its_row_names_and_nobody_else(fixture: Fixture) {
    let hub = Hub::new(fixture).await;
    let owner = hub.bearer("owner", PASSWORD).await;
    let mut callers = vec![String::new()];
    for user in ["stranger", "member", "auditor", "admin", "owner", "sole"] {
        callers.push(hub.bearer(user, PASSWORD).await);
    }
    for scope in [TokenScope::OrgRead, TokenScope::OrgWrite, TokenScope::SignIn] {
        callers.push(hub.token("owner", &[scope]).await);
    }
    callers.push(hub.token("acme/ci", &[TokenScope::OrgRead, TokenScope::OrgWrite]).await);
    assert_eq!(callers.len(), EVERYBODY.len());
    let mut wrong = Vec::new();
    for (method, template, expected) in ROUTES {
        for (bearer, letter) in callers.iter().zip(EVERYBODY.chars()) {
            let id = if template.contains("{id}") { hub.invitation(&owner).await } else { String::new() };
            let path = template.replace("{organization}", "acme").replace("{id}", &id);
            let path = path
                .replace("{user}", "somebody")
                .replace("{token}", "0123456789abcdef")
                .replace("{team}", "some-team");
            let headers = [("authorization", bearer.as_str())];
            let headers = if bearer.is_empty() { &[][..] } else { &headers[..] };
            let answer = hub.call(headers, method, &path, &body(method, template)).await;
            assert!(answer.status < 500 && answer.status != 429, "{method} {path} {letter}: {}", answer.body);
            if kept_out(&answer, &id) == expected.contains(letter) {
                wrong.push(format!("{letter} {method} {template}: {} {}", answer.status, answer.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// As Terraform destroys several: ten calls at a time, one bearer token for all of them.
async fn ending_tokens_side_by_side_disturbs_no_other_call_of_the_same_bearer(fixture: Fixture) {
    let hub = std::sync::Arc::new(Hub::new(fixture).await);
    let (owner, other) = (hub.bearer("owner", PASSWORD).await, hub.bearer("owner", PASSWORD).await);
    let mut ids = Vec::new();
    for number in 0..6 {
        let new = json!({ "token_label": format!("t{number}"), "scopes": ["repo:read"] });
        let made = hub.call(&[("authorization", &owner)], "POST", "/v2/access-tokens", &new).await;
        ids.push(made.body["uuid"].as_str().unwrap().to_owned());
    }
    let mut calls = tokio::task::JoinSet::new();
    for id in ids {
        let team = json!({ "name": format!("team-{}", &id[..8]), "description": "" });
        for (method, path, body) in [
            ("DELETE", format!("/v2/access-tokens/{id}"), Value::Null),
            ("GET", "/v2/orgs/acme/settings".to_owned(), Value::Null),
            ("POST", "/v2/orgs/acme/groups".to_owned(), team),
            ("GET", "/v2/access-tokens".to_owned(), Value::Null),
        ] {
            let (hub, owner) = (std::sync::Arc::clone(&hub), owner.clone());
            calls.spawn(async move {
                let answer = hub.call(&[("authorization", &owner)], method, &path, &body).await;
                (format!("{method} {path}: {}", answer.body), answer.status)
            });
        }
    }
    for (call, status) in calls.join_all().await {
        assert!(status < 300, "{status} {call}");
    }
    // What ended a credential of the account ended everybody else.
    let answer = hub.call(&[("authorization", &other)], "GET", "/v2/access-tokens", &Value::Null).await;
    assert_eq!(answer.status, 401);
    let answer = hub.call(&[("authorization", &owner)], "GET", "/v2/access-tokens", &Value::Null).await;
    assert_eq!((answer.status, &answer.body["count"]), (200, &json!(0)));
}

#[tokio::test]
async fn no_text_that_steers_a_terminal_is_stored() {
    let hub = Hub::new(Fixture::sqlite()).await;
    let owner = hub.bearer("owner", PASSWORD).await;
    let text = "a\u{202e}b";
    let resources = json!([{ "type": "TYPE_REPO", "path": "acme/*", "scopes": ["scope-image-pull"] }]);
    let registries = "/v2/orgs/acme/settings/registry-access-management";
    for (method, path, body) in [
        ("POST", "/v2/orgs/acme/access-tokens", json!({ "label": text, "resources": resources })),
        ("POST", "/v2/orgs/acme/access-tokens", json!({ "label": "x", "description": text, "resources": resources })),
        ("POST", "/v2/access-tokens", json!({ "token_label": text, "scopes": ["repo:read"] })),
        ("POST", "/v2/orgs/acme/groups", json!({ "name": "ops", "description": text })),
        (
            "PUT",
            registries,
            json!({
                "enabled": true, "standard_registries": [{ "id": "DockerHub", "allowed": true }],
                "custom_registries": [{ "address": "ghcr.io", "friendly_name": text, "allowed": true }],
            }),
        ),
    ] {
        let answer = hub.call(&[("authorization", &owner)], method, path, &body).await;
        let said = answer.body["message"].as_str().unwrap_or_default();
        assert!(answer.status == 400 && said.contains("holds U+202E"), "{path} {body}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_browser_that_is_signed_in_and_a_raw_access_token_open_nothing_here() {
    let hub = Hub::new(Fixture::sqlite()).await;
    let Who::Browser { cookie, csrf } = hub.world.browser("owner").await else { unreachable!() };
    let Who::Token(token) = hub.world.token("owner", &[TokenScope::OrgRead]).await else { unreachable!() };
    let (bearer, basic) = (format!("Bearer {token}"), format!("Basic {token}"));
    for headers in [
        &[("cookie", cookie.as_str()), ("x-pullgate-csrf", csrf.as_str()), ("sec-fetch-site", "same-origin")][..],
        &[("authorization", bearer.as_str())],
        &[("authorization", basic.as_str())],
        &[("authorization", "")],
    ] {
        let answer = hub.call(headers, "GET", "/v2/orgs/acme/settings", &Value::Null).await;
        assert_eq!((answer.status, &answer.body["message"]), (401, &"unauthorized".into()), "{headers:?}");
    }
}

#[tokio::test]
async fn an_account_pays_for_its_calls_here_and_over_the_api_from_one_purse() {
    let hub = Hub::new(Fixture::sqlite()).await;
    let bearer = hub.bearer("member", PASSWORD).await;
    let browser = hub.world.browser("member").await;
    let spend = async || {
        for _ in 0..5000 {
            let answer = hub.call(&[("authorization", &bearer)], "GET", "/v2/orgs/acme", &Value::Null).await;
            if answer.status == 429 {
                return answer;
            }
        }
        panic!("a script that never stops is told to");
    };
    let refused = spend().await;
    assert!(refused.headers.contains_key(header::RETRY_AFTER) && refused.body["error"] == false);
    // The purse fills again, and on a busy machine this test may be slower than that; a purse of its own would not be
    // empty after so few calls.
    let mut statuses = Vec::new();
    while statuses.last() != Some(&429) && statuses.len() < 10 {
        spend().await;
        statuses.push(hub.world.get(&browser, "/session").await.status);
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
}

async fn who_signed_in_with_a_token_makes_no_owner_and_who_did_with_a_password_does(fixture: Fixture) {
    let hub = Hub::new(fixture).await;
    let (person, token) =
        (hub.bearer("owner", PASSWORD).await, hub.token("owner", &[TokenScope::OrgRead, TokenScope::OrgWrite]).await);
    let invites = |dry_run: bool| json!({ "org": "acme", "invitees": ["guest"], "role": "owner", "dry_run": dry_run });
    for (method, path, body) in [
        ("POST", "/v2/invites/bulk", invites(true)),
        ("POST", "/v2/invites/bulk", invites(false)),
        ("PUT", "/v2/orgs/acme/members/member", json!({ "role": "owner" })),
    ] {
        let answer = hub.call(&[("authorization", &token)], method, path, &body).await;
        let said = "permission denied: an access token makes nobody an owner; sign in with a password";
        assert_eq!((answer.status, &answer.body["message"]), (403, &said.into()), "{path} {body}");
        let answer = hub.call(&[("authorization", &person)], method, path, &body).await;
        assert!(answer.status < 300, "{path} {body}: {}", answer.body);
    }
}

on_each_database! {
    who_signed_in_with_a_token_makes_no_owner_and_who_did_with_a_password_does,
    ending_tokens_side_by_side_disturbs_no_other_call_of_the_same_bearer,
    every_route_lets_through_whom_its_row_names_and_nobody_else,
}
