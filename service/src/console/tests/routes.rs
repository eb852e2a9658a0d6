//! The router's own list of routes: whatever it can do is in tables here, and can be done over the API too.

use std::collections::BTreeSet;

use crate::rest::openapi;

/// Method and path of every route in the router's source.
pub(super) fn routes() -> BTreeSet<(&'static str, &'static str)> {
    let mut found = BTreeSet::new();
    for route in include_str!("../../console.rs").split(".route(").skip(1) {
        let (path, rest) = route.trim_start().strip_prefix('"').unwrap().split_once('"').unwrap();
        let handlers = rest.split("\n        .").next().unwrap().trim_start_matches([',', ' ', '\n']);
        let (gets, posts) = (handlers.starts_with("get("), handlers.contains("post("));
        assert!(gets || posts, "neither GET nor POST: {path} {handlers}");
        for other in ["put(", "patch(", "delete(", "any("] {
            assert!(!handlers.contains(other), "no form sends it: {path} {handlers}");
        }
        found.extend(gets.then_some(("GET", path)));
        found.extend(posts.then_some(("POST", path)));
    }
    found
}

/// What a browser asks for, and the calls of the API that show or do the same.
#[rustfmt::skip]
const ALSO: [(&str, &str, &[&str]); 53] = [
    ("GET",  "/",                                              &["GET /me"]),
    ("GET",  "/sign-in",                                       &["GET /session"]),
    ("POST", "/sign-in",                                       &["POST /session"]),
    // To the identity provider and back, which only a browser goes.
    ("GET",  "/sign-in/provider",                              &[]),
    ("GET",  "/sign-in/callback",                              &[]),
    ("POST", "/sign-out",                                      &["DELETE /session"]),
    ("GET",  "/orgs/{organization}/image-access",              &["GET /organizations/{organization}/policy", "GET /organizations/{organization}/registries"]),
    ("POST", "/orgs/{organization}/image-access",              &["PUT /organizations/{organization}/policy", "PATCH /organizations/{organization}/policy"]),
    ("POST", "/orgs/{organization}/image-access/preview",      &["POST /organizations/{organization}/policy/preview"]),
    ("GET",  "/orgs/{organization}/allowlist",                 &["GET /organizations/{organization}/allowlist", "GET /organizations/{organization}/denylist"]),
    ("POST", "/orgs/{organization}/allowlist",                 &["POST /organizations/{organization}/allowlist", "POST /organizations/{organization}/denylist"]),
    ("POST", "/orgs/{organization}/allowlist/remove",          &["DELETE /organizations/{organization}/allowlist/{id}", "DELETE /organizations/{organization}/denylist/{id}"]),
    ("GET",  "/orgs/{organization}/namespaces",                &["GET /organizations/{organization}/namespaces"]),
    ("POST", "/orgs/{organization}/namespaces",                &["PUT /organizations/{organization}/namespaces/{namespace}"]),
    ("POST", "/orgs/{organization}/namespaces/remove",         &["DELETE /organizations/{organization}/namespaces/{namespace}"]),
    ("GET",  "/orgs/{organization}/activity",                  &["GET /organizations/{organization}/records", "GET /organizations/{organization}/activity/summary"]),
    ("GET",  "/orgs/{organization}/activity.csv",              &["GET /organizations/{organization}/records"]),
    ("GET",  "/orgs/{organization}/activity.json",             &["GET /organizations/{organization}/records"]),
    ("GET",  "/orgs/{organization}/machines",                  &["GET /organizations/{organization}/machines"]),
    ("GET",  "/orgs/{organization}/members",                   &["GET /organizations/{organization}/members", "GET /organizations/{organization}/teams", "GET /organizations/{organization}/invitations"]),
    ("POST", "/orgs/{organization}/members/change",            &["PUT /organizations/{organization}/members/{user}"]),
    ("POST", "/orgs/{organization}/members/remove",            &["DELETE /organizations/{organization}/members/{user}"]),
    ("POST", "/orgs/{organization}/members/invite",            &["POST /organizations/{organization}/invitations"]),
    ("POST", "/orgs/{organization}/members/uninvite",          &["DELETE /organizations/{organization}/invitations/{id}"]),
    ("POST", "/orgs/{organization}/teams/add",                 &["POST /organizations/{organization}/teams"]),
    ("POST", "/orgs/{organization}/teams/remove",              &["DELETE /organizations/{organization}/teams/{team}"]),
    ("POST", "/orgs/{organization}/teams/person",              &["PUT /organizations/{organization}/teams/{team}/members/{user}", "DELETE /organizations/{organization}/teams/{team}/members/{user}"]),
    ("GET",  "/orgs/{organization}/tokens",                    &["GET /organizations/{organization}/tokens"]),
    ("POST", "/orgs/{organization}/tokens",                    &["POST /organizations/{organization}/tokens"]),
    ("POST", "/orgs/{organization}/tokens/end",                &["DELETE /organizations/{organization}/tokens/{id}"]),
    ("GET",  "/orgs/{organization}/audit",                     &["GET /organizations/{organization}/audit"]),
    ("GET",  "/publishers",                                    &["GET /publishers"]),
    ("POST", "/publishers",                                    &["PUT /publishers/{namespace}", "POST /publishers"]),
    ("POST", "/publishers/take",                               &["DELETE /publishers/{namespace}"]),
    ("POST", "/publishers/refresh",                            &["POST /publishers/refresh"]),
    ("GET",  "/account",                                       &["GET /me", "GET /me/sessions", "GET /me/invitations", "GET /me/tokens"]),
    ("POST", "/account/browsers/end",                          &["DELETE /me/sessions/{id}"]),
    ("POST", "/account/invitations",                           &["POST /me/invitations/{id}/accept", "DELETE /me/invitations/{id}"]),
    ("POST", "/account/password",                              &["PUT /me/password"]),
    ("POST", "/account/tokens",                                &["POST /me/tokens"]),
    ("POST", "/account/tokens/end",                            &["DELETE /me/tokens/{id}"]),
    ("GET",  "/join",                                          &["POST /invitations/look"]),
    ("POST", "/join",                                          &["POST /invitations/join"]),
    ("GET",  "/orgs/{organization}/requests",                  &["GET /organizations/{organization}/requests"]),
    ("GET",  "/orgs/{organization}/requests/{id}",             &["GET /organizations/{organization}/requests/{id}"]),
    ("POST", "/orgs/{organization}/requests/{id}/approve",     &["POST /organizations/{organization}/requests/{id}/approve"]),
    ("POST", "/orgs/{organization}/requests/{id}/deny",        &["POST /organizations/{organization}/requests/{id}/deny"]),
    ("GET",  "/requests",                                      &["GET /me/requests"]),
    ("GET",  "/requests/new",                                  &["GET /me/check"]),
    ("POST", "/requests/new",                                  &["POST /me/requests"]),
    ("POST", "/requests/{id}/withdraw",                        &["DELETE /me/requests/{id}"]),
    ("GET",  "/my-policy",                                     &["GET /me/check", "GET /organizations/{organization}/policy"]),
    // Style, script and icon of the pages.
    ("GET",  "/assets/{file}",                                 &[]),
];

#[test]
fn whatever_the_console_does_the_api_does_too() {
    let listed: BTreeSet<_> = ALSO.iter().map(|(method, path, _)| (*method, *path)).collect();
    assert_eq!(listed.len(), ALSO.len(), "each once");
    assert_eq!(routes(), listed, "the router, and what the API has of it");
    let document = serde_json::to_value(openapi()).unwrap();
    for (method, path, calls) in ALSO {
        for call in calls {
            let (verb, address) = call.split_once(' ').unwrap();
            let known = &document["paths"][address][verb.to_lowercase()];
            assert!(known.is_object(), "{method} {path}: the API has no {call}");
        }
    }
}
