//! What the agent's commands say: who signs in, who asks for an image, and an agent that does not start.

use proto::keys::SigningKey;

use super::session::Session;

/// An enrollment file, and the options that name it.
fn enroll(session: &Session, service: &str) -> [&'static str; 2] {
    let key = SigningKey::from_seed(&[7; 32]).verifying_key().to_base64();
    let text = format!(r#"{{"service": "{service}", "trustKeys": ["{key}"]}}"#);
    session.write("enrollment.json", text, 0o644);
    ["--enrollment", "%/enrollment.json"]
}

#[test]
fn signing_in_and_asking() {
    let mut session = Session::new();
    let config = ["--config-dir", "%/docker"];
    let nowhere = ["--enrollment", "%/none.json"];
    let ask = ["request-access", "bitnami/redis", "--reason", "the cache", "--control-socket", "%/control.sock"];
    session.section("not enrolled");
    session.run("pullgate", &[&["login"][..], &config, &nowhere].concat());
    session.run("pullgate", &[&["login", "--json"][..], &config, &nowhere].concat());
    session.run("pullgate", &[&ask[..], &config, &nowhere].concat());
    session.run("pullgate", &[&["credentials"][..], &config, &nowhere].concat());
    session.section("a service that is none");
    // Nobody listens on the discard port.
    let enrolled = enroll(&session, "http://127.0.0.1:9");
    session.run("pullgate", &[&["login"][..], &config, &enrolled].concat());
    session.run("pullgate", &[&ask[..], &config, &enrolled].concat());
    session.run("pullgate", &["request-access", "Alpine", "--reason", "lunch"]);
    session.run("pullgate", &[&["credentials"][..], &config, &enrolled].concat());
    session.section("a service without TLS");
    let enrolled = enroll(&session, "http://gate.example:8080");
    session.run("pullgate", &[&["login"][..], &config, &enrolled].concat());
    session.run("pullgate", &[&ask[..], &config, &enrolled].concat());
    session.section("where docker would not look");
    let enrolled = enroll(&session, "https://gate.example:8443");
    let words = [&["login"][..], &config, &enrolled].concat();
    session.run_with("pullgate", &words, "", &[("DOCKER_AUTH_CONFIG", "{}")]);
    session.run_with("pullgate", &words, "", &[("PULLGATE_TOKEN_FILE", "%/token")]);
    session.check("signing-in");
}

#[test]
fn credentials_that_cannot_be_used() {
    let mut session = Session::new();
    let enrolled = enroll(&session, "https://gate.example:8443");
    let entry = |auth: &str| format!(r#"{{"auths": {{"gate.example:8443": {{"auth": "{auth}"}}}}}}"#);
    let helper = |body: &str| session_helper(body);
    let store = |name: &str| format!(r#"{{"auths": {{"gate.example:8443": {{}}}}, "credsStore": "{name}"}}"#);
    for (name, text) in [
        ("no-json", "{".to_owned()),
        ("an-array", "[]".to_owned()),
        ("byte-order-mark", "\u{feff}{}".to_owned()),
        ("no-base64", entry("???")),
        ("no-colon", entry("ZGFuYQ==")),
        ("no-helper", store("nowhere")),
        ("a-path", store("../../bin/sh")),
        ("a-helper-that-fails", store("fails")),
        ("a-helper-that-says-nothing", store("mute")),
        ("a-helper-without-a-name", store("nameless")),
    ] {
        session.write(&format!("{name}/config.json"), text, 0o600);
        session.write("tools/docker-credential-fails", helper("echo 'the safe is locked' >&2; exit 1"), 0o755);
        session.write("tools/docker-credential-mute", helper("exit 0"), 0o755);
        let nameless = r#"echo '{"ServerURL": "x", "Username": "<token>", "Secret": "s3cret"}'"#;
        session.write("tools/docker-credential-nameless", helper(nameless), 0o755);
        let directory = format!("%/{name}");
        let args = [&["credentials", "--config-dir", &directory][..], &enrolled].concat();
        session.run_with("pullgate", &args, "", &[("PATH", "%/tools:/usr/bin:/bin")]);
    }
    session.section("token files");
    session.write("tokens/open", "pgp_x", 0o644);
    session.write("tokens/empty", "", 0o600);
    session.write("tokens/other", "no token", 0o600);
    for name in ["none", "open", "empty", "other"] {
        let file = format!("%/tokens/{name}");
        session.run("pullgate", &[&["credentials", "--token-file", &file][..], &enrolled].concat());
    }
    session.check("credentials");
}

fn session_helper(body: &str) -> String {
    format!("#!/bin/sh\n{body}\n")
}

#[test]
fn an_agent_that_does_not_start() {
    let mut session = Session::new();
    session.write("file", "", 0o644);
    let enrolled = ["--enrollment", "%/none.json"];
    for options in [&["--state-dir", "%/file"][..], &["--state-dir", "%/file/below"]] {
        let args = [options, &["--control-socket", "%/control.sock", "--config-dir", "%/docker"], &enrolled].concat();
        session.run_with("pullgated", &args, "", &[("PULLGATE_LOG", "off")]);
    }
    session.check("agent");
}
