//! Who signs in to the console with what others know: the identity provider, sent there and back, or Docker Hub.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    docker_hub::{asking, pair},
    fake::{Fake, json as answer},
    oidc::{self, Provider, SECRET, begin, field},
    support::{PASSWORD, Service, wait_until},
};

const CONSOLE: &str = "https://pullgate.acme.example";

/// A browser: it keeps cookies, and follows nothing by itself.
struct Browser<'a> {
    service: &'a Service,
    cookies: Vec<(String, String)>,
}

struct Page {
    status: u16,
    location: String,
    head: String,
    text: String,
}

impl<'a> Browser<'a> {
    fn new(service: &'a Service) -> Self {
        Self { service, cookies: Vec::new() }
    }

    async fn get(&mut self, address: &str) -> Page {
        // From another site's page, as the way back from the provider is.
        self.exchange("GET", address, "Sec-Fetch-Site: cross-site\r\n", "").await
    }

    async fn post(&mut self, address: &str, fields: &[(&str, &str)]) -> Page {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let head = "Sec-Fetch-Site: same-origin\r\nContent-Type: application/x-www-form-urlencoded\r\n";
        self.exchange("POST", address, head, &body).await
    }

    async fn exchange(&mut self, method: &str, address: &str, head: &str, body: &str) -> Page {
        let mut stream = self.service.connect(&[b"http/1.1"]).await;
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = format!(
            "{method} {address} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAccept: text/html\r\n\
             Cookie: {}\r\nContent-Length: {}\r\n{head}\r\n{body}",
            cookies.join("; "),
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        let (head, text) = answer.split_once("\r\n\r\n").unwrap();
        let lines: Vec<(&str, &str)> = head.lines().filter_map(|line| line.split_once(": ")).collect();
        for (_, cookie) in lines.iter().filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie")) {
            let (pair, attributes) = cookie.split_once("; ").unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            assert!(name.starts_with("__Host-") && attributes.contains("Path=/; Secure; HttpOnly; SameSite=Lax"));
            self.cookies.retain(|(held, _)| held != name);
            if !attributes.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        let location = lines.iter().find(|(name, _)| name.eq_ignore_ascii_case("location"));
        Page {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            location: location.map_or_else(String::new, |(_, value)| (*value).to_owned()),
            head: head.to_owned(),
            text: text.to_owned(),
        }
    }

    fn holds(&self, name: &str) -> Option<&str> {
        self.cookies.iter().find(|(held, _)| held == name).map(|(_, value)| value.as_str())
    }

    /// Leaves for the provider, which learns what it is sent. Returns the `state`.
    async fn depart(&mut self, provider: &Provider, next: &str) -> String {
        let page = self.get(&format!("/sign-in/provider?next={next}")).await;
        assert_eq!(page.status, 303, "{}", page.text);
        let (endpoint, query) = page.location.split_once('?').unwrap();
        assert_eq!(endpoint, format!("{}/authorize", provider.fake.url));
        let said = |name: &str| {
            let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
            let mut found = pairs.filter(|(key, _)| key == name).map(|(_, value)| value);
            let one = found.next().unwrap_or_else(|| panic!("no `{name}` in {query}"));
            assert_eq!(found.next(), None, "{name}");
            one
        };
        let redirect_uri = format!("{CONSOLE}/sign-in/callback");
        for (name, expected) in [
            ("response_type", "code"),
            ("client_id", "pullgate"),
            ("redirect_uri", &redirect_uri),
            ("scope", "openid profile"),
            ("code_challenge_method", "S256"),
        ] {
            assert_eq!(said(name), expected);
        }
        assert!(!page.location.contains(SECRET));
        provider.plan(|plan| {
            plan.nonce = said("nonce");
            plan.challenge = said("code_challenge");
            plan.redirect_uri = form_urlencoded::byte_serialize(redirect_uri.as_bytes()).collect();
        });
        said("state")
    }

    async fn arrive(&mut self, query: &str) -> Page {
        self.get(&format!("/sign-in/callback?{query}")).await
    }

    /// The token that forms of its pages send.
    async fn csrf(&mut self, address: &str) -> String {
        let page = self.get(address).await;
        let (_, rest) = page.text.split_once("name=\"csrf\" value=\"").unwrap_or_else(|| panic!("{}", page.text));
        rest.split('"').next().unwrap().to_owned()
    }
}

/// Organization `acme`, and `alice` in it, who signs in with the provider.
async fn acme(provider: &Provider) -> Service {
    let mut service = Service::empty();
    service.ok(&["organization", "add", "acme"]);
    service.ok(&["member", "add", "acme", "alice", "--role", "member", "--oidc"]);
    oidc::start(&mut service, &provider.fake.url, json!({ "consoleUrl": CONSOLE }), &[]).await;
    service
}

#[tokio::test]
async fn a_member_comes_back_from_the_provider_and_sees_the_policy() {
    let provider = Provider::start().await;
    let service = acme(&provider).await;
    let mut browser = Browser::new(&service);
    let page = browser.get("/sign-in?next=/my-policy").await;
    let host = provider.fake.url.strip_prefix("http://").unwrap();
    assert!(page.text.contains("href=\"/sign-in/provider?next=%2Fmy-policy\""), "{}", page.text);
    assert!(page.text.contains(&format!("Sign in with {host}")), "{}", page.text);
    assert!(!page.text.contains("Docker Hub"), "{}", page.text);

    let state = browser.depart(&provider, "/my-policy").await;
    let back = browser.arrive(&format!("code=the-code&state={state}")).await;
    assert_eq!((back.status, back.location.as_str()), (303, "/my-policy"), "{}", back.text);
    assert_eq!(browser.holds("__Host-pullgate-away"), None, "it has served");
    let policy = browser.get("/my-policy").await;
    assert!(policy.status == 200 && policy.text.contains("Signed in as <b>alice</b>"), "{}", policy.text);
    assert!(!policy.text.contains("You signed in with an access token"));
    let access = browser.get("/orgs/acme/image-access").await;
    assert!(access.status == 200 && !access.text.contains(">Publish<"), "a member only looks: {}", access.text);

    // The same code and state once more: who reloads is in, and somebody who was sent the address is not.
    let again = browser.arrive(&format!("code=the-code&state={state}")).await;
    assert_eq!((again.status, again.location.as_str()), (303, "/"), "{}", again.text);
    let again = Browser::new(&service).arrive(&format!("code=the-code&state={state}")).await;
    assert_eq!(again.status, 400, "{}", again.text);
    assert!(again.text.contains("This browser did not begin that sign-in"), "{}", again.text);
    // Nor does another site sign anybody in as somebody else.
    let sent = browser.get("/sign-in/provider?next=/requests").await;
    assert_eq!((sent.status, sent.location.as_str()), (303, "/requests"));
    // What they make here does not outlive them at the provider for long.
    let csrf = browser.csrf("/account").await;
    let token = [("csrf", &*csrf), ("name", "laptop"), ("until", ""), ("scope-sign-in", "on")];
    let refused = browser.post("/account/tokens", &token).await;
    assert!(refused.status == 422 && refused.text.contains("within 30 days"), "{}", refused.text);
    assert_eq!(provider.asked("POST /token"), 1);
    let row = wait_until("the sign-in in the trail", async || {
        let lines = service.ok(&["sign-ins", "--json"]);
        lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).next()
    })
    .await;
    assert_eq!(
        (&row["account"], &row["via"], &row["credential"], &row["outcome"]),
        (&json!("alice"), &json!("browser"), &json!("oidc"), &json!("accepted"))
    );
    for secret in [SECRET, "the-code", &state] {
        assert!(!service.log().contains(secret), "{secret}: {}", service.log());
    }
    // Out here is out.
    let csrf = browser.csrf("/my-policy").await;
    browser.post("/sign-out", &[("csrf", &csrf)]).await;
    assert_eq!(browser.get("/my-policy").await.location, "/sign-in?next=%2Fmy-policy");
}

