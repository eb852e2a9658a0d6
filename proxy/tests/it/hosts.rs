//! A request is for the host of its connection, or for nobody.

use std::net::ToSocketAddrs as _;

use proxy::{authority::Authority, limits::Limits, settings::Settings};
use tokio::net::TcpStream;

use crate::{
    client::{Client, connect},
    running::{Running, evil_is_refused},
    server::{Server, ok, say},
};

async fn door() -> (Running, Server) {
    let server = Server::saying(ok("x")).await;
    let (door, _) = Running::before(&server, Limits::default()).await;
    (door, server)
}

async fn says(door: &Running, server: &Server, request: &str) -> crate::client::Answer {
    let mut client = door.client(server).await;
    client.send(request.replace("HOST", &server.name())).await;
    client.answer(false).await.unwrap()
}

#[tokio::test]
async fn another_host_than_the_connections_is_misdirected() {
    let (door, server) = door().await;
    for host in ["other.example", "localhost", "localhost:1", "127.0.0.1:443"] {
        says(&door, &server, &format!("GET /v2/ HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            .await
            .is_trouble(421, "misdirected");
    }
    assert!(server.heads().is_empty());
    // In any letter case it is the same.
    let upper = server.name().replace("local", "LOCAL");
    assert_eq!(says(&door, &server, &format!("GET /v2/ HTTP/1.1\r\nHost: {upper}\r\n\r\n")).await.status(), 200);
}

/// A name that the system resolves to an address of this machine, and that is not `localhost`.
fn own_name() -> String {
    let hostname = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap().trim().to_lowercase();
    let names = [hostname.as_str(), "ip6-localhost", "localhost4", "localhost.localdomain"];
    let leads_here = |name: &&&str| (**name, 1).to_socket_addrs().is_ok_and(|mut all| all.next().is_some());
    (*names.iter().find(leads_here).expect("a second name of this machine in `/etc/hosts`")).to_owned()
}

#[tokio::test]
async fn a_name_that_leads_to_a_mirror_on_this_machine_is_docker_hub_too() {
    let server = Server::clear(|_, conn| say(conn, ok("x"))).await;
    let port = server.port;
    let mirrors = [Authority::parse(&format!("127.0.0.1:{port}"), None).unwrap()].into();
    let settings = Settings { mirrors, ..Settings::default() };
    let door = Running::start(settings, Limits::default(), evil_is_refused(&["docker.io"])).await;
    let name = own_name();
    for host in [name.as_str(), "0.0.0.0", "localhost", "127.0.0.2", "[::ffff:127.0.0.1]"] {
        let host = format!("{host}:{port}");
        let target = "/v2/evil/miner/manifests/1?ns=quay.io";
        let mut client = Client::clear(door.address, &host).await;
        assert_eq!(client.get(target, "").await.status(), 403, "{host}");
        let mut client = Client::tls(door.address, &host, &door.roots).await;
        assert_eq!(client.get(target, "").await.status(), 403, "{host}");
        // In absolute form.
        let mut client = Client::over(TcpStream::connect(door.address).await.unwrap(), &host);
        client.send(format!("GET http://{host}{target} HTTP/1.1\r\nHost: {host}\r\n\r\n")).await;
        assert_eq!(client.answer(false).await.unwrap().status(), 403, "{host}");
    }
    assert!(server.heads().is_empty());
    let mut client = Client::clear(door.address, &server.name()).await;
    assert_eq!(client.get("/v2/good/app/manifests/1", "").await.text(), "x");
}

#[tokio::test]
async fn what_could_be_read_in_two_ways_is_refused() {
    let (door, server) = door().await;
    for request in [
        "GET /v2/ HTTP/1.1\r\n\r\n",
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nHost: other.example\r\n\r\n",
        "GET /v2/ HTTP/1.1\r\nHost: HOST\r\nHost: HOST\r\n\r\n",
        "GET /v2/ HTTP/1.1\r\nHost: user@HOST\r\n\r\n",
        "GET /v2/ HTTP/1.1\r\nHost: \r\n\r\n",
        "GET https://other.example/v2/ HTTP/1.1\r\nHost: HOST\r\n\r\n",
        "GET https://user:password@HOST/v2/ HTTP/1.1\r\nHost: HOST\r\n\r\n",
        "CONNECT HOST HTTP/1.1\r\nHost: HOST\r\n\r\n",
        "CONNECT other.example:443 HTTP/1.1\r\nHost: HOST\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: HOST\r\n\r\n",
    ] {
        let answer = says(&door, &server, request).await;
        answer.is_trouble(400, "bad_request");
        assert_eq!(answer.header("connection"), Some("close"), "{request}");
    }
    assert!(server.heads().is_empty());
}

#[tokio::test]
async fn a_second_request_cannot_be_smuggled_in_a_first() {
    let (door, server) = door().await;
    let hidden = "GET /v2/evil/x/manifests/1 HTTP/1.1\r\nHost: HOST\r\n\r\n";
    for request in [
        format!(
            "POST /a HTTP/1.1\r\nHost: HOST\r\nContent-Length: {}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            hidden.len()
        ),
        format!(
            "POST /a HTTP/1.1\r\nHost: HOST\r\nContent-Length: 0\r\nContent-Length: {}\r\n\r\n{hidden}",
            hidden.len()
        ),
        format!("POST /a HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding: xchunked\r\n\r\n{hidden}"),
        format!("POST /a HTTP/1.1\r\nHost: HOST\r\nTransfer-Encoding : chunked\r\n\r\n{hidden}"),
        format!("GET /a\r\nX: y HTTP/1.1\r\nHost: HOST\r\n\r\n{hidden}"),
        format!("POST /a HTTP/1.1\r\nHost: HOST\r\nContent-Length: +5\r\n\r\n{hidden}"),
    ] {
        let mut client = door.client(&server).await;
        client.send(request.replace("HOST", &server.name())).await;
        let answer = client.answer(false).await;
        // Either refused, or passed on as exactly one request that both sides read alike.
        for head in server.heads() {
            assert!(!head.contains("evil"), "{request}: {head}");
            let lengths = ["content-length:", "transfer-encoding:"].map(|name| head.matches(name).count());
            assert!(lengths.iter().sum::<usize>() <= 1, "{head}");
        }
        assert!(answer.is_ok(), "{request}");
    }
}

#[tokio::test]
async fn the_door_itself_is_no_host() {
    let (door, server) = door().await;
    let own = door.address.to_string();
    let mut client = Client::tls(door.address, &own, &door.roots).await;
    client.get("/v2/", "").await.is_trouble(508, "proxy_loop");
    let mut client = Client::clear(door.address, &own).await;
    client.get("/v2/", "").await.is_trouble(508, "proxy_loop");
    let mut client = Client::over(TcpStream::connect(door.address).await.unwrap(), &own);
    client.get(&format!("http://{own}/v2/"), "").await.is_trouble(508, "proxy_loop");
    let mut client = Client::over(TcpStream::connect(door.address).await.unwrap(), &own);
    client.get("/v2/", "").await.is_trouble(400, "bad_request");
    drop(server);
}

#[tokio::test]
async fn a_connect_without_a_host_is_refused() {
    let (door, _server) = door().await;
    for target in ["host", "host:0", "user@host:443", "[fe80::1%25eth0]:443", "a..b:443", ":443", "/v2/"] {
        let mut client = Client::over(TcpStream::connect(door.address).await.unwrap(), "x:1");
        client.send(format!("CONNECT {target} HTTP/1.1\r\nHost: x\r\n\r\n")).await;
        let head = client.head().await.unwrap();
        assert!(head.starts_with("HTTP/1.1 400 "), "{target}: {head}");
    }
}

#[tokio::test]
async fn bytes_that_come_with_the_connect_are_not_lost() {
    let (door, server) = door().await;
    let mut client = Client::over(TcpStream::connect(door.address).await.unwrap(), "x:1");
    let name = server.name();
    client
        .send(format!("CONNECT {name} HTTP/1.1\r\nHost: {name}\r\n\r\nGET /early HTTP/1.1\r\nHost: other\r\n\r\n"))
        .await;
    assert!(client.head().await.unwrap().starts_with("HTTP/1.1 200 "));
    client.answer(false).await.unwrap().is_trouble(421, "misdirected");
    // The name in a hello is that of the CONNECT, or there is no handshake.
    let stream = connect(door.address, &name, "x").await;
    assert!(Client::shake(stream, "other.example:1", &door.roots).await.is_err());
}

/// For the plugin `reg:80/app` is another registry than `reg/app`, and so it is here.
#[tokio::test]
async fn in_the_clear_a_port_that_is_written_stays() {
    let with_port = "REG.invalid:80";
    let door = Running::start(Settings::default(), Limits::default(), evil_is_refused(&["reg.invalid:80"])).await;
    let absolute = async |host: &str| {
        let mut client = Client::over(TcpStream::connect(door.address).await.unwrap(), host);
        client.get(&format!("http://{host}/v2/evil/x/manifests/1"), "").await
    };
    assert_eq!(absolute(with_port).await.status(), 403);
    absolute("reg.invalid").await.is_trouble(502, "upstream_unreachable");
    // The same inside a connection to it.
    let mut client = Client::clear(door.address, "reg.invalid:80").await;
    assert_eq!(client.get("/v2/evil/x/manifests/1", "").await.status(), 403);
    // Whoever writes it in one place only is still answered by what the request is for.
    let mut client = Client::over(TcpStream::connect(door.address).await.unwrap(), "reg.invalid");
    assert_eq!(client.get("http://reg.invalid:80/v2/evil/x/manifests/1", "").await.status(), 403);
}
