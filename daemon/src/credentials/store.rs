//! Keeps a sign-in where `docker login` would: in the helper that the file names for the host, else in its store,
//! else in the store that the Docker CLI finds by itself, else in the file.

use std::{
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use proto::secret::Secret;
use zeroize::Zeroizing;

use super::{
    Credential, Realm, Source, Unreadable, Wanted,
    config_file::{self, ConfigFile},
    edit::{self, Change},
    helper::Helpers,
    search,
};
use crate::os::files;

/// Links followed before a path counts as a loop; the kernel's own limit.
const MAX_LINKS: usize = 40;

/// Where a sign-in would be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// The name under which it is kept.
    pub key: String,
    /// In what.
    pub source: Source,
    /// The store is the CLI's own choice, and has to be written into the file as the CLI does.
    detected: bool,
}

/// Why a sign-in cannot be kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file is damaged, or the helper does not do it.
    #[error("`{path}` cannot be used: {detail}", path = path.display(), detail = why.detail)]
    Unreadable {
        /// Docker's file.
        path: PathBuf,
        /// What is wrong.
        why: Unreadable,
    },
    /// The file cannot be written.
    #[error("`{path}` cannot be written: {source}", path = path.display())]
    Write {
        /// The file, behind every link.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It was kept, but the agent would not see it.
    #[error("it was kept, but reading it again gives {0}; `pullgate credentials` shows what counts")]
    ReadsBack(String),
}

impl StoreError {
    /// A stable word.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { why, .. } => why.class.code(),
            Self::Write { .. } => "unwritable",
            Self::ReadsBack(_) => "not-kept",
        }
    }
}

/// Where a sign-in under one of `keys` would be kept; also whether it can be, as far as can be told before.
///
/// # Errors
/// [`StoreError`].
pub fn plan(path: &Path, keys: &[String], helpers: &Helpers) -> Result<Destination, StoreError> {
    let unreadable = |why| StoreError::Unreadable { path: path.to_owned(), why };
    let config = config_file::read(path, keys).map_err(unreadable)?;
    let destination = destination(&config, keys, || helpers.default_store());
    if let Some(name) = destination.source.helper() {
        helpers.find_helper(name).map_err(unreadable)?;
    }
    let target = target(path);
    may_write(&target).map_err(|source| StoreError::Write { path: target.clone(), source })?;
    Ok(destination)
}

fn destination(config: &ConfigFile, keys: &[String], default_store: impl FnOnce() -> Option<String>) -> Destination {
    let first = keys.first().cloned().unwrap_or_default();
    let of = |key, source| Destination { key, source, detected: false };
    // The helper that `identity::find` will ask.
    if let Some((key, name)) = keys.iter().find_map(|key| config.cred_helpers.get_key_value(key)) {
        return match name.as_str() {
            "" => of(first, Source::File),
            name => of(key.clone(), Source::Helper(name.to_owned())),
        };
    }
    if !config.creds_store.is_empty() {
        return of(first, Source::Store(config.creds_store.clone()));
    }
    match if config.contains_auth() { None } else { default_store() } {
        Some(name) => Destination { detected: true, ..of(first, Source::Store(name)) },
        None => of(first, Source::File),
    }
}

/// Keeps the sign-in, and makes sure that reading gives it back.
///
/// # Errors
/// [`StoreError`]. Nothing is half-written.
pub async fn store(
    path: &Path,
    keys: &[String],
    user: &str,
    secret: &Secret,
    helpers: &Helpers,
) -> Result<Destination, StoreError> {
    let destination = plan(path, keys, helpers)?;
    if let Some(name) = destination.source.helper() {
        let stored = helpers.store(name, &destination.key, user, secret).await;
        stored.map_err(|why| StoreError::Unreadable { path: path.to_owned(), why })?;
    }
    let target = target(path);
    write(&target, &destination, user, secret).map_err(|source| StoreError::Write { path: target, source })?;
    let wanted = [Wanted { realm: Realm::Service, keys: keys.to_vec() }];
    match search(path, &wanted, helpers).await {
        Credential::SignedIn(account) if account.user == user && account.secret == *secret => Ok(destination),
        Credential::SignedIn(account) => {
            Err(StoreError::ReadsBack(format!("`{}` ({}, {})", account.user, account.key, account.source)))
        }
        Credential::SignedOut => Err(StoreError::ReadsBack("nobody".to_owned())),
        Credential::Unreadable(why) => Err(StoreError::ReadsBack(format!("an error ({})", why.detail))),
    }
}

/// As docker/cli `ConfigFile.Save`, but the temporary file is where the target is: a link may lead to another file
/// system, and the target may not be there yet.
fn write(target: &Path, destination: &Destination, user: &str, secret: &Secret) -> io::Result<()> {
    let directory = directory_of(target)?;
    files::make_private_directory(directory)?;
    let old = match fs::metadata(target) {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let before = Zeroizing::new(if old.is_some() { fs::read_to_string(target)? } else { String::new() });
    let auth = match destination.source {
        Source::File => Some(Zeroizing::new(STANDARD.encode(Zeroizing::new(format!("{user}:{}", secret.expose()))))),
        _ => None,
    };
    let change = Change {
        key: &destination.key,
        auth: auth.as_ref().map(|auth| auth.as_str()),
        creds_store: destination.source.helper().filter(|_| destination.detected),
    };
    let after = edit::apply(&before, change)?;
    if *after == *before {
        return Ok(());
    }
    let mut temporary = tempfile::Builder::new().prefix("config.json").tempfile_in(directory)?;
    if let Some(old) = &old {
        files::inherit(temporary.as_file(), old)?;
    }
    temporary.write_all(after.as_bytes())?;
    temporary.as_file().sync_all()?;
    temporary.persist(target).map_err(|error| error.error)?;
    files::sync_directory(directory)
}

/// The file itself, behind every link; also one that is not there yet.
fn target(path: &Path) -> PathBuf {
    let mut target = path.to_owned();
    for _ in 0..MAX_LINKS {
        let Ok(next) = fs::read_link(&target) else { break };
        target = target.parent().unwrap_or(Path::new("/")).join(next);
    }
    target
}

fn directory_of(target: &Path) -> io::Result<&Path> {
    target.parent().ok_or_else(|| io::Error::other("it has no directory"))
}

/// So that nobody signs in for nothing.
fn may_write(target: &Path) -> io::Result<()> {
    match fs::metadata(target) {
        Ok(metadata) if !metadata.is_file() => {
            return Err(io::Error::other("it is not a file; stored sign-ins are switched off here"));
        }
        Ok(_) if files::is_mounted(target) => {
            return Err(io::Error::other(
                "it is mounted by itself and cannot be replaced; mount its directory, or give another with --config-dir",
            ));
        }
        _ => {}
    }
    let mut directory = directory_of(target)?;
    while !directory.exists() {
        if directory.is_symlink() {
            return Err(io::Error::other(format!("`{}` is a link that leads nowhere", directory.display())));
        }
        directory = directory_of(directory)?;
    }
    files::may_make_files(directory)
}

/// With helpers that are shell scripts.
#[cfg(all(test, unix))]
mod tests;
