//! Logins with an identity provider: one of the tests' own, with real signatures, so that it can
//! be made to say what a real one does not.

use std::{
    os::unix::fs::OpenOptionsExt as _,
    sync::{Arc, Mutex},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use proto::{
    document::{Role, Session},
    jws,
    keys::SigningKey,
    sealed::{Purpose, open},
    sync::{BeginLoginRequest, BeginLoginResponse, FinishLoginRequest, FinishLoginResponse},
};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tonic::{Code, Status};

use crate::{
    fake::{Fake, Reply, json as answer},
    support::{PASSWORD, Service},
};

pub const SECRET: &str = "the-client-secret";

/// What the provider does next.
#[derive(Clone)]
pub struct Plan {
    /// An error of the token endpoint; empty: a token.
    pub error: &'static str,
    /// Changes to the claims; null takes one away.
    pub claims: Value,
    /// The seed of the key that signs.
    signs: u8,
    /// The seeds of the keys that it publishes.
    publishes: Vec<u8>,
    /// Instead of a signed token.
    token: Option<String>,
    /// Changes to what it says about itself.
    metadata: Value,
    /// The nonce of the last sign-in, repeated in the token when `repeats`.
    pub nonce: String,
    pub repeats: bool,
    /// Of a browser that was sent here: what its code is worth nothing without, and where it goes back to.
    pub challenge: String,
    pub redirect_uri: String,
}

pub struct Provider {
    pub fake: Fake,
    plan: Arc<Mutex<Plan>>,
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&[seed; 32])
}

fn merge(into: &mut Value, changes: &Value) {
    for (name, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(into.as_object_mut().unwrap().remove(name)),
            value => into[name] = value.clone(),
        }
    }
}

pub fn field(form: &str, name: &str) -> Option<String> {
    form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=').map(str::to_owned))
}

impl Provider {
    pub async fn start() -> Self {
        let plan = Arc::new(Mutex::new(Plan {
            error: "",
            claims: json!({}),
            signs: 1,
            publishes: vec![1],
            token: None,
            metadata: json!({}),
            nonce: String::new(),
            repeats: true,
            challenge: String::new(),
            redirect_uri: String::new(),
        }));
        let shared = Arc::clone(&plan);
        let fake = Fake::start(move |asked, url| {
            let mut plan = shared.lock().unwrap();
            match asked.line.as_str() {
                "GET /.well-known/openid-configuration" => {
                    let mut metadata = json!({
                        "issuer": url, "authorization_endpoint": format!("{url}/authorize"),
                        "token_endpoint": format!("{url}/token"), "jwks_uri": format!("{url}/keys"),
                        "device_authorization_endpoint": format!("{url}/device"),
                        "response_types_supported": ["code"], "subject_types_supported": ["public"],
                        "id_token_signing_alg_values_supported": ["EdDSA"],
                    });
                    merge(&mut metadata, &plan.metadata);
                    answer(200, &metadata)
                }
                "GET /keys" => {
                    let keys = plan.publishes.iter().map(|seed| {
                        let public = key(*seed).verifying_key();
                        let x = URL_SAFE_NO_PAD.encode(STANDARD.decode(public.to_base64()).unwrap());
                        json!({ "kty": "OKP", "crv": "Ed25519", "use": "sig", "kid": public.id().as_str(), "x": x })
                    });
                    answer(200, &json!({ "keys": keys.collect::<Vec<_>>() }))
                }
                "POST /device" => {
                    let basic = STANDARD.encode(format!("pullgate:{SECRET}"));
                    assert!(asked.head.contains(&format!("Basic {basic}")), "{}", asked.head);
                    assert_eq!(field(&asked.body, "scope").unwrap(), "openid+profile");
                    plan.nonce = field(&asked.body, "nonce").unwrap();
                    answer(
                        200,
                        &json!({
                            "device_code": "the-device-code", "user_code": "WDJB-MJHT",
                            "verification_uri": format!("{url}/activate"),
                            "verification_uri_complete": format!("{url}/activate?user_code=WDJB-MJHT"),
                            "expires_in": 600, "interval": 2,
                        }),
                    )
                }
                "POST /token" => {
                    match field(&asked.body, "grant_type").unwrap().as_str() {
                        "authorization_code" => {
                            let basic = STANDARD.encode(format!("pullgate:{SECRET}"));
                            assert!(asked.head.contains(&format!("Basic {basic}")), "{}", asked.head);
                            assert_eq!(field(&asked.body, "redirect_uri").unwrap(), plan.redirect_uri);
                            let verifier = field(&asked.body, "code_verifier").unwrap();
                            let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&verifier));
                            assert_eq!(challenge, plan.challenge, "RFC 7636, 4.6");
                            if field(&asked.body, "code").unwrap() != "the-code" {
                                return answer(400, &json!({ "error": "invalid_grant" }));
                            }
                        }
                        _ => assert_eq!(field(&asked.body, "device_code").unwrap(), "the-device-code"),
                    }
                    if !plan.error.is_empty() {
                        return answer(400, &json!({ "error": plan.error }));
                    }
                    let now = service::clock::now();
                    let mut claims = json!({
                        "iss": url, "aud": "pullgate", "sub": "subject-1", "iat": now, "exp": now + 300,
                        "preferred_username": "Alice",
                    });
                    if plan.repeats {
                        claims["nonce"] = json!(plan.nonce);
                    }
                    merge(&mut claims, &plan.claims);
                    let token = plan.token.clone().unwrap_or_else(|| jws::sign("JWT", &claims, &key(plan.signs)));
                    answer(200, &json!({ "access_token": "opaque", "token_type": "Bearer", "id_token": token }))
                }
                other => panic!("{other}"),
            }
        })
        .await;
        Self { fake, plan }
    }

    pub fn plan(&self, change: impl FnOnce(&mut Plan)) {
        change(&mut self.plan.lock().unwrap());
    }

    pub fn asked(&self, line: &str) -> usize {
        self.fake.asked().iter().filter(|asked| asked.line == line).count()
    }
}

