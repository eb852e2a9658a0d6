use prost::Message as _;

use super::*;
use crate::document::{self, Envelope};

const NOW: i64 = 1_800_000_000;

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn keys(seeds: &[u8]) -> Vec<VerifyingKey> {
    seeds.iter().map(|seed| key(*seed).verifying_key()).collect()
}

/// Change `number` to the keys of these seeds, signed by that of `by`.
fn change(number: u64, seeds: &[u8], by: u8) -> Vec<u8> {
    seal(number, &keys(seeds), &key(by), NOW)
}

fn enrolled(seeds: &[u8]) -> KeyChain {
    KeyChain::new(TrustedKeys::new(keys(seeds)))
}

/// Which of the seeds are trusted.
fn trusts(chain: &KeyChain) -> Vec<u8> {
    (0..100).filter(|seed| chain.trusted().find(key(*seed).id().as_str()).is_some()).collect()
}

/// From key 1 to key 2 to key 3.
fn twice() -> Vec<Vec<u8>> {
    vec![change(1, &[1, 2], 1), change(2, &[2], 2), change(3, &[2, 3], 2), change(4, &[3], 3)]
}

#[test]
fn changes_are_followed_from_the_enrolled_key_at_once_or_one_by_one() {
    let mut at_once = enrolled(&[1]);
    at_once.follow(&twice()).unwrap();
    assert_eq!((trusts(&at_once), at_once.number()), (vec![3], 4));
    let mut step_by_step = enrolled(&[1]);
    for (count, expected) in [(0, vec![1]), (1, vec![1, 2]), (2, vec![2]), (3, vec![2, 3]), (4, vec![3])] {
        // What was followed comes again each time.
        step_by_step.follow(&twice()[..count]).unwrap();
        assert_eq!(trusts(&step_by_step), expected, "{count}");
    }
}

#[test]
fn whoever_was_enrolled_with_a_later_key_follows_from_there() {
    for (enrolled_with, expected) in [(vec![2], vec![3]), (vec![1, 2], vec![3]), (vec![3], vec![3])] {
        let mut chain = enrolled(&enrolled_with);
        chain.follow(&twice()).unwrap();
        assert_eq!(trusts(&chain), expected, "{enrolled_with:?}");
    }
    let mut stranger = enrolled(&[9]);
    stranger.follow(&twice()).unwrap();
    assert_eq!((trusts(&stranger), stranger.number()), (vec![9], 0));
}

#[test]
fn what_is_older_takes_nothing_back() {
    let mut chain = enrolled(&[1]);
    chain.follow(&twice()).unwrap();
    chain.follow(&twice()[..1]).unwrap();
    chain.follow(&[]).unwrap();
    assert_eq!(trusts(&chain), [3]);
    for ended in [1, 2] {
        assert!(chain.trusted().has_ended(key(ended).id().as_str()));
    }
    assert!(!chain.trusted().has_ended(key(3).id().as_str()));
}

#[test]
fn a_gap_a_fork_and_a_wrong_signer_are_refused_and_nothing_of_them_is_followed() {
    let first = change(1, &[1, 2], 1);
    let gap = [first.clone(), change(3, &[3], 2)];
    assert!(matches!(enrolled(&[1]).follow(&gap), Err(KeyChainError::Gap { after: 1, found: 3 })));
    let out_of_order = [change(2, &[2], 1), change(4, &[3], 2)];
    assert!(matches!(enrolled(&[1]).follow(&out_of_order), Err(KeyChainError::Gap { after: 2, found: 4 })));

    // The key that is about to end was stolen: it does not say what follows, nor unsays what followed.
    for by in [1, 9] {
        let stolen = [first.clone(), change(2, &[9], by)];
        let refused = enrolled(&[1]).follow(&stolen);
        assert!(
            matches!(refused, Err(KeyChainError::Sealed { number: 2, source: SealError::UnknownKey { .. } })),
            "{by}: {refused:?}"
        );
    }
    let mut moved = enrolled(&[1]);
    moved.follow(&twice()[..2]).unwrap();
    for fork in [vec![change(1, &[1, 9], 1)], vec![change(1, &[1, 9], 1), change(2, &[9], 9)]] {
        assert!(matches!(moved.follow(&fork), Err(KeyChainError::Forked(1))));
    }
    assert!(matches!(moved.follow(&[change(3, &[9], 1)]), Err(KeyChainError::Sealed { number: 3, .. })));
    assert_eq!(trusts(&moved), [2]);
}

