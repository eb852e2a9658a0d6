//! Registries that are broken, slow, or somebody else: each ends in a clear error, none in a hang.

use std::time::{Duration, Instant};

use proxy::{limits::Limits, settings::Settings};
use tokio::net::TcpListener;

use crate::{
    client::Client,
    running::{Running, evil_is_refused, short, trusting},
    server::{Server, ok, say, say_and_die, say_and_wait},
};

#[tokio::test]
async fn what_is_no_answer_is_told() {
    let long = format!("HTTP/1.1 200 OK\r\nX-Long: {}\r\n\r\n", "x".repeat(300 << 10));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "a: b\r\n".repeat(500));
    for answer in [
        "SSH-2.0-OpenSSH_9.2\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n12",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le",
        "",
        &long,
        &many,
    ] {
        let answer = answer.as_bytes().to_vec();
        let shown: String = String::from_utf8_lossy(&answer).chars().take(80).collect();
        let server = Server::tls(move |_, conn| say_and_die(conn, answer.clone())).await;
        let (_door, mut client) = Running::before(&server, Limits::default()).await;
        println!("{shown:?}");
        let got = client.get("/cdn/1", "").await;
        got.is_trouble(502, "upstream_malformed");
        // And the client's connection is as good as before.
        assert_eq!(client.get("/cdn/1", "").await.status(), 502, "{shown}");
    }
}

#[tokio::test]
async fn a_registry_that_does_not_answer_is_given_up() {
    let server = Server::tls(|_, conn| say_and_wait(conn, Vec::new())).await;
    let (_door, mut client) = Running::before(&server, short()).await;
    let start = Instant::now();
    client.get("/cdn/1", "").await.is_trouble(504, "upstream_timeout");
    assert!(start.elapsed() >= short().head);
}

/// It puts a layer together before it answers.
#[tokio::test]
async fn a_push_is_waited_for_longer() {
    let slow = Duration::from_millis(1_200);
    let server = Server::tls(move |head, conn| {
        let says = !head.starts_with("POST ");
        Box::pin(async move {
            tokio::time::sleep(slow).await;
            if says { say(conn, ok("x")).await } else { say_and_wait(conn, Vec::new()).await }
        })
    });
    let server = server.await;
    assert!(short().head < slow && slow < short().push_head);
    let (door, mut client) = Running::before(&server, short()).await;
    client.get("/v2/good/app/blobs/uploads/1", "").await.is_trouble(504, "upstream_timeout");
    for (method, status) in [("PUT", 200), ("PATCH", 200), ("POST", 504)] {
        let mut client = door.client(&server).await;
        let target = "/v2/good/app/blobs/uploads/1";
        client
            .send(format!("{method} {target} HTTP/1.1\r\nHost: {}\r\nContent-Length: 0\r\n\r\n", server.name()))
            .await;
        assert_eq!(client.answer(false).await.unwrap().status(), status, "{method}");
    }
}

#[tokio::test]
async fn a_registry_that_accepts_and_says_nothing_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("localhost:{}", listener.local_addr().unwrap().port());
    let door = Running::start(Settings::default(), short(), evil_is_refused(&[&host])).await;
    let mut client = Client::tls(door.address, &host, &door.roots).await;
    client.get("/v2/", "").await.is_trouble(504, "upstream_timeout");
}

