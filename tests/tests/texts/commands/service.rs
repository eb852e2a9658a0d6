//! What `pullgate-service` says to who runs it, and to owners.

use std::{fs, net::TcpListener, os::unix::fs::PermissionsExt as _};

use super::session::Session;

const PASSWORD: &str = "correct horse battery";

/// A session that is about one data directory.
struct Owner(Session);

impl Owner {
    fn new() -> Self {
        Self(Session::new())
    }

    fn says(&mut self, args: &[&str]) {
        self.with(args, "");
    }

    fn with(&mut self, args: &[&str], input: &str) {
        self.0.run_with(
            "pullgate-service",
            args,
            input,
            &[("PULLGATE_SERVICE_DATA_DIR", "%/data"), ("PULLGATE_LOG", "off")],
        );
    }
}

#[test]
fn owners_who_mistype() {
    let mut owner = Owner::new();
    owner.0.section("nothing is there yet");
    owner.says(&["member", "list", "acme"]);
    owner.says(&["policy", "show", "acme"]);
    owner.says(&["organization", "add", "Acme Inc"]);
    owner.says(&["organization", "add", "acme", "--namespace", "acme"]);
    owner.0.section("organizations");
    owner.says(&["organization", "add", "beta"]);
    owner.says(&["organization", "add", "acme"]);
    owner.says(&["organization", "add", "gamma", "--namespace", "acme"]);
    owner.says(&["organization", "add", "gamma", "--namespace", "library"]);
    owner.says(&["organization", "link", "acme", "--no-docker-hub"]);
    owner.says(&["organization", "link", "acme", "--no-oidc-groups"]);
    owner.says(&["organization", "link", "acme", "--docker-hub", "acmehub"]);
    owner.says(&["organization", "link", "acme", "--docker-hub", "acmehub"]);
    owner.says(&["organization", "link", "beta", "--docker-hub", "acmehub"]);
    owner.0.section("members and accounts");
    let add = ["member", "add", "acme", "alice", "--role", "member", "--password-stdin"];
    owner.with(&add, "");
    owner.with(&add, "short");
    owner.with(&add, &"x".repeat(2000));
    owner.with(&add, "a\u{7}bell rings here");
    owner.with(&add, PASSWORD);
    owner.with(&add, PASSWORD);
    owner.says(&["member", "add", "acmee", "alice", "--role", "member"]);
    owner.says(&["member", "add", "acme", "carol", "--role", "member"]);
    owner.says(&["member", "add", "acme", "alice", "--role", "member", "--oidc"]);
    owner.says(&["member", "remove", "beta", "alice"]);
    owner.says(&["member", "remove", "acme", "nobody"]);
    owner.with(&["account", "password", "nobody", "--password-stdin"], PASSWORD);
    owner.says(&["account", "remove", "nobody"]);
    owner.0.section("tokens");
    owner.says(&["token", "create", "alice", "--name", " "]);
    owner.says(&["token", "create", "alice", "--name", "laptop", "--expires", "soon"]);
    owner.says(&["token", "create", "alice", "--name", "laptop", "--expires", "2001-01-01T00:00:00Z"]);
    owner.says(&["token", "create", "nobody", "--name", "laptop"]);
    owner.says(&["token", "revoke", "0000"]);
    owner.says(&["organization", "token", "revoke", "acme", "0000"]);
    owner.0.section("policies and rules");
    owner.says(&["policy", "set", "acme"]);
    owner.says(&["policy", "set", "acme", "--registry", "no host"]);
    owner.says(&["policy", "set", "acme", "--push", "acme/*", "--push", "*"]);
    owner.says(&["policy", "set", "acme", "--protect-allow", "a//b"]);
    owner.says(&["policy", "set", "acme", "--session-fresh", "7d", "--session-valid", "1d"]);
    owner.says(&["policy", "set", "acme", "--session-valid", "soon"]);
    owner.says(&["allowlist", "add", "acme", "evil//miner"]);
    owner.says(&["allowlist", "add", "acme", "*"]);
    owner.says(&["allowlist", "add", "acme", "evil/miner", "--expires", "2001-01-01T00:00:00Z"]);
    owner.says(&["allowlist", "add", "acme", "evil/miner", "--expires", "tomorrow"]);
    owner.says(&["allowlist", "add", "acme", "evil/miner", "--reason", &"x".repeat(201)]);
    owner.0.replace(&"x".repeat(201), "xxx...");
    owner.says(&["denylist", "remove", "acme", "evil/miner"]);
    owner.says(&["publisher", "remove", "nobody"]);
    owner.says(&["publisher", "refresh", "--url", "http://127.0.0.1:1"]);
    owner.0.section("requests");
    owner.says(&["requests", "list", "--org", "gamma"]);
    owner.says(&["requests", "approve", "0000"]);
    owner.says(&["requests", "approve", "0000", "--pattern", "*"]);
    owner.says(&["requests", "deny", "0000", "--reason", "no"]);
    owner.0.section("enrollment files");
    owner.says(&["enrollment", "--url", "gate.example:8443"]);
    owner.says(&["enrollment", "--url", "http://gate.example:8443"]);
    owner.says(&["enrollment", "--url", "https://gate.example:8443/path"]);
    owner.says(&["enrollment", "--url", "http://127.0.0.1:8443", "--docker-hub-credentials"]);
    owner.says(&["enrollment", "--url", "https://gate.example:8443", "--ca-file", "ca.pem"]);
    owner.0.section("for programs");
    owner.says(&["--json", "policy", "show", "nobody"]);
    owner.0.check("owners");
}

