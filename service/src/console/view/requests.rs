//! *Requests* and *My requests*.

use maud::{Markup, html};

use super::{
    super::fault::Problem,
    frame::{problem, token},
    my_policy::{self, Judged},
    words::moment,
};
use crate::{
    access::{MAX_NOTE_CHARS, MAX_REASON_CHARS},
    model::{AccessRequest, AccessState},
};

/// How long an approval may last, and what a click takes.
const LASTS: [(&str, &str); 5] =
    [("1d", "1 day"), ("7d", "7 days"), (USUAL, "30 days"), ("90d", "90 days"), ("good", "for good")];
const USUAL: &str = "30d";

/// Those to an organization.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Requests<'a> {
    pub organization: &'a str,
    /// They may answer.
    pub answers: bool,
    pub csrf: &'a str,
    /// Not only what waits.
    pub all: bool,
    pub requests: &'a [AccessRequest],
    /// There are older ones.
    pub older: bool,
}

pub(in super::super) fn list(page: &Requests<'_>) -> Markup {
    let here = format!("/orgs/{}/requests", page.organization);
    let state = |all: bool| (all == page.all).then_some("page");
    let more = page.requests.last().filter(|_| page.older);
    html! {
        h1 { "Requests" }
        p .lead { "What people ask " b { (page.organization) } " to allow." }
        ul .filter aria-label="Which requests" {
            li { a href=(here) aria-current=[state(false)] { "Waiting" } }
            li { a href={ (here) "?state=all" } aria-current=[state(true)] { "All" } }
        }
        @if page.requests.is_empty() {
            p .note { @if page.all { "Nobody asked for anything yet." } @else { "Nothing waits for an answer." } }
        } @else {
            div .card {
                table .stack {
                    thead {
                        tr {
                            th scope="col" { "Image" } th scope="col" { "Who" } th scope="col" { "Why" }
                            th scope="col" { "When" } th scope="col" { "Answer" }
                        }
                    }
                    tbody { @for request in page.requests { (row(page, &here, request)) } }
                }
            }
        }
        @if let Some(last) = more {
            p { a href={ (here) "?state=" (if page.all { "all" } else { "" }) "&before=" (last.created_at) "." (last.id) } { "Older" } }
        }
    }
}

fn row(page: &Requests<'_>, here: &str, request: &AccessRequest) -> Markup {
    let address = format!("{here}/{}", request.id);
    html! {
        tr {
            th scope="row" { a href=(address) { (request.image) } }
            td data-head="Who" { (request.user) }
            td data-head="Why" { (request.reason) }
            td data-head="When" { (moment(request.created_at)) }
            td {
                @if request.state == AccessState::Pending && page.answers {
                    form method="post" action={ (address) "/approve" } {
                        (token(page.csrf))
                        input type="hidden" name="lasts" value=(USUAL);
                        button .small aria-label={ "Approve for 30 days: " (request.image) " for " (request.user) } {
                            "Approve for 30 days"
                        }
                    }
                } @else {
                    (state(request))
                }
            }
        }
    }
}

fn state(request: &AccessRequest) -> Markup {
    html! {
        @match request.state {
            AccessState::Pending => span .state .watch { "Waiting" },
            AccessState::Approved => {
                span .state .on { "Approved" }
                @match request.expires_at { Some(at) => { " until " (moment(at)) }, None => " for good" }
            },
            AccessState::Denied => span .state .no { "Denied" },
            AccessState::Withdrawn => span .state { "Taken back" },
        }
    }
}

/// One of them.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct OneRequest<'a> {
    /// They may answer, and it waits.
    pub answers: bool,
    pub csrf: &'a str,
    pub request: &'a AccessRequest,
    /// Teams of who asks.
    pub teams: &'a [String],
    pub typed: &'a Answering,
    pub problem: Option<&'a Problem>,
}

/// What stands in the forms of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Answering {
    pub lasts: String,
    pub whom: Whom,
    pub pattern: String,
    pub note: String,
    pub reason: String,
}

/// Whom an approval is for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) enum Whom {
    #[default]
    Person,
    Team(String),
    Organization,
}

pub(in super::super) fn one(page: &OneRequest<'_>) -> Markup {
    let request = page.request;
    html! {
        p { a href={ "/orgs/" (request.organization) "/requests" } { "All requests" } }
        h1 { "Request for " code { (request.image) } }
        (problem(page.problem.map(|problem| problem.text.as_str())))
        dl .facts {
            div { dt { "Who" } dd { (request.user) } }
            div { dt { "When" } dd { (moment(request.created_at)) } }
            div { dt { "State" } dd { (state(request)) } }
            @if !request.decided_by.is_empty() {
                div { dt { "Answered by" } dd { (request.decided_by) } }
            }
            @if !request.decision.is_empty() { div { dt { "Decision" } dd { code { (request.decision) } } } }
        }
        section .card aria-labelledby="h-why" {
            h2 #h-why { "Why" }
            p .words { (request.reason) }
            @if !request.answer.is_empty() { h3 { "Answer" } p .words { (request.answer) } }
        }
        @if page.answers { div .pair { (approve(page)) (deny(page)) } }
    }
}

