//! Several services on one database.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use proto::{
    document::{Policy, Session},
    sealed::{Purpose, open},
    sync::{Kind, ReportRequest},
};

use crate::{
    database::{Database, Server},
    report::record,
    support::{PASSWORD, Service, Stream, desired, find, wait_until},
};

/// What an owner publishes at one reaches the machines of the others within this time.
const SOON: Duration = Duration::from_secs(1);

async fn three(database: Arc<Database>) -> [Service; 3] {
    let first = Service::acme_on(database).await;
    let (second, third) = (first.beside().await, first.beside().await);
    [first, second, third]
}

/// The same machine at each, which signed in at the first of them.
async fn watched(services: &[Service]) -> (String, Vec<Stream>) {
    let token = services[0].client().await.sign_in("alice", PASSWORD).await.unwrap().agent_token;
    let mut streams = Vec::new();
    for service in services {
        let mut stream = service.client().await.watch(&token, vec![]).await.unwrap();
        stream.next().await;
        streams.push(stream);
    }
    (token, streams)
}

/// Publishes by a process of its own, and waits until every stream says it. How long that took after it was done.
async fn publish(by: &Service, message: &str, streams: &mut [Stream]) -> Duration {
    let trusted = by.trusted();
    by.ok(&["policy", "set", "acme", "--message", message]);
    let start = Instant::now();
    let mut sealed = Vec::new();
    for stream in streams {
        let policy = loop {
            let state = stream.next().await;
            let Some(policy) = find::<Policy>(&state, &trusted) else { continue };
            if policy.document.contact.as_ref().is_some_and(|contact| contact.message == message) {
                break policy;
            }
        };
        sealed.push((policy.header.generation, policy.payload_sha256));
    }
    sealed.dedup();
    assert_eq!(sealed.len(), 1, "everybody has the same bytes of one generation");
    start.elapsed()
}

fn report(records: &[u32]) -> ReportRequest {
    ReportRequest { records: records.iter().map(|n| record(*n)).collect(), ..ReportRequest::default() }
}

#[tokio::test]
async fn what_is_published_at_one_is_at_all_within_a_second() {
    let services = three(Arc::new(Database::new())).await;
    let (_token, mut streams) = watched(&services).await;
    for round in 0..5 {
        let took = publish(&services[round % 3], &format!("round {round}"), &mut streams).await;
        assert!(took < SOON, "round {round}: {took:?}");
    }
}

#[tokio::test]
async fn a_sign_in_at_one_is_known_to_the_streams_of_the_others() {
    let services = three(Arc::new(Database::new())).await;
    let (_token, mut streams) = watched(&services).await;
    let signed_in = services[1].client().await.sign_in("alice", PASSWORD).await.unwrap();
    let trusted = services[0].trusted();
    let session =
        open::<Session>(&signed_in.session, &trusted, &["machine:machine-1"], service::clock::now(), Purpose::Receive);
    let session = session.unwrap().header.generation;
    services[0].ok(&["policy", "set", "acme", "--message", "so that they say something"]);
    for stream in &mut streams {
        let state = stream.next().await;
        let of_alice = desired(&state).into_iter().find(|(kind, ..)| *kind == Kind::Session).unwrap();
        assert_eq!(of_alice, (Kind::Session, "alice", session));
    }
}

