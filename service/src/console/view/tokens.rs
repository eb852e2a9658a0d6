//! *Tokens* of an organization.

use maud::{Markup, html};

use super::{
    super::{fault::Problem, fields::Fields},
    frame::{problem, token},
    parts::{once, sure, wrong},
    words::moment,
};
use crate::{
    acts::{MAX_TOKEN_NAME_CHARS, organization_tokens::OrganizationToken, tokens::MadeToken},
    model::{TokenScope, word},
    store::TokenRow,
};

/// Those of an organization.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Tokens<'a> {
    pub organization: &'a str,
    /// They may make and end them.
    pub changes: bool,
    pub csrf: &'a str,
    pub tokens: &'a [OrganizationToken],
    pub typed: &'a Fields,
    pub problem: Option<&'a Problem>,
    pub made: Option<&'a MadeToken>,
    /// Seconds since the Unix epoch.
    pub now: i64,
}

const SCOPES: [(TokenScope, &str); 3] = [
    (TokenScope::SignIn, "Sign machines in with docker login"),
    (TokenScope::OrgRead, "Read over the API"),
    (TokenScope::OrgWrite, "Change over the API"),
];

pub(in super::super) fn content(page: &Tokens<'_>) -> Markup {
    let base = format!("/orgs/{}/tokens", page.organization);
    html! {
        h1 { "Tokens" }
        p .lead { "For machines that are nobody's, such as those of CI, and for scripts. The policy binds them as it binds members." }
        (problem(page.problem.map(|problem| problem.text.as_str())))
        @if let Some(made) = page.made { (once("The token is made.", made.token.expose())) }
        @if page.tokens.is_empty() { p .note { "There is no token." } }
        @else {
            div .card {
                table .stack {
                    (head(true, page.changes))
                    tbody {
                        @for OrganizationToken { token, teams } in page.tokens {
                            (row(token, Some(teams), page.now, &page.changes.then(|| format!("{base}/end")), page.csrf))
                        }
                    }
                }
            }
        }
        @if page.changes { (form(&base, page.csrf, page.typed, page.problem, true)) }
    }
}

pub(super) fn head(teams: bool, changes: bool) -> Markup {
    html! {
        thead {
            tr {
                th scope="col" { "Name" } th scope="col" { "For" } @if teams { th scope="col" { "Teams" } }
                th scope="col" { "Made" } th scope="col" { "Until" } th scope="col" { "Last used" }
                @if changes { th scope="col" { "End" } }
            }
        }
    }
}

/// `end`: where it is ended, for who may.
pub(super) fn row(token: &TokenRow, teams: Option<&Vec<String>>, now: i64, end: &Option<String>, csrf: &str) -> Markup {
    html! {
        tr {
            th scope="row" { (token.name) div .hint { code { (token.id) } } }
            td data-head="For" { @for scope in token.scopes.iter() { code { (word(scope)) } " " } }
            @if let Some(teams) = teams { td data-head="Teams" { @if teams.is_empty() { span .none { "–" } } @else { (teams.join(", ")) } } }
            td data-head="Made" { (moment(token.created_at)) }
            td data-head="Until" {
                @match token.expires_at {
                    None => "for good",
                    Some(at) if at <= now => { span .state .no { "Ended" } " " (moment(at)) },
                    Some(at) => (moment(at)),
                }
            }
            td data-head="Last used" { @match token.last_used_at { Some(at) => (moment(at)), None => span .none { "never" } } }
            @if let Some(end) = end { td { (sure(end, csrf, "End", &token.name, &[("token", &token.id)])) } }
        }
    }
}

pub(super) fn form(address: &str, csrf: &str, typed: &Fields, problem: Option<&Problem>, teams: bool) -> Markup {
    let ticked = |scope: TokenScope| match typed.is("name") {
        true => typed.is(&format!("scope-{}", word(scope))),
        false => scope == TokenScope::SignIn,
    };
    html! {
        section .card aria-labelledby="h-make" {
            h2 #h-make { "Make a token" }
            form method="post" action=(address) {
                (token(csrf))
                div .row {
                    div .field {
                        label for="name" { "What it is for" }
                        input #name name="name" value=(typed.text("name")) required maxlength=(MAX_TOKEN_NAME_CHARS) autocapitalize="none"
                            autocomplete="off" placeholder="build-machines" aria-invalid=[wrong(problem, "name")];
                    }
                    @if teams {
                        div .field {
                            label for="teams" { "Teams" }
                            input #teams name="teams" value=(typed.text("teams")) autocapitalize="none" spellcheck="false" autocomplete="off"
                                aria-invalid=[wrong(problem, "teams")];
                        }
                    }
                    div .field {
                        label for="until" { "Until (empty: for good)" }
                        input #until type="date" name="until" value=(typed.text("until")) aria-invalid=[wrong(problem, "expires_at")];
                    }
                }
                fieldset .setting .after {
                    legend { "It may" }
                    @for (scope, text) in SCOPES {
                        @let id = format!("scope-{}", word(scope));
                        div .radio { input id=(id) type="checkbox" name=(id) checked[ticked(scope)]; label for=(id) { (text) } }
                    }
                }
                button .primary { "Make" }
            }
        }
    }
}
