//! The refresh from Docker Hub: its form, and what came of it.

use maud::{Markup, html};

use super::{
    super::{
        frame::token,
        parts::wrong,
        words::{plural, prose},
    },
    Publishers, said,
};
use crate::acts::{
    preview::Counted,
    publishers::{BadgeChange, Refreshed},
};

/// Where it begins.
pub(super) fn form(page: &Publishers<'_>) -> Markup {
    html! {
        section .card aria-labelledby="h-refresh" {
            h2 #h-refresh { "Refresh from Docker Hub" }
            p {
                "Asks the search at " code { (page.address) } " which namespaces have a badge, and makes the directory so. "
                "What was given by hand stays as it is. It may take most of a minute, and this page waits for it."
            }
            form method="post" action="/publishers/refresh" {
                (token(page.csrf))
                @if page.asks {
                    div .field {
                        label for="confirm" { "Type the number of namespaces that would lose their badge" }
                        input #confirm name="confirm" inputmode="numeric" autocomplete="off"
                            aria-invalid=[wrong(page.problem, "confirm")];
                    }
                }
                div .row {
                    button .primary[!page.asks] .danger[page.asks] { "Refresh from Docker Hub" }
                    button name="look" value="on" { "See what it would change" }
                }
            }
        }
    }
}

/// What it changed, or would change.
pub(super) fn card(refreshed: &Refreshed) -> Markup {
    let Refreshed { results, passed_over, namespaces, short, made, .. } = refreshed;
    let title = if *made { "What the refresh changed" } else { "What a refresh would change" };
    html! {
        section #refreshed .card aria-labelledby="h-refreshed" tabindex="-1" autofocus {
            h2 #h-refreshed { (title) }
            p {
                code { (refreshed.address) } " shows " (plural(*namespaces, "namespace")) " with a badge, in "
                (plural(*results, "result")) "."
                @if *passed_over > 0 { " Passed over: " (passed_over) " of them, which are no image with the badge." }
            }
            @for (badge, why) in short {
                p .note .warn {
                    "The search for " (said(*badge)) " was not read to its end, so nothing is removed: " (prose(&why.words())) "."
                }
            }
            @if refreshed.differences() == 0 { p { "Nothing differs." } }
            (changes("Added", &refreshed.added))
            (changes("Another badge", &refreshed.changed))
            (changes("Removed", &refreshed.removed))
            @if refreshed.by_hand > 0 { p .hint { "Given by hand, and left so: " (refreshed.by_hand) "." } }
            @if refreshed.unseen > 0 { p .hint { "Not seen, and left so: " (refreshed.unseen) "." } }
            @if let (false, Some(losing)) = (*made, refreshed.needs) {
                p .note .warn {
                    b { (plural(losing, "namespace")) " would lose the badge." }
                    " That is more than a tenth of those from Docker Hub: type the number below if you mean it."
                }
            }
        }
    }
}

fn changes(title: &str, changes: &Counted<BadgeChange>) -> Markup {
    html! {
        @if changes.count > 0 {
            h3 { (title) ": " (changes.count) }
            ul .names {
                @for change in &changes.examples {
                    li { code { (change.namespace) } @if let Some(badge) = change.to.or(change.from) { " " (said(badge)) } }
                }
            }
            @if changes.count > changes.examples.len() {
                p .hint { "And " (changes.count - changes.examples.len()) " more." }
            }
        }
    }
}
