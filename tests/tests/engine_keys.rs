//! Another signing key, on a real engine: what was refused stays refused all the way, and nobody is enrolled again.

use std::fs;

use installer::lab::{Options, Workstation};
use tests::{SETTLE, Station, governed_station};

const IMAGE: &str = "evil/miner";

/// The policy says something else from now on, sealed with the keys of now, and a pull is refused in these words.
async fn a_change_arrives(station: &Station, words: &str) {
    station.service.administer(&["policy", "set", "acme", "--message", words]).await.unwrap();
    station.plugin.wait_for_text(IMAGE, words, SETTLE).await.unwrap();
    station.refuses(IMAGE, words).await;
}

/// The id of the key that signs.
async fn signing(station: &Station) -> String {
    let listed = station.service.administer(&["key", "list", "--json"]).await.unwrap().stdout;
    let keys: Vec<serde_json::Value> = listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let signs = keys.iter().find(|key| key["state"] == "signs").unwrap_or_else(|| panic!("{listed}"));
    signs["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_follows_the_signing_key_whether_it_is_on_or_was_off() {
    let mut station = governed_station(&Options::default()).await;
    let enrollment = fs::read(station.lab.enrollment()).unwrap();
    let first = signing(&station).await;
    station.pulls("hello").await;

    // While all is on.
    station.service.administer(&["key", "rotate"]).await.unwrap();
    let second = signing(&station).await;
    a_change_arrives(&station, "between the keys").await;
    station.service.administer(&["key", "retire"]).await.unwrap();
    a_change_arrives(&station, "by the second key").await;

    // A plugin that starts again knows what it followed, and holds what the second key sealed.
    let Workstation { plugin, lab, .. } = station.parts();
    plugin.process().kill();
    plugin.restart(lab).await.unwrap();
    station.refuses(IMAGE, "by the second key").await;
    a_change_arrives(&station, "after a restart").await;

    // The agent is off for the whole of the next one.
    let agent = &mut station.parts().agent;
    agent.process().stop();
    station.service.administer(&["key", "rotate"]).await.unwrap();
    station.service.administer(&["key", "retire"]).await.unwrap();
    let third = signing(&station).await;
    station.service.administer(&["policy", "set", "acme", "--message", "by the third key"]).await.unwrap();
    station.refuses(IMAGE, "after a restart").await;
    let Workstation { agent, lab, .. } = station.parts();
    agent.restart(lab).unwrap();
    station.plugin.wait_for_text(IMAGE, "by the third key", SETTLE).await.unwrap();
    station.refuses(IMAGE, "by the third key").await;
    station.pulls("hello").await;

    assert!(first != second && second != third && first != third, "{first} {second} {third}");
    assert_eq!(fs::read(station.lab.enrollment()).unwrap(), enrollment, "nobody was enrolled again");
}
