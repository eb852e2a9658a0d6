//! *Activity*.

use clap::ValueEnum;
use maud::{Markup, html};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    super::{activity::MOST, fields::Fields},
    chart,
    words::moment,
};
use crate::{
    acts::activity::{Filter, Summary},
    model::word,
    store::{RecordRow, Top, Which},
};

/// What it shows.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Activity<'a> {
    pub organization: &'a str,
    /// They may allow what was refused.
    pub allows: bool,
    /// What was asked for.
    pub fields: &'a Fields,
    pub shown: Shown,
    pub since: Since,
    pub filter: &'a Filter,
    /// Days since the Unix epoch.
    pub today: i64,
    pub summary: &'a Summary,
    /// Newest first.
    pub rows: &'a [RecordRow],
    /// Where older ones are.
    pub older: Option<&'a str>,
}

/// Which decisions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in super::super) enum Shown {
    #[default]
    Refused,
    Denied,
    WouldDeny,
    Allowed,
    All,
}

const SHOWN: [(Shown, &str); 5] = [
    (Shown::Refused, "All refusals"),
    (Shown::Denied, "Refused"),
    (Shown::WouldDeny, "Would have been refused"),
    (Shown::Allowed, "Allowed"),
    (Shown::All, "Everything"),
];

impl Shown {
    pub(in super::super) fn which(self) -> Which {
        match self {
            Self::Refused => Which::Refused,
            Self::Denied => Which::Denied,
            Self::WouldDeny => Which::WouldDeny,
            Self::Allowed => Which::Allowed,
            Self::All => Which::All,
        }
    }
}

/// From when on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in super::super) enum Since {
    Week,
    #[default]
    Month,
    Quarter,
}

const SINCE: [(Since, &str); 3] =
    [(Since::Week, "Last 7 days"), (Since::Month, "Last 30 days"), (Since::Quarter, "Last 90 days")];

impl Since {
    fn days(self) -> i64 {
        match self {
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
        }
    }

    /// The beginning of its first day, milliseconds since the Unix epoch.
    pub(in super::super) fn since_ms(self, now_ms: i64) -> i64 {
        (now_ms.div_euclid(86_400_000) - self.days() + 1).saturating_mul(86_400_000)
    }
}

/// Where it is.
pub(in super::super) fn path(organization: &str) -> String {
    format!("/orgs/{organization}/activity")
}

pub(in super::super) fn content(page: &Activity<'_>) -> Markup {
    let Activity { organization, fields, summary, .. } = page;
    let path = path(organization);
    let file = |extension: &str| fields.address(&format!("{path}.{extension}"), &[("before", "")]);
    html! {
        h1 { "Activity" }
        p .lead { "What machines of " b { (organization) } " refused, and what they would have refused while the policy only monitors." }
        section .card aria-labelledby="h-days" {
            h2 #h-days { "Refusals a day" }
            (chart::days(&summary.days, page.today, page.since.days()))
            div .pair {
                (top("Most refused images", &summary.images, |image| fields.address(&path, &[("image", image), ("before", "")])))
                (top("Most refused people", &summary.people, |user| fields.address(&path, &[("user", user), ("before", "")])))
            }
        }
        section .card aria-labelledby="h-list" {
            h2 #h-list { "Decisions" }
            (search(page, &path))
            @if page.rows.is_empty() {
                p .none {
                    @if page.older.is_some() { "Nothing among the newest decisions; the search goes on below." }
                    @else { "No such decision was reported." }
                }
            } @else {
                table .stack {
                    thead {
                        tr {
                            th scope="col" { "Image" } th scope="col" { "Answer" } th scope="col" { "Who" }
                            th scope="col" { "Machine" } th scope="col" { "When" }
                            @if page.allows { th scope="col" { "Allow" } }
                        }
                    }
                    tbody { @for row in page.rows { (decision(page, &path, row)) } }
                }
            }
            p .links {
                @if let Some(older) = page.older { a href=(older) { "Older" } }
                @if !page.rows.is_empty() {
                    a href=(file("csv")) { "Export as CSV" } a href=(file("json")) { "Export as JSON" }
                    span .hint { "at most the newest " (MOST) }
                }
            }
        }
    }
}

