use super::*;

fn read(text: &str) -> Result<Settings, String> {
    let file = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Settings::check(file).map_err(|error| error.to_string())
}

fn host(text: &str) -> Host {
    Authority::parse(text, Some(443)).unwrap().host().clone()
}

#[test]
fn an_empty_file_means_the_defaults() {
    let settings = read("{}").unwrap();
    assert!(settings.upstream_proxy.is_none());
    assert_eq!(settings.certs_dir, Path::new("/etc/docker/certs.d"));
}

#[test]
fn no_file_means_the_defaults_and_a_broken_one_is_an_error() {
    let dir = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
    let path = dir.path().join("proxy.json");
    assert!(Settings::read(&path).is_ok());
    std::fs::write(&path, "{").unwrap();
    assert!(matches!(Settings::read(&path), Err(SettingsError::Json { .. })));
}

#[test]
fn unknown_keys_and_wrong_entries_are_named() {
    for (text, part) in [
        (r#"{"upstreamproxy": "http://a:1"}"#, "unknown field `upstreamproxy`"),
        (r#"{"tunnel": ["a:b"]}"#, "`tunnel` has the entry `a:b`"),
        (r#"{"loopbackTunnel": ["10.0.0.1:53"]}"#, "loopback `address:port`"),
        (r#"{"loopbackTunnel": ["127.0.0.1"]}"#, "loopback `address:port`"),
        (r#"{"upstreamNoProxy": ["a:443"]}"#, "host or `*.domain`"),
        (r#"{"upstreamNoProxy": ["*.10.0.0.1"]}"#, "host or `*.domain`"),
        (r#"{"upstreamProxy": "https://a:1"}"#, "`http://[user:password@]host:port`"),
        (r#"{"upstreamProxy": "http://a"}"#, "`http://[user:password@]host:port`"),
    ] {
        let error = read(text).unwrap_err();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn the_password_of_the_proxy_is_used_and_never_shown() {
    let settings = read(r#"{"upstreamProxy": "http://corp%5Cme:p%40ss:word@proxy.corp:3128/"}"#).unwrap();
    let proxy = settings.upstream_proxy.as_ref().unwrap();
    assert_eq!(proxy.authority.to_string(), "proxy.corp:3128");
    assert_eq!(proxy.authorization.as_ref().unwrap(), "Basic Y29ycFxtZTpwQHNzOndvcmQ=");
    assert!(!format!("{settings:?}").contains("Basic"));
    let error = read(r#"{"upstreamProxy": "http://me:geheim@proxy"}"#).unwrap_err();
    assert!(!error.contains("geheim"), "{error}");
}

#[test]
fn hosts_that_are_reached_without_the_proxy() {
    let settings =
        read(r#"{"upstreamProxy": "http://p:1", "upstreamNoProxy": ["Reg.corp", "*.corp.example", "10.0.0.1"]}"#)
            .unwrap();
    for direct in ["reg.corp", "a.corp.example", "a.b.corp.example", "10.0.0.1", "localhost", "127.1.2.3", "[::1]"] {
        assert!(settings.proxy_for(&host(direct)).is_none(), "{direct}");
    }
    for proxied in ["corp.example", "evilcorp.example", "x.reg.corp", "10.0.0.2", "registry-1.docker.io"] {
        assert!(settings.proxy_for(&host(proxied)).is_some(), "{proxied}");
    }
}
