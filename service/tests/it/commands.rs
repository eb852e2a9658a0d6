//! The administration commands: what they say, what they refuse, what they write down.

use std::os::unix::fs::PermissionsExt as _;

use crate::support::{PASSWORD, Service};

#[tokio::test]
async fn errors_name_what_there_is_and_the_next_step() {
    let service = Service::empty();
    let cases: [(&[&str], &str, &str); 19] = [
        (&["member", "add", "acmee", "alice", "--role", "member"], "", "there are `acme`, `beta`"),
        (&["member", "add", "acme", "carol", "--role", "member"], "", "--password-stdin"),
        (
            &["member", "add", "acme", "alice", "--role", "owner", "--password-stdin"],
            PASSWORD,
            "account password alice",
        ),
        (&["member", "add", "acme", "carol", "--role", "member", "--password-stdin"], "short", "at least 8"),
        (&["member", "add", "acme", "carol", "--role", "member", "--password-stdin"], "", "holds no password"),
        (&["member", "remove", "beta", "alice"], "", "not a member of `beta`"),
        (&["organization", "add", "acme"], "", "already"),
        (&["organization", "add", "gamma", "--namespace", "acme"], "", "belongs to the organization `acme`"),
        (&["organization", "add", "gamma", "--namespace", "library"], "", "official"),
        (&["account", "password", "nobody", "--password-stdin"], PASSWORD, "no account `nobody`"),
        (&["token", "revoke", "0000"], "", "token list"),
        (&["policy", "set", "acme"], "", "nothing to change"),
        (&["policy", "set", "acme", "--registry", "no host"], "", "no host"),
        (&["policy", "set", "acme", "--push", "acme/*", "--push", "*"], "", "`--push *` is no pattern: `*` alone"),
        (&["policy", "set", "acme", "--protect-allow", "a//b"], "", "`--protect-allow a//b` is no pattern"),
        (&["allowlist", "add", "acme", "evil/miner", "--expires", "2001-01-01T00:00:00Z"], "", "in the past"),
        (&["allowlist", "add", "acme", "evil/miner", "--expires", "9999-12-31T23:59:59-01:00"], "", "not milliseconds"),
        (&["allowlist", "add", "acme", "evil//miner"], "", "no pattern"),
        (&["denylist", "remove", "acme", "evil/miner"], "", "denylist list acme"),
    ];
    service.ok(&["organization", "add", "acme", "--namespace", "acme"]);
    service.ok(&["organization", "add", "beta"]);
    service.add_member("acme", "alice", "member");
    let before = service.ok(&["audit", "--json"]);
    for (args, stdin, expected) in cases {
        let said = service.fails(args, stdin);
        assert!(said.contains(expected), "{args:?}: {said}");
    }
    assert_eq!(service.ok(&["audit", "--json"]), before, "what was refused was not done");
    assert_eq!(service.ok(&["organization", "list"]), "acme\nbeta\n");
}

