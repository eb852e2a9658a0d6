//! Every route times every role.

use std::collections::BTreeSet;

use super::*;

/// Who calls, in the order of the letters below: nobody; in a browser a stranger who owns another organization, a
/// member, an auditor, an admin, the owner, and who owns all organizations; the owner's access tokens with `org:read`,
/// `org:write` and `sign-in`; the organization's own token with the first two.
const EVERYBODY: &str = "nSMUAOErwst";

/// Method, path, and the letters of those who get through to the thing itself.
#[rustfmt::skip]
const ROUTES: [(&str, &str, &str); 70] = [
    ("GET",    "/session",                                          " SMUAOErwst "),
    ("POST",   "/session",                                          "nSMUAOErwst "),
    ("DELETE", "/session",                                          " SMUAOErwst "),
    ("GET",    "/me",                                               " SMUAOEr  t "),
    ("PUT",    "/me/password",                                      " SMUAOE     "),
    ("GET",    "/me/sessions",                                      " SMUAOEr  t "),
    ("DELETE", "/me/sessions/{id}",                                 " SMUAOE     "),
    ("GET",    "/me/machines",                                      " SMUAOEr  t "),
    ("GET",    "/me/check",                                         " SMUAOEr  t "),
    ("GET",    "/me/tokens",                                        " SMUAOE     "),
    ("POST",   "/me/tokens",                                        " SMUAOE     "),
    ("DELETE", "/me/tokens/{id}",                                   " SMUAOE     "),
    ("GET",    "/me/requests",                                      " SMUAOEr  t "),
    ("POST",   "/me/requests",                                      " SMUAOE ws  "),
    ("DELETE", "/me/requests/{id}",                                 " SMUAOE ws  "),
    ("GET",    "/me/invitations",                                   " SMUAOEr  t "),
    ("DELETE", "/me/invitations/{id}",                              " SMUAOE w   "),
    ("POST",   "/me/invitations/{id}/accept",                       " SMUAOE w   "),
    ("POST",   "/invitations/look",                                 "nSMUAOErwst "),
    ("POST",   "/invitations/join",                                 "nSMUAOErwst "),
    ("GET",    "/organizations",                                    " SMUAOEr  t "),
    ("POST",   "/organizations",                                    "      E     "),
    ("GET",    "/organizations/{organization}",                     "  MUAOEr  t "),
    ("PATCH",  "/organizations/{organization}",                     "     OE w   "),
    ("GET",    "/organizations/{organization}/policy",              "  MUAOEr  t "),
    ("PUT",    "/organizations/{organization}/policy",              "    AOE w t "),
    ("PATCH",  "/organizations/{organization}/policy",              "    AOE w t "),
    ("POST",   "/organizations/{organization}/policy/preview",      "    AOEr  t "),
    ("GET",    "/organizations/{organization}/registries",          "  MUAOEr  t "),
    ("PUT",    "/organizations/{organization}/registries/{host}",   "    AOE w t "),
    ("DELETE", "/organizations/{organization}/registries/{host}",   "    AOE w t "),
    ("GET",    "/organizations/{organization}/namespaces",          "  MUAOEr  t "),
    ("PUT",    "/organizations/{organization}/namespaces/{namespace}",    "      E     "),
    ("DELETE", "/organizations/{organization}/namespaces/{namespace}",    "     OE w   "),
    ("GET",    "/organizations/{organization}/allowlist",           "  MUAOEr  t "),
    ("POST",   "/organizations/{organization}/allowlist",           "    AOE w t "),
    ("GET",    "/organizations/{organization}/allowlist/{id}",      "  MUAOEr  t "),
    ("DELETE", "/organizations/{organization}/allowlist/{id}",      "    AOE w t "),
    ("GET",    "/organizations/{organization}/denylist",            "  MUAOEr  t "),
    ("POST",   "/organizations/{organization}/denylist",            "    AOE w t "),
    ("GET",    "/organizations/{organization}/denylist/{id}",       "  MUAOEr  t "),
    ("DELETE", "/organizations/{organization}/denylist/{id}",       "    AOE w t "),
    ("GET",    "/organizations/{organization}/requests",            "   UAOEr  t "),
    ("GET",    "/organizations/{organization}/requests/{id}",       "   UAOEr  t "),
    ("POST",   "/organizations/{organization}/requests/{id}/approve",     "    AOE w t "),
    ("POST",   "/organizations/{organization}/requests/{id}/deny",  "    AOE w t "),
    ("GET",    "/organizations/{organization}/members",             "   UAOEr  t "),
    ("GET",    "/organizations/{organization}/members/{user}",      "   UAOEr  t "),
    ("PUT",    "/organizations/{organization}/members/{user}",      "     OE w   "),
    ("DELETE", "/organizations/{organization}/members/{user}",      "     OE w   "),
    ("GET",    "/organizations/{organization}/invitations",         "   UAOEr  t "),
    ("POST",   "/organizations/{organization}/invitations",         "     OE w   "),
    ("DELETE", "/organizations/{organization}/invitations/{id}",    "     OE w   "),
    ("GET",    "/organizations/{organization}/teams",               "   UAOEr  t "),
    ("POST",   "/organizations/{organization}/teams",               "    AOE w   "),
    ("GET",    "/organizations/{organization}/teams/{team}",        "   UAOEr  t "),
    ("PATCH",  "/organizations/{organization}/teams/{team}",        "    AOE w   "),
    ("DELETE", "/organizations/{organization}/teams/{team}",        "    AOE w   "),
    ("PUT",    "/organizations/{organization}/teams/{team}/members/{user}", "    AOE w   "),
    ("DELETE", "/organizations/{organization}/teams/{team}/members/{user}", "    AOE w   "),
    ("GET",    "/organizations/{organization}/records",             "   UAOEr  t "),
    ("GET",    "/organizations/{organization}/activity/summary",    "   UAOEr  t "),
    ("GET",    "/organizations/{organization}/machines",            "   UAOEr  t "),
    ("GET",    "/organizations/{organization}/audit",               "   UAOEr  t "),
    ("GET",    "/organizations/{organization}/sign-ins",            "   UAOEr  t "),
    ("GET",    "/organizations/{organization}/tokens",              "   UAOEr    "),
    ("POST",   "/organizations/{organization}/tokens",              "     OE w   "),
    ("DELETE", "/organizations/{organization}/tokens/{id}",         "     OE w   "),
    ("GET",    "/publishers",                                       " SMUAOEr  t "),
    ("GET",    "/openapi.json",                                     "nSMUAOErwst "),
];

