//! `backup` and `restore`, and what an agent gets afterwards.

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use proto::{document::Policy, sync::ReportRequest};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::{
    report::record,
    support::{PASSWORD, Service, desired, find},
};

/// `acme` with everything that a policy has, and what a machine of `alice` reported.
async fn full() -> Service {
    let service = Service::acme().await;
    for args in [
        &["policy", "set", "acme", "--message", "ünïcode \\ \"and\" 'quotes'", "--official", "true"][..],
        &["allowlist", "add", "acme", "evil/miner", "--reason", "needed"],
        &["publisher", "set", "grafana", "verified-publisher"],
        &["organization", "add", "beta"],
    ] {
        service.ok(args);
    }
    let mut client = service.client().await;
    let token = client.sign_in("alice", PASSWORD).await.unwrap().agent_token;
    // More than one page of a backup, and than one report.
    for records in [0..600, 600..1200] {
        client
            .report(&token, ReportRequest { records: records.map(record).collect(), ..ReportRequest::default() })
            .await
            .unwrap();
    }
    service
}

fn backup(service: &Service, options: &[&str]) -> PathBuf {
    let file = service.data_dir().with_file_name("backup");
    let mut args = vec!["backup", file.to_str().unwrap()];
    args.extend(options);
    service.ok(&args);
    file
}

#[tokio::test]
async fn an_agent_gets_the_same_of_a_service_that_was_restored_elsewhere() {
    let mut service = full().await;
    let trusted = service.trusted();
    let mut client = service.client().await;
    let token = client.sign_in("alice", PASSWORD).await.unwrap().agent_token;
    let before = client.watch(&token, vec![]).await.unwrap().next().await;
    let lists = [
        &["--json", "records", "--limit", "5000"][..],
        &["--json", "member", "list", "acme"],
        &["policy", "show", "acme"],
    ];
    let listed = lists.map(|args| service.ok(args));
    let file = backup(&service, &["--with-keys"]);
    let [line] = service.written("database.backup").try_into().expect("one line");
    assert!(line["detail"]["rows"].as_u64().unwrap() > 1200, "{line}");
    assert!(line["detail"]["keys"].as_array().unwrap().contains(&json!("signing.key")), "{line}");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    service.stop().await;

    let mut elsewhere = Service::empty();
    elsewhere.ok(&["restore", file.to_str().unwrap()]);
    assert_eq!(lists.map(|args| elsewhere.ok(args)), listed);
    elsewhere.start(&[]).await;
    let mut client = elsewhere.client().await;
    // The sign-in of before counts, and what it brings is the same byte for byte.
    let after = client.watch(&token, vec![]).await.unwrap().next().await;
    assert_eq!(after.envelopes, before.envelopes);
    assert_eq!(desired(&after), desired(&before));
    // And it goes on from there.
    elsewhere.ok(&["policy", "set", "acme", "--message", "after"]);
    let mut stream = client.watch(&token, after.desired.clone()).await.unwrap();
    let policy = loop {
        if let Some(policy) = find::<Policy>(&stream.next().await, &trusted) {
            break policy;
        }
    };
    assert_eq!(policy.document.contact.unwrap().message, "after");
    elsewhere.ok(&["organization", "add", "gamma"]);
    let acts = elsewhere.ok(&["--json", "audit"]);
    assert!(acts.contains("database.restore") && acts.contains("gamma"), "{acts}");
}

#[tokio::test]
async fn keys_are_in_a_backup_only_when_they_are_asked_for() {
    let service = Service::acme().await;
    let file = backup(&service, &[]);
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains("signing.key") && !text.contains("PRIVATE KEY"));
    let said = String::from_utf8(service.run(&["backup", "-"], "").stderr).unwrap();
    assert!(said.contains("holds no keys"), "{said}");
    let mut elsewhere = Service::empty();
    elsewhere.ok(&["restore", file.to_str().unwrap()]);
    let said = elsewhere.fails(&["serve", "--listen", "127.0.0.1:0"], "");
    assert!(said.contains("signing.key") && said.contains("missing"), "{said}");
    fs::copy(service.data_dir().join("signing.key"), elsewhere.data_dir().join("signing.key")).unwrap();
    elsewhere.start(&[]).await;
}

