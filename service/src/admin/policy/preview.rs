//! The part of `policy` that prints what a draft would change.

use super::super::{Admin, input};
use crate::{
    acts::preview::{Basis, Counted, DAYS, Preview, Shift, ThingChange},
    model::AllowedPulls,
    rest,
};

/// Lines of each list.
const SHOWN: usize = 10;

/// For people, or as the API has it.
pub(super) fn print(admin: &Admin, preview: Preview) {
    let text = text(&preview);
    admin.out.line(text, &rest::Preview::from(preview));
}

fn text(preview: &Preview) -> String {
    let Preview { organization, effects, basis, .. } = preview;
    let mut lines = vec![format!(
        "held against the last {DAYS} days of `{organization}`: {} active, {}",
        plural(basis.active, "person", "people"),
        plural(basis.things, "distinct thing", "distinct things"),
    )];
    lines.extend(unknown(basis));
    for (what, shift) in [
        ("newly refused", &effects.refused),
        ("newly recorded as one to refuse", &effects.watched),
        ("newly allowed", &effects.allowed),
    ] {
        lines.extend(self::shift(what, shift));
    }
    lines.push(match preview.needs() {
        Some(people) => format!(
            "{people} of {} active people would lose something: to publish it, add `--confirm {people}`",
            basis.active
        ),
        None => "at most a tenth of the active people would lose something; nothing has to be confirmed".to_owned(),
    });
    lines.join("\n")
}

/// What the counts do not tell.
fn unknown(basis: &Basis) -> Vec<String> {
    let mut lines = Vec::new();
    match (basis.first_day, basis.allowed_pulls) {
        (None, _) => lines.push("nothing was recorded: this says nothing about people".to_owned()),
        (Some(day), _) => lines.push(format!("the oldest decision that is known is of {}", date(day))),
    }
    if basis.allowed_pulls == AllowedPulls::None {
        lines.push("of what was allowed nothing is kept: what would newly be refused is not known".to_owned());
    }
    if basis.cut {
        lines.push("there are more things than are looked at: all numbers are lower bounds".to_owned());
    }
    if basis.unread > 0 {
        lines.push(format!("{} decisions are on something that their record does not name", basis.unread));
    }
    lines
}

fn shift(what: &str, shift: &Shift) -> Vec<String> {
    let Shift { things, people, namespaces } = shift;
    if things.count == 0 && namespaces.count == 0 {
        return vec![format!("{what}: nothing")];
    }
    let mut lines = vec![format!(
        "{what}: {} of {}",
        plural(things.count, "thing", "things"),
        plural(people.count, "person", "people")
    )];
    lines.extend(things.examples.iter().take(SHOWN).map(thing));
    lines.extend(more(things.count, things.examples.len()));
    if people.count > 0 {
        lines.push(format!("  people: {}", names(people, |one| &one.user)));
    }
    if namespaces.count > 0 {
        lines.push(format!("  namespaces of the directory: {}", names(namespaces, |one| &one.namespace)));
    }
    lines
}

fn thing(thing: &ThingChange) -> String {
    let ThingChange { action, image, times, people, last_day, reason, category, .. } = thing;
    let why = category.map_or(reason.code(), |category| category.code());
    let people = plural(*people, "person", "people");
    let last = date(*last_day);
    let named = if image.is_empty() { "(no image)" } else { image };
    format!("  {action:<8} {named}  {why}, {people}, {times} times, last {last}")
}

fn more(count: usize, examples: usize) -> Option<String> {
    let shown = examples.min(SHOWN);
    (count > shown).then(|| format!("  and {} more", count - shown))
}

fn names<T>(counted: &Counted<T>, name: impl Fn(&T) -> &String) -> String {
    let shown: Vec<&str> = counted.examples.iter().take(SHOWN).map(|one| name(one).as_str()).collect();
    match counted.count - shown.len() {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// A day since the Unix epoch.
fn date(day: i64) -> String {
    input::date(day.saturating_mul(86_400)).chars().take_while(|c| *c != 'T').collect()
}
