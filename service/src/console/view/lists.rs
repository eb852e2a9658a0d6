//! *Allowlist* and *Denylist*.

use clap::ValueEnum;
use maud::{Markup, html};

use super::{
    super::fault::Problem,
    frame::{problem, token},
    parts::{number_of_people, sure, wrong},
    words::moment,
};
use crate::{
    acts::{MAX_RULE_REASON_CHARS, activity::Hits},
    model::{Effect, Scope, word},
    store::MadeRule,
};

/// What it shows.
#[derive(Clone, Copy, Debug)]
pub(in super::super) struct Lists<'a> {
    pub organization: &'a str,
    pub effect: Effect,
    /// False: they may only look.
    pub editable: bool,
    pub csrf: &'a str,
    /// By id, so by when they were made.
    pub rules: &'a [MadeRule],
    /// There are more behind them.
    pub more: bool,
    /// How often each of them decided lately; none: they may not know.
    pub hits: Option<&'a Hits>,
    pub typed: &'a Typed,
    pub problem: Option<&'a Problem>,
    /// The number of people who lose something has to be said first.
    pub asks: Option<&'a Asks>,
    /// Seconds since the Unix epoch.
    pub now: i64,
}

/// For what the number of people has to be said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Asks {
    /// What stands in the form.
    Add,
    /// Taking the rule with this id away.
    Remove(String),
}

/// What stands in the form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in super::super) struct Typed {
    pub pattern: String,
    pub whom: Whom,
    pub name: String,
    pub until: String,
    pub reason: String,
}

/// Whom a rule concerns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(in super::super) enum Whom {
    #[default]
    Everybody,
    Team,
    Person,
}

const WHOM: [(Whom, &str); 3] =
    [(Whom::Everybody, "Everybody"), (Whom::Team, "The team named beside"), (Whom::Person, "The person named beside")];

/// Where a list is.
pub(in super::super) fn address(organization: &str, effect: Effect) -> String {
    match effect {
        Effect::Allow => format!("/orgs/{organization}/allowlist"),
        Effect::Deny => format!("/orgs/{organization}/allowlist?list=deny"),
    }
}

pub(in super::super) fn title(effect: Effect) -> &'static str {
    match effect {
        Effect::Allow => "Allowlist",
        Effect::Deny => "Denylist",
    }
}

pub(in super::super) fn content(page: &Lists<'_>) -> Markup {
    let Lists { organization, effect, editable, .. } = page;
    let tab = |one: Effect| (one == *effect).then_some("page");
    html! {
        h1 { (title(*effect)) }
        p .lead {
            @match effect {
                Effect::Allow => "Images that may be pulled whatever their type.",
                Effect::Deny => "Images that are refused whatever else allows them.",
            }
        }
        ul .filter aria-label="Which list" {
            @for one in [Effect::Allow, Effect::Deny] {
                li { a href=(address(organization, one)) aria-current=[tab(one)] { (title(one)) } }
            }
        }
        (problem(page.problem.map(|problem| problem.text.as_str())))
        @if let Some(Asks::Remove(rule)) = page.asks { (remove(page, rule)) }
        @if page.rules.is_empty() {
            p .note { "The list is empty." }
        } @else {
            div .card {
                table .stack {
                    thead {
                        tr {
                            th scope="col" { "Images" } th scope="col" { "For" } th scope="col" { "Until" }
                            th scope="col" { "Why" } th scope="col" { "Made" }
                            @if page.hits.is_some() { th scope="col" .number { "Hits" } th scope="col" { "Last hit" } }
                            @if *editable { th scope="col" { "Remove" } }
                        }
                    }
                    tbody { @for rule in page.rules { (row(page, rule)) } }
                }
            }
        }
        @if let Some(last) = page.rules.last().filter(|_| page.more) {
            p { a href={ "/orgs/" (organization) "/allowlist?list=" (word(*effect)) "&after=" (last.rule.id) } { "More" } }
        }
        @if page.hits.is_some() {
            p .hint { "Hits are decisions that machines reported, as long as the organization keeps them." }
        }
        @if *editable { (form(page)) }
    }
}

