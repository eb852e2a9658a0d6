//! *Audit log*.

use maud::{Markup, html};
use serde_json::Value;

use super::words::moment;
use crate::{
    model::{ActKind, from_word},
    store::TrailLine,
};

/// What it shows.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Audit<'a> {
    pub organization: &'a str,
    /// Whether they may see what belongs to no organization.
    pub reads_service: bool,
    /// That is what is shown.
    pub of_service: bool,
    /// What stands in the boxes.
    pub actor: &'a str,
    pub act: &'a str,
    /// Newest first.
    pub lines: &'a [TrailLine],
    /// Where older ones are.
    pub older: Option<&'a str>,
}

/// What belongs to no organization, in an address.
pub(in super::super) const SERVICE: &str = "service";

/// Kinds of acts, as their words begin, and what people call them.
const KINDS: [(&str, &str); 11] = [
    ("", "Everything"),
    ("policy", "Policy"),
    ("allowlist", "Allowlist"),
    ("denylist", "Denylist"),
    ("request", "Requests"),
    ("member", "Members"),
    ("invitation", "Invitations"),
    ("team", "Teams"),
    ("organization", "Organization and its tokens"),
    ("namespace", "Namespaces"),
    ("registry", "Other registries"),
];

/// The same of those that belong to no organization.
const KINDS_OF_SERVICE: [(&str, &str); 7] = [
    ("", "Everything"),
    ("publisher", "Publishers"),
    ("account", "Accounts"),
    ("token", "Access tokens"),
    ("browser", "Browsers"),
    ("key", "Signing keys"),
    ("database", "Backups"),
];

/// Where it is.
pub(in super::super) fn path(organization: &str) -> String {
    format!("/orgs/{organization}/audit")
}

pub(in super::super) fn content(page: &Audit<'_>) -> Markup {
    let kinds: &[(&str, &str)] = if page.of_service { &KINDS_OF_SERVICE } else { &KINDS };
    let here = |of_service: bool| (page.of_service == of_service).then_some("page");
    html! {
        h1 { "Audit log" }
        p .lead {
            "Who changed what in "
            @if page.of_service { "the whole service" } @else { b { (page.organization) } }
            ", with what was before."
        }
        @if page.reads_service {
            ul .filter aria-label="Whose acts" {
                li { a href=(path(page.organization)) aria-current=[here(false)] { (page.organization) } }
                li { a href={ (path(page.organization)) "?of=" (SERVICE) } aria-current=[here(true)] { "The whole service" } }
            }
        }
        form .row .search method="get" action=(path(page.organization)) role="search" {
            @if page.of_service { input type="hidden" name="of" value=(SERVICE); }
            div .field {
                label for="actor" { "Who" }
                input #actor type="search" name="actor" value=(page.actor) autocapitalize="none" spellcheck="false" autocomplete="off";
            }
            div .field {
                label for="act" { "What" }
                select #act name="act" {
                    @for (kind, text) in kinds { option value=(kind) selected[*kind == page.act] { (text) } }
                }
            }
            button { "Search" }
        }
        @if page.lines.is_empty() {
            p .note { "Nothing of that kind was done." }
        } @else {
            div .card {
                table .stack {
                    thead {
                        tr { th scope="col" { "What" } th scope="col" { "To" } th scope="col" { "Who" } th scope="col" { "When" } }
                    }
                    tbody { @for line in page.lines { (row(line)) } }
                }
            }
        }
        @if let Some(older) = page.older { p { a href=(older) { "Older" } } }
    }
}

fn row(line: &TrailLine) -> Markup {
    let detail = serde_json::from_str::<Value>(&line.detail).ok().filter(|detail| *detail != serde_json::json!({}));
    let detail = detail.and_then(|detail| serde_json::to_string_pretty(&detail).ok());
    html! {
        tr {
            th scope="row" {
                code { (line.act) }
                @if let Ok(kind) = from_word::<ActKind>(&line.act) { div .hint { (kind.says()) } }
                @if let Some(detail) = detail {
                    details .table { summary aria-label={ "Details of " (line.act) " " (line.target) } { "Details" } pre .detail tabindex="0" { (detail) } }
                }
            }
            td data-head="To" { (line.target) }
            td data-head="Who" {
                (line.actor.strip_prefix("user:").unwrap_or(&line.actor))
                @if !line.via.is_empty() { div .hint { (line.via) @if !line.peer.is_empty() { " from " (line.peer) } } }
            }
            td data-head="When" { (moment(line.at_ms / 1000)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_act_can_be_searched_for_where_it_stands() {
        for kind in ActKind::all() {
            let kinds: &[(&str, &str)] = if kind.is_of_an_organization() { &KINDS } else { &KINDS_OF_SERVICE };
            assert!(kinds.iter().any(|(subject, _)| *subject == kind.subject()), "{kind:?}");
        }
        for (subject, _) in KINDS.iter().chain(&KINDS_OF_SERVICE).filter(|(subject, _)| !subject.is_empty()) {
            assert!(ActKind::all().iter().any(|kind| kind.subject() == *subject), "{subject}");
        }
    }
}