#[tokio::test]
async fn whoever_did_not_leave_from_this_browser_does_not_arrive() {
    let provider = Provider::start().await;
    let service = acme(&provider).await;
    let other = acme(&provider).await;
    // What an attacker began for themselves, in the browser of somebody else, who began something too.
    let mut attacker = Browser::new(&service);
    let theirs = attacker.depart(&provider, "/").await;
    let mut elsewhere = Browser::new(&other);
    let foreign = elsewhere.depart(&provider, "/").await;
    let device = begin(&service).await.unwrap().login;
    let mut victim = Browser::new(&service);
    let own = victim.depart(&provider, "/").await;
    let handle = victim.holds("__Host-pullgate-away").unwrap().to_owned();
    let parts: Vec<&str> = handle.split('.').collect();
    let mut away: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    away["state"] = json!(theirs);
    let forged = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(away.to_string()), parts[2]);
    let foreign_handle = elsewhere.holds("__Host-pullgate-away").unwrap().to_owned();
    for (what, held, query) in [
        ("the state of somebody else", handle.as_str(), format!("code=the-code&state={theirs}")),
        ("no state", &handle, "code=the-code".to_owned()),
        ("no code", &handle, format!("state={own}")),
        ("another provider's word", &handle, format!("code=the-code&state={own}&iss=https://evil.example")),
        ("a changed handle", &forged, format!("code=the-code&state={theirs}")),
        ("a handle of another service", &foreign_handle, format!("code=the-code&state={foreign}")),
        ("a machine's handle", &device, format!("code=the-code&state={own}")),
        ("nothing held", "", format!("code=the-code&state={own}")),
        ("an error that nobody asked for", "", "error=access_denied&state=x".to_owned()),
    ] {
        victim.cookies = vec![("__Host-pullgate-away".to_owned(), held.to_owned())];
        let page = victim.arrive(&query).await;
        assert_eq!(page.status, 400, "{what}: {}", page.text);
        assert!(page.text.contains("This browser did not begin that sign-in"), "{what}: {}", page.text);
        assert_eq!(victim.holds("__Host-pullgate"), None, "{what}");
    }
    assert_eq!(provider.asked("POST /token"), 0, "nobody was asked");
    // A good one goes on.
    victim.cookies = vec![("__Host-pullgate-away".to_owned(), handle)];
    provider.plan(|plan| {
        plan.nonce = away["nonce"].as_str().unwrap().to_owned();
    });
    let issuer = form_urlencoded::byte_serialize(provider.fake.url.as_bytes()).collect::<String>();
    let back = victim.arrive(&format!("code=the-code&state={own}&iss={issuer}")).await;
    assert_eq!((back.status, back.location.as_str()), (303, "/"), "{}", back.text);
}

