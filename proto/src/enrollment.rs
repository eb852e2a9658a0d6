//! The enrollment file: what the administrator of this machine decided. Root's file;
//! the plugin and the agent read it, nobody writes it at run time.
//!
//! ```json
//! {
//!   "service": "https://pullgate.acme.example:8443",
//!   "trustKeys": ["base64 of the service's public key"],
//!   "caFile": "/etc/pullgate/ca.pem",
//!   "allowedOrgs": ["acme"],
//!   "dockerHubCredentials": false,
//!   "registryDoor": false,
//!   "adminName": "Acme IT", "adminEmail": "it@acme.example", "adminURL": "https://it.acme.example"
//! }
//! ```
//! A non-empty `allowedOrgs` enforces sign-in, an empty one says that it is optional, and without one
//! Docker's own file is asked (see [`crate::sign_in`]). Unknown keys are an error: a misspelled
//! `allowedOrgs` must not switch enforcement off in silence.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::{
    keys::{KeyError, TrustedKeys, VerifyingKey},
    organization,
    trusted_file::{self, FileError},
};

/// Most characters of what is shown of the administrator.
const MAX_CONTACT_CHARS: usize = 500;

/// The file's content, checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Enrollment {
    /// URL of the policy service, `https://host[:port]`, or `http://` for loopback only.
    pub service: String,
    /// Keys whose documents are trusted.
    pub trust_keys: TrustedKeys,
    /// PEM file with the certificate authority of the service; absent: the system's roots.
    pub ca_file: Option<PathBuf>,
    /// Organizations one of which a developer must be signed in to. Lower case.
    pub allowed_orgs: Vec<String>,
    /// The file has `allowedOrgs`: it alone decides whether sign-in is enforced (see [`crate::sign_in`]).
    pub decides_sign_in: bool,
    /// Who is not signed in to the service may sign in with what `docker login` stored for Docker Hub. It hands
    /// a person's Docker Hub secret to the service, so it is off unless the administrator asks for it.
    pub docker_hub_credentials: bool,
    /// This machine is meant to have a registry door (`pullgate-proxy`): where something of it is missing,
    /// what it would have judged is refused.
    pub registry_door: bool,
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
    /// Absent is not empty.
    #[serde(default)]
    allowed_orgs: Option<Vec<String>>,
    #[serde(default)]
    docker_hub_credentials: bool,
    #[serde(default)]
    registry_door: bool,
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
    /// It cannot be read, or it is not the administrator's alone.
    #[error("the enrollment file {0}")]
    File(#[source] FileError),
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
    #[error("`trustKeys` in `{path}` is not valid: {source}; take what `pullgate-service enrollment` prints")]
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
    let text = trusted_file::read(path).map_err(|error| match error {
        FileError::Missing(path) => EnrollmentError::Missing(path),
        error => EnrollmentError::File(error),
    })?;
    parse(path, &text)
}

/// Checks what is to become the file, wherever it comes from; `path` is for the words of an error.
///
/// # Errors
/// [`EnrollmentError`].
pub fn parse(path: &Path, text: &[u8]) -> Result<Enrollment, EnrollmentError> {
    if text.starts_with(b"\xef\xbb\xbf") {
        let why = "it starts with a byte order mark; save it as UTF-8 without one".to_owned();
        return Err(EnrollmentError::Value { path: path.to_owned(), why });
    }
    let file: File =
        serde_json::from_slice(text).map_err(|source| EnrollmentError::Parse { path: path.to_owned(), source })?;
    check(path, file)
}

fn check(path: &Path, file: File) -> Result<Enrollment, EnrollmentError> {
    let value = |why: String| EnrollmentError::Value { path: path.to_owned(), why };
    let key = |source| EnrollmentError::Key { path: path.to_owned(), source };
    if !file.service.starts_with("https://") && !file.service.starts_with("http://") {
        return Err(value(format!("`service` is `{}`, not a URL", file.service)));
    }
    if let Some(wrong) = wrong_with_host(&file.service) {
        return Err(value(format!("`service` {wrong}; write `https://host:port`")));
    }
    if file.trust_keys.is_empty() {
        return Err(value("`trustKeys` is empty, so no document could ever be trusted".to_owned()));
    }
    let keys =
        file.trust_keys.iter().map(|text| VerifyingKey::from_base64(text)).collect::<Result<_, _>>().map_err(key)?;
    let decides_sign_in = file.allowed_orgs.is_some();
    let allowed_orgs = file.allowed_orgs.unwrap_or_default();
    let allowed_orgs = allowed_orgs.iter().map(|name| organization::parse("allowedOrgs", name));
    let allowed_orgs = allowed_orgs.collect::<Result<_, _>>().map_err(value)?;
    for (key, text) in
        [("adminName", &file.admin_name), ("adminEmail", &file.admin_email), ("adminURL", &file.admin_url)]
    {
        if text.chars().any(char::is_control) || text.chars().count() > MAX_CONTACT_CHARS {
            return Err(value(format!("`{key}` has control characters or more than {MAX_CONTACT_CHARS} characters")));
        }
    }
    Ok(Enrollment {
        service: file.service.trim_end_matches('/').to_owned(),
        trust_keys: TrustedKeys::new(keys),
        ca_file: file.ca_file,
        allowed_orgs,
        decides_sign_in,
        docker_hub_credentials: file.docker_hub_credentials,
        registry_door: file.registry_door,
        admin: Admin { name: file.admin_name, email: file.admin_email, url: file.admin_url },
    })
}

/// A slip of the pen is told here, where it takes nothing away: with another service, sign-ins end. What stands
/// there is shown to everybody, so it may be no secret; and it is not quoted.
fn wrong_with_host(service: &str) -> Option<&'static str> {
    let rest = service.split_once("://").map_or("", |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':').filter(|(_, port)| !port.contains(']')) {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    if !service.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Some("holds white space, or letters that are not ASCII");
    }
    if authority.contains('@') {
        return Some("holds a user name or a password");
    }
    if host.is_empty() {
        return Some("names no host");
    }
    port.is_some_and(|port| port.parse::<u16>().is_err()).then_some("has a port that is none")
}

#[cfg(test)]
mod tests;
