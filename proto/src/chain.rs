//! How an error is told in one line: the same way in every process's log and answers.

use std::{error::Error, fmt::Write as _};

/// An error and its causes, without what is said twice.
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
    text
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
}