fn approve(page: &OneRequest<'_>) -> Markup {
    let OneRequest { request, typed, .. } = page;
    let lasts = if typed.lasts.is_empty() { USUAL } else { &typed.lasts };
    let pattern = if typed.pattern.is_empty() { &request.image } else { &typed.pattern };
    let wrong = |name: &str| page.problem.is_some_and(|problem| problem.field == Some(name)).then_some("true");
    html! {
        section .card aria-labelledby="h-approve" {
            h2 #h-approve { "Approve" }
            form method="post" action={ "/orgs/" (request.organization) "/requests/" (request.id) "/approve" } {
                (token(page.csrf))
                div .field {
                    label for="lasts" { "For how long" }
                    select #lasts name="lasts" {
                        @for (value, text) in LASTS { option value=(value) selected[value == lasts] { (text) } }
                    }
                }
                div .field {
                    label for="whom" { "For whom" }
                    select #whom name="whom" aria-invalid=[wrong("whom")] {
                        option value="person" selected[typed.whom == Whom::Person] { (request.user) " only" }
                        @for team in page.teams {
                            option value={ "team:" (team) } selected[typed.whom == Whom::Team(team.clone())] { "Team " (team) }
                        }
                        option value="organization" selected[typed.whom == Whom::Organization] { "Everybody in " (request.organization) }
                    }
                }
                div .field {
                    label for="pattern" { "Which images" }
                    div #pattern-hint .hint { "A pattern: a repository, with a tag or a digest, or " code { "namespace/*" } "." }
                    input #pattern name="pattern" value=(pattern) spellcheck="false" autocomplete="off"
                        aria-describedby="pattern-hint" aria-invalid=[wrong("pattern")];
                }
                div .field {
                    label for="note" { "A word to " (request.user) }
                    input #note name="note" value=(typed.note) maxlength=(MAX_NOTE_CHARS) autocomplete="off";
                }
                button .primary { "Approve" }
            }
        }
    }
}

fn deny(page: &OneRequest<'_>) -> Markup {
    let OneRequest { request, typed, .. } = page;
    let wrong = page.problem.is_some_and(|problem| problem.field == Some("reason")).then_some("true");
    html! {
        section .card aria-labelledby="h-deny" {
            h2 #h-deny { "Deny" }
            form method="post" action={ "/orgs/" (request.organization) "/requests/" (request.id) "/deny" } {
                (token(page.csrf))
                div .field {
                    label for="reason" { "Reason" }
                    div #reason-hint .hint { (request.user) " reads it. Say what to use instead, if you can." }
                    textarea #reason name="reason" rows="3" maxlength=(MAX_REASON_CHARS) required
                        aria-describedby="reason-hint" aria-invalid=[wrong] { "\n" (typed.reason) }
                }
                button .danger { "Deny" }
            }
        }
    }
}

/// One's own.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct MyRequests<'a> {
    pub csrf: &'a str,
    pub requests: &'a [AccessRequest],
}

pub(in super::super) fn mine(page: &MyRequests<'_>) -> Markup {
    html! {
        h1 { "My requests" }
        p { a .button href="/requests/new" { "Ask for an image" } }
        @if page.requests.is_empty() {
            p .note { "You asked for nothing yet." }
        } @else {
            div .card {
                table .stack {
                    thead {
                        tr {
                            th scope="col" { "Image" } th scope="col" { "Organization" } th scope="col" { "Why" }
                            th scope="col" { "When" } th scope="col" { "Answer" }
                        }
                    }
                    tbody { @for request in page.requests { (own_row(page, request)) } }
                }
            }
        }
    }
}

fn own_row(page: &MyRequests<'_>, request: &AccessRequest) -> Markup {
    html! {
        tr {
            th scope="row" { (request.image) }
            td data-head="Organization" { (request.organization) }
            td data-head="Why" { (request.reason) }
            td data-head="When" { (moment(request.created_at)) }
            td {
                (state(request))
                @if !request.answer.is_empty() { p .words { (request.answer) } }
                @if request.state == AccessState::Pending {
                    form method="post" action={ "/requests/" (request.id) "/withdraw" } {
                        (token(page.csrf))
                        button .small aria-label={ "Take back the request for " (request.image) } { "Take back" }
                    }
                }
            }
        }
    }
}

/// The form that asks.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct NewRequest<'a> {
    pub csrf: &'a str,
    pub image: &'a str,
    pub reason: &'a str,
    pub decision: &'a str,
    /// What the policies say of the image.
    pub answer: Option<&'a Judged>,
    pub problem: Option<&'a Problem>,
}

pub(in super::super) fn new(page: &NewRequest<'_>) -> Markup {
    let wrong = |name: &str| page.problem.is_some_and(|problem| problem.field == Some(name)).then_some("true");
    html! {
        h1 { "Ask for an image" }
        p .lead { "Whoever refuses it to you is asked. Your next pull works within a second of a yes." }
        (problem(page.problem.map(|problem| problem.text.as_str())))
        @if let Some(judged) = page.answer {
            @if judged.refusals.is_empty() {
                (my_policy::answer(judged))
            } @else {
                ul .why { @for refusal in &judged.refusals { li { (my_policy::why(refusal)) } } }
            }
        }
        section .card {
            form method="post" action="/requests/new" {
                (token(page.csrf))
                input type="hidden" name="decision" value=(page.decision);
                div .field {
                    label for="image" { "Image" }
                    input #image name="image" value=(page.image) autocapitalize="none" spellcheck="false"
                        autocomplete="off" required aria-invalid=[wrong("image")];
                }
                div .field {
                    label for="reason" { "Why do you need it?" }
                    div #reason-hint .hint { "Whoever decides reads it." }
                    textarea #reason name="reason" rows="4" maxlength=(MAX_REASON_CHARS) required
                        aria-describedby="reason-hint" aria-invalid=[wrong("reason")] { "\n" (page.reason) }
                }
                button .primary { "Ask" }
            }
        }
    }
}