#[test]
fn altered_and_other_documents_are_no_changes() {
    let mut altered = Envelope::decode(twice()[0].as_slice()).unwrap();
    altered.signatures[0].sig[5] ^= 1;
    let forged = enrolled(&[1]).follow(&[altered.encode_to_vec()]);
    assert!(matches!(forged, Err(KeyChainError::Sealed { number: 1, source: SealError::Forged { .. } })), "{forged:?}");
    let policy = sealed::seal(&document::Policy::default(), &key(1));
    for bytes in [policy, vec![], vec![0xff; 20], vec![7; 600]] {
        assert!(matches!(enrolled(&[1]).follow(&[bytes]), Err(KeyChainError::Sealed { number: 0, .. })));
    }
}

#[test]
fn a_change_names_one_or_two_usable_keys() {
    let with = |keys: Vec<Vec<u8>>| {
        let sealed = Envelope::decode(twice()[0].as_slice()).unwrap();
        let change = KeyChange::decode(sealed.payload.as_slice()).unwrap();
        enrolled(&[1]).follow(&[sealed::seal(&KeyChange { keys, ..change }, &key(1))])
    };
    let good = key(2).verifying_key().as_bytes().to_vec();
    assert!(with(vec![good.clone()]).is_ok());
    for wrong in [vec![], vec![good.clone(); 2], vec![vec![1]], vec![vec![0; 32]]] {
        assert!(matches!(with(wrong.clone()), Err(KeyChainError::Keys(1))), "{wrong:?}");
    }
    let three = [2, 3, 4].map(|seed| key(seed).verifying_key().as_bytes().to_vec());
    assert!(matches!(with(three.to_vec()), Err(KeyChainError::Keys(1))));
}

/// As many changes as there may be, one at a time, and then one more.
#[test]
fn the_number_of_changes_is_bounded_and_so_are_their_bytes() {
    let mut all: Vec<Vec<u8>> = (1..=MAX_CHANGES as u64).map(|n| change(n, &[n as u8 + 1], n as u8)).collect();
    let mut chain = enrolled(&[1]);
    chain.follow(&all).unwrap();
    let one_more = change(MAX_CHANGES as u64 + 1, &[99], MAX_CHANGES as u8 + 1);
    assert!(matches!(chain.follow(std::slice::from_ref(&one_more)), Err(KeyChainError::TooMany(_))));
    let plain = sealed::seal(&document::Policy::default(), &key(1));
    let carrying = sealed::seal_by(&document::Policy::default(), [&key(1)], &all);
    assert!(carrying.len() - plain.len() < MAX_CHANGES_BYTES);
    all.push(one_more);
    assert!(matches!(enrolled(&[1]).follow(&all), Err(KeyChainError::TooMany(count)) if count == MAX_CHANGES + 1));
}

#[test]
fn what_is_kept_leads_from_every_enrollment_file_to_the_present_key() {
    let mut kept = Vec::new();
    // Enrolled with the first key, then with the second, then an older file comes back.
    for (with, known) in [(1, 2), (2, 4), (1, 4)] {
        let mut chain = enrolled(&[with]);
        chain.follow(&kept).unwrap();
        chain.follow(&twice()[..known]).unwrap();
        kept = chain.kept_with(&kept);
        assert_eq!(kept, twice()[..known]);
    }
    let mut chain = enrolled(&[1]);
    chain.follow(&kept).unwrap();
    assert_eq!(trusts(&chain), [3]);
    assert_eq!(enrolled(&[9]).kept_with(&kept), kept, "who follows nothing forgets nothing");
}

#[test]
fn a_document_carries_the_way_to_the_key_that_signed_it_and_readers_before_that_see_the_old_signature() {
    let header = Header {
        subject: "acme".into(),
        audience: "any".into(),
        generation: 1,
        issued_at: 1,
        refresh_after: 2,
        expires_at: 3,
    };
    let policy = document::Policy { header: Some(header), ..Default::default() };
    let sealed = sealed::seal_by(&policy, [&key(1), &key(2)], &twice()[..1]);
    let opens = |trusted: &TrustedKeys, bytes: &[u8]| {
        sealed::open::<document::Policy>(bytes, trusted, &["any"], 1, Purpose::Receive).map(|opened| opened.keyid)
    };
    // A version that knows no changes: the enrolled key, and nothing else.
    assert_eq!(opens(&TrustedKeys::new(keys(&[1])), &sealed).unwrap(), *key(1).id());
    let mut chain = enrolled(&[1]);
    chain.follow(&sealed::key_changes(&sealed)).unwrap();
    chain.follow(&twice()[..2]).unwrap();
    assert_eq!(opens(&chain.trusted(), &sealed).unwrap(), *key(2).id(), "the first one ended");
    let stolen = sealed::seal(&policy, &key(1));
    assert!(matches!(opens(&chain.trusted(), &stolen), Err(SealError::EndedKey { .. })));
}
