//! What `serve` refuses to start with, and what it leaves behind.

use std::{fs, os::unix::fs::PermissionsExt as _};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{PASSWORD, Service, wait_until};

#[tokio::test]
async fn secrets_are_closed_to_others_and_the_address_goes_with_the_process() {
    let mut service = Service::acme().await;
    let mode = |name: &str| fs::metadata(service.data_dir().join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("."), 0o700);
    for file in ["signing.key", "ca.key"] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
    service.stop().await;
    assert!(!service.data_dir().join("address").exists());
}

#[tokio::test]
async fn a_signing_key_that_others_can_read_is_refused() {
    let mut service = Service::acme().await;
    service.stop().await;
    fs::set_permissions(service.data_dir().join("signing.key"), fs::Permissions::from_mode(0o644)).unwrap();
    let said = service.fails(&["serve", "--listen", "127.0.0.1:0"], "");
    assert!(said.contains("signing.key") && said.contains("0644") && said.contains("chmod 0600"), "{said}");
}

#[tokio::test]
async fn a_damaged_signing_key_is_refused_and_not_replaced() {
    let mut service = Service::acme().await;
    service.stop().await;
    let path = service.data_dir().join("signing.key");
    fs::write(&path, "short").unwrap();
    let said = service.fails(&["serve", "--listen", "127.0.0.1:0"], "");
    assert!(said.contains("5 bytes, not 32"), "{said}");
    assert_eq!(fs::read(&path).unwrap(), b"short");
}

#[tokio::test]
async fn a_missing_signing_key_over_signed_documents_is_refused_until_a_new_one_is_wanted() {
    let mut service = Service::acme().await;
    let before = service.enrollment()["trustKeys"].clone();
    service.stop().await;
    let path = service.data_dir().join("signing.key");
    fs::remove_file(&path).unwrap();
    for args in [&["serve", "--listen", "127.0.0.1:0"][..], &["enrollment", "--url", "https://x"]] {
        let said = service.fails(args, "");
        assert!(said.contains("restore signing.key from the backup, or start with --new-signing-key"), "{said}");
        assert!(!path.exists(), "{args:?} made one");
    }
    service.start(&["--new-signing-key"]).await;
    assert_ne!(service.enrollment()["trustKeys"], before);
    let [second, first] = service.written("key.claim").try_into().expect("a line for each key that signs");
    assert_eq!((&first["actor"], &first["detail"]["before"]), (&"service".into(), &serde_json::Value::Null));
    assert_eq!((&second["actor"], &second["detail"]["before"]), (&"service".into(), &first["target"]));
}

#[tokio::test]
async fn another_signing_key_than_the_one_that_machines_know_is_refused() {
    let mut service = Service::acme().await;
    service.stop().await;
    let path = service.data_dir().join("signing.key");
    let own = fs::read(&path).unwrap();
    fs::write(&path, [7; 32]).unwrap();
    for option in ["--insecure-http", "--new-signing-key"] {
        let said = service.fails(&["serve", "--listen", "127.0.0.1:0", option], "");
        assert!(said.contains("copy signing.key from a service"), "{said}");
    }
    fs::write(&path, own).unwrap();
    service.start(&[]).await;
}

#[tokio::test]
async fn a_second_process_leaves_the_address_of_the_first() {
    let service = Service::acme().await;
    let address = service.address();
    let said = service.fails(&["serve", "--listen", &address], "");
    assert!(said.contains("in use"), "{said}");
    assert_eq!(service.address(), address);
}

#[tokio::test]
async fn a_running_service_leaves_no_core_dump() {
    let service = Service::acme().await;
    let limits = fs::read_to_string(format!("/proc/{}/limits", service.pid())).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
    // What cannot be dumped belongs to root in /proc, whoever runs it.
    let owner = fs::metadata(format!("/proc/{}/environ", service.pid())).unwrap();
    assert_eq!(std::os::unix::fs::MetadataExt::uid(&owner), 0);
}

#[tokio::test]
async fn an_open_data_directory_is_refused() {
    let mut service = Service::acme().await;
    service.stop().await;
    fs::set_permissions(service.data_dir(), fs::Permissions::from_mode(0o755)).unwrap();
    let said = service.fails(&["serve", "--listen", "127.0.0.1:0"], "");
    assert!(said.contains("open to others") && said.contains("chmod 0700"), "{said}");
}

