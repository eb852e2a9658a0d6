//! What Docker's Terraform provider does, call by call and in its order: create, read, update, import and delete of each
//! of its resources that a policy service has. The bodies are those of its client, fields that mean nothing here
//! included; so is what it takes for an error, for a thing that is gone, and for the end of a list.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::{PASSWORD, Service};

/// The provider's client.
struct Provider<'a> {
    service: &'a Service,
    bearer: String,
}

impl<'a> Provider<'a> {
    /// Signs in as both of its forms do.
    async fn new(service: &'a Service, user: &str, secret: &str) -> Self {
        let mut provider = Provider { service, bearer: String::new() };
        let old =
            provider.send("POST", "/users/login", &json!({ "username": user, "password": secret })).await.unwrap();
        let new = provider.send("POST", "/auth/token", &json!({ "identifier": user, "secret": secret })).await.unwrap();
        for token in [&old["token"], &new["access_token"]] {
            let claims = token.as_str().unwrap().split('.').nth(1).unwrap();
            let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap();
            assert!(claims["exp"].is_i64(), "`token does not contain expiry`");
        }
        provider.bearer = new["access_token"].as_str().unwrap().to_owned();
        provider
    }

    /// `sendRequest`: anything but 2xx and 3xx is an error, of which it shows the address and 500 bytes.
    async fn send(&self, method: &str, path: &str, body: &Value) -> Result<Value, String> {
        let mut stream = self.service.connect(&[b"http/1.1"]).await;
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let length = body.len();
        let bearer = match self.bearer.as_str() {
            "" => String::new(),
            bearer => format!("Authorization: Bearer {bearer}\r\n"),
        };
        let request = format!(
            "{method} /v2{path} HTTP/1.1\r\nHost: hub.example:8443\r\nUser-Agent: terraform-provider-docker/0.6.0\r\n\
             Content-Type: application/json\r\nAccept: application/json\r\n{bearer}Content-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
        match status {
            200..400 if body.is_empty() => Ok(Value::Null),
            200..400 => Ok(serde_json::from_str(body).unwrap()),
            _ => Err(format!("server response /v2{path}: {}", body.chars().take(500).collect::<String>())),
        }
    }

    async fn get(&self, path: &str) -> Result<Value, String> {
        self.send("GET", path, &Value::Null).await
    }

    async fn delete(&self, path: &str) -> Result<Value, String> {
        self.send("DELETE", path, &Value::Null).await
    }

    /// `paginate`: what `next` says is an address below its own base.
    async fn all(&self, path: &str) -> Vec<Value> {
        let (mut rows, mut path) = (Vec::new(), path.to_owned());
        loop {
            let page = self.get(&path).await.unwrap();
            rows.extend(page["results"].as_array().unwrap().iter().cloned());
            match page["next"].as_str() {
                Some(next) => path = next.strip_prefix("https://hub.example:8443/v2").unwrap().to_owned(),
                None => return rows,
            }
        }
    }
}

/// `isNotFound`.
fn is_gone(answer: &Result<Value, String>) -> bool {
    answer.as_ref().is_err_and(|error| error.to_lowercase().contains("not found"))
}

/// An organization with an owner, and a token of theirs for the service's own API.
async fn acme() -> Service {
    let service = Service::acme().await;
    service.add_member("acme", "olga", "owner");
    service
}

#[tokio::test]
async fn image_access_management_is_made_read_imported_changed_and_taken_back() {
    let service = acme().await;
    service.ok(&[
        "policy",
        "set",
        "acme",
        "--community",
        "true",
        "--mode",
        "monitor",
        "--message",
        "ask the platform team",
    ]);
    service.ok(&["allowlist", "add", "acme", "grafana/grafana"]);
    let provider = Provider::new(&service, "olga", PASSWORD).await;
    let settings = |enabled: bool, official: bool, verified: bool| {
        json!({ "restricted_images": {
            "enabled": enabled, "allow_official_images": official, "allow_verified_publishers": verified,
        } })
    };
    let set = async |wanted: Value| {
        provider.send("PUT", "/orgs/acme/settings", &wanted).await.unwrap();
        assert_eq!(provider.get("/orgs/acme/settings/").await.unwrap(), wanted);
    };
    assert_eq!(provider.get("/orgs/acme/settings/").await.unwrap(), settings(false, true, true), "import");
    set(settings(true, true, false)).await;
    set(settings(true, false, true)).await;
    let shown: Value = serde_json::from_str(&service.ok(&["policy", "show", "acme", "--json"])).unwrap();
    for (key, value) in [
        ("community", json!(true)),
        ("mode", json!("monitor")),
        ("message", json!("ask the platform team")),
        ("allowlist", json!(1)),
    ] {
        assert_eq!(shown[key], value, "{key}: {shown}");
    }
    // Destroyed.
    set(settings(false, true, true)).await;

    for wanted in [
        json!({}),
        json!({ "restricted_images": {} }),
        json!({ "restricted_images": { "enabled": true, "allow_official_images": true } }),
        json!({ "restricted_images": { "enabled": null, "allow_official_images": true, "allow_verified_publishers": true } }),
    ] {
        let refused = provider.send("PUT", "/orgs/acme/settings", &wanted).await.unwrap_err();
        assert!(refused.contains("the body cannot be read"), "{wanted}: {refused}");
    }
    assert!(is_gone(&provider.get("/orgs/other/settings/").await));
    assert_eq!(provider.get("/orgs/acme/").await.unwrap()["orgname"], "acme");
    let alice = Provider::new(&service, "alice", PASSWORD).await;
    assert_eq!(alice.get("/orgs/acme/settings/").await.unwrap(), settings(false, true, true), "members read");
    let refused = alice.send("PUT", "/orgs/acme/settings", &settings(false, true, true)).await;
    assert!(refused.as_ref().unwrap_err().contains("permission denied") && !is_gone(&refused), "{refused:?}");
    // Who did what is known, by which way too.
    let audit = service.ok(&["audit", "--json"]);
    assert!(audit.contains("policy.set") && audit.contains("user:olga"), "{audit}");
}

#[tokio::test]
async fn teams_and_who_is_in_them_are_made_read_renamed_and_taken_away() {
    let service = acme().await;
    let provider = Provider::new(&service, "olga", PASSWORD).await;
    let wanted = |name: &str, description: &str| json!({ "id": 0, "uuid": "", "name": name, "description": description, "member_count": 0 });
    assert!(is_gone(&provider.get("/orgs/acme/groups/backend/").await));
    let made = provider.send("POST", "/orgs/acme/groups/", &wanted("backend", "Server people")).await.unwrap();
    assert_eq!((&made["name"], &made["description"]), (&json!("backend"), &json!("Server people")));
    let id = made["id"].as_i64().unwrap();
    let again = provider.send("POST", "/orgs/acme/groups/", &wanted("backend", "")).await;
    assert!(again.is_err() && !is_gone(&again), "{again:?}");

    provider.send("POST", "/orgs/acme/groups/backend/members/", &json!({ "member": "alice" })).await.unwrap();
    let members = provider.all("/orgs/acme/groups/backend/members/").await;
    assert_eq!((members.len(), &members[0]["username"], &members[0]["role"]), (1, &json!("alice"), &json!("Member")));
    let stranger = provider.send("POST", "/orgs/acme/groups/backend/members/", &json!({ "member": "nobody" })).await;
    assert!(stranger.unwrap_err().contains("`nobody` is not a member of `acme`"));

    let renamed = provider.send("PATCH", "/orgs/acme/groups/backend/", &wanted("servers", "")).await.unwrap();
    assert_eq!((renamed["id"].as_i64().unwrap(), &renamed["name"]), (id, &json!("servers")));
    assert_eq!((&renamed["description"], &renamed["member_count"]), (&json!(""), &json!(1)));
    assert!(is_gone(&provider.get("/orgs/acme/groups/backend/").await));
    assert_eq!(provider.get("/orgs/acme/groups/servers/").await.unwrap()["id"], id, "import");
    for _ in 0..2 {
        provider.delete("/orgs/acme/groups/servers/members/alice").await.unwrap();
    }
    assert!(provider.all("/orgs/acme/groups/servers/members/").await.is_empty());
    // Somebody else was quicker: there is nothing to take out any more, which is what is wanted.
    provider.send("POST", "/orgs/acme/groups/servers/members/", &json!({ "member": "alice" })).await.unwrap();
    provider.delete("/orgs/acme/members/alice/").await.unwrap();
    provider.delete("/orgs/acme/groups/servers/members/alice").await.unwrap();
    provider.delete("/orgs/acme/groups/servers/").await.unwrap();
    provider.delete("/orgs/acme/groups/servers/members/alice").await.unwrap();
    assert!(is_gone(&provider.delete("/orgs/acme/groups/servers/").await));
    assert!(is_gone(&provider.delete("/orgs/other/groups/servers/members/alice").await));
}

#[tokio::test]
async fn a_member_is_invited_joins_is_given_a_role_and_leaves() {
    let service = acme().await;
    service.ok(&["organization", "add", "umbrella"]);
    service.add_member("umbrella", "bob", "member");
    let provider = Provider::new(&service, "olga", PASSWORD).await;
    let invite = |user: &str, role: &str| json!({ "org": "acme", "team": "", "invitees": [user], "role": role, "dry_run": false });
    // `orgMember`: among the members, else among the invited.
    let find = async |user: &str| {
        let members = provider.all("/orgs/acme/members").await;
        let member = members.into_iter().find(|member| member["username"] == user);
        let invites = provider.get("/orgs/acme/invites").await.unwrap();
        let invite = invites["data"].as_array().unwrap().iter().find(|invite| invite["invitee"] == user).cloned();
        (member, invite)
    };
    assert_eq!(find("bob").await, (None, None));
    let made = provider.send("POST", "/invites/bulk", &invite("bob", "member")).await.unwrap();
    let made = &made["invitees"][0];
    assert_eq!((&made["status"], &made["invite"]["role"]), (&json!("invited"), &json!("member")));
    let (member, invited) = find("bob").await;
    assert_eq!((member, invited.as_ref()), (None, Some(&made["invite"])));
    // Created and destroyed before it is answered.
    let id = made["invite"]["id"].as_str().unwrap();
    provider.delete(&format!("/invites/{id}")).await.unwrap();
    assert!(is_gone(&provider.delete(&format!("/invites/{id}")).await));
    assert_eq!(find("bob").await, (None, None));

    let newcomer = provider.send("POST", "/invites/bulk", &invite("newcomer", "member")).await.unwrap();
    assert!(!newcomer.to_string().contains("secret"), "what makes an account is in no answer that scripts log");
    let answer = provider.send("POST", "/invites/bulk", &invite("alice", "member")).await.unwrap();
    assert_eq!(answer["invitees"][0], json!({ "invitee": "alice", "status": "existing_org_member" }));
    // The provider would wait for an invitation.
    let refused = provider.send("POST", "/invites/bulk", &invite("a@example.com", "member")).await.unwrap_err();
    assert!(refused.contains("`a@example.com` is no name of an account"), "{refused}");
    let mut some = invite("a@example.com", "member");
    some["invitees"] = json!(["a@example.com", "alice"]);
    let answer = provider.send("POST", "/invites/bulk", &some).await.unwrap();
    assert_eq!(answer["invitees"][0], json!({ "invitee": "a@example.com", "status": "invalid_email_or_docker_id" }));
    // Whom an owner makes a member is not invited any more.
    provider.send("POST", "/invites/bulk", &invite("dora", "member")).await.unwrap();
    service.add_member("acme", "dora", "member");
    let (member, invited) = find("dora").await;
    assert_eq!((member.is_some(), invited), (true, None));
    let mut dry = invite("carol", "owner");
    dry["dry_run"] = json!(true);
    let answer = provider.send("POST", "/invites/bulk", &dry).await.unwrap();
    assert_eq!(answer["invitees"][0], json!({ "invitee": "carol", "status": "invited" }));
    assert_eq!(find("carol").await, (None, None));

    // Established members.
    let role = |role: &str| json!({ "role": role });
    provider.send("PUT", "/orgs/acme/members/alice/", &role("owner")).await.unwrap();
    assert_eq!(find("alice").await.0.unwrap()["role"], "Owner");
    provider.send("PUT", "/orgs/acme/members/alice/", &role("member")).await.unwrap();
    let refused = provider.send("PUT", "/orgs/acme/members/alice/", &role("editor")).await.unwrap_err();
    assert!(refused.contains("an editor of Docker Hub has no say over image access"), "{refused}");
    let last = provider.send("PUT", "/orgs/acme/members/olga/", &role("member")).await.unwrap_err();
    assert!(last.contains("last owner"), "{last}");
    provider.delete("/orgs/acme/members/alice/").await.unwrap();
    assert!(is_gone(&provider.delete("/orgs/acme/members/alice/").await));
}

#[tokio::test]
async fn lists_of_many_pages_are_read_to_their_end() {
    let service = acme().await;
    let provider = Provider::new(&service, "olga", PASSWORD).await;
    for n in 0..25 {
        let name = format!("team-{n:02}");
        provider.send("POST", "/orgs/acme/groups/", &json!({ "name": name })).await.unwrap();
    }
    let teams = provider.all("/orgs/acme/groups/?page_size=10").await;
    let names: Vec<&str> = teams.iter().map(|team| team["name"].as_str().unwrap()).collect();
    let expected: Vec<String> = (0..25).map(|n| format!("team-{n:02}")).collect();
    assert_eq!(names, expected);
    let page = provider.get("/auditlogs/acme?action=org.team&page_size=100").await.unwrap();
    assert_eq!(page["logs"].as_array().unwrap().len(), 25);
    assert_eq!((&page["logs"][0]["action"], &page["logs"][0]["name"]), (&json!("org.team.create"), &json!("team-24")));
    let third = provider.get("/auditlogs/acme/?action=org.team.create&actor=olga&page=3&page_size=10").await.unwrap();
    assert_eq!(third["logs"].as_array().unwrap().len(), 5);
    let none = provider.get("/auditlogs/acme?to=2020-01-01T00:00:00Z").await.unwrap();
    assert_eq!(none, json!({ "logs": [] }));
    let actions = provider.get("/auditlogs/acme/actions").await.unwrap();
    assert!(
        actions["actions"]["org"]["actions"].as_array().unwrap().iter().any(|one| one["name"] == "org.team.create")
    );
    // What no policy service has is gone, and not broken.
    for path in ["/repositories/acme/app/", "/namespaces/acme/repositories/app/tags", "/repositories/acme/"] {
        assert!(is_gone(&provider.get(path).await), "{path}");
    }
}

#[tokio::test]
async fn registry_access_management_is_made_read_imported_changed_and_taken_back() {
    let service = acme().await;
    let provider = Provider::new(&service, "olga", PASSWORD).await;
    let path = "/orgs/acme/settings/registry-access-management";
    let settings = |enabled: bool, custom: Value| {
        json!({
            "enabled": enabled, "standard_registries": [{ "id": "DockerHub", "allowed": true }],
            "custom_registries": custom,
        })
    };
    let registry = |address: &str, name: &str, allowed: bool| json!({ "address": address, "friendly_name": name, "allowed": allowed });
    let set = async |wanted: Value| {
        provider.send("PUT", path, &wanted).await.unwrap();
        assert_eq!(provider.get(path).await.unwrap(), wanted, "what was planned is what is there");
    };
    assert_eq!(provider.get(path).await.unwrap(), settings(false, json!([])), "import");
    let two = json!([registry("Registry.example.com", "Ours", true), registry("quay.io", "Not yet", false)]);
    set(settings(true, two)).await;
    let shown = service.ok(&["policy", "show", "acme", "--json"]);
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["registry_control"], json!(true));
    assert_eq!(shown["registries"], json!(["registry.example.com"]));
    let written =
        json!([registry("https://Example.com", "", true), registry("https://alternate.com:5000/", "b", true)]);
    set(settings(true, written)).await;
    let shown: Value = serde_json::from_str(&service.ok(&["policy", "show", "acme", "--json"])).unwrap();
    assert_eq!(shown["registries"], json!(["alternate.com:5000", "example.com"]), "as in the provider's own examples");
    set(settings(true, json!([registry("quay.io", "Now", true)]))).await;
    // By another door: the list is what counts.
    service.ok(&["policy", "set", "acme", "--registry", "ghcr.io"]);
    let custom = json!([registry("ghcr.io", "ghcr.io", true)]);
    assert_eq!(provider.get(path).await.unwrap(), settings(true, custom));
    // Destroyed.
    set(settings(false, json!([]))).await;

