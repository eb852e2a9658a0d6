//! The service's certificate: the operator's, which may be replaced while the service runs, or one of its own.
//!
//! Its own is made of two parts, because a certificate that is its own root is refused by
//! some verifiers: a small certificate authority that stays (`ca.pem` is what machines
//! trust, `ca.key` is closed), and a server certificate that lives in memory only and is
//! made anew at every start and long before its end.

mod files;
mod kept;
mod own;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

pub use self::{
    files::FileCertificate,
    kept::Certificate,
    own::{CA_FILE, OwnAuthority, OwnCertificate, is_host},
};
use crate::data_dir::DataDirError;

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("`{path}` cannot be read: {source}; is the path right, and may this user read it?")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that holds nothing usable.
    #[error("`{path}` holds no {what} in PEM; is it the right file?")]
    Pem {
        /// The file.
        path: PathBuf,
        /// What was looked for.
        what: &'static str,
    },
    /// Certificate and key do not fit, or are of a kind that is not supported.
    #[error("the certificate and its key cannot be used: {0}")]
    Unusable(#[from] rustls::Error),
    /// A name that no certificate can carry.
    #[error("`{0}` is no host name or address that a certificate can carry; write it without scheme and port")]
    Name(String),
    /// The own certificate cannot be made.
    #[error("a certificate cannot be made: {0}")]
    Make(#[from] rcgen::Error),
    /// The own certificate cannot be stored.
    #[error("the certificate authority cannot be stored")]
    Store(#[from] DataDirError),
    /// Others can read the authority's key.
    #[error("`{path}` is readable by others (mode {mode:04o}); if nobody copied it, run `chmod 0600 {path}`")]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
