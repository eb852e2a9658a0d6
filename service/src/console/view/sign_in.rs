//! The page that signs in.

use maud::{Markup, html};

use super::{
    super::{fault::Problem, flash::Flash},
    frame::{document, mark, problem, said},
};

/// What it shows.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct SignInPage<'a> {
    /// Where to go on.
    pub next: &'a str,
    /// What was typed.
    pub user: &'a str,
    pub problem: Option<&'a Problem>,
    pub flash: Option<Flash>,
}

pub(in super::super) fn page(page: &SignInPage<'_>) -> Markup {
    let asks = page.next.starts_with("/requests/new");
    let body = html! {
        main .alone {
            p .brand { (mark()) "pullgate" }
            h1 { "Sign in" }
            @if asks { p { "Sign in to ask for the image; you come back to it right after." } }
            @if let Some(flash) = page.flash { (said(flash)) }
            (problem(page.problem.map(|problem| problem.text.as_str())))
            form method="post" action="/sign-in" {
                input type="hidden" name="next" value=(page.next);
                div .field {
                    label for="username" { "User name" }
                    input #username name="username" value=(page.user) autocomplete="username" autocapitalize="none"
                        spellcheck="false" required autofocus[page.user.is_empty()];
                }
                div .field {
                    label for="password" { "Password" }
                    input #password type="password" name="password" autocomplete="current-password" required
                        autofocus[!page.user.is_empty()];
                }
                button .primary { "Sign in" }
            }
            p .hint { "The same name and password as for " code { "docker login" } " to this service. Access tokens do not open the console." }
        }
    };
    document("Sign in", &body)
}
