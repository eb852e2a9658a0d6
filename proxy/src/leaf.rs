//! Leaf certificates: one a host, minted when it is first asked for.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, SanType};
use rustls::{
    RootCertStore, ServerConfig,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime},
    server::{ClientHello, NoServerSessionStorage, ResolvesServerCert},
    sign::{CertifiedKey, SigningKey},
};
use time::{Duration, OffsetDateTime};

use crate::{
    authority::Host,
    ca::{self, CaError},
};

#[cfg(test)]
mod tests;

/// Hosts whose certificates are kept. An engine talks to a handful; minting again takes 50 microseconds.
const KEPT: usize = 256;
/// Minted again after this, long before [`VALID`] is over.
const FRESH: Duration = Duration::days(7);
/// How long a certificate is valid.
const VALID: Duration = Duration::days(30);

/// Mints and keeps certificates.
pub struct Leaves {
    authority: ca::Authority,
    key: KeyPair,
    signing: Arc<dyn SigningKey>,
    kept: Mutex<HashMap<Host, (OffsetDateTime, Arc<ServerConfig>)>>,
}

/// Why a certificate cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum LeafError {
    /// The authority.
    #[error(transparent)]
    Ca(#[from] CaError),
    /// Signing.
    #[error("a certificate cannot be signed")]
    Sign(#[from] rcgen::Error),
    /// The library for TLS does not take what was made.
    #[error("a certificate cannot be used")]
    Use(#[from] rustls::Error),
    /// The authority's certificate does not vouch for what its key signs.
    #[error(
        "the certificate authority cannot be used: its certificate has expired, or is of another key ({0}); remove \
         `ca.key` and `trust/pullgate.pem`, run `pullgate-proxy ca` and restart the engine"
    )]
    Unsound(#[source] rustls::Error),
}

impl Leaves {
    /// With the authority; all leaves of this process have one key, which is nowhere else.
    ///
    /// # Errors
    /// [`LeafError`].
    pub fn new(authority: ca::Authority) -> Result<Self, LeafError> {
        let key = KeyPair::generate()?;
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let signing = aws_lc_rs::sign::any_supported_type(&der)?;
        let leaves = Self { authority, key, signing, kept: Mutex::default() };
        leaves.check()?;
        Ok(leaves)
    }

    /// Sees a leaf as a client would: better a door that does not start than an engine that trusts nobody.
    fn check(&self) -> Result<(), LeafError> {
        let mut roots = RootCertStore::empty();
        roots.add(self.authority.certificate.clone()).map_err(LeafError::Unsound)?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        let verifier = verifier.map_err(|error| rustls::Error::General(error.to_string()))?;
        let leaf = self.sign(&Host::Name(policy::PROBE_HOST.to_owned()), OffsetDateTime::now_utc())?;
        let name =
            ServerName::try_from(policy::PROBE_HOST).map_err(|error| rustls::Error::General(error.to_string()))?;
        verifier.verify_server_cert(&leaf, &[], &name, &[], UnixTime::now()).map_err(LeafError::Unsound)?;
        Ok(())
    }

    /// What to answer a client with that wants to speak TLS with `host`.
    ///
    /// # Errors
    /// [`LeafError`].
    pub fn config(&self, host: &Host) -> Result<Arc<ServerConfig>, LeafError> {
        let now = OffsetDateTime::now_utc();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // Also minted again when the clock was set back, for example after a start without one.
        let fresh = |made: OffsetDateTime| now - made < FRESH && now >= made;
        if let Some((_, config)) = kept.get(host).filter(|(made, _)| fresh(*made)) {
            return Ok(Arc::clone(config));
        }
        let config = Arc::new(self.mint(host, now)?);
        if kept.len() >= KEPT {
            kept.clear();
        }
        kept.insert(host.clone(), (now, Arc::clone(&config)));
        Ok(config)
    }

    fn sign(&self, host: &Host, now: OffsetDateTime) -> Result<CertificateDer<'static>, LeafError> {
        let mut params = CertificateParams::default();
        params.not_before = now - Duration::days(1);
        params.not_after = now + VALID;
        params.distinguished_name = DistinguishedName::new();
        params.distinguished_name.push(DnType::CommonName, "pullgate registry door");
        params.subject_alt_names = vec![match host {
            Host::Name(name) => SanType::DnsName(name.clone().try_into()?),
            Host::Ip(address) => SanType::IpAddress(*address),
        }];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let mut serial = [0; 16];
        // A serial that repeats would be wrong, but nobody is harmed by it: it is not checked.
        aws_lc_rs::default_provider().secure_random.fill(&mut serial).map_err(|_| rcgen::Error::RemoteKeyError)?;
        params.serial_number = Some(serial.to_vec().into());
        Ok(params.signed_by(&self.key, &self.authority.issuer)?.into())
    }

    fn mint(&self, host: &Host, now: OffsetDateTime) -> Result<ServerConfig, LeafError> {
        let chain = vec![self.sign(host, now)?, self.authority.certificate.clone()];
        let certified = Arc::new(CertifiedKey::new(chain, Arc::clone(&self.signing)));
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(Only { host: host.clone(), certified }));
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // Go's clients resume only where they are told to, and the engine's are not.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }
}

impl fmt::Debug for Leaves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Leaves(..)")
    }
}

/// One certificate, for who asks for its host or says nothing.
struct Only {
    host: Host,
    certified: Arc<CertifiedKey>,
}

impl ResolvesServerCert for Only {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let same = |name: &str| matches!(&self.host, Host::Name(host) if host.eq_ignore_ascii_case(name));
        hello.server_name().is_none_or(same).then(|| Arc::clone(&self.certified))
    }
}

impl fmt::Debug for Only {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Only({})", self.host)
    }
}