#[tokio::test]
async fn what_the_provider_says_is_believed_only_when_it_holds() {
    let provider = Provider::start().await;
    let service = acme(&provider).await;
    service.add_member("acme", "bob", "owner");
    for (what, status, text, claims) in [
        ("another sign-in", 401, "is not accepted", json!({ "nonce": "other" })),
        ("no sign-in", 401, "is not accepted", json!({ "nonce": null })),
        ("another audience", 401, "is not accepted", json!({ "aud": "other" })),
        ("a stranger", 401, "member add ORG carol", json!({ "sub": "of carol", "preferred_username": "carol" })),
        (
            "of another origin",
            401,
            "is an account of this service",
            json!({ "sub": "of bob", "preferred_username": "bob" }),
        ),
    ] {
        provider.plan(|plan| plan.claims = claims);
        let mut browser = Browser::new(&service);
        let state = browser.depart(&provider, "/").await;
        let page = browser.arrive(&format!("code=the-code&state={state}")).await;
        assert_eq!(page.status, status, "{what}: {}", page.text);
        assert!(page.text.contains(text), "{what}: {}", page.text);
        assert_eq!(browser.cookies, [], "{what}");
    }
    provider.plan(|plan| plan.claims = json!({}));
    // Whatever went wrong, the next attempt leads where this one was to lead.
    for (query, status, text) in [
        ("error=access_denied", 401, "refused at the identity provider"),
        ("error=server_error", 503, "identity provider cannot be asked now"),
        ("error=%3Cscript%3E", 503, "identity provider cannot be asked now"),
        ("code=another-code", 400, "took too long"),
    ] {
        let mut browser = Browser::new(&service);
        let state = browser.depart(&provider, "/my-policy").await;
        let page = browser.arrive(&format!("{query}&state={state}")).await;
        assert!(page.text.contains("next=%2Fmy-policy"), "{query}: {}", page.text);
        assert_eq!(page.status, status, "{query}: {}", page.text);
        assert!(page.text.contains(text) && !page.text.contains("<script>"), "{query}: {}", page.text);
    }
    provider.plan(|plan| plan.error = "invalid_client");
    let mut browser = Browser::new(&service);
    let state = browser.depart(&provider, "/").await;
    let page = browser.arrive(&format!("code=the-code&state={state}")).await;
    assert_eq!(page.status, 503, "{}", page.text);
    assert!(service.log().contains("check `clientId`"), "{}", service.log());
}

