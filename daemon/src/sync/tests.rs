//! Each test tells a story in events; what the machine commanded is compared as short words.

use proto::{document, keys::SigningKey, sealed, sync::Kind};

use super::*;
use crate::{
    credentials::{Realm, Source},
    documents::{Document, Parts},
};

mod accounts;
mod compare;
mod plugin;
mod promise;
mod service;

const SERVICE: &str = "https://gate.example";

fn account(user: &str, secret: &str) -> Account {
    Account {
        realm: Realm::Service,
        user: user.to_owned(),
        secret: Secret::new(secret.to_owned()),
        key: "gate.example".to_owned(),
        source: Source::File,
    }
}

/// What came, as one message.
fn parts(envelopes: Vec<Vec<u8>>) -> Parts {
    let mut parts = Parts::default();
    parts.add(envelopes).expect("small");
    parts
}

fn session(user: &str, generation: u64) -> Vec<u8> {
    let header = document::Header {
        subject: user.to_owned(),
        audience: "machine:m1".to_owned(),
        generation,
        issued_at: 1,
        refresh_after: 2,
        expires_at: 3,
    };
    let session = document::Session { header: Some(header), machine_id: "m1".to_owned(), ..Default::default() };
    sealed::seal(&session, &SigningKey::from_seed(&[7; 32]))
}

/// A set of a session and a policy, as the service names it, with the bytes.
fn state(user: &str, generation: u64) -> (Vec<Held>, Vec<Vec<u8>>) {
    let policy = format!("policy {generation}").into_bytes();
    let name = Held {
        kind: Kind::Policy.into(),
        subject: "acme".to_owned(),
        generation,
        sha256: crate::documents::sha256(&policy),
    };
    let session = session(user, generation);
    let session_name = Document::session(session.clone()).expect("a session").name;
    (vec![name, session_name], vec![policy, session])
}

fn documents(user: &str, generation: u64) -> Arc<Documents> {
    let (desired, envelopes) = state(user, generation);
    Arc::new(Documents::assemble(&desired, &parts(envelopes), &[]).expect("complete"))
}

fn cached(user: &str) -> Cached {
    Cached {
        service: SERVICE.to_owned(),
        owner: account(user, "pw").identity(),
        machine_id: "m1".to_owned(),
        documents: documents(user, 1),
    }
}

/// Drives the machine and remembers numbers, so that a story need not.
struct Story {
    sync: Sync,
    attempt: Number,
    timers: std::collections::BTreeMap<Timer, (Number, Delay)>,
    /// What the fake plugin would have: the session's user.
    applying: Option<Goal>,
}

impl Story {
    fn new(cached: Option<Cached>) -> Self {
        Self { sync: Sync::new(cached), attempt: 0, timers: Default::default(), applying: None }
    }

    /// Enrolled, the plugin is up with `session` in force.
    fn ready(cached: Option<Cached>, session: Option<&str>) -> Self {
        let mut story = Self::new(cached);
        story.send(Event::Enrolled { service: Some(SERVICE.to_owned()), docker_hub: false });
        story.plugin_up(session);
        story
    }

    fn send(&mut self, event: Event) -> String {
        let commands = self.sync.handle(event);
        let words: Vec<String> = commands.into_iter().filter_map(|command| self.note(command)).collect();
        words.join(", ")
    }

    fn note(&mut self, command: Command) -> Option<String> {
        Some(match command {
            Command::SignIn { attempt, account, .. } => {
                self.attempt = attempt;
                format!("sign in {}:{}", account.user, account.secret.expose())
            }
            Command::Watch { attempt, held, .. } => {
                self.attempt = attempt;
                format!("watch holding {}", held.len())
            }
            Command::HangUp => "hang up".to_owned(),
            Command::Report(token) => match token {
                Some(_) => "reports on".to_owned(),
                None => "reports off".to_owned(),
            },
            Command::Apply(goal) => {
                let text = match &goal {
                    Goal::Nobody => "apply nobody".to_owned(),
                    Goal::Documents(documents) => {
                        let session = documents.0.iter().find(|d| d.name.kind() == Kind::Session).expect("a session");
                        format!("apply {} {}", session.name.subject, session.name.generation)
                    }
                };
                assert!(self.applying.replace(goal).is_none(), "one at a time");
                text
            }
            Command::Store(cached) => format!("store {}", cached.owner.user.split(" ").next().unwrap_or_default()),
            Command::ClearCache => "clear cache".to_owned(),
            Command::Wait { timer, number, delay } => {
                self.timers.insert(timer, (number, delay));
                match (timer, delay) {
                    (Timer::Grace | Timer::SignIns | Timer::Losses, _) => return None,
                    (timer, Delay::Exactly(delay)) => format!("wait {timer:?} {delay:?}"),
                    (timer, Delay::Within(longest)) => format!("wait {timer:?} within {longest:?}"),
                    (timer, Delay::Backoff { attempt, cap }) => format!("wait {timer:?} backoff {attempt} to {cap:?}"),
                }
            }
        })
    }

