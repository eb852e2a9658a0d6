//! The control socket: which documents come into force, and that none goes back.

mod support;

use std::{fs, io::Write as _, os::unix::net::UnixStream, time::Instant};

use prost::Message as _;
use proto::{
    control::{ApplyRequest, CheckRequest, RecordsRequest, WatchRequest},
    document::{self, Badge, Directory, Envelope, Publisher, Role, Rule, WhenExpired},
    key_chain,
    keys::SigningKey,
    sealed::{Purpose, open, seal, seal_by},
};
use support::{Machine, files, header, message, now, policy, wait_until};
use tonic::Code;

#[tokio::test]
async fn a_policy_decides_once_a_member_is_signed_in() {
    let machine = Machine::start();
    machine.pull("evil/miner").is_allowed();
    machine.sign_in(&policy(1)).await;
    machine.pull("alpine").is_allowed();
    machine.pull("acme/app").is_allowed();
    let answer = machine.pull("evil/miner");
    answer.is_denied("`docker.io/evil/miner:latest` is a community image, and acme allows only its own, official and verified publisher images.");
    answer.is_denied("Ask for it: https://access.acme.example/requests/new?image=docker.io/evil/miner (decision ");
    machine.ask(&message("/v1.41/images/load")).is_allowed();
    machine.ask(&message("/v1.41/containers/x/stop")).is_allowed();
    machine.ask(&message("/grpc")).is_allowed();
    let settings = document::Settings { local_content: document::LocalContent::Deny.into(), ..Default::default() };
    let without_local_content = document::Policy { settings: Some(settings), ..policy(2) };
    machine.apply(vec![machine.seal(&without_local_content)]).await.expect("in force");
    machine
        .ask(&message("/v1.41/images/load"))
        .is_denied("`docker load` brings in images that no registry vouches for");
    // Signed out: off again.
    let request = ApplyRequest { envelopes: vec![], end_session: true };
    machine.control().apply(request).await.expect("signed out");
    machine.pull("evil/miner").is_allowed();
    assert_eq!(files(&machine.path("state/sealed")), Vec::<String>::new());
}

#[tokio::test]
async fn documents_survive_a_kill_and_generations_never_go_back() {
    let mut machine = Machine::start();
    machine.sign_in(&policy(5)).await;
    machine.restart();
    machine.pull("evil/miner").is_denied("community image");
    let refused = machine.apply(vec![machine.seal(&policy(4))]).await.expect_err("an older policy");
    assert!(refused.message().contains("this machine has seen 5"), "{}", refused.message());
    // Also not after signing out, when the document itself is gone.
    machine.control().apply(ApplyRequest { envelopes: vec![], end_session: true }).await.expect("signed out");
    machine.restart();
    let session = machine.seal(&machine.session(2).await);
    let refused = machine.apply(vec![machine.seal(&policy(4)), session.clone()]).await.expect_err("an older policy");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    machine.apply(vec![machine.seal(&policy(6)), session]).await.expect("a newer one");
    machine.pull("evil/miner").is_denied("community image");
}

#[tokio::test]
async fn a_session_that_was_ended_or_replaced_never_comes_back() {
    let mut machine = Machine::start_with(&["acme"]);
    let owner = machine.session_of("olga", Role::Owner, 10).await;
    let owner = machine.seal(&owner);
    machine.apply(vec![machine.seal(&policy(1)), owner.clone()]).await.expect("an owner");
    machine.pull("evil/miner").is_allowed();
    // The same again is no harm: an agent that started anew hands over what it kept.
    machine.apply(vec![owner.clone()]).await.expect("the same session");
    let member = machine.session_of("dana", Role::Member, 11).await;
    let member = machine.seal(&member);
    machine.apply(vec![member.clone()]).await.expect("a member in her place");
    machine.pull("evil/miner").is_denied("community image");
    for _ in 0..2 {
        let refused = machine.apply(vec![owner.clone()]).await.expect_err("a replaced session");
        assert!(refused.message().contains("sign in again"), "{}", refused.message());
        assert!(refused.message().contains(proto::local::SESSION_OVER), "the agent looks for these words");
        machine.pull("evil/miner").is_denied("community image");
        machine.restart();
    }
    machine.control().apply(ApplyRequest { envelopes: vec![], end_session: true }).await.expect("signed out");
    for _ in 0..2 {
        for session in [&owner, &member] {
            machine.apply(vec![session.clone()]).await.expect_err("an ended session");
        }
        machine.pull("alpine").is_denied("signed in to acme");
        machine.restart();
    }
    let again = machine.session_of("dana", Role::Member, 12).await;
    machine.apply(vec![machine.seal(&again), machine.seal(&policy(1))]).await.expect("signed in again");
    machine.pull("alpine").is_allowed();
}

