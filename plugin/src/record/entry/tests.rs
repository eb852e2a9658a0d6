//! What a record says of a decision.

use policy::{Effect, ImageRef, LocalImage, Origin, Reason, decide};

use super::*;

fn image(text: &str) -> ImageRef {
    ImageRef::parse(text).expect("a reference").or_latest()
}

fn start(image: LocalImage, origin: Origin) -> Ask {
    Ask::Start(Start { image, origin })
}

fn recorded(action: &Action, decision: &Decision<'_>) -> sync::Record {
    Entry::of(Ulid::from_parts(1, 2), 1000, &Enforced::default(), action, decision).to_message("m", 1, 1)
}

/// As a machine without a policy decides.
fn allowed(ask: Ask) -> sync::Record {
    let (action, enforced) = (Action::one("create", ask), Enforced::default());
    let decision = decide(&enforced, &action, Timestamp(1));
    assert_eq!(decision.effect, Effect::Allow);
    recorded(&action, &decision)
}

#[test]
fn a_start_says_what_its_content_is_known_by() {
    let named = || LocalImage::Named(image("evil/miner"));
    let id = format!("sha256:{}", "a".repeat(64));
    for (ask, expected) in [
        (start(named(), Origin::AsNamed), ("docker.io/evil/miner:latest", "name")),
        (start(named(), Origin::PulledDigest), ("docker.io/evil/miner:latest", "digest")),
        (start(named(), Origin::Renamed(image("alpine:3"))), ("docker.io/library/alpine:3", "renamed")),
        (start(named(), Origin::Unknown), ("docker.io/evil/miner:latest", "nothing")),
        (start(LocalImage::Id(id.clone()), Origin::AsNamed), (id.as_str(), "nothing")),
        (start(LocalImage::ShortId("beef".into()), Origin::AsNamed), ("id:beef", "nothing")),
        (Ask::Fetch(image("alpine")), ("docker.io/library/alpine:latest", "")),
        (Ask::LocalContent("`docker load`"), ("", "")),
    ] {
        let record = allowed(ask);
        assert_eq!((record.image.as_str(), record.evidence.as_str()), expected);
        assert_eq!(record.coverage, "enforced");
    }
}

#[test]
fn what_comes_in_unseen_is_open_and_what_is_refused_does_not_come_in() {
    let open = [Ask::Build, Ask::Swarm(Swarm::Join), Ask::Unnamed("`docker service rollback`"), Ask::Unknown];
    for ask in open {
        assert_eq!(allowed(ask.clone()).coverage, "open", "{ask:?}");
        let (action, enforced) = (Action::one("build", ask), Enforced::default());
        let refused = Decision {
            effect: Effect::Deny,
            reason: Reason::SignInRequired,
            ..decide(&enforced, &action, Timestamp(1))
        };
        assert_eq!(recorded(&action, &refused).coverage, "enforced");
    }
    assert_eq!(allowed(Ask::Swarm(Swarm::Init)).coverage, "enforced");
}

#[test]
fn every_tag_is_told_of_a_fetch_and_a_push_has_none() {
    let bare = || ImageRef::parse("acme/app").expect("a reference");
    assert_eq!(allowed(Ask::Fetch(bare())).image, "docker.io/acme/app:*");
    let (action, enforced) = (Action::one("push", Ask::Push(bare())), Enforced::default());
    let decision =
        Decision { reason: Reason::Push, ask: action.asks().first(), ..decide(&enforced, &action, Timestamp(1)) };
    assert_eq!(recorded(&action, &decision).image, "docker.io/acme/app");
}