#[tokio::test]
async fn every_act_is_written_down_without_secrets() {
    let service = Service::empty();
    service.ok(&["organization", "add", "acme", "--namespace", "acme"]);
    service.add_member("acme", "alice", "member");
    service.ok_with(&["account", "password", "alice", "--password-stdin"], "another password");
    let token = service.ok(&["token", "create", "alice", "--name", "laptop"]);
    service.ok(&["token", "revoke", token.trim()]);
    let organization_token =
        service.ok(&["organization", "token", "create", "acme", "--name", "ci", "--expires", "90d"]);
    service.ok(&["organization", "token", "revoke", "acme", organization_token.trim()]);
    service.ok(&["organization", "link", "acme", "--docker-hub", "acmehub"]);
    service.ok(&["organization", "link", "acme", "--no-docker-hub"]);
    service.ok(&["policy", "set", "acme", "--enabled", "true", "--community", "true"]);
    service.ok(&["allowlist", "add", "acme", "evil/miner"]);
    service.ok(&["allowlist", "remove", "acme", "evil/miner"]);
    service.ok(&["denylist", "add", "acme", "evil/*"]);
    service.ok(&["denylist", "remove", "acme", "evil/*"]);
    service.ok(&["publisher", "set", "bitnami", "verified-publisher"]);
    service.ok(&["publisher", "remove", "bitnami"]);
    service.ok(&["member", "remove", "acme", "alice"]);
    service.ok(&["account", "remove", "alice"]);
    let trail = service.ok(&["audit", "--json"]);
    let mut acts: Vec<String> = trail
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["act"].as_str().unwrap().to_owned())
        .collect();
    acts.reverse();
    let expected = [
        "organization.add",
        "member.add",
        "account.password",
        "token.create",
        "token.revoke",
        "organization.token.create",
        "organization.token.revoke",
        "organization.link",
        "organization.link",
        "policy.set",
        "allowlist.add",
        "allowlist.remove",
        "denylist.add",
        "denylist.remove",
        "publisher.set",
        "publisher.remove",
        "member.remove",
        "account.remove",
    ];
    assert_eq!(acts, expected);

    let secret = |token: &str| token.trim().rsplit('_').next().unwrap().to_owned();
    let mut everything = trail.into_bytes();
    everything.extend(service.stored());
    for secret in [PASSWORD, "another password", &secret(&token), &secret(&organization_token)] {
        let found = everything.windows(secret.len()).any(|bytes| bytes == secret.as_bytes());
        assert!(!found, "a secret is stored in the clear");
    }
}

#[tokio::test]
async fn an_organization_is_linked_to_one_of_docker_hub() {
    let service = Service::empty();
    for org in ["acme", "beta"] {
        service.ok(&["organization", "add", org]);
    }
    let said = service.ok(&["organization", "link", "acme", "--docker-hub", "acmehub"]);
    assert!(said.contains("from their next sign-in on"), "{said}");
    for (args, expected) in [
        (&["acme", "--docker-hub", "acmehub"][..], "linked to `acmehub` already"),
        (&["beta", "--docker-hub", "acmehub"], "organization link acme --no-docker-hub"),
        (&["beta", "--no-docker-hub"], "linked to no organization"),
        (&["nope", "--docker-hub", "x"], "there are `acme`, `beta`"),
    ] {
        let said = service.fails(&[&["organization", "link"], args].concat(), "");
        assert!(said.contains(expected), "{args:?}: {said}");
    }
    let list = service.ok(&["organization", "list", "--json"]);
    assert_eq!(
        list.lines().next(),
        Some(
            r#"{"allowed_pulls":"counts","hub_organization":"acmehub","keep_records":null,"oidc_groups":false,"organization":"acme"}"#
        )
    );
    for args in [&["acme"][..], &["acme", "--docker-hub", "x", "--no-docker-hub"]] {
        let refused = service.run(&[&["organization", "link"], args].concat(), "");
        assert_eq!(refused.status.code(), Some(2), "{args:?}");
    }
    service.ok(&["organization", "link", "acme", "--no-docker-hub"]);
    assert_eq!(service.ok(&["organization", "list"]), "acme\nbeta\n");
}