    fn see(&mut self, seen: Seen) -> String {
        self.send(Event::Credential { service: Some(SERVICE.to_owned()), seen })
    }

    fn see_account(&mut self, user: &str, secret: &str, stamp: i64) -> String {
        self.see(Seen::Account { account: account(user, secret), stamp: Stamp::numbered(stamp) })
    }

    fn plugin_up(&mut self, session: Option<&str>) -> String {
        let session = session.map(|user| Document::session(self::session(user, 1)).expect("a session").name);
        self.send(Event::PluginUp { machine_id: "m1".to_owned(), session })
    }

    fn signed_in(&mut self, user: &str) -> String {
        let (attempt, token) = (self.attempt, Secret::new("token".to_owned()));
        self.send(Event::SignedIn { attempt, token, session: session(user, 1) })
    }

    fn state(&mut self, user: &str, generation: u64) -> String {
        let (desired, envelopes) = state(user, generation);
        self.send(Event::Desired { attempt: self.attempt, desired, envelopes })
    }

    fn unavailable(&mut self) -> String {
        self.send(Event::Unavailable { attempt: self.attempt, retry_after: None, lasted: Duration::from_secs(60) })
    }

    fn refused(&mut self) -> String {
        self.send(Event::Refused { attempt: self.attempt, lasted: Duration::from_secs(60) })
    }

    fn applied(&mut self) -> String {
        assert!(self.applying.take().is_some(), "nothing was being applied");
        self.send(Event::Applied)
    }

    fn apply_failed(&mut self, refused: bool) -> String {
        assert!(self.applying.take().is_some(), "nothing was being applied");
        self.send(Event::ApplyFailed(if refused { ApplyFailure::Refused } else { ApplyFailure::NoAnswer }))
    }

    /// The plugin takes this session never again.
    fn session_over(&mut self) -> String {
        assert!(self.applying.take().is_some(), "nothing was being applied");
        self.send(Event::ApplyFailed(ApplyFailure::SessionOver))
    }

    /// The plugin is seen to have this in force: a session and a policy.
    fn look(&mut self, session: Option<(&str, u64)>, policy: Option<u64>) -> String {
        let name = |kind: Kind, user: &str, generation: u64| {
            let (desired, _) = state(user, generation);
            desired.into_iter().find(|name| name.kind() == kind).expect("one")
        };
        self.send(Event::PluginLooked(InForceThere {
            session: session.map(|(user, generation)| name(Kind::Session, user, generation)),
            policies: policy.map(|generation| name(Kind::Policy, "any", generation)).into_iter().collect(),
        }))
    }

    fn time(&mut self, timer: Timer) -> String {
        let (number, _) = self.timers.remove(&timer).expect("a timer runs");
        self.send(Event::Timer { timer, number })
    }

    /// Signed in, everything in force.
    fn in_force(user: &str) -> Self {
        let mut story = Self::ready(None, None);
        story.see_account(user, "pw", 1);
        story.signed_in(user);
        story.state(user, 1);
        story.applied();
        story
    }
}

#[test]
fn a_sign_in_is_in_force_with_its_policy_at_once() {
    let mut story = Story::new(None);
    assert_eq!(story.send(Event::Enrolled { service: Some(SERVICE.to_owned()), docker_hub: false }), "");
    assert_eq!(story.see_account("alice", "pw", 1), "clear cache");
    assert_eq!(story.plugin_up(None), "sign in alice:pw", "the machine's id is needed first");
    assert_eq!(story.signed_in("alice"), "reports on, watch holding 1");
    assert_eq!(story.state("alice", 1), "apply alice 1, store alice");
    assert_eq!(story.applied(), "");
    assert_eq!(story.state("alice", 2), "apply alice 2, store alice");
    assert_eq!(story.applied(), "");
    assert_eq!(story.state("alice", 2), "", "nothing new");
}

