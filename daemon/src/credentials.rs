//! Who is signed in on this machine, as the Docker credentials file and its helper say.
//!
//! The file is read as the Docker CLI reads it (docker/cli `cli/config`), with two
//! differences: what cannot be read means *nobody*, never the last known account, and a
//! helper is run only when the answer needs it, with a deadline and an output limit.

pub mod config_file;
pub mod helper;
pub mod identity;
pub mod json;
mod patience;
pub mod place;
pub mod reader;

use std::{fmt, path::Path};

use proto::secret::Secret;

/// What the credentials say at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// Somebody is signed in to the policy service.
    SignedIn(Account),
    /// Nobody is: no file, no entry, or the store holds none.
    SignedOut,
    /// It cannot be told. Treated as nobody.
    Unreadable(Unreadable),
}

/// A user name and what proves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// User name as stored, case kept.
    pub user: String,
    /// Password or token.
    pub secret: Secret,
    /// Key in the credentials file, or the one asked of a helper.
    pub key: String,
    /// Where the entry was found.
    pub source: Source,
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
}

impl Source {
    /// The helper's name, the part behind `docker-credential-`.
    #[must_use]
    pub fn helper(&self) -> Option<&str> {
        match self {
            Self::File => None,
            Self::Store(name) | Self::Helper(name) => Some(name),
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("file"),
            Self::Store(name) => write!(f, "store:{name}"),
            Self::Helper(name) => write!(f, "helper:{name}"),
        }
    }
}

/// Why the credentials could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{class}: {detail}")]
pub struct Unreadable {
    /// Stable word, for logs, status and tests.
    pub class: Class,
    /// For a person: never holds a secret or a helper's output.
    pub detail: String,
}

impl Unreadable {
    pub(crate) fn new(class: Class, detail: impl Into<String>) -> Self {
        Self { class, detail: detail.into() }
    }
}

/// The kinds of [`Unreadable`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Not the JSON that the CLI accepts.
    Parse,
    /// A byte order mark, or not UTF-8.
    Encoding,
    /// The entry's `auth` is no `user:secret` in base64.
    BadAuth,
    /// Not a regular file, too large, or no permission.
    Unreadable,
    /// The named helper is not on the `PATH`.
    HelperMissing,
    /// The helper could not be started or said no.
    HelperFailed,
    /// The helper did not answer in time.
    HelperTimeout,
    /// The helper answered something else than credentials.
    HelperBadOutput,
    /// A token of which nobody says whose it is.
    TokenNoUsername,
}

impl Class {
    /// The stable word.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Parse => "parse",
            Self::Encoding => "encoding",
            Self::BadAuth => "bad-auth",
            Self::Unreadable => "unreadable",
            Self::HelperMissing => "helper-missing",
            Self::HelperFailed => "helper-failed",
            Self::HelperTimeout => "helper-timeout",
            Self::HelperBadOutput => "helper-bad-output",
            Self::TokenNoUsername => "token-no-username",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Reads `path` once and asks a helper if the file names one for `keys`.
///
/// `keys` are the names under which the sign-in may be stored, best first.
pub async fn load(path: &Path, keys: &[String], helpers: &helper::Helpers) -> Credential {
    let (path, wanted) = (path.to_owned(), keys.to_vec());
    let read = tokio::task::spawn_blocking(move || config_file::read(&path, &wanted)).await;
    let config = match read {
        Ok(Ok(config)) => config,
        Ok(Err(unreadable)) => return Credential::Unreadable(unreadable),
        Err(_) => return Credential::Unreadable(Unreadable::new(Class::Unreadable, "reading it was interrupted")),
    };
    resolve(&config, keys, helpers).await
}

async fn resolve(config: &config_file::ConfigFile, keys: &[String], helpers: &helper::Helpers) -> Credential {
    let answer = match identity::find(config, keys, || helpers.default_store()) {
        identity::Place::Nowhere => Ok(None),
        identity::Place::Entry { key, entry } => identity::from_entry(key, entry),
        identity::Place::Ask { key, source } => match helpers.get(source.helper().unwrap_or_default(), &key).await {
            Ok(Some(answer)) => identity::from_helper(key, source, answer),
            Ok(None) => Ok(None),
            Err(unreadable) => Err(unreadable),
        },
    };
    match answer {
        Ok(Some(account)) => Credential::SignedIn(account),
        Ok(None) => Credential::SignedOut,
        Err(unreadable) => Credential::Unreadable(unreadable),
    }
}

#[cfg(test)]
mod tests;
