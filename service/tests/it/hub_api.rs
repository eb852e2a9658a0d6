//! The endpoints of Docker Hub's API that sign in, over real sockets.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{PASSWORD, Service};

/// Status, head in lower case, JSON.
async fn ask(service: &Service, line: &str, bearer: &str, body: &str) -> (u16, String, Value) {
    let mut stream = service.connect(&[b"http/1.1"]).await;
    let bearer = if bearer.is_empty() { String::new() } else { format!("Authorization: Bearer {bearer}\r\n") };
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: hub.example\r\n{bearer}Content-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
    // The server may have seen enough before the end of a request.
    let _ = stream.write_all(request.as_bytes()).await;
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("{line}: no answer: {answer}"));
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_ascii_lowercase(), serde_json::from_str(body).unwrap_or(Value::Null))
}

pub async fn token(service: &Service, user: &str, secret: &str) -> String {
    let body = json!({ "identifier": user, "secret": secret }).to_string();
    let (status, _, body) = ask(service, "POST /v2/auth/token", "", &body).await;
    assert_eq!(status, 200, "{body}");
    body["access_token"].as_str().unwrap().to_owned()
}

pub async fn organizations(service: &Service, bearer: &str) -> (u16, Value) {
    let (status, _, body) = ask(service, "GET /v2/user/orgs", bearer, "").await;
    (status, body)
}

fn pat(service: &Service, args: &[&str]) -> Value {
    let made = service.ok(&[&["token", "create", "alice", "--name", "x", "--json"], args].concat());
    serde_json::from_str(&made).unwrap()
}

#[tokio::test]
async fn both_forms_of_every_path_sign_in_and_list_organizations() {
    let service = Service::acme().await;
    service.ok(&["organization", "add", "umbrella"]);
    service.ok(&["member", "add", "umbrella", "alice", "--role", "owner"]);
    for slash in ["", "/"] {
        let body = json!({ "identifier": "Alice", "secret": PASSWORD }).to_string();
        let (status, head, body) = ask(&service, &format!("POST /v2/auth/token{slash}"), "", &body).await;
        assert_eq!(status, 200, "{body}");
        assert!(head.contains("cache-control: no-store") && head.contains("content-type: application/json"), "{head}");
        let first = body["access_token"].as_str().unwrap().to_owned();

        let body = json!({ "username": "alice", "password": PASSWORD }).to_string();
        let (status, _, body) =
            ask(&service, &format!("POST /v2/users/login{slash}?refresh_token=true"), "", &body).await;
        assert_eq!(status, 200, "{body}");
        let second = body["token"].as_str().unwrap().to_owned();

        for bearer in [first, second] {
            let (status, _, body) = ask(&service, &format!("GET /v2/user/orgs{slash}"), &bearer, "").await;
            assert_eq!(status, 200, "{body}");
            assert_eq!((&body["count"], &body["next"], &body["previous"]), (&json!(2), &Value::Null, &Value::Null));
            let rows = body["results"].as_array().unwrap();
            let rows: Vec<_> =
                rows.iter().map(|row| (row["orgname"].as_str().unwrap(), row["user_role"].as_str().unwrap())).collect();
            assert_eq!(rows, [("acme", "Member"), ("umbrella", "Owner")]);
        }
    }
    assert!(!service.log().contains(PASSWORD));
}

#[tokio::test]
async fn a_token_says_what_docker_s_tools_read() {
    let service = Service::acme().await;
    let jwt = token(&service, "alice", PASSWORD).await;
    let part = |n: usize| -> Value {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(n).unwrap()).unwrap()).unwrap()
    };
    assert_eq!(part(0)["alg"], "EdDSA");
    let claims = part(1);
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 600);
    assert_eq!(claims["https://hub.docker.com"]["username"], "alice");
    assert_eq!(claims["https://hub.docker.com"]["source"], "docker_password|alice");

    let token = pat(&service, &["--expires", "1m"]);
    let body = json!({ "identifier": "alice", "secret": token["token"] }).to_string();
    let (_, _, body) = ask(&service, "POST /v2/auth/token", "", &body).await;
    let jwt = body["access_token"].as_str().unwrap();
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap()).unwrap();
    assert!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap() <= 60, "not beyond its credential");
}

#[tokio::test]
async fn pages_are_as_long_as_asked_for_and_name_the_next_one() {
    let service = Service::acme().await;
    for name in ["b", "c"] {
        service.ok(&["organization", "add", name]);
        service.ok(&["member", "add", name, "alice", "--role", "member"]);
    }
    let bearer = token(&service, "alice", PASSWORD).await;
    let (_, _, body) = ask(&service, "GET /v2/user/orgs?page=1&page_size=2", &bearer, "").await;
    assert_eq!(body["results"].as_array().unwrap().len(), 2);
    assert_eq!(body["next"], "https://hub.example/v2/user/orgs?page=2&page_size=2");
    let (_, _, body) = ask(&service, "GET /v2/user/orgs?page=2&page_size=2", &bearer, "").await;
    assert_eq!((&body["results"][0]["orgname"], &body["next"]), (&json!("c"), &Value::Null));
}

