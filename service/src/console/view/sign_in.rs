//! The page that signs in.

use maud::{Markup, html};

use super::{
    super::{fault::Problem, flash::Flash},
    frame::{document, mark, problem, said},
    parts::new_password,
};
use crate::{identity::Realm, store::Invitation};

/// The form's word for accounts of Docker Hub.
pub(in super::super) const DOCKER_HUB: &str = "docker-hub";

/// What people can sign in with, besides a password of this service.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct Ways<'a> {
    /// Host of the identity provider.
    pub provider: Option<&'a str>,
    /// A password of Docker Hub.
    pub docker_hub: bool,
}

/// What it shows.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct SignInPage<'a> {
    pub ways: Ways<'a>,
    /// Where to go on.
    pub next: &'a str,
    /// What was typed.
    pub user: &'a str,
    /// What was chosen.
    pub realm: Realm,
    pub problem: Option<&'a Problem>,
    pub flash: Option<Flash>,
}

impl Default for SignInPage<'_> {
    fn default() -> Self {
        Self { ways: Ways::default(), next: "/", user: "", realm: Realm::Service, problem: None, flash: None }
    }
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
            @if let Some(provider) = page.ways.provider {
                @let query = form_urlencoded::Serializer::new(String::new()).append_pair("next", page.next).finish();
                p { a .button .primary .away href=(format!("/sign-in/provider?{query}")) { "Sign in with " (provider) } }
                p .or { "or with a password" }
            }
            form method="post" action="/sign-in" {
                input type="hidden" name="next" value=(page.next);
                @if page.ways.docker_hub { (accounts(page.realm)) }
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
                @if page.ways.docker_hub {
                    div .field {
                        label for="code" { "Code" }
                        div #code-hint .hint { "Of your authenticator, if your account of Docker Hub has two-factor authentication." }
                        input #code name="code" inputmode="numeric" autocomplete="one-time-code" spellcheck="false"
                            aria-describedby="code-hint";
                    }
                }
                button class=[page.ways.provider.is_none().then_some("primary")] { "Sign in" }
            }
            p .hint {
                "The same name and password as for " code { "docker login" } " to this service. Access tokens do not open the console"
                @if page.ways.docker_hub { ", but those of Docker Hub do: for looking and asking, not for changing" }
                "."
            }
        }
    };
    document("Sign in", &body)
}

fn accounts(chosen: Realm) -> Markup {
    let hub = chosen == Realm::DockerHub;
    html! {
        fieldset .setting {
            legend { "Account of" }
            div .radio { input #of-service type="radio" name="realm" value="service" checked[!hub]; label for="of-service" { "this service" } }
            div .radio { input #of-docker-hub type="radio" name="realm" value=(DOCKER_HUB) checked[hub]; label for="of-docker-hub" { "Docker Hub" } }
        }
    }
}

/// What the page of an invitation shows.
#[derive(Clone, Copy, Debug, Default)]
pub(in super::super) struct JoinPage<'a> {
    /// What was typed.
    pub code: &'a str,
    pub problem: Option<&'a Problem>,
    /// It is done.
    pub joined: Option<&'a Invitation>,
}

pub(in super::super) fn join(page: &JoinPage<'_>) -> Markup {
    let body = html! {
        main .alone {
            p .brand { (mark()) "pullgate" }
            @if let Some(joined) = page.joined {
                h1 { "Welcome" }
                p role="status" { "You belong to " b { (joined.organization) } ". Your user name is " b { (joined.invitee) } "." }
                p { a .button .primary href="/sign-in" { "Sign in" } }
            } @else {
                h1 { "Join" }
                p { "You were invited. Choose the password of your new account; it is also the one for " code { "docker login" } " to this service." }
                (problem(page.problem.map(|problem| problem.text.as_str())))
                form method="post" action="/join" {
                    div .field {
                        label for="code" { "Invitation" }
                        div #code-hint .hint { "What stands behind " code { "#" } " in your link." }
                        input #code name="code" value=(page.code) required autocapitalize="none" spellcheck="false"
                            autocomplete="off" aria-describedby="code-hint" data-fragment;
                    }
                    (new_password(page.problem))
                    button .primary { "Join" }
                }
            }
        }
    };
    document("Join", &body)
}
