//! What people look at and scripts ask for.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::filling::{FREQUENT, ORGANIZATION, RARE, first_ms, machine, member, rule};

/// What is asked for.
pub struct Page {
    /// For people.
    pub name: String,
    pub path: String,
    /// What is sent, with its media type; none: nothing is.
    pub sent: Option<(&'static str, String)>,
}

fn pages(base: &str, all: &[(&str, String)]) -> Vec<Page> {
    let page =
        |(name, path): &(&str, String)| Page { name: (*name).to_owned(), path: format!("{base}{path}"), sent: None };
    all.iter().map(page).collect()
}

/// A draft that takes more from people than any other: whoever is in no rule may pull nothing but the organization's own.
/// `form`: the page that it is sent from, with what says who sends it and what they have seen.
pub fn draft(form: &str) -> Page {
    let hidden = |name: &str| {
        let (_, value) = form.split_once(&format!("name=\"{name}\" value=\"")).expect("a field of the form");
        value.split('"').next().unwrap_or_default().to_owned()
    };
    let words = "mode=enforce&when_expired=keep&local_content=allow&run_unapproved=allow&engine_plugins=as-images\
                 &swarm=own&builds=allow&container_builders=allow&unknown_requests=deny";
    let body = format!("csrf={}&seen={}&enabled=on&{words}", hidden("csrf"), hidden("seen"));
    let path = format!("/orgs/{ORGANIZATION}/image-access/preview");
    let sent = Some(("application/x-www-form-urlencoded", body));
    Page { name: "Preview of a policy, against 90 days".to_owned(), path, sent }
}

/// Where a page begins, as `next` says it.
fn cursor(position: &Value) -> String {
    URL_SAFE_NO_PAD.encode(position.to_string())
}

/// In the middle of the decisions.
fn middle(now_ms: i64) -> String {
    cursor(&json!([i64::midpoint(first_ms(now_ms), now_ms), "", ""]))
}

/// The console's pages, as an owner sees them.
pub fn console(now_ms: i64) -> Vec<Page> {
    let middle = middle(now_ms);
    let of_org = [
        ("Image access", "/image-access".to_owned()),
        ("Allowlist", "/allowlist".to_owned()),
        ("Denylist", "/allowlist?list=deny".to_owned()),
        ("Namespaces", "/namespaces".to_owned()),
        ("Requests", "/requests".to_owned()),
        ("Requests, all", "/requests?state=all".to_owned()),
        ("Activity", "/activity".to_owned()),
        ("Activity, 90 days with its chart", "/activity?since=quarter".to_owned()),
        ("Activity, everything", "/activity?since=quarter&show=all".to_owned()),
        ("Activity, allowed", "/activity?since=quarter&show=allowed".to_owned()),
        ("Activity, older", format!("/activity?since=quarter&show=all&before={middle}")),
        ("Activity, search for a frequent image", format!("/activity?since=quarter&image={FREQUENT}")),
        ("Activity, search for a rare image", format!("/activity?since=quarter&image={RARE}")),
        ("Activity, of a person", format!("/activity?since=quarter&user={}", member(77))),
        ("Activity, on a machine", format!("/activity?since=quarter&machine={}", machine(77))),
        ("Activity as CSV, first byte", "/activity.csv?since=quarter".to_owned()),
        ("Activity as JSON, first byte", "/activity.json?since=quarter".to_owned()),
        ("Activity as CSV, a rare image", format!("/activity.csv?since=quarter&image={RARE}")),
        ("Machines", "/machines".to_owned()),
        ("Machines, last page", format!("/machines?after={}&machine=&uid=0", member(998))),
        ("Machines, of a person", format!("/machines?user={}", member(77))),
        ("Members and teams", "/members".to_owned()),
        ("Tokens", "/tokens".to_owned()),
        ("Audit log", "/audit".to_owned()),
        ("Audit log, older", "/audit?before=100".to_owned()),
        ("Audit log, of a person", format!("/audit?actor={}", member(7))),
        ("Audit log, of nobody", "/audit?actor=nobody".to_owned()),
        ("Audit log, of the whole service", "/audit?of=service".to_owned()),
    ];
    let mut all = pages(&format!("/orgs/{ORGANIZATION}"), &of_org);
    let own = [
        ("Publishers", "/publishers".to_owned()),
        ("Account", "/account".to_owned()),
        ("My requests", "/requests".to_owned()),
        ("My policy", "/my-policy".to_owned()),
        ("My policy, an image tried", "/my-policy?image=evil/miner".to_owned()),
    ];
    all.extend(pages("", &own));
    all
}

/// The API's lists, with an access token.
pub fn api(now_ms: i64) -> Vec<Page> {
    let middle_ms = i64::midpoint(first_ms(now_ms), now_ms);
    let machines = cursor(&json!([member(998), "", 0]));
    let of_org = [
        ("organization", String::new()),
        ("policy", "/policy".to_owned()),
        ("allowlist", "/allowlist?limit=200".to_owned()),
        ("denylist", "/denylist?limit=200".to_owned()),
        ("namespaces", "/namespaces".to_owned()),
        ("registries", "/registries".to_owned()),
        ("requests", "/requests?limit=200".to_owned()),
        ("requests, pending", "/requests?state=pending".to_owned()),
        ("members", "/members".to_owned()),
        ("a team", "/teams/team7".to_owned()),
        ("a member", format!("/members/{}", member(77))),
        ("teams", "/teams".to_owned()),
        ("invitations", "/invitations".to_owned()),
        ("activity, summary", "/activity/summary".to_owned()),
        ("records", "/records".to_owned()),
        ("records, a page of 200", "/records?limit=200".to_owned()),
        ("records, older", format!("/records?limit=200&cursor={}", middle(now_ms))),
        ("records, refused", "/records?effect=refused".to_owned()),
        ("records, would be refused", "/records?effect=would-deny".to_owned()),
        ("records, allowed", "/records?effect=allowed".to_owned()),
        ("records, of a day", format!("/records?since_ms={middle_ms}&until_ms={}", middle_ms + 86_400_000)),
        ("records, a frequent image", format!("/records?image={FREQUENT}")),
        ("records, a rare image", format!("/records?image={RARE}")),
        ("records, no such image", "/records?image=nothing-is-called-so".to_owned()),
        ("records, of a person", format!("/records?user={}", member(77))),
        ("records, on a machine", format!("/records?machine={}", machine(77))),
        ("records, a reason", "/records?reason=deny_rule".to_owned()),
        ("records, no such reason", "/records?reason=expired".to_owned()),
        ("records, a category", "/records?category=official".to_owned()),
        ("records, no such action", "/records?action=build".to_owned()),
        ("records, a rule", format!("/records?rule={}", rule(7))),
        ("machines", "/machines".to_owned()),
        ("machines, last page", format!("/machines?limit=200&cursor={machines}")),
        ("machines, of a person", format!("/machines?user={}", member(77))),
        ("audit log", "/audit?limit=200".to_owned()),
        ("audit log, of nobody", "/audit?actor=user:nobody".to_owned()),
        ("audit log, no such act", "/audit?act=member.remove".to_owned()),
        ("sign-ins", "/sign-ins?limit=200".to_owned()),
        ("sign-ins, of a person", format!("/sign-ins?account={}", member(77))),
        ("sign-ins, refused", "/sign-ins?outcome=wrong".to_owned()),
        ("sign-ins, none such", "/sign-ins?outcome=realm".to_owned()),
        ("tokens", "/tokens".to_owned()),
    ];
    let mut all = pages(&format!("/api/v1/organizations/{ORGANIZATION}"), &of_org);
    let own = [
        ("organizations", "/organizations".to_owned()),
        ("publishers", "/publishers?limit=200".to_owned()),
        ("me", "/me".to_owned()),
        ("my machines", "/me/machines".to_owned()),
        ("my requests", "/me/requests".to_owned()),
        ("an image tried", "/me/check?image=evil/miner".to_owned()),
    ];
    all.extend(pages("/api/v1", &own));
    let draft = json!({ "enabled": true, "official": false, "verified_publisher": false, "community": false });
    all.push(Page {
        name: "preview of a policy, against 90 days".to_owned(),
        path: format!("/api/v1/organizations/{ORGANIZATION}/policy/preview"),
        sent: Some(("application/json", draft.to_string())),
    });
    for page in &mut all {
        page.name.insert_str(0, "API: ");
    }
    all
}

/// Docker Hub's own lists, as its clients ask for them.
pub fn hub() -> Vec<Page> {
    let of_org = [
        ("settings", "/settings".to_owned()),
        ("registries", "/settings/registry-access-management".to_owned()),
        ("members", "/members?page_size=100".to_owned()),
        ("members, last page", "/members?page=25&page_size=100".to_owned()),
        ("invitations", "/invites".to_owned()),
        ("teams", "/groups?page_size=100".to_owned()),
        ("members of a team", "/groups/team7/members".to_owned()),
        ("tokens", "/access-tokens".to_owned()),
    ];
    let mut all = pages(&format!("/v2/orgs/{ORGANIZATION}"), &of_org);
    all.extend(pages("/v2", &[("audit log", format!("/auditlogs/{ORGANIZATION}?page_size=100"))]));
    for page in &mut all {
        page.name.insert_str(0, "Docker Hub's API: ");
    }
    all
}
