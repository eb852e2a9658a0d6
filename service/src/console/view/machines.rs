//! *Machines*.

use maud::{Markup, html};

use super::words::{moment, plural, span};
use crate::{
    acts::machines::{guarded as guarded_like, in_force},
    model::{Guard, Posture, WayIn, word},
    store::MachineRow,
};

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
    /// How many of all of them are guarded how.
    pub guards: &'a [(Guard, i64)],
    /// Only those guarded like this.
    pub guard: Option<Guard>,
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
        p .lead { "Where people of " b { (page.organization) } " are signed in, and what each machine says of itself." }
        (summary(page.guards))
        form .row .search method="get" action=(path(page.organization)) role="search" {
            div .field {
                label for="user" { "Person" }
                input #user type="search" name="user" value=(page.user) autocapitalize="none" spellcheck="false" autocomplete="off";
            }
            div .field {
                label for="guard" { "Guarded" }
                select #guard name="guard" {
                    option value="" { "In any way" }
                    @for (one, text) in GUARDED { option value=(word(one)) selected[Some(one) == page.guard] { (text) } }
                }
            }
            button { "Search" }
        }
        @if page.rows.is_empty() {
            p .note {
                @if page.guard.is_some() { "No machine is guarded like that." }
                @else if page.user.is_empty() { "Nobody is signed in on a machine yet: " code { "docker login" } " with an installed agent does it." }
                @else { code { (page.user) } " is signed in on no machine." }
            }
        } @else {
            div .card {
                table .stack {
                    thead {
                        tr {
                            th scope="col" { "Person" } th scope="col" { "Machine" } th scope="col" { "Policy" }
                            th scope="col" { "Guarded" } th scope="col" { "Signed in" } th scope="col" { "Versions" }
                            th scope="col" { "Records" }
                        }
                    }
                    tbody { @for row in page.rows { (machine(page, row)) } }
                }
            }
        }
        @if let Some(next) = page.next { p { a href=(next) { "More" } } }
        p .hint {
            "An agent tells within a minute what changed on its machine, and each hour that all is as it was; a decision that a "
            "machine reports proves the policy it was made with. One that slept is silent until it tells again. All of it is what the machine says, and whoever administers it "
            "can make it say anything. " code { "pullgate status" } " on the machine tries each way in."
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
                (policy(page, row))
                @if let Some(at_ms) = row.last_record_at_ms { div .hint { "last decision " (moment(at_ms / 1000)) } }
            }
            td data-head="Guarded" { (guarded(row)) }
            td data-head="Signed in" {
                @if ended { span .state .no { "Ended" } " " (moment(row.session_expires_at)) }
                @else { (moment(row.session_issued_at)) div .hint { "until " (moment(row.session_expires_at)) } }
            }
            td data-head="Versions" { (versions(row)) }
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

const GUARDED: [(Guard, &str); 4] = [
    (Guard::Whole, "Every way in"),
    (Guard::Open, "Some ways in open"),
    (Guard::Silent, "Silent"),
    (Guard::Untold, "Nothing told yet"),
];

/// Who is covered.
fn summary(guards: &[(Guard, i64)]) -> Markup {
    let count = |guard| guarded_like(guards, guard);
    let (whole, open, silent, untold) =
        (count(Guard::Whole), count(Guard::Open), count(Guard::Silent), count(Guard::Untold));
    let all = usize::try_from(whole + open + silent + untold).unwrap_or_default();
    html! {
        @if all > 0 {
            p .lead {
                b { (whole) " of " (plural(all, "sign-in")) } " on machines: every way in is guarded. "
                @if open > 0 { "A way in is open at " (open) ". " }
                @if silent > 0 { (silent) @if silent == 1 { " is" } @else { " are" } " silent: the session ended, or nothing was heard for 2 hours. " }
                @if untold > 0 { "Nothing is told yet by " (untold) "." }
            }
        }
    }
}

/// The generation in force there, which is about the milliseconds since the Unix epoch at which it was sealed.
fn policy(page: &Machines<'_>, row: &MachineRow) -> Markup {
    let Some(at) = in_force(row, page.organization) else {
        return html! {
            @if row.posture.is_some() { span .state .watch { "None in force" } }
            @else { span .state { "No decision yet" } }
        };
    };
    let newest = page.published.is_some_and(|newest| at >= newest);
    html! {
        @if newest { span .state .on { "Newest" } } @else { span .state .watch { "An older one" } }
        div .hint { "generation " (at) ", " (span(page.now - at / 1000)) " old: of " (moment(at / 1000)) }
    }
}

fn guarded(row: &MachineRow) -> Markup {
    let Some(posture) = &row.posture else { return html! { span .none { "not told" } } };
    let open = posture.open();
    html! {
        @if row.guard == Guard::Silent { div { span .state .no { "Silent" } " " span .hint { "what it said last:" } } }
        @if open.is_empty() { span .state .on[row.guard == Guard::Whole] { "Every way in" } }
        @for open in &open {
            div { span .state .no { (way(open.way)) " open" } " " span .hint { (open.why) } }
        }
        (rest(posture))
        @if let Some(at_ms) = row.posture_at_ms { div .hint { "told " (moment(at_ms / 1000)) } }
    }
}

/// What is no way in.
fn rest(posture: &Posture) -> Markup {
    html! {
        @if posture.sign_in_enforced { div .hint { "sign-in is enforced" } }
        @if posture.containers_kept { div .hint { "containers are kept from registries" } }
        @if let Some(exceptions) = posture.exceptions_elsewhere() {
            div .hint { "the engine may dial " (exceptions) " without its proxy, by the administrator's exception" }
        }
        @for fault in &posture.sandbox_faults { div .hint { "sandbox: " (fault) } }
    }
}

fn way(way: WayIn) -> &'static str {
    match way {
        WayIn::Pull => "Pulls",
        WayIn::Builds => "Builds",
        WayIn::Loopback => "Loopback",
    }
}

fn versions(row: &MachineRow) -> Markup {
    let told = |what: &str, version: &str| html! { @if !version.is_empty() { div { (what) " " (version) } } };
    html! {
        @if row.agent_version.is_empty() { span .none { "agent unknown" } } @else { (told("agent", &row.agent_version)) }
        @if let Some(posture) = &row.posture {
            (told("plugin", &posture.plugin_version))
            (told("engine", &posture.engine_version))
        }
    }
}