#[tokio::test]
async fn a_clock_that_is_behind_takes_no_document_away() {
    let mut machine = Machine::start();
    let mut ahead = policy(1);
    let header = ahead.header.as_mut().expect("a header");
    header.issued_at = now() + proto::sealed::CLOCK_SKEW_SECONDS - 5;
    header.refresh_after = header.issued_at + 3600;
    header.expires_at = header.issued_at + 7200;
    machine.sign_in(&ahead).await;
    machine.kill();
    // As a clock that is behind by years sees it: sealed far in the future, kept on disk.
    let on_disk = machine.policy_on_disk();
    let header = ahead.header.as_mut().expect("a header");
    for time in [&mut header.issued_at, &mut header.refresh_after, &mut header.expires_at] {
        *time += 100_000_000;
    }
    fs::write(&on_disk, machine.seal(&ahead)).expect("the policy of a clock that was right");
    machine.run();
    machine.pull("evil/miner").is_denied("community image");
}

#[tokio::test]
async fn a_policy_that_was_damaged_on_disk_is_not_off() {
    // Sign-in is optional here, so that what is missing could look like "no policy".
    let mut machine = Machine::start();
    machine.sign_in(&policy(1)).await;
    machine.kill();
    let on_disk = machine.policy_on_disk();
    let original = fs::read(&on_disk).expect("a policy");
    fs::write(&on_disk, &original[..original.len() / 2]).expect("damage");
    machine.run();
    machine.pull("alpine").is_denied("policy has not reached this machine");
    machine.apply(vec![original]).await.expect("handed over again");
    machine.pull("alpine").is_allowed();
}

#[tokio::test]
async fn many_rules_are_read_fast_and_too_many_in_one_place_are_refused() {
    let machine = Machine::start();
    machine.sign_in(&policy(1)).await;
    let with = |generation, count: usize, pattern: fn(usize) -> String| {
        let rule = |n| Rule { id: format!("r{n}"), pattern: pattern(n), ..Rule::default() };
        machine.seal(&document::Policy { deny: (0..count).map(rule).collect(), ..policy(generation) })
    };
    let start = Instant::now();
    machine.apply(vec![with(2, 50_000, |n| format!("vendor{n}/app-*"))]).await.expect("many rules");
    assert!(start.elapsed().as_secs() < 8, "{:?}", start.elapsed());
    machine.pull("vendor49999/app-x").is_denied("denies");
    let refused = machine.apply(vec![with(3, 2_000, |n| format!("*/miner-{n}*"))]).await.expect_err("too many");
    assert!(refused.message().contains("in the same place"), "{}", refused.message());
}

