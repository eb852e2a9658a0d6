//! `pullgate install`, `uninstall`, `disable` and `enable` on machines with systemd and their distribution's engine:
//! whatever happens, the engine ends up answering, either with pullgate in front of it or as before.

mod broken;
mod killed;
mod loopback;
mod rescue;
mod terminal;
mod trouble;

use crate::site::{Site, THEIRS};

/// Installs, sees it refuse and prove, and takes it away.
async fn comes_and_goes(suite: &'static str) {
    let site = Site::boot(suite).await;
    let before = site.fingerprint().await;
    let plan = site.pullgate("install --dry-run --enrollment /opt/enrollment.json").await;
    assert_eq!((plan.code(), site.fingerprint().await), (0, before.clone()), "{}", plan.text());
    assert!(
        plan.stdout.contains("+  \"authorization-plugins\"") || plan.stdout.contains("authorization-plugins"),
        "{}",
        plan.stdout
    );
    let unasked = site.pullgate("install").await;
    assert_eq!((unasked.code(), site.fingerprint().await), (3, before.clone()), "{}", unasked.text());
    assert!(unasked.text().contains("`--yes` agrees"), "{}", unasked.text());

    site.installs("--enrollment /opt/enrollment.json").await;
    site.is_governed().await;
    // Built, not pulled: the door refuses what the plugin never sees by name.
    let built = site.machine.run("printf 'FROM evil/miner\\n' | docker build -q -").await.unwrap();
    assert_ne!(built.code(), 0, "{}", built.text());
    assert!(built.text().contains("signed in to acme"), "{}", built.text());
    let status = site.pullgate("status --json").await;
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let state = |way: &str| {
        let ways = status["coverage"].as_array().unwrap().iter();
        ways.filter(|it| it["way"] == way).map(|it| it["state"].clone()).next().unwrap_or_default()
    };
    assert_eq!([state("pull"), state("builds"), state("loopback")], ["enforced", "enforced", "enforced"], "{status}");

    let again = site.pullgate("install --yes --json").await;
    assert!(again.code() == 0 && again.stdout.contains("\"result\":\"unchanged\""), "{}", again.text());

    let taken = site.pullgate("uninstall --yes --purge").await;
    assert_eq!(taken.code(), 0, "{}", taken.text());
    site.is_free().await;
    assert_eq!(site.fingerprint().await, before, "byte for byte as before");
    assert_eq!(site.leavings().await, "");
    let nothing = site.pullgate("uninstall --yes").await;
    assert!(nothing.code() == 0 && nothing.stdout.contains("nothing of pullgate"), "{}", nothing.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn with_engine_20_10_it_comes_and_goes_and_leaves_every_byte_as_it_was() {
    comes_and_goes("bookworm").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn with_engine_26_1_it_comes_and_goes_and_leaves_every_byte_as_it_was() {
    comes_and_goes("trixie").await;
}

/// What a management of devices relies on, which runs it again and again: with no restart, too, the second time is nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_install_finds_nothing_to_do_after_a_reload_too() {
    let site = Site::boot("trixie").await;
    let unchanged = async |args: &str| {
        let output = site.pullgate(&format!("install --yes --json {args}")).await;
        assert!(output.code() == 0 && output.stdout.contains("\"result\":\"unchanged\""), "{}", output.text());
        let output = site.pullgate(&format!("install --dry-run {args}")).await;
        assert!(output.stdout.contains("nothing is to be done"), "{}", output.text());
    };
    site.installs("--no-door --enrollment /opt/enrollment.json").await;
    unchanged("--no-door").await;
    let status = site.pullgate("status --json").await;
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    assert_ne!(status["engine"]["lists_the_plugin"], true, "or this test shows nothing: {status}");
    let pull = status["coverage"].as_array().unwrap().iter().find(|way| way["way"] == "pull").unwrap();
    assert_eq!((&pull["configured"], &pull["state"]), (&"yes".into(), &"enforced".into()), "{pull}");
    site.installs("--restart-later").await;
    unchanged("--restart-later").await;
    // An engine that had no file has none while it is disabled, and none afterwards.
    let taken = site.pullgate("uninstall --yes --purge").await;
    assert_eq!(taken.code(), 0, "{}", taken.text());
    site.machine.done("rm /etc/docker/daemon.json; systemctl restart docker").await.unwrap();
    site.installs("--no-door --enrollment /opt/enrollment.json").await;
    let disabled = site.pullgate("disable --for 1h").await;
    assert_eq!(disabled.code(), 0, "{}", disabled.text());
    site.is_free().await;
    site.machine.done("test ! -e /etc/docker/daemon.json").await.unwrap();
    let enabled = site.pullgate("enable").await;
    assert_eq!(enabled.code(), 0, "{}", enabled.text());
    site.asks().await;
    let again = site.pullgate("disable --for 1h").await;
    assert_eq!(again.code(), 0, "{}", again.text());
    let taken = site.pullgate("uninstall --yes --purge").await;
    assert_eq!(taken.code(), 0, "{}", taken.text());
    site.is_free().await;
    site.machine.done("test ! -e /etc/docker/daemon.json").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_that_boots_again_is_governed_from_its_engines_first_answer() {
    let mut site = Site::boot("trixie").await;
    site.installs("--enrollment /opt/enrollment.json").await;
    for cut in [false, true] {
        match cut {
            false => site.machine.reboot().await.unwrap(),
            true => site.machine.cut_power().await.unwrap(),
        }
        site.is_governed().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_named_by_a_flag_moves_into_the_file_and_back() {
    let site = Site::boot("bookworm").await;
    // The other plugin answers yes to everything.
    site.machine.write("/opt/other.pl", include_bytes!("install/other.pl"), 0o755).unwrap();
    site.machine
        .write("/etc/systemd/system/other.service", "[Service]\nExecStart=/usr/bin/perl /opt/other.pl\n", 0o644)
        .unwrap();
    let unit =
        "[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd -H fd:// --authorization-plugin=other $DOCKER_OPTS\n";
    site.machine.write("/etc/systemd/system/docker.service.d/10-other.conf", unit, 0o644).unwrap();
    site.machine.done("systemctl daemon-reload; systemctl start other; systemctl restart docker").await.unwrap();
    let before = site.fingerprint().await;
    site.installs("--no-door").await;
    let file = site.machine.read("/etc/docker/daemon.json").unwrap();
    let file: serde_json::Value = serde_json::from_slice(&file).unwrap();
    assert_eq!(file["authorization-plugins"], serde_json::json!(["other", "pullgate"]));
    site.asks().await;
    // Which a flag would not have outlived.
    site.machine.done("systemctl reload docker").await.unwrap();
    site.asks().await;
    let taken = site.pullgate("uninstall --yes --purge").await;
    assert_eq!(taken.code(), 0, "{}", taken.text());
    site.is_free().await;
    assert_eq!(site.fingerprint().await, before);
    let listed = site.machine.done("docker info --format '{{.Plugins.Authorization}}'").await.unwrap();
    assert_eq!(listed, "[other]\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_by_somebody_else_survives_the_way_back() {
    let site = Site::boot("trixie").await;
    site.installs("--no-door").await;
    let edit = "sed -i 's/\"debug\" : false/\"debug\": true/' /etc/docker/daemon.json && systemctl reload docker";
    site.machine.done(edit).await.unwrap();
    let taken = site.pullgate("uninstall --yes").await;
    assert_eq!(taken.code(), 0, "{}", taken.text());
    site.is_free().await;
    let file = String::from_utf8(site.machine.read("/etc/docker/daemon.json").unwrap()).unwrap();
    assert_eq!(file, THEIRS.replace("\"debug\" : false", "\"debug\": true"));
}
