//! The API is what its document says: schemathesis makes requests out of `openapi.json`, good ones and bad ones, and holds
//! every answer of the real service against it. `tests/api-checker` installs it; where it is not, this fails.
//!
//! One check is left out: that whatever fits the document is taken. A cursor, a pattern or an image has a form that no
//! schema says, and `invalid` is the right answer then. And who leaves `If-Match` out is told 428, as RFC 6585 has it.

use std::{fs, path::Path, process::Command};

use crate::{
    publishers::{hub, verified},
    support::{BINARY, Service},
};

/// Made for the document's paths, so that what is asked for is often there.
const SETTINGS: &str = r#"
[parameters]
organization = "acme"
user = "alice"
team = "ops"
host = "ghcr.io"
namespace = "acme"

[checks.positive_data_acceptance]
enabled = false

[checks.missing_required_header]
expected-statuses = [400, 401, 403, 422, 428]

# The namespace `refresh` can be read, given and taken like any other, which the document says of `{namespace}`.
[[operations]]
include-path = "/publishers/refresh"
checks.allow_header_conformance.enabled = false

[warnings]
fail-on = ["unresolvable_reference"]
"#;

#[tokio::test]
async fn every_answer_is_one_that_the_document_has() {
    let target = Path::new(BINARY).ancestors().nth(2).unwrap();
    let python = target.join("tools/schemathesis/bin/python");
    assert!(python.exists(), "`{}` is not there: run `tests/api-checker`", python.display());

    let mut service = Service::empty();
    service.ok(&["organization", "add", "acme", "--namespace", "acme"]);
    service.add_member("acme", "olga", "owner");
    service.add_member("acme", "alice", "member");
    service.ok(&["member", "add", "acme", "alice", "--role", "member", "--team", "ops"]);
    service.ok(&["allowlist", "add", "acme", "grafana/grafana"]);
    service.ok(&["publisher", "set", "grafana", "verified-publisher"]);
    let token = service.ok(&["token", "create", "olga", "--name", "x", "--scope", "org:read", "--scope", "org:write"]);
    let hub = hub(&verified(&["bitnami/redis"])).await;
    service.start(&["--publishers-url", &hub.url]).await;

    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("schemathesis.toml"), SETTINGS).unwrap();
    let mut checker = Command::new(&python);
    checker.current_dir(dir.path()).env("COLUMNS", "160").args(["-m", "schemathesis.cli", "--no-color", "run"]);
    checker.arg(format!("https://{}/api/v1/openapi.json", service.address()));
    checker.arg("--tls-verify").arg(service.data_dir().join("ca.pem"));
    checker.args(["-H", &format!("Authorization: Bearer {}", token.trim())]);
    // All that it has, whatever the machine; not much faster than an account may.
    checker.args(["--seed", "1", "--max-examples", "1", "--rate-limit", "30/s"]);
    // A header that is none is answered with 400 and a closed connection, and who still writes its body may see only that.
    checker.args(["--request-retries", "3"]);
    let run = tokio::task::spawn_blocking(move || checker.output().unwrap()).await.unwrap();
    let (said, log) = (String::from_utf8_lossy(&run.stdout), service.log());
    assert!(run.status.success(), "{said}\n{}\n{log}", String::from_utf8_lossy(&run.stderr));
    // It would also succeed with nothing to do.
    assert!(said.contains("Fuzzing") && !said.contains("Tested: 0"), "{said}");
    assert!(!log.contains(" ERROR "), "{log}");
}
