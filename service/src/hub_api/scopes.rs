//! What Docker Hub's access tokens may be used for, and ours.
//!
//! A token of this service signs machines in (`sign-in`), which is what Docker's are for that pull and push. Docker's
//! scopes for the API are narrower than `org:read` and `org:write`, so none of them becomes one of these: whoever wants
//! that says so in our words, which are taken too.

use super::refused::Refused;
use crate::model::{TokenScope, TokenScopes, from_word};

/// The scopes that come of those words. None of them: the token would be good for nothing.
pub(super) fn read<'a>(words: impl Iterator<Item = &'a str>) -> Result<TokenScopes, Refused> {
    let mut scopes = Vec::new();
    for word in words {
        let scope = match word {
            "repo:admin" | "repo:write" | "repo:read" | "repo:public_read" => TokenScope::SignIn,
            "scope-image-pull" | "scope-image-push" => TokenScope::SignIn,
            word => from_word(word).map_err(|word: String| {
                Refused::invalid(format!(
                    "the scope `{}` is given to no token here; say `scope-image-pull` or `repo:read` for one that signs \
                     machines in, and `org:read` or `org:write` for one that administers",
                    word.chars().take(60).collect::<String>()
                ))
            })?,
        };
        scopes.push(scope);
    }
    match scopes.is_empty() {
        true => Err(Refused::invalid("a token without scopes is good for nothing")),
        false => Ok(scopes.into_iter().collect()),
    }
}

/// In our words, of a token that was made elsewhere.
pub(super) fn words(scopes: &TokenScopes) -> Vec<String> {
    scopes.iter().map(crate::model::word).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_scope_of_docker_hub_becomes_one_that_administers() {
        let read = |words: &[&str]| read(words.iter().copied()).ok().map(|scopes| scopes.to_string());
        assert_eq!(read(&["repo:admin", "scope-image-push"]).as_deref(), Some("sign-in"));
        assert_eq!(read(&["org:write"]).as_deref(), Some("org:write"));
        for words in [&[][..], &["scope-ram-write"], &["scope-member-read"], &["repo:read", "x"], &[""]] {
            assert_eq!(read(words), None, "{words:?}");
        }
    }
}