#[tokio::test]
async fn a_document_that_does_not_hold_changes_nothing() {
    let machine = Machine::start();
    machine.sign_in(&policy(3)).await;
    let now = now();
    let next = || policy(4);
    let with_header = |change: fn(&mut document::Header)| {
        let mut policy = next();
        change(policy.header.as_mut().expect("a header"));
        machine.seal(&policy)
    };
    let good = machine.seal(&next());
    let stranger = SigningKey::from_seed(&[1; 32]);
    let mut altered = Envelope::decode(good.as_slice()).expect("an envelope");
    *altered.payload.last_mut().expect("a payload") ^= 1;
    let mut relabelled = Envelope::decode(seal(&next(), &stranger).as_slice()).expect("an envelope");
    relabelled.signatures[0].keyid = machine.key.id().to_string();
    let mut session_for_another = machine.session(9).await;
    session_for_another.uid = session_for_another.uid.wrapping_add(1);
    let mut session_elsewhere = machine.session(9).await;
    session_elsewhere.header = Some(header("dana", "machine:0123", 9));
    let bad_rule =
        document::Policy { allow: vec![Rule { id: "r".into(), pattern: "*".into(), ..Rule::default() }], ..next() };
    let no_directory = document::Policy { directory_sha256: vec![1; 32], ..next() };
    let reused = document::Policy { header: Some(header("acme", "any", 3)), enabled: false, ..policy(3) };

    for (name, envelope, part) in [
        ("empty", vec![], "cannot be decoded"),
        ("garbage", b"garbage".to_vec(), "refused"),
        ("cut", good[..good.len() / 2].to_vec(), "refused"),
        ("of a stranger", seal(&next(), &stranger), "no trusted key"),
        ("with a borrowed key id", relabelled.encode_to_vec(), "does not hold"),
        ("altered", altered.encode_to_vec(), "does not hold"),
        ("expired", with_header(|h| (h.refresh_after, h.expires_at) = (h.issued_at, h.issued_at)), "expired"),
        (
            "of tomorrow",
            with_header(|h| {
                (h.issued_at, h.refresh_after, h.expires_at) =
                    (h.issued_at + 86_400, h.expires_at + 86_400, h.expires_at + 86_400)
            }),
            "clock",
        ),
        ("for another audience", with_header(|h| h.audience = "machine:x".into()), "is for `machine:x`"),
        ("without a subject", with_header(|h| h.subject.clear()), "no subject"),
        ("without a generation", with_header(|h| h.generation = 0), "no generation"),
        ("with an unknown mode", machine.seal(&document::Policy { mode: 77, ..next() }), "does not know"),
        ("with no mode", machine.seal(&document::Policy { mode: 0, ..next() }), "does not know"),
        ("with a rule that is none", machine.seal(&bad_rule), "rule `r`"),
        ("without its directory", machine.seal(&no_directory), "hand both over together"),
        ("replayed older", machine.seal(&policy(2)), "has seen 3"),
        ("differing under the same generation", machine.seal(&reused), "must count up"),
        ("a session of another user", machine.seal(&session_for_another), "user id"),
        ("a session of another machine", machine.seal(&session_elsewhere), "is for `machine:0123`"),
        (
            "a token",
            machine.seal(&document::AgentToken { header: Some(header("dana", "service", 1)), ..Default::default() }),
            "nothing for this machine",
        ),
    ] {
        let error = machine.apply(vec![envelope.clone()]).await.expect_err(name);
        assert!(error.message().contains(part), "{name}: {}", error.message());
        // Also not as part of a good hand-over.
        assert!(machine.apply(vec![good.clone(), envelope]).await.is_err(), "{name} with a good one");
        let status = machine.status().await;
        assert_eq!(status.policies.iter().map(|p| p.generation).collect::<Vec<_>>(), [3], "{name}");
    }
    machine.pull("evil/miner").is_denied("community image");
    machine.apply(vec![good]).await.expect("the good one is still good");
    assert!(now > 0);
}

#[tokio::test]
async fn what_is_on_disk_is_verified_again() {
    let mut machine = Machine::start_with(&["acme"]);
    machine.sign_in(&policy(1)).await;
    machine.kill();
    let on_disk = machine.policy_on_disk();
    let original = fs::read(&on_disk).expect("a policy");
    let mut damaged = original.clone();
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x40;
    fs::write(&on_disk, damaged).expect("damage");
    fs::write(machine.path("state/sealed/.left-behind.new"), b"x").expect("what a crash leaves");
    machine.run();
    // The session is there, the policy is not: sign-in is enforced, so nothing comes in.
    machine.pull("alpine").is_denied("policy has not reached this machine");
    assert!(machine.log().contains("left out a document"), "{}", machine.log());
    assert!(!files(&machine.path("state/sealed")).contains(&".left-behind.new".to_owned()));
    machine.apply(vec![original]).await.expect("the agent hands it over again");
    machine.pull("alpine").is_allowed();
}

