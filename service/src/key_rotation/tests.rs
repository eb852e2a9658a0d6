//! Tests of [`super`], over a real database.

use std::fs;

use proto::keys::TrustedKeys;

use super::*;
use crate::{
    acts::Actor,
    key_ring::Keys,
    signing_key::IfMissing,
    store::testing::{Fixture, on_each_database},
};

const NOW: i64 = 1_800_000_000;

/// A service that signed something: its database, and its data directory.
struct World {
    fixture: Fixture,
    store: Store,
    root: tempfile::TempDir,
    dir: DataDir,
    author: Author,
}

impl World {
    async fn new(fixture: Fixture) -> Self {
        let store = fixture.store().await;
        let root = tempfile::tempdir().unwrap();
        let dir = DataDir::open(&root.path().join("data"), true).unwrap();
        let first = signing_key::all_or_first(&dir, IfMissing::Create).unwrap();
        let mut change = store.write().await.unwrap();
        change.claim_signing_key(first[0].key.id().as_str()).await.unwrap();
        change.commit().await.unwrap();
        Self { fixture, store, root, dir, author: Actor::Local { uid: 0 }.author() }
    }

    async fn rotate(&self, prepare: bool) -> Result<Rotated, RotationError> {
        rotate(&self.store, &self.dir, &self.author, prepare, NOW).await
    }

    async fn retire(&self) -> Result<Retired, RotationError> {
        retire(&self.store, &self.dir, &self.author, NOW).await
    }

    async fn ring(&self) -> Result<KeyRing, KeyRingError> {
        KeyRing::load(&self.dir, &mut self.store.read().await.unwrap()).await
    }

    async fn states(&self) -> Vec<(State, bool)> {
        let listed = list(&self.store, &self.dir).await.unwrap();
        listed.iter().map(|key| (key.state, key.file.is_some())).collect()
    }

    async fn acts(&self) -> Vec<String> {
        let lines = self.store.read().await.unwrap().audit_lines(100).await.unwrap();
        lines.into_iter().rev().map(|line| line.act).collect()
    }

    /// What a machine trusts that was enrolled with this key and gets one document now.
    async fn machine(&self, enrolled: &VerifyingKey) -> TrustedKeys {
        let document = proto::document::Policy::default();
        let sealed = self.ring().await.unwrap().seal(&document);
        let mut chain = proto::key_chain::KeyChain::new(TrustedKeys::new(vec![enrolled.clone()]));
        chain.follow(&proto::sealed::key_changes(&sealed)).unwrap();
        chain.trusted()
    }
}

async fn a_key_is_announced_signs_and_is_alone_at_the_end(fixture: Fixture) {
    let world = World::new(fixture).await;
    let first = world.ring().await.unwrap().signer().verifying_key();
    assert_eq!(world.states().await, [(State::Signs, true)]);

    let prepared = world.rotate(true).await.unwrap();
    assert!(!prepared.signs && prepared.from == first.id().as_str());
    let ring = world.ring().await.unwrap();
    assert_eq!((ring.signer().id(), ring.number()), (first.id(), 1));
    assert_eq!(world.states().await, [(State::Signs, true), (State::Announced, true)]);
    assert!(matches!(world.retire().await, Err(RotationError::NotSigningYet(id)) if id == prepared.to));

    let rotated = world.rotate(false).await.unwrap();
    assert_eq!((&rotated.to, rotated.signs), (&prepared.to, true));
    let ring = world.ring().await.unwrap();
    assert_eq!((ring.signer().id().as_str(), ring.number()), (prepared.to.as_str(), 1));
    assert_eq!(world.states().await, [(State::Trusted, true), (State::Signs, true)]);
    let trusted = world.machine(&first).await;
    assert!(trusted.find(first.id().as_str()).is_some() && trusted.find(&prepared.to).is_some());
    assert!(matches!(world.rotate(false).await, Err(RotationError::OldStillTrusted(id)) if id == first.id().as_str()));

    let retired = world.retire().await.unwrap();
    assert_eq!((retired.ended, retired.removed), (vec![first.id().to_string()], vec!["signing.key".to_owned()]));
    assert_eq!(world.states().await, [(State::Ended, false), (State::Signs, true)]);
    let trusted = world.machine(&first).await;
    assert!(trusted.has_ended(first.id().as_str()) && trusted.find(&prepared.to).is_some());
    assert!(matches!(world.retire().await, Err(RotationError::NothingToRetire)));
    assert_eq!(world.acts().await, ["key.announce", "key.rotate", "key.retire"]);
}