/// Starts a service with this provider, in a directory that must outlive it.
pub async fn start(service: &mut Service, issuer: &str, more: Value, options: &[&str]) {
    let dir = service.data_dir().with_file_name("oidc");
    std::fs::create_dir_all(&dir).unwrap();
    let write = |name: &str, text: &str, mode| {
        use std::io::Write as _;
        let mut file =
            std::fs::File::options().create(true).write(true).truncate(true).mode(mode).open(dir.join(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    };
    write("secret", &format!("{SECRET}\n"), 0o600);
    let mut settings = json!({ "issuer": issuer, "clientId": "pullgate", "clientSecretFile": "secret" });
    merge(&mut settings, &more);
    write("oidc.json", &settings.to_string(), 0o644);
    let path = dir.join("oidc.json");
    let options = [&["--oidc", path.to_str().unwrap()], options].concat();
    service.start_with(&options, &[("PULLGATE_LOG", "trace")]).await;
}

/// Organization `acme`, and `alice` in it, who signs in with the provider.
pub async fn acme(provider: &Provider) -> Service {
    let mut service = Service::empty();
    service.ok(&["organization", "add", "acme"]);
    service.ok(&["member", "add", "acme", "alice", "--role", "member", "--oidc"]);
    start(&mut service, &provider.fake.url, json!({}), &[]).await;
    service
}

pub async fn begin(service: &Service) -> Result<BeginLoginResponse, Status> {
    let request = BeginLoginRequest { agent_version: "test".to_owned() };
    Ok(service.client().await.0.begin_login(request).await?.into_inner())
}

pub async fn finish(service: &Service, login: &str) -> Result<FinishLoginResponse, Status> {
    let request = FinishLoginRequest { login: login.to_owned() };
    Ok(service.client().await.0.finish_login(request).await?.into_inner())
}

async fn log_in(service: &Service) -> Result<FinishLoginResponse, Status> {
    let login = begin(service).await.unwrap().login;
    finish(service, &login).await
}

async fn organizations(service: &Service, login: &FinishLoginResponse) -> Vec<(String, Role, Vec<String>)> {
    let signed_in = service.client().await.sign_in(&login.username, &login.token).await.unwrap();
    let now = service::clock::now();
    let opened =
        open::<Session>(&signed_in.session, &service.trusted(), &["machine:machine-1"], now, Purpose::Receive).unwrap();
    let organizations = opened.document.organizations.iter();
    organizations.map(|m| (m.organization.clone(), m.role(), m.teams.clone())).collect()
}

#[tokio::test]
async fn a_person_who_typed_the_code_gets_a_token_of_this_service() {
    let provider = Provider::start().await;
    let service = acme(&provider).await;
    let begun = begin(&service).await.unwrap();
    assert_eq!((begun.user_code.as_str(), begun.interval, begun.expires_in), ("WDJB-MJHT", 2, 600));
    assert_eq!(begun.verification_uri, format!("{}/activate", provider.fake.url));
    assert!(begun.verification_uri_complete.ends_with("user_code=WDJB-MJHT"));
    assert!(!begun.login.contains(SECRET));

    provider.plan(|plan| plan.error = "authorization_pending");
    let pending = finish(&service, &begun.login).await.unwrap();
    assert_eq!((pending.username.as_str(), pending.token.as_str(), pending.interval), ("", "", 2));
    provider.plan(|plan| plan.error = "slow_down");
    assert_eq!(finish(&service, &begun.login).await.unwrap().interval, 7);

    provider.plan(|plan| plan.error = "");
    let done = finish(&service, &begun.login).await.unwrap();
    assert_eq!(done.username, "alice");
    assert!(done.token.starts_with("pg_pat_"));
    let days = (done.expires_at - service::clock::now()).div_euclid(86_400);
    assert!((29..=30).contains(&days), "{days}");
    assert_eq!(organizations(&service, &done).await, [("acme".to_owned(), Role::Member, vec![])]);
    assert!(service.ok(&["token", "list", "alice"]).contains("pullgate login"));
    let audit = service.ok(&["audit", "--json"]);
    assert!(audit.contains(r#""actor":"oidc""#) && !audit.contains(&done.token), "{audit}");
    for secret in [SECRET, &done.token, "the-device-code"] {
        assert!(!service.log().contains(secret), "{}", service.log());
    }
}

#[tokio::test]
async fn what_the_provider_refuses_has_its_own_answer() {
    let provider = Provider::start().await;
    let service = acme(&provider).await;
    let login = begin(&service).await.unwrap().login;
    for (error, code) in [
        ("access_denied", Code::PermissionDenied),
        ("expired_token", Code::NotFound),
        ("invalid_grant", Code::NotFound),
        ("invalid_client", Code::Unavailable),
        ("server_error", Code::Unavailable),
    ] {
        provider.plan(|plan| plan.error = error);
        let status = finish(&service, &login).await.unwrap_err();
        assert_eq!(status.code(), code, "{error}: {status}");
    }
    assert!(service.log().contains("check `clientId`"), "{}", service.log());
}

#[tokio::test]
async fn a_handle_is_taken_as_it_was_made_or_not_at_all() {
    let provider = Provider::start().await;
    let service = acme(&provider).await;
    let other = acme(&provider).await;
    let foreign = begin(&other).await.unwrap().login;
    let login = begin(&service).await.unwrap().login;
    let parts: Vec<&str> = login.split('.').collect();
    let mut begun: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    begun["device_code"] = json!("another");
    let changed = format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(begun.to_string()), parts[2]);
    for bad in ["", "x", &changed, &foreign] {
        let status = finish(&service, bad).await.unwrap_err();
        assert_eq!(status.code(), Code::InvalidArgument, "{bad}: {status}");
    }
    let client = service.client().await.0;
    let mut strangers = tokio::task::JoinSet::new();
    for _ in 0..400 {
        let mut client = client.clone();
        strangers.spawn(async move {
            let request = FinishLoginRequest { login: "x".to_owned() };
            client.finish_login(request).await.unwrap_err().code()
        });
    }
    let answers = strangers.join_all().await;
    assert!(answers.iter().all(|code| *code == Code::InvalidArgument), "what is made up keeps nobody from finishing");
    assert_eq!(provider.asked("POST /token"), 0, "the provider was not asked");
    finish(&service, &login).await.unwrap();
}

#[tokio::test]
async fn an_identity_token_that_does_not_hold_opens_nothing() {
    let provider = Provider::start().await;
    let service = acme(&provider).await;
    let now = service::clock::now();
    for (what, claims) in [
        ("another audience", json!({ "aud": "other" })),
        ("one more audience", json!({ "aud": ["pullgate", "other"] })),
        ("another client", json!({ "azp": "other" })),
        ("another issuer", json!({ "iss": "https://id.evil.example" })),
        ("past its end", json!({ "exp": now - 1 })),
        ("no end", json!({ "exp": null })),
        ("issued ahead", json!({ "iat": now + 3600, "exp": now + 7200 })),
        ("another sign-in", json!({ "nonce": "other" })),
        ("nobody", json!({ "sub": "" })),
        ("no subject", json!({ "sub": null })),
        ("no name", json!({ "preferred_username": null })),
        ("a name that is none", json!({ "preferred_username": 7 })),
    ] {
        provider.plan(|plan| plan.claims = claims);
        let status = log_in(&service).await.unwrap_err();
        assert!(matches!(status.code(), Code::PermissionDenied | Code::Unavailable), "{what}: {status}");
    }
    provider.plan(|plan| plan.claims = json!({}));

    let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims = part(json!({
        "iss": provider.fake.url, "aud": "pullgate", "sub": "subject-1", "iat": now, "exp": now + 300,
        "preferred_username": "alice",
    }));
    let none = format!("{}.{claims}.", part(json!({ "alg": "none" })));
    // Signed with what both know: `HS256` would take the client secret for a key.
    let shared = format!("{}.{claims}.{}", part(json!({ "alg": "HS256" })), part(json!(SECRET)));
    for token in [none, shared, "x".to_owned(), String::new()] {
        provider.plan(|plan| plan.token = Some(token.clone()));
        let status = log_in(&service).await.unwrap_err();
        assert!(matches!(status.code(), Code::PermissionDenied | Code::Unavailable), "{token}: {status}");
    }
    assert_eq!(service.ok(&["token", "list", "alice", "--json"]), "", "no token was made");
    // The provider need not repeat what it was sent.
    provider.plan(|plan| (plan.token, plan.repeats) = (None, false));
    log_in(&service).await.unwrap();
}

#[tokio::test]
async fn a_key_of_somebody_else_is_refused_and_a_new_key_of_the_provider_is_found() {
    let provider = Provider::start().await;
    let service = acme(&provider).await;
    // The first login fetches the keys; asked again so soon, they are not.
    log_in(&service).await.unwrap();
    provider.plan(|plan| plan.signs = 2);
    assert_eq!(log_in(&service).await.unwrap_err().code(), Code::PermissionDenied);
    let before = provider.asked("GET /keys");
    for _ in 0..5 {
        assert_eq!(log_in(&service).await.unwrap_err().code(), Code::PermissionDenied);
    }
    assert_eq!(provider.asked("GET /keys"), before, "a stranger's tokens do not make the service ask and ask");
}

#[tokio::test]
async fn an_account_belongs_to_one_person_at_the_provider_for_good() {
    let provider = Provider::start().await;
    let service = acme(&provider).await;
    log_in(&service).await.unwrap();
    // Another person has the name now.
    provider.plan(|plan| plan.claims = json!({ "sub": "subject-2" }));
    let status = log_in(&service).await.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied);
    assert!(status.message().contains("belongs to somebody else"), "{status}");
    // The first one has another name.
    provider.plan(|plan| plan.claims = json!({ "preferred_username": "alice-married" }));
    assert_eq!(log_in(&service).await.unwrap().username, "alice");
    // The administrator ends the old account and makes a new one.
    service.ok(&["account", "remove", "alice"]);
    service.ok(&["member", "add", "acme", "alice", "--role", "member", "--oidc"]);
    provider.plan(|plan| plan.claims = json!({ "sub": "subject-2" }));
    assert_eq!(log_in(&service).await.unwrap().username, "alice");
}

#[tokio::test]
async fn strangers_and_accounts_of_another_origin_get_nothing() {
    let provider = Provider::start().await;
    let service = acme(&provider).await;
    service.add_member("acme", "bob", "owner");
    let refused = async |name: &str| {
        provider.plan(|plan| plan.claims = json!({ "sub": format!("of {name}"), "preferred_username": name }));
        let status = log_in(&service).await.unwrap_err();
        assert_eq!(status.code(), Code::PermissionDenied, "{status}");
        status.message().to_owned()
    };
    assert!(refused("bob").await.contains("`bob` is an account of this service here"));
    assert!(refused("carol").await.contains("`member add ORG carol --role member --oidc`"));
    service.ok(&["member", "add", "acme", "kate", "--role", "owner", "--oidc"]);
    // The last ones are not `kate` at the provider: one begins with a Kelvin sign, one ends with a no-break space.
    for name in ["a b", "acme/ci", "é", "carol@acme.example", "\u{212a}ate", "kate\u{a0}"] {
        assert!(refused(name).await.contains("usernameClaim"), "{name}");
    }
    let status = service.client().await.sign_in("alice", PASSWORD).await.unwrap_err();
    assert_eq!(status.code(), Code::Unauthenticated, "an account of the provider has no password here");
}

#[tokio::test]
async fn groups_make_members_of_organizations_that_are_open_to_them() {
    let provider = Provider::start().await;
    let mut service = Service::empty();
    for organization in ["acme", "closed"] {
        service.ok(&["organization", "add", organization]);
    }
    service.ok(&["organization", "link", "acme", "--oidc-groups"]);
    start(&mut service, &provider.fake.url, json!({ "groupsClaim": "groups" }), &[]).await;
    let member =
        |teams: &[&str]| vec![("acme".to_owned(), Role::Member, teams.iter().map(|&t| t.to_owned()).collect())];

    service.ok(&["organization", "add", "kraken"]);
    service.ok(&["organization", "link", "kraken", "--oidc-groups"]);
    for groups in [json!(["closed", "closed:ops"]), json!(["\u{212a}raken"])] {
        provider.plan(|plan| plan.claims = json!({ "groups": groups }));
        assert_eq!(log_in(&service).await.unwrap_err().code(), Code::PermissionDenied, "nobody opened it");
    }
    provider.plan(|plan| plan.claims = json!({ "groups": ["Acme:Ops", "closed", "acme:owner"] }));
    let done = log_in(&service).await.unwrap();
    assert_eq!(organizations(&service, &done).await, member(&["ops", "owner"]), "a group makes nobody an owner");
    provider.plan(|plan| plan.claims = json!({ "groups": "acme" }));
    let done = log_in(&service).await.unwrap();
    assert_eq!(organizations(&service, &done).await, member(&[]));
    provider.plan(|plan| plan.claims = json!({}));
    let done = log_in(&service).await.unwrap();
    assert_eq!(organizations(&service, &done).await, vec![], "who left the groups left");

    provider.plan(|plan| plan.claims = json!({ "groups": ["acme"] }));
    let done = log_in(&service).await.unwrap();
    service.ok(&["organization", "link", "acme", "--no-oidc-groups"]);
    assert_eq!(organizations(&service, &done).await, vec![]);
}

#[tokio::test]
async fn one_account_keeps_ten_tokens_of_its_logins() {
    let provider = Provider::start().await;
    let service = acme(&provider).await;
    let mut made = Vec::new();
    for _ in 0..12 {
        made.push(log_in(&service).await.unwrap().token);
    }
    assert_eq!(service.ok(&["token", "list", "alice"]).lines().count(), 10);
    let mut client = service.client().await;
    let mut accepted = 0;
    for token in &made {
        accepted += usize::from(client.sign_in("alice", token).await.is_ok());
    }
    assert_eq!(accepted, 10);
    client.sign_in("alice", made.last().unwrap()).await.expect("the newest one stays");
    assert_eq!(service.ok(&["audit"]).matches("token.revoke").count(), 2, "what made room is written down");
}

#[tokio::test]
async fn a_provider_that_is_down_or_says_nonsense_is_unavailable_and_comes_back() {
    let provider = Provider::start().await;
    let mut last = None;
    for metadata in [
        json!({ "issuer": "https://id.evil.example" }),
        json!({ "jwks_uri": null }),
        json!({ "jwks_uri": "http://192.0.2.1/keys" }),
    ] {
        provider.plan(|plan| plan.metadata = metadata.clone());
        let service = acme(&provider).await;
        let status = begin(&service).await.unwrap_err();
        assert_eq!(status.code(), Code::Unavailable, "{metadata}: {status}");
        last = Some(service);
    }
    provider.plan(|plan| plan.metadata = json!({}));
    let service = last.unwrap();
    let started = std::time::Instant::now();
    let begun = loop {
        match begin(&service).await {
            Ok(begun) => break begun,
            Err(status) => assert_eq!(status.code(), Code::Unavailable, "{status}"),
        }
        assert!(started.elapsed() < crate::support::PATIENCE, "the provider is not asked again");
        // Each attempt counts for this address.
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    };

    let without = Provider::start().await;
    without.plan(|plan| plan.metadata = json!({ "device_authorization_endpoint": null }));
    let other = acme(&without).await;
    assert_eq!(begin(&other).await.unwrap_err().code(), Code::Unavailable);
    assert!(other.log().contains("allow the device flow"), "{}", other.log());

    drop(provider);
    let status = finish(&service, &begun.login).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
    assert_eq!(begin(&service).await.unwrap_err().code(), Code::Unavailable);
}

#[tokio::test]
async fn one_address_cannot_begin_sign_ins_without_end() {
    let provider = Provider::start().await;
    let service = acme(&provider).await;
    let mut client = service.client().await.0;
    let mut made = 0;
    let status = loop {
        let request = BeginLoginRequest { agent_version: "test".to_owned() };
        match client.begin_login(request).await {
            Ok(_) => made += 1,
            Err(status) => break status,
        }
        assert!(made < 200, "nothing stops it");
    };
    assert_eq!(status.code(), Code::ResourceExhausted);
    assert!(status.metadata().contains_key("retry-after"));
}

#[tokio::test]
async fn a_service_without_a_provider_says_so_and_a_bad_file_does_not_start() {
    let service = Service::acme().await;
    for status in [begin(&service).await.unwrap_err(), finish(&service, "x").await.unwrap_err()] {
        assert_eq!(status.code(), Code::Unimplemented);
        assert!(status.message().contains("docker login"), "{status}");
    }
    let fresh = Service::empty();
    let said = fresh.fails(&["serve", "--listen", "127.0.0.1:0", "--oidc", "/nonexistent/oidc.json"], "");
    assert!(said.contains("`/nonexistent/oidc.json` cannot be read"), "{said}");
}

#[tokio::test]
async fn a_provider_over_tls_is_asked_with_the_named_authority_only() {
    // Any server whose certificate is signed by an authority of its own: a pullgate service is one.
    let server = Service::acme().await;
    let issuer = format!("https://{}", server.address());
    let mut service = Service::empty();
    start(&mut service, &issuer, json!({}), &[]).await;
    assert_eq!(begin(&service).await.unwrap_err().code(), Code::Unavailable);
    assert!(service.log().contains("trusts its certificate"), "{}", service.log());

    let mut service = Service::empty();
    let ca = server.data_dir().join("ca.pem");
    start(&mut service, &issuer, json!({ "caFile": ca }), &[]).await;
    assert_eq!(begin(&service).await.unwrap_err().code(), Code::Unavailable);
    assert!(!service.log().contains("trusts its certificate"), "{}", service.log());
}

#[tokio::test]
async fn a_silent_provider_ends_one_login_in_time() {
    let fake = Fake::start(|_, _| Reply::Silence).await;
    let mut service = Service::empty();
    start(&mut service, &fake.url, json!({}), &[]).await;
    let status = begin(&service).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable, "{status}");
}
