//! What a firewall rule leads to the door. The rule itself is tested with a real engine; here the
//! original destination is told by the test.

use std::sync::Arc;

use policy::{Enforced, HostPattern, Policy, Registries, Settings as PolicySettings};
use proxy::{
    authority::Authority, gate::Gate, leaf::Leaves, loopback, rooms::Rooms, settings::Settings, shared::Shared,
    slots::Slots, upstream::Upstream,
};
use rustls::{RootCertStore, pki_types::CertificateDer, pki_types::pem::PemObject as _};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    client::{Client, accept},
    running::{evil_is_refused, gate, governed_by, leaves, nothing, rules, short},
    server::{Server, header, ok, say},
};

pub struct Loopback {
    shared: Arc<Shared>,
    roots: RootCertStore,
    enforced: tokio::sync::watch::Sender<Arc<Enforced>>,
}

impl Loopback {
    pub fn new(settings: Settings, enforced: Enforced) -> Self {
        let (leaves, roots): (Leaves, _) = leaves();
        let (gate, enforced): (Gate, _) = gate(enforced);
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
        Self { shared: Arc::new(shared), roots, enforced }
    }

    /// A connection of the engine to `port` of this machine, led to the door.
    pub async fn dial(&self, port: u16) -> TcpStream {
        self.dial_at("127.0.0.1", port).await
    }

