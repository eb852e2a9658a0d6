//! *Image access*.

use maud::{Markup, html};

use super::{
    super::fault::Problem,
    controls::{Form, Label},
    frame::{problem, token},
    namespaces, preview,
    words::{moment, plural},
};
use crate::{
    acts::{MAX_CONTACT_CHARS, MAX_MESSAGE_CHARS, policy::Published, preview::Preview},
    model::{
        Builds, ContainerBuilders, EnginePlugins, LocalContent, Mode, RunUnapproved, SwarmUse, UnknownRequests,
        WhenExpired,
    },
};

/// What it shows.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct ImageAccess<'a> {
    pub organization: &'a str,
    /// False: they may only look.
    pub editable: bool,
    pub csrf: &'a str,
    /// What the form was made from.
    pub seen: &'a str,
    pub entered: &'a Entered,
    /// Somebody changed the policy meanwhile: it is so now.
    pub stored: Option<&'a Entered>,
    pub problem: Option<&'a Problem>,
    /// What stands in the form was held against what is known.
    pub preview: Option<&'a Preview>,
    pub published: Option<Published>,
    /// Docker Hub namespaces of the organization.
    pub namespaces: &'a [String],
    /// How long the allowlist and the denylist are.
    pub rules: [usize; 2],
}

/// What stands in the form, as it is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Entered {
    pub enabled: bool,
    pub mode: Mode,
    pub official: bool,
    pub verified_publisher: bool,
    pub community: bool,
    pub registry_control: bool,
    pub registries: String,
    pub when_expired: WhenExpired,
    pub message: String,
    pub request_url: String,
    pub email: String,
    pub session_fresh: String,
    pub session_valid: String,
    pub local_content: LocalContent,
    pub run_unapproved: RunUnapproved,
    pub engine_plugins: EnginePlugins,
    pub swarm: SwarmUse,
    pub builds: Builds,
    pub container_builders: ContainerBuilders,
    pub unknown_requests: UnknownRequests,
    pub push_limited: bool,
    pub push: String,
    pub protect: bool,
    pub protect_allow: String,
}

/// Id of the form.
const FORM: &str = "policy";
/// Said of a form whose content is not what is stored.
const UNSAVED: &str = "You have changes that are not saved.";

const MODES: [(Mode, &str); 2] = [
    (Mode::Monitor, "Monitor: nothing is refused, and what would have been is recorded"),
    (Mode::Enforce, "Enforce: what is not allowed is refused"),
];
const EXPIRED: [(WhenExpired, &str); 2] =
    [(WhenExpired::Keep, "Keep the last policy"), (WhenExpired::Deny, "Refuse every image until it is back")];
const LOCAL: [(LocalContent, &str); 2] = [(LocalContent::Allow, "Allow"), (LocalContent::Deny, "Refuse")];
const RUN: [(RunUnapproved, &str); 3] = [
    (RunUnapproved::Allow, "Start it"),
    (RunUnapproved::Warn, "Start it, and record that it would have been refused"),
    (RunUnapproved::Deny, "Refuse"),
];
const PLUGINS: [(EnginePlugins, &str); 2] =
    [(EnginePlugins::AsImages, "Judge them as images"), (EnginePlugins::Deny, "Refuse")];
const SWARM: [(SwarmUse, &str); 3] = [
    (SwarmUse::Own, "Swarms that start on the machine, and joining none"),
    (SwarmUse::Allow, "Joining other machines' swarms too"),
    (SwarmUse::Deny, "Refuse swarms and services"),
];
const BUILDS: [(Builds, &str); 2] = [(Builds::Allow, "Allow"), (Builds::Deny, "Refuse")];
const BUILDERS: [(ContainerBuilders, &str); 2] =
    [(ContainerBuilders::Allow, "Judge their image as any other"), (ContainerBuilders::Deny, "Refuse")];
const UNKNOWN: [(UnknownRequests, &str); 2] = [(UnknownRequests::Deny, "Refuse"), (UnknownRequests::Allow, "Allow")];

pub(in super::super) fn content(page: &ImageAccess<'_>) -> Markup {
    let ImageAccess { organization, editable, entered, .. } = page;
    html! {
        h1 { "Image access" }
        p .lead {
            "What developers of " b { (organization) } " may bring onto their machines. Owners are never restricted."
        }
        (state(page))
        @if !editable {
            p .note role="note" { "You can look at this policy. Owners and admins of " (organization) " change it." }
            (settings(page))
        } @else {
            (problem(page.problem.map(|problem| problem.text.as_str())))
            @if let Some(stored) = page.stored { (conflict(stored, entered)) }
            @if let Some(preview) = page.preview { (preview::card(preview, FORM, page.problem)) }
            form id=(FORM) method="post" action={ "/orgs/" (organization) "/image-access" } data-guard data-draft[is_draft(page)] {
                (token(page.csrf))
                input type="hidden" name="seen" value=(page.seen);
                (settings(page))
                div .save {
                    button formaction={ "/orgs/" (organization) "/image-access/preview" } formnovalidate { "Preview" }
                    button .primary { "Save and publish" }
                    span .hint data-unsaved=(UNSAVED) { @if is_draft(page) { (UNSAVED) } }
                }
            }
        }
    }
}

