//! Texts as people read them.

use maud::{Markup, html};
use time::{Date, OffsetDateTime, format_description::well_known::Rfc3339};

/// A sentence of an error: a capital first, a dot at the end, and what stands in backticks as code.
pub(super) fn capital(text: &str) -> Markup {
    let ends = text.ends_with(['.', '!', '?', ')']) || text.is_empty();
    let first = text.chars().next().map_or(0, char::len_utf8);
    html! {
        @if text.starts_with('`') { (prose(text)) } @else { (text[..first].to_uppercase()) (prose(&text[first..])) }
        @if !ends { "." }
    }
}

/// A text in which what stands in backticks is code.
pub(super) fn prose(text: &str) -> Markup {
    html! { @for (index, part) in text.split('`').enumerate() { @if index % 2 == 1 { code { (part) } } @else { (part) } } }
}

/// A number of things.
pub(super) fn plural(count: usize, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// A moment, seconds since the Unix epoch. The script says it in the reader's own time.
pub(super) fn moment(at: i64) -> Markup {
    let Ok(at) = OffsetDateTime::from_unix_timestamp(at) else { return html! { (at) } };
    let (date, hour, minute) = (at.date(), at.hour(), at.minute());
    let exact = at.format(&Rfc3339).unwrap_or_default();
    html! { time datetime=(exact) { (date) (format!(" {hour:02}:{minute:02} UTC")) } }
}

/// A time that went by, in the largest unit that it fills.
pub(super) fn span(seconds: i64) -> String {
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute")];
    match units.into_iter().find(|(unit, _)| seconds >= *unit) {
        Some((unit, name)) => plural(usize::try_from(seconds / unit).unwrap_or_default(), name),
        None => "less than a minute".to_owned(),
    }
}

/// A day, since the Unix epoch.
pub(super) fn date(day: i64) -> String {
    let at = day.checked_mul(86_400).and_then(|at| OffsetDateTime::from_unix_timestamp(at).ok());
    at.map(OffsetDateTime::date).as_ref().map_or_else(|| day.to_string(), Date::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_becomes_a_sentence() {
        let cases = [
            ("`a<b>` is no pattern", "<code>a&lt;b&gt;</code> is no pattern."),
            ("say why; `x` and `y`", "Say why; <code>x</code> and <code>y</code>."),
            ("Done.", "Done."),
            ("", ""),
            ("été", "Été."),
        ];
        for (text, expected) in cases {
            assert_eq!(capital(text).into_string(), expected);
        }
    }

    #[test]
    fn a_span_is_as_rough_as_people_say_it() {
        let cases = [(-5, "less than a minute"), (59, "less than a minute"), (60, "1 minute"), (7199, "1 hour")];
        for (seconds, expected) in cases.into_iter().chain([(86_399, "23 hours"), (40 * 86_400, "40 days")]) {
            assert_eq!(span(seconds), expected);
        }
    }

    #[test]
    fn a_moment_is_exact_and_short() {
        let expected = "<time datetime=\"2027-01-15T08:00:00Z\">2027-01-15 08:00 UTC</time>";
        assert_eq!(moment(1_800_000_000).into_string(), expected);
        assert_eq!(moment(i64::MAX).into_string(), i64::MAX.to_string());
    }
}
