//! What is sealed opens, and nothing else does. The plugin's tests have the whole list of refusals.

use super::*;
use crate::document::{AgentToken, Policy};

const NOW: i64 = 1_000_000;

fn policy() -> Policy {
    Policy {
        header: Some(Header {
            subject: "acme".into(),
            audience: "any".into(),
            generation: 1,
            issued_at: NOW,
            refresh_after: NOW + 10,
            expires_at: NOW + 20,
        }),
        ..Policy::default()
    }
}

fn keys() -> (SigningKey, TrustedKeys) {
    let key = SigningKey::from_seed(&[5; 32]);
    let trusted = TrustedKeys::new(vec![key.verifying_key()]);
    (key, trusted)
}

#[test]
fn the_pre_authentication_encoding_is_the_specifications_example() {
    // https://github.com/secure-systems-lab/dsse/blob/v1.0.2/protocol.md
    let encoded = pre_authentication_encoding("http://example.com/HelloWorld", b"hello world");
    assert_eq!(encoded, b"DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

#[test]
fn every_single_changed_byte_is_noticed() {
    let (key, trusted) = keys();
    let sealed = seal(&policy(), &key);
    open::<Policy>(&sealed, &trusted, &["any"], NOW, Purpose::Receive).expect("as sealed");
    for place in 0..sealed.len() {
        for bit in [1, 0x80] {
            let mut changed = sealed.clone();
            changed[place] ^= bit;
            let opened = open::<Policy>(&changed, &trusted, &["any"], NOW, Purpose::Receive);
            assert!(opened.is_err(), "byte {place}");
        }
    }
    for length in 0..sealed.len() {
        assert!(
            open::<Policy>(&sealed[..length], &trusted, &["any"], NOW, Purpose::Receive).is_err(),
            "{length} bytes"
        );
    }
}

#[test]
fn a_document_is_opened_as_what_it_is() {
    let (key, trusted) = keys();
    let sealed = seal(&policy(), &key);
    let error = open::<AgentToken>(&sealed, &trusted, &["any"], NOW, Purpose::Receive).expect_err("another type");
    assert!(matches!(error, SealError::WrongType { .. }), "{error}");
    let large = vec![0; AgentToken::MAX_BYTES + 1];
    let error = open::<AgentToken>(&large, &trusted, &["any"], NOW, Purpose::Receive).expect_err("too large");
    assert!(matches!(error, SealError::TooLarge { .. }), "{error}");
}

#[test]
fn validity_is_a_window() {
    let (key, trusted) = keys();
    let sealed = seal(&policy(), &key);
    let at = |now, purpose| open::<Policy>(&sealed, &trusted, &["any"], now, purpose).is_ok();
    assert!(at(NOW - CLOCK_SKEW_SECONDS, Purpose::Receive));
    assert!(!at(NOW - CLOCK_SKEW_SECONDS - 1, Purpose::Receive));
    assert!(at(NOW + 19, Purpose::Receive));
    assert!(!at(NOW + 20, Purpose::Receive));
    assert!(at(NOW + 20, Purpose::Restore));
    assert!(at(NOW - 1_000_000, Purpose::Restore), "a clock that is behind takes nothing away");
}

#[test]
fn a_second_trusted_key_may_sign() {
    let (old, new) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
    let both = TrustedKeys::new(vec![old.verifying_key(), new.verifying_key()]);
    for key in [&old, &new] {
        let opened = open::<Policy>(&seal(&policy(), key), &both, &["any"], NOW, Purpose::Receive).expect("trusted");
        assert_eq!(&opened.keyid, key.id());
    }
}

#[test]
fn a_key_prints_no_secret() {
    let key = SigningKey::from_seed(&[5; 32]);
    let text = format!("{key:?}");
    assert!(text.contains(key.id().as_str()) && !text.contains("5, 5"), "{text}");
}
