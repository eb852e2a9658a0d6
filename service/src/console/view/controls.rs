//! Parts of forms. Each can also show its value to whoever may only look.

use clap::ValueEnum;
use maud::{Markup, html};

use super::words::prose;
use crate::model::word;

/// How a form is shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Form<'a> {
    /// False: values instead of controls.
    pub editable: bool,
    /// The field with which something is wrong.
    pub wrong: Option<&'a str>,
}

/// What stands at a control.
#[derive(Clone, Copy, Debug)]
pub(super) struct Label<'a> {
    /// Of the field.
    pub name: &'a str,
    pub text: &'a str,
    /// Empty: none.
    pub hint: &'a str,
}

impl<'a> Label<'a> {
    pub(super) const fn new(name: &'a str, text: &'a str, hint: &'a str) -> Self {
        Self { name, text, hint }
    }

    fn hint_id(&self) -> Option<String> {
        (!self.hint.is_empty()).then(|| format!("{}-hint", self.name))
    }
}

impl Form<'_> {
    fn invalid(&self, name: &str) -> Option<&'static str> {
        (self.wrong == Some(name)).then_some("true")
    }

    fn value(self, label: &Label<'_>, value: &Markup) -> Markup {
        html! {
            div .setting .fixed {
                div .label { (label.text) }
                div .value { (value) }
                @if !label.hint.is_empty() { div .hint { (prose(label.hint)) } }
            }
        }
    }

    /// Something that is on or off; `switch`: drawn as one.
    pub(super) fn tick(self, label: Label<'_>, on: bool, switch: bool) -> Markup {
        if !self.editable {
            let value = html! { span .state .on[on] { (if on { "On" } else { "Off" }) } };
            return self.value(&label, &value);
        }
        html! {
            div .setting .tick {
                input id=(label.name) type="checkbox" name=(label.name) checked[on]
                    role=[switch.then_some("switch")] aria-describedby=[label.hint_id()];
                label for=(label.name) { (label.text) }
                (hint(&label))
            }
        }
    }

    /// Something that nobody can change.
    pub(super) fn always(text: &str, hint: &Markup) -> Markup {
        html! {
            div .setting .fixed {
                div .label { (text) }
                div .value { span .state .on { "Always allowed" } }
                div .hint { (hint) }
            }
        }
    }

    /// One of some words, each with what it means.
    pub(super) fn choice<T: ValueEnum + PartialEq + Copy>(self, label: Label<'_>, now: T, all: &[(T, &str)]) -> Markup {
        if !self.editable {
            let text = all.iter().find(|(one, _)| *one == now).map_or("", |(_, text)| *text);
            return self.value(&label, &html! { (text) });
        }
        html! {
            fieldset .setting .choice aria-describedby=[label.hint_id()] {
                legend { (label.text) }
                (hint(&label))
                @for (one, text) in all {
                    @let id = format!("{}-{}", label.name, word(*one));
                    div .radio {
                        input id=(id) type="radio" name=(label.name) value=(word(*one)) checked[*one == now];
                        label for=(id) { (text) }
                    }
                }
            }
        }
    }

    /// A line of text. `kind`: as `input` has it; 0: as long as one likes.
    pub(super) fn line(self, label: Label<'_>, text: &str, kind: &str, most: usize) -> Markup {
        if !self.editable {
            return self.value(&label, &nothing_or(text));
        }
        html! {
            div .setting .field {
                label for=(label.name) { (label.text) }
                (hint(&label))
                input id=(label.name) type=(kind) name=(label.name) value=(text) autocomplete="off" spellcheck="false"
                    maxlength=[(most > 0).then_some(most)] aria-describedby=[label.hint_id()]
                    aria-invalid=[self.invalid(label.name)];
            }
        }
    }

    /// Several lines. `code`: names, not prose.
    pub(super) fn lines(self, label: Label<'_>, text: &str, code: bool, most: usize) -> Markup {
        if !self.editable {
            let value = match code && !text.is_empty() {
                true => html! { ul .names { @for line in text.lines() { li { code { (line) } } } } },
                false => nothing_or(text),
            };
            return self.value(&label, &value);
        }
        html! {
            div .setting .field {
                label for=(label.name) { (label.text) }
                (hint(&label))
                textarea id=(label.name) name=(label.name) rows=(text.lines().count().clamp(2, 12)) .code[code]
                    spellcheck=[code.then_some("false")] maxlength=[(most > 0).then_some(most)]
                    aria-describedby=[label.hint_id()] aria-invalid=[self.invalid(label.name)] { "\n" (text) }
            }
        }
    }
}

fn hint(label: &Label<'_>) -> Markup {
    html! { @if let Some(id) = label.hint_id() { div .hint id=(id) { (prose(label.hint)) } } }
}

fn nothing_or(text: &str) -> Markup {
    html! { @if text.is_empty() { span .none { "None" } } @else { (text) } }
}