/// What is typed is not saved yet, and no state.
const fn is_draft(page: &ImageAccess<'_>) -> bool {
    page.problem.is_some() || page.preview.is_some() || page.stored.is_some()
}

/// In one line: what holds now.
fn state(page: &ImageAccess<'_>) -> Markup {
    let now = page.stored.unwrap_or(page.entered);
    let known = page.stored.is_some() || !is_draft(page);
    html! {
        dl .facts {
            @if known {
                div {
                    dt { "State" }
                    dd {
                        @match (now.enabled, now.mode) {
                            (false, _) => span .state { "Off: nobody is restricted" },
                            (true, Mode::Monitor) => span .state .watch { "On, monitoring" },
                            (true, Mode::Enforce) => span .state .on { "On, enforced" },
                        }
                    }
                }
            }
            div {
                dt { "Published" }
                dd #generation data-generation=[page.published.map(|published| published.generation)] {
                    @match page.published {
                        Some(published) => (moment(published.at)),
                        None => "in a moment",
                    }
                }
            }
            div { dt { "Lists" } dd { (plural(page.rules[0], "allowed pattern")) ", " (plural(page.rules[1], "denied pattern")) } }
        }
    }
}

fn settings(page: &ImageAccess<'_>) -> Markup {
    let e = page.entered;
    let form = Form { editable: page.editable, wrong: page.problem.and_then(|problem| problem.field) };
    html! {
        section .card aria-labelledby="h-switch" {
            h2 #h-switch { "Restriction" }
            (form.tick(
                Label::new("enabled", "Image Access Management", "Off: nobody is restricted, whatever stands below."),
                e.enabled, true,
            ))
            (form.choice(
                Label::new("mode", "Mode", "Begin with monitoring, and look for a week at what would have been refused."),
                e.mode, &MODES,
            ))
        }
        section .card aria-labelledby="h-kinds" {
            h2 #h-kinds { "Image types" }
            p { "On Docker Hub. An entry of the allowlist lets single repositories in, whatever their type." }
            (Form::always("Organization images", &own(page)))
            (form.tick(
                Label::new("community", "Community images", "Everything else on Docker Hub, Docker-Sponsored Open Source included. Anybody can publish one."),
                e.community, false,
            ))
            (form.tick(
                Label::new("verified_publisher", "Docker Verified Publisher images", "Of companies that Docker verified; the publishers' directory says which."),
                e.verified_publisher, false,
            ))
            (form.tick(
                Label::new("official", "Docker Official Images", "What Docker itself curates, such as `alpine`, `postgres` and `python`."),
                e.official, false,
            ))
        }
        section .card aria-labelledby="h-words" {
            h2 #h-words { "What a refused developer reads" }
            (form.lines(Label::new("message", "Message", "Your own words, below what was refused and why."), &e.message, false, MAX_MESSAGE_CHARS))
            (form.line(Label::new("request_url", "Page to ask at", "The image is added to it as a query. Empty: developers are told to write to the contact."), &e.request_url, "url", MAX_CONTACT_CHARS))
            (form.line(Label::new("email", "Contact", "An address to write to. Empty: an owner."), &e.email, "text", MAX_CONTACT_CHARS))
        }
        section .card aria-labelledby="h-registries" {
            h2 #h-registries { "Other registries" }
            (form.tick(
                Label::new("registry_control", "Only the registries of this list", "Off: images of other registries than Docker Hub are not restricted."),
                e.registry_control, false,
            ))
            (form.lines(Label::new("registries", "Registries", "One host a line, such as `ghcr.io` or `*.corp.example`."), &e.registries, true, 0))
        }
        section .card aria-labelledby="h-offline" {
            h2 #h-offline { "Machines that do not reach this service" }
            (form.choice(Label::new("when_expired", "When a policy on a machine expired", ""), e.when_expired, &EXPIRED))
            (form.line(Label::new("session_fresh", "A sign-in is fresh for", "Such as `24h`. After it, the machine tries to renew it. Empty: as the service is set."), &e.session_fresh, "text", 20))
            (form.line(Label::new("session_valid", "A sign-in is valid for", "Such as `7d`. After it, the person signs in again. Empty: as the service is set."), &e.session_valid, "text", 20))
        }
        (beyond(form, e))
    }
}

