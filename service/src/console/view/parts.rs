//! Parts that several pages have.

use maud::{Markup, html};

use super::{super::fault::Problem, frame::token};

/// Something that takes a second click: `verb` and `name` say what becomes of what.
pub(super) fn sure(address: &str, csrf: &str, verb: &str, name: &str, fields: &[(&str, &str)]) -> Markup {
    html! {
        details .sure {
            summary aria-label={ (verb) ": " (name) } { (verb) }
            form method="post" action=(address) {
                (token(csrf))
                @for (field, value) in fields { input type="hidden" name=(field) value=(value); }
                button .danger .small { "Yes: " (verb.to_lowercase()) }
            }
        }
    }
}

/// `aria-invalid` of a field.
pub(super) fn wrong(problem: Option<&Problem>, name: &str) -> Option<&'static str> {
    problem.is_some_and(|problem| problem.field == Some(name)).then_some("true")
}

/// Where whoever publishes says from how many people that takes something. `form`: of which form it is a part, where it
/// stands outside of it.
pub(super) fn number_of_people(problem: Option<&Problem>, form: Option<&str>) -> Markup {
    html! {
        div .field {
            label for="confirm" { "Type the number of people who would lose something" }
            input #confirm name="confirm" form=[form] inputmode="numeric" autocomplete="off" required
                aria-invalid=[wrong(problem, "confirm")];
        }
    }
}

/// A new password, twice.
pub(super) fn new_password(problem: Option<&Problem>) -> Markup {
    html! {
        div .field {
            label for="password" { "New password" }
            div #password-hint .hint { "At least 8 characters." }
            input #password type="password" name="password" autocomplete="new-password" required minlength="8"
                aria-describedby="password-hint" aria-invalid=[wrong(problem, "password")];
        }
        div .field {
            label for="again" { "The same again" }
            input #again type="password" name="again" autocomplete="new-password" required minlength="8"
                aria-invalid=[wrong(problem, "again")];
        }
    }
}

/// What is shown once.
pub(super) fn once(title: &str, secret: &str) -> Markup {
    html! {
        div .note .good role="status" {
            p { b { (title) } " Copy it now: it is shown once." }
            code .once #secret { (secret) }
        }
    }
}
