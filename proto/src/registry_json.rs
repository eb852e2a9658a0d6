//! Docker's own sign-in enforcement: `registry.json`, as administrators already roll it out for
//! Docker Desktop (docs.docker.com, "Methods for enforcing sign-in").
//!
//! ```json
//! { "allowedOrgs": ["myorg1", "myorg2"] }
//! ```
//! UTF-8 without a byte order mark. An empty or missing list enforces nothing.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::{
    organization,
    trusted_file::{self, FileError},
};

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RegistryJsonError {
    /// Missing, unreadable, or not the administrator's alone.
    #[error(transparent)]
    File(#[from] FileError),
    /// Not the JSON above.
    #[error("`{path}` is not valid: {why}")]
    Invalid {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// The organizations that the file names, lower case; none: there is no file.
///
/// # Errors
/// [`RegistryJsonError`]: sign-in is meant to be enforced, and the caller fails closed.
pub fn read(path: &Path) -> Result<Option<Vec<String>>, RegistryJsonError> {
    match trusted_file::read(path) {
        Ok(text) => parse(&text).map(Some).map_err(|why| RegistryJsonError::Invalid { path: path.to_owned(), why }),
        Err(error) if error.is_missing() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn parse(text: &[u8]) -> Result<Vec<String>, String> {
    if text.starts_with(b"\xef\xbb\xbf") {
        return Err("it starts with a byte order mark; save it as UTF-8 without one".to_owned());
    }
    let value: Value = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let Value::Object(members) = value else { return Err("it is no JSON object".to_owned()) };
    // As Go reads it; and a key in two spellings is not decided by chance.
    let mut lists = members.into_iter().filter(|(key, _)| key.eq_ignore_ascii_case("allowedOrgs"));
    let list = match (lists.next(), lists.next()) {
        (None, _) | (Some((_, Value::Null)), None) => return Ok(Vec::new()),
        (Some((_, Value::Array(list))), None) => list,
        (Some((key, _)), None) => return Err(format!("`{key}` is no list of names")),
        (Some((one, _)), Some((other, _))) => return Err(format!("it holds both `{one}` and `{other}`")),
    };
    list.iter()
        .map(|item| match item {
            Value::String(name) => organization::parse("allowedOrgs", name),
            _ => Err("`allowedOrgs` holds something that is no name".to_owned()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_docker_reads_them_and_folded() {
        let good = |text: &str| parse(text.as_bytes()).expect(text);
        assert_eq!(good(r#"{"allowedOrgs": ["MyOrg1", "myorg2"]}"#), ["myorg1", "myorg2"]);
        assert_eq!(good(r#"{"allowedorgs": ["a"], "other": {"x": 1}}"#), ["a"]);
        for nothing in ["{}", r#"{"allowedOrgs": []}"#, r#"{"allowedOrgs": null}"#] {
            assert!(good(nothing).is_empty(), "{nothing}");
        }
    }

    #[test]
    fn a_refusal_never_quotes_a_name_without_end() {
        let long = |length: usize| parse(format!(r#"{{"allowedOrgs": ["{}"]}}"#, "a".repeat(length)).as_bytes());
        assert_eq!(long(100).expect("as the service's own").len(), 1);
        assert!(long(101).expect_err("longer than any").len() < 200);
    }

    #[test]
    fn what_is_damaged_says_how() {
        for (text, part) in [
            ("", "EOF"),
            ("[]", "no JSON object"),
            ("\u{feff}{}", "byte order mark"),
            (r#"{"allowedOrgs": "acme"}"#, "no list of names"),
            (r#"{"allowedOrgs": [1]}"#, "no name"),
            (r#"{"allowedOrgs": [""]}"#, "empty"),
            (r#"{"allowedOrgs": ["a;b"]}"#, "one name an entry"),
            (r#"{"allowedOrgs": ["acme\u200b"]}"#, r"`acme\u{200b}`, which is no organization's name"),
            (r#"{"allowedOrgs": ["\u0430cme"]}"#, r"`\u{430}cme`"),
            (r#"{"allowedOrgs": ["acme/ops"]}"#, "one name an entry"),
            (r#"{"allowedOrgs": ["a"], "AllowedOrgs": []}"#, "both"),
            (r#"{"allowedOrgs": ["a"]"#, "EOF"),
        ] {
            let why = parse(text.as_bytes()).expect_err(text);
            assert!(why.contains(part), "{text}: {why}");
        }
    }
}
