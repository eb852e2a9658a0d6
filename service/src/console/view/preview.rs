//! What a draft of the policy would do, above its form.

use maud::{Markup, html};

use super::{
    super::fault::Problem,
    parts::number_of_people,
    words::{date, plural},
};
use crate::{
    acts::preview::{Basis, Counted, DAYS, Preview, Shift, ThingChange},
    model::AllowedPulls,
};

/// `form`: the one that holds the draft.
pub(super) fn card(preview: &Preview, form: &str, problem: Option<&Problem>) -> Markup {
    let effects = &preview.effects;
    html! {
        section #preview .card aria-labelledby="h-preview" tabindex="-1" autofocus {
            h2 #h-preview { "What this draft would do" }
            (basis(&preview.basis))
            (shift("Newly refused", &effects.refused, "Nothing that people did would newly be refused."))
            (shift("Newly recorded as one to refuse", &effects.watched, ""))
            (shift("Newly allowed", &effects.allowed, "Nothing that people did would newly be allowed."))
            (publish(preview, form, problem))
        }
    }
}

fn basis(basis: &Basis) -> Markup {
    html! {
        p {
            "Held against what machines decided in the last " (DAYS) " days: " (people(basis.active)) ", "
            (plural(basis.things, "distinct thing")) "."
            @if let Some(day) = basis.first_day { " The oldest that is known is of " (date(day)) "." }
        }
        @if basis.first_day.is_none() {
            p .hint { "Nothing was recorded yet, so this says nothing about people." }
        }
        @if basis.allowed_pulls == AllowedPulls::None {
            p .note .warn { "Of what was allowed nothing is kept here, so nobody knows what would newly be refused." }
        }
        @if basis.cut {
            p .note .warn { "There are more things than are looked at: all numbers are at least so large." }
        }
        @if basis.unread > 0 {
            p .hint { (basis.unread) " decisions are on something that their record does not name." }
        }
    }
}

/// `nothing`: what is said when there is none; empty: nothing is.
fn shift(title: &str, shift: &Shift, nothing: &str) -> Markup {
    let Shift { things, people: who, namespaces } = shift;
    html! {
        @if things.count == 0 && namespaces.count == 0 {
            @if !nothing.is_empty() { p { (nothing) } }
        } @else {
            h3 { (title) }
            @if things.count > 0 {
                p { (plural(things.count, "thing")) " that " (people(who.count)) " did: " (names(who, |one| &one.user)) "." }
                (table(title, things))
            }
            @if namespaces.count > 0 {
                p {
                    "In the publishers\u{2019} directory: everything of " (plural(namespaces.count, "namespace")) ", "
                    (names(namespaces, |one| &one.namespace)) "."
                }
            }
        }
    }
}

fn table(title: &str, things: &Counted<ThingChange>) -> Markup {
    html! {
        div .wide {
            table .stack aria-label=(title) {
                thead {
                    tr {
                        th scope="col" { "Image" } th scope="col" { "Action" } th scope="col" { "Why" }
                        th scope="col" .number { "People" } th scope="col" .number { "Times" } th scope="col" { "Last" }
                    }
                }
                tbody { @for thing in &things.examples { (row(thing)) } }
            }
        }
        @if things.count > things.examples.len() {
            p .hint { "And " (things.count - things.examples.len()) " more." }
        }
    }
}

fn row(thing: &ThingChange) -> Markup {
    html! {
        tr {
            th scope="row" { @if thing.image.is_empty() { span .none { "no image" } } @else { code { (thing.image) } } }
            td data-head="Action" { (thing.action) }
            td data-head="Why" {
                @match thing.category {
                    Some(category) => { (category.code().replace('_', " ")) " (" (thing.reason.code().replace('_', " ")) ")" },
                    None => (thing.reason.code().replace('_', " ")),
                }
                @if thing.watched { " " span .state .watch { "Recorded" } }
            }
            td .number data-head="People" { (thing.people) }
            td .number data-head="Times" { (thing.times) }
            td data-head="Last" { (date(thing.last_day)) }
        }
    }
}

fn publish(preview: &Preview, form: &str, problem: Option<&Problem>) -> Markup {
    let (losing, active) = (preview.losing(), preview.basis.active);
    html! {
        @match preview.needs() {
            Some(_) => {
                div .note .warn {
                    p {
                        b { (losing) " of the " (active) " active people would lose something they used." }
                        " That is more than a tenth: say that you mean it."
                    }
                    (number_of_people(problem, Some(form)))
                    button .danger form=(form) { "Publish" }
                }
            },
            None => {
                @if losing > 0 { p { (people(losing)) " of the " (active) " active would lose something they used." } }
                button .primary form=(form) { "Publish" }
            },
        }
    }
}

fn people(count: usize) -> String {
    if count == 1 { "1 person".to_owned() } else { format!("{count} people") }
}

/// The first of them, and how many more there are.
fn names<T>(counted: &Counted<T>, name: impl Fn(&T) -> &String) -> Markup {
    let more = counted.count - counted.examples.len();
    html! {
        @for (at, one) in counted.examples.iter().enumerate() {
            @if at > 0 { ", " }
            b { (name(one)) }
        }
        @if more > 0 { " and " (more) " more" }
    }
}
