//! A developer is refused, asks, and is allowed: with a real engine, plugin, agent and service.

use std::{
    process::Output,
    time::{Duration, Instant},
};

use installer::lab::{Options, clean, own};
use serde_json::Value;
use tests::{Station, governed_station};

/// `pullgate request-access` as the lab's user types it.
fn request_access(station: &Station, args: &[&str]) -> Output {
    clean(own("pullgate").unwrap())
        .arg("request-access")
        .args(args)
        .arg("--config-dir")
        .arg(station.lab.docker_config())
        .arg("--enrollment")
        .arg(station.lab.enrollment())
        .arg("--control-socket")
        .arg(station.lab.control_socket())
        .env("HOME", station.lab.dir())
        .env("PATH", station.lab.search_path())
        .output()
        .unwrap()
}

#[track_caller]
fn ok(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}{text}{}", output.status, String::from_utf8_lossy(&output.stderr));
    text
}

fn json(output: &Output) -> Value {
    serde_json::from_str(ok(output).trim()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_asks_and_pulls_within_a_second_of_the_approval() {
    let station = governed_station(&Options::default()).await;
    let image = "evil/miner";
    let refused = station.docker.run(&["pull", image]).await.unwrap();
    assert_ne!(refused.code(), 0, "{}", refused.text());
    let text = refused.text();
    let decision = text.split("(decision ").nth(1).and_then(|rest| rest.split([';', ')']).next()).unwrap().to_owned();

    let asked = json(&request_access(&station, &["--json", image, "--reason", "the demo", "--decision", &decision]));
    let request = &asked["requests"][0];
    assert_eq!(
        (&asked["image"], &request["organization"]),
        (&"docker.io/evil/miner".into(), &"acme".into()),
        "{asked}"
    );
    let id = request["id"].as_str().unwrap().to_owned();
    let again = ok(&request_access(&station, &[image, "--reason", "the demo, really"]));
    assert!(again.contains(&id) && again.contains("was asked for `docker.io/evil/miner` before"), "{again}");

    let listed = station.service.administer(&["requests", "list", "--state", "pending", "--json"]).await.unwrap();
    let listed: Value = serde_json::from_str(listed.stdout.trim()).unwrap();
    assert_eq!((&listed["id"], &listed["decision"]), (&id.as_str().into(), &"".into()), "the words of the second time");
    assert_eq!((&listed["user"], &listed["reason"]), (&"member".into(), &"the demo, really".into()));
    // Asking signs in anew: the session in force is still the member's, and nothing is allowed by it.
    station.signed_in("member").await.unwrap();
    assert_ne!(station.docker.run(&["pull", image]).await.unwrap().code(), 0);

    let approve = ["requests", "approve", &id, "--for", "30d", "--note", "for the demo"];
    let approved = station.service.administer(&approve).await.unwrap();
    let bound = Duration::from_secs(1);
    station.plugin.wait_for_check(&[image], [true], bound).await.unwrap();
    let took = approved.ended.elapsed();
    let pulled = station.docker.run(&["pull", image]).await.unwrap();
    assert_eq!(pulled.code(), 0, "{}", pulled.text());
    println!("from the approval to the plugin's yes: {took:?}");
    let line = ok(&request_access(&station, &["--list"]));
    assert!(
        line.contains("allowed by acme for 29 days more: for the demo") || line.contains("for 30 days more"),
        "{line}"
    );
    let nothing = ok(&request_access(&station, &[image, "--reason", "once more"]));
    assert!(nothing.starts_with("nobody has to be asked"), "{nothing}");

    let begin = Instant::now();
    let other = json(&request_access(&station, &["--json", "evil/other", "--reason", "x"]));
    assert!(begin.elapsed() < Duration::from_secs(10));
    let other = other["requests"][0]["id"].as_str().unwrap();
    station.service.administer(&["requests", "deny", other, "--reason", "we have our own"]).await.unwrap();
    let line = ok(&request_access(&station, &["--list"]));
    assert!(line.lines().next().unwrap().contains("not allowed by acme: we have our own"), "{line}");
    let audit = station.service.administer(&["audit", "--limit", "2"]).await.unwrap().stdout;
    assert!(audit.contains("request.deny") && audit.contains("request.approve"), "{audit}");
}