#[tokio::test]
async fn a_registry_that_wants_a_client_certificate_is_shown_it_or_the_file_is_named() {
    let own = rcgen::generate_simple_self_signed(vec!["engine".to_owned()]).unwrap();
    let server = Server::for_client(own.cert.der().clone()).await;
    let certs = tempfile::tempdir().unwrap();
    let dir = certs.path().join(server.name());
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("client.cert"), own.cert.pem()).unwrap();
    let key = dir.join("client.key");
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let settings = Settings { certs_dir: certs.path().to_owned(), ..trusting(&server) };
    let door = Running::start(settings, Limits::default(), evil_is_refused(&[&server.name()])).await;
    assert_eq!(door.client(&server).await.get("/v2/", "").await.text(), "x");
    assert_eq!(door.client(&server).await.get("/v2/evil/miner/manifests/1", "").await.status(), 403);
    // Who runs these tests may be root, who reads everything.
    std::fs::write(&key, "no key").unwrap();
    let other = Server::for_client(own.cert.der().clone()).await;
    let beside = certs.path().join(other.name());
    std::fs::create_dir(&beside).unwrap();
    std::fs::write(beside.join("client.cert"), own.cert.pem()).unwrap();
    std::os::unix::fs::symlink("/nonexistent/key", beside.join("client.key")).unwrap();
    let door = Running::start(
        Settings { certs_dir: certs.path().to_owned(), ..trusting(&server) },
        Limits::default(),
        evil_is_refused(&[&server.name(), &other.name()]),
    )
    .await;
    for (server, key) in [(&server, key), (&other, beside.join("client.key"))] {
        let answer = door.client(server).await.get("/v2/", "").await;
        answer.is_trouble(502, "client_certificate");
        assert!(answer.text().contains(key.to_str().unwrap()) && answer.text().contains("`tunnel`"), "{answer:?}");
    }
}

#[tokio::test]
async fn a_registry_that_is_not_there_is_told() {
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    for host in [format!("localhost:{port}"), "nowhere.invalid:443".to_owned()] {
        let door = Running::start(Settings::default(), Limits::default(), evil_is_refused(&[&host])).await;
        let mut client = Client::tls(door.address, &host, &door.roots).await;
        client.get("/v2/", "").await.is_trouble(502, "upstream_unreachable");
        let mut client = Client::clear(door.address, &host).await;
        client.get("/v2/", "").await.is_trouble(502, "upstream_unreachable");
    }
}

