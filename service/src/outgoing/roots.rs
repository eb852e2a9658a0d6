//! Whom outgoing calls trust.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject as _},
};

/// Why outgoing calls cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The file of authorities cannot be read.
    #[error("the CA file `{path}` cannot be read: {source}; is the path right, and may this user read it?")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is no certificate in it, or a damaged one.
    #[error("the CA file `{path}` holds no usable certificate ({why}); it takes certificates in PEM")]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// The provider of cryptography.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// TLS with the system's authorities, and those of the file.
pub(super) fn tls(ca_file: Option<&Path>) -> Result<ClientConfig, RootsError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let Some(path) = ca_file {
        add(&mut roots, path)?;
    }
    if roots.is_empty() {
        tracing::warn!("the system has no trusted certificates: outgoing calls over TLS fail; name a CA file");
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

fn add(roots: &mut RootCertStore, path: &Path) -> Result<(), RootsError> {
    let damaged = |why: String| RootsError::Damaged { path: path.to_owned(), why };
    let pem = std::fs::read(path).map_err(|source| RootsError::Read { path: path.to_owned(), source })?;
    let mut found = false;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate.map_err(|error| damaged(error.to_string()))?).map_err(|e| damaged(e.to_string()))?;
        found = true;
    }
    if found { Ok(()) } else { Err(damaged("it is empty".to_owned())) }
}
