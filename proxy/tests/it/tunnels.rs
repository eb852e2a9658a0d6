//! What is nobody's business is not looked into.

use std::sync::Arc;

use policy::{SignIn, Timestamp};
use proxy::{authority::Authority, limits::Limits, settings::Settings};
use rustls::{RootCertStore, pki_types::CertificateDer, pki_types::pem::PemObject as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{
    client::{Client, accept, connect},
    running::{Running, evil_is_refused, nothing, short, trusting},
    server::{Server, ok},
};

/// Its own certificate, and the roots that know it.
fn own(server: &Server) -> (Vec<u8>, RootCertStore) {
    let certificate = CertificateDer::from_pem_file(&server.ca).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(certificate.clone()).unwrap();
    (certificate.to_vec(), roots)
}

async fn is_untouched(door: &Running, server: &Server, agent: &str) {
    let (certificate, roots) = own(server);
    let stream = connect(door.address, &server.name(), agent).await;
    let mut client = Client::shake(stream, &server.name(), &roots).await.unwrap();
    assert_eq!(client.certificate.as_deref(), Some(certificate.as_slice()));
    assert_eq!(client.get("/x", "").await.text(), "x");
}

#[tokio::test]
async fn an_ungoverned_host_is_not_looked_into() {
    let server = Server::saying(ok("x")).await;
    let door = Running::start(Settings::default(), Limits::default(), nothing()).await;
    is_untouched(&door, &server, "docker/28").await;
}

#[tokio::test]
async fn git_is_not_looked_into_and_nobody_else_is_taken_for_it() {
    let server = Server::saying(ok("x")).await;
    let (door, _) = Running::before(&server, Limits::default()).await;
    is_untouched(&door, &server, "git/2.39.5").await;
    let (_, roots) = own(&server);
    for agent in ["docker/28 git/2.39.5", "Git/2.39.5", "git"] {
        let stream = connect(door.address, &server.name(), agent).await;
        assert!(Client::shake(stream, &server.name(), &roots).await.is_err(), "{agent}");
    }
}

#[tokio::test]
async fn a_host_that_the_administrator_excepted_is_not_looked_into() {
    let server = Server::saying(ok("x")).await;
    let excepted = Authority::parse(&server.name(), None).unwrap();
    let settings = Settings { tunnel: [excepted].into(), ..trusting(&server) };
    let door = Running::start(settings, Limits::default(), evil_is_refused(&[&server.name()])).await;
    is_untouched(&door, &server, "docker/28").await;
}

#[tokio::test]
async fn a_server_that_speaks_first_is_heard() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("localhost:{}", listener.local_addr().unwrap().port());
    let door = Running::start(Settings::default(), Limits::default(), nothing()).await;
    let mut client = connect(door.address, &host, "x").await;
    let (mut server, _) = accept(&listener).await;
    server.write_all(b"220 hello").await.unwrap();
    let mut greeting = [0; 9];
    client.read_exact(&mut greeting).await.unwrap();
    assert_eq!(&greeting, b"220 hello");
}

#[tokio::test]
async fn an_ungoverned_host_that_is_not_there_is_explained() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let door = Running::start(Settings::default(), Limits::default(), nothing()).await;
    let mut client = Client::tls(door.address, &format!("localhost:{port}"), &door.roots).await;
    client.get("/v2/", "").await.is_trouble(502, "upstream_unreachable");
}

#[tokio::test]
async fn a_tunnel_ends_when_its_host_becomes_governed_and_others_stay() {
    let (governed, other) = (Server::saying(ok("x")).await, Server::saying(ok("x")).await);
    let door = Running::start(Settings::default(), short(), nothing()).await;
    let (_, roots) = own(&governed);
    let stream = connect(door.address, &governed.name(), "docker/28").await;
    let mut client = Client::shake(stream, &governed.name(), &roots).await.unwrap();
    assert_eq!(client.get("/x", "").await.text(), "x");
    let git = connect(door.address, &governed.name(), "git/2").await;
    let mut git = Client::shake(git, &governed.name(), &roots).await.unwrap();
    assert_eq!(git.get("/x", "").await.text(), "x");
    let (_, roots) = own(&other);
    let stream = connect(door.address, &other.name(), "docker/28").await;
    let mut stays = Client::shake(stream, &other.name(), &roots).await.unwrap();
    assert_eq!(stays.get("/x", "").await.text(), "x");

    // Only the one registry: the policy does not restrict others.
    door.enforced.send_replace(Arc::new(evil_is_refused(&[&governed.name()])));
    assert!(client.end().await.is_empty());
    assert_eq!(stays.get("/x", "").await.text(), "x");
    assert_eq!(git.get("/x", "").await.text(), "x");
    // The next one is looked into.
    let mut client = Client::tls(door.address, &governed.name(), &door.roots).await;
    assert_eq!(client.get("/v2/evil/miner/manifests/1", "").await.status(), 403);
}

#[tokio::test]
async fn a_tunnel_ends_when_the_session_that_let_it_be_does() {
    let server = Server::saying(ok("x")).await;
    // Nothing restricts this registry, but somebody has to be signed in, and is so for two seconds.
    let mut enforced = evil_is_refused(&["other.example"]);
    enforced.sign_in = SignIn::Required(vec!["acme".into()]);
    let session = &mut enforced.sessions[0];
    session.validity.expires_at = Timestamp(session.validity.issued_at.0 + 2);
    session.validity.refresh_after = session.validity.expires_at;
    let door = Running::start(Settings::default(), short(), enforced).await;
    let (_, roots) = own(&server);
    let stream = connect(door.address, &server.name(), "docker/28").await;
    let mut client = Client::shake(stream, &server.name(), &roots).await.unwrap();
    assert_eq!(client.get("/x", "").await.text(), "x");
    assert!(client.end().await.is_empty());
    let mut client = Client::tls(door.address, &server.name(), &door.roots).await;
    assert_eq!(client.get("/v2/good/app/manifests/1", "").await.status(), 403);
}

#[tokio::test]
async fn at_the_stop_idle_connections_end_and_what_is_under_way_may_finish() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("localhost:{}", listener.local_addr().unwrap().port());
    let server = Server::saying(ok("x")).await;
    let door = Running::start(trusting(&server), Limits::default(), evil_is_refused(&[&server.name()])).await;
    let mut idle = door.client(&server).await;
    assert_eq!(idle.get("/x", "").await.text(), "x");
    let mut slow = Client::clear(door.address, &host).await;
    slow.send(format!("GET /x HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
    let (mut upstream, _) = accept(&listener).await;
    upstream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhalf").await.unwrap();
    let head = slow.head().await.unwrap();
    let address = door.address;
    let stopping = tokio::spawn(door.stop());
    assert!(idle.end().await.is_empty());
    assert!(tokio::net::TcpStream::connect(address).await.is_err(), "nobody new is accepted");
    upstream.write_all(b"rest").await.unwrap();
    assert_eq!(slow.body(&head).await.unwrap(), b"halfrest");
    stopping.await.unwrap();
}
