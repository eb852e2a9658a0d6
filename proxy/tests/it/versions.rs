//! Next to a plugin of another release.

use std::time::{Duration, Instant};

use proto::local::Listener;
use tonic::{service::Routes, transport::Server as Transport};

use crate::{
    client::Client,
    process::{Process, trusting},
    server::{Server, ok},
};

#[tokio::test]
async fn a_plugin_that_is_too_old_to_be_followed_is_told_once_and_nothing_is_let_in() {
    let server = Server::saying(ok("x")).await;
    let process = Process::start("info", &trusting(&server));
    // Knows no call at all.
    let listener = Listener::bind(&process.control_socket(), 0o600).unwrap();
    let plugin =
        tokio::spawn(Transport::builder().add_routes(Routes::default()).serve_with_incoming(listener.incoming()));
    let told = "pullgate-plugin is older than this door";
    let start = Instant::now();
    while !process.log().contains(told) {
        assert!(start.elapsed() < Duration::from_secs(10), "{}", process.log());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mut client = Client::tls(process.address, &server.name(), &process.roots).await;
    let answer = client.get("/v2/library/hello/manifests/latest", "").await;
    assert_eq!(answer.status(), 403, "{answer:?}");
    assert!(server.heads().is_empty());
    assert_eq!(client.get("/x", "").await.text(), "x", "what brings nothing in passes");
    plugin.abort();
    drop(client);
    let (well, log) = tokio::task::spawn_blocking(|| process.stop()).await.unwrap();
    assert!(well, "{log}");
    let following = log.lines().filter(|line| line.contains(told) && line.contains("not heard")).count();
    assert_eq!(following, 1, "{log}");
}
