use super::*;

fn read(text: &str) -> Result<Settings, String> {
    let file = serde_json::from_str(text).map_err(|error| error.to_string())?;
    Settings::check(Path::new("/etc/pullgate/proxy.json"), file).map_err(|error| error.to_string())
}

fn host(text: &str) -> Host {
    Authority::parse(text, Some(443)).unwrap().host().clone()
}

#[test]
fn an_empty_file_means_the_defaults() {
    let settings = read("{}").unwrap();
    assert!(settings.upstream_proxy.is_none());
    assert_eq!(settings.certs_dir, Path::new("/etc/docker/certs.d"));
    assert_eq!((settings.answer.as_secs(), settings.push_answer.as_secs()), (60, 900));
    let settings = read(r#"{"answerSeconds": 90, "pushAnswerSeconds": 3600}"#).unwrap();
    assert_eq!((settings.answer.as_secs(), settings.push_answer.as_secs()), (90, 3600));
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
        (r#"{"tunnel": ["a:b"]}"#, "`tunnel` in `/etc/pullgate/proxy.json` has the entry `a:b`"),
        (r#"{"loopbackTunnel": ["10.0.0.1:53"]}"#, "loopback `address:port`"),
        (r#"{"loopbackTunnel": ["127.0.0.1"]}"#, "loopback `address:port`"),
        (r#"{"upstreamNoProxy": ["a:443"]}"#, "host, `*.domain` or network"),
        (r#"{"upstreamNoProxy": ["*.10.0.0.1"]}"#, "host, `*.domain` or network"),
        (r#"{"upstreamNoProxy": ["10.0.0.0/33"]}"#, "host, `*.domain` or network"),
        (r#"{"upstreamNoProxy": ["corp/8"]}"#, "host, `*.domain` or network"),
        (r#"{"answerSeconds": 0}"#, "`answerSeconds` in `/etc/pullgate/proxy.json` has the entry `0`"),
        (r#"{"pushAnswerSeconds": 3601}"#, "number of seconds from 1 to 3600"),
        (r#"{"answerSeconds": "60"}"#, "invalid type"),
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

#[test]
fn networks_are_for_hosts_that_are_called_by_an_address() {
    let direct = |nets: &str, called: &str| {
        read(&format!(r#"{{"upstreamProxy": "http://p:1", "upstreamNoProxy": [{nets}]}}"#))
            .unwrap()
            .proxy_for(&host(called))
            .is_none()
    };
    for (net, inside, outside) in [
        (r#""10.0.0.0/8""#, "10.255.0.1", "11.0.0.1"),
        (r#""10.1.2.3/31""#, "10.1.2.2", "10.1.2.4"),
        (r#""10.1.2.3/32""#, "10.1.2.3", "10.1.2.2"),
        (r#""0.0.0.0/0""#, "192.0.2.1", "[2001:db8::1]"),
        (r#""2001:db8::/32""#, "[2001:db8:ffff::1]", "[2001:db9::1]"),
        (r#""::/0""#, "[2001:db8::1]", "192.0.2.1"),
        (r#""10.0.0.0/8""#, "[::ffff:10.0.0.1]", "corp.example"),
    ] {
        assert!(direct(net, inside) && !direct(net, outside), "{net}");
    }
}
