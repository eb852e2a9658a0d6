//! Tests of [`super`].

use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    pki_types::{ServerName, UnixTime},
};
use time::OffsetDateTime;

use super::*;
use crate::data_dir::DataDir;

fn own(dir: &DataDir, hosts: &[&str]) -> OwnCertificate {
    let now = OffsetDateTime::now_utc();
    let authority = OwnAuthority::load_or_create(dir, now).unwrap();
    OwnCertificate::new(authority, &hosts.iter().map(|host| (*host).to_owned()).collect::<Vec<_>>(), now).unwrap()
}

fn verifies(ca: &Path, certificate: &OwnCertificate, name: &str) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
    let chain = certificate.certified().cert.clone();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], UnixTime::now()).is_ok()
}

#[test]
fn the_own_certificate_verifies_with_its_authority_as_the_only_root() {
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(&root.path().join("d"), true).unwrap();
    let certificate = own(&dir, &["localhost", "127.0.0.1", "::1", "Gate.acme.example"]);
    for name in ["localhost", "127.0.0.1", "::1", "gate.acme.example"] {
        assert!(verifies(certificate.ca_path(), &certificate, name), "{name}");
    }
    assert!(!verifies(certificate.ca_path(), &certificate, "other.example"));

    let before = certificate.certified();
    certificate.renew(OffsetDateTime::now_utc()).unwrap();
    assert_ne!(before.cert, certificate.certified().cert);
    assert!(verifies(certificate.ca_path(), &certificate, "localhost"));
}

#[test]
fn the_authority_stays_over_restarts_and_differs_between_services() {
    let root = tempfile::tempdir().unwrap();
    let one = DataDir::open(&root.path().join("one"), true).unwrap();
    let two = DataDir::open(&root.path().join("two"), true).unwrap();
    let first = own(&one, &["localhost"]);
    let again = own(&one, &["localhost"]);
    let other = own(&two, &["localhost"]);
    assert!(verifies(first.ca_path(), &again, "localhost"));
    assert!(!verifies(first.ca_path(), &other, "localhost"));
}

#[test]
fn an_authority_key_that_others_can_read_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(&root.path().join("d"), true).unwrap();
    drop(own(&dir, &["localhost"]));
    fs::set_permissions(dir.path().join("ca.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let refused = OwnAuthority::load_or_create(&dir, OffsetDateTime::now_utc());
    assert!(matches!(refused.err(), Some(TlsError::Open { mode: 0o644, .. })));
}

#[test]
fn names_that_no_certificate_can_carry_are_refused() {
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(&root.path().join("d"), true).unwrap();
    for bad in ["", "a b", "a..b", "-é", "https://x", &"a".repeat(64)] {
        let authority = OwnAuthority::load_or_create(&dir, OffsetDateTime::now_utc()).unwrap();
        let made = OwnCertificate::new(authority, &[bad.to_owned()], OffsetDateTime::now_utc());
        assert!(matches!(made.err(), Some(TlsError::Name(_))), "{bad}");
    }
}

#[test]
fn a_certificate_and_a_foreign_key_are_refused_by_name() {
    let root = tempfile::tempdir().unwrap();
    let make = |name: &str| {
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate =
            rcgen::CertificateParams::new(vec!["x.example".to_owned()]).unwrap().self_signed(&key).unwrap();
        let paths = (root.path().join(format!("{name}.pem")), root.path().join(format!("{name}.key")));
        fs::write(&paths.0, certificate.pem()).unwrap();
        fs::write(&paths.1, key.serialize_pem()).unwrap();
        paths
    };
    let (one, two) = (make("one"), make("two"));
    from_files(&one.0, &one.1).unwrap();
    assert!(matches!(from_files(&one.0, &two.1), Err(TlsError::Unusable(_))));
    assert!(matches!(from_files(&one.1, &one.1), Err(TlsError::Pem { what: "certificate", .. })));
    assert!(matches!(from_files(&one.0, &one.0), Err(TlsError::Pem { what: "private key", .. })));
    assert!(matches!(from_files(&root.path().join("none"), &one.1), Err(TlsError::Read { .. })));
}
