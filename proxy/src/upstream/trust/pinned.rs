//! Verifies as everybody does, and also believes a certificate that is itself among the trusted ones.
//!
//! `openssl req -x509`, as Docker's own pages have it for a registry of one's own, makes a certificate
//! that says of itself that it is an authority. Go, and so the engine, accepts it from a server when it is
//! trusted; webpki does not.

use std::sync::Arc;

use rustls::{
    CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        verify_server_name,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
    server::ParsedCertificate,
};

/// Trusted certificates, as authorities and as they are.
#[derive(Debug, Clone)]
pub(super) struct Trusted {
    roots: RootCertStore,
    certificates: Vec<CertificateDer<'static>>,
}

impl Trusted {
    /// Nobody.
    pub(super) fn nobody() -> Self {
        Self { roots: RootCertStore::empty(), certificates: Vec::new() }
    }

    /// Whether there is nobody.
    pub(super) fn is_empty(&self) -> bool {
        self.certificates.is_empty()
    }

    /// One more.
    pub(super) fn add(&mut self, certificate: CertificateDer<'static>) -> Result<(), Error> {
        self.roots.add(certificate.clone())?;
        self.certificates.push(certificate);
        Ok(())
    }

    /// What verifies by them.
    pub(super) fn verifier(self) -> Result<Arc<dyn ServerCertVerifier>, Error> {
        let common = WebPkiServerVerifier::builder_with_provider(Arc::new(self.roots), super::provider()).build();
        let common = common.map_err(|error| Error::General(error.to_string()))?;
        Ok(Arc::new(Pinned { common, certificates: self.certificates }))
    }
}

#[derive(Debug)]
struct Pinned {
    common: Arc<WebPkiServerVerifier>,
    certificates: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Pinned {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.common.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // That it is an authority comes without a kind of its own, and after the dates were checked:
            // an expired one is an error of another kind.
            Err(Error::InvalidCertificate(CertificateError::Other(_))) if self.certificates.contains(end_entity) => {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.common.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.common.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.common.supported_verify_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rcgen::{CertificateParams, IsCa, KeyPair, date_time_ymd};

    use super::*;

    fn made(is_ca: bool) -> CertificateDer<'static> {
        let mut params = CertificateParams::new(vec!["reg.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2040, 1, 1);
        if is_ca {
            params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        }
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().into()
    }

    fn check(trusted: &CertificateDer<'static>, shown: &CertificateDer<'static>, name: &str, year: u64) -> bool {
        let mut store = Trusted::nobody();
        store.add(trusted.clone()).unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs((year - 1970) * 31_557_600));
        let name = ServerName::try_from(name).unwrap();
        store.verifier().unwrap().verify_server_cert(shown, &[], &name, &[], now).is_ok()
    }

    #[test]
    fn a_trusted_certificate_that_is_an_authority_is_believed_for_its_own_name_and_time() {
        for is_ca in [true, false] {
            let own = made(is_ca);
            assert!(check(&own, &own, "reg.example", 2030), "{is_ca}");
            assert!(!check(&own, &own, "other.example", 2030), "{is_ca}");
            assert!(!check(&own, &own, "reg.example", 2045), "{is_ca}");
            assert!(!check(&own, &own, "reg.example", 2010), "{is_ca}");
            assert!(!check(&own, &made(is_ca), "reg.example", 2030), "{is_ca}");
        }
    }
}
