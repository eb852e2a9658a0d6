//! `pullgate status` on a real engine: it says `enforced` of what it proved, and of nothing else.

use std::process::{Command, Stdio};

use installer::lab::Options;
use serde_json::Value;
use tests::{Station, governed_station, own_program};

fn status(station: &Station) -> Value {
    let output = Command::new(own_program("pullgate"))
        .args(["status", "--json", "--control-socket"])
        .arg(station.lab.control_socket())
        .arg("--engine-socket")
        .arg(station.engine.socket())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn state<'a>(status: &'a Value, way: &str) -> &'a Value {
    let ways = status["coverage"].as_array().unwrap();
    &ways.iter().find(|found| found["way"] == way).unwrap_or_else(|| panic!("no {way}: {status:#}"))["state"]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_probe_proved_is_enforced_and_leaves_no_record() {
    let mut station = governed_station(&Options::default()).await;
    let before = station.registry.seen();
    let proved = status(&station);
    for way in ["pull", "engine_plugins", "services", "local_content", "run"] {
        assert_eq!(state(&proved, way), "enforced", "{way}: {proved:#}");
    }
    for way in ["builds", "swarm_tasks"] {
        assert_eq!(state(&proved, way), "open", "{way}: {proved:#}");
    }
    assert_eq!(station.registry.seen(), before, "a probe reaches no registry");
    let version = proved["engine"]["version"].as_str().unwrap();
    assert!(station.engine.version().starts_with(version) && !version.is_empty(), "{version}");
    let records = station.service.administer(&["records", "--json"]).await.unwrap();
    assert!(!records.text().contains("pullgate.invalid"), "{}", records.text());

    // The engine fails closed, and nothing is claimed.
    station.plugin.process().kill();
    let here = station.parts();
    here.plugin.restart(&here.lab).await.unwrap();
    assert_eq!(state(&status(&station), "pull"), "enforced");
}