async fn old_machines_find_the_signature_of_the_key_that_they_know_until_it_is_retired(fixture: Fixture) {
    let world = World::new(fixture).await;
    let first = world.ring().await.unwrap().signer().verifying_key();
    // A version that follows no key trusts what it was enrolled with.
    let old = TrustedKeys::new(vec![first]);
    let sealed = async || {
        let header = proto::document::Header {
            subject: "acme".into(),
            audience: "any".into(),
            generation: 1,
            issued_at: 1,
            refresh_after: 2,
            expires_at: 3,
        };
        let policy = proto::document::Policy { header: Some(header), ..Default::default() };
        let bytes = world.ring().await.unwrap().seal(&policy);
        let purpose = proto::sealed::Purpose::Receive;
        proto::sealed::open::<proto::document::Policy>(&bytes, &old, &["any"], 1, purpose).map(|_| ())
    };
    sealed().await.unwrap();
    world.rotate(true).await.unwrap();
    sealed().await.unwrap();
    world.rotate(false).await.unwrap();
    sealed().await.unwrap();
    world.retire().await.unwrap();
    assert!(matches!(sealed().await, Err(proto::sealed::SealError::UnknownKey { .. })));
}

/// Each step is cut behind what it leaves on disk; the same command goes on.
async fn what_a_crash_left_is_gone_on_with(fixture: Fixture) {
    let world = World::new(fixture).await;
    let orphan = signing_key::create_next(&world.dir).unwrap();
    assert_eq!(world.states().await, [(State::Signs, true), (State::Unknown, true)]);
    let rotated = world.rotate(false).await.unwrap();
    assert_eq!(rotated.to, orphan.key.id().as_str(), "the key that nobody knows yet is used");

    let file = world.dir.path().join("signing.key");
    let old = fs::read(&file).unwrap();
    world.retire().await.unwrap();
    world.dir.create_new("signing.key", &old, 0o600).unwrap();
    assert_eq!(world.states().await, [(State::Ended, true), (State::Signs, true)]);
    let ring = world.ring().await.unwrap();
    assert_eq!(ring.signer().id().as_str(), rotated.to, "a key that ended does not sign because its file is there");
    let again = world.retire().await.unwrap();
    assert_eq!((again.ended, again.removed), (vec![], vec!["signing.key".to_owned()]));
    assert!(matches!(world.retire().await, Err(RotationError::NothingToRetire)));
    // And the next rotation makes another key.
    let third = world.rotate(false).await.unwrap();
    assert!(third.to != rotated.to && third.from == rotated.to);
}

async fn a_service_without_the_file_says_which_one_it_needs(fixture: Fixture) {
    let world = World::new(fixture).await;
    let prepared = world.rotate(true).await.unwrap();
    let file = world.dir.path().join(&prepared.file);
    let aside = world.root.path().join("aside");
    fs::rename(&file, &aside).unwrap();
    // Announced only: the old one signs on.
    assert_eq!(world.ring().await.unwrap().signer().id().as_str(), prepared.from);
    let error = world.rotate(false).await.unwrap_err();
    assert!(error.to_string().contains(&prepared.file), "{error}");
    fs::rename(&aside, &file).unwrap();
    world.rotate(false).await.unwrap();
    fs::rename(&file, &aside).unwrap();
    let error = world.ring().await.unwrap_err();
    assert!(matches!(error, KeyRingError::AnotherKey { .. }) && error.to_string().contains(&prepared.file), "{error}");
    fs::rename(&aside, &file).unwrap();
    // Without the old one's file documents are signed by the new one alone.
    fs::remove_file(world.dir.path().join("signing.key")).unwrap();
    assert_eq!(world.ring().await.unwrap().signer().id().as_str(), prepared.to);
}

