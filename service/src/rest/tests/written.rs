//! Each administrative act leaves one line: who, what, and what was before.

use std::collections::BTreeSet;

use super::*;
use crate::model::{ActKind, ActKind::*, word};

/// Nothing but what people want of their own, or look at.
const NONE: &[ActKind] = &[];

/// Who does it, how, and what is written down. `{id}`: of the answer before, or of the one whose list was asked for.
#[rustfmt::skip]
const STEPS: [(&str, &str, &str, &str, &[ActKind]); 61] = [
    ("sole",     "POST",   "/organizations", r#"{"organization":"gamma"}"#, &[OrganizationAdd]),
    ("owner",    "PATCH",  "/organizations/acme", r#"{"allowed_pulls":"all"}"#, &[OrganizationKeep]),
    ("owner",    "PATCH",  "/organizations/acme", r#"{"allowed_pulls":"all"}"#, NONE),
    ("admin",    "PATCH",  "/organizations/acme/policy", r#"{"enabled":true}"#, &[PolicySet]),
    ("admin",    "PATCH",  "/organizations/acme/policy", r#"{"enabled":true}"#, NONE),
    ("admin",    "POST",   "/organizations/acme/policy/preview", r#"{"official":false}"#, NONE),
    ("admin",    "PUT",    "/organizations/acme/registries/ghcr.io", "", &[RegistryAdd]),
    ("admin",    "PUT",    "/organizations/acme/registries/ghcr.io", "", NONE),
    ("admin",    "DELETE", "/organizations/acme/registries/ghcr.io", "", &[RegistryRemove]),
    ("sole",     "PUT",    "/organizations/acme/namespaces/acmespace", "", &[NamespaceAdd]),
    ("sole",     "PUT",    "/organizations/acme/namespaces/acmespace", "", NONE),
    ("owner",    "DELETE", "/organizations/acme/namespaces/acmespace", "", &[NamespaceRemove]),
    ("admin",    "POST",   "/organizations/acme/allowlist", r#"{"pattern":"good/tool"}"#, &[AllowlistAdd]),
    ("admin",    "POST",   "/organizations/acme/allowlist", r#"{"pattern":"good/tool"}"#, NONE),
    ("admin",    "POST",   "/organizations/acme/allowlist", r#"{"pattern":"good/tool","reason":"x"}"#, &[AllowlistAdd]),
    ("admin",    "DELETE", "/organizations/acme/allowlist/{id}", "", &[AllowlistRemove]),
    ("admin",    "POST",   "/organizations/acme/denylist", r#"{"pattern":"evil/miner"}"#, &[DenylistAdd]),
    ("admin",    "DELETE", "/organizations/acme/denylist/{id}", "", &[DenylistRemove]),
    ("member",   "POST",   "/me/requests", r#"{"image":"good/tool","reason":"work"}"#, NONE),
    ("admin",    "GET",    "/organizations/acme/requests", "", NONE),
    ("admin",    "POST",   "/organizations/acme/requests/{id}/approve", "{}", &[RequestApprove]),
    ("member",   "POST",   "/me/requests", r#"{"image":"evil/miner","reason":"fun"}"#, NONE),
    ("admin",    "GET",    "/organizations/acme/requests?state=pending", "", NONE),
    ("admin",    "POST",   "/organizations/acme/requests/{id}/deny", r#"{"reason":"no"}"#, &[RequestDeny]),
    ("sole",     "PUT",    "/organizations/acme/members/stranger", r#"{"role":"member"}"#, &[MemberAdd]),
    ("owner",    "PUT",    "/organizations/acme/members/stranger", r#"{"role":"auditor"}"#, &[MemberAdd]),
    ("owner",    "PUT",    "/organizations/acme/members/stranger", r#"{"role":"auditor"}"#, NONE),
    ("owner",    "DELETE", "/organizations/acme/members/stranger", "", &[MemberRemove]),
    ("owner",    "POST",   "/organizations/acme/invitations", r#"{"user":"stranger","role":"member"}"#, &[InvitationAdd]),
    ("owner",    "DELETE", "/organizations/acme/invitations/{id}", "", &[InvitationRemove]),
    ("owner",    "POST",   "/organizations/acme/invitations", r#"{"user":"stranger","role":"member"}"#, &[InvitationAdd]),
    ("stranger", "DELETE", "/me/invitations/{id}", "", &[InvitationDecline]),
    ("owner",    "POST",   "/organizations/acme/invitations", r#"{"user":"stranger","role":"member"}"#, &[InvitationAdd]),
    ("owner",    "POST",   "/organizations/acme/invitations", r#"{"user":"stranger","role":"admin"}"#, &[InvitationAdd]),
    ("stranger", "POST",   "/me/invitations/{id}/accept", "", &[InvitationAccept]),
    ("admin",    "POST",   "/organizations/acme/teams", r#"{"team":"web"}"#, &[TeamAdd]),
    ("admin",    "PATCH",  "/organizations/acme/teams/web", r#"{"description":"pages"}"#, &[TeamChange]),
    ("admin",    "PATCH",  "/organizations/acme/teams/web", r#"{"description":"pages"}"#, NONE),
    ("admin",    "PUT",    "/organizations/acme/teams/web/members/member", "", &[TeamMemberAdd]),
    ("admin",    "PUT",    "/organizations/acme/teams/web/members/member", "", NONE),
    ("admin",    "DELETE", "/organizations/acme/teams/web/members/member", "", &[TeamMemberRemove]),
    ("admin",    "DELETE", "/organizations/acme/teams/web", "", &[TeamRemove]),
    ("owner",    "POST",   "/organizations/acme/tokens", r#"{"name":"robot"}"#, &[OrganizationTokenCreate]),
    ("owner",    "DELETE", "/organizations/acme/tokens/{id}", "", &[OrganizationTokenRevoke]),
    ("member",   "POST",   "/me/tokens", r#"{"name":"laptop"}"#, &[TokenCreate]),
    ("member",   "DELETE", "/me/tokens/{id}", "", &[TokenRevoke]),
    ("auditor",  "GET",    "/me/sessions", "", NONE),
    ("auditor",  "DELETE", "/me/sessions/{id}", "", &[BrowserEnd]),
    ("member",   "PUT",    "/me/password", r#"{"current":"correct horse battery","new":"another long password"}"#, &[AccountPassword]),
    ("sole",     "PUT",    "/publishers/grafana", r#"{"badge":"verified-publisher"}"#, &[PublisherSet]),
    ("sole",     "PUT",    "/publishers/grafana", r#"{"badge":"verified-publisher"}"#, NONE),
    ("sole",     "DELETE", "/publishers/grafana", "", &[PublisherRemove]),
    ("sole",     "POST",   "/publishers", r#"{"publishers":[{"namespace":"bitnami","badge":"verified-publisher"}]}"#, &[PublisherImport]),
    ("sole",     "POST",   "/publishers", r#"{"publishers":[{"namespace":"bitnami","badge":"verified-publisher"}]}"#, NONE),
    ("sole",     "POST",   "/publishers/refresh?dry_run=true", "", NONE),
    ("sole",     "POST",   "/publishers/refresh", "", &[PublisherRefresh]),
    ("owner",    "GET",    "/organizations/acme/audit", "", NONE),
    ("auditor",  "GET",    "/organizations/acme/records", "", NONE),
    ("owner",    "POST",   "/organizations/acme/allowlist", r#"{"pattern":"a//b"}"#, NONE),
    ("member",   "POST",   "/organizations/acme/allowlist", r#"{"pattern":"good/tool"}"#, NONE),
    ("sole",     "DELETE", "/publishers/nobody", "", NONE),
];

/// Nobody does these over this API; their lines are looked at where they are done.
const ELSEWHERE: [ActKind; 12] = [
    // The command line, `admin`.
    OrganizationLink,
    AccountRemove,
    DatabaseBackup,
    DatabaseRestore,
    // Docker Hub's API, `hub_api`.
    OrganizationTokenChange,
    TokenChange,
    // Who signs in from elsewhere, `identity`.
    AccountAdd,
    MemberRole,
    // `key_rotation`, and the start of the service.
    KeyAnnounce,
    KeyRotate,
    KeyRetire,
    KeyClaim,
];

/// Those of which what they are and what they were done to says all.
const BARE: [ActKind; 3] = [NamespaceAdd, NamespaceRemove, AccountPassword];

/// The first `id` of an answer, or of its first item.
fn id(body: &Value) -> Option<String> {
    match body {
        Value::Object(fields) => match fields.get("id") {
            Some(Value::String(id)) => Some(id.clone()),
            _ => fields.values().find_map(id),
        },
        Value::Array(items) => items.iter().find_map(id),
        _ => None,
    }
}

async fn each_act_leaves_one_line_and_what_changes_nothing_leaves_none(fixture: Fixture) {
    let world = World::new(fixture).await;
    world.hub.show(&[("grafana/grafana", "verified_publisher")]);
    let (mut last, mut before, mut seen, mut wrong) = (0, String::new(), BTreeSet::new(), Vec::new());
    for (user, method, path, body, kinds) in STEPS {
        let who = world.browser(user).await;
        let path = path.replace("{id}", &before);
        let (more, body) = (&[("if-match", "*")], Some(body).filter(|body| !body.is_empty()));
        let more: &[(&str, &str)] = if method == "PATCH" { more } else { &[] };
        let answer = world.call(&who, method, &path, more, body).await;
        let step = format!("{user} {method} {path} {body:?}: {} {}", answer.status, answer.body);
        before = id(&answer.body).unwrap_or(before);

        let lines = world.store.read().await.unwrap().audit_lines(10).await.unwrap();
        let new: Vec<_> = lines.iter().filter(|line| line.id > last).collect();
        let written: Vec<&str> = new.iter().map(|line| line.act.as_str()).collect();
        if written != kinds.iter().map(|kind| word(*kind)).collect::<Vec<_>>() {
            wrong.push(format!("{step}: {new:?}"));
        }
        for (line, kind) in new.iter().zip(kinds) {
            let is_theirs = line.actor == format!("user:{user}");
            let is_there = kind.is_of_an_organization() != line.organization.is_empty();
            let says = BARE.contains(kind) || line.detail.len() > "{}".len();
            let secret = ["correct horse", "another long", "$argon2"].iter().any(|part| line.detail.contains(part));
            if !is_theirs || !is_there || !says || secret {
                wrong.push(format!("{step}: {line:?}"));
            }
            seen.insert(word(*kind));
        }
        last = lines.first().map_or(last, |line| line.id);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    seen.extend(ELSEWHERE.map(word));
    assert_eq!(seen, ActKind::all().iter().map(|kind| word(*kind)).collect::<BTreeSet<_>>());
}

on_each_database! {
    each_act_leaves_one_line_and_what_changes_nothing_leaves_none,
}