#[tokio::test]
async fn plain_http_is_for_loopback_only() {
    let mut service = Service::empty();
    let said = service.fails(&["serve", "--insecure-http", "--listen", "0.0.0.0:0"], "");
    assert!(said.contains("--insecure-http") && said.contains("loopback"), "{said}");

    service.start(&["--insecure-http"]).await;
    assert!(!service.data_dir().join("ca.pem").exists(), "no certificate is needed");
    let mut stream = TcpStream::connect(service.address()).await.unwrap();
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let service = Service::acme().await;
    let other = Service::empty();
    let said = other.fails(&["serve", "--listen", &service.address()], "");
    assert!(said.contains(&service.address()) && said.contains("in use"), "{said}");
}

/// In PEM, with its key.
fn certificate() -> (String, String) {
    let key = rcgen::KeyPair::generate().unwrap();
    let params = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[tokio::test]
async fn an_own_certificate_is_used_when_given_and_may_be_replaced() {
    let mut service = Service::empty();
    let (first, key) = certificate();
    let files = tempfile::tempdir().unwrap();
    let (certificate_path, key_path) = (files.path().join("c.pem"), files.path().join("k.pem"));
    fs::write(&certificate_path, first).unwrap();
    fs::write(&key_path, key).unwrap();
    let paths = [certificate_path.to_str().unwrap(), key_path.to_str().unwrap()];
    service.start(&["--tls-cert", paths[0], "--tls-key", paths[1]]).await;
    fs::copy(&certificate_path, service.data_dir().join("ca.pem")).unwrap();
    let (head, _) = service.http("GET /healthz HTTP/1.1").await;
    assert!(head.starts_with("http/1.1 200"), "{head}");

    // Who trusts only the next one is served once it is there.
    let (next, key) = certificate();
    fs::write(service.data_dir().join("ca.pem"), &next).unwrap();
    assert!(service.try_connect(&[b"http/1.1"]).await.is_err());
    fs::write(&certificate_path, next).unwrap();
    fs::write(&key_path, key).unwrap();
    wait_until("the next certificate", async || service.try_connect(&[b"http/1.1"]).await.ok()).await;
    service.stop().await;
    let said = service.fails(&["serve", "--tls-cert", paths[0], "--tls-key", paths[0]], "");
    assert!(said.contains("private key"), "{said}");
}

#[tokio::test]
async fn metrics_are_shown_where_they_are_asked_for_and_name_nobody() {
    let mut service = Service::empty();
    service.ok(&["organization", "add", "acme"]);
    service.add_member("acme", "alice", "member");
    service.start(&["--metrics-listen", "127.0.0.1:0"]).await;
    service.client().await.sign_in("alice", PASSWORD).await.unwrap();
    assert!(service.client().await.sign_in("alice", "not it").await.is_err());

    let (head, _) = service.http("GET /metrics HTTP/1.1").await;
    assert!(head.starts_with("http/1.1 404"), "not beside the agents: {head}");
    let (head, body) = service.http("GET /readyz HTTP/1.1").await;
    assert!(head.starts_with("http/1.1 200") && body == "ready\n", "{head} {body}");

    // It is told before the service listens.
    let log = service.log();
    let (_, rest) = log.split_once("url=http://").unwrap();
    let (address, _) = rest.split_once("/metrics").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut page = String::new();
    stream.read_to_string(&mut page).await.unwrap();
    for line in [
        r#"pullgate_service_sign_ins_total{via="agent",outcome="accepted"} 1"#,
        r#"pullgate_service_sign_ins_total{via="agent",outcome="wrong"} 1"#,
        r#"pullgate_service_requests_total{method="POST",route="SignIn",code="200"} 1"#,
        r#"pullgate_service_requests_total{method="POST",route="SignIn",code="grpc-16"} 1"#,
        r#"pullgate_service_requests_total{method="GET",route="/readyz",code="200"} 1"#,
        "pullgate_service_published_organizations 1",
    ] {
        assert!(page.lines().any(|there| there.trim() == line), "`{line}` is not in\n{page}");
    }
    assert!(!page.contains("alice") && !page.contains("acme"), "{page}");
}