async fn what_the_service_gave_away_opens_while_its_key_is_trusted(fixture: Fixture) {
    let world = World::new(fixture).await;
    let keys = Keys::new(world.ring().await.unwrap());
    let sign = || proto::jws::sign("test+jwt", &"claims", keys.now().signer());
    let opens = |token: &str| proto::jws::verify::<String>("test+jwt", token, keys.now().trusted()).is_ok();
    let before = sign();
    world.rotate(false).await.unwrap();
    keys.replace(world.ring().await.unwrap());
    let after = sign();
    assert!(opens(&before) && opens(&after));
    world.retire().await.unwrap();
    keys.replace(world.ring().await.unwrap());
    assert!(!opens(&before) && opens(&after));
}

async fn machines_follow_a_bounded_number_of_changes(fixture: Fixture) {
    let world = World::new(fixture).await;
    let first = world.ring().await.unwrap().signer().verifying_key();
    for _ in 0..MAX_CHANGES / 2 {
        world.rotate(false).await.unwrap();
        world.retire().await.unwrap();
    }
    assert!(matches!(world.rotate(false).await, Err(RotationError::TooMany(32))));
    let ring = world.ring().await.unwrap();
    assert!(world.machine(&first).await.find(ring.signer().id().as_str()).is_some());
}

async fn changes_that_do_not_lead_to_the_key_that_signs_are_refused(fixture: Fixture) {
    let world = World::new(fixture).await;
    let stranger = SigningKey::from_seed(&[7; 32]);
    let own = world.ring().await.unwrap();
    let add = async |number, keys: &[VerifyingKey], by: &SigningKey| {
        let mut change = world.store.write().await.unwrap();
        let envelope = key_chain::seal(number, keys, by, NOW);
        change.add_key_change(number as i64, &StoredKeyChange { envelope, made_at: NOW }).await.unwrap();
        change.commit().await.unwrap();
    };
    add(1, &[stranger.verifying_key()], own.signer()).await;
    assert!(matches!(world.ring().await, Err(KeyRingError::NotInChain(_))));
    add(3, &[own.signer().verifying_key()], &stranger).await;
    assert!(matches!(world.ring().await, Err(KeyRingError::Chain(KeyChainError::Gap { .. }))));
    let error = world.rotate(false).await.unwrap_err();
    assert!(matches!(error, RotationError::Ring(KeyRingError::Chain(_))), "{error}");
    assert!(world.acts().await.is_empty());
}

async fn nothing_is_rotated_before_anything_was_signed(fixture: Fixture) {
    let store = fixture.store().await;
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(&root.path().join("data"), true).unwrap();
    let author = Actor::Local { uid: 0 }.author();
    assert!(matches!(rotate(&store, &dir, &author, false, NOW).await, Err(RotationError::NothingSigned)));
    assert_eq!(signing_key::all(&dir).unwrap().len(), 0);
}

/// Two commands at once, each on its own connection: one makes the key, the other is told so.
async fn of_two_rotations_at_once_one_is_made(fixture: Fixture) {
    let world = World::new(fixture).await;
    let store = Store::open(&world.fixture.place, crate::store::Missing::Refuse).await.unwrap();
    let other = async { rotate(&store, &world.dir, &world.author, false, NOW).await };
    let (one, other) = tokio::join!(world.rotate(false), other);
    let made = [&one, &other].into_iter().filter(|result| result.is_ok()).count();
    assert_eq!(made, 1, "{one:?} {other:?}");
    assert_eq!(world.states().await, [(State::Trusted, true), (State::Signs, true)]);
}

on_each_database! {
    a_key_is_announced_signs_and_is_alone_at_the_end,
    old_machines_find_the_signature_of_the_key_that_they_know_until_it_is_retired,
    what_a_crash_left_is_gone_on_with,
    a_service_without_the_file_says_which_one_it_needs,
    what_the_service_gave_away_opens_while_its_key_is_trusted,
    machines_follow_a_bounded_number_of_changes,
    changes_that_do_not_lead_to_the_key_that_signs_are_refused,
    nothing_is_rotated_before_anything_was_signed,
    of_two_rotations_at_once_one_is_made,
}
