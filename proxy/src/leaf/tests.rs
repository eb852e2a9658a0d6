use rustls::{
    ClientConfig, ClientConnection, RootCertStore, ServerConnection,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};

use super::*;
use crate::authority::Authority;

fn leaves(only: &[&str]) -> (Leaves, RootCertStore) {
    let dir = tempfile::tempdir().unwrap();
    let only: Vec<_> = only.iter().map(|&domain| domain.to_owned()).collect();
    ca::make(dir.path(), &only).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca::trust_dir(dir.path()).join("pullgate.pem")).unwrap()).unwrap();
    (Leaves::new(ca::Authority::load(dir.path()).unwrap()).unwrap(), roots)
}

fn host(text: &str) -> Host {
    Authority::parse(text, Some(443)).unwrap().host().clone()
}

/// A handshake in memory: a client that trusts the authority asks for `asked` where `minted` is served.
fn handshake(leaves: &Leaves, roots: &RootCertStore, minted: &str, asked: &str) -> Result<(), rustls::Error> {
    let mut server = ServerConnection::new(leaves.config(&host(minted)).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots.clone())
        .with_no_client_auth();
    let name = ServerName::try_from(asked.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    while client.is_handshaking() || server.is_handshaking() {
        let mut bytes = Vec::new();
        client.write_tls(&mut bytes).unwrap();
        server.read_tls(&mut bytes.as_slice()).unwrap();
        server.process_new_packets()?;
        let mut bytes = Vec::new();
        server.write_tls(&mut bytes).unwrap();
        client.read_tls(&mut bytes.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    Ok(())
}

#[test]
fn names_and_addresses_are_vouched_for() {
    let (leaves, roots) = leaves(&[]);
    handshake(&leaves, &roots, "registry-1.docker.io", "registry-1.docker.io").unwrap();
    handshake(&leaves, &roots, "registry-1.docker.io", "Registry-1.Docker.io").unwrap();
    handshake(&leaves, &roots, "10.9.8.7:5000", "10.9.8.7").unwrap();
    handshake(&leaves, &roots, "[fd00::1]:5000", "fd00::1").unwrap();
}

#[test]
fn a_client_that_names_another_host_gets_nothing() {
    let (leaves, roots) = leaves(&[]);
    assert!(handshake(&leaves, &roots, "reg.example", "other.example").is_err());
    // Go names no address in its hello, but compares it with the certificate.
    assert!(handshake(&leaves, &roots, "10.9.8.7", "10.9.8.8").is_err());
    assert!(handshake(&leaves, &roots, "10.9.8.7", "reg.example").is_err());
}

#[test]
fn a_limited_authority_vouches_for_nobody_else() {
    let (leaves, roots) = leaves(&["docker.io", "10.0.0.0/8"]);
    for inside in ["docker.io", "registry-1.docker.io", "10.9.8.7", "localhost", "127.0.0.1", "door.pullgate.invalid"] {
        handshake(&leaves, &roots, inside, inside).unwrap_or_else(|error| panic!("{inside}: {error}"));
    }
    for outside in ["bank.example", "evildocker.io", "11.0.0.1"] {
        assert!(handshake(&leaves, &roots, outside, outside).is_err(), "{outside}");
    }
}

#[test]
fn a_host_is_minted_once_and_the_store_is_bounded() {
    let (leaves, _) = leaves(&[]);
    let first = leaves.config(&host("a.example")).unwrap();
    assert!(Arc::ptr_eq(&first, &leaves.config(&host("A.example")).unwrap()));
    for n in 0..2 * KEPT {
        leaves.config(&host(&format!("h{n}.example"))).unwrap();
    }
    assert!(leaves.kept.lock().unwrap().len() <= KEPT);
}
