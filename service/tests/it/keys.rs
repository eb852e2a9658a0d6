//! Another signing key, as machines see it.

use std::fs;

use proto::{
    document::{Policy, Session},
    key_chain::KeyChain,
    keys::TrustedKeys,
    sealed::{SealError, key_changes},
    sync::WatchResponse,
};

use crate::support::{PASSWORD, Service, Stream, find, open_with, wait_until};

/// A machine: it keeps what it followed, as the plugin does.
struct Machine {
    chain: KeyChain,
}

impl Machine {
    /// Enrolled with what this service prints now.
    fn enrolled(service: &Service) -> Self {
        Self { chain: KeyChain::new(service.trusted()) }
    }

    /// Takes all of a state, or fails.
    fn take(&mut self, state: &WatchResponse) -> TrustedKeys {
        for envelope in &state.envelopes {
            self.chain.follow(&key_changes(envelope)).unwrap();
        }
        let trusted = self.chain.trusted();
        for envelope in &state.envelopes {
            open_with(envelope, &trusted).unwrap();
        }
        trusted
    }

    /// Takes states until one has the session and the policy of acme under change `number`.
    async fn follow(&mut self, stream: &mut Stream, number: u64) {
        let (mut policy, mut session) = (false, false);
        while self.chain.number() < number || !policy || !session {
            let state = stream.next().await;
            let trusted = self.take(&state);
            if self.chain.number() == number {
                policy |= find::<Policy>(&state, &trusted).is_some();
                session |= find::<Session>(&state, &trusted).is_some();
            }
        }
    }
}

async fn token(service: &Service) -> String {
    service.client().await.sign_in("alice", PASSWORD).await.unwrap().agent_token
}

#[tokio::test]
async fn an_agent_that_is_connected_goes_on_through_a_rotation() {
    let service = Service::acme().await;
    let mut machine = Machine::enrolled(&service);
    let token = token(&service).await;
    let mut stream = service.client().await.watch(&token, vec![]).await.unwrap();
    machine.take(&stream.next().await);
    let first = service.trusted();
    service.ok(&["key", "rotate"]);
    machine.follow(&mut stream, 1).await;
    service.ok(&["key", "retire"]);
    machine.follow(&mut stream, 2).await;
    let ended = first.iter().next().unwrap().id().to_string();
    assert!(machine.chain.trusted().has_ended(&ended));
    // What is published from now on comes through the same stream.
    service.ok(&["policy", "set", "acme", "--message", "after"]);
    let trusted = machine.chain.trusted();
    loop {
        let state = stream.next().await;
        machine.take(&state);
        if find::<Policy>(&state, &trusted).is_some_and(|policy| policy.document.contact.unwrap().message == "after") {
            break;
        }
    }
    let acts = service.ok(&["--json", "audit"]);
    for act in ["key.announce", "key.rotate", "key.retire"] {
        assert!(acts.contains(act), "{act}: {acts}");
    }
    assert!(!fs::exists(service.data_dir().join("signing.key")).unwrap(), "the key that ended is gone");
}

#[tokio::test]
async fn a_machine_that_was_off_during_two_rotations_comes_back() {
    let mut service = Service::acme().await;
    let mut machine = Machine::enrolled(&service);
    let mut stream = service.client().await.watch(&token(&service).await, vec![]).await.unwrap();
    let state = stream.next().await;
    machine.take(&state);
    drop(stream);
    for _ in 0..2 {
        service.ok(&["key", "rotate"]);
        service.ok(&["key", "retire"]);
    }
    service.stop().await;
    service.start(&[]).await;
    let mut stream = service.client().await.watch(&token(&service).await, state.desired).await.unwrap();
    machine.follow(&mut stream, 4).await;
    // One that is enrolled today, and one that lost what it had followed.
    for mut other in [Machine::enrolled(&service), Machine { chain: KeyChain::new(machine.chain.trusted()) }] {
        let mut stream = service.client().await.watch(&token(&service).await, vec![]).await.unwrap();
        other.take(&stream.next().await);
    }
}

#[tokio::test]
async fn a_retired_key_that_was_stolen_signs_nothing_for_who_moved_over() {
    let service = Service::acme().await;
    let mut machine = Machine::enrolled(&service);
    let seed: [u8; 32] = fs::read(service.data_dir().join("signing.key")).unwrap().try_into().unwrap();
    let stolen = proto::keys::SigningKey::from_seed(&seed);
    let token = token(&service).await;
    let mut stream = service.client().await.watch(&token, vec![]).await.unwrap();
    machine.take(&stream.next().await);
    service.ok(&["key", "rotate"]);
    service.ok(&["key", "retire"]);
    machine.follow(&mut stream, 2).await;

    let trusted = machine.chain.trusted();
    let state = service.client().await.watch(&self::token(&service).await, vec![]).await.unwrap().next().await;
    let policy = find::<Policy>(&state, &trusted).unwrap().document;
    let forged = proto::sealed::seal(&policy, &stolen);
    assert!(matches!(open_with(&forged, &trusted), Err(SealError::EndedKey { .. })));
    let own = proto::key_chain::seal(1, &[stolen.verifying_key()], &stolen, 1_800_000_000);
    machine.chain.follow(&[own]).unwrap_err();
    // Nor does it open anything at the service: what it signed for agents has ended.
    let refused = service.client().await.watch(&token, vec![]).await.err().unwrap();
    assert_eq!(refused.code(), tonic::Code::Unauthenticated, "{refused}");
}

#[tokio::test]
async fn a_service_that_is_killed_between_the_steps_goes_on_with_the_keys_of_the_moment() {
    let mut service = Service::acme().await;
    let mut machine = Machine::enrolled(&service);
    for (step, number) in [(&["key", "rotate", "--prepare"][..], 1), (&["key", "rotate"], 1), (&["key", "retire"], 2)] {
        service.ok(step);
        service.kill();
        service.start(&[]).await;
        let mut stream = service.client().await.watch(&token(&service).await, vec![]).await.unwrap();
        machine.take(&stream.next().await);
        assert_eq!(machine.chain.number(), number, "{step:?}");
    }
    // The command that was killed behind its file, before the database knew.
    let orphan = service.data_dir().join("signing-0011223344556677.key");
    fs::write(&orphan, [7; 32]).unwrap();
    fs::set_permissions(&orphan, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    service.kill();
    service.start(&[]).await;
    let listed = service.ok(&["key", "list"]);
    assert!(listed.contains("not announced") && listed.matches(" signs ").count() == 1, "{listed}");
    service.ok(&["key", "rotate"]);
    wait_until("the log", async || service.log().contains("signing with other keys").then_some(())).await;
}

#[tokio::test]
async fn a_backup_holds_the_keys_of_the_moment_and_the_way_to_them() {
    let mut service = Service::acme().await;
    let mut machine = Machine::enrolled(&service);
    service.ok(&["key", "rotate"]);
    let backup = service.ok(&["backup", "-", "--with-keys"]);
    let listed = service.ok(&["key", "list"]);
    service.stop().await;
    let mut elsewhere = Service::empty();
    elsewhere.ok_with(&["restore", "-"], &backup);
    assert_eq!(elsewhere.ok(&["key", "list"]), listed);
    elsewhere.start(&[]).await;
    elsewhere.ok(&["key", "retire"]);
    let mut stream = elsewhere.client().await.watch(&token(&elsewhere).await, vec![]).await.unwrap();
    machine.follow(&mut stream, 2).await;
}