    let mut closed = settings(true, json!([]));
    closed["standard_registries"][0]["allowed"] = json!(false);
    let refused = provider.send("PUT", path, &closed).await.unwrap_err();
    assert!(refused.contains("Docker Hub is not refused as a registry here"), "{refused}");
    let bad = settings(true, json!([registry("https://ghcr.io/x", "", true)]));
    assert!(provider.send("PUT", path, &bad).await.unwrap_err().contains("is no registry host"));
    assert_eq!(provider.get(path).await.unwrap(), settings(false, json!([])), "and nothing of it was done");
}

#[tokio::test]
async fn access_tokens_are_made_used_read_renamed_and_ended() {
    let service = acme().await;
    let provider = Provider::new(&service, "olga", PASSWORD).await;
    let ends = "2099-10-28T18:30:19.520861Z";
    let wanted = json!({ "token_label": "my-pat-token", "scopes": ["repo:read", "repo:write"], "expires_at": ends });
    let made = provider.send("POST", "/access-tokens", &wanted).await.unwrap();
    let (id, secret) = (made["uuid"].as_str().unwrap(), made["token"].as_str().unwrap());
    for (key, value) in wanted.as_object().unwrap() {
        assert_eq!(&made[key], value, "{key}");
    }
    let path = format!("/access-tokens/{id}");
    let read = provider.get(&path).await.unwrap();
    assert_eq!((&read["scopes"], &read["expires_at"], &read["token"]), (&wanted["scopes"], &json!(ends), &json!("")));
    service.client().await.sign_in("olga", secret).await.unwrap();
    let label = json!({ "token_label": "another", "is_active": true });
    let renamed = provider.send("PATCH", &path, &label).await.unwrap();
    assert_eq!((&renamed["token_label"], &renamed["is_active"]), (&json!("another"), &json!(true)));
    provider.send("PATCH", &path, &label).await.unwrap();
    let [line] = service.written("token.change").try_into().expect("one line: the second change changes nothing");
    assert_eq!((&line["actor"], &line["target"]), (&json!("user:olga"), &json!(id)));
    let name = json!({ "from": "my-pat-token", "to": "another" });
    assert_eq!(line["detail"], json!({ "user": "olga", "name": name }));
    assert_eq!(provider.all("/access-tokens").await.len(), 1);
    // Signed in with a token, nobody makes others.
    let by_token = Provider::new(&service, "olga", secret).await;
    let refused = by_token.send("POST", "/access-tokens", &wanted).await;
    assert!(refused.unwrap_err().contains("permission denied"));
    let bad = json!({ "token_label": "x", "scopes": ["scope-ram-write"] });
    assert!(provider.send("POST", "/access-tokens", &bad).await.unwrap_err().contains("is given to no token here"));

    // Replaced in one run: the provider's own token is good for the next call, everybody else's is not.
    let other = Provider::new(&service, "olga", PASSWORD).await;
    provider.delete(&path).await.unwrap();
    assert!(is_gone(&provider.get(&path).await) && is_gone(&provider.delete(&path).await));
    assert!(other.get("/access-tokens").await.unwrap_err().contains("unauthorized"));
    service.client().await.sign_in("olga", secret).await.unwrap_err();
    let again = provider.send("POST", "/access-tokens", &json!({ "token_label": "b", "scopes": ["repo:read"] })).await;
    let again = format!("/access-tokens/{}", again.unwrap()["uuid"].as_str().unwrap());
    provider.delete(&again).await.unwrap();
    assert!(provider.all("/access-tokens").await.is_empty());
}