fn search(page: &Activity<'_>, path: &str) -> Markup {
    let filter = page.filter;
    html! {
        form .row .search method="get" action=(path) role="search" {
            div .field {
                label for="image" { "Image" }
                input #image type="search" name="image" value=(filter.image) placeholder="part of a name" autocapitalize="none"
                    spellcheck="false" autocomplete="off";
            }
            div .field {
                label for="user" { "Person" }
                input #user type="search" name="user" value=(filter.user) autocapitalize="none" spellcheck="false" autocomplete="off";
            }
            div .field {
                label for="show" { "Show" }
                select #show name="show" {
                    @for (one, text) in SHOWN { option value=(word(one)) selected[one == page.shown] { (text) } }
                }
            }
            div .field {
                label for="since" { "From" }
                select #since name="since" {
                    @for (one, text) in SINCE { option value=(word(one)) selected[one == page.since] { (text) } }
                }
            }
            button { "Search" }
        }
        @if !filter.machine.is_empty() {
            p { "On machine " code { (filter.machine) } ". " a href=(page.fields.address(path, &[("machine", ""), ("before", "")])) { "On all machines" } }
        }
    }
}

fn top(title: &str, all: &[Top], address: impl Fn(&str) -> String) -> Markup {
    let most = all.iter().map(|one| one.refusals).max().unwrap_or_default().max(1);
    html! {
        div {
            h3 { (title) }
            @if all.is_empty() { p .none { "None in this time." } }
            @else {
                ol .top-list {
                    @for one in all {
                        li {
                            a href=(address(&one.name)) { (one.name) }
                            span .number { (one.refusals) }
                            meter min="0" max=(most) value=(one.refusals) aria-hidden="true" {}
                        }
                    }
                }
            }
        }
    }
}

fn decision(page: &Activity<'_>, path: &str, row: &RecordRow) -> Markup {
    let machine = page.fields.address(path, &[("machine", &row.machine_id), ("before", "")]);
    let allow =
        Fields::default().address(&format!("/orgs/{}/allowlist", page.organization), &[("pattern", &row.image)]);
    let short: String = row.machine_id.chars().take(8).collect();
    html! {
        tr {
            th scope="row" {
                @if row.image.is_empty() { span .none { "no image" } } @else { code { (row.image) } }
                div .hint { (row.action) }
            }
            td data-head="Answer" {
                span .state .no[!row.allowed] .watch[row.allowed && row.would_deny] .on[row.allowed && !row.would_deny] { (answer(row)) }
                div .hint { (row.reason.replace('_', " ")) @if !row.category.is_empty() { ": " (row.category.replace('_', " ")) } }
            }
            td data-head="Who" { (row.reported_by) }
            td data-head="Machine" {
                a href=(machine) title=(row.machine_id) { (short) }
                @if row.machine_disputed { " " span .state .watch { "disputed" } }
            }
            td data-head="When" { (moment(row.received_at_ms / 1000)) }
            @if page.allows {
                td {
                    @if !row.image.is_empty() && (!row.allowed || row.would_deny) {
                        a .button .small href=(allow) aria-label={ "Allow " (row.image) } { "Allow …" }
                    }
                }
            }
        }
    }
}

/// What became of it, in words.
pub(in super::super) fn answer(row: &RecordRow) -> &'static str {
    match (row.allowed, row.would_deny) {
        (false, _) => "refused",
        (true, true) => "would be refused",
        (true, false) => "allowed",
    }
}

/// A moment, milliseconds since the Unix epoch, as RFC 3339 has it.
pub(in super::super) fn exact(at_ms: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(at_ms) * 1_000_000);
    at.ok().and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}
