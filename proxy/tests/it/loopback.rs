//! What a firewall rule leads to the door. The rule itself is tested with a real engine; here the
//! original destination is told by the test.

use std::sync::Arc;

use policy::Enforced;
use proxy::{
    authority::Authority, gate::Gate, leaf::Leaves, loopback, rooms::Rooms, settings::Settings, shared::Shared,
    slots::Slots, upstream::Upstream,
};
use rustls::RootCertStore;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    client::{Client, accept},
    running::{evil_is_refused, gate, leaves, short},
    server::{Server, header, ok, say},
};

pub struct Loopback {
    shared: Arc<Shared>,
    roots: RootCertStore,
}

impl Loopback {
    pub fn new(settings: Settings, enforced: Enforced) -> Self {
        let (leaves, roots): (Leaves, _) = leaves();
        let (gate, _): (Gate, _) = gate(enforced);
        let settings = Arc::new(settings);
        let shared = Shared {
            gate,
            leaves,
            upstream: Upstream::new(Arc::clone(&settings), Vec::new(), short()).unwrap(),
            settings,
            limits: short(),
            manifests: Arc::new(Rooms::default()),
            slots: Slots::new(short().connections),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
        };
        Self { shared: Arc::new(shared), roots }
    }

    /// A connection of the engine to `port` of this machine, led to the door.
    pub async fn dial(&self, port: u16) -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        let original = format!("127.0.0.1:{port}").parse().unwrap();
        tokio::spawn(loopback::serve(Arc::clone(&self.shared), far.unwrap().0, original));
        near.unwrap()
    }

    async fn tls(&self, host: &str, port: u16) -> Client {
        Client::shake(self.dial(port).await, &format!("{host}:{port}"), &self.roots).await.unwrap()
    }
}

#[tokio::test]
async fn a_registry_in_the_clear_is_reached_both_ways() {
    let server = Server::clear(|_, conn| say(conn, ok("x"))).await;
    let door = Loopback::new(Settings::default(), evil_is_refused(&[&server.name()]));
    for host in ["localhost", "127.0.0.1"] {
        let mut client = door.tls(host, server.port).await;
        assert_eq!(client.get("/v2/", "").await.text(), "x");
        let name = format!("{host}:{}", server.port);
        let mut client = Client::over(door.dial(server.port).await, &name);
        assert_eq!(client.get("/v2/", "").await.text(), "x");
        assert_eq!(header(server.heads().last().unwrap(), "host"), Some(name.as_str()));
    }
}

#[tokio::test]
async fn a_registry_with_any_certificate_is_reached() {
    let server = Server::for_others().await;
    let door = Loopback::new(Settings::default(), evil_is_refused(&[&server.name()]));
    assert_eq!(door.tls("localhost", server.port).await.get("/v2/", "").await.text(), "x");
}

#[tokio::test]
async fn the_policy_sees_the_name_that_the_engine_uses() {
    let server = Server::clear(|_, conn| say(conn, ok("x"))).await;
    let port = server.port;
    let address = format!("127.0.0.1:{port}");
    let door = Loopback::new(Settings::default(), evil_is_refused(&[&server.name(), &address]));
    // Also under a name that is not this machine's, or with another port: the address counts.
    for host in [server.name(), address, format!("reg.example:{port}"), "localhost:1".to_owned()] {
        let mut client = Client::over(door.dial(port).await, &host);
        let answer = client.get("/v2/evil/miner/manifests/1", "").await;
        assert_eq!(answer.status(), 403, "{host}: {answer:?}");
    }
    assert!(server.heads().is_empty());
    assert_eq!(door.tls("localhost", port).await.get("/v2/evil/miner/manifests/1", "").await.status(), 403);
}

#[tokio::test]
async fn what_cannot_be_a_registrys_client_is_carried_on() {
    for first in [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], b"<13>a line of syslog\n", b"\x93\xa3tag"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let door = Loopback::new(Settings::default(), evil_is_refused(&["localhost"]));
        let mut client = door.dial(listener.local_addr().unwrap().port()).await;
        client.write_all(first).await.unwrap();
        let (mut server, _) = accept(&listener).await;
        let mut got = vec![0; first.len()];
        server.read_exact(&mut got).await.unwrap();
        assert_eq!(got, first);
        server.write_all(b"answer").await.unwrap();
        let mut got = [0; 6];
        client.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"answer");
    }
}

#[tokio::test]
async fn a_silent_client_hears_a_server_that_speaks_first() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let door = Loopback::new(Settings::default(), evil_is_refused(&["localhost"]));
    for (reply, carried) in [(&b"EHLO x\r\n"[..], true), (b"GET /v2/ HTTP/1.1\r\n", false), (b"\x16\x03\x01", false)] {
        let mut client = door.dial(port).await;
        let (mut server, _) = accept(&listener).await;
        server.write_all(b"220 hello").await.unwrap();
        let mut greeting = [0; 9];
        client.read_exact(&mut greeting).await.unwrap();
        client.write_all(reply).await.unwrap();
        if carried {
            let mut got = vec![0; reply.len()];
            server.read_exact(&mut got).await.unwrap();
            assert_eq!(got, reply);
        } else {
            let mut got = Vec::new();
            server.read_to_end(&mut got).await.unwrap();
            assert!(got.is_empty(), "{got:?}");
        }
    }
}

#[tokio::test]
async fn a_client_that_is_slow_to_ask_is_still_decided_on() {
    let server = Server::clear(|_, conn| say(conn, ok("x"))).await;
    let door = Loopback::new(Settings::default(), evil_is_refused(&[&server.name()]));
    let mut client = Client::over(door.dial(server.port).await, &server.name());
    // The door has connected it through meanwhile.
    while server.connections() == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(client.get("/v2/evil/miner/manifests/1", "").await.status(), 403);
    assert!(server.heads().is_empty());
}

#[tokio::test]
async fn an_excepted_address_is_carried_on_untouched() {
    let server = Server::clear(|_, conn| say(conn, ok("x"))).await;
    let excepted = format!("127.0.0.1:{}", server.port).parse().unwrap();
    let settings = Settings { loopback_tunnel: [excepted].into(), ..Settings::default() };
    let door = Loopback::new(settings, evil_is_refused(&[&server.name()]));
    let mut client = Client::over(door.dial(server.port).await, &server.name());
    assert_eq!(client.get("/v2/evil/miner/manifests/1", "").await.text(), "x");
}

#[tokio::test]
async fn a_connection_that_nobody_led_here_has_no_destination() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
    assert_eq!(loopback::original(&far.unwrap().0), None);
    assert_eq!(Authority::of(near.unwrap().peer_addr().unwrap()).port(), listener.local_addr().unwrap().port());
}