#[tokio::test]
async fn what_is_there_is_never_replaced() {
    let service = Service::acme().await;
    let file = backup(&service, &[]);
    let path = file.to_str().unwrap();
    let said = service.fails(&["backup", path], "");
    assert!(said.contains("there already"), "{said}");
    let said = service.fails(&["restore", path], "");
    assert!(said.contains("not empty"), "{said}");
    assert_eq!(service.ok(&["organization", "list"]), "acme\n");
}

#[tokio::test]
async fn half_a_backup_and_one_of_a_newer_version_are_refused_whole() {
    let service = full().await;
    let file = backup(&service, &[]);
    let whole = fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = whole.lines().collect();
    let without = |n: usize| [&lines[..n], &lines[n + 1..]].concat().join("\n") + "\n";
    let head = lines[0].replacen("\"schema\":", "\"schema\":99", 1) + "\n";
    let elsewhere = Service::empty();
    for (content, why) in [
        (lines[..lines.len() - 1].join("\n") + "\n", "not whole"),
        (lines[..5].join("\n"), "not whole"),
        (without(lines.len() / 2), "not whole"),
        (whole.replacen("evil/miner", "evil/niner", 1), "not whole"),
        (whole.clone() + "[]\n", "not whole"),
        (head + &lines[1..].join("\n") + "\n", "install the version that wrote it"),
        (String::new(), "no backup"),
        ("{}\n".to_owned(), "no backup"),
    ] {
        let said = elsewhere.fails(&["restore", "-"], &content);
        assert!(said.contains(why), "{why}: {said}");
    }
    elsewhere.ok(&["restore", file.to_str().unwrap()]);
    assert_eq!(elsewhere.ok(&["organization", "list"]), "acme\nbeta\n");
}

/// The schema of the first release with backups.
const FIRST_SCHEMA: u32 = 26;

const POLICY: [&str; 11] = [
    "organization_id",
    "enabled",
    "mode",
    "official",
    "verified_publisher",
    "community",
    "registry_control",
    "when_expired",
    "message",
    "request_url",
    "email",
];

/// A backup as a release with this schema wrote it: one organization.
fn of_schema(schema: u32) -> String {
    let lines = [
        json!({ "pullgate_backup": 1, "schema": schema, "version": "0.0.9", "taken_at": 1_795_000_000 }),
        json!({ "table": "sequence", "columns": ["only_row", "value", "publishers", "session_generation"] }),
        json!([1, 7, 1, 0]),
        json!({ "table": "organizations", "columns": ["id", "name", "revision", "created_at"] }),
        json!([1, "acme", 2, 1_795_000_000]),
        json!({ "table": "policies", "columns": POLICY }),
        json!([1, 1, "enforce", 1, 1, 0, 0, "keep", "", "", ""]),
    ];
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let sha256: String = Sha256::digest(&body).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{body}{}\n", json!({ "end": 3, "sha256": sha256 }))
}

#[tokio::test]
async fn a_backup_of_each_older_release_is_restored_and_brought_up_to_date() {
    let newer = (FIRST_SCHEMA..)
        .find(|schema| {
            let service = Service::empty();
            let restored = service.run(&["restore", "-"], &of_schema(*schema));
            let said = String::from_utf8_lossy(&restored.stderr);
            if restored.status.success() {
                // Every list works on what became of it.
                assert_eq!(service.ok(&["organization", "list"]), "acme\n", "schema {schema}");
                service.ok(&["policy", "show", "acme"]);
                service.ok(&["key", "list"]);
            } else {
                assert!(said.contains("install the version that wrote it"), "schema {schema}: {said}");
            }
            !restored.status.success()
        })
        .expect("a newest one");
    assert!(newer > FIRST_SCHEMA + 3, "{newer}");
}