#[tokio::test]
async fn what_is_wrong_is_said_in_docker_hub_s_words() {
    let service = Service::acme().await;
    let (status, _, body) =
        ask(&service, "POST /v2/auth/token", "", r#"{"identifier":"alice","secret":"wrong"}"#).await;
    assert_eq!((status, &body), (401, &json!({ "detail": "the user name or the password is wrong" })));
    for body in ["", "{}", "no json", r#"{"identifier":"alice","secret":7}"#, "[1]"] {
        let (status, ..) = ask(&service, "POST /v2/auth/token", "", body).await;
        assert_eq!(status, 400, "{body}");
    }
    let (status, ..) = ask(&service, "POST /v2/auth/token", "", &"x".repeat(64 << 10)).await;
    assert_eq!(status, 400, "more than anybody types");

    let (status, body) = organizations(&service, "").await;
    assert_eq!((status, body), (401, json!({ "errinfo": null, "message": "unauthorized" })));
    let oat = service.ok(&["organization", "token", "create", "acme", "--name", "ci"]);
    let body = json!({ "username": "acme", "password": oat.trim() }).to_string();
    let (status, _, body) = ask(&service, "POST /v2/users/login", "", &body).await;
    assert_eq!((status, body), (401, json!({ "detail": "Cannot log into an organization account" })));

    for path in
        ["GET /v2/auth/token", "GET /v2/users/login/", "POST /v2/user/orgs", "GET /v2/user/orgs/x", "GET /v2/users/"]
    {
        let (status, head, body) = ask(&service, path, "", "").await;
        assert_eq!((status, body["errors"][0]["code"].as_str()), (404, Some("NAME_UNKNOWN")), "{path}: {head}");
    }
}

#[tokio::test]
async fn guesses_are_limited_here_as_at_every_other_door() {
    let service = Service::acme().await;
    let guess = r#"{"identifier":"alice","secret":"wrong"}"#;
    let mut limited = None;
    for _ in 0..20 {
        let (status, head, body) = ask(&service, "POST /v2/auth/token", "", guess).await;
        if status == 429 {
            limited = Some((head, body));
            break;
        }
    }
    let (head, body) = limited.expect("guesses are limited");
    assert!(head.contains("\r\nretry-after: ") && head.contains("\r\nx-retry-after: "), "{head}");
    assert_eq!(body["error"], false);
    let status = service.client().await.sign_in("alice", "wrong").await.unwrap_err();
    assert_eq!(status.code(), tonic::Code::ResourceExhausted, "one limit for all doors");
}

#[tokio::test]
async fn an_access_token_lists_organizations_if_it_may() {
    let service = Service::acme().await;
    for (args, expected) in [(&[][..], 403), (&["--scope", "org:read"], 200), (&["--scope", "sign-in"], 403)] {
        let made = pat(&service, args);
        let bearer = token(&service, "alice", made["token"].as_str().unwrap()).await;
        let (status, body) = organizations(&service, &bearer).await;
        assert_eq!(status, expected, "{args:?}: {body}");
        assert!(expected == 200 || body["message"].as_str().unwrap().contains("org:read"), "{body}");
        service.ok(&["token", "revoke", made["id"].as_str().unwrap()]);
        let (status, _) = organizations(&service, &bearer).await;
        assert_eq!(status, 401, "what came of a token ends with it");
    }
}

#[tokio::test]
async fn a_token_ends_with_the_account_s_credentials() {
    let service = Service::acme().await;
    let bearer = token(&service, "alice", PASSWORD).await;
    assert_eq!(organizations(&service, &bearer).await.0, 200);
    service.ok_with(&["account", "password", "alice", "--password-stdin"], "another one, longer");
    assert_eq!(organizations(&service, &bearer).await.0, 401);
    let bearer = token(&service, "alice", "another one, longer").await;
    service.ok(&["account", "remove", "alice"]);
    assert_eq!(organizations(&service, &bearer).await.0, 401);
}

#[tokio::test]
async fn forged_and_foreign_tokens_open_nothing() {
    let service = Service::acme().await;
    let good = token(&service, "alice", PASSWORD).await;
    let parts: Vec<&str> = good.split('.').collect();
    let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let mut forged = Vec::new();
    for alg in ["none", "HS256", "RS256", "ES256"] {
        let head = encode(&json!({ "alg": alg, "typ": "pullgate-hub+jwt" }));
        forged.push(format!("{head}.{}.", parts[1]));
        forged.push(format!("{head}.{}.{}", parts[1], parts[2]));
    }
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    claims["sub"] = json!("bob");
    forged.push(format!("{}.{}.{}", parts[0], encode(&claims), parts[2]));
    forged.push(format!("{}.{}.", parts[0], parts[1]));
    forged.extend(["", ".", "..", "x"].map(str::to_owned));
    // A token of the agents is none here, nor the other way round.
    let agent = service.client().await.sign_in("alice", PASSWORD).await.unwrap().agent_token;
    forged.push(agent);
    // Nor that of another service.
    let other = Service::acme().await;
    forged.push(token(&other, "alice", PASSWORD).await);
    for bearer in forged {
        assert_eq!(organizations(&service, &bearer).await.0, 401, "{bearer}");
    }
    let status = service.client().await.watch(&good, Vec::new()).await.err().unwrap();
    assert_eq!(status.code(), tonic::Code::Unauthenticated);
    assert_eq!(organizations(&service, &good).await.0, 200);
}
