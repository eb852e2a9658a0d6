//! Who is signed in on this machine, as the Docker credentials file and its helper say.
//!
//! The file is read as the Docker CLI reads it (docker/cli `cli/config`), with two
//! differences: what cannot be read means *nobody*, never the last known account, and a
//! helper is run only when the answer needs it, with a deadline and an output limit.

pub mod account;
pub mod config_file;
mod edit;
pub mod helper;
pub mod identity;
pub mod json;
pub mod keys;
mod patience;
pub mod place;
pub mod reader;
pub mod store;
pub mod token_file;

use std::{fmt, path::Path};

pub use account::{Account, Identity, Realm, Source, Wanted};

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
    /// There is no token file, or nothing in it.
    TokenMissing,
    /// The token file is one that others could read or have made.
    TokenUntrusted,
    /// What is in the token file is no access token.
    TokenInvalid,
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
            Self::TokenMissing => "token-missing",
            Self::TokenUntrusted => "token-untrusted",
            Self::TokenInvalid => "token-invalid",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// What somebody wrote into a file, fit for a line of a log or a terminal.
pub(crate) fn printable(text: &str) -> String {
    text.chars().take(100).map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// Reads the credentials now; `wanted` says which of the Docker credentials count.
pub async fn read(place: &place::Place, wanted: &[Wanted], helpers: &helper::Helpers) -> Credential {
    let place = place.clone();
    // Never on the thread of the event loop: a network file system may not answer.
    let looked = tokio::task::spawn_blocking(move || match place.is_token_file() {
        true => Err(token_file::read(place.now())),
        false => Ok(place.now().to_owned()),
    });
    match looked.await {
        Ok(Ok(docker_config)) => search(&docker_config, wanted, helpers).await,
        Ok(Err(token)) => token,
        Err(_) => Credential::Unreadable(interrupted()),
    }
}

fn interrupted() -> Unreadable {
    Unreadable::new(Class::Unreadable, "reading it was interrupted")
}

/// Reads `path` once and asks a helper if the file names one for `keys`.
///
/// `keys` are the names under which the sign-in to the service may be stored, best first.
pub async fn load(path: &Path, keys: &[String], helpers: &helper::Helpers) -> Credential {
    search(path, &[Wanted { realm: Realm::Service, keys: keys.to_vec() }], helpers).await
}

/// The first of the `wanted` sign-ins that is there. The file is read once.
///
/// INVARIANT: the next one counts only where nobody is signed in to the one before it. A sign-in that
/// cannot be read is nobody, and not somebody else.
pub async fn search(path: &Path, wanted: &[Wanted], helpers: &helper::Helpers) -> Credential {
    let path = path.to_owned();
    let keys: Vec<String> = wanted.iter().flat_map(|one| &one.keys).cloned().collect();
    let read = tokio::task::spawn_blocking(move || config_file::read(&path, &keys)).await;
    let config = match read {
        Ok(Ok(config)) => config,
        Ok(Err(unreadable)) => return Credential::Unreadable(unreadable),
        Err(_) => return Credential::Unreadable(interrupted()),
    };
    for one in wanted {
        match resolve(&config, one, helpers).await {
            Credential::SignedOut => {}
            found => return found,
        }
    }
    Credential::SignedOut
}

async fn resolve(config: &config_file::ConfigFile, wanted: &Wanted, helpers: &helper::Helpers) -> Credential {
    let realm = wanted.realm;
    let answer = match identity::find(config, &wanted.keys, || helpers.default_store()) {
        identity::Place::Nowhere => Ok(None),
        identity::Place::Entry { key, entry } => identity::from_entry(realm, key, entry),
        identity::Place::Ask { key, source } => match helpers.get(source.helper().unwrap_or_default(), &key).await {
            Ok(Some(answer)) => identity::from_helper(realm, key, source, answer),
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