    /// The same, to another loopback address.
    async fn dial_at(&self, address: &str, port: u16) -> TcpStream {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        let original = format!("{address}:{port}").parse().unwrap();
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

/// `registry-mirrors: ["http://127.0.0.1:5000"]`, and a developer who calls it `localhost:5000`: no other registry.
#[tokio::test]
async fn a_mirror_on_loopback_is_docker_hub_under_every_spelling() {
    let server = Server::clear(|_, conn| say(conn, ok("x"))).await;
    let port = server.port;
    for listed in ["127.0.0.1", "localhost", "[::1]"] {
        let mirrors = [Authority::parse(&format!("{listed}:{port}"), None).unwrap()].into();
        let settings = Settings { mirrors, ..Settings::default() };
        let door = Loopback::new(settings, evil_is_refused(&["docker.io"]));
        for (address, name) in [
            ("127.0.0.1", "127.0.0.1"),
            ("127.0.0.1", "localhost"),
            ("[::1]", "[::1]"),
            ("[::1]", "localhost"),
            ("127.0.0.2", "127.0.0.2"),
        ] {
            let host = format!("{name}:{port}");
            for target in ["manifests/1", "manifests/1?ns=docker.io", "manifests/1?ns=quay.io", "tags/list"] {
                let mut client = Client::over(door.dial_at(address, port).await, &host);
                let answer = client.get(&format!("/v2/evil/miner/{target}"), "").await;
                assert_eq!(answer.status(), 403, "{listed}: {host} {target}: {answer:?}");
                assert!(answer.text().contains("docker.io/evil/miner"), "{answer:?}");
            }
            let mut client = Client::shake(door.dial_at(address, port).await, &host, &door.roots).await.unwrap();
            assert_eq!(client.get("/v2/evil/miner/manifests/1", "").await.status(), 403, "{listed}: {host}");
        }
        assert!(server.heads().is_empty());
        for address in ["127.0.0.1", "127.0.0.2"] {
            let mut client = Client::over(door.dial_at(address, port).await, &format!("{address}:{port}"));
            let expected = if address == "127.0.0.1" { 200 } else { 502 };
            assert_eq!(
                client.get("/v2/good/app/manifests/1", "").await.status(),
                expected,
                "{address}: what is there is asked"
            );
        }
        // Another port is another registry.
        let other = Server::clear(|_, conn| say(conn, ok("x"))).await;
        let mut client = Client::over(door.dial(other.port).await, &other.name());
        assert_eq!(client.get("/v2/evil/miner/manifests/1", "").await.status(), 200);
        drop(other);
        // Heads are counted from the beginning in the next round.
        server.forget();
    }
}

/// A log driver or a key server on this machine, whose certificate is its own.
#[tokio::test]
async fn what_nothing_could_be_refused_of_is_not_opened_before_it_could() {
    let server = Server::saying(ok("x")).await;
    let certificate = CertificateDer::from_pem_file(&server.ca).unwrap();
    let mut own = RootCertStore::empty();
    own.add(certificate.clone()).unwrap();
    for host in ["localhost", "127.0.0.1"] {
        let door = Loopback::new(Settings::default(), nothing());
        let name = format!("{host}:{}", server.port);
        let mut client = Client::shake(door.dial(server.port).await, &name, &own).await.unwrap();
        assert_eq!(client.certificate.as_deref(), Some(certificate.as_ref()));
        assert_eq!(client.get("/v2/evil/miner/manifests/1", "").await.text(), "x");
        // Under the other of its names something is refused: it may be meant.
        for governed in [format!("localhost:{}", server.port), format!("127.0.0.1:{}", server.port)] {
            let mut client = Client::shake(door.dial(server.port).await, &name, &own).await.unwrap();
            door.enforced.send_replace(Arc::new(evil_is_refused(&[&governed])));
            assert!(client.end().await.is_empty());
            assert!(Client::shake(door.dial(server.port).await, &name, &own).await.is_err(), "it is opened");
            door.enforced.send_replace(Arc::new(nothing()));
        }
    }
    // What the door proves itself by is always its own.
    let door = Loopback::new(Settings::default(), nothing());
    let mut client = Client::over(door.dial(1).await, "127.0.0.1:1");
    let probe = format!("/v2/pullgate.invalid/probe/a1/manifests/{}", policy::probe::NOTHING);
    assert_eq!(client.get(&probe, "").await.status(), 403);
    // Nobody is there: that is said, and in TLS too.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    door.tls("localhost", port).await.get("/v2/", "").await.is_trouble(502, "upstream_unreachable");
}

/// The exception that owners can make: every policy in force lists the address among its registries, under both of the names
/// that an engine may have called it by, and has nothing else to say about it.
#[tokio::test]
async fn an_address_that_every_policy_allows_is_carried_on_untouched() {
    let server = Server::saying(ok("x")).await;
    let port = server.port;
    let mut own = RootCertStore::empty();
    own.add(CertificateDer::from_pem_file(&server.ca).unwrap()).unwrap();
    let [address, localhost] = ["127.0.0.1", "localhost"].map(|host| format!("{host}:{port}"));
    let only = |hosts: &[&str]| {
        let hosts = hosts.iter().map(|host| HostPattern::parse(host).unwrap()).collect();
        Policy { registries: Registries { controlled: true, hosts }, ..Policy::default() }
    };
    let both = || only(&[&address, &localhost]);
    let cases = [
        ("both names", vec![both()], true),
        ("both names, in both policies", vec![both(), both()], true),
        ("both names, and another registry is refused", vec![Policy { deny: rules(&["ghcr.io/*"]), ..both() }], true),
        ("the address alone", vec![only(&[&address])], false),
        ("the name alone", vec![only(&[&localhost])], false),
        ("the host without the port", vec![only(&["127.0.0.1", "localhost"])], false),
        ("another port", vec![only(&["127.0.0.1:1", "localhost:1"])], false),
        ("in one of two policies", vec![both(), only(&[])], false),
        ("a rule of the denylist", vec![Policy { deny: rules(&[format!("{localhost}/evil/*")]), ..both() }], false),
        ("a rule of the allowlist", vec![Policy { allow: rules(&[format!("{address}/*")]), ..only(&[]) }], false),
        (
            "where pushing is restricted",
            vec![Policy {
                settings: PolicySettings { push: Some(rules(&["acme/*"])), ..PolicySettings::default() },
                ..both()
            }],
            false,
        ),
    ];
    for (what, policies, untouched) in cases {
        let door = Loopback::new(Settings::default(), governed_by(policies));
        for name in [&address, &localhost] {
            // Whose certificate is seen: the service's own, or the door's.
            let shaken = Client::shake(door.dial(port).await, name, &own).await;
            assert_eq!(shaken.is_ok(), untouched, "{what}: {name}");
        }
    }
}

/// Where one of its names is on the list alone, what is opened is decided on by the name that the engine used.
#[tokio::test]
async fn a_name_on_the_list_allows_no_other_name_of_the_same_address() {
    let server = Server::clear(|_, conn| say(conn, ok("x"))).await;
    let port = server.port;
    let [address, localhost] = ["127.0.0.1", "localhost"].map(|host| format!("{host}:{port}"));
    for (listed, other) in [(&address, &localhost), (&localhost, &address)] {
        let hosts = vec![HostPattern::parse(listed).unwrap()];
        let policy = Policy { registries: Registries { controlled: true, hosts }, ..Policy::default() };
        let door = Loopback::new(Settings::default(), governed_by(vec![policy]));
        for (name, status) in [(listed, 200), (other, 403)] {
            let mut client = Client::over(door.dial(port).await, name);
            let answer = client.get("/v2/team/app/manifests/1", "").await;
            assert_eq!(answer.status(), status, "{listed} is listed, {name} is asked: {answer:?}");
        }
    }
}

#[tokio::test]
async fn what_cannot_be_a_registrys_client_is_carried_on() {
    for first in [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], b"<13>a line of syslog\n", b"\x93\xa3tag"] {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let door = Loopback::new(Settings::default(), evil_is_refused(&[&format!("localhost:{port}")]));
        let mut client = door.dial(port).await;
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
    let door = Loopback::new(Settings::default(), evil_is_refused(&[&format!("localhost:{port}")]));
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