#[tokio::test]
async fn who_is_killed_loses_nothing_and_its_agents_move_over() {
    let [mut first, second, _third] = three(Arc::new(Database::new())).await;
    let mut client = first.client().await;
    let token = client.sign_in("alice", PASSWORD).await.unwrap().agent_token;
    let mut stream = client.watch(&token, vec![]).await.unwrap();
    let state = stream.next().await;
    let accepted = client.report(&token, report(&[1, 2])).await.unwrap();
    assert_eq!(accepted, 2);

    // In the middle of changes: whoever has the lock then loses it with its connection.
    let signing_in = (0..8).map(|_| {
        let mut client = client.clone();
        tokio::spawn(async move { client.sign_in("alice", PASSWORD).await.is_ok() })
    });
    let signing_in: Vec<_> = signing_in.collect();
    first.kill();
    for one in signing_in {
        one.await.unwrap();
    }

    let mut client = second.client().await;
    let again = client.watch(&token, state.desired.clone()).await.unwrap().next().await;
    let kinds =
        |state| desired(state).into_iter().map(|(kind, subject, _)| (kind, subject.to_owned())).collect::<Vec<_>>();
    assert_eq!(kinds(&again), kinds(&state));
    assert!(find::<Policy>(&again, &second.trusted()).is_none(), "the policy that it holds is not sent again");
    // What was acknowledged is there, and what is sent again is counted once.
    assert_eq!(client.report(&token, report(&[1, 2, 3])).await.unwrap(), 1);
    let records = second.ok(&["--json", "records"]);
    assert_eq!(records.lines().count(), 3, "{records}");
    client.sign_in("alice", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn streams_of_all_go_on_after_a_restart_of_the_database_and_without_one_of_the_services() {
    let server = Arc::new(Server::start());
    let mut services = three(Arc::new(Database::on(&server))).await;
    let (_token, mut streams) = watched(&services).await;
    server.tell("restart");
    publish(&services[0], "the first after the restart", &mut streams).await;
    let took = publish(&services[1], "and the next", &mut streams).await;
    assert!(took < SOON, "{took:?}");
    services[0].kill();
    streams.remove(0);
    let took = publish(&services[2], "with two of three", &mut streams).await;
    assert!(took < SOON, "{took:?}");
}

#[tokio::test]
async fn one_key_signs_for_a_database() {
    let database = Arc::new(Database::new());
    let mut first = Service::acme_on(Arc::clone(&database)).await;
    let mut other = Service::empty_on(database);
    let said = other.fails(&["serve", "--listen", "127.0.0.1:0"], "");
    assert!(said.contains("signing.key"), "{said}");
    fs::write(other.data_dir().join("signing.key"), [7; 32]).unwrap();
    fs::set_permissions(other.data_dir().join("signing.key"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .unwrap();
    let said = other.fails(&["serve", "--listen", "127.0.0.1:0"], "");
    assert!(said.contains("copy signing.key from a service"), "{said}");
    fs::remove_file(other.data_dir().join("signing.key")).unwrap();
    other.start(&["--new-signing-key"]).await;
    let said = first.ends().await;
    assert!(said.contains("another service signs with a new key"), "{said}");
}

#[tokio::test]
async fn of_two_first_starts_one_key_remains() {
    let database = Arc::new(Database::new());
    let services = [Service::empty_on(Arc::clone(&database)), Service::empty_on(database)];
    let mut serving: Vec<_> = services
        .iter()
        .map(|service| service.command(&["serve", "--listen", "127.0.0.1:0"]).spawn().unwrap())
        .collect();
    wait_until("one to serve and the other to end", async || {
        let ended = serving.iter_mut().filter_map(|child| child.try_wait().unwrap()).count();
        let listening = services.iter().filter(|service| service.data_dir().join("address").exists()).count();
        (ended == 1 && listening == 1).then_some(())
    })
    .await;
    for child in &mut serving {
        let _ = child.kill();
        child.wait().unwrap();
    }
}

#[tokio::test]
async fn several_services_move_to_another_key_without_an_end_of_any_stream() {
    let services = three(Arc::new(Database::new())).await;
    let (_token, mut streams) = watched(&services).await;
    let prepared: serde_json::Value =
        serde_json::from_str(&services[1].ok(&["--json", "key", "rotate", "--prepare"])).unwrap();
    let file = prepared["file"].as_str().unwrap();
    publish(&services[0], "while it is announced", &mut streams).await;
    for other in [&services[0], &services[2]] {
        fs::copy(services[1].data_dir().join(file), other.data_dir().join(file)).unwrap();
    }
    services[2].ok(&["key", "rotate"]);
    let took = publish(&services[0], "with both keys", &mut streams).await;
    assert!(took < SOON, "{took:?}");
    services[0].ok(&["key", "retire"]);
    let took = publish(&services[1], "with the new one", &mut streams).await;
    assert!(took < SOON, "{took:?}");
}

#[tokio::test]
async fn a_service_without_the_new_key_ends_and_says_which_file_it_needs() {
    let database = Arc::new(Database::new());
    let first = Service::acme_on(database).await;
    let mut second = first.beside().await;
    let rotated: serde_json::Value = serde_json::from_str(&first.ok(&["--json", "key", "rotate"])).unwrap();
    let file = rotated["file"].as_str().unwrap();
    let said = second.ends().await;
    assert!(said.contains(file), "{said}");
    fs::copy(first.data_dir().join(file), second.data_dir().join(file)).unwrap();
    second.start(&[]).await;
}