/// Those that are of the whole service.
#[rustfmt::skip]
const OF_THE_SERVICE: [(&str, &str, &str); 7] = [
    ("POST",   "/publishers",             "      E     "),
    ("POST",   "/publishers/refresh",     "      E     "),
    ("GET",    "/publishers/{namespace}", " SMUAOEr  t "),
    ("PUT",    "/publishers/{namespace}", "      E     "),
    ("DELETE", "/publishers/{namespace}", "      E     "),
    ("GET",    "/audit",                  "      E     "),
    ("GET",    "/sign-ins",               "      E     "),
];

pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    ROUTES.into_iter().chain(OF_THE_SERVICE)
}

/// A path in `acme` to things that are not there, so that who gets through changes nothing that others need.
pub(super) fn path(template: &str) -> String {
    let template = template.replace("{organization}", "acme").replace("{id}", "01J9ZK3V3N4X7Q2M8R5T6W0YBD");
    let template = template.replace("{user}", "somebody").replace("{team}", "some-team");
    let template = template.replace("{host}", "ghcr.io").replace("{namespace}", "somespace");
    if template == "/me/check" { "/me/check?image=alpine".to_owned() } else { template }
}

/// A body that can be read, and does little.
pub(super) fn body(method: &str, template: &str) -> Option<String> {
    let last = template.rsplit('/').next().unwrap_or_default();
    let json = match (method, last) {
        ("GET" | "DELETE", _) | ("PUT", "{host}") => return None,
        ("PUT", "{namespace}") if template.starts_with("/organizations") => return None,
        ("PUT", "{user}") if template.contains("/teams/") => return None,
        ("POST", "accept" | "refresh") => return None,
        ("POST", "session") => serde_json::json!({}),
        ("PUT", "password") => serde_json::json!({ "current": "x", "new": "short" }),
        ("POST", "tokens") if template.starts_with("/me") => serde_json::json!({ "name": "" }),
        ("POST", "tokens") => serde_json::json!({ "name": "ci", "scopes": ["org:write"] }),
        ("POST", "requests") => serde_json::json!({ "image": "Not/An/Image", "reason": "x" }),
        ("POST", "look") => serde_json::json!({ "secret": "x" }),
        ("POST", "join") => serde_json::json!({ "secret": "x", "password": "short" }),
        ("POST", "organizations") => serde_json::json!({ "organization": "acme" }),
        ("PATCH", "policy" | "{organization}") | ("POST", "preview") => serde_json::json!({}),
        ("PUT", "policy") => serde_json::json!({
            "enabled": false, "mode": "enforce", "official": true, "verified_publisher": true, "community": false,
            "registry_control": false, "registries": [], "when_expired": "keep", "message": "", "request_url": "",
            "email": "", "session_fresh": null, "session_valid": null, "local_content": "allow",
            "run_unapproved": "allow", "engine_plugins": "as-images", "swarm": "own", "builds": "allow",
            "container_builders": "allow", "unknown_requests": "deny", "push": null, "protect": false,
            "protect_allow": [],
        }),
        ("POST", "allowlist" | "denylist") => serde_json::json!({ "pattern": "a//b" }),
        ("POST", "approve") => serde_json::json!({}),
        ("POST", "deny") => serde_json::json!({ "reason": "no" }),
        ("PUT", "{user}") => serde_json::json!({ "role": "member" }),
        ("POST", "invitations") => serde_json::json!({ "user": "member", "role": "member" }),
        ("POST", "teams") => serde_json::json!({ "team": "t", "description": "x".repeat(1000) }),
        ("PATCH", "{team}") => serde_json::json!({}),
        ("POST", "publishers") => serde_json::json!({ "publishers": [] }),
        ("PUT", "{namespace}") => serde_json::json!({ "badge": "verified-publisher" }),
        _ => panic!("{method} {template}: what does it take?"),
    };
    Some(json.to_string())
}

