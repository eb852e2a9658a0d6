//! `*` (any run of characters) and `?` (one character) in tags and path components.

/// True when `text` matches `pattern`. Iterative, at most `pattern × text` steps.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0_usize, 0_usize);
    // Where to go on when what follows the last `*` does not match: one more byte for that `*`.
    let mut retry: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p, t));
                p = p.saturating_add(1);
            }
            Some(&expected) if expected == b'?' || expected == byte => {
                p = p.saturating_add(1);
                t = t.saturating_add(1);
            }
            _ => {
                let Some((star, from)) = retry else { return false };
                let from = from.saturating_add(1);
                retry = Some((star, from));
                p = star.saturating_add(1);
                t = from;
            }
        }
    }
    pattern.get(p..).is_some_and(|rest| rest.iter().all(|byte| *byte == b'*'))
}

/// True when `pattern` holds a wildcard.
pub(crate) fn is_glob(pattern: &str) -> bool {
    pattern.contains(['*', '?'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("*", "latest", true),
            ("3.*", "3.20", true),
            ("3.*", "3", false),
            ("3.*-slim", "3.20-slim", true),
            ("3.*-slim", "3.20-slim-x", false),
            ("v?", "v1", true),
            ("v?", "v", false),
            ("*a*b", "xaxbxab", true),
            ("latest", "latest", true),
            ("latest", "latest2", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn a_hostile_pattern_stays_quadratic() {
        let pattern = "*a".repeat(60);
        assert!(!matches(&pattern, &"a".repeat(59)));
    }
}
