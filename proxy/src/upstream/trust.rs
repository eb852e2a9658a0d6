//! Whom to believe: the system's roots, the administrator's, those of single registries.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, ConfigBuilder,
    client::{WantsClientCert, danger::ServerCertVerifier},
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tracing::warn;

use super::ConnectError;
use crate::{authority::Authority, settings::Settings};

mod nobody;
mod pinned;

use pinned::Trusted;

/// Why there is no trust.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// A file of `upstreamCa`.
    #[error("`{path}` of `upstreamCa` holds no certificate that can be used")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No roots at all.
    #[error("the system has no certificates to verify registries by; install `ca-certificates`, or set `upstreamCa`")]
    Nothing,
    /// The library.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// Configurations of TLS clients.
#[derive(Debug)]
pub struct Trust {
    settings: Arc<Settings>,
    trusted: Trusted,
    verified: Arc<ClientConfig>,
    unverified: Arc<ClientConfig>,
}

impl Trust {
    /// Reads the system's roots and the administrator's.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn load(settings: Arc<Settings>) -> Result<Self, TrustError> {
        let mut trusted = Trusted::nobody();
        let system = rustls_native_certs::load_native_certs();
        for error in &system.errors {
            warn!(%error, "a certificate of the system cannot be read");
        }
        for certificate in system.certs {
            // Old ones that cannot be parsed are skipped, as everywhere.
            let _ = trusted.add(certificate);
        }
        for path in &settings.upstream_ca {
            add(&mut trusted, path).map_err(|source| TrustError::File { path: path.clone(), source })?;
        }
        if trusted.is_empty() {
            return Err(TrustError::Nothing);
        }
        let verified = finish(verified_by(trusted.clone().verifier()?)?.with_no_client_auth());
        let anyone = Arc::new(nobody::Unverified(provider()));
        let unverified = finish(verified_by(anyone)?.with_no_client_auth());
        Ok(Self { settings, trusted, verified: Arc::new(verified), unverified: Arc::new(unverified) })
    }

    /// For a server that has to prove who it is.
    ///
    /// # Errors
    /// When a file of `certs.d` cannot be used: as in the engine, that is an error and not less trust.
    pub fn verified(&self, authority: &Authority) -> Result<Arc<ClientConfig>, ConnectError> {
        // Read each time, as the engine does: a certificate that is put there works at once.
        let dirs = [authority.to_string(), authority.registry(443)].map(|name| self.settings.certs_dir.join(name));
        let Some(dir) = dirs.iter().find(|dir| dir.is_dir()) else { return Ok(Arc::clone(&self.verified)) };
        let client = client_in(dir)?;
        let config = self.of_dir(dir, client);
        config.map(Arc::new).map_err(|error| ConnectError::Files(format!("`{}`: {error}", dir.display())))
    }

    /// For a server that is insecure by the administrator's word, or by definition.
    #[must_use]
    pub fn unverified(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.unverified)
    }

    /// `*.crt` are roots, `*.cert` with `*.key` show who we are (moby `registry/registry.go`, `ReadCertsDirectory`).
    fn of_dir(
        &self,
        dir: &Path,
        client: Option<Client>,
    ) -> Result<ClientConfig, Box<dyn std::error::Error + Send + Sync>> {
        let mut trusted = self.trusted.clone();
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "crt") {
                add(&mut trusted, &path)?;
            }
        }
        let builder = verified_by(trusted.verifier()?)?;
        Ok(finish(match client {
            Some((chain, key)) => builder.with_client_auth_cert(chain, key)?,
            None => builder.with_no_client_auth(),
        }))
    }
}

/// A certificate with its chain, and its key.
type Client = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

/// Who we are, for this registry. The engine reads such a key as root, and this process is not.
fn client_in(dir: &Path) -> Result<Option<Client>, ConnectError> {
    let unusable = |path: &Path, why: &dyn ToString| ConnectError::Client {
        path: path.display().to_string(),
        why: why.to_string(),
    };
    let entries = fs::read_dir(dir).map_err(|error| ConnectError::Files(format!("`{}`: {error}", dir.display())))?;
    let mut certificates = entries.filter_map(Result::ok).map(|entry| entry.path());
    let Some(certificate) = certificates.find(|path| path.extension().is_some_and(|extension| extension == "cert"))
    else {
        return Ok(None);
    };
    let chain = CertificateDer::pem_file_iter(&certificate).and_then(|chain| chain.collect::<Result<Vec<_>, _>>());
    let chain = chain.map_err(|error| unusable(&certificate, &error))?;
    let key = certificate.with_extension("key");
    let read = PrivateKeyDer::from_pem_file(&key).map_err(|error| unusable(&key, &error))?;
    Ok(Some((chain, read)))
}

fn add(trusted: &mut Trusted, path: &Path) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let mut found = false;
    for certificate in CertificateDer::pem_file_iter(path)? {
        trusted.add(certificate?)?;
        found = true;
    }
    if found { Ok(()) } else { Err(io::Error::new(io::ErrorKind::InvalidData, "there is none in it").into()) }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn verified_by(
    verifier: Arc<dyn ServerCertVerifier>,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, rustls::Error> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions()?;
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier))
}

fn finish(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}
