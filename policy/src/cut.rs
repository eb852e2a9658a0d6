//! Cutting short texts at an ASCII byte. The standard library's searchers are made for long
//! texts; on names of thirty bytes their set-up was a quarter of a decision.

/// What is before and behind the first `byte`.
pub(crate) fn at_first(text: &str, byte: u8) -> Option<(&str, &str)> {
    around(text, text.bytes().position(|b| b == byte)?)
}

/// What is before and behind the last `byte`.
pub(crate) fn at_last(text: &str, byte: u8) -> Option<(&str, &str)> {
    around(text, text.bytes().rposition(|b| b == byte)?)
}

fn around(text: &str, place: usize) -> Option<(&str, &str)> {
    Some((text.get(..place)?, text.get(place.checked_add(1)?..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_as_the_standard_library_does() {
        for text in ["", "/", "a", "a/b", "/a/", "a/b/c", "ä/ö/ü", "aä"] {
            assert_eq!(at_first(text, b'/'), text.split_once('/'), "{text}");
            assert_eq!(at_last(text, b'/'), text.rsplit_once('/'), "{text}");
        }
    }
}
