//! The service's certificate: the operator's, or one of its own.
//!
//! Its own is made of two parts, because a certificate that is its own root is refused by
//! some verifiers: a small certificate authority that stays (`ca.pem` is what machines
//! trust, `ca.key` is closed), and a server certificate that lives in memory only and is
//! made anew at every start and long before its end.

mod own;

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
    server::ResolvesServerCert,
};
use tokio_rustls::TlsAcceptor;

pub use self::own::{CA_FILE, OwnAuthority, OwnCertificate, is_host};
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

/// TLS 1.2 and 1.3 with HTTP/2 and HTTP/1.1 by ALPN.
#[must_use]
pub fn acceptor(certificate: Arc<dyn ResolvesServerCert>) -> TlsAcceptor {
    let mut config = ServerConfig::builder().with_no_client_auth().with_cert_resolver(certificate);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

/// The operator's certificate chain and key.
///
/// # Errors
/// [`TlsError`], naming the file.
pub fn from_files(certificate: &Path, key: &Path) -> Result<Arc<dyn ResolvesServerCert>, TlsError> {
    let pem = |path: &Path, what| TlsError::Pem { path: path.to_owned(), what };
    let chain = CertificateDer::pem_slice_iter(&read(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .ok()
        .filter(|chain| !chain.is_empty())
        .ok_or_else(|| pem(certificate, "certificate"))?;
    let private = PrivateKeyDer::from_pem_slice(&read(key)?).map_err(|_| pem(key, "private key"))?;
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let certified = rustls::sign::CertifiedKey::from_der(chain, private, &provider)?;
    Ok(Arc::new(rustls::sign::SingleCertAndKey::from(certified)))
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
