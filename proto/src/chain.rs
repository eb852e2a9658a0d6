//! How an error is told in one line: the same way in every process's log and answers.

use std::{error::Error, fmt::Write as _};

/// Most characters of it. An error may quote what somebody wrote into a file.
const MOST: usize = 2000;

/// An error and its causes, without what is said twice, in one line that is fit for a terminal.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let told = cause.to_string();
        if !text.contains(&told) {
            // Writing into a string cannot fail.
            let _ = write!(text, ": {told}");
        }
        next = cause.source();
    }
    text.chars().take(MOST).map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{what}")]
    struct Told {
        what: &'static str,
        source: Option<Box<Told>>,
    }

    #[test]
    fn causes_follow_one_another_and_nothing_is_said_twice() {
        let inner = Told { what: "no such file", source: None };
        let same = Told { what: "no such file", source: Some(Box::new(inner)) };
        let outer = Told { what: "cannot read `x`", source: Some(Box::new(same)) };
        assert_eq!(chain(&outer), "cannot read `x`: no such file");
    }

    #[test]
    fn what_an_error_quotes_moves_no_cursor_and_fills_no_screen() {
        let text = format!(r#"{{"a\u001b[2J\n\u009b{}":1}}"#, "x".repeat(60_000));
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct File {}
        let told = chain(&serde_json::from_str::<File>(&text).expect_err("a field that is not known"));
        assert!(told.starts_with("unknown field `a [2J  xxx") && told.chars().count() == MOST, "{}", &told[..60]);
    }
}
