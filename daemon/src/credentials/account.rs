//! A credential that was found: whose it is, who can check it, where it was.

use std::fmt;

use proto::secret::Secret;
use sha2::{Digest as _, Sha256};

/// A user name and what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Who knows whether the secret is right.
    pub realm: Realm,
    /// User name as stored, case kept.
    pub user: String,
    /// Password or token.
    pub secret: Secret,
    /// Key in the credentials file, or the one asked of a helper; the path of a token file.
    pub key: String,
    /// Where the entry was found.
    pub source: Source,
}

/// Docker's word for "the secret says who".
pub const TOKEN_USER: &str = "<token>";

/// Who knows whether a secret is right. The same name in two realms is two people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Realm {
    /// The policy service.
    Service,
    /// Docker Hub, which the service asks.
    DockerHub,
}

impl Realm {
    /// The stable word.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::DockerHub => "docker-hub",
        }
    }

    /// The realm that the stable word means.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        [Self::Service, Self::DockerHub].into_iter().find(|realm| realm.code() == code)
    }
}

/// Whose credential it is, without the secret: a new password is the same person's, another token is not.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Who knows the person.
    pub realm: Realm,
    /// The user name; with [`TOKEN_USER`] also a digest of the token. A token is long and random, so
    /// that its digest does not give it away, as a password's would.
    pub user: String,
}

impl Account {
    /// Whose it is.
    #[must_use]
    pub fn identity(&self) -> Identity {
        let user = match self.user.as_str() {
            TOKEN_USER => {
                let hash = Sha256::new().chain_update("pullgate token identity\0").chain_update(self.secret.expose());
                let digest: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
                format!("{TOKEN_USER} {digest}")
            }
            user => user.to_owned(),
        };
        Identity { realm: self.realm, user }
    }
}

/// Which place answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `auths` in the file.
    File,
    /// The program of `credsStore`.
    Store(String),
    /// A program of `credHelpers`.
    Helper(String),
    /// A token file.
    TokenFile,
}

impl Source {
    /// The helper's name, the part behind `docker-credential-`.
    #[must_use]
    pub fn helper(&self) -> Option<&str> {
        match self {
            Self::File | Self::TokenFile => None,
            Self::Store(name) | Self::Helper(name) => Some(name),
        }
    }

    /// The kind of place, without the helper's name.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Store(_) => "store",
            Self::Helper(_) => "helper",
            Self::TokenFile => "token-file",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.helper() {
            None => f.write_str(self.kind()),
            Some(name) => write!(f, "{}:{name}", self.kind()),
        }
    }
}

/// Which sign-in is looked for in the Docker credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// Whose credential it would be.
    pub realm: Realm,
    /// The names under which it may be stored, best first.
    pub keys: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(realm: Realm, user: &str, secret: &str) -> Account {
        let secret = Secret::new(secret.to_owned());
        Account { realm, user: user.to_owned(), secret, key: "k".to_owned(), source: Source::File }
    }

    #[test]
    fn a_new_password_is_the_same_person_another_realm_or_token_is_not() {
        let alice = account(Realm::Service, "alice", "p1").identity();
        assert_eq!(alice, account(Realm::Service, "alice", "p2").identity());
        assert_ne!(alice, account(Realm::DockerHub, "alice", "p1").identity());
        assert_ne!(alice, account(Realm::Service, "bob", "p1").identity());
        let token = |secret| account(Realm::Service, TOKEN_USER, secret).identity();
        assert_eq!(token("pg_oat_1_x"), token("pg_oat_1_x"));
        assert_ne!(token("pg_oat_1_x"), token("pg_oat_2_x"));
        assert!(!format!("{:?}", token("pg_oat_1_x")).contains("pg_oat"));
    }
}
