use super::*;

fn old(http: &str, https: &str, no: &str) -> OldProxies {
    let set = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    OldProxies { http: set(http), https: set(https), no: set(no) }
}

#[test]
fn a_proxy_is_taken_over_as_the_door_reads_one() {
    for (given, expected) in [
        ("http://proxy.acme.example:3128", "http://proxy.acme.example:3128"),
        ("http://proxy.acme.example:3128/", "http://proxy.acme.example:3128"),
        ("HTTP://Proxy:3128", "http://Proxy:3128"),
        ("proxy:3128", "http://proxy:3128"),
        ("http://proxy", "http://proxy:80"),
        ("http://10.0.0.1:8080", "http://10.0.0.1:8080"),
        ("http://[2001:db8::1]:8080", "http://[2001:db8::1]:8080"),
        ("http://corp%5Cme:p%40ss:word@proxy:3128", "http://corp%5Cme:p%40ss:word@proxy:3128"),
        ("http://me@proxy:3128", "http://me@proxy:3128"),
        ("me:p@ss@proxy:3128", "http://me:p@ss@proxy:3128"),
    ] {
        let upstream = read(&old("", given, "")).unwrap().unwrap();
        assert_eq!(upstream.proxy.as_deref(), Some(expected), "{given}");
        assert_eq!(upstream.notes, Vec::<String>::new());
    }
}

#[test]
fn what_the_door_cannot_be_told_is_refused_without_a_password() {
    for (http, https, part) in [
        ("", "https://me:geheim@proxy:3128", "`https://`"),
        ("", "socks5://me:geheim@proxy:1080", "`socks5://`"),
        ("", "http://me:geheim@proxy:99999", "a host and a port"),
        ("", "http://me:geheim@", "a host and a port"),
        ("", "http://me:geheim@pro xy:1", "a host and a port"),
        ("", "http://me:gehe im@proxy:1", "%XX"),
        ("", "http://me:geheim%@proxy:1", "%XX"),
        ("", "http://me:geheim%4@proxy:1", "%XX"),
        ("", "geheim me://proxy:1", "no URL"),
        ("http://me:geheim@proxy:1", "", "plain HTTP alone"),
    ] {
        let why = read(&old(http, https, "")).unwrap_err();
        assert!(why.contains(part) && !why.contains("geheim"), "{https}: {why}");
    }
    assert_eq!(read(&old("", "", "a.example")), Ok(None));
    let both = read(&old("http://me:geheim@a:1", "http://me:geheim@b:2", "")).unwrap().unwrap();
    assert_eq!(both.proxy.as_deref(), Some("http://me:geheim@b:2"));
    assert!(both.notes[0].contains("are two"), "{:?}", both.notes);
    assert!(!format!("{both:?} {:?}", both.notes).contains("geheim"));
}

/// Each as Go's own reader takes it (httpproxy `config.init`, `useProxy`).
#[test]
fn exceptions_are_those_that_go_reads() {
    for (no, direct, notes) in [
        ("", &[][..], 0),
        (" localhost , 127.0.0.1,127.0.0.0/8,::1,[::1],127.0.0.1:5000,", &[], 0),
        ("Acme.example", &["acme.example", "*.acme.example"], 0),
        (".acme.example,*.acme.example", &["*.acme.example"], 0),
        ("registry", &["registry", "*.registry"], 0),
        ("10.0.0.1,2001:db8::1,[2001:db8::2]", &["10.0.0.1", "[2001:db8::1]", "[2001:db8::2]"], 0),
        ("10.0.0.0/8,2001:db8::/32,0.0.0.0/0", &["10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0"], 0),
        ("acme.example:8080", &["acme.example", "*.acme.example"], 1),
        ("10.0.0.1:5000,[2001:db8::1]:5000", &["10.0.0.1", "[2001:db8::1]"], 2),
        ("10.0.0.0/33,10.*,a b,*.10.0.0.1,acme.example:http,exam*ple", &[], 6),
    ] {
        let upstream = read(&old("", "http://p:1", no)).unwrap().unwrap();
        assert_eq!(upstream.direct, direct, "{no}");
        assert_eq!(upstream.notes.len(), notes, "{no}: {:?}", upstream.notes);
        assert!(upstream.proxy.is_some());
    }
    let none = read(&old("", "http://p:1", "a.example,*")).unwrap().unwrap();
    assert_eq!((none.proxy, none.direct), (None, Vec::new()));
}