fn beyond(form: Form<'_>, e: &Entered) -> Markup {
    html! {
        section .card aria-labelledby="h-beyond" {
            h2 #h-beyond { "Beyond pulls" }
            p { "Each stricter choice takes something from developers; the first one is what Docker's own product does." }
            (form.choice(Label::new("local_content", "docker load, docker import, docker plugin create", "Refused: no images that travel as files."), e.local_content, &LOCAL))
            (form.choice(Label::new("run_unapproved", "Starting an image that is on the machine and could not be pulled today", ""), e.run_unapproved, &RUN))
            (form.choice(Label::new("engine_plugins", "Engine plugins", ""), e.engine_plugins, &PLUGINS))
            (form.choice(Label::new("swarm", "Swarm", ""), e.swarm, &SWARM))
            (form.choice(Label::new("builds", "docker build", "Refused: nobody builds on these machines."), e.builds, &BUILDS))
            (form.choice(Label::new("container_builders", "Builders in containers (BuildKit)", "They fetch by themselves."), e.container_builders, &BUILDERS))
            (form.choice(Label::new("unknown_requests", "Requests that this version does not know", ""), e.unknown_requests, &UNKNOWN))
            (form.tick(Label::new("push_limited", "Pushing only to these repositories", "Off: anywhere. On with an empty list: nowhere."), e.push_limited, false))
            (form.lines(Label::new("push", "May be pushed to", "One pattern a line, such as `acme/*`."), &e.push, true, 0))
            (form.tick(Label::new("protect", "Tamper guard", "Refuses containers that could take over the machine: privileged ones, the engine's socket, system directories."), e.protect, false))
            (form.lines(Label::new("protect_allow", "Images that the guard leaves alone", "One pattern a line. They are trusted with everything."), &e.protect_allow, true, 0))
        }
    }
}

fn own(page: &ImageAccess<'_>) -> Markup {
    html! {
        @match page.namespaces {
            [] => "The organization owns no Docker Hub namespace yet.",
            names => { "Docker Hub: " (names.join(", ")) "." },
        }
        " " a href=(namespaces::address(page.organization)) { "The organization's namespaces" }
    }
}

/// What is stored now, beside what stands in the form.
fn conflict(stored: &Entered, entered: &Entered) -> Markup {
    let differing: Vec<_> = stored.rows().into_iter().zip(entered.rows()).filter(|(now, yours)| now != yours).collect();
    html! {
        div .note .warn role="alert" {
            p { b { "Somebody else changed this policy meanwhile." } " Nothing of yours is saved yet." }
            @if differing.is_empty() {
                p { "What they saved is what stands in your form." }
            } @else {
                table {
                    thead { tr { th scope="col" { "Setting" } th scope="col" { "Saved now" } th scope="col" { "In your form" } } }
                    tbody {
                        @for ((name, now), (_, yours)) in &differing {
                            tr { th scope="row" { (name) } td { (now) } td { (yours) } }
                        }
                    }
                }
                p { "Look through the form; saving it again replaces what they saved." }
            }
        }
    }
}

impl Entered {
    /// Each setting with its value in words, in the form's order.
    fn rows(&self) -> Vec<(&'static str, String)> {
        let on = |on: bool| if on { "on" } else { "off" }.to_owned();
        let list = |text: &str| if text.is_empty() { "none".to_owned() } else { text.replace('\n', ", ") };
        vec![
            ("Image Access Management", on(self.enabled)),
            ("Mode", said(self.mode, &MODES)),
            ("Community images", on(self.community)),
            ("Docker Verified Publisher images", on(self.verified_publisher)),
            ("Docker Official Images", on(self.official)),
            ("Message", list(&self.message)),
            ("Page to ask at", list(&self.request_url)),
            ("Contact", list(&self.email)),
            ("Only the registries of this list", on(self.registry_control)),
            ("Registries", list(&self.registries)),
            ("When a policy on a machine expired", said(self.when_expired, &EXPIRED)),
            ("A sign-in is fresh for", list(&self.session_fresh)),
            ("A sign-in is valid for", list(&self.session_valid)),
            ("docker load, docker import, docker plugin create", said(self.local_content, &LOCAL)),
            ("Starting an image that could not be pulled today", said(self.run_unapproved, &RUN)),
            ("Engine plugins", said(self.engine_plugins, &PLUGINS)),
            ("Swarm", said(self.swarm, &SWARM)),
            ("docker build", said(self.builds, &BUILDS)),
            ("Builders in containers", said(self.container_builders, &BUILDERS)),
            ("Requests that this version does not know", said(self.unknown_requests, &UNKNOWN)),
            ("Pushing only to these repositories", on(self.push_limited)),
            ("May be pushed to", list(&self.push)),
            ("Tamper guard", on(self.protect)),
            ("Images that the guard leaves alone", list(&self.protect_allow)),
        ]
    }
}

fn said<T: PartialEq>(now: T, all: &[(T, &str)]) -> String {
    all.iter().find(|(one, _)| *one == now).map_or_else(String::new, |(_, text)| (*text).to_owned())
}