fn row(page: &Lists<'_>, MadeRule { rule, created_at, created_by }: &MadeRule) -> Markup {
    let hit = page.hits.and_then(|hits| hits.of(&rule.id));
    html! {
        tr {
            th scope="row" { code { (rule.pattern) } }
            td data-head="For" {
                @match &rule.scope {
                    Scope::Organization => "everybody",
                    Scope::Team(team) => { "team " (team) },
                    Scope::User(user) => (user),
                }
            }
            td data-head="Until" {
                @match rule.expires_at {
                    None => "for good",
                    Some(at) if at <= page.now => { span .state { "Ended" } " " (moment(at)) },
                    Some(at) => (moment(at)),
                }
            }
            td data-head="Why" { (rule.reason) }
            td data-head="Made" {
                (moment(*created_at))
                @if !created_by.is_empty() { div .hint { "by " (created_by) } }
            }
            @if page.hits.is_some() {
                td .number data-head="Hits" { (hit.map_or(0, |hit| hit.hits)) }
                td data-head="Last hit" {
                    @match hit { Some(hit) => (moment(hit.last_ms / 1000)), None => span .none { "–" } }
                }
            }
            @if page.editable {
                td {
                    @let fields = [("list", word(page.effect)), ("rule", rule.id.clone())];
                    (sure(
                        &format!("/orgs/{}/allowlist/remove", page.organization), page.csrf, "Remove", &rule.pattern,
                        &fields.each_ref().map(|(name, value)| (*name, value.as_str())),
                    ))
                }
            }
        }
    }
}

/// Taking away what many people use.
fn remove(page: &Lists<'_>, rule: &str) -> Markup {
    html! {
        form .note .warn method="post" action={ "/orgs/" (page.organization) "/allowlist/remove" } {
            (token(page.csrf))
            input type="hidden" name="list" value=(word(page.effect));
            input type="hidden" name="rule" value=(rule);
            (number_of_people(page.problem, None))
            button .danger { "Remove" }
        }
    }
}

fn form(page: &Lists<'_>) -> Markup {
    let typed = page.typed;
    html! {
        section .card aria-labelledby="h-add" {
            h2 #h-add { @match page.effect { Effect::Allow => "Allow images", Effect::Deny => "Deny images" } }
            form method="post" action={ "/orgs/" (page.organization) "/allowlist" } data-guard data-draft[page.problem.is_some()] {
                (token(page.csrf))
                input type="hidden" name="list" value=(word(page.effect));
                div .field {
                    label for="pattern" { "Images" }
                    div #pattern-hint .hint {
                        "A repository such as " code { "grafana/grafana" } ", with a tag or a digest if only these; "
                        code { "bitnami/*" } " for a whole namespace."
                    }
                    input #pattern name="pattern" value=(typed.pattern) required autocapitalize="none" spellcheck="false"
                        autocomplete="off" aria-describedby="pattern-hint" aria-invalid=[wrong(page.problem, "pattern")];
                }
                div .row {
                    div .field {
                        label for="whom" { "For" }
                        select #whom name="whom" {
                            @for (whom, text) in WHOM { option value=(word(whom)) selected[whom == typed.whom] { (text) } }
                        }
                    }
                    div .field {
                        label for="name" { "Team or person" }
                        input #name name="name" value=(typed.name) autocapitalize="none" spellcheck="false"
                            autocomplete="off" aria-invalid=[wrong(page.problem, "name")];
                    }
                    div .field {
                        label for="until" { "Until (empty: for good)" }
                        input #until type="date" name="until" value=(typed.until) aria-invalid=[wrong(page.problem, "expires_at")];
                    }
                }
                div .field .after {
                    label for="reason" { "Why" }
                    input #reason name="reason" value=(typed.reason) maxlength=(MAX_RULE_REASON_CHARS) autocomplete="off"
                        aria-invalid=[wrong(page.problem, "reason")];
                }
                @if page.asks == Some(&Asks::Add) { (number_of_people(page.problem, None)) }
                button .primary { @match page.effect { Effect::Allow => "Allow", Effect::Deny => "Deny" } }
            }
        }
    }
}
