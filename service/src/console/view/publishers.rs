//! *Publishers*.

mod refresh;

use maud::{Markup, html};

use super::{
    super::{fault::Problem, fields::Fields},
    frame::{problem, token},
    parts::{sure, wrong},
    words::plural,
};
use crate::{
    acts::publishers::{MOST_AT_ONCE, Refreshed},
    model::{Badge, BadgeSource, Publisher, word},
};

/// What it shows.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Publishers<'a> {
    /// They may give and take badges.
    pub changes: bool,
    pub csrf: &'a str,
    /// Of all.
    pub count: usize,
    /// What stands in the box.
    pub search: &'a str,
    pub rows: &'a [Publisher],
    /// Where the next page is.
    pub next: Option<&'a str>,
    pub typed: &'a Fields,
    pub problem: Option<&'a Problem>,
    /// Whose search a refresh asks.
    pub address: &'a str,
    /// What a refresh changed, or would change.
    pub refreshed: Option<&'a Refreshed>,
    /// A refresh takes the number of namespaces that lose their badge.
    pub asks: bool,
}

const BADGES: [(Badge, &str); 2] = [
    (Badge::VerifiedPublisher, "Docker Verified Publisher"),
    (Badge::SponsoredOpenSource, "Docker-Sponsored Open Source"),
];

pub(in super::super) fn content(page: &Publishers<'_>) -> Markup {
    html! {
        h1 { "Publishers" }
        p .lead {
            "Which namespaces of Docker Hub have a badge. It holds for every organization of this service; sponsored open source counts as community images."
        }
        (problem(page.problem.map(|problem| problem.text.as_str())))
        @if let Some(refreshed) = page.refreshed { (refresh::card(refreshed)) }
        form .row .search method="get" action="/publishers" role="search" {
            div .field {
                label for="search" { "Namespace" }
                input #search type="search" name="search" value=(page.search) autocapitalize="none" spellcheck="false" autocomplete="off";
            }
            button { "Search" }
        }
        @if page.rows.is_empty() {
            p .note { @if page.count == 0 { "The directory is empty: every namespace but the organization's own is a community one." } @else { "No such namespace has a badge." } }
        } @else {
            div .card {
                p .hint { (plural(page.count, "namespace")) " in the directory" }
                table .stack {
                    thead { tr { th scope="col" { "Namespace" } th scope="col" { "Badge" } th scope="col" { "Source" } @if page.changes { th scope="col" { "Take away" } } } }
                    tbody {
                        @for Publisher { namespace, badge, source } in page.rows {
                            tr {
                                th scope="row" { code { (namespace) } }
                                td data-head="Badge" { (said(*badge)) }
                                td data-head="Source" { (of(*source)) }
                                @if page.changes { td { (sure("/publishers/take", page.csrf, "Take away", namespace, &[("namespace", namespace)])) } }
                            }
                        }
                    }
                }
            }
        }
        @if let Some(next) = page.next { p { a href=(next) { "More" } } }
        @if page.changes { (refresh::form(page)) (form(page)) }
        @else { p .hint { "Who owns every organization of this service changes the directory." } }
    }
}

fn form(page: &Publishers<'_>) -> Markup {
    let chosen = page.typed.choice("badge").unwrap_or(Badge::VerifiedPublisher);
    html! {
        section .card aria-labelledby="h-give" {
            h2 #h-give { "Give badges" }
            p .hint { "By hand: no refresh changes them from then on." }
            form method="post" action="/publishers" {
                (token(page.csrf))
                div .field {
                    label for="publishers" { "Namespaces" }
                    div #publishers-hint .hint {
                        "One a line, at most " (MOST_AT_ONCE) "; with a badge of its own behind it if it has another: "
                        code { "grafana sponsored-open-source" } "."
                    }
                    textarea #publishers .code name="publishers" rows="4" required spellcheck="false" aria-describedby="publishers-hint"
                        aria-invalid=[wrong(page.problem, "publishers")] { "\n" (page.typed.raw("publishers")) }
                }
                div .field {
                    label for="badge" { "Badge" }
                    select #badge name="badge" { @for (badge, text) in BADGES { option value=(word(badge)) selected[badge == chosen] { (text) } } }
                }
                button .primary { "Give" }
            }
        }
    }
}

fn of(source: BadgeSource) -> &'static str {
    match source {
        BadgeSource::Hand => "By hand",
        BadgeSource::DockerHub => "Docker Hub",
    }
}

fn said(badge: Badge) -> &'static str {
    BADGES.iter().find(|(one, _)| *one == badge).map_or("", |(_, text)| text)
}