#[tokio::test]
async fn nobody_is_sent_anywhere_that_was_not_set_up() {
    let provider = Provider::start().await;
    let mut service = Service::empty();
    service.ok(&["organization", "add", "acme"]);
    oidc::start(&mut service, &provider.fake.url, json!({}), &[]).await;
    let mut browser = Browser::new(&service);
    assert!(!browser.get("/sign-in").await.text.contains("/sign-in/provider"));
    for address in ["/sign-in/provider", "/sign-in/callback?code=x&state=y"] {
        assert_eq!(browser.get(address).await.status, 404, "{address}");
    }
    let service = acme(&provider).await;
    let mut browser = Browser::new(&service);
    let state = browser.depart(&provider, "https://evil.example/").await;
    let back = browser.arrive(&format!("code=the-code&state={state}")).await;
    assert_eq!((back.status, back.location.as_str()), (303, "/"), "{}", back.text);
    // A provider that is down.
    let mut down = Service::empty();
    down.ok(&["organization", "add", "acme"]);
    oidc::start(&mut down, "http://127.0.0.1:9", json!({ "consoleUrl": CONSOLE }), &[]).await;
    let page = Browser::new(&down).get("/sign-in/provider").await;
    assert_eq!(page.status, 503, "{}", page.text);
    assert!(page.text.contains("The identity provider cannot be asked now"), "{}", page.text);
}

#[tokio::test]
async fn a_password_of_docker_hub_opens_the_console_and_an_access_token_lets_look_and_ask() {
    let (hub, service) = pair().await;
    hub.add_member("acmehub", "olga", "owner");
    let token = hub.ok(&["token", "create", "olga", "--name", "x", "--scope", "org:read"]);
    let sign_in = |secret: &str| {
        let secret = secret.trim().to_owned();
        let service = &service;
        async move {
            let mut browser = Browser::new(service);
            let page = browser.get("/sign-in").await;
            assert!(page.text.contains("value=\"docker-hub\"") && page.text.contains("name=\"code\""), "{}", page.text);
            let fields = [("realm", "docker-hub"), ("username", "olga"), ("password", &*secret), ("next", "/requests")];
            let page = browser.post("/sign-in", &fields).await;
            (browser, page)
        }
    };
    let (mut browser, page) = sign_in(PASSWORD).await;
    assert_eq!((page.status, page.location.as_str()), (303, "/requests"), "{}", page.text);
    let access = browser.get("/orgs/acme/image-access").await;
    assert!(access.text.contains("name=\"enabled\"") && !access.text.contains("You signed in with an access token"));
    let add = async |browser: &mut Browser<'_>| {
        let csrf = browser.csrf("/requests").await;
        let rule =
            [("csrf", &*csrf), ("list", "allow"), ("pattern", "evil/one"), ("whom", "everybody"), ("reason", "x")];
        browser.post("/orgs/acme/allowlist", &rule).await
    };
    let added = add(&mut browser).await;
    assert_eq!(added.status, 303, "{}", added.text);

    let (mut browser, page) = sign_in(&token).await;
    assert_eq!(page.status, 303, "{}", page.text);
    let access = browser.get("/orgs/acme/image-access").await;
    assert!(access.text.contains("You signed in with an access token of Docker Hub"), "{}", access.text);
    assert!(!access.text.contains("Preview</button>"), "nothing to publish with: {}", access.text);
    let refused = add(&mut browser).await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert!(refused.text.contains("which may look and ask here"), "{}", refused.text);
    // Nor by the API, with the same cookie.
    let csrf = browser.csrf("/requests").await;
    let head = format!(
        "Sec-Fetch-Site: same-origin\r\nIf-Match: *\r\nX-Pullgate-Csrf: {csrf}\r\nContent-Type: application/json\r\n"
    );
    let refused = browser.exchange("PATCH", "/api/v1/organizations/acme/policy", &head, "{\"enabled\":true}").await;
    assert!(refused.status == 403 && refused.text.contains("\"scope\""), "{} {}", refused.status, refused.text);
    let me: Value = serde_json::from_str(&browser.get("/api/v1/me").await.text).unwrap();
    assert_eq!(me["may"], json!({ "read": true, "change": false, "person": false }));
    // Nor is anybody signed out with it.
    let account = browser.get("/account").await;
    assert!(account.status == 200 && !account.text.contains("/account/browsers/end"), "{}", account.text);
    let ended = browser.post("/account/browsers/end", &[("csrf", &csrf), ("browser", "x")]).await;
    assert_eq!(ended.status, 403, "{}", ended.text);
    let publishers = browser.get("/publishers").await;
    assert!(publishers.status == 200 && !publishers.text.contains("/publishers/refresh"), "{}", publishers.text);
    service.ok(&["policy", "set", "acme", "--enabled", "true", "--mode", "enforce"]);
    let narrow = hub.ok(&["token", "create", "alice", "--name", "x", "--scope", "org:read"]);
    let mut browser = Browser::new(&service);
    let fields = [("realm", "docker-hub"), ("username", "alice"), ("password", narrow.trim()), ("next", "/")];
    assert_eq!(browser.post("/sign-in", &fields).await.status, 303);
    let csrf = browser.csrf("/requests").await;
    let asked =
        browser.post("/requests/new", &[("csrf", &csrf), ("image", "evil/miner"), ("reason", "for a test")]).await;
    assert_eq!((asked.status, asked.location.as_str()), (303, "/requests"), "a member asks: {}", asked.text);

    let mut browser = Browser::new(&service);
    for (user, secret) in [("olga", "wrong"), ("nobody", PASSWORD)] {
        let fields = [("realm", "docker-hub"), ("username", user), ("password", secret)];
        let page = browser.post("/sign-in", &fields).await;
        assert!(page.status == 401 && page.text.contains("is wrong"), "{}", page.text);
        assert!(page.text.contains("value=\"docker-hub\" checked"), "what was chosen stays: {}", page.text);
    }
    // Not without being asked: a password of this service is nobody else's business.
    let before = hub.log().len();
    browser.post("/sign-in", &[("username", "olga"), ("password", PASSWORD)]).await;
    assert_eq!(hub.log().len(), before);
}