#[tokio::test]
async fn the_enrollment_file_is_read_by_machines() {
    let service = Service::empty();
    service.ok(&["organization", "add", "acme"]);
    let args = [
        "enrollment",
        "--url",
        "https://gate.acme.example:8443/",
        "--allowed-org",
        "acme",
        "--admin-email",
        "it@acme.example",
    ];
    let text = service.ok(&args);
    let path = service.data_dir().join("enrollment.json");
    std::fs::write(&path, &text).unwrap();
    let enrollment = proto::enrollment::read(&path).unwrap();
    assert_eq!(enrollment.service, "https://gate.acme.example:8443");
    assert_eq!(enrollment.allowed_orgs, ["acme"]);
    assert_eq!(enrollment.admin.email, "it@acme.example");
    assert!(!enrollment.registry_door);
    assert_eq!(enrollment.ca_file.unwrap().to_str(), Some("/etc/pullgate/ca.pem"));
    let own = service.data_dir().join("ca.pem");
    assert_eq!(std::fs::metadata(&own).unwrap().permissions().mode() & 0o777, 0o644, "it is copied with its mode");
    let said = |args: &[&str]| {
        let output = service.run(args, "");
        assert!(output.status.success());
        let file: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        (file["caFile"].as_str().map(str::to_owned), String::from_utf8(output.stderr).unwrap())
    };
    let url = ["enrollment", "--url", "https://x", "--json"];
    let (_, next) = said(&url);
    assert!(
        next.contains(&format!("copy {} to /etc/pullgate/ca.pem", own.display())) && next.contains("0644"),
        "{next}"
    );
    let (ca, _) = said(&[&url[..], &["--ca-file", "/opt/ca.pem"]].concat());
    assert_eq!(ca.as_deref(), Some("/opt/ca.pem"));
    let (ca, next) = said(&[&url[..], &["--ca-file", own.to_str().unwrap()]].concat());
    assert_eq!((ca.as_deref(), next.contains("copy")), (own.to_str(), false), "a laboratory on one machine");
    assert_eq!(said(&[&url[..], &["--system-roots"]].concat()).0, None);
    std::fs::write(&path, service.ok(&[&url[..], &["--registry-door"]].concat())).unwrap();
    assert!(proto::enrollment::read(&path).unwrap().registry_door);
    let said = service.fails(&["enrollment", "--url", "https://x", "--ca-file", "ca.pem"], "");
    assert!(said.contains("not absolute"), "{said}");
    let said = service.fails(&["enrollment", "--url", "https://x", "--allowed-org", "nope"], "");
    assert!(said.contains("there are `acme`"), "{said}");
}

#[tokio::test]
async fn the_policy_is_shown_as_it_was_set() {
    let service = Service::empty();
    service.ok(&["organization", "add", "acme", "--namespace", "acme", "--namespace", "acme-tools"]);
    let fresh: serde_json::Value = serde_json::from_str(&service.ok(&["policy", "show", "acme", "--json"])).unwrap();
    let expected = serde_json::json!({
        "organization": "acme", "namespaces": ["acme", "acme-tools"], "registries": [],
        "enabled": false, "mode": "enforce", "official": true, "verified_publisher": true, "community": false,
        "registry_control": false, "when_expired": "keep", "session_fresh": null, "session_valid": null, "message": "", "request_url": "", "email": "",
        "allowlist": 0, "denylist": 0, "published_generation": null,
        "local_content": "allow", "run_unapproved": "allow", "engine_plugins": "as-images", "swarm": "own",
        "builds": "allow", "container_builders": "allow", "unknown_requests": "deny", "push": null, "protect": false, "protect_allow": [],
    });
    assert_eq!(fresh, expected);
    service.ok(&[
        "policy",
        "set",
        "acme",
        "--mode",
        "monitor",
        "--registry",
        "ghcr.io",
        "--registry",
        "Registry.corp:5000",
    ]);
    service.ok(&["policy", "set", "acme", "--when-expired", "deny"]);
    let set: serde_json::Value = serde_json::from_str(&service.ok(&["policy", "show", "acme", "--json"])).unwrap();
    assert_eq!((&set["mode"], &set["when_expired"]), (&"monitor".into(), &"deny".into()));
    assert_eq!(set["registries"], serde_json::json!(["ghcr.io", "registry.corp:5000"]));
    service.ok(&["policy", "set", "acme", "--no-registries"]);
    assert!(service.ok(&["policy", "show", "acme"]).contains("not restricted"));
}

