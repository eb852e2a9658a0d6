//! What a change of the policy would do, on the command line.

use proto::sync::{Record, ReportRequest};

use crate::{
    report::record,
    support::{PASSWORD, Service},
};

#[tokio::test]
async fn the_command_line_shows_what_a_change_does_and_asks_for_the_number() {
    let service = Service::acme().await;
    let mut client = service.client().await;
    let token = client.sign_in("alice", PASSWORD).await.unwrap().agent_token;
    let off = Record { allowed: true, reason: "off".to_owned(), organization: String::new(), ..record(1) };
    assert_eq!(
        client.report(&token, ReportRequest { records: vec![off], ..ReportRequest::default() }).await.unwrap(),
        1
    );

    let enable = ["policy", "set", "acme", "--enabled", "true"];
    let with = |more: &[&'static str]| [&enable[..], more].concat();
    let shown = service.ok(&with(&["--dry-run"]));
    for part in [
        "1 person active",
        "newly refused: 1 thing of 1 person",
        "docker.io/evil/miner:latest",
        "people: alice",
        "add `--confirm 1`",
    ] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let json: serde_json::Value = serde_json::from_str(&service.ok(&with(&["--dry-run", "--json"]))).unwrap();
    assert_eq!((&json["confirm"], &json["refused"]["people_examples"][0]["user"]), (&1.into(), &"alice".into()));
    assert!(service.ok(&["policy", "show", "acme"]).contains("off, mode"), "nothing was changed");

    let said = service.fails(&enable, "");
    assert!(said.contains("1 of the 1 active people of `acme`") && said.contains("--confirm 1"), "{said}");
    assert!(service.fails(&with(&["--confirm", "2"]), "").contains("2 were confirmed"));
    service.ok(&with(&["--confirm", "1"]));
    assert!(service.ok(&["policy", "show", "acme"]).contains("on, mode enforce"));
    assert!(service.ok(&["audit", "--limit", "1", "--json"]).contains("confirmed"));

    let both = service.run(&with(&["--dry-run", "--confirm", "1"]), "");
    assert_eq!(both.status.code(), Some(2), "one or the other");
    service.ok(&["allowlist", "add", "acme", "evil/miner"]);
    assert!(service.fails(&["allowlist", "remove", "acme", "evil/miner"], "").contains("--confirm 1"));
    service.ok(&["allowlist", "remove", "acme", "evil/miner", "--confirm", "1"]);
}