#[tokio::test]
async fn the_exact_signed_bytes_are_kept_and_handed_on() {
    let machine = Machine::start();
    let directory = Directory {
        header: Some(header("publishers", "any", 1)),
        publishers: vec![Publisher { namespace: "verifiedco".into(), badge: Badge::VerifiedPublisher.into() }],
    };
    let directory = machine.seal(&directory);
    let keys = proto::keys::TrustedKeys::new(vec![machine.key.verifying_key()]);
    let opened = open::<Directory>(&directory, &keys, &["any"], now(), Purpose::Receive).expect("a directory");
    let policy = machine.seal(&document::Policy { directory_sha256: opened.payload_sha256.to_vec(), ..policy(1) });
    let session = machine.seal(&machine.session(1).await);
    let given = vec![policy, session, directory];
    machine.apply(given.clone()).await.expect("in force");
    machine.pull("verifiedco/tool").is_allowed();
    let mut watch = machine.control().watch(WatchRequest::default()).await.expect("a stream").into_inner();
    let first = watch.message().await.expect("a message").expect("a first message");
    let (mut seen, mut given) = (first.envelopes, given);
    seen.sort();
    given.sort();
    assert_eq!(seen, given);
    assert_eq!((first.machine_id, first.incomplete), (machine.status().await.machine_id, false));
    // What the stream has brought is not brought again.
    let next = machine.seal(&machine.session(2).await);
    machine.apply(vec![next.clone()]).await.expect("in force");
    let second = watch.message().await.expect("a message").expect("a second message");
    assert_eq!((second.envelopes, second.in_force.len()), (vec![next], 3));
    machine.control().apply(ApplyRequest { envelopes: vec![], end_session: true }).await.expect("signed out");
    let last = watch.message().await.expect("a message").expect("a third message");
    assert_eq!((last.envelopes.len(), last.in_force.len()), (0, 0));
}

#[tokio::test]
async fn an_expired_session_no_longer_counts() {
    let machine = Machine::start_with(&["acme"]);
    let mut session = machine.session(1).await;
    // Valid for the hand-over, also on a busy machine; over some seconds later.
    session.header =
        Some(document::Header { refresh_after: now() + 3, expires_at: now() + 3, ..session.header.expect("a header") });
    machine.apply(vec![machine.seal(&policy(1)), machine.seal(&session)]).await.expect("in force");
    wait_until("the session ends", || machine.pull("alpine").allow == Some(false));
    machine.pull("alpine").is_denied("signed in to acme");
}

#[tokio::test]
async fn an_expired_policy_does_what_it_says() {
    let machine = Machine::start();
    let until = |when: WhenExpired, generation| {
        let mut policy = document::Policy { when_expired: when.into(), ..policy(generation) };
        let header = policy.header.as_mut().expect("a header");
        // Seconds: one that is nearly over must not end on the way to a busy machine's plugin.
        (header.refresh_after, header.expires_at) = (now() + 3, now() + 3);
        policy
    };
    machine.sign_in(&until(WhenExpired::Deny, 1)).await;
    wait_until("the policy ends", || machine.pull("alpine").allow == Some(false));
    machine.pull("alpine").is_denied("has expired");
    machine.apply(vec![machine.seal(&until(WhenExpired::Keep, 2))]).await.expect("in force");
    let start = Instant::now();
    while machine.status().await.policies[0].age != "expired" {
        assert!(start.elapsed() < support::SOON, "waited for the end of the second policy");
    }
    machine.pull("alpine").is_allowed();
    machine.pull("evil/miner").is_denied("community image");
}