/// Whether it said no because of who asked.
fn kept_out(answer: &Answered) -> bool {
    let message = answer.body["error"]["message"].as_str().unwrap_or_default();
    match answer.code() {
        "forbidden" => !message.ends_with("invite them"),
        "unauthenticated" | "scope" | "csrf" => true,
        "not_found" => message == "there is no organization `acme`",
        _ => false,
    }
}

#[test]
fn every_route_of_the_router_has_a_row() {
    let document = serde_json::to_value(openapi()).unwrap();
    let mut routes = BTreeSet::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            routes.insert((method.to_uppercase(), path.clone()));
        }
    }
    let rows: BTreeSet<_> = all().map(|(method, path, _)| (method.to_owned(), path.to_owned())).collect();
    assert_eq!(routes, rows);
    assert_eq!(rows.len(), all().count(), "each once");
}

async fn every_route_lets_through_whom_its_row_names_and_nobody_else(fixture: Fixture) {
    let world = World::new(fixture).await;
    let read_write = [TokenScope::OrgRead, TokenScope::OrgWrite];
    let callers = [
        Who::Nobody,
        world.browser("stranger").await,
        world.browser("member").await,
        world.browser("auditor").await,
        world.browser("admin").await,
        world.browser("owner").await,
        world.browser("sole").await,
        world.token("owner", &[TokenScope::OrgRead]).await,
        world.token("owner", &[TokenScope::OrgWrite]).await,
        world.token("owner", &[TokenScope::SignIn]).await,
        world.token("acme/ci", &read_write).await,
    ];
    assert_eq!(callers.len(), EVERYBODY.len());
    let mut wrong = Vec::new();
    for (method, template, expected) in all() {
        // It would sign the browser out that the rest needs.
        if (method, template) == ("DELETE", "/session") {
            continue;
        }
        for (who, letter) in callers.iter().zip(EVERYBODY.chars()) {
            let must_match = method == "PATCH" || template.ends_with("policy");
            let more: &[(&str, &str)] = if must_match { &[("if-match", "*")] } else { &[] };
            let body = body(method, template);
            let answer = world.call(who, method, &path(template), more, body.as_deref()).await;
            assert!(answer.status < 500 && answer.status != 429, "{method} {template} {letter}: {}", answer.body);
            let may = expected.contains(letter);
            if kept_out(&answer) == may {
                wrong.push(format!("{letter} {method} {template}: {} {}", answer.status, answer.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

on_each_database! {
    every_route_lets_through_whom_its_row_names_and_nobody_else,
}
