//! *Account*.

use maud::{Markup, html};

use super::{
    super::{fault::Problem, fields::Fields},
    frame::{problem, token},
    parts::{new_password, once, sure, wrong},
    tokens::{form, head, row},
    words::moment,
};
use crate::{
    acts::tokens::MadeToken,
    model::{Origin, word},
    store::{BrowserSessionRow, Invitation, TokenRow},
};

/// What it shows.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Account<'a> {
    pub csrf: &'a str,
    /// Whose it is.
    pub user: &'a str,
    pub origin: Origin,
    /// They came in with what only a person knows.
    pub person: bool,
    /// To this account.
    pub invitations: &'a [Invitation],
    pub tokens: &'a [TokenRow],
    /// In the form of a token; no page shows a password again.
    pub typed: &'a Fields,
    pub problem: Option<&'a Problem>,
    pub made: Option<&'a MadeToken>,
    /// Where the account is signed in, newest first.
    pub browsers: &'a [BrowserSessionRow],
    /// Id of the one that asks.
    pub this: &'a str,
    /// Seconds since the Unix epoch.
    pub now: i64,
}

pub(in super::super) fn content(page: &Account<'_>) -> Markup {
    html! {
        h1 { "Account" }
        p .lead { "Your invitations, your access tokens, your password, and the browsers where you are signed in." }
        (problem(page.problem.map(|problem| problem.text.as_str())))
        @if let Some(made) = page.made { (once("The token is made.", made.token.expose())) }
        @for invitation in page.invitations { (invited(page, invitation)) }
        @if page.tokens.is_empty() { @if page.person { p .note { "You have no access token." } } }
        @else {
            div .card {
                table .stack {
                    (head(false, true))
                    tbody { @for token in page.tokens { (row(token, None, page.now, &Some("/account/tokens/end".to_owned()), page.csrf)) } }
                }
                p .hint { "Whoever is signed in with this account signs in again when one of them ends, but for this browser." }
            }
        }
        @if page.origin == Origin::DockerHub {
            p .note { "Docker Hub is asked at each of your sign-ins: make access tokens there." }
        } @else if page.person {
            @if page.origin == Origin::Oidc { p .note { "A token that you make ends within 30 days, as that of " code { "pullgate login" } " does." } }
            (form("/account/tokens", page.csrf, page.typed, page.problem, false))
        }
        (password(page))
        (browsers(page))
    }
}

fn invited(page: &Account<'_>, invitation: &Invitation) -> Markup {
    html! {
        div .note .warn {
            p {
                b { (invitation.inviter) } " invites you to " b { (invitation.organization) } " as " (word(invitation.role)) ". Its policy holds for you then. "
                "The invitation ends " (moment(invitation.expires_at)) "."
            }
            form method="post" action="/account/invitations" {
                (token(page.csrf))
                input type="hidden" name="invitation" value=(invitation.id);
                div .row {
                    button .primary name="answer" value="yes" { "Join " (invitation.organization) }
                    button name="answer" value="no" { "Decline" }
                }
            }
        }
    }
}

fn password(page: &Account<'_>) -> Markup {
    html! {
        section .card aria-labelledby="h-password" {
            h2 #h-password { "Change the password" }
            @if page.origin == Origin::Own {
                form method="post" action="/account/password" {
                    (token(page.csrf))
                    // For who keeps passwords: whose this one is.
                    input type="text" name="username" value=(page.user) autocomplete="username" hidden;
                    div .field {
                        label for="current" { "Current password" }
                        input #current type="password" name="current" autocomplete="current-password" required
                            aria-invalid=[wrong(page.problem, "current")];
                    }
                    (new_password(page.problem))
                    button .primary { "Change" }
                }
                p .hint { "Everything else that is signed in with this account signs in again, but for this browser. Access tokens stay as they are." }
            } @else {
                p { "Your password is not kept here: " (page.origin) " has it." }
            }
        }
    }
}

fn browsers(page: &Account<'_>) -> Markup {
    html! {
        section .card aria-labelledby="h-browsers" {
            h2 #h-browsers { "Browsers that are signed in" }
            table .stack {
                thead {
                    tr {
                        th scope="col" { "Browser" } th scope="col" { "Address" } th scope="col" { "Signed in" }
                        th scope="col" { "Last seen" } th scope="col" { "Sign out" }
                    }
                }
                tbody { @for browser in page.browsers { (browser_row(page, browser)) } }
            }
            p .hint { "An hour without use signs a browser out, and half a day in any case. You do not know one of them? Sign it out, and change the password." }
        }
    }
}

fn browser_row(page: &Account<'_>, browser: &BrowserSessionRow) -> Markup {
    let name = if browser.agent.is_empty() { "unknown" } else { &browser.agent };
    html! {
        tr {
            th scope="row" { (name) }
            td data-head="Address" { (browser.peer) }
            td data-head="Signed in" { (moment(browser.created_at)) }
            td data-head="Last seen" { (moment(browser.seen_at)) }
            td {
                // Its own button stands above every page.
                @if browser.id == page.this { span .state .on { "This one" } }
                @else if page.person {
                    (sure(
                        "/account/browsers/end", page.csrf, "Sign out", &format!("{name}, {}", browser.peer),
                        &[("browser", &browser.id)],
                    ))
                }
            }
        }
    }
}