#[test]
fn a_credential_is_never_shown_to_another_service() {
    let mut story = Story::ready(None, None);
    let seen = Seen::Account { account: account("alice", "pw"), stamp: Stamp::numbered(1) };
    let other = Some("https://other.example".to_owned());
    assert_eq!(story.send(Event::Credential { service: other.clone(), seen }), "");
    assert_eq!(story.send(Event::Enrolled { service: other, docker_hub: false }), "clear cache, sign in alice:pw");
    assert_eq!(
        story.send(Event::Enrolled { service: Some("https://third.example".to_owned()), docker_hub: false }),
        "hang up, reports off"
    );
}

#[test]
fn signing_out_ends_the_session_and_forgets() {
    let mut story = Story::in_force("alice");
    assert_eq!(story.see(Seen::SignedOut), "hang up, reports off, clear cache, apply nobody");
    assert_eq!(story.applied(), "");
    assert_eq!(story.see(Seen::SignedOut), "", "said once");
}

#[test]
fn unreadable_credentials_are_nobody_and_a_session_that_was_ended_is_not_kept() {
    let mut story = Story::in_force("alice");
    assert_eq!(story.see(Seen::Unreadable), "hang up, reports off, clear cache, apply nobody");
    assert_eq!(story.applied(), "");
    assert_eq!(story.see_account("alice", "pw", 2), "sign in alice:pw");
    // Where no session was in force, none was ended.
    let mut story = Story::ready(Some(cached("alice")), None);
    assert_eq!(story.see(Seen::Unreadable), "apply nobody");
    assert_eq!(story.applied(), "");
    assert_eq!(story.see_account("alice", "pw", 2), "sign in alice:pw, apply alice 1");
}

#[test]
fn a_start_without_the_service_applies_what_was_kept_for_the_same_user() {
    let mut story = Story::ready(Some(cached("alice")), None);
    assert_eq!(story.see_account("alice", "pw", 1), "sign in alice:pw, apply alice 1");
    assert_eq!(story.applied(), "");
    assert_eq!(story.unavailable(), "wait Service backoff 0 to 30s");
    assert_eq!(story.time(Timer::Service), "sign in alice:pw");
    assert_eq!(story.signed_in("alice"), "reports on, watch holding 2", "the policy need not be sent again");
    let mut story = Story::ready(Some(cached("alice")), None);
    assert_eq!(story.see_account("bob", "pw", 1), "clear cache, sign in bob:pw");
    assert_eq!(story.unavailable(), "wait Service backoff 0 to 30s, apply nobody");
}

#[test]
fn what_was_kept_for_another_machine_or_service_is_not_used() {
    let mut story = Story::ready(Some(Cached { machine_id: "m2".to_owned(), ..cached("alice") }), None);
    assert_eq!(story.see_account("alice", "pw", 1), "sign in alice:pw");
    let mut story = Story::ready(Some(Cached { service: "https://old.example".to_owned(), ..cached("alice") }), None);
    assert_eq!(story.see_account("alice", "pw", 1), "clear cache, sign in alice:pw");
}

#[test]
fn a_state_that_cannot_be_ends_the_stream() {
    let big = |byte: u8| vec![byte; 13 << 20];
    let name = |kind: Kind, subject: &str, envelope: &[u8]| Held {
        kind: kind.into(),
        subject: subject.to_owned(),
        generation: 1,
        sha256: crate::documents::sha256(envelope),
    };
    let (policy, session, directory) = (Kind::Policy, Kind::Session, Kind::Directory);
    let many = (0..4097u32).map(|n| name(policy, &n.to_string(), &n.to_le_bytes())).collect();
    let states = [
        (vec![name(policy, "a", b"1"), name(policy, "a", b"2")], "a document twice"),
        (vec![name(policy, "a", b"1"), name(directory, "b", b"1")], "an envelope under two names"),
        (vec![name(session, "a", b"1"), name(session, "b", b"2")], "two sessions"),
        (many, "too many"),
    ];
    for (desired, what) in states {
        let mut story = Story::in_force("alice");
        let event = Event::Desired { attempt: story.attempt, desired, envelopes: vec![] };
        assert_eq!(story.send(event), "hang up, wait Service backoff 3 to 30s", "{what}");
    }
    // One that grows bit by bit.
    let mut story = Story::in_force("alice");
    let desired: Vec<Held> =
        (0..5).map(|n| name(policy, &n.to_string(), &big(n))).chain([name(policy, "never", b"")]).collect();
    for n in 0..5 {
        let event = Event::Desired { attempt: story.attempt, desired: desired.clone(), envelopes: vec![big(n)] };
        let expected = if n < 4 { "" } else { "hang up, wait Service backoff 3 to 30s" };
        assert_eq!(story.send(event), expected);
    }
}