#[tokio::test]
async fn a_half_closed_registry_answers_what_it_was_asked() {
    // It reads no more, but what it says is whole.
    let server = Server::clear(|_, conn| say_and_die(conn, b"HTTP/1.1 200 OK\r\n\r\nto the end".to_vec())).await;
    let (_door, mut client) = Running::before(&server, Limits::default()).await;
    assert_eq!(client.get("/x", "").await.text(), "to the end");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_not_believed() {
    let server = Server::saying(ok("x")).await;
    let governed = || evil_is_refused(&[&server.name()]);
    let door = Running::start(Settings::default(), Limits::default(), governed()).await;
    let answer = door.client(&server).await.get("/v2/", "Authorization: Basic secret\r\n").await;
    answer.is_trouble(502, "upstream_certificate");
    assert!(server.heads().is_empty(), "no credential has left");

    let others = Server::for_others().await;
    let door = Running::start(trusting(&others), Limits::default(), evil_is_refused(&[&others.name()])).await;
    door.client(&others).await.get("/v2/", "").await.is_trouble(502, "upstream_certificate");
}

#[tokio::test]
async fn a_certificate_in_certs_d_counts_for_its_host() {
    let server = Server::saying(ok("x")).await;
    let certs = tempfile::tempdir().unwrap();
    let dir = certs.path().join(server.name());
    std::fs::create_dir(&dir).unwrap();
    std::fs::copy(&server.ca, dir.join("ca.crt")).unwrap();
    let settings = Settings { certs_dir: certs.path().to_owned(), ..Settings::default() };
    let door = Running::start(settings, Limits::default(), evil_is_refused(&[&server.name()])).await;
    assert_eq!(door.client(&server).await.get("/v2/", "").await.text(), "x");
    // A broken one is an error, as in the engine.
    std::fs::write(dir.join("other.crt"), "no certificate").unwrap();
    let mut fresh = door.client(&server).await;
    let answer = fresh.get("/v2/", "Connection: close\r\n").await;
    assert!([200, 502].contains(&answer.status()), "a pooled connection is still good");
}

#[tokio::test]
async fn a_registry_without_tls_is_told_and_asked_in_the_clear_only_where_that_is_settled() {
    let server = Server::clear(|_, conn| say(conn, ok("clear"))).await;
    let governed = || evil_is_refused(&[&server.name()]);
    let door = Running::start(Settings::default(), Limits::default(), governed()).await;
    let mut client = Client::tls(door.address, &server.name(), &door.roots).await;
    client.get("/v2/", "").await.is_trouble(502, "upstream_tls");

    let authority = proxy::authority::Authority::parse(&server.name(), None).unwrap();
    let settings = Settings { insecure: [authority].into(), ..Settings::default() };
    let door = Running::start(settings, Limits::default(), governed()).await;
    let mut client = Client::tls(door.address, &server.name(), &door.roots).await;
    assert_eq!(client.get("/v2/", "").await.text(), "clear");
}

#[tokio::test]
async fn an_insecure_registry_is_not_verified() {
    let server = Server::for_others().await;
    let authority = proxy::authority::Authority::parse(&server.name(), None).unwrap();
    let settings = Settings { insecure: [authority].into(), ..Settings::default() };
    let door = Running::start(settings, Limits::default(), evil_is_refused(&[&server.name()])).await;
    assert_eq!(door.client(&server).await.get("/v2/", "").await.text(), "x");
}

/// Says nothing to whoever asks for `/slow`.
async fn slow_and_quick() -> Server {
    Server::tls(|head, conn| match head.contains(" /slow ") {
        true => say_and_wait(conn, Vec::new()),
        false => say(conn, ok("x")),
    })
    .await
}

#[tokio::test]
async fn too_many_connections_are_turned_away_and_the_others_are_served() {
    let server = slow_and_quick().await;
    let limits = Limits { connections: 2, ..Limits::default() };
    let (door, mut one) = Running::before(&server, limits).await;
    let mut two = door.client(&server).await;
    for client in [&mut one, &mut two] {
        client.send(format!("GET /slow HTTP/1.1\r\nHost: {}\r\n\r\n", server.name())).await;
    }
    asked(&server, 2).await;
    let stream = tokio::net::TcpStream::connect(door.address).await.unwrap();
    let turned_away = String::from_utf8(Client::over(stream, "x:1").end().await).unwrap();
    assert!(turned_away.starts_with("HTTP/1.1 503 ") && turned_away.contains("(overloaded)"), "{turned_away}");
    drop(two);
    // A slot is free again once the door has seen that.
    let until = Instant::now() + Duration::from_secs(20);
    while connect_gets(&door, &server).await.is_none() {
        assert!(Instant::now() < until, "no slot comes free");
    }
}

/// The answer to a request on a new connection; none: it was turned away.
async fn connect_gets(door: &Running, server: &Server) -> Option<u16> {
    let stream = tokio::net::TcpStream::connect(door.address).await.unwrap();
    let name = server.name();
    let mut client = Client::over(stream, &name);
    client.try_send(format!("CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n\r\n")).await.ok()?;
    let head = client.head().await?;
    head.starts_with("HTTP/1.1 200 ").then_some(200)
}

/// Waits until the server was asked so often.
async fn asked(server: &Server, times: usize) {
    let until = Instant::now() + Duration::from_secs(20);
    while server.heads().len() < times {
        assert!(Instant::now() < until, "{:?}", server.heads());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn silent_connections_make_room_for_new_ones() {
    let server = slow_and_quick().await;
    let (door, mut works) = Running::before(&server, Limits { connections: 3, ..Limits::default() }).await;
    works.send(format!("GET /slow HTTP/1.1\r\nHost: {}\r\n\r\n", server.name())).await;
    asked(&server, 1).await;
    // Two that say nothing, before and behind a CONNECT; the longer silent one goes first.
    let silent = tokio::net::TcpStream::connect(door.address).await.unwrap();
    let mut silent = Client::over(silent, "x:1");
    let mut connected = Client::clear(door.address, &server.name()).await;
    let mut new = door.client(&server).await;
    assert_eq!(new.get("/x", "").await.status(), 200);
    assert!(silent.end().await.is_empty());
    let mut newer = door.client(&server).await;
    assert_eq!(newer.get("/x", "").await.status(), 200);
    assert!(connected.end().await.is_empty());
    let mut newest = door.client(&server).await;
    assert_eq!(newest.get("/x", "").await.status(), 200);
    assert!(new.end().await.is_empty(), "it was idle longer than the last one");
    assert_eq!(newer.get("/x", "").await.status(), 200);
}

#[tokio::test]
async fn a_client_that_never_asks_is_not_waited_for() {
    let server = Server::saying(ok("x")).await;
    let limits = Limits { first_head: Duration::from_millis(300), ..Limits::default() };
    let (door, mut client) = Running::before(&server, limits).await;
    let start = Instant::now();
    let stream = tokio::net::TcpStream::connect(door.address).await.unwrap();
    assert!(Client::over(stream, "x:1").end().await.is_empty());
    let mut half = Client::over(tokio::net::TcpStream::connect(door.address).await.unwrap(), "x:1");
    half.send("GET http://").await;
    assert!(half.end().await.is_empty() && client.end().await.is_empty());
    assert!(start.elapsed() < Duration::from_secs(20));
    let mut asks = door.client(&server).await;
    assert_eq!(asks.get("/x", "").await.status(), 200);
}

/// Each of the five stops in the middle of the largest manifest that there can be.
#[tokio::test]
async fn slow_manifests_keep_nobody_elses_waiting() {
    const SIZE: usize = 4 << 20;
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.oci.image.manifest.v1+json\r\nContent-Length: {SIZE}\r\n\r\n"
    );
    let slow = Server::tls(move |asked, conn| match asked.contains("/slow/") {
        true => say_and_wait(conn, [head.as_bytes(), &vec![b' '; SIZE - 1]].concat()),
        false => say(conn, ok("{}")),
    })
    .await;
    let other = Server::saying(ok("{}")).await;
    let settings = Settings { upstream_ca: vec![slow.ca.clone(), other.ca.clone()], ..Settings::default() };
    let governed = evil_is_refused(&[&slow.name(), &other.name()]);
    let door = Running::start(settings, Limits::default(), governed).await;
    let mut waiting = Vec::new();
    for n in 0..5 {
        let mut client = door.client(&slow).await;
        client.send(format!("GET /v2/slow/{n}/manifests/1 HTTP/1.1\r\nHost: {}\r\n\r\n", slow.name())).await;
        waiting.push(client);
    }
    asked(&slow, 5).await;
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        for server in [&other, &slow] {
            let start = Instant::now();
            let answer = door.client(server).await.get("/v2/good/app/manifests/1", "").await;
            assert_eq!((answer.status(), answer.text()), (200, "{}"));
            assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        }
    }
}

/// Whoever runs the tests is as good as the engine; as root they can be somebody else for once.
#[tokio::test]
async fn the_door_is_for_the_engine_alone() {
    let server = Server::saying(ok("x")).await;
    let (door, mut own) = Running::before(&server, Limits::default()).await;
    assert_eq!(own.get("/x", "").await.status(), 200);
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let (port, name) = (door.address.port(), server.name());
    let ask = |request: String| async move {
        let script = format!("exec 3<>/dev/tcp/127.0.0.1/{port}; printf '{request}' >&3; cat <&3");
        let mut bash = tokio::process::Command::new("bash");
        let output = bash.args(["-c", &script]).uid(65_534).current_dir("/").output().await.unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    for request in [
        format!("CONNECT {name} HTTP/1.1\\r\\nHost: {name}\\r\\n\\r\\n"),
        "CONNECT elsewhere.invalid:443 HTTP/1.1\\r\\nHost: elsewhere.invalid:443\\r\\n\\r\\n".to_owned(),
        "GET http://elsewhere.invalid/ HTTP/1.1\\r\\nHost: elsewhere.invalid\\r\\n\\r\\n".to_owned(),
    ] {
        let answer = ask(request).await;
        assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("(not_the_engine)"), "{answer}");
    }
    assert_eq!(server.heads().len(), 1);
}
