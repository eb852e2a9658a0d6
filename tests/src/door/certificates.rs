//! Certificates for the servers of a laboratory.

use std::{path::PathBuf, sync::Arc};

use installer::lab::{Lab, LabError};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use tokio_rustls::rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer},
};

/// An authority that nobody trusts unless told to.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    /// A new one.
    ///
    /// # Panics
    /// When no key can be made.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(params, key), pem }
    }

    /// Its certificate.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.pem
    }

    fn vouch(&self, hosts: &[&str]) -> (rcgen::Certificate, KeyPair) {
        let names: Vec<String> = hosts.iter().map(|&host| host.to_owned()).collect();
        let key = KeyPair::generate().unwrap();
        (CertificateParams::new(names).unwrap().signed_by(&key, &self.issuer).unwrap(), key)
    }

    /// Certificate and key for these hosts, as files in the lab.
    ///
    /// # Errors
    /// When they cannot be written.
    ///
    /// # Panics
    /// When a name is none.
    pub fn files(&self, lab: &Lab, name: &str, hosts: &[&str]) -> Result<[PathBuf; 2], LabError> {
        let (certificate, key) = self.vouch(hosts);
        let write = |end: &str, text: String| lab.write(&format!("{name}.{end}"), text);
        Ok([write("pem", certificate.pem())?, write("key", key.serialize_pem())?])
    }

    /// For a server of the test's own.
    ///
    /// # Panics
    /// When a name is none.
    #[must_use]
    pub fn server(&self, hosts: &[&str]) -> Arc<ServerConfig> {
        let (certificate, key) = self.vouch(hosts);
        let chain = vec![CertificateDer::from(certificate.der().to_vec())];
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
        Arc::new(config.unwrap())
    }
}
