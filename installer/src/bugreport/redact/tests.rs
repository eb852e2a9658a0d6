use super::*;

#[track_caller]
fn gone(line: &str, secret: &str) {
    let told = text(line);
    assert!(!told.contains(secret), "{told}");
    assert!(told.contains(LEFT_OUT), "{told}");
}

#[test]
fn what_looks_like_a_secret_is_crossed_out() {
    let token = "pg_pat_0011223344556677_abcdefghijklmnopqrstuvwxyz012345";
    for line in [
        format!("sign-in with {token} failed"),
        format!("token={token}"),
        format!("{{\"secret\":\"{token}\"}}"),
        format!("http://{token}@gate.example/"),
    ] {
        gone(&line, token);
    }
    gone("proxy http://user:hunter42@proxy.corp:3128 refused", "hunter42");
    gone("proxy http://user:hunter42@proxy.corp:3128 refused", "user");
    gone("http://u:p@ss/w@proxy:1", "ss/w");
    gone("PASSWORD: hunter42 and more", "hunter42");
    gone(r#"  "auth": "aHVudGVyNDI=","#, "aHVudGVyNDI");
    gone("Authorization: Basic aHVudGVyNDI=", "aHVudGVyNDI");
    gone("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc back", "eyJhbGci");
    gone("MY_API_KEY=hunter42", "hunter42");
    gone("-----BEGIN PRIVATE KEY-----\nMIIEvQ\n-----END PRIVATE KEY-----", "MIIEvQ");
}

#[test]
fn what_is_none_stays() {
    for line in [
        "connected to https://gate.example:8443/ in 12 ms",
        "the access token expired; sign in with a new one",
        "denied docker.io/evil/miner:latest, category community",
        "mail it@acme.example",
        "credentials cannot be read",
    ] {
        assert_eq!(text(line), line);
    }
    assert_eq!(text("a\n-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----\nb").lines().last(), Some("b"));
}

#[test]
fn of_settings_only_what_is_known_to_be_no_secret_stays() {
    let kept = settings(
        r#"{"mirrors": ["m.example", "http://u:hunter42@m.example"], "upstreamProxy": "http://u:hunter42@p:1",
           "log-opts": {"splunk-token": "hunter42"}, "unknown": ["hunter42", 7], "debug": true}"#,
    );
    assert!(!kept.contains("hunter42"), "{kept}");
    let kept: Value = serde_json::from_str(&kept).unwrap();
    assert_eq!(kept["mirrors"][0], "m.example");
    assert_eq!(kept["debug"], true);
    assert_eq!(kept["upstreamProxy"], LEFT_OUT);
    assert_eq!(kept["unknown"][1], LEFT_OUT);
    assert!(settings("{ \"password\": \"hunter42\"").starts_with(LEFT_OUT));
    assert!(!settings("hunter42").contains("hunter42"));
}
