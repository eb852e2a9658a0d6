//! *My policy*.

use maud::{Markup, html};
use policy::Reason;

use super::{
    super::fault::Problem,
    frame::problem,
    words::{moment, plural},
};
use crate::{
    access::Refusal,
    model::{Effect, Membership, Mode, PolicyState, Role, Rule, Scope},
};

/// What it shows.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct MyPolicy<'a> {
    pub user: &'a str,
    pub organizations: &'a [Of<'a>],
    /// What stands in the box.
    pub image: &'a str,
    pub judged: Option<&'a Judged>,
    pub problem: Option<&'a Problem>,
    /// Seconds since the Unix epoch.
    pub now: i64,
}

/// One organization's policy.
#[derive(Clone, Debug)]
pub(in super::super) struct Of<'a> {
    pub membership: &'a Membership,
    pub state: PolicyState,
}

/// What the policies say of an image.
#[derive(Clone, Debug)]
pub(in super::super) struct Judged {
    /// As the engine reads it.
    pub image: String,
    /// Empty: nobody refuses it.
    pub refusals: Vec<Refusal>,
}

pub(in super::super) fn content(page: &MyPolicy<'_>) -> Markup {
    html! {
        h1 { "My policy" }
        p .lead { "What you may pull, on machines where you are signed in." }
        section .card aria-labelledby="h-try" {
            h2 #h-try { "Try a name" }
            (problem(page.problem.map(|problem| problem.text.as_str())))
            form method="get" action="/my-policy" {
                div .row {
                    div .field {
                        label for="image" { "Image" }
                        input #image name="image" value=(page.image) placeholder="alpine:3.20" autocapitalize="none"
                            spellcheck="false" autocomplete="off" required aria-invalid=[page.problem.map(|_| "true")];
                    }
                    button .primary { "Try" }
                }
            }
            @if let Some(judged) = page.judged { (answer(judged)) }
        }
        @if page.organizations.is_empty() {
            p .note { "You belong to no organization here, so no policy of this service restricts you." }
        }
        @for of in page.organizations { (organization(page, of)) }
    }
}

/// What becomes of a pull, and what to do about it.
pub(super) fn answer(judged: &Judged) -> Markup {
    let (watched, refused): (Vec<_>, Vec<_>) = judged.refusals.iter().partition(|refusal| refusal.watched);
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("image", &judged.image).finish();
    html! {
        div #answer .note .good[judged.refusals.is_empty()] .warn[refused.is_empty() && !watched.is_empty()]
            .bad[!refused.is_empty()] role="status" {
            p {
                code { (judged.image) } " "
                @if !refused.is_empty() { b { "would be refused." } }
                @else if !watched.is_empty() { b { "may be pulled for now." } " It is recorded, and refused once the policy is enforced." }
                @else { b { "may be pulled." } }
            }
            @if !judged.refusals.is_empty() {
                ul { @for refusal in &judged.refusals { li { (why(refusal)) } } }
                p { a href={ "/requests/new?" (query) } { "Ask for it" } }
            }
        }
    }
}

/// Why an organization refuses it.
pub(super) fn why(refusal: &Refusal) -> Markup {
    html! {
        b { (refusal.organization) } ": "
        @match refusal.reason {
            Reason::Category => {
                "it is " (refusal.category.map_or("an image", |category| category.noun())) ", and the policy does not allow these."
            },
            Reason::Registry => "its registry is not on the list of allowed registries.",
            Reason::DenyRule => "a rule of the denylist names it.",
            other => { "the policy refuses it (" code { (other.code()) } ")." },
        }
    }
}

fn organization(page: &MyPolicy<'_>, of: &Of<'_>) -> Markup {
    let settings = &of.state.settings;
    let id = format!("h-{}", of.membership.organization);
    let concerns = |rule: &&Rule| {
        let live = rule.expires_at.is_none_or(|at| at > page.now);
        live && match &rule.scope {
            Scope::Organization => true,
            Scope::Team(team) => of.membership.teams.contains(team),
            Scope::User(user) => user == page.user,
        }
    };
    let rules: Vec<&Rule> = of.state.rules.iter().filter(concerns).collect();
    let list = |effect| rules.iter().filter(|rule| rule.effect == effect).copied().collect::<Vec<_>>();
    html! {
        section .card aria-labelledby=(id) {
            h2 id=(id) { (of.membership.organization) }
            @if of.membership.role == Role::Owner {
                p { "You are an owner: this policy never restricts you." }
            } @else if !settings.enabled {
                p { "The policy is off: it restricts nobody." }
            } @else if settings.mode == Mode::Monitor {
                p { span .state .watch { "Monitoring" } " Nothing is refused; what would be is recorded." }
            } @else {
                p { span .state .on { "Enforced" } }
            }
            @if settings.enabled {
                ul .allowed {
                    (kind(true, "Organization images"))
                    (kind(settings.community, "Community images"))
                    (kind(settings.verified_publisher, "Docker Verified Publisher images"))
                    (kind(settings.official, "Docker Official Images"))
                    @if settings.registry_control {
                        li { "Other registries: " (plural(of.state.registries.len(), "host"))
                            @for host in &of.state.registries { " " code { (host) } } }
                    } @else {
                        li { "Other registries: not restricted" }
                    }
                }
                (rules_of("Allowed beside that", &list(Effect::Allow)))
                (rules_of("Denied whatever else", &list(Effect::Deny)))
            }
        }
    }
}

fn kind(allowed: bool, name: &str) -> Markup {
    html! {
        li { span .state .on[allowed] .no[!allowed] { (if allowed { "Allowed" } else { "Refused" }) } " " (name) }
    }
}

fn rules_of(title: &str, rules: &[&Rule]) -> Markup {
    html! {
        @if !rules.is_empty() {
            h3 { (title) }
            ul .names {
                @for rule in rules {
                    li {
                        code { (rule.pattern) }
                        @if let Some(at) = rule.expires_at { " until " (moment(at)) }
                        @if !rule.reason.is_empty() { span .hint { " " (rule.reason) } }
                    }
                }
            }
        }
    }
}
