//! Pages as they are, and with names that would do harm.
//!
//! `PULLGATE_REGENERATE=1 cargo test -p service console::view` writes the pages anew.

mod pages_of_lists;
mod pages_of_people;
mod pages_of_previews;
mod pages_of_requests;

use std::{fs, path::PathBuf};

use maud::Markup;
use proto::secret::Secret;

use super::{
    account::Account,
    activity::{Activity, Shown, Since},
    audit::Audit,
    image_access::{Entered, ImageAccess},
    lists::{Lists, Typed},
    machines::Machines,
    members::Members,
    my_policy::{Judged, MyPolicy},
    namespaces::Namespaces,
    publishers::Publishers,
    requests::{Answering, MyRequests, NewRequest, OneRequest, Requests},
    sign_in::{SignInPage, Ways},
    tokens::Tokens,
    *,
};
use crate::{
    access::Refusal,
    acts::{
        activity::{Filter, Hits, Summary},
        organization_tokens::OrganizationToken,
        policy::Published,
        preview::Counted,
        publishers::{BadgeChange, Refreshed},
    },
    console::{fault::Problem, fields::Fields, flash::Flash},
    hub_search::Short,
    identity::Realm,
    model::{
        AccessRequest, AccessState, Badge, BadgeSource, Builds, ContainerBuilders, Effect, EnginePlugins, Guard,
        LocalContent, Membership, Mode, Origin, PolicyState, Posture, Publisher, Role, Rule, RunUnapproved, Scope,
        Settings, Source, SwarmUse, TokenScope, UnknownRequests, WhenExpired,
    },
    store::{
        BrowserSessionRow, Day, Invitation, MachineRow, MadeRule, Member, RecordRow, RuleHits, Team, TokenRow, Top,
        TrailLine,
    },
};

/// What somebody could call something.
const EVIL: &str = "</title></textarea><script>alert(1)</script>\"'&<img src=x onerror=alert(2)>";

/// Compares with the page that is kept.
fn check(name: &str, page: &Markup) {
    let path =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/console/view/snapshots").join(format!("{name}.html"));
    // Addresses of files change with the files; lines make a difference readable.
    let mut text = page.0.replace("><", ">\n<");
    for asset in [&*super::super::assets::STYLE, &super::super::assets::SCRIPT, &super::super::assets::ICON] {
        text = text.replace(&asset.address(), "/assets/…");
    }
    text.push('\n');
    if std::env::var_os("PULLGATE_REGENERATE").is_some() {
        fs::write(&path, &text).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "{name} changed; look at it, and run PULLGATE_REGENERATE=1 cargo test -p service console::view"
    );
}

/// Nothing that people wrote is markup, and nothing needs more than the content-security policy lets through.
fn harmless(page: &Markup) {
    let text = &page.0;
    let own_script = text.matches("<script src=\"/assets/").count();
    assert_eq!(text.matches("<script").count(), own_script, "{text}");
    for bad in ["<img", " onerror=alert(2)>", " style=\"", " onclick", "javascript:", "<style"] {
        assert!(!text.contains(bad), "{bad} in {text}");
    }
}

fn membership(organization: &str, role: Role) -> Membership {
    Membership { organization: organization.to_owned(), role, teams: Vec::new() }
}

fn framed(user: &str, memberships: &[Membership], tab: Tab, content: &Markup) -> Markup {
    let here = Here::Of(&memberships[0], tab);
    let frame = Frame {
        user,
        csrf: "csrf-token",
        memberships,
        here,
        title: "A page",
        looks_only: false,
        flash: Some(Flash::PolicySaved),
    };
    page(&frame, content)
}

fn entered() -> Entered {
    Entered {
        enabled: true,
        mode: Mode::Enforce,
        official: true,
        verified_publisher: true,
        community: false,
        registry_control: true,
        registries: "*.corp.example\nghcr.io".to_owned(),
        when_expired: WhenExpired::Keep,
        message: "Ask in #docker.\nWe answer within a day.".to_owned(),
        request_url: "https://access.acme.example/requests/new".to_owned(),
        email: "it@acme.example".to_owned(),
        session_fresh: String::new(),
        session_valid: "14d".to_owned(),
        local_content: LocalContent::Allow,
        run_unapproved: RunUnapproved::Warn,
        engine_plugins: EnginePlugins::AsImages,
        swarm: SwarmUse::Own,
        builds: Builds::Allow,
        container_builders: ContainerBuilders::Allow,
        unknown_requests: UnknownRequests::Deny,
        push_limited: true,
        push: "acme/*".to_owned(),
        protect: false,
        protect_allow: String::new(),
    }
}

