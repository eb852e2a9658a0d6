//! What is said of files that an administrator or a developer wrote.

use std::{fmt::Write as _, os::unix::fs::symlink};

use proto::keys::SigningKey;
use serde_json::{Value, json};

use super::session::Session;

/// One that is right, with something changed.
fn enrollment(change: impl FnOnce(&mut Value)) -> String {
    let key = SigningKey::from_seed(&[7; 32]).verifying_key().to_base64();
    let mut file = json!({ "service": "https://gate.example:8443", "trustKeys": [key] });
    change(&mut file);
    file.to_string()
}

#[test]
fn enrollment_files() {
    let mut session = Session::new();
    let cases = [
        ("no-json", "{".to_owned()),
        ("byte-order-mark", format!("\u{feff}{}", enrollment(|_| ()))),
        ("no-service", r#"{"trustKeys": []}"#.to_owned()),
        ("unknown-key", enrollment(|file| file["allowedOrg"] = json!(["acme"]))),
        ("no-url", enrollment(|file| file["service"] = "gate.example:8443".into())),
        ("a-password", enrollment(|file| file["service"] = "https://dana:secret@gate.example".into())),
        ("no-host", enrollment(|file| file["service"] = "https://".into())),
        ("no-port", enrollment(|file| file["service"] = "https://gate.example:https".into())),
        ("white-space", enrollment(|file| file["service"] = "https://gate.example ".into())),
        ("no-keys", enrollment(|file| file["trustKeys"] = json!([]))),
        ("no-base64", enrollment(|file| file["trustKeys"] = json!(["no key"]))),
        ("a-weak-key", enrollment(|file| file["trustKeys"] = json!(["A".repeat(43) + "="]))),
        ("one-text", enrollment(|file| file["allowedOrgs"] = json!(["acme, labs"]))),
        ("an-empty-name", enrollment(|file| file["allowedOrgs"] = json!([""]))),
        ("a-line-in-a-name", enrollment(|file| file["adminName"] = "Acme\nIT".into())),
    ];
    for (name, text) in &cases {
        session.write(&format!("{name}.json"), text, 0o644);
        session.run("pullgated", &["reach", "--enrollment", &format!("%/{name}.json")]);
    }
    session.section("the file itself");
    session.write("writable.json", enrollment(|_| ()), 0o666);
    session.write("large.json", " ".repeat(1 << 17), 0o644);
    session.write("open/enrollment.json", enrollment(|_| ()), 0o644);
    std::fs::set_permissions(session.path("open"), std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    symlink(session.path("writable.json"), session.path("link.json")).unwrap();
    for name in ["missing.json", "writable.json", "large.json", "link.json", "open/enrollment.json", ""] {
        session.run("pullgated", &["reach", "--enrollment", &format!("%/{name}")]);
    }
    session.check("enrollment");
}

#[test]
fn registry_json_files() {
    let session = Session::new();
    let mut text = String::new();
    for content in [
        "",
        "[]",
        "\u{feff}{}",
        r#"{"allowedOrgs": "acme"}"#,
        r#"{"allowedOrgs": [1]}"#,
        r#"{"allowedOrgs": [""]}"#,
        r#"{"allowedOrgs": ["acme;labs"]}"#,
        r#"{"allowedOrgs": ["a"], "AllowedOrgs": []}"#,
    ] {
        let path = session.write("registry.json", content, 0o644);
        let error = proto::registry_json::read(&path).expect_err(content);
        let told = proto::chain(&error).replace(&session.dir().display().to_string(), "/place");
        writeln!(text, "{content:?}\n{told}\n").unwrap();
    }
    tests::kept::check("registry-json", &text);
}

/// What the registry door says to settings that it does not start with.
#[test]
fn door_settings() {
    let mut session = Session::new();
    for (name, content) in [
        ("no-json", "{"),
        ("unknown-key", r#"{"mirror": []}"#),
        ("wrong-type", r#"{"mirrors": "mirror.acme.example"}"#),
        ("a-url", r#"{"mirrors": ["https://mirror.acme.example"]}"#),
        ("no-port", r#"{"insecureRegistries": ["registry.acme.example:http"]}"#),
        ("a-tunnel", r#"{"tunnel": ["*.acme.example"]}"#),
        ("no-loopback", r#"{"loopbackTunnel": ["10.0.0.1:5000"]}"#),
        ("no-proxy", r#"{"upstreamProxy": "proxy.acme.example"}"#),
        ("a-secret-proxy", r#"{"upstreamProxy": "https://dana:secret@proxy.acme.example"}"#),
        ("past-the-proxy", r#"{"upstreamNoProxy": ["10.0.0.0/33"]}"#),
    ] {
        let file = format!("%/{name}.json");
        session.write(&format!("{name}.json"), content, 0o644);
        let args = ["serve", "--settings", &file, "--ca-dir", "%", "--listen", "127.0.0.1:0"];
        session.run_with("pullgate-proxy", &args, "", &[("PULLGATE_LOG", "off")]);
    }
    session.check("door-settings");
}

/// Policies and sessions that people write to try them out.
#[test]
fn files_of_decide() {
    let mut session = Session::new();
    for (name, content) in [
        ("no-json", "{"),
        ("unknown-key", r#"{"organization": "acme", "alow": ["x"]}"#),
        ("mode", r#"{"organization": "acme", "mode": "strict"}"#),
        ("when-expired", r#"{"organization": "acme", "when_expired": "forget"}"#),
        ("publisher", r#"{"organization": "acme", "publishers": {"bitnami": "trusted"}}"#),
        ("pattern", r#"{"organization": "acme", "allow": ["*"]}"#),
        ("for-two", r#"{"organization": "acme", "allow": [{"pattern": "a/b", "team": "web", "user": "dana"}]}"#),
        ("local-content", r#"{"organization": "acme", "settings": {"local_content": "maybe"}}"#),
        ("run-unapproved", r#"{"organization": "acme", "settings": {"run_unapproved": "maybe"}}"#),
        ("engine-plugins", r#"{"organization": "acme", "settings": {"engine_plugins": "maybe"}}"#),
        ("swarm", r#"{"organization": "acme", "settings": {"swarm": "maybe"}}"#),
        ("builds", r#"{"organization": "acme", "settings": {"builds": "maybe"}}"#),
        ("container-builders", r#"{"organization": "acme", "settings": {"container_builders": "maybe"}}"#),
        ("unknown-requests", r#"{"organization": "acme", "settings": {"unknown_requests": "maybe"}}"#),
    ] {
        session.write(&format!("{name}.json"), content, 0o644);
        session.run("pullgate", &["decide", "--policy", &format!("%/{name}.json"), "--image", "alpine"]);
    }
    session.write("policy.json", r#"{"organization": "acme"}"#, 0o644);
    session.write(
        "role.json",
        r#"{"user": "dana", "organizations": [{"organization": "acme", "role": "king"}]}"#,
        0o644,
    );
    let policy = "%/policy.json";
    session.run("pullgate", &["decide", "--policy", policy, "--session", "%/role.json", "--image", "alpine"]);
    session.run("pullgate", &["decide", "--policy", policy, "--session", "%/none.json", "--image", "alpine"]);
    session.run("pullgate", &["decide", "--policy", "%/none.json", "--image", "alpine"]);
    session.run("pullgate", &["decide", "--policy", policy, "--image", "Alpine"]);
    session.check("decide");
}
