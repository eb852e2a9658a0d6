//! The life of a package on machines with systemd: it comes and changes no engine, an upgrade costs no call of the engine,
//! it goes and the engine answers without it, it is purged and nothing is left.

pub mod kind;
mod load;
mod place;

use self::{
    kind::Kind,
    load::Load,
    place::{Place, THEIRS},
};

/// The whole life.
async fn lives(suite: &'static str, kind: Kind) {
    let place = Place::boot(suite, kind).await;
    let before = place.tree().await;
    let engine = place.engine().await;

    place.installs(1).await;
    place.is_whole().await;
    assert_eq!(place.engine().await, engine, "the engine is as it was, and has not restarted");
    place.agent_runs().await;

    place.run("pullgate install --yes --enrollment /opt/enrollment.json").await;
    place.governs().await;

    let plugin = place.run("systemctl show --value -p MainPID pullgate-plugin.service").await;
    let agent = place.agent_runs().await;
    let load = Load::start(&place.machine).await;
    place.installs(2).await;
    let calls = load.end(&place.machine).await;
    assert!(calls.made > 20, "{calls:?}");
    assert!(calls.failed.is_empty() && calls.slowest < 1.0, "{calls:?}");
    assert_ne!(place.run("systemctl show --value -p MainPID pullgate-plugin.service").await, plugin, "it was replaced");
    assert_ne!(place.agent_runs().await, agent, "so was the agent");
    place.governs().await;

    place.removes().await;
    place.is_free().await;
    assert_eq!(place.run("cat /etc/docker/daemon.json").await, THEIRS, "byte for byte");
    place.purges().await;
    place.is_free().await;
    assert_eq!(place.new_in(&before).await, Vec::<String>::new(), "nothing is left");

    // Who removed it and installs it again has all of it again.
    place.installs(2).await;
    place.is_whole().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deb_comes_is_upgraded_and_goes_without_a_trace_on_debian_12() {
    lives("bookworm", Kind::Deb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deb_comes_is_upgraded_and_goes_without_a_trace_on_debian_13() {
    lives("trixie", Kind::Deb).await;
}

/// No distribution that is made of .rpm can be had here: its scriptlets run on Debian's systemd, under Debian's rpm.
#[tokio::test(flavor = "multi_thread")]
async fn an_rpm_comes_is_upgraded_and_goes_without_a_trace() {
    lives("bookworm", Kind::Rpm).await;
}

/// A package that went would leave an engine behind that refuses everything.
async fn stays(suite: &'static str, kind: Kind) {
    let place = Place::boot(suite, kind).await;
    place.installs(1).await;
    place.run("pullgate install --yes --no-door --enrollment /opt/enrollment.json").await;
    // Somebody edits it, and has not finished.
    place.run("sed -i 's/\"debug\"/debug/' /etc/docker/daemon.json").await;
    let refused = place.machine.run(kind.remove()).await.unwrap();
    assert_ne!(refused.code(), 0, "{}", refused.text());
    assert!(refused.text().contains("so pullgate stays"), "{}", refused.text());
    assert!(place.is_installed().await, "{}", refused.text());
    place.asks().await;
    // By hand, as the text says.
    place.run("sed -i 's/debug/\"debug\"/' /etc/docker/daemon.json").await;
    place.removes().await;
    place.is_free().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deb_stays_while_an_engine_cannot_let_go_of_it() {
    stays("trixie", Kind::Deb).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rpm_stays_while_an_engine_cannot_let_go_of_it() {
    stays("bookworm", Kind::Rpm).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_whose_command_is_broken_can_be_removed_where_no_engine_needs_it() {
    let place = Place::boot("bookworm", Kind::Deb).await;
    place.installs(1).await;
    place.run("printf '#!/bin/sh\\nexit 2\\n' >/usr/bin/pullgate").await;
    place.removes().await;
    place.is_free().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_service_runs_from_its_package() {
    let place = Place::boot("trixie", Kind::Deb).await;
    let before = place.tree().await;
    place
        .run("apt-get install -y /opt/packages/pullgate-service_*-1_*.deb && systemctl enable --now pullgate-service")
        .await;
    let answers = "curl --silent --insecure --retry 50 --retry-delay 0 --retry-max-time 30 --retry-connrefused \
                   -o /dev/null -w '%{http_code}' https://127.0.0.1:8443/v2/";
    assert_eq!(place.run(answers).await, "401");
    let unit = "systemctl show --value -p MainPID pullgate-service";
    let process = place.run(unit).await;
    place.run("apt-get install -y /opt/packages/pullgate-service_*-2_*.deb").await;
    assert_ne!(place.run(unit).await, process, "an upgrade replaces it");
    assert_eq!(place.run(answers).await, "401");
    place.run("apt-get purge -y pullgate-service").await;
    assert_eq!(place.new_in(&before).await, Vec::<String>::new(), "nothing is left");
}
