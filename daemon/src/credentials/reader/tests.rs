//! The clock is the test's: it moves only when every task waits.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use proto::enrollment::Enrollment;

use super::*;

#[cfg(unix)]
mod helpers;

struct World {
    directory: tempfile::TempDir,
    path: PathBuf,
    hints: mpsc::Sender<Hint>,
    asks: mpsc::Sender<oneshot::Sender<()>>,
    events: mpsc::Receiver<Event>,
    _enrolled: watch::Sender<Enrolled>,
}

const ALICE: &str = r#"{"auths":{"gate.example":{"auth":"YWxpY2U6czNjcmV0"}}}"#;

impl World {
    fn start(content: &str) -> Self {
        Self::start_with(content, |_| {})
    }

    fn start_with(content: &str, prepare: impl FnOnce(&Path)) -> Self {
        let directory = tempfile::tempdir().expect("directory");
        prepare(directory.path());
        let path = directory.path().join("config.json");
        fs::write(&path, content).expect("write");
        let (hints, hints_out) = mpsc::channel(1);
        hints.try_send(Hint::Changed).expect("room for one");
        let (asks, asked) = mpsc::channel(1);
        let (events_in, events) = mpsc::channel(1);
        let enrollment = Enrollment { service: "https://gate.example".to_owned(), ..Enrollment::default() };
        let (enrolled_in, enrolled) = watch::channel(Enrolled::Yes(Arc::new(enrollment)));
        let helpers = Helpers::new(directory.path().as_os_str(), std::iter::empty(), Duration::from_secs(5));
        let reader = Reader {
            place: Place::in_directory(directory.path()),
            helpers,
            hints: hints_out,
            asked,
            enrolled,
            events: events_in,
        };
        tokio::spawn(reader.run());
        Self { directory, path, hints, asks, events, _enrolled: enrolled_in }
    }

    async fn next(&mut self) -> String {
        match self.events.recv().await {
            Some(Event::Credential { seen: Seen::Account { account, .. }, .. }) => account.user,
            Some(Event::Credential { seen, .. }) => format!("{seen:?}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_empty_or_cut_moment_is_not_believed() {
    for moment in ["", "{}", &ALICE[..20]] {
        let mut world = World::start(ALICE);
        assert_eq!(world.next().await, "alice");
        fs::write(&world.path, moment).expect("write");
        world.hints.send(Hint::Changed).await.expect("a reader");
        tokio::time::sleep(SETTLE / 2).await;
        fs::write(&world.path, ALICE.replace("YWxpY2U6", "Ym9iMToz")).expect("write");
        assert_eq!(world.next().await, "bob1", "after {moment:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_is_told_when_a_change_that_no_hint_told_of_was_seen() {
    let mut world = World::start("");
    assert_eq!(world.next().await, "SignedOut");
    let ask = async |world: &World| {
        let (looked, told) = oneshot::channel();
        world.asks.send(looked).await.expect("a reader");
        told.await
    };
    ask(&world).await.expect("it has looked");
    assert!(world.events.try_recv().is_err(), "nothing has changed");
    fs::write(&world.path, ALICE).expect("write");
    ask(&world).await.expect("it has looked");
    let seen = world.events.try_recv().expect("what it saw was told before");
    assert!(matches!(seen, Event::Credential { seen: Seen::Account { account, .. }, .. } if account.user == "alice"));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_stays_empty_is_believed() {
    let mut world = World::start("");
    assert_eq!(world.next().await, "SignedOut");
}

#[tokio::test(start_paused = true)]
async fn a_helper_that_fails_is_not_asked_at_each_periodic_look() {
    let mut world = World::start(r#"{"credsStore":"nope"}"#);
    assert_eq!(world.next().await, "Unreadable");
    world.hints.send(Hint::Periodic).await.expect("a reader");
    let silence = tokio::time::timeout(Duration::from_secs(60), world.events.recv()).await;
    assert!(silence.is_err(), "{silence:?}");
    fs::write(world.directory.path().join("config.json"), ALICE).expect("write");
    world.hints.send(Hint::Periodic).await.expect("a reader");
    assert_eq!(world.next().await, "alice");
}