fn policy<'a>(entered: &'a Entered, namespaces: &'a [String]) -> ImageAccess<'a> {
    ImageAccess {
        organization: "acme",
        editable: true,
        csrf: "csrf-token",
        seen: "tag",
        entered,
        stored: None,
        problem: None,
        preview: None,
        published: Some(Published { generation: 12, at: 1_795_743_249 }),
        namespaces,
        rules: [1, 0],
    }
}

#[test]
fn the_sign_in() {
    let plain = SignInPage { next: "/", ..SignInPage::default() };
    check("sign_in", &sign_in::page(&plain));
    let problem = Problem::new("the user name or the password is wrong");
    let next = "/requests/new?image=docker.io%2Fa%2Fb";
    check("sign_in_wrong", &sign_in::page(&SignInPage { next, user: "alice", problem: Some(&problem), ..plain }));
    let ways = Ways { provider: Some("id.acme.example"), docker_hub: true };
    check("sign_in_ways", &sign_in::page(&SignInPage { next, ways, realm: Realm::DockerHub, ..plain }));
    let problem = Problem::new(format!("`{EVIL}` is wrong"));
    harmless(&sign_in::page(&SignInPage { next: EVIL, user: EVIL, problem: Some(&problem), ways, ..plain }));
}

#[test]
fn image_access_for_an_owner_and_for_a_member() {
    let (entered, namespaces) = (entered(), ["acme".to_owned(), "acme-tools".to_owned()]);
    let owner = [membership("acme", Role::Owner), membership("beta", Role::Member)];
    let content = image_access::content(&policy(&entered, &namespaces));
    check("image_access", &framed("olga", &owner, Tab::ImageAccess, &content));
    let member = [membership("acme", Role::Member)];
    let content = image_access::content(&ImageAccess { editable: false, ..policy(&entered, &namespaces) });
    assert!(!content.0.contains("<form") && !content.0.contains("<input"), "who may not change it is offered nothing");
    check("image_access_read_only", &framed("alice", &member, Tab::ImageAccess, &content));
}

#[test]
fn a_change_of_two_owners_is_shown_side_by_side() {
    let (mine, namespaces) = (entered(), []);
    let theirs = Entered { community: true, message: String::new(), ..entered() };
    let content = image_access::content(&ImageAccess { stored: Some(&theirs), ..policy(&mine, &namespaces) });
    for part in ["Somebody else changed", "<td>on</td><td>off</td>", "<td>none</td><td>Ask in #docker., We answer"] {
        assert!(content.0.contains(part), "{part} in {}", content.0);
    }
    assert!(!content.0.contains("<td>Keep the last policy</td>"), "what is the same is not shown");
}

#[test]
fn nobodys_words_are_markup() {
    let evil = || EVIL.to_owned();
    let mine = Entered {
        registries: evil(),
        message: evil(),
        request_url: evil(),
        email: evil(),
        session_fresh: evil(),
        session_valid: evil(),
        push: evil(),
        protect_allow: evil(),
        ..entered()
    };
    let (namespaces, other) = ([evil()], entered());
    let problem = Problem { text: format!("`{EVIL}` is no pattern {EVIL}"), field: Some("push") };
    let member = [membership(EVIL, Role::Owner), membership(EVIL, Role::Owner)];
    for editable in [true, false] {
        let page = ImageAccess {
            organization: EVIL,
            csrf: EVIL,
            seen: EVIL,
            editable,
            stored: Some(&other),
            problem: Some(&problem),
            ..policy(&mine, &namespaces)
        };
        harmless(&framed(EVIL, &member, Tab::ImageAccess, &image_access::content(&page)));
    }
    harmless(&excuse(&Excuse { title: EVIL, text: EVIL }));
}

#[test]
fn an_excuse() {
    check("excuse", &excuse(&Excuse { title: "Not here", text: "there is no such page" }));
}
