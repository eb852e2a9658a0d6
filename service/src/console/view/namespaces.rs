//! *Namespaces*.

use maud::{Markup, html};

use super::{
    super::fault::Problem,
    frame::{problem, token},
    parts::{number_of_people, sure, wrong},
};
use crate::names::MAX_NAME_CHARS;

/// What it shows.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Namespaces<'a> {
    pub organization: &'a str,
    /// False: they may only look.
    pub editable: bool,
    /// False: they may add none.
    pub adds: bool,
    pub csrf: &'a str,
    pub namespaces: &'a [String],
    /// What stands in the form.
    pub typed: &'a str,
    pub problem: Option<&'a Problem>,
    /// The number of people who lose something has to be said before this one is taken away.
    pub asks: Option<&'a str>,
}

/// Where it is.
pub(in super::super) fn address(organization: &str) -> String {
    format!("/orgs/{organization}/namespaces")
}

pub(in super::super) fn content(page: &Namespaces<'_>) -> Markup {
    let base = address(page.organization);
    html! {
        h1 { "Namespaces" }
        p .lead {
            "Docker Hub namespaces of " b { (page.organization) } ". Their images are the organization's own: allowed whatever their "
            "type, unless the denylist refuses them."
        }
        @if !page.editable { p .note role="note" { "You can look at the namespaces. Owners of " (page.organization) " change them." } }
        (problem(page.problem.map(|problem| problem.text.as_str())))
        @if let Some(namespace) = page.asks { (remove(page, &base, namespace)) }
        @if page.namespaces.is_empty() {
            p .note { "The organization owns no Docker Hub namespace yet." }
        } @else {
            div .card {
                table .stack {
                    thead {
                        tr {
                            th scope="col" { "Namespace" } th scope="col" { "Images" }
                            @if page.editable { th scope="col" { "Remove" } }
                        }
                    }
                    tbody { @for namespace in page.namespaces { (row(page, &base, namespace)) } }
                }
            }
        }
        @if page.editable { @if page.adds { (form(page, &base)) } @else { (who_adds(page)) } }
    }
}

fn row(page: &Namespaces<'_>, base: &str, namespace: &str) -> Markup {
    html! {
        tr {
            th scope="row" { (namespace) }
            td data-head="Images" { code { "docker.io/" (namespace) "/*" } }
            @if page.editable {
                td { (sure(&format!("{base}/remove"), page.csrf, "Remove", namespace, &[("namespace", namespace)])) }
            }
        }
    }
}

/// Taking away one whose images many people use.
fn remove(page: &Namespaces<'_>, base: &str, namespace: &str) -> Markup {
    html! {
        form .note .warn method="post" action={ (base) "/remove" } {
            (token(page.csrf))
            input type="hidden" name="namespace" value=(namespace);
            (number_of_people(page.problem, None))
            button .danger { "Remove " (namespace) }
        }
    }
}

/// Where there are several organizations.
fn who_adds(page: &Namespaces<'_>) -> Markup {
    html! {
        section .card aria-labelledby="h-add" {
            h2 #h-add { "Add a namespace" }
            p {
                "There are other organizations here, and images of a namespace would count as " b { (page.organization) } "'s own "
                "under their policies too. So only who owns every organization adds one: ask them, or who runs this service for "
                code { "organization namespace add " (page.organization) " NAMESPACE" } "."
            }
        }
    }
}

fn form(page: &Namespaces<'_>, base: &str) -> Markup {
    html! {
        section .card aria-labelledby="h-add" {
            h2 #h-add { "Add a namespace" }
            form method="post" action=(base) {
                (token(page.csrf))
                div .field {
                    label for="namespace" { "Namespace" }
                    div #namespace-hint .hint {
                        "What stands before the slash: " code { "acme" } " of " code { "acme/app" } ". A namespace has one owner."
                    }
                    input #namespace name="namespace" value=(page.typed) required maxlength=(MAX_NAME_CHARS) autocapitalize="none"
                        spellcheck="false" autocomplete="off" aria-describedby="namespace-hint"
                        aria-invalid=[wrong(page.problem, "namespace")];
                }
                button .primary { "Add" }
            }
        }
    }
}
