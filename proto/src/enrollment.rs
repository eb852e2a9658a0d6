//! The enrollment file: what the administrator of this machine decided. Root's file;
//! the plugin and the agent read it, nobody writes it at run time.
//!
//! ```json
//! {
//!   "service": "https://pullgate.acme.example:8443",
//!   "trustKeys": ["base64 of the service's public key"],
//!   "caFile": "/etc/pullgate/ca.pem",
//!   "allowedOrgs": ["acme"],
//!   "adminName": "Acme IT", "adminEmail": "it@acme.example", "adminURL": "https://it.acme.example"
//! }
//! ```
//! A non-empty `allowedOrgs` enforces sign-in. Unknown keys are an error: a misspelled
//! `allowedOrgs` must not switch enforcement off in silence.

use std::{
    fs, io,
    io::Read as _,
    path::{Path, PathBuf},
};

use serde::Deserialize;

use crate::keys::{KeyError, TrustedKeys, VerifyingKey};

/// Largest enrollment file, in bytes.
pub const MAX_BYTES: u64 = 64 << 10;

/// The file's content, checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Enrollment {
    /// URL of the policy service, `https://host[:port]`, or `http://` for loopback only.
    pub service: String,
    /// Keys whose documents are trusted.
    pub trust_keys: TrustedKeys,
    /// PEM file with the certificate authority of the service; absent: the system's roots.
    pub ca_file: Option<PathBuf>,
    /// Organizations one of which a developer must be signed in to; empty: sign-in is not enforced.
    /// Lower case.
    pub allowed_orgs: Vec<String>,
    /// Whom a refused developer may ask.
    pub admin: Admin,
}

impl Enrollment {
    /// What to type behind `docker login`: host and port of the service.
    #[must_use]
    pub fn login_host(&self) -> &str {
        let rest = self.service.split_once("://").map_or(self.service.as_str(), |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }
}

/// Whom a refused developer may ask; every part may be empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Admin {
    /// A name.
    pub name: String,
    /// A mailbox.
    pub email: String,
    /// A page.
    pub url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct File {
    service: String,
    trust_keys: Vec<String>,
    #[serde(default)]
    ca_file: Option<PathBuf>,
    #[serde(default)]
    allowed_orgs: Vec<String>,
    #[serde(default)]
    admin_name: String,
    #[serde(default)]
    admin_email: String,
    #[serde(default, rename = "adminURL")]
    admin_url: String,
}

/// Why the enrollment file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum EnrollmentError {
    /// There is none: this machine is not enrolled.
    #[error("there is no enrollment file `{0}`; this machine is not enrolled")]
    Missing(PathBuf),
    /// It could not be read.
    #[error("the enrollment file `{path}` cannot be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Not a regular file, not root's, or others may write it.
    #[error(
        "the enrollment file `{path}` is not trusted: {why}; it must be a regular file of root that nobody else can write"
    )]
    Untrusted {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: &'static str,
    },
    /// More than [`MAX_BYTES`].
    #[error("the enrollment file `{0}` has more than 64 KiB")]
    TooLarge(PathBuf),
    /// Not the JSON above.
    #[error("the enrollment file `{path}` is not valid: {source}")]
    Parse {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A value that cannot be meant.
    #[error("the enrollment file `{path}` is not valid: {why}")]
    Value {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// A trust key that is none.
    #[error("`trustKeys` in `{path}` is not valid")]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
}

impl EnrollmentError {
    /// True when the machine is simply not enrolled.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing(_))
    }
}

/// Reads and checks the file. The file must belong to root or to the caller.
///
/// # Errors
/// [`EnrollmentError`]; on any but `Missing` the machine is meant to be enrolled, and the caller fails closed.
pub fn read(path: &Path) -> Result<Enrollment, EnrollmentError> {
    let text = read_trusted(path)?;
    let file: File =
        serde_json::from_slice(&text).map_err(|source| EnrollmentError::Parse { path: path.to_owned(), source })?;
    check(path, file)
}

fn read_trusted(path: &Path) -> Result<Vec<u8>, EnrollmentError> {
    let fail = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => EnrollmentError::Missing(path.to_owned()),
        _ => EnrollmentError::Read { path: path.to_owned(), source },
    };
    let untrusted = |why| EnrollmentError::Untrusted { path: path.to_owned(), why };
    let link = fs::symlink_metadata(path).map_err(fail)?;
    if !link.is_file() {
        return Err(untrusted("it is a symlink or not a regular file"));
    }
    let file = fs::File::open(path).map_err(fail)?;
    let metadata = file.metadata().map_err(fail)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
        if metadata.uid() != 0 && metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(untrusted("it belongs to another user"));
        }
        if metadata.permissions().mode() & 0o022 != 0 {
            return Err(untrusted("others can write it"));
        }
    }
    if !metadata.is_file() {
        return Err(untrusted("it is not a regular file"));
    }
    let mut text = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut text).map_err(fail)?;
    if text.len() as u64 > MAX_BYTES {
        return Err(EnrollmentError::TooLarge(path.to_owned()));
    }
    Ok(text)
}

fn check(path: &Path, file: File) -> Result<Enrollment, EnrollmentError> {
    let value = |why: String| EnrollmentError::Value { path: path.to_owned(), why };
    let key = |source| EnrollmentError::Key { path: path.to_owned(), source };
    if !file.service.starts_with("https://") && !file.service.starts_with("http://") {
        return Err(value(format!("`service` is `{}`, not a URL", file.service)));
    }
    if file.trust_keys.is_empty() {
        return Err(value("`trustKeys` is empty, so no document could ever be trusted".to_owned()));
    }
    let keys =
        file.trust_keys.iter().map(|text| VerifyingKey::from_base64(text)).collect::<Result<_, _>>().map_err(key)?;
    let mut allowed_orgs = Vec::new();
    for organization in &file.allowed_orgs {
        let organization = organization.trim().to_ascii_lowercase();
        if organization.is_empty() {
            return Err(value("`allowedOrgs` holds an empty name".to_owned()));
        }
        allowed_orgs.push(organization);
    }
    Ok(Enrollment {
        service: file.service.trim_end_matches('/').to_owned(),
        trust_keys: TrustedKeys::new(keys),
        ca_file: file.ca_file,
        allowed_orgs,
        admin: Admin { name: file.admin_name, email: file.admin_email, url: file.admin_url },
    })
}

#[cfg(test)]
mod tests;
