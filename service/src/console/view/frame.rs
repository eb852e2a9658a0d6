//! What is around every page.

use maud::{DOCTYPE, Markup, html};

use super::{
    super::{
        assets::{ICON, SCRIPT, STYLE},
        flash::Flash,
    },
    words::capital,
};
use crate::{
    model::{Membership, word},
    roles::{Deed, Standing},
};

/// What is around a page of somebody who is signed in.
#[derive(Clone, Debug)]
pub(in super::super) struct Frame<'a> {
    pub user: &'a str,
    /// What each form of the page sends back.
    pub csrf: &'a str,
    pub memberships: &'a [Membership],
    pub here: Here<'a>,
    pub title: &'a str,
    /// The sign-in came of an access token.
    pub looks_only: bool,
    pub flash: Option<Flash>,
}

/// Which page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Here<'a> {
    /// One of an organization.
    Of(&'a Membership, Tab),
    /// One's own.
    Own(Own),
    /// They belong to none.
    Nowhere,
}

/// The pages of an organization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Tab {
    ImageAccess,
    Lists,
    Namespaces,
    Requests,
    Activity,
    Machines,
    Members,
    Tokens,
    Audit,
}

/// One's own pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Own {
    MyPolicy,
    MyRequests,
    Account,
    Publishers,
}

impl Tab {
    const ALL: [Self; 9] = [
        Self::ImageAccess,
        Self::Lists,
        Self::Namespaces,
        Self::Requests,
        Self::Activity,
        Self::Machines,
        Self::Members,
        Self::Tokens,
        Self::Audit,
    ];

    /// Path, name, and what whoever sees it may do.
    fn about(self) -> (&'static str, &'static str, Deed) {
        match self {
            Self::ImageAccess => ("image-access", "Image access", Deed::ReadPolicy),
            Self::Lists => ("allowlist", "Allowlist", Deed::ReadPolicy),
            Self::Namespaces => ("namespaces", "Namespaces", Deed::ReadPolicy),
            Self::Requests => ("requests", "Requests", Deed::ReadRequests),
            Self::Activity => ("activity", "Activity", Deed::ReadActivity),
            Self::Machines => ("machines", "Machines", Deed::ReadMachines),
            Self::Members => ("members", "Members and teams", Deed::ReadMembers),
            Self::Tokens => ("tokens", "Tokens", Deed::ReadOrganizationTokens),
            Self::Audit => ("audit", "Audit log", Deed::ReadAudit),
        }
    }
}

const OWN: [(Own, &str, &str); 4] = [
    (Own::MyPolicy, "/my-policy", "My policy"),
    (Own::MyRequests, "/requests", "My requests"),
    (Own::Account, "/account", "Account"),
    (Own::Publishers, "/publishers", "Publishers"),
];

/// The document around everything.
pub(super) fn document(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (title) " · pullgate" }
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                link rel="icon" href=(ICON.address()) type="image/svg+xml";
                link rel="stylesheet" href=(STYLE.address());
                script src=(SCRIPT.address()) defer {}
            }
            body { (body) }
        }
    }
}

/// A whole page.
pub(in super::super) fn page(frame: &Frame<'_>, content: &Markup) -> Markup {
    let body = html! {
        a .skip href="#content" { "To the content" }
        header .top {
            a .brand href="/" { (mark()) "pullgate" }
            div .who {
                span { "Signed in as " b { (frame.user) } }
                form method="post" action="/sign-out" {
                    (token(frame.csrf))
                    button .quiet { "Sign out" }
                }
            }
        }
        div .columns {
            @if frame.here != Here::Nowhere { nav aria-label="Pages" { (menu(frame)) } }
            main #content tabindex="-1" {
                @if let Some(flash) = frame.flash { (said(flash)) }
                @if frame.looks_only {
                    p .note { "You signed in with an access token of Docker Hub: you can look and ask. To change something, sign in with the password." }
                }
                (content)
            }
        }
    };
    document(frame.title, &body)
}

fn menu(frame: &Frame<'_>) -> Markup {
    let current = match frame.here {
        Here::Of(current, _) => Some(current),
        Here::Own(_) | Here::Nowhere => frame.memberships.first(),
    };
    let current_page = |is_here: bool| is_here.then_some("page");
    html! {
        @if let Some(current) = current {
            @let shown = |tab: &Tab| tab.about().2.row().allows(Standing::Member(current.role));
            p .organization { (current.organization) " " span .badge { (word(current.role)) } }
            @if frame.memberships.len() > 1 { (others(frame.memberships, current)) }
            ul .tabs {
                @for tab in Tab::ALL.into_iter().filter(shown) {
                    @let (path, name, _) = tab.about();
                    @let here = matches!(frame.here, Here::Of(_, other) if other == tab);
                    li {
                        a href={ "/orgs/" (current.organization) "/" (path) } aria-current=[current_page(here)] { (name) }
                    }
                }
            }
        }
        p .own #own { "You" }
        ul .tabs aria-labelledby="own" {
            @for (page, path, name) in OWN {
                li { a href=(path) aria-current=[current_page(frame.here == Here::Own(page))] { (name) } }
            }
        }
    }
}

fn others(memberships: &[Membership], current: &Membership) -> Markup {
    html! {
        details .switch {
            summary { "Other organizations" }
            ul {
                @for other in memberships.iter().filter(|other| other.organization != current.organization) {
                    li { a href={ "/orgs/" (other.organization) "/image-access" } { (other.organization) } }
                }
            }
        }
    }
}

/// The field that proves where a form comes from.
pub(super) fn token(csrf: &str) -> Markup {
    html! { input type="hidden" name="csrf" value=(csrf); }
}

/// What an earlier form did.
pub(super) fn said(flash: Flash) -> Markup {
    html! { p .note .good[!flash.is_warning()] .warn[flash.is_warning()] role="status" { (flash.text()) } }
}

/// What is wrong with a form, above it.
pub(super) fn problem(text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { p .note .bad role="alert" { (capital(text)) } } }
}

/// A page instead of the one that was asked for.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Excuse<'a> {
    pub title: &'a str,
    pub text: &'a str,
}

/// For whoever belongs to no organization.
pub(in super::super) fn no_organization() -> Markup {
    html! {
        h1 { "No organization" }
        p { "You belong to no organization here, so no policy of this service restricts you. An owner can invite you." }
    }
}

/// Its whole page: whoever gets it may be nobody.
pub(in super::super) fn excuse(excuse: &Excuse<'_>) -> Markup {
    let body = html! {
        main .alone {
            p .brand { (mark()) "pullgate" }
            h1 { (excuse.title) }
            p { (capital(excuse.text)) }
            p { a href="/" { "To the first page" } }
        }
    };
    document(excuse.title, &body)
}

/// The gate.
pub(super) fn mark() -> Markup {
    html! {
        svg .mark viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false" {
            path d="M3 21V9a9 9 0 0 1 18 0v12h-4V9a5 5 0 0 0-10 0v12z" fill="currentColor" {}
            path d="M10 21v-8h4v8z" fill="currentColor" opacity="0.55" {}
        }
    }
}
