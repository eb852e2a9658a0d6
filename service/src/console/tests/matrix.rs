//! Every form times every role.

use super::{routes::routes, *};
use crate::store::testing::on_each_database;

/// Who sends it, in the order of the letters: nobody; the owner of another organization; somebody who belongs to none; a
/// member, an auditor, an admin, the owner, and who owns all organizations.
const EVERYBODY: &str = "nSxMUAOE";

/// What a request is for, in a path.
const ID: &str = "{id}";

/// Where a form goes, the letters of those who get through to the thing itself, and what stands in it. What it is about is
/// not there, or is as it should be, so that who gets through changes nothing that others need.
type Form = (&'static str, &'static str, &'static [(&'static str, &'static str)]);

#[rustfmt::skip]
const FORMS: [Form; 30] = [
    ("/sign-in",                                          "nSxMUAOE", &[("username", "olga"), ("password", PASSWORD), ("next", "/")]),
    ("/sign-out",                                         " SxMUAOE", &[]),
    ("/orgs/{organization}/image-access",                 "     AOE", &[]),
    ("/orgs/{organization}/image-access/preview",         "     AOE", &[]),
    ("/orgs/{organization}/allowlist",                    "     AOE", &[("list", "allow"), ("whom", "everybody"), ("pattern", "grafana/grafana")]),
    ("/orgs/{organization}/allowlist/remove",             "     AOE", &[("list", "allow"), ("rule", "01J9")]),
    ("/orgs/{organization}/namespaces",                   "       E", &[("namespace", "somespace")]),
    ("/orgs/{organization}/namespaces/remove",            "      OE", &[("namespace", "otherspace")]),
    ("/orgs/{organization}/members/change",               "      OE", &[("user", "somebody"), ("role", "member"), ("seen", "x")]),
    ("/orgs/{organization}/members/remove",               "      OE", &[("user", "somebody")]),
    ("/orgs/{organization}/members/invite",               "      OE", &[("user", "newcomer"), ("role", "member")]),
    ("/orgs/{organization}/members/uninvite",             "      OE", &[("invitation", "01J9")]),
    ("/orgs/{organization}/teams/add",                    "     AOE", &[("team", "some-team")]),
    ("/orgs/{organization}/teams/remove",                 "     AOE", &[("team", "other-team")]),
    ("/orgs/{organization}/teams/person",                 "     AOE", &[("team", "other-team"), ("user", "alice"), ("in", "on")]),
    ("/orgs/{organization}/tokens",                       "      OE", &[("name", "ci"), ("scope-sign-in", "on")]),
    ("/orgs/{organization}/tokens/end",                   "      OE", &[("token", "0123456789abcdef")]),
    ("/publishers",                                       "       E", &[("publishers", "somespace"), ("badge", "verified-publisher")]),
    ("/publishers/take",                                  "       E", &[("namespace", "otherspace")]),
    ("/publishers/refresh",                               "       E", &[("look", "on")]),
    ("/account/browsers/end",                             " SxMUAOE", &[("browser", "01J9")]),
    ("/account/invitations",                              " SxMUAOE", &[("invitation", "01J9"), ("answer", "yes")]),
    ("/account/password",                                 " SxMUAOE", &[("current", "x"), ("password", "a"), ("again", "b")]),
    ("/account/tokens",                                   " SxMUAOE", &[("name", "x")]),
    ("/account/tokens/end",                               " SxMUAOE", &[("token", "0123456789abcdef")]),
    ("/join",                                             "nSxMUAOE", &[("code", "x"), ("password", "a"), ("again", "b")]),
    ("/orgs/{organization}/requests/{id}/approve",        "     AOE", &[("lasts", "30d")]),
    ("/orgs/{organization}/requests/{id}/deny",           "     AOE", &[("reason", "no")]),
    ("/requests/new",                                     " SxMUAOE", &[("image", "alpine"), ("reason", "x")]),
    // The member's own.
    ("/requests/{id}/withdraw",                           "   M    ", &[]),
];

#[test]
fn every_form_of_the_router_has_a_row() {
    let posts: Vec<&str> = routes().into_iter().filter(|(method, _)| *method == "POST").map(|(_, path)| path).collect();
    let mut rows: Vec<&str> = FORMS.iter().map(|(path, ..)| *path).collect();
    rows.sort_unstable();
    assert_eq!(posts, rows);
}

/// A request of alice's that waits.
async fn request(world: &World) -> String {
    let olga = world.signed_in("olga").await;
    let seen = olga.get(POLICY).await.hidden("seen");
    let refuses = policy_form(&seen, &[("enabled", Some("on"))]);
    assert_eq!(olga.submit(POLICY, &refuses).await.status, StatusCode::SEE_OTHER);
    let alice = world.signed_in("alice").await;
    let asked = alice.submit("/requests/new", &[("image", "evil/miner"), ("reason", "x")]).await;
    assert_eq!(asked.location(), "/requests", "{}", asked.text);
    let page = alice.get("/requests").await;
    let rest = page.text.split_once("action=\"/requests/").unwrap_or_else(|| panic!("{}", page.text)).1;
    rest.split_once("/withdraw").unwrap().0.to_owned()
}

/// Whether it said no because of who asked.
fn kept_out(page: &Page) -> bool {
    let flash = page.headers.get(header::SET_COOKIE).map_or("", |value| value.to_str().unwrap());
    match page.status {
        StatusCode::SEE_OTHER => page.location().starts_with("/sign-in") && !flash.contains("signed-out"),
        StatusCode::FORBIDDEN => page.says("Not for you"),
        StatusCode::NOT_FOUND => page.says("There is no such page, or it is not yours to see."),
        _ => false,
    }
}

async fn every_form_is_taken_from_whom_its_row_names_and_from_nobody_else(fixture: Fixture) {
    let world = World::on(fixture).await;
    let mut change = world.store.write().await.unwrap();
    let sofia = change.new_account("sofia", crate::model::Origin::Own, None, NOW).await.unwrap();
    for organization in ["acme", "beta"] {
        let organization = change.organization_id(organization).await.unwrap().unwrap();
        change.set_member(organization, sofia, Role::Owner, &[]).await.unwrap();
    }
    change.commit().await.unwrap();
    let id = request(&world).await;
    let people = ["", "otto", "nobody", "alice", "audrey", "adam", "olga", "sofia"];
    assert_eq!(people.len(), EVERYBODY.len());
    let (policy, mut wrong) = (policy_form("x", &[]), Vec::new());
    for (template, expected, fields) in FORMS {
        let address = template.replace("{organization}", "acme").replace(ID, &id);
        let fields = if template.contains("image-access") { &policy[..] } else { fields };
        for (user, letter) in people.into_iter().zip(EVERYBODY.chars()) {
            let (untold, page) = match user {
                "" => (None, world.send(form(&address, "", encode(fields))).await),
                user => {
                    // Another one each time: some forms end it.
                    let browser = world.signed_in(user).await;
                    let csrf = browser.get("/account").await.hidden("csrf");
                    let untold = browser.post(&address, &[("csrf", "x")]).await;
                    (Some(untold), browser.post(&address, &[fields, &[("csrf", csrf.as_str())]].concat()).await)
                }
            };
            let told = format!("{letter} {template}: {} {} {}", page.status, page.location(), page.text);
            assert!(!page.status.is_server_error() && page.status != StatusCode::TOO_MANY_REQUESTS, "{told}");
            assert_ne!(page.status, StatusCode::BAD_REQUEST, "not as the page sends it: {told}");
            if kept_out(&page) == expected.contains(letter) {
                wrong.push(told);
            }
            // Whoever it is: what none of our pages sent is not looked at.
            if let Some(untold) = untold.filter(|_| !matches!(template, "/sign-in" | "/join")) {
                assert_eq!(untold.status, StatusCode::FORBIDDEN, "{letter} {template}: {}", untold.text);
                assert!(untold.says("An old page"), "{letter} {template}: {}", untold.text);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

on_each_database! {
    every_form_is_taken_from_whom_its_row_names_and_from_nobody_else,
}
