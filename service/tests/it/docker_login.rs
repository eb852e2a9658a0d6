//! `/v2/` as `docker login` and curl use it.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::support::{PASSWORD, Service};

fn get(path: &str, user: &str, secret: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nAuthorization: Basic {}", STANDARD.encode(format!("{user}:{secret}")))
}

#[tokio::test]
async fn docker_login_is_challenged_and_then_let_in() {
    let service = Service::acme().await;
    let (head, body) = service.http("GET /v2/ HTTP/1.1").await;
    assert!(head.starts_with("http/1.1 401"), "{head}");
    assert!(head.contains("www-authenticate: basic realm=\"pullgate\""), "{head}");
    assert!(head.contains("docker-distribution-api-version: registry/2.0"), "{head}");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(body["errors"][0]["code"], "UNAUTHORIZED");

    for path in ["/v2/", "/v2"] {
        let (head, _) = service.http(&get(path, "alice", PASSWORD)).await;
        assert!(head.starts_with("http/1.1 200"), "{head}");
        assert!(head.contains("docker-distribution-api-version: registry/2.0"), "{head}");
    }
    let token = service.ok(&["token", "create", "alice", "--name", "laptop"]);
    let (head, _) = service.http(&get("/v2/", "alice", token.trim())).await;
    assert!(head.starts_with("http/1.1 200"), "{head}");
    assert!(!service.log().contains(PASSWORD) && !service.log().contains(token.trim()));
}

#[tokio::test]
async fn wrong_passwords_are_refused_and_then_limited() {
    let service = Service::acme().await;
    let mut limited = None;
    for _ in 0..20 {
        let (head, body) = service.http(&get("/v2/", "alice", "wrong")).await;
        if head.starts_with("http/1.1 429") {
            limited = Some((head, body));
            break;
        }
        assert!(head.starts_with("http/1.1 401"), "{head}");
    }
    let (head, body) = limited.expect("guesses are limited");
    assert!(head.contains("retry-after: "), "{head}");
    assert!(body.contains("TOOMANYREQUESTS"), "{body}");
}

#[tokio::test]
async fn nothing_is_stored_here() {
    let service = Service::acme().await;
    for path in ["/v2/_catalog", "/v2/acme/app/manifests/latest", "/v2/acme/app/blobs/uploads/"] {
        let (head, body) = service.http(&get(path, "alice", PASSWORD)).await;
        assert!(head.starts_with("http/1.1 404"), "{path}: {head}");
        assert!(body.contains("NAME_UNKNOWN"), "{path}: {body}");
    }
    let (head, body) = service.http("GET /healthz HTTP/1.1").await;
    assert!(head.starts_with("http/1.1 200") && body == "ok\n", "{head}");
    let (head, _) = service.http("GET /nope HTTP/1.1").await;
    assert!(head.starts_with("http/1.1 404"), "{head}");
}
