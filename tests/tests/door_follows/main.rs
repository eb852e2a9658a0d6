//! What the registry door holds to be in force, beside a real plugin that comes, goes, hangs and changes.

mod machine;
mod process;
mod reports;

use std::time::{Duration, Instant};

use machine::{Machine, directory, generation_of, key, policy};
use policy::{Documents, SignIn};
use proto::{
    keys::TrustedKeys,
    sealed::{Purpose, open, seal},
};
use rustix::process::Signal;

const DENIED_BY_POLICY: (&str, bool) = ("category", false);
const NOT_HEARD: (&str, bool) = ("plugin_missing", false);
const ALLOWED: (&str, bool) = ("category", true);

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_is_first_refuses_until_the_plugin_is_heard_and_hears_it_at_once() {
    let mut machine = Machine::new();
    machine.start_plugin();
    machine.put_in_force(1).await;
    machine.kill_plugin();
    let mut door = machine.door();
    let first = door.now();
    assert_eq!(first.documents, Documents::Unheard);
    assert_eq!(first.sign_in, SignIn::Required(vec!["acme".into()]), "the file is read before anything is heard");
    assert_eq!(first.login_host, "pullgate.acme.example:8443");
    assert_eq!(door.decides("alpine"), NOT_HEARD);
    machine.start_plugin();
    let start = Instant::now();
    door.wait_for(1).await;
    assert!(start.elapsed() < Duration::from_millis(500), "{:?}", start.elapsed());
    assert_eq!((door.decides("alpine"), door.decides("evil/miner")), (ALLOWED, DENIED_BY_POLICY));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_policy_is_decided_by_within_50_ms() {
    let mut machine = Machine::new();
    machine.start_plugin();
    machine.put_in_force(1).await;
    let mut door = machine.door();
    door.wait_for(1).await;
    let mut took = Vec::new();
    for generation in 2..=12 {
        machine.apply(vec![seal(&policy(generation), &key(1))]).await;
        // Acknowledged: the plugin decides by it.
        let start = Instant::now();
        door.wait_for(generation).await;
        took.push(start.elapsed());
    }
    took.sort();
    assert!(took[took.len() / 2] < Duration::from_millis(50), "{took:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_force_outlives_the_plugin_and_is_no_more_than_it_says_when_it_is_back() {
    let mut machine = Machine::new();
    machine.start_plugin();
    machine.put_in_force(3).await;
    let mut door = machine.door();
    door.wait_for(3).await;
    for generation in [4, 5] {
        machine.kill_plugin();
        assert_eq!((door.decides("alpine"), door.decides("evil/miner")), (ALLOWED, DENIED_BY_POLICY));
        machine.start_plugin();
        machine.put_in_force(generation).await;
        door.wait_for(generation).await;
    }
    // It is root's and holds the generations: it may know less than before.
    machine.kill_plugin();
    std::fs::remove_dir_all(machine.path("state")).unwrap();
    machine.start_plugin();
    let after = door.wait("nothing is in force", |enforced| enforced.sessions.is_empty()).await;
    assert_eq!((after.documents, generation_of(&after)), (Documents::Complete, None));
    assert_eq!(door.decides("alpine"), ("sign_in_required", false));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_hangs_takes_nothing_away_and_is_followed_when_it_goes_on() {
    let mut machine = Machine::new();
    machine.start_plugin();
    machine.put_in_force(1).await;
    let mut door = machine.door();
    door.wait_for(1).await;
    machine.signal_plugin(Signal::STOP);
    let mut late = machine.door();
    assert_eq!((door.decides("alpine"), late.decides("alpine")), (ALLOWED, NOT_HEARD));
    machine.signal_plugin(Signal::CONT);
    late.wait_for(1).await;
    machine.put_in_force(2).await;
    door.wait_for(2).await;
    // One that hangs and is then killed and replaced.
    machine.signal_plugin(Signal::STOP);
    machine.kill_plugin();
    machine.start_plugin();
    machine.put_in_force(3).await;
    door.wait_for(3).await;
    late.wait_for(3).await;
    assert_eq!(machine.status().await.doors.len(), 2, "doors that went are not counted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_hangs_for_good_is_left_for_the_one_in_its_place() {
    let mut machine = Machine::new();
    machine.start_plugin();
    machine.put_in_force(1).await;
    let mut door = machine.door();
    door.wait_for(1).await;
    let _hung = machine.replace_hung_plugin();
    machine.put_in_force(2).await;
    assert_eq!((door.decides("alpine"), door.decides("evil/miner")), (ALLOWED, DENIED_BY_POLICY));
    let start = Instant::now();
    door.wait_for(2).await;
    assert!(start.elapsed() < Duration::from_secs(45), "{:?}", start.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn signing_out_and_in_is_followed() {
    let mut machine = Machine::new();
    machine.start_plugin();
    machine.put_in_force(1).await;
    let mut door = machine.door();
    door.wait_for(1).await;
    machine.sign_out().await;
    door.wait("nobody is signed in", |enforced| enforced.sessions.is_empty()).await;
    assert_eq!(door.decides("alpine"), ("sign_in_required", false));
    machine.put_in_force(5).await;
    door.wait_for(5).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_doors_own_keys_do_not_vouch_for_is_refused_and_nothing_is_off() {
    let mut machine = Machine::new();
    machine.enroll("enrollment.json", &[1, 2]);
    // Sign-in is optional at this door, so that nobody's absence would be "off".
    machine.write_enrollment("door.json", &[1], &serde_json::json!([]));
    machine.start_plugin();
    let session = machine.session(1, 1).await;
    machine.apply(vec![seal(&policy(1), &key(2)), session]).await;
    let mut door = machine.door_with("door.json");
    let heard = door.wait("a policy is missing", |enforced| enforced.documents == Documents::Incomplete).await;
    assert_eq!((heard.policies.len(), heard.sessions.len()), (0, 1));
    assert_eq!(door.decides("alpine"), ("policy_missing", false));
    // A session that does not hold: whose policy would count is not known.
    let session = machine.session(2, 2).await;
    machine.apply(vec![session]).await;
    let heard = door.wait("a session is missing", |enforced| enforced.sessions.is_empty()).await;
    assert_eq!(heard.documents, Documents::Unheard);
    assert_eq!(door.decides("alpine"), NOT_HEARD);
    let session = machine.session(3, 1).await;
    machine.apply(vec![seal(&policy(2), &key(1)), session]).await;
    door.wait_for(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_no_longer_trusted_takes_its_documents_and_brings_them_back() {
    let mut machine = Machine::new();
    machine.start_plugin();
    machine.put_in_force(1).await;
    let mut door = machine.door();
    door.wait_for(1).await;
    machine.enroll("enrollment.json", &[2]);
    // The plugin says that it has documents on disk that it cannot use.
    door.wait("the documents are gone", |enforced| {
        enforced.sessions.is_empty() && enforced.policies.is_empty() && enforced.documents == Documents::Incomplete
    })
    .await;
    assert_eq!(door.decides("alpine"), ("sign_in_required", false));
    // A rotation: both are trusted, and nothing has to be handed over again.
    machine.enroll("enrollment.json", &[2, 1]);
    door.wait_for(1).await;
    // Without a plugin the door's own look at the file is what counts.
    machine.kill_plugin();
    machine.enroll("enrollment.json", &[2]);
    door.wait("the documents are not trusted", |enforced| enforced.policies.is_empty()).await;
    assert_eq!(door.decides("alpine"), NOT_HEARD);
    machine.enroll("enrollment.json", &[1]);
    door.wait_for(1).await;
    std::fs::write(machine.path("enrollment.json"), "{").unwrap();
    door.wait("the file cannot be used", |enforced| matches!(enforced.sign_in, SignIn::Unusable(_))).await;
    assert_eq!(door.decides("alpine"), ("sign_in_required", false));
    machine.enroll("enrollment.json", &[1]);
    door.wait_for(1).await;
    // Not enrolled: no key is trusted, and there is nothing to be heard of.
    std::fs::remove_file(machine.path("enrollment.json")).unwrap();
    door.wait("nothing is demanded", |enforced| enforced.sign_in == SignIn::Optional).await;
    assert_eq!((door.now().documents, door.decides("alpine")), (Documents::Complete, ("off", true)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_directory_is_not_read_again_for_a_session() {
    let mut machine = Machine::new();
    machine.start_plugin();
    let directory = seal(&directory(100_000), &key(1));
    let keys = TrustedKeys::new(vec![key(1).verifying_key()]);
    let opened = open::<proto::document::Directory>(&directory, &keys, &["any"], 0, Purpose::Restore).unwrap();
    let named = proto::document::Policy { directory_sha256: opened.payload_sha256.to_vec(), ..policy(1) };
    let session = machine.session(1, 1).await;
    machine.apply(vec![directory, seal(&named, &key(1)), session]).await;
    let mut door = machine.door();
    let before = door.wait_for(1).await;
    assert_eq!(door.decides("publisher99999/tool"), ALLOWED);
    let next = machine.session_of("eve", 2, 1).await;
    machine.apply(vec![next]).await;
    let after = door.wait("eve is signed in", |enforced| enforced.sessions.iter().any(|s| s.user == "eve")).await;
    assert!(std::sync::Arc::ptr_eq(&before.policies[0], &after.policies[0]), "it is the same value");
}
