//! Words of signing in: where accounts come from, what tokens are for, how attempts end.

use std::{collections::BTreeSet, fmt, str::FromStr};

use clap::ValueEnum;
use serde::{Deserialize, Serialize, Serializer};
use utoipa::ToSchema;

use super::{from_word, word};

/// Who can say whether a sign-in of an account is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// This service: a password or a personal access token.
    Own,
    /// Docker Hub.
    DockerHub,
    /// The identity provider.
    Oidc,
    /// Nobody's account: an organization access token.
    Organization,
}

impl fmt::Display for Origin {
    /// For a sentence that begins "an account of".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Own => "this service",
            Self::DockerHub => "Docker Hub",
            Self::Oidc => "the identity provider",
            Self::Organization => "an organization access token",
        })
    }
}

/// Who says that somebody is a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// An administrator here.
    Admin,
    /// Docker Hub, at the last sign-in.
    DockerHub,
    /// The identity provider, at the last sign-in.
    Oidc,
}

impl Source {
    /// Its name where it is not an administrator here; what it says it says again.
    #[must_use]
    pub fn elsewhere(self) -> Option<&'static str> {
        match self {
            Self::Admin => None,
            Self::DockerHub => Some("Docker Hub"),
            Self::Oidc => Some("a group of the identity provider"),
        }
    }
}

/// What an access token may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Serialize, Deserialize, ToSchema)]
pub enum TokenScope {
    /// Signing a machine in, `docker login`
    #[value(name = "sign-in")]
    #[serde(rename = "sign-in")]
    SignIn,
    /// Reading the owner's organizations over APIs
    #[value(name = "org:read")]
    #[serde(rename = "org:read")]
    OrgRead,
    /// Changing them over APIs
    #[value(name = "org:write")]
    #[serde(rename = "org:write")]
    OrgWrite,
}

/// A set of scopes; its text is their words with commas between them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenScopes(BTreeSet<TokenScope>);

impl TokenScopes {
    /// What a password gives.
    #[must_use]
    pub fn all() -> Self {
        Self(TokenScope::value_variants().iter().copied().collect())
    }

    /// True when it is one of them.
    #[must_use]
    pub fn contains(&self, scope: TokenScope) -> bool {
        self.0.contains(&scope)
    }

    /// Each of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = TokenScope> {
        self.0.iter().copied()
    }

    fn words(&self) -> Vec<String> {
        self.0.iter().map(|scope| word(*scope)).collect()
    }
}

impl FromIterator<TokenScope> for TokenScopes {
    fn from_iter<I: IntoIterator<Item = TokenScope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for TokenScopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words().join(","))
    }
}

impl FromStr for TokenScopes {
    type Err = String;

    /// The error is the word that is none.
    fn from_str(text: &str) -> Result<Self, String> {
        text.split(',').filter(|word| !word.is_empty()).map(from_word).collect()
    }
}

impl Serialize for TokenScopes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.words().serialize(serializer)
    }
}

/// Through which door somebody tries to sign in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Via {
    /// A machine's agent.
    Agent,
    /// `docker login`.
    DockerLogin,
    /// The endpoints that speak Docker Hub's language.
    HubApi,
    /// `pullgate login`, by the identity provider.
    Login,
    /// The API, with an access token.
    Api,
    /// A browser.
    Browser,
}

/// What was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum CredentialKind {
    /// A password of this service.
    Password,
    /// A personal access token.
    PersonalToken,
    /// An organization access token.
    OrganizationToken,
    /// A password or token of Docker Hub.
    DockerHub,
    /// An identity token of the identity provider.
    Oidc,
    /// It was not looked at.
    Unknown,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, ValueEnum)]
pub enum Outcome {
    /// Signed in.
    Accepted,
    /// Unknown user, wrong secret, ended token.
    Wrong,
    /// The right token, past its end.
    Expired,
    /// The right token, not made for this.
    Scope,
    /// The name is that of an account of another origin: signing in here does not open it.
    Origin,
    /// The right secret of somebody who belongs to no organization here.
    NotMember,
    /// A realm that this service does not check.
    Realm,
    /// Too many failed attempts.
    Limited,
    /// Too many at once.
    Busy,
    /// The service, or whom it asks, could not say.
    Unavailable,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_as_they_are_written() {
        assert_eq!(TokenScopes::all().to_string(), "sign-in,org:read,org:write");
        for text in ["", "sign-in", "org:read", "sign-in,org:write"] {
            assert_eq!(text.parse::<TokenScopes>().unwrap().to_string(), text);
        }
        assert_eq!("org:read,sign-in,org:read".parse::<TokenScopes>().unwrap().to_string(), "sign-in,org:read");
        assert_eq!("sign-in,root".parse::<TokenScopes>().unwrap_err(), "root");
        assert_eq!(serde_json::to_string(&TokenScopes::all()).unwrap(), r#"["sign-in","org:read","org:write"]"#);
    }

    #[test]
    fn origins_are_stored_by_their_words() {
        let words: Vec<String> = Origin::value_variants().iter().map(|origin| word(*origin)).collect();
        assert_eq!(words, ["own", "docker-hub", "oidc", "organization"]);
        let words: Vec<String> = Source::value_variants().iter().map(|source| word(*source)).collect();
        assert_eq!(words, ["admin", "docker-hub", "oidc"]);
    }
}
