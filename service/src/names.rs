//! Names of organizations, users, teams and Docker Hub namespaces: one rule for all.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{ObjectBuilder, RefOr, Schema, schema::Type},
};

/// Most characters of a name.
pub const MAX_NAME_CHARS: usize = 63;

/// Between the organization and the token's name in the name of an organization access token's
/// account. No name holds it, so it is nobody's.
const TOKEN_MARK: char = '/';

/// The name of the account of an organization access token.
#[must_use]
pub fn token_account(organization: &Name, token: &Name) -> String {
    format!("{organization}{TOKEN_MARK}{token}")
}

/// The organization of such an account; none for the name of a person's. A token stands for many
/// machines where a person has some.
#[must_use]
pub fn token_organization(account: &str) -> Option<&str> {
    account.split_once(TOKEN_MARK).map(|(organization, _)| organization)
}

/// A checked name: `[a-z0-9][a-z0-9_.-]{0,62}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(String);

/// The same rule, as a regular expression.
pub const NAME_PATTERN: &str = "^[a-z0-9][a-z0-9_.-]{0,62}$";

/// Not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a name: use up to {MAX_NAME_CHARS} of `a-z`, `0-9`, `_`, `.` and `-`, beginning with a letter or digit"
)]
pub struct NameError(String);

impl Name {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Name {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        let first = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        let rest = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"_.-".contains(&b));
        if first && rest && text.len() <= MAX_NAME_CHARS {
            Ok(Self(text.to_owned()))
        } else {
            Err(NameError(text.chars().take(80).collect()))
        }
    }
}

impl TryFrom<String> for Name {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.0
    }
}

impl PartialSchema for Name {
    fn schema() -> RefOr<Schema> {
        let most = Some(MAX_NAME_CHARS);
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(NAME_PATTERN))
            .min_length(Some(1))
            .max_length(most)
            .description(Some("Of an organization, a user, a team or a Docker Hub namespace."))
            .into()
    }
}

impl ToSchema for Name {}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_account_of_a_token_is_nobodys_name() {
        let name = |text: &str| text.parse::<Name>().unwrap();
        let account = token_account(&name("acme"), &name("ci"));
        assert_eq!((account.as_str(), token_organization(&account)), ("acme/ci", Some("acme")));
        assert!(account.parse::<Name>().is_err());
        assert_eq!(token_organization("alice"), None);
    }

    #[test]
    fn names_follow_one_rule() {
        for good in ["a", "0", "acme", "a.b-c_d", &"x".repeat(63)] {
            assert!(good.parse::<Name>().is_ok(), "{good}");
        }
        for bad in ["", "-a", ".a", "_a", "Acme", "a b", "a/b", "é", "a\n", &"x".repeat(64)] {
            assert!(bad.parse::<Name>().is_err(), "{bad}");
        }
    }
}
