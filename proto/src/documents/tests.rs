use super::*;
use crate::{
    document::{Badge, Categories, Mode, Publisher, WhenExpired},
    keys::{SigningKey, TrustedKeys},
    sealed::{self, seal},
};

const NOW: i64 = 1_800_000_000;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn keys(seed: u8) -> TrustedKeys {
    TrustedKeys::new(vec![key(seed).verifying_key()])
}

fn header(subject: &str, audience: &str, generation: u64) -> Option<Header> {
    let (issued_at, refresh_after, expires_at) = (NOW - 20, NOW - 10, NOW - 5);
    Some(Header {
        subject: subject.into(),
        audience: audience.into(),
        generation,
        issued_at,
        refresh_after,
        expires_at,
    })
}

fn sealed<D: sealed::Document>(document: &D) -> Arc<Vec<u8>> {
    Arc::new(seal(document, &key(1)))
}

fn policy(generation: u64, directory_sha256: Vec<u8>) -> Arc<Vec<u8>> {
    sealed(&document::Policy {
        header: header("acme", "any", generation),
        enabled: true,
        mode: Mode::Enforce.into(),
        categories: Some(Categories { official: true, verified_publisher: true, community: false }),
        when_expired: WhenExpired::Keep.into(),
        directory_sha256,
        ..document::Policy::default()
    })
}

fn session(uid: u32, machine: &str) -> Arc<Vec<u8>> {
    sealed(&document::Session {
        header: header("dana", &format!("machine:{machine}"), 1),
        machine_id: machine.into(),
        uid,
        organizations: vec![],
    })
}

fn directory(generation: u64) -> (Arc<Vec<u8>>, Vec<u8>) {
    let publisher = Publisher { namespace: "grafana".into(), badge: Badge::VerifiedPublisher.into() };
    let document = document::Directory { header: header("publishers", "any", generation), publishers: vec![publisher] };
    let bytes = sealed(&document);
    let digest = sha2::Sha256::digest(prost::Message::encode_to_vec(&document)).to_vec();
    (bytes, digest)
}

fn open(envelopes: &[Arc<Vec<u8>>], before: &Documents) -> Reading {
    Documents::open(envelopes, before, Trust { keys: &keys(1), machine_id: "m" })
}

fn first_policy(documents: &Documents) -> &Arc<Policy> {
    &documents.policies.get("acme").expect("acme's policy").value
}

#[test]
fn a_policy_finds_its_directory_wherever_it_stands_and_expired_documents_are_opened() {
    let (directory, digest) = directory(1);
    let reading = open(&[session(7, "m"), policy(1, digest), directory], &Documents::default());
    assert!(reading.left_out.is_empty(), "{:?}", reading.left_out);
    let documents = reading.documents;
    assert_eq!(documents.sessions.keys().collect::<Vec<_>>(), [&7]);
    assert!(Arc::ptr_eq(&first_policy(&documents).directory, &documents.directories.values().next().unwrap().value));
    let kinds: Vec<_> = documents.all().map(|document| document.in_force.kind()).collect();
    assert_eq!(kinds, [Kind::Directory, Kind::Policy, Kind::Session]);
}

#[test]
fn what_has_the_same_bytes_is_not_compiled_again() {
    let (directory, digest) = directory(1);
    let policy = policy(1, digest);
    let before = open(&[Arc::clone(&directory), Arc::clone(&policy)], &Documents::default()).documents;
    let after = open(&[session(7, "m"), policy, directory], &before);
    assert!(after.left_out.is_empty() && after.documents.sessions.len() == 1, "{after:?}");
    assert!(Arc::ptr_eq(first_policy(&before), first_policy(&after.documents)));
}

#[test]
fn the_same_directory_under_another_seal_stays_the_same_value() {
    let (first, digest) = directory(1);
    let policy = policy(1, digest);
    let before = open(&[first, Arc::clone(&policy)], &Documents::default()).documents;
    // Signed once more by another key as well: other bytes around the same payload.
    let mut envelope: document::Envelope = prost::Message::decode(directory(1).0.as_slice()).expect("an envelope");
    envelope.signatures.push(document::Signature { sig: vec![0; 64], keyid: "another".into() });
    let resealed = Arc::new(prost::Message::encode_to_vec(&envelope));
    let after = open(&[resealed, policy], &before);
    assert!(after.left_out.is_empty(), "{:?}", after.left_out);
    assert!(Arc::ptr_eq(first_policy(&before), first_policy(&after.documents)));
    let value = |documents: &Documents| Arc::clone(&documents.directories.values().next().unwrap().value);
    assert!(Arc::ptr_eq(&value(&before), &value(&after.documents)));
}

#[test]
fn what_does_not_hold_is_left_out_by_itself_and_named() {
    let (_, digest) = directory(1);
    let good = session(7, "m");
    let mut cut = good.as_ref().clone();
    cut.truncate(20);
    let envelopes = [Arc::new(cut), session(8, "elsewhere"), policy(1, digest), Arc::default(), good];
    let reading = open(&envelopes, &Documents::default());
    let mut left_out: Vec<_> = reading.left_out.iter().map(|(place, error)| (*place, crate::chain(error))).collect();
    left_out.sort();
    let said = |place: usize| left_out.iter().find(|(at, _)| *at == place).map_or("", |(_, text)| text.as_str());
    assert_eq!(left_out.len(), 4, "{left_out:?}");
    assert!(said(1).contains("machine:elsewhere"), "{left_out:?}");
    assert!(said(2).contains("directory"), "{left_out:?}");
    assert_eq!(reading.documents.sessions.keys().collect::<Vec<_>>(), [&7]);
    let foreign = Documents::open(&envelopes, &Documents::default(), Trust { keys: &keys(2), machine_id: "m" });
    assert_eq!((foreign.left_out.len(), foreign.documents.all().count()), (5, 0));
}

#[test]
fn a_policy_whose_directory_went_is_left_out_although_it_is_known() {
    let (directory, digest) = directory(1);
    let policy = policy(1, digest);
    let before = open(&[directory, Arc::clone(&policy)], &Documents::default()).documents;
    let after = open(&[policy], &before);
    assert!(after.documents.policies.is_empty());
    assert!(matches!(after.left_out.as_slice(), [(0, DocumentError::MissingDirectory(_))]), "{:?}", after.left_out);
}