#[test]
fn a_service_that_does_not_start() {
    let mut owner = Owner::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let serve = ["serve", "--listen", "127.0.0.1:0"];
    owner.0.section("where it listens");
    owner.says(&["serve", "--listen", &address]);
    owner.says(&["serve", "--listen", "0.0.0.0:8443", "--insecure-http"]);
    owner.0.section("certificates");
    owner.0.write("no.pem", "no certificate", 0o644);
    owner.says(&[&serve[..], &["--tls-cert", "%/none.pem", "--tls-key", "%/none.key"]].concat());
    owner.says(&[&serve[..], &["--tls-cert", "%/no.pem", "--tls-key", "%/no.pem"]].concat());
    owner.says(&[&serve[..], &["--host", "no name"]].concat());
    fs::set_permissions(owner.0.path("data/ca.key"), fs::Permissions::from_mode(0o644)).unwrap();
    owner.says(&serve);
    fs::set_permissions(owner.0.path("data/ca.key"), fs::Permissions::from_mode(0o600)).unwrap();
    owner.0.section("the signing key");
    let key = owner.0.path("data/signing.key");
    let signs = fs::read(&key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
    owner.says(&serve);
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, "short").unwrap();
    owner.says(&serve);
    fs::write(&key, signs).unwrap();
    owner.0.section("the identity provider");
    for (name, text, mode) in [
        ("none.json", "{", 0o600),
        ("open.json", "{}", 0o666),
        ("empty.json", r#"{"issuer": "https://login.example", "clientId": "", "clientSecretFile": "/none"}"#, 0o600),
        ("plain.json", r#"{"issuer": "http://login.example", "clientId": "pullgate"}"#, 0o600),
    ] {
        owner.0.write(name, text, mode);
        owner.says(&[&serve[..], &["--oidc", &format!("%/{name}")]].concat());
    }
    owner.says(&[&serve[..], &["--oidc", "%/missing.json"]].concat());
    owner.0.section("the data directory");
    owner.0.write("file", "", 0o600);
    owner.0.run("pullgate-service", &["--data-dir", "%/file", "organization", "list"]);
    owner.0.run("pullgate-service", &["--data-dir", "%/none", "organization", "list"]);
    fs::set_permissions(owner.0.path("data"), fs::Permissions::from_mode(0o755)).unwrap();
    owner.says(&["organization", "list"]);
    fs::set_permissions(owner.0.path("data"), fs::Permissions::from_mode(0o700)).unwrap();
    // What a process left beside it when it ended would mend it.
    for beside in ["data/pullgate.db-wal", "data/pullgate.db-shm"] {
        let _ = fs::remove_file(owner.0.path(beside));
    }
    fs::write(owner.0.path("data/pullgate.db"), "x".repeat(4096)).unwrap();
    owner.says(&["organization", "list"]);
    owner.0.replace(&address, "127.0.0.1:8443");
    owner.0.check("service");
}
