//! Every page, as everybody sees it: nothing is broken, nothing is out of reach, everybody gets what they may see.
//!
//! Pictures of each are in `target/screenshots/pages` afterwards, for people to look at.

use std::{collections::BTreeSet, fs, path::Path};

use tests::browser::{Company, Look, Window, screenshots};

use super::sound;

/// A page of the console.
struct Page {
    /// In names of pictures.
    name: &'static str,
    /// As the router has it.
    route: &'static str,
    /// What is opened; `ID`: a request's.
    address: &'static str,
    heading: &'static str,
    /// Who sees it: owner, admin, aUditor, member, nobody in particular. The others are told why they do not.
    who: &'static str,
}

const fn page(
    name: &'static str,
    route: &'static str,
    address: &'static str,
    heading: &'static str,
    who: &'static str,
) -> Page {
    Page { name, route, address, heading, who }
}

#[rustfmt::skip]
const PAGES: [Page; 22] = [
    page("home",           "/",                                   "/",                               "Image access",      "OAUM"),
    page("sign-in",        "/sign-in",                            "/sign-in",                        "Sign in",           "n"),
    page("sign-in-to-ask", "/sign-in",                            "/sign-in?next=/requests/new",     "Sign in",           "n"),
    page("join",           "/join",                               "/join",                           "Join",              "nOAUM"),
    page("image-access",   "/orgs/{organization}/image-access",   "/orgs/acme/image-access",         "Image access",      "OAUM"),
    page("allowlist",      "/orgs/{organization}/allowlist",      "/orgs/acme/allowlist",            "Allowlist",         "OAUM"),
    page("denylist",       "/orgs/{organization}/allowlist",      "/orgs/acme/allowlist?list=deny",  "Denylist",          "OAUM"),
    page("namespaces",     "/orgs/{organization}/namespaces",     "/orgs/acme/namespaces",           "Namespaces",        "OAUM"),
    page("requests",       "/orgs/{organization}/requests",       "/orgs/acme/requests",             "Requests",          "OAU"),
    page("request",        "/orgs/{organization}/requests/{id}",  "/orgs/acme/requests/ID",          "Request for docker.io/evil/miner", "OAU"),
    page("activity",       "/orgs/{organization}/activity",       "/orgs/acme/activity",             "Activity",          "OAU"),
    page("machines",       "/orgs/{organization}/machines",       "/orgs/acme/machines",             "Machines",          "OAU"),
    page("members",        "/orgs/{organization}/members",        "/orgs/acme/members",              "Members and teams", "OAU"),
    page("tokens",         "/orgs/{organization}/tokens",         "/orgs/acme/tokens",               "Tokens",            "OAU"),
    page("audit",          "/orgs/{organization}/audit",          "/orgs/acme/audit",                "Audit log",         "OAU"),
    page("my-policy",      "/my-policy",                          "/my-policy",                      "My policy",         "OAUM"),
    page("my-policy-tried", "/my-policy",                         "/my-policy?image=evil/miner",     "My policy",         "OAUM"),
    page("my-requests",    "/requests",                           "/requests",                       "My requests",       "OAUM"),
    page("new-request",    "/requests/new",                       "/requests/new?image=evil/other",  "Ask for an image",  "OAUM"),
    page("account",        "/account",                            "/account",                        "Account",           "OAUM"),
    page("publishers",     "/publishers",                         "/publishers",                     "Publishers",        "OAUM"),
    page("nowhere",        "",                                    "/nowhere",                        "Not here",          "nOAUM"),
];

/// Where a browser gets a file, or is sent on.
const NO_PAGES: [&str; 5] = [
    "/orgs/{organization}/activity.csv",
    "/orgs/{organization}/activity.json",
    "/assets/{file}",
    // To the identity provider and back.
    "/sign-in/provider",
    "/sign-in/callback",
];

/// The addresses that the console's router answers to a GET.
fn routes() -> BTreeSet<String> {
    let source = fs::read_to_string(tests::repository().join("service/src/console.rs")).unwrap();
    let mut found = BTreeSet::new();
    for route in source.split(".route(").skip(1) {
        let (path, handler) = route.trim_start().strip_prefix('"').unwrap().split_once('"').unwrap();
        match handler.trim_start_matches([',', ' ', '\n']) {
            get if get.starts_with("get(") => _ = found.insert(path.to_owned()),
            other => assert!(other.starts_with("post("), "neither GET nor POST: {path} {other:.30}"),
        }
    }
    found
}

#[test]
fn every_page_of_the_router_is_looked_at() {
    let pages = PAGES.iter().map(|page| page.route).filter(|route| !route.is_empty()).chain(NO_PAGES);
    assert_eq!(routes(), pages.map(str::to_owned).collect());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_sound_for_everybody() {
    let company = Company::busy().await;
    let request = company.request("docker.io/evil/miner").await.unwrap();
    let pictures = screenshots().join("pages");
    let _ = fs::remove_dir_all(&pictures);
    fs::create_dir_all(&pictures).unwrap();
    let (one, two) =
        tokio::join!(as_people("OU", &company, &request, &pictures), as_people("AMn", &company, &request, &pictures),);
    let faults = [one, two].concat();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    println!("pictures of every page: {}", pictures.display());
}

/// Opens every page as each of these people, and says what is wrong.
async fn as_people(roles: &str, company: &Company, request: &str, pictures: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for role in roles.chars() {
        let window = company.window(role).await;
        for page in &PAGES {
            let found = look_at(page, role, &window, request, pictures).await;
            faults.extend(found.into_iter().map(|fault| format!("{} as {role}: {fault}", page.name)));
        }
        window.close().await;
    }
    faults
}

async fn look_at(page: &Page, role: char, window: &Window, request: &str, pictures: &Path) -> Vec<String> {
    let (status, heading) = expected(page, role);
    let mut faults = Vec::new();
    for look in Look::ALL {
        window.look(look).await;
        window.open(&page.address.replace("ID", request)).await;
        let seen = (window.status().await, window.heading().await);
        if (seen.0, seen.1.as_str()) != (status, heading) {
            faults.push(format!("{seen:?} instead of {:?}", (status, heading)));
        }
        faults.extend(sound::faults(window, look).await);
        if page.who.contains(role) {
            window.picture(pictures, &format!("{}.{role}", page.name), look).await;
        }
    }
    faults.extend(window.complaints().await);
    faults
}

/// Status and heading of what somebody gets.
fn expected(page: &Page, role: char) -> (u64, &'static str) {
    match (page.who.contains(role), role) {
        _ if page.route.is_empty() => (404, page.heading),
        (true, _) => (200, page.heading),
        (false, 'n') => (200, "Sign in"),
        // Who is signed in goes on at once.
        (false, _) if page.address == "/sign-in" => (200, "Image access"),
        (false, _) if page.route == "/sign-in" => (200, "Ask for an image"),
        (false, _) => (403, "Not for you"),
    }
}