#[tokio::test]
async fn the_code_of_a_second_factor_is_handed_to_docker_hub() {
    let claim = URL_SAFE_NO_PAD.encode(r#"{"username":"alice"}"#);
    let hub = Fake::start(move |asked, _| {
        let said: Value = serde_json::from_str(&asked.body).unwrap_or_default();
        let half =
            json!({ "detail": "Require secondary authentication on MFA enabled account", "login_2fa_token": "half" });
        match asked.line.as_str() {
            "POST /v2/auth/token" | "POST /v2/users/login" if said["password"] == "wrong" => {
                answer(401, &json!({ "detail": "Incorrect authentication credentials" }))
            }
            "POST /v2/auth/token" | "POST /v2/users/login" => answer(401, &half),
            "POST /v2/users/2fa-login" if said == json!({ "login_2fa_token": "half", "code": "123456" }) => {
                answer(200, &json!({ "token": format!("h.{claim}.s") }))
            }
            "POST /v2/users/2fa-login" => answer(401, &json!({ "detail": "Incorrect authentication credentials" })),
            "GET /v2/user/orgs?page=1&page_size=100" => {
                let rows = json!([{ "orgname": "acmehub", "user_role": "Owner" }]);
                answer(200, &json!({ "count": 1, "next": null, "previous": null, "results": rows }))
            }
            other => panic!("{other}"),
        }
    })
    .await;
    let service = asking(&hub.url, None).await;
    for (secret, code, text) in [
        ("right", "", "in a browser with the code as well"),
        ("right", "654321", "does not accept the code"),
        ("wrong", "123456", "The user name or the password is wrong"),
        ("right", &"1".repeat(65), "does not accept the code"),
    ] {
        let fields = [("realm", "docker-hub"), ("username", "alice"), ("password", secret), ("code", code)];
        let page = Browser::new(&service).post("/sign-in", &fields).await;
        assert!(page.status == 401 && page.text.contains(text), "{secret} {code}: {}", page.text);
    }
    let fields = [("realm", "docker-hub"), ("username", "alice"), ("password", "right"), ("code", " 123 456 ")];
    let mut browser = Browser::new(&service);
    let page = browser.post("/sign-in", &fields).await;
    assert_eq!(page.status, 303, "{}", page.text);
    assert!(browser.get("/orgs/acme/image-access").await.text.contains("name=\"enabled\""));
    // By the API the same.
    let body = json!({ "user": "alice", "password": "right", "code": "123456", "realm": "docker-hub" }).to_string();
    let head = "Sec-Fetch-Site: same-origin\r\nContent-Type: application/json\r\n";
    let page = Browser::new(&service).exchange("POST", "/api/v1/session", head, &body).await;
    assert_eq!(page.status, 200, "{} {}", page.head, page.text);
    // A wrong one costs more than a wrong password.
    let guesses = async |code: &str| {
        let fields = [("realm", "docker-hub"), ("username", "alice"), ("password", "right"), ("code", code)];
        Browser::new(&service).post("/sign-in", &fields).await.status
    };
    let mut statuses = Vec::new();
    for code in ["000000", "000001", "000002", "000003"] {
        statuses.push(guesses(code).await);
    }
    assert_eq!(statuses.last(), Some(&429), "{statuses:?}");
    assert!(field(&page.text, "password").is_none() && !service.log().contains("123456"));
}
