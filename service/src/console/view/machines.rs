//! *Machines*.

use maud::{Markup, html};

use super::words::moment;
use crate::store::MachineRow;

/// What it shows.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Machines<'a> {
    pub organization: &'a str,
    /// What stands in the box.
    pub user: &'a str,
    /// By user, machine and local user.
    pub rows: &'a [MachineRow],
    /// The newest generation of the policy.
    pub published: Option<i64>,
    /// Where the next page is.
    pub next: Option<&'a str>,
    /// Seconds since the Unix epoch.
    pub now: i64,
}

/// Where it is.
pub(in super::super) fn path(organization: &str) -> String {
    format!("/orgs/{organization}/machines")
}

pub(in super::super) fn content(page: &Machines<'_>) -> Markup {
    html! {
        h1 { "Machines" }
        p .lead { "Where people of " b { (page.organization) } " are signed in, and what each machine proved of the policy there." }
        form .row .search method="get" action=(path(page.organization)) role="search" {
            div .field {
                label for="user" { "Person" }
                input #user type="search" name="user" value=(page.user) autocapitalize="none" spellcheck="false" autocomplete="off";
            }
            button { "Search" }
        }
        @if page.rows.is_empty() {
            p .note {
                @if page.user.is_empty() { "Nobody is signed in on a machine yet: " code { "docker login" } " with an installed agent does it." }
                @else { code { (page.user) } " is signed in on no machine." }
            }
        } @else {
            div .card {
                table .stack {
                    thead {
                        tr {
                            th scope="col" { "Person" } th scope="col" { "Machine" } th scope="col" { "Policy" }
                            th scope="col" { "Signed in" } th scope="col" { "Agent" } th scope="col" { "Records" }
                        }
                    }
                    tbody { @for row in page.rows { (machine(page, row)) } }
                }
            }
        }
        @if let Some(next) = page.next { p { a href=(next) { "More" } } }
        p .hint {
            "A machine proves a policy with a decision that it reports: one that reported none, or none since the last change, "
            "may have the newest policy all the same. " code { "pullgate status" } " on the machine says it at once."
        }
    }
}

fn machine(page: &Machines<'_>, row: &MachineRow) -> Markup {
    let short: String = row.machine_id.chars().take(8).collect();
    let ended = row.session_expires_at <= page.now;
    html! {
        tr {
            th scope="row" { (row.user) }
            td data-head="Machine" {
                code title=(row.machine_id) { (short) }
                " " span .hint { "local user " (row.uid) }
                @if row.disputed { div { span .state .watch { "Disputed" } span .hint { " accounts of unrelated organizations report it" } } }
            }
            td data-head="Policy" {
                @match (row.generation, page.published) {
                    (Some(at), Some(newest)) if at >= newest => span .state .on { "Newest" },
                    (Some(_), _) => span .state .watch { "An older one" },
                    (None, _) => span .state { "No decision yet" },
                }
                @if let Some(at_ms) = row.last_record_at_ms { div .hint { "last decision " (moment(at_ms / 1000)) } }
            }
            td data-head="Signed in" {
                @if ended { span .state .no { "Ended" } " " (moment(row.session_expires_at)) }
                @else { (moment(row.session_issued_at)) div .hint { "until " (moment(row.session_expires_at)) } }
            }
            td data-head="Agent" { @if row.agent_version.is_empty() { span .none { "unknown" } } @else { (row.agent_version) } }
            td data-head="Records" {
                @if row.records_dropped == 0 && row.records_refused == 0 { "all here" }
                @else {
                    @if row.records_dropped > 0 { div { span .state .watch { (row.records_dropped) " lost there" } } }
                    @if row.records_refused > 0 { div { span .state .watch { (row.records_refused) " not taken" } } }
                }
            }
        }
    }
}
