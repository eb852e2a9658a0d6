//! Tests of [`super`].

use std::sync::Arc;

use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
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

/// A certificate and its key in files.
fn pair(root: &Path, name: &str) -> (PathBuf, PathBuf) {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["x.example".to_owned()]).unwrap().self_signed(&key).unwrap();
    let paths = (root.join(format!("{name}.pem")), root.join(format!("{name}.key")));
    fs::write(&paths.0, certificate.pem()).unwrap();
    fs::write(&paths.1, key.serialize_pem()).unwrap();
    paths
}

#[test]
fn a_certificate_and_a_foreign_key_are_refused_by_name() {
    let root = tempfile::tempdir().unwrap();
    let (one, two) = (pair(root.path(), "one"), pair(root.path(), "two"));
    let refused = |certificate, key| FileCertificate::new(certificate, key).unwrap_err();
    FileCertificate::new(&one.0, &one.1).unwrap();
    assert!(matches!(refused(&one.0, &two.1), TlsError::Unusable(_)));
    assert!(matches!(refused(&one.1, &one.1), TlsError::Pem { what: "certificate", .. }));
    assert!(matches!(refused(&one.0, &one.0), TlsError::Pem { what: "private key", .. }));
    assert!(matches!(refused(&root.path().join("none"), &one.1), TlsError::Read { .. }));
}

#[test]
fn files_that_were_replaced_are_read_again_once_both_fit() {
    let root = tempfile::tempdir().unwrap();
    let (served, next) = (pair(root.path(), "served"), pair(root.path(), "next"));
    let certificate = FileCertificate::new(&served.0, &served.1).unwrap();
    let before = certificate.certified();
    assert!(!certificate.look().unwrap());

    // One of the two is there, by a rename as a renewal does it.
    fs::rename(&next.0, &served.0).unwrap();
    assert!(matches!(certificate.look(), Err(TlsError::Unusable(_))));
    assert_eq!(certificate.certified().cert, before.cert);
    // Asked again, although nothing moved since.
    assert!(certificate.look().is_err());

    fs::rename(&next.1, &served.1).unwrap();
    assert!(certificate.look().unwrap());
    assert_ne!(certificate.certified().cert, before.cert);
    assert!(!certificate.look().unwrap());

    // Away for a moment: what was read stays, and the same file does not count as new when it is back.
    fs::rename(&served.1, &next.1).unwrap();
    assert!(matches!(certificate.look(), Err(TlsError::Read { .. })));
    fs::rename(&next.1, &served.1).unwrap();
    assert!(!certificate.look().unwrap());
}