#[tokio::test]
async fn settings_beyond_pulls_are_shown_as_they_were_set() {
    let service = Service::empty();
    service.ok(&["organization", "add", "acme"]);
    let set = |args: &[&str]| service.ok(&[&["policy", "set", "acme"], args].concat());
    let shown =
        || -> serde_json::Value { serde_json::from_str(&service.ok(&["policy", "show", "acme", "--json"])).unwrap() };
    set(&["--local-content", "deny", "--run-unapproved", "warn", "--engine-plugins", "deny", "--swarm", "deny"]);
    set(&["--builds", "deny", "--container-builders", "deny", "--unknown-requests", "allow", "--protect", "true"]);
    set(&["--push", "ghcr.io/acme/*", "--push", "acme/*", "--push", "acme/*", "--protect-allow", "portainer/agent"]);
    let expected = serde_json::json!({
        "local_content": "deny", "run_unapproved": "warn", "engine_plugins": "deny", "swarm": "deny",
        "builds": "deny", "container_builders": "deny", "unknown_requests": "allow", "push": ["acme/*", "ghcr.io/acme/*"],
        "protect": true, "protect_allow": ["portainer/agent"],
    });
    let strict = shown();
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&strict[key], value, "{key}");
    }
    let text = service.ok(&["policy", "show", "acme"]);
    for line in [
        "unapproved starts    allowed and recorded",
        "pushes               acme/*, ghcr.io/acme/*",
        "tamper guard         on, except portainer/agent",
    ] {
        assert!(text.lines().any(|printed| printed == line), "{line}: {text}");
    }
    for (args, expected) in [
        (&["--push", "acme/*", "--push-anywhere"][..], "cannot be used with"),
        (&["--swarm", "maybe"], "own, allow, deny"),
    ] {
        let refused = service.run(&[&["policy", "set", "acme"], args].concat(), "");
        let said = String::from_utf8(refused.stderr).unwrap();
        assert!(refused.status.code() == Some(2) && said.contains(expected), "{args:?}: {said}");
    }
    // Nowhere is not anywhere, and what is not given stays.
    set(&["--push-nowhere"]);
    assert_eq!((&shown()["push"], &shown()["swarm"]), (&serde_json::json!([]), &"deny".into()));
    assert!(service.ok(&["policy", "show", "acme"]).contains("pushes               nowhere"));
    set(&["--push-anywhere", "--no-protect-allow", "--protect", "false"]);
    let mild = shown();
    assert!(mild["push"].is_null() && mild["protect"] == false && mild["protect_allow"] == serde_json::json!([]));
    let trail = service.ok(&["audit", "--limit", "1", "--json"]);
    assert!(trail.contains(r#""push":{"from":[],"to":null}"#), "{trail}");
}

#[tokio::test]
async fn a_rule_with_the_same_pattern_and_scope_is_changed_and_keeps_its_id() {
    let service = Service::empty();
    service.ok(&["organization", "add", "acme"]);
    let id =
        |text: String| serde_json::from_str::<serde_json::Value>(&text).unwrap()["id"].as_str().unwrap().to_owned();
    let first = id(service.ok(&["allowlist", "add", "acme", "evil/miner", "--json"]));
    let same = id(service.ok(&["allowlist", "add", "acme", "evil/miner", "--reason", "asked for", "--json"]));
    let other = id(service.ok(&["allowlist", "add", "acme", "evil/miner", "--team", "ops", "--json"]));
    assert_eq!(first, same);
    assert_ne!(first, other);
    assert!(service.ok(&["allowlist", "list", "acme"]).contains("asked for"));
    service.ok(&["allowlist", "remove", "acme", &other]);
    assert_eq!(service.ok(&["allowlist", "list", "acme", "--json"]).lines().count(), 1);
}

#[tokio::test]
async fn a_reader_that_has_seen_enough_ends_the_command_quietly() {
    let service = Service::empty();
    service.ok(&["organization", "add", "acme"]);
    service.add_member("acme", "alice", "member");
    let commands: [&[&str]; 3] = [
        &["token", "create", "alice", "--name", "laptop"],
        &["audit", "--json"],
        &["policy", "show", "nope", "--json"],
    ];
    for (args, code) in commands.into_iter().zip([0, 0, 1]) {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = service.command(args).stdout(writer).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{args:?}: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = service.command(&["token", "create", "alice", "--name", "ci"]).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot be written"));
}
