//! What happens while the administrator's files or the plugin's own are not as they should be for a moment.

mod support;

use std::{
    fs,
    time::{Duration, Instant},
};

use proto::{control::ApplyRequest, document::Role, keys::SigningKey};
use support::{Machine, SOON, files, policy, wait_until};

fn sign_out() -> ApplyRequest {
    ApplyRequest { envelopes: vec![], end_session: true }
}

/// A machine on which an owner, who may everything, is signed in; and her sealed session.
async fn with_an_owner() -> (Machine, Vec<u8>) {
    let machine = Machine::start_with(&["acme"]);
    let owner = machine.session_of("olga", Role::Owner, 10).await;
    let owner = machine.seal(&owner);
    machine.apply(vec![machine.seal(&policy(1)), owner.clone()]).await.expect("an owner");
    machine.pull("evil/miner").is_allowed();
    (machine, owner)
}

/// The enrollment names another key than the service's.
fn enroll_with_a_stranger(machine: &Machine) {
    let key = SigningKey::from_seed(&[3; 32]).verifying_key().to_base64();
    machine.write_enrollment(&format!(r#"{{"service":"https://x","trustKeys":["{key}"],"allowedOrgs":["acme"]}}"#));
}

/// What the plugin says then, and how to get there.
type Damage = (&'static str, fn(&Machine));

#[tokio::test]
async fn who_signs_out_while_the_enrollment_is_wrong_is_not_back_once_it_is_right() {
    let damages: [Damage; 3] = [
        ("not valid", |machine| machine.write_enrollment("{")),
        ("signed in to acme, and nobody is", enroll_with_a_stranger),
        ("not enrolled", |machine| {
            fs::write(machine.path("registry.json"), r#"{"allowedOrgs":["acme"]}"#).expect("a file");
            fs::remove_file(machine.path("enrollment.json")).expect("removed");
        }),
    ];
    for (part, damage) in damages {
        let (mut machine, owner) = with_an_owner().await;
        damage(&machine);
        wait_until(part, || machine.pull("evil/miner").text.contains(part));
        for _ in 0..2 {
            machine.control().apply(sign_out()).await.expect("signed out");
        }
        assert!(!files(&machine.path("state/sealed")).iter().any(|name| name.starts_with("session")), "{part}");
        machine.enroll(&["acme"]);
        wait_until("it is right again", || machine.pull("evil/miner").text.contains("`docker login pullgate.acme"));
        for _ in 0..2 {
            let refused = machine.apply(vec![owner.clone()]).await.expect_err("an ended session");
            assert!(refused.message().contains(proto::local::SESSION_OVER), "{part}: {}", refused.message());
            machine.pull("evil/miner").is_denied("signed in to acme, and nobody is");
            machine.restart();
        }
        let next = machine.session_of("dana", Role::Member, 11).await;
        machine.apply(vec![machine.seal(&policy(2)), machine.seal(&next)]).await.expect("the next sign-in");
        machine.pull("alpine").is_allowed();
    }
}

#[tokio::test]
async fn a_demand_counts_though_the_documents_on_disk_cannot_be_read() {
    let machine = Machine::start();
    machine.pull("evil/miner").is_allowed();
    fs::rename(machine.path("state/sealed"), machine.path("state/elsewhere")).expect("a rename");
    machine.enroll(&["acme"]);
    wait_until("sign-in is enforced", || machine.pull("evil/miner").allow == Some(false));
    // What was in force is not any more, and does not look like "off" either.
    let (machine, _) = with_an_owner().await;
    fs::rename(machine.path("state/sealed"), machine.path("state/elsewhere")).expect("a rename");
    enroll_with_a_stranger(&machine);
    wait_until("nothing is in force", || machine.pull("evil/miner").allow == Some(false));
    assert!(machine.status().await.sessions.is_empty());
}

#[tokio::test]
async fn a_policy_that_cannot_be_read_from_disk_is_not_off() {
    let mut machine = Machine::start();
    machine.sign_in(&policy(1)).await;
    machine.kill();
    let on_disk = machine.policy_on_disk();
    let original = fs::read(&on_disk).expect("a policy");
    fs::remove_file(&on_disk).expect("removed");
    fs::create_dir(&on_disk).expect("what cannot be read");
    machine.run();
    machine.pull("evil/miner").is_denied("policy has not reached this machine");
    fs::remove_dir(&on_disk).expect("removed");
    machine.apply(vec![original]).await.expect("handed over again");
    machine.pull("alpine").is_allowed();
}

/// As tools do that take a file away before they write it anew.
#[tokio::test]
async fn a_file_that_is_away_for_a_moment_opens_nothing() {
    let machine = Machine::start_with(&["acme"]);
    let (start, mut rounds) = (Instant::now(), 0);
    // The plugin's looks are 250 ms apart: what is away for less is seen to be away once at most.
    while rounds < 5 {
        assert!(start.elapsed() < 3 * SOON, "5 rounds in which nobody else took the processor away");
        fs::remove_file(machine.path("enrollment.json")).expect("taken away");
        let (away, mut allowed) = (Instant::now(), false);
        while away.elapsed() < Duration::from_millis(200) {
            allowed |= machine.pull("evil/miner").allow == Some(true);
        }
        let name = format!("acme{rounds}");
        machine.enroll(&[&name]);
        if away.elapsed() < Duration::from_millis(240) {
            assert!(!allowed, "while the file was away");
            rounds += 1;
        }
        wait_until("the new file counts", || machine.pull("evil/miner").text.contains(&name));
    }
    fs::remove_file(machine.path("enrollment.json")).expect("removed");
    wait_until("not enrolled any more", || machine.pull("evil/miner").allow == Some(true));
}