#[tokio::test]
async fn the_enrollment_file_takes_effect_without_a_restart_and_fails_closed() {
    let machine = Machine::start();
    machine.pull("alpine").is_allowed();
    machine.enroll(&["acme"]);
    wait_until("sign-in is enforced", || machine.pull("alpine").allow == Some(false));
    machine.pull("alpine").is_denied("docker login pullgate.acme.example:8443");
    machine.ask(&message("/v1.41/containers/x/stop")).is_allowed();
    for (text, part) in [
        ("{", "not valid"),
        (r#"{"service":"https://x","trustKeys":[],"allowedOrgs":["acme"]}"#, "trustKeys"),
        (r#"{"service":"https://x","trustKeys":["AAAA"],"allowedOrgs":["acme"]}"#, "trustKeys"),
        (r#"{"service":"https://x","trustKeys":["x"],"allowedOrg":["acme"]}"#, "allowedOrg"),
    ] {
        machine.write_enrollment(text);
        wait_until(part, || machine.pull("alpine").text.contains(part));
    }
    // A key that is no longer trusted takes its documents with it; one that is trusted again brings them back.
    machine.enroll(&["acme"]);
    wait_until("enrolled again", || machine.pull("alpine").text.contains("docker login"));
    machine.sign_in(&policy(1)).await;
    machine.pull("alpine").is_allowed();
    let stranger = SigningKey::from_seed(&[3; 32]).verifying_key().to_base64();
    machine
        .write_enrollment(&format!(r#"{{"service":"https://x","trustKeys":["{stranger}"],"allowedOrgs":["acme"]}}"#));
    wait_until("the old key is not trusted", || machine.pull("alpine").allow == Some(false));
    machine.enroll(&["acme"]);
    wait_until("it is trusted again", || machine.pull("alpine").allow == Some(true));
    machine.pull("evil/miner").is_denied("community image");
}

#[tokio::test]
async fn records_wait_for_an_agent_and_are_kept_until_acknowledged() {
    let machine = Machine::start();
    machine.sign_in(&policy(1)).await;
    machine.pull("evil/miner").is_denied("decision");
    machine.pull("alpine").is_allowed();
    machine.ask(&message("/grpc")).is_allowed();
    machine.ask(&message("/v1.41/containers/x/stop")).is_allowed();
    let run = machine.status().await.started_at_ms;
    let fetch = move |acknowledge| RecordsRequest { acknowledge, wait_ms: 2_000, run, ..RecordsRequest::default() };
    let first = machine.control().records(fetch(0)).await.expect("records").into_inner();
    let said: Vec<_> =
        first.records.iter().map(|r| (r.action.as_str(), r.image.as_str(), r.allowed, r.reason.as_str())).collect();
    assert_eq!(
        said,
        [
            ("pull", "docker.io/evil/miner:latest", false, "category"),
            ("pull", "docker.io/library/alpine:latest", true, "category"),
            ("build_grpc", "", true, "not_covered"),
        ]
    );
    assert_eq!((first.records[0].organization.as_str(), first.records[0].generation, first.last), ("acme", 1, 3));
    assert_eq!(first.records[0].users, ["dana"]);
    let again = machine.control().records(fetch(0)).await.expect("records").into_inner();
    assert_eq!((again.run, again.records), (run, first.records), "not acknowledged, so still there");
    let other_run = RecordsRequest { acknowledge: 3, wait_ms: 2_000, run: run - 1, ..RecordsRequest::default() };
    let other = machine.control().records(other_run).await.expect("records").into_inner();
    assert_eq!(other.records.len(), 3, "a number of another run forgets nothing");
    let waiting = {
        let mut control = machine.control();
        tokio::spawn(async move { control.records(fetch(3)).await })
    };
    machine.pull("evil/other").is_denied("decision");
    let next = waiting.await.expect("the task").expect("records").into_inner();
    assert_eq!(next.records.iter().map(|r| r.image.as_str()).collect::<Vec<_>>(), ["docker.io/evil/other:latest"]);
    assert_eq!(next.last, 4);
}

#[tokio::test]
async fn a_full_queue_counts_what_it_loses() {
    let machine = Machine::start();
    let kept = plugin::record::KEPT;
    for _ in 0..kept + 10 {
        machine.ask(&message("/grpc")).is_allowed();
    }
    assert_eq!(machine.status().await.records_dropped, 10);
    let mut acknowledge = 0;
    let mut fetched = 0;
    let run = machine.status().await.started_at_ms;
    loop {
        let batch = machine
            .control()
            .records(RecordsRequest { acknowledge, wait_ms: 0, run, ..RecordsRequest::default() })
            .await
            .expect("records")
            .into_inner();
        if batch.records.is_empty() {
            break;
        }
        fetched += batch.records.len();
        acknowledge = batch.last;
    }
    assert_eq!(fetched, kept);
}

#[tokio::test]
async fn check_explains_without_a_record() {
    let machine = Machine::start();
    machine.sign_in(&policy(1)).await;
    let images = ["alpine", "evil/miner:1", "sha256:x!", "Alpine"].map(str::to_owned).to_vec();
    let checked = machine.control().check(CheckRequest { images }).await.expect("answers").into_inner().images;
    let said: Vec<_> = checked.iter().map(|c| (c.image.as_str(), c.allowed, c.reason.as_str())).collect();
    assert_eq!(
        said,
        [
            ("docker.io/library/alpine:latest", true, "category"),
            ("docker.io/evil/miner:1", false, "category"),
            ("", false, "invalid_format"),
            ("", false, "uppercase"),
        ]
    );
    let records = machine.control().records(RecordsRequest::default()).await.expect("records").into_inner();
    assert_eq!(records.records, []);
}

#[tokio::test]
async fn callers_that_say_nothing_or_nonsense_delay_no_other_user_of_the_control_socket() {
    let machine = Machine::start();
    let silent: Vec<_> = (0..200).map(|_| UnixStream::connect(machine.path("control.sock"))).collect();
    for _ in 0..50 {
        if let Ok(mut stream) = UnixStream::connect(machine.path("control.sock")) {
            let _ = stream.write_all(b"GET / HTTP/1.1\r\n\r\n");
        }
    }
    // The engine is answered at once; a caller of the same user gets a place when the silent lose theirs.
    machine.pull("alpine").is_allowed();
    let start = Instant::now();
    loop {
        match machine.control().status(proto::control::StatusRequest {}).await {
            Ok(_) => break,
            Err(error) => assert!(start.elapsed() < support::SOON, "{error}"),
        }
    }
    drop(silent);
}

/// A plugin whose state is on a file system of 256 KiB.
fn on_a_small_disk(allowed: &[&str]) -> (Machine, Unmount) {
    assert!(support::uid() == 0, "this test mounts a small file system: run it as root");
    let mut machine = Machine::start_with(allowed);
    machine.kill();
    let state = machine.path("state");
    let mount =
        std::process::Command::new("mount").args(["-t", "tmpfs", "-o", "size=256k", "none"]).arg(&state).status();
    assert!(mount.expect("mount").success(), "a small file system");
    let unmount = Unmount(state);
    machine.run();
    (machine, unmount)
}

#[tokio::test]
async fn on_a_full_disk_the_last_good_policy_stays_in_force() {
    let (mut machine, unmount) = on_a_small_disk(&[]);
    machine.sign_in(&policy(1)).await;
    let rules = |count: usize| {
        (0..count)
            .map(|n| Rule { id: format!("r{n}"), pattern: format!("some/repository-{n}"), ..Rule::default() })
            .collect()
    };
    let large = document::Policy { allow: rules(20_000), ..policy(2) };
    let refused = machine.apply(vec![machine.seal(&large)]).await.expect_err("no room");
    assert_eq!(refused.code(), Code::Unavailable, "{}", refused.message());
    assert!(refused.message().contains("not put in force"), "{}", refused.message());
    machine.pull("evil/miner").is_denied("community image");
    assert_eq!(machine.status().await.policies[0].generation, 1);
    machine.restart();
    machine.pull("evil/miner").is_denied("community image");
    machine.apply(vec![machine.seal(&policy(3))]).await.expect("a small one fits");
    machine.kill();
    drop(unmount);
}

#[tokio::test]
async fn on_a_full_disk_who_signs_out_is_signed_out() {
    let (mut machine, unmount) = on_a_small_disk(&["acme"]);
    let owner = machine.session_of("olga", Role::Owner, 1).await;
    machine.apply(vec![machine.seal(&policy(1)), machine.seal(&owner)]).await.expect("an owner");
    machine.pull("evil/miner").is_allowed();
    // Whatever room is left.
    let _ = fs::write(machine.path("state/fill"), vec![0; 1 << 20]);
    let sign_out = || ApplyRequest { envelopes: vec![], end_session: true };
    let refused = machine.control().apply(sign_out()).await.expect_err("no room to keep it");
    assert_eq!(refused.code(), Code::Unavailable, "{}", refused.message());
    machine.pull("evil/miner").is_denied("signed in to acme");
    fs::remove_file(machine.path("state/fill")).expect("room again");
    machine.control().apply(sign_out()).await.expect("kept");
    machine.restart();
    machine.pull("evil/miner").is_denied("signed in to acme");
    machine.kill();
    drop(unmount);
}

#[tokio::test]
async fn the_services_key_is_followed_and_one_that_ended_never_comes_back() {
    let mut machine = Machine::start();
    machine.sign_in(&policy(1)).await;
    let (first, second) = (&SigningKey::from_seed(&[9; 32]), &SigningKey::from_seed(&[10; 32]));
    let announced = key_chain::seal(1, &[first.verifying_key(), second.verifying_key()], first, now());
    let retired = key_chain::seal(2, &[second.verifying_key()], second, now());
    let unknown = machine.apply(vec![seal(&policy(2), second)]).await.expect_err("nothing leads to its key");
    assert!(unknown.message().contains("`trustKeys`"), "{}", unknown.message());
    let changes = [announced.clone(), retired];
    machine.apply(vec![seal_by(&policy(2), [first, second], &changes[..1])]).await.expect("both are trusted");
    machine.apply(vec![seal(&policy(3), first)]).await.expect("the old one still is");
    machine.apply(vec![seal_by(&policy(4), [second], &changes)]).await.expect("the new one is");
    // The session came under the old key, before it ended: it holds on, also over a restart.
    for _ in 0..2 {
        machine.pull("evil/miner").is_denied("community image");
        let refused = machine.apply(vec![seal(&policy(5), first)]).await.expect_err("it ended");
        assert!(refused.message().contains("key change ended"), "{}", refused.message());
        // With a change of its own, and with only half of the changes.
        let own = key_chain::seal(1, &[first.verifying_key()], first, now());
        let refused = machine.apply(vec![seal_by(&policy(5), [first], &[own])]).await.expect_err("another change");
        assert!(refused.message().contains("another one than this machine has followed"), "{}", refused.message());
        machine.apply(vec![seal_by(&policy(5), [first], &changes[..1])]).await.expect_err("it ended all the same");
        machine.restart();
    }
    machine.apply(vec![seal_by(&policy(5), [second], &changes)]).await.expect("the service goes on");
}

#[tokio::test]
async fn a_machine_that_was_off_follows_all_changes_at_once_and_a_lost_memory_of_them_is_no_start() {
    let mut machine = Machine::start();
    let keys: Vec<SigningKey> = [9, 10, 11].map(|seed| SigningKey::from_seed(&[seed; 32])).into();
    let changes = [
        key_chain::seal(1, &[keys[0].verifying_key(), keys[1].verifying_key()], &keys[0], now()),
        key_chain::seal(2, &[keys[1].verifying_key()], &keys[1], now()),
        key_chain::seal(3, &[keys[1].verifying_key(), keys[2].verifying_key()], &keys[1], now()),
        key_chain::seal(4, &[keys[2].verifying_key()], &keys[2], now()),
    ];
    let session = machine.session(1).await;
    let documents = vec![seal_by(&policy(1), [&keys[2]], &changes), seal_by(&session, [&keys[2]], &changes)];
    machine.apply(documents).await.expect("followed from the enrolled key");
    machine.restart();
    machine.pull("evil/miner").is_denied("community image");
    machine.kill();
    fs::write(machine.path("state/key-changes.json"), "[\"not base64\"]").expect("a damaged file");
    let output = machine.command().output().expect("it runs");
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("key-changes.json") && said.contains("damaged"), "{said}");
}

struct Unmount(std::path::PathBuf);

impl Drop for Unmount {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
