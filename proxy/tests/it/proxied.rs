//! Through the proxy before the registries.

use std::sync::{Arc, Mutex};

use proxy::{
    authority::Authority,
    limits::Limits,
    settings::{Direct, ProxyUrl, Settings},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
};

use crate::{
    client::Client,
    running::{Running, evil_is_refused, nothing, trusting},
    server::{Server, header, ok, say},
};

/// A proxy: leads every host to this machine, wants a password, remembers what it was asked.
async fn proxy() -> (ProxyUrl, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::new(Mutex::new(Vec::new()));
    let heads = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let heads = Arc::clone(&heads);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(client.read_u8().await.unwrap());
                }
                let head = String::from_utf8(head).unwrap();
                heads.lock().unwrap().push(head.clone());
                if header(&head, "proxy-authorization") != Some("Basic bWU6cHc=") {
                    let _ = client.write_all(b"HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n").await;
                    return;
                }
                let target = head.split(' ').nth(1).unwrap();
                let port = target.trim_start_matches("http://").split([':', '/']).nth(1).unwrap().to_owned();
                let mut server = TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
                match head.starts_with("CONNECT ") {
                    true => client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap(),
                    false => server.write_all(head.as_bytes()).await.unwrap(),
                }
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
    let url = ProxyUrl {
        authority: Authority::of(address),
        authorization: Some(http::HeaderValue::from_static("Basic bWU6cHc=")),
    };
    (url, asked)
}

fn settings(server: &Server, proxy: &ProxyUrl) -> Settings {
    Settings { upstream_proxy: Some(proxy.clone()), ..trusting(server) }
}

#[tokio::test]
async fn a_host_in_the_clear_is_asked_for_in_absolute_form() {
    let server = Server::clear(|_, conn| say(conn, ok("x"))).await;
    let (url, asked) = proxy().await;
    let host = format!("reg.example:{}", server.port);
    let door = Running::start(settings(&server, &url), Limits::default(), evil_is_refused(&[&host])).await;
    let mut client = Client::clear(door.address, &host).await;
    assert_eq!(client.get("/cdn/x?y", "Proxy-Authorization: Basic other\r\n").await.text(), "x");
    let heads = asked.lock().unwrap().clone();
    assert!(heads[0].starts_with(&format!("GET http://{host}/cdn/x?y HTTP/1.1\r\n")), "{heads:?}");
    assert_eq!(header(&heads[0], "host"), Some(host.as_str()));
}

#[tokio::test]
async fn a_host_behind_tls_is_asked_for_by_connect_governed_or_not() {
    let server = Server::for_others().await;
    let (url, asked) = proxy().await;
    let host = format!("other.example:{}", server.port);
    let door = Running::start(settings(&server, &url), Limits::default(), evil_is_refused(&[&host])).await;
    let mut client = Client::tls(door.address, &host, &door.roots).await;
    assert_eq!(client.get("/v2/", "").await.text(), "x");
    assert!(asked.lock().unwrap()[0].starts_with(&format!("CONNECT {host} HTTP/1.1\r\n")));

    let door = Running::start(settings(&server, &url), Limits::default(), nothing()).await;
    let mut roots = rustls::RootCertStore::empty();
    let own = <rustls::pki_types::CertificateDer as rustls::pki_types::pem::PemObject>::from_pem_file(&server.ca);
    roots.add(own.unwrap()).unwrap();
    let mut client = Client::tls(door.address, &host, &roots).await;
    assert_eq!(client.get("/v2/", "").await.text(), "x");
    assert_eq!(asked.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn what_the_proxy_refuses_is_told_without_its_password() {
    let server = Server::for_others().await;
    let (mut url, _) = proxy().await;
    url.authorization = Some(http::HeaderValue::from_static("Basic d3Jvbmc="));
    let host = format!("other.example:{}", server.port);
    let door = Running::start(settings(&server, &url), Limits::default(), evil_is_refused(&[&host])).await;
    let answer = Client::tls(door.address, &host, &door.roots).await.get("/v2/", "").await;
    answer.is_trouble(502, "upstream_proxy");
    assert!(!answer.text().contains("d3Jvbmc"));
}

#[tokio::test]
async fn excepted_hosts_and_loopback_are_asked_without_it() {
    let server = Server::saying(ok("x")).await;
    let (url, asked) = proxy().await;
    let mut settings = settings(&server, &url);
    settings.direct = vec![Direct::Below("corp.example".into())];
    let door = Running::start(settings, Limits::default(), evil_is_refused(&[&server.name()])).await;
    assert_eq!(door.client(&server).await.get("/v2/", "").await.text(), "x");
    assert!(asked.lock().unwrap().is_empty());
}