#[test]
fn a_large_state_may_come_in_parts_and_is_applied_whole() {
    let mut story = Story::ready(None, None);
    story.see_account("alice", "pw", 1);
    story.signed_in("alice");
    let (desired, envelopes) = state("alice", 2);
    let attempt = story.attempt;
    for (envelope, expected) in envelopes.into_iter().zip(["", "apply alice 2, store alice"]) {
        assert_eq!(
            story.send(Event::Desired { attempt, desired: desired.clone(), envelopes: vec![envelope] }),
            expected
        );
    }
}

#[test]
fn answers_that_come_too_late_change_nothing() {
    let mut story = Story::ready(None, None);
    story.see_account("alice", "pw", 1);
    let old = story.attempt;
    story.see_account("bob", "pw", 2);
    let token = || Secret::new("token".to_owned());
    assert_eq!(story.send(Event::SignedIn { attempt: old, token: token(), session: session("alice", 1) }), "");
    assert_eq!(story.send(Event::Refused { attempt: old, lasted: Duration::ZERO }), "");
    let (desired, envelopes) = state("alice", 1);
    assert_eq!(story.send(Event::Desired { attempt: old, desired, envelopes }), "");
    assert_eq!(story.send(Event::Timer { timer: Timer::Service, number: old }), "");
}

#[test]
fn another_machine_id_means_another_session() {
    let mut story = Story::in_force("alice");
    let event = Event::PluginUp { machine_id: "m2".to_owned(), session: None };
    assert_eq!(story.send(event), "clear cache, hang up, reports off, sign in alice:pw");
}

#[test]
fn a_machine_that_is_not_enrolled_has_nobody() {
    let mut story = Story::in_force("alice");
    assert_eq!(
        story.send(Event::Enrolled { service: None, docker_hub: false }),
        "hang up, reports off, clear cache, apply nobody"
    );
    let mut story = Story::new(None);
    story.send(Event::Enrolled { service: None, docker_hub: false });
    assert_eq!(story.plugin_up(Some("alice")), "apply nobody");
}

#[test]
fn a_changed_enrollment_of_the_same_service_connects_and_applies_anew() {
    let mut story = Story::in_force("alice");
    let event = Event::Enrolled { service: Some(SERVICE.to_owned()), docker_hub: false };
    assert_eq!(story.send(event), "hang up, reports off, sign in alice:pw, apply alice 1");
}

#[test]
fn waits_are_spread_over_the_whole_of_a_growing_window() {
    let delay = |attempt, cap, chance| Delay::Backoff { attempt, cap }.duration(chance);
    assert_eq!(delay(0, SERVICE_CAP, 1.0), Duration::from_millis(250));
    assert_eq!(delay(3, SERVICE_CAP, 1.0), Duration::from_secs(2));
    assert_eq!(delay(3, SERVICE_CAP, 0.5), Duration::from_secs(1));
    assert_eq!(delay(3, SERVICE_CAP, 0.0), Duration::ZERO);
    assert_eq!(delay(u32::MAX, SERVICE_CAP, 1.0), SERVICE_CAP);
    assert_eq!(delay(u32::MAX, PLUGIN_CAP, 1.0), PLUGIN_CAP);
    assert_eq!(Delay::Exactly(GRACE).duration(0.1), GRACE);
    assert_eq!(
        [0.0, 0.5, 2.0].map(|chance| Delay::Within(SPREAD).duration(chance)),
        [0, 5, 10].map(Duration::from_secs)
    );
}