#[tokio::test]
async fn organization_access_tokens_are_made_used_read_described_and_ended() {
    let service = acme().await;
    let provider = Provider::new(&service, "olga", PASSWORD).await;
    let resources = json!([{ "type": "TYPE_REPO", "path": "acme/*", "scopes": ["scope-image-pull"] }]);
    let wanted = json!({
        "label": "CI token", "description": "Pulls", "resources": resources, "expires_at": "2099-12-31T23:59:59Z",
    });
    let made = provider.send("POST", "/orgs/acme/access-tokens", &wanted).await.unwrap();
    let (id, secret) = (made["id"].as_str().unwrap(), made["token"].as_str().unwrap());
    let path = format!("/orgs/acme/access-tokens/{id}");
    let read = provider.get(&path).await.unwrap();
    for (key, value) in wanted.as_object().unwrap() {
        assert_eq!((&made[key], &read[key]), (value, value), "{key}");
    }
    assert_eq!((&read["is_active"], &read["token"]), (&json!(true), &Value::Null));
    service.client().await.sign_in("acme", secret).await.unwrap();
    let change = json!({ "label": "CI", "description": "", "resources": resources });
    let changed = provider.send("PATCH", &path, &change).await.unwrap();
    assert_eq!((&changed["label"], &changed["description"]), (&json!("CI"), &json!("")));
    assert_eq!(changed["expires_at"], "2099-12-31T23:59:59Z");
    provider.send("PATCH", &path, &change).await.unwrap();
    let [line] = service.written("organization.token.change").try_into().expect("one line, as above");
    let of = (&line["actor"], &line["organization"], &line["target"], &line["detail"]["name"]);
    assert_eq!(of, (&json!("user:olga"), &json!("acme"), &json!(id), &json!("ci-token")));
    let note = |side: &str| serde_json::from_str::<Value>(line["detail"]["note"][side].as_str().unwrap()).unwrap();
    assert_eq!((&note("from")["label"], &note("to")["label"]), (&json!("CI token"), &json!("CI")));
    service.client().await.sign_in("acme", secret).await.unwrap();
    let more = json!({ "resources": [{ "type": "TYPE_ORG", "path": "acme", "scopes": ["org:write"] }] });
    assert!(provider.send("PATCH", &path, &more).await.unwrap_err().contains("does not change"));
    let again = provider.send("POST", "/orgs/acme/access-tokens", &wanted).await.unwrap_err();
    assert!(again.contains("has a token `ci-token` already"), "{again}");
    provider.delete(&path).await.unwrap();
    assert!(is_gone(&provider.get(&path).await) && is_gone(&provider.delete(&path).await));
    service.client().await.sign_in("acme", secret).await.unwrap_err();
    // With a token of the owner's: one without an end makes what is good for no more than itself.
    let pat = |scopes: &[&str], more: &[&str]| {
        let scopes: Vec<&str> = scopes.iter().flat_map(|scope| ["--scope", scope]).collect();
        let made = service.ok(&[&["token", "create", "olga", "--name", "tf", "--json"], &scopes[..], more].concat());
        serde_json::from_str::<Value>(&made).unwrap()["token"].as_str().unwrap().to_owned()
    };
    for (scopes, more, refused) in [
        (&["sign-in", "org:read", "org:write"][..], &[][..], ""),
        (&["org:read", "org:write"], &[], "an access token without the scope `sign-in` makes none with it"),
        (&["sign-in", "org:read", "org:write"], &["--expires", "30d"], "makes none that outlives it"),
    ] {
        let by_token = Provider::new(&service, "olga", &pat(scopes, more)).await;
        match by_token.send("POST", "/orgs/acme/access-tokens", &wanted).await {
            Ok(made) => {
                let path = format!("/orgs/acme/access-tokens/{}", made["id"].as_str().unwrap());
                assert_eq!(by_token.get(&path).await.unwrap()["label"], "CI token");
                by_token.send("PATCH", &path, &change).await.unwrap();
                by_token.delete(&path).await.unwrap();
                assert_eq!(refused, "", "{scopes:?} {more:?}");
            }
            Err(error) => assert!(!refused.is_empty() && error.contains(refused), "{scopes:?} {more:?}: {error}"),
        }
    }
    // One that was made elsewhere says what it is in our words.
    service.ok(&["organization", "token", "create", "acme", "--name", "ci", "--scope", "org:read"]);
    let all = provider.all("/orgs/acme/access-tokens").await;
    assert_eq!((all.len(), &all[0]["label"]), (1, &json!("ci")));
    assert_eq!(all[0]["resources"][0]["scopes"], json!(["org:read"]));
}
