//! What no document describes: whatever is sent, a call says yes or no in its own words, and never fails.

use super::{matrix::all, *};

/// Bodies that are no JSON, or such as few readers expect.
fn bodies() -> Vec<Vec<u8>> {
    let deep = |open: &str, times: usize| open.repeat(times).into_bytes();
    let mut bodies: Vec<Vec<u8>> = [
        "",
        " ",
        "null",
        "true",
        "0",
        "\"\"",
        "[]",
        "[{}]",
        "{}{}",
        "{},",
        "{\"\":{}}",
        "{\"a\":1e999}",
        "{\"a\":NaN}",
        "{\"name\":\"\\u0000\"}",
        "{\"user\":\"a\\u0000b\",\"role\":\"member\"}",
        "{\"name\":\"\\ud800\"}",
        "{\"expires_at\":99999999999999999999999}",
        "{\"expires_at\":-9223372036854775809}",
        "{\"expires_at\":1.5}",
        "{\"name\":\"a\",\"name\":\"b\"}",
        "{\"pattern\":\"a/b\",\"pattern\":\"c/d\"}",
        "{\"__proto__\":{}}",
        "\u{feff}{}",
        "{\"name\":\"\u{202e}\"}",
        "// {}",
        "{'name':'a'}",
        "name=a&role=owner",
        "<a/>",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    bodies.extend([deep("[", 100_000), deep("{\"a\":", 20_000), b"{\"name\":\"\xff\xfe\"}".to_vec(), vec![0; 100]]);
    bodies.push(format!("{{\"name\":\"{}\"}}", "x".repeat(100_000)).into_bytes());
    bodies.push("{}".encode_utf16().flat_map(u16::to_le_bytes).collect());
    bodies
}

async fn send(world: &World, who: &Who, method: &str, path: &str, more: &[(&str, &[u8])], body: Vec<u8>) -> Answered {
    let mut request = Request::builder().method(method).uri(format!("{PREFIX}{path}")).header(header::HOST, "h");
    if let Who::Browser { cookie, csrf } = who {
        request = request.header(header::COOKIE, cookie).header(CSRF, csrf);
    }
    for (name, value) in more {
        request = request.header(*name, *value);
    }
    let mut request = request.body(Body::from(body)).unwrap();
    request.extensions_mut().insert(Peer(SocketAddr::from(([127, 0, 0, 1], 1))));
    Answered::read(world.router.clone().oneshot(request).await.unwrap()).await
}

/// A refusal in its own words, with a status that is its code's.
fn assert_refused(answer: &Answered, what: &str) {
    let code = answer.code();
    assert!((400..500).contains(&answer.status) && answer.status != 429, "{what}: {} {}", answer.status, answer.body);
    let known = Code::ALL.iter().find(|known| serde_json::to_value(known).unwrap() == code);
    assert_eq!(known.map(|code| code.status().as_u16()), Some(answer.status), "{what}: {}", answer.body);
    assert!(answer.body.to_string().len() < 2000, "{what}: a refusal repeats no more than it has to");
}

const JSON: (&str, &[u8]) = ("content-type", b"application/json");

async fn no_body_makes_a_call_fail(fixture: Fixture) {
    let world = World::new(fixture).await;
    let sole = world.browser("sole").await;
    for (method, template, _) in all().filter(|(method, template, _)| matrix::body(method, template).is_some()) {
        for body in bodies() {
            let what = format!("{method} {template} {}", String::from_utf8_lossy(&body[..body.len().min(60)]));
            let more = [JSON, ("if-match", &b"*"[..])];
            let answer = send(&world, &sole, method, &matrix::path(template), &more, body).await;
            // Some calls take an empty object or more than one thing; none of these is taken by all.
            if answer.status >= 300 {
                assert_refused(&answer, &what);
            }
        }
    }
}

#[tokio::test]
async fn a_body_counts_by_its_type_alone() {
    let world = World::new(Fixture::sqlite()).await;
    let owner = world.browser("owner").await;
    let path = "/organizations/acme/allowlist";
    let body = br#"{"pattern":"a/b"}"#.to_vec();
    for kind in [
        &b""[..],
        b"text/plain",
        b"application/x-www-form-urlencoded",
        b"multipart/form-data; boundary=x",
        b"json",
        b"text/json",
        b"application/jsonp",
        b"text/plain; application/json",
        b"application/json, text/plain",
        b"\xff",
    ] {
        let answer = send(&world, &owner, "POST", path, &[("content-type", kind)], body.clone()).await;
        assert_refused(&answer, &String::from_utf8_lossy(kind));
        assert_eq!(answer.code(), "unsupported_media_type", "{}", String::from_utf8_lossy(kind));
    }
    for kind in [&b"application/json"[..], b"Application/JSON;charset=utf-8"] {
        assert!(send(&world, &owner, "POST", path, &[("content-type", kind)], body.clone()).await.status < 300);
    }
}

async fn no_part_of_a_path_makes_a_call_fail_or_leads_elsewhere(fixture: Fixture) {
    let world = World::new(fixture).await;
    let long = "a".repeat(5000);
    let parts = [
        "%00",
        "a%00b",
        "%ff",
        "%c0%af",
        "%2e%2e",
        "..%2f..%2fme",
        "%2F",
        "a%2Fb",
        "%0d%0aSet-Cookie:x",
        "%27%20OR%201=1--",
        "%F0%9F%92%A9",
        "%25%30%30",
        "ACME",
        "acme%20",
        "%E2%80%AEacme",
        long.as_str(),
    ];
    // Two purses: an account may make a thousand calls at once.
    let owners = [world.browser("owner").await, world.browser("sole").await];
    for (n, (method, template, _)) in all().filter(|(_, template, _)| template.contains('{')).enumerate() {
        for place in template.split('/').filter(|part| part.starts_with('{')) {
            // A host is one in capitals too.
            for part in parts.into_iter().filter(|part| (place, *part) != ("{host}", "ACME")) {
                let path = matrix::path(&template.replace(place, part));
                let body = matrix::body(method, template).unwrap_or_default().into_bytes();
                let more = [JSON, ("if-match", &b"*"[..])];
                let answer = send(&world, &owners[n % 2], method, &path, &more, body).await;
                assert_refused(&answer, &format!("{method} {path}"));
            }
        }
    }
}

async fn no_query_makes_a_list_fail(fixture: Fixture) {
    let world = World::new(fixture).await;
    let long = format!("cursor={}", "A".repeat(3000));
    let cursor = |json: &str| {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
        format!("cursor={}", URL_SAFE_NO_PAD.encode(json))
    };
    let queries = [
        "limit=0",
        "limit=-1",
        "limit=1e2",
        "limit=99999999999999999999",
        "limit=%00",
        "limit=1&limit=2",
        "limit=",
        "cursor=%00",
        "cursor=%ff",
        "cursor=AAAA",
        "cursor=!",
        "cursor=",
        "%ff=1",
        "=",
        "limit[]=1",
        "LIMIT=1",
        long.as_str(),
        &cursor("null"),
        &cursor("[]"),
        &cursor("{}"),
        &cursor("\"\\u0000\""),
        &cursor("-9223372036854775809"),
        &cursor(&"[".repeat(700)),
        &cursor("[9223372036854775807,\"\"]"),
        &cursor("9223372036854775807"),
    ];
    let sole = world.browser("sole").await;
    for (_, template, _) in all().filter(|(method, ..)| *method == "GET") {
        for query in queries {
            let path = matrix::path(template);
            let path = format!("{path}{}{query}", if path.contains('?') { '&' } else { '?' });
            let answer = world.call(&sole, "GET", &path, &[], None).await;
            assert!(answer.status < 500 && answer.status != 429, "{path}: {}", answer.body);
        }
    }
    let owner = world.browser("owner").await;
    for query in [
        "records?image=%00",
        "records?since_ms=9223372036854775808",
        "records?user=a%00",
        "audit?actor=%00",
        "sign-ins?outcome=%00",
        "records?effect=%00",
        "records?since_ms=1.0",
    ] {
        let path = format!("/organizations/acme/{query}");
        let answer = world.call(&owner, "GET", &path, &[], None).await;
        assert_eq!((answer.status, answer.code()), (400, "malformed"), "{path}");
    }
    for query in ["records?since_ms=-9223372036854775808&until_ms=9223372036854775807", "records?image=%25_%5C'%22"] {
        assert_eq!(world.get(&owner, &format!("/organizations/acme/{query}")).await.status, 200, "{query}");
    }
}

#[tokio::test]
async fn a_condition_counts_in_each_of_its_forms_and_in_no_other() {
    let world = World::new(Fixture::sqlite()).await;
    let admin = world.browser("admin").await;
    let path = "/organizations/acme/policy";
    let tag = world.get(&admin, path).await.headers[header::ETAG].as_bytes().to_vec();
    let joined = |before: &[u8], after: &[u8]| [before, tag.as_slice(), after].concat();
    for (value, status) in [
        (joined(b"", b""), 200),
        (joined(b"\"other\", ", b""), 200),
        (joined(b" ", b" , \"x\""), 200),
        (b"*".to_vec(), 200),
        // A weak tag says that it may look different.
        (joined(b"W/", b""), 412),
        (b"\"\"".to_vec(), 412),
        (b"\"x\"".to_vec(), 412),
        (b"".to_vec(), 400),
        (b",".to_vec(), 400),
        (b"x".to_vec(), 400),
        (joined(b"\"", b""), 400),
        (b"\"a".to_vec(), 400),
        (b"W/".to_vec(), 400),
        (b"W/\"".to_vec(), 400),
        (b"\xff".to_vec(), 400),
        (b"**".to_vec(), 400),
    ] {
        let more = [JSON, ("if-match", value.as_slice())];
        let answer = send(&world, &admin, "PATCH", path, &more, b"{}".to_vec()).await;
        assert_eq!(answer.status, status, "{}: {}", String::from_utf8_lossy(&value), answer.body);
    }
    // In two headers as in one.
    let two = [JSON, ("if-match", b"\"x\""), ("if-match", tag.as_slice())];
    assert_eq!(send(&world, &admin, "PATCH", path, &two, b"{}".to_vec()).await.status, 200);
}

#[tokio::test]
async fn a_wrong_credential_is_not_made_good_by_a_right_one_beside_it() {
    let world = World::new(Fixture::sqlite()).await;
    let Who::Browser { cookie, csrf } = world.browser("owner").await else { unreachable!() };
    let Who::Token(token) = world.token("owner", &[TokenScope::OrgRead]).await else { unreachable!() };
    let bearer = format!("Bearer {token}");
    for authorization in ["", "Bearer", "Bearer ", "Bearer x", "Basic b3duZXI6eA==", "Digest x", &token, "\u{e9}"] {
        let answer = world.call_with(&cookie, &csrf, authorization).await;
        assert_eq!((answer.status, answer.code()), (401, "unauthenticated"), "{authorization}");
    }
    // Who shows a token acts with what it is good for, whoever is signed in beside it.
    let answer = world.call_with(&cookie, &csrf, &bearer).await;
    assert_eq!((answer.status, answer.code()), (403, "scope"), "{}", answer.body);
    // Two cookies of the name: no browser sends them.
    let twice = format!("{cookie}; {cookie}");
    for cookies in [twice.as_str(), "__Host-pullgate=", "__host-pullgate=x", "__Host-pullgate=\"x\""] {
        let headers = [("cookie", cookies), (CSRF, csrf.as_str())];
        assert_eq!(world.call(&Who::Nobody, "GET", "/me", &headers, None).await.status, 401, "{cookies}");
    }
    let lower = cookie.to_lowercase();
    assert_eq!(world.call(&Who::Nobody, "GET", "/me", &[("cookie", &lower)], None).await.status, 401);
}

impl World {
    async fn call_with(&self, cookie: &str, csrf: &str, authorization: &str) -> Answered {
        let more = [("cookie", cookie), (CSRF, csrf), ("authorization", authorization)];
        self.call(&Who::Nobody, "DELETE", "/organizations/acme/teams/nothing", &more, None).await
    }
}

#[tokio::test]
async fn a_page_of_another_site_gets_nothing_out_of_a_browser_that_is_signed_in() {
    let world = World::new(Fixture::sqlite()).await;
    let Who::Browser { cookie, csrf } = world.browser("owner").await else { unreachable!() };
    // Asked whether it may, the service says nothing; then no browser sends what a form cannot.
    let ask = [("origin", "https://evil.example"), ("access-control-request-method", "DELETE"), ("cookie", &cookie)];
    for path in ["/organizations/acme/policy", "/session", "/me/tokens"] {
        let answer = world.call(&Who::Nobody, "OPTIONS", path, &ask, None).await;
        assert_eq!(answer.status, 405, "{path}");
        assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{path}");
    }
    // What a form can send, with the token that it cannot know even so, to every route that changes something.
    for (method, template, _) in all().filter(|(method, ..)| !matches!(*method, "GET")) {
        // Those without a sign-in take nothing from a cookie.
        if matches!(template, "/invitations/look" | "/invitations/join") {
            continue;
        }
        let sign_in = serde_json::json!({ "user": "owner", "password": PASSWORD }).to_string();
        let body =
            if (method, template) == ("POST", "/session") { Some(sign_in) } else { matrix::body(method, template) };
        for foreign in [
            &[("sec-fetch-site", "cross-site")][..],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "none")],
            &[("sec-fetch-site", "")],
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
            &[("origin", "https://h.evil.example")],
            &[("origin", "https://h:444")],
            &[("origin", "")],
            // A proxy's words are anybody's.
            &[
                ("origin", "https://evil.example"),
                ("x-forwarded-host", "evil.example"),
                ("forwarded", "host=evil.example"),
            ],
        ] {
            let mut headers = vec![("cookie", cookie.as_str()), (CSRF, csrf.as_str()), ("if-match", "*")];
            headers.extend_from_slice(foreign);
            let answer = world.call(&Who::Nobody, method, &matrix::path(template), &headers, body.as_deref()).await;
            if answer.status == 429 {
                break;
            }
            assert_eq!(
                (answer.status, answer.code()),
                (403, "csrf"),
                "{method} {template} {foreign:?}: {}",
                answer.body
            );
        }
    }
}

on_each_database! {
    no_body_makes_a_call_fail,
    no_part_of_a_path_makes_a_call_fail_or_leads_elsewhere,
    no_query_makes_a_list_fail,
}
