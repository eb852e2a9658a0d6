//! What guards a machine, as its agent says: bounded, and nothing of organizations that are none of the caller's.

use proto::sync as wire;

use crate::{model::Posture, plain::plain};

/// Longest version and longest sentence that are kept, in characters.
const VERSION: usize = 128;
const SENTENCE: usize = 300;
/// Most sentences.
const SENTENCES: usize = 8;
/// Most exceptions, and the longest: an address of IPv6 with its port has 47 characters.
const EXCEPTIONS: usize = 16;
const EXCEPTION: usize = 64;

/// What of it is kept. The rest of a text that is too long is dropped.
pub(super) fn read(sent: wire::Posture, organizations: &[String]) -> Posture {
    let cut = |text: String, most: usize| plain(text).chars().take(most).collect::<String>();
    let policies = sent.policies.into_iter().filter(|held| organizations.contains(&held.subject));
    Posture {
        plugin_version: cut(sent.plugin_version, VERSION),
        engine_version: cut(sent.engine_version, VERSION),
        engine_asks: sent.engine_asks,
        policies: policies.map(|held| (held.subject, i64::try_from(held.generation).unwrap_or(i64::MAX))).collect(),
        sign_in_enforced: sent.sign_in_enforced,
        door: sent.door,
        loopback_led: sent.loopback_led,
        loopback_why: cut(sent.loopback_why, SENTENCE),
        containers_kept: sent.containers_kept,
        sandbox_faults: sent.sandbox_faults.into_iter().take(SENTENCES).map(|text| cut(text, SENTENCE)).collect(),
        exceptions: sent.exceptions.into_iter().take(EXCEPTIONS).map(|text| cut(text, EXCEPTION)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_endless_nothing_that_steers_and_nothing_of_others_is_kept() {
        let evil = format!("x\u{1b}[2J{}", "é".repeat(5000));
        let held = |subject: &str, generation| wire::Held {
            kind: wire::Kind::Policy.into(),
            subject: subject.to_owned(),
            generation,
            sha256: vec![0; 32],
        };
        let sent = wire::Posture {
            plugin_version: evil.clone(),
            engine_version: evil.clone(),
            policies: vec![held("acme", u64::MAX), held("secret", 1)],
            loopback_why: evil.clone(),
            sandbox_faults: vec![evil.clone(); 100],
            exceptions: vec![evil; 100],
            ..wire::Posture::default()
        };
        let kept = read(sent, &["acme".to_owned()]);
        assert_eq!(kept.policies.into_iter().collect::<Vec<_>>(), [("acme".to_owned(), i64::MAX)]);
        assert_eq!(kept.plugin_version, format!("x[2J{}", "é".repeat(VERSION - 4)));
        assert_eq!(kept.engine_version.chars().count(), VERSION);
        assert_eq!(kept.loopback_why.chars().count(), SENTENCE);
        assert_eq!(kept.sandbox_faults.len(), SENTENCES);
        assert!(kept.sandbox_faults.iter().all(|text| text.chars().count() == SENTENCE));
        assert_eq!(kept.exceptions.len(), EXCEPTIONS);
        assert!(kept.exceptions.iter().all(|text| text.chars().count() == EXCEPTION));
    }
}
