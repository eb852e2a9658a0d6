//! The service's own certificate authority and server certificate.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData as _, SanType,
};
use rustls::{
    pki_types::PrivateKeyDer,
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};

use super::{TlsError, read};
use crate::data_dir::DataDir;

/// What machines trust: the authority's certificate.
pub const CA_FILE: &str = "ca.pem";
const CA_KEY_FILE: &str = "ca.key";
const CA_MODE: u32 = 0o644;

/// Longer than the machines that were enrolled with it.
const AUTHORITY_VALIDITY: Duration = Duration::days(20 * 365);
/// Verifiers refuse server certificates of more than 398 days.
const SERVER_VALIDITY: Duration = Duration::days(90);
const RENEW_BEFORE: Duration = Duration::days(30);
/// For machines whose clock is behind.
const BACKDATE: Duration = Duration::hours(24);

/// The authority.
pub struct OwnAuthority {
    issuer: Issuer<'static, KeyPair>,
    path: PathBuf,
}

impl OwnAuthority {
    /// Reads the authority in the data directory, or makes it.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn load_or_create(dir: &DataDir, now: OffsetDateTime) -> Result<Self, TlsError> {
        let key_path = dir.path().join(CA_KEY_FILE);
        if !key_path.exists() {
            dir.create_new(CA_KEY_FILE, KeyPair::generate()?.serialize_pem().as_bytes(), 0o600)?;
        }
        let metadata = fs::metadata(&key_path).map_err(|source| TlsError::Read { path: key_path.clone(), source })?;
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(TlsError::Open { path: key_path, mode });
        }
        let pem = zeroize::Zeroizing::new(read(&key_path)?);
        let key = std::str::from_utf8(&pem)
            .ok()
            .and_then(|pem| KeyPair::from_pem(pem).ok())
            .ok_or(TlsError::Pem { path: key_path, what: "private key" })?;
        let params = parameters(&key, now);
        if !dir.path().join(CA_FILE).exists() {
            dir.create_new(CA_FILE, params.self_signed(&key)?.pem().as_bytes(), CA_MODE)?;
        }
        let path = dir.path().join(CA_FILE);
        let metadata = fs::metadata(&path).map_err(|source| TlsError::Read { path: path.clone(), source })?;
        if metadata.permissions().mode() & 0o777 != CA_MODE {
            // It is public, and is copied with its mode.
            fs::set_permissions(&path, fs::Permissions::from_mode(CA_MODE))
                .map_err(|source| TlsError::Read { path: path.clone(), source })?;
        }
        Ok(Self { issuer: Issuer::new(params, key), path })
    }

    /// Where its certificate is.
    #[must_use]
    pub fn path(&self) -> &std::path::Path {
        &self.path
    }

    fn certify(&self, hosts: &[SanType], now: OffsetDateTime) -> Result<CertifiedKey, TlsError> {
        let key = KeyPair::generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = name("pullgate-service");
        params.subject_alt_names = hosts.to_vec();
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = now - BACKDATE;
        params.not_after = now + SERVER_VALIDITY;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let provider = rustls::crypto::aws_lc_rs::default_provider();
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        Ok(CertifiedKey::from_der(vec![certificate.der().clone()], key, &provider)?)
    }
}

/// Only what the key determines goes into what it issues, so that the certificate need not be parsed again.
fn parameters(key: &KeyPair, now: OffsetDateTime) -> CertificateParams {
    let digest = Sha256::digest(key.der_bytes());
    let id: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let mut params = CertificateParams::default();
    params.distinguished_name = name(&format!("pullgate-service authority {id}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.not_before = now - BACKDATE;
    params.not_after = now + AUTHORITY_VALIDITY;
    params
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name
}

/// A server certificate that renews itself.
pub struct OwnCertificate {
    authority: OwnAuthority,
    hosts: Vec<SanType>,
    current: RwLock<Arc<CertifiedKey>>,
}

impl OwnCertificate {
    /// For these names and addresses.
    ///
    /// # Errors
    /// [`TlsError`].
    pub fn new(authority: OwnAuthority, hosts: &[String], now: OffsetDateTime) -> Result<Self, TlsError> {
        let hosts = hosts.iter().map(|host| san(host)).collect::<Result<Vec<_>, _>>()?;
        let current = RwLock::new(Arc::new(authority.certify(&hosts, now)?));
        Ok(Self { authority, hosts, current })
    }

    /// Where the certificate that machines trust is.
    #[must_use]
    pub fn ca_path(&self) -> &std::path::Path {
        self.authority.path()
    }

    /// How long a certificate serves before [`Self::renew`] has to be called.
    #[must_use]
    pub fn renew_after() -> std::time::Duration {
        (SERVER_VALIDITY - RENEW_BEFORE).unsigned_abs()
    }

    /// The certificate in use.
    #[must_use]
    pub fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// A new certificate for new connections.
    ///
    /// # Errors
    /// [`TlsError`]; the old one stays.
    pub fn renew(&self, now: OffsetDateTime) -> Result<(), TlsError> {
        let fresh = Arc::new(self.authority.certify(&self.hosts, now)?);
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = fresh;
        Ok(())
    }
}

/// True for what a certificate can carry: an address or a host name.
#[must_use]
pub fn is_host(host: &str) -> bool {
    san(host).is_ok()
}

fn san(host: &str) -> Result<SanType, TlsError> {
    let wrong = || TlsError::Name(host.to_owned());
    if let Ok(address) = host.parse() {
        return Ok(SanType::IpAddress(address));
    }
    let labels = host.split('.').all(|label| {
        !label.is_empty() && label.len() <= 63 && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    if !labels || host.len() > 253 {
        return Err(wrong());
    }
    Ok(SanType::DnsName(host.to_ascii_lowercase().try_into().map_err(|_| wrong())?))
}

impl ResolvesServerCert for OwnCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.certified())
    }
}

impl std::fmt::Debug for OwnCertificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OwnCertificate").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}
