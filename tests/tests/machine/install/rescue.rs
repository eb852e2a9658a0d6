//! Docker back in one command, whatever is wrong with the plugin; and the plugin back when it answers.

use std::time::{Duration, Instant};

use installer::lab::wait_until;

use crate::site::Site;

const WAIT: Duration = Duration::from_secs(120);

/// Docker is back within `bound`; `restarted`: the engine had to be started anew.
async fn rescues(site: &Site, bound: Duration, restarted: &str) {
    let begun = Instant::now();
    let output = site.pullgate("disable --for 1h --reason 'docker hangs' --json").await;
    assert_eq!(output.code(), 0, "{}", output.text());
    assert!(output.stdout.contains(&format!("\"restarted\":[{restarted}]")), "{}", output.stdout);
    let took = begun.elapsed();
    assert!(took < bound, "{took:?}");
    site.is_free().await;
    site.machine.done("timeout 10 docker ps").await.unwrap();
}

async fn comes_back(site: &Site) {
    let output = site.pullgate("enable").await;
    assert_eq!(output.code(), 0, "{}", output.text());
    site.is_governed().await;
    let left =
        site.machine.done("ls /etc/systemd/system | grep pullgate-enable; ls /var/lib/pullgate-install").await.unwrap();
    assert!(!left.contains("enable") && !left.contains("disabled"), "{left}");
    assert!(!left.contains("acts"), "the plugin was told everything: {left}");
}

/// What the plugin knows of root's acts.
async fn acts(site: &Site) -> Vec<String> {
    let output = site.pullgate("records --json").await;
    assert_eq!(output.code(), 0, "{}", output.text());
    let records = output.stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let acts = records.filter(|record| record["reason"] == "administrator");
    acts.map(|record| record["action"].as_str().unwrap().to_owned()).collect()
}

async fn plugin_of_every_kind(suite: &'static str) {
    let site = Site::boot(suite).await;
    site.installs("--enrollment /opt/enrollment.json").await;

    // One that works.
    rescues(&site, Duration::from_secs(15), "").await;
    comes_back(&site).await;

    // One that hangs, with a caller in it.
    let hang = "systemctl kill --signal=STOP pullgate-plugin.service; timeout 300 docker ps >/dev/null 2>&1 &";
    site.machine.done(hang).await.unwrap();
    rescues(&site, Duration::from_secs(20), "").await;
    let output = site.pullgate("enable").await;
    assert_eq!(output.code(), 3, "it does not answer yet: {}", output.text());
    site.is_free().await;
    site.machine.done("systemctl kill --signal=CONT pullgate-plugin.service").await.unwrap();
    comes_back(&site).await;

    // One that is dead, and an engine that does not come up over it.
    // Without the door, which asks on the control socket and so would start it, and without what stands in for it.
    let dead = "mv /usr/local/sbin/pullgate-plugin /opt/away; systemctl stop pullgate-proxy.service pullgate-plugin.service; \
                mkdir -p /run/systemd/system/pullgate-plugin-stand-in.service.d; \
                printf '[Unit]\\nConditionPathExists=/nowhere\\n' >/run/systemd/system/pullgate-plugin-stand-in.service.d/away.conf; \
                systemctl daemon-reload; systemctl stop pullgate-plugin-stand-in.service; \
                systemctl stop pullgate-control.socket pullgate-plugin.socket; rm -f /run/docker/plugins/pullgate.sock";
    site.machine.run(dead).await.unwrap();
    rescues(&site, Duration::from_secs(20), "").await;
    let output = site.pullgate("enable").await;
    assert_eq!(output.code(), 3, "{}", output.text());
    // What a reboot would come to: the engine's start waits at sockets behind which there is nobody.
    let back = "sed -i 's/^{/{\"authorization-plugins\": [\"pullgate\"],/' /etc/docker/daemon.json; \
                grep -q authorization-plugins /etc/docker/daemon.json && systemctl restart --no-block docker";
    site.machine.done(back).await.unwrap();
    let waits = || async {
        let state = site.machine.run("systemctl show -p ActiveState,Result docker.service").await.unwrap().stdout;
        let down = ["failed", "activating"].iter().any(|down| state.contains(&format!("ActiveState={down}")));
        if down { Ok(()) } else { Err(state) }
    };
    wait_until("an engine that does not come up", WAIT, waits).await.unwrap();
    rescues(&site, Duration::from_secs(60), "\"docker.service\"").await;
    site.machine.done("test -s /var/lib/pullgate-install/acts.jsonl").await.expect("nobody could be told");
    site.machine.done("mv /opt/away /usr/local/sbin/pullgate-plugin; rm -r /run/systemd/system/pullgate-plugin-stand-in.service.d; systemctl daemon-reload; systemctl start pullgate-plugin.socket pullgate-control.socket pullgate-proxy.service pullgate-plugin.service").await.unwrap();
    // A plugin that starts is told, whoever comes next; what was told, once.
    site.machine.done("test ! -e /var/lib/pullgate-install/acts.jsonl").await.expect("it was told");
    assert_eq!(acts(&site).await, ["disable", "enable", "disable", "enable", "disable", "disable"]);
    comes_back(&site).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn docker_20_10_is_back_in_one_command_whatever_the_plugin_does() {
    plugin_of_every_kind("bookworm").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn docker_26_1_is_back_in_one_command_whatever_the_plugin_does() {
    plugin_of_every_kind("trixie").await;
}

/// What `docker pull` says, within the time in which one is answered.
async fn pull(site: &Site) -> String {
    let output = site.machine.run("timeout 20 docker pull alpine:latest").await.unwrap();
    assert_eq!(output.code(), 1, "{}", output.text());
    output.text()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_cannot_start_says_why_to_whoever_pulls_and_keeps_nobody_else_waiting() {
    let site = Site::boot("trixie").await;
    site.installs("--enrollment /opt/enrollment.json").await;
    // A directory of the machine that is no directory any more.
    let breaks =
        "systemctl stop pullgate-plugin.service && mv /var/lib/pullgate /var/lib/away && touch /var/lib/pullgate";
    site.machine.done(breaks).await.unwrap();
    let begun = Instant::now();
    site.machine.done("systemctl start pullgate-plugin.service").await.expect("it answers, so that it has started");
    let said = pull(&site).await;
    for part in ["`docker.io/library/alpine:latest` cannot be judged", "/var/lib/pullgate", "pullgate disable --for 1h"]
    {
        assert!(said.contains(part), "{said}");
    }
    site.machine.done("timeout 10 docker ps && timeout 10 docker version").await.unwrap();
    // An engine starts over it, as at a boot.
    site.machine.done("timeout 60 systemctl restart docker && timeout 10 docker info").await.unwrap();
    println!("answered, and an engine started anew over it: {:?}", begun.elapsed());
    assert!(pull(&site).await.contains("cannot start"));
    // Whoever looks is told, and what the unit says is on one line of it.
    for command in ["status", "doctor"] {
        let output = site.pullgate(command).await;
        assert!(output.code() != 0 && output.text().contains("cannot start"), "{command}: {}", output.text());
    }
    let told = || async {
        let show = "systemctl show -p StatusText,ActiveState pullgate-plugin.service";
        let shown = site.machine.done(show).await.map_err(|error| error.to_string())?;
        let is_told = shown.contains("ActiveState=active") && shown.contains("StatusText=cannot start");
        if is_told { Ok(()) } else { Err(shown) }
    };
    // Between two processes there is none.
    wait_until("the unit to say so", Duration::from_secs(10), told).await.unwrap();
    // Docker back without it, at once; and the plugin is not put back as it is.
    rescues(&site, Duration::from_secs(15), "").await;
    let output = site.pullgate("enable").await;
    assert_eq!(output.code(), 3, "{}", output.text());
    // Repaired: the next process finds it so.
    site.machine.done("rm /var/lib/pullgate && mv /var/lib/away /var/lib/pullgate").await.unwrap();
    let answers = || async {
        let output = site.pullgate("enable").await;
        if output.code() == 0 { Ok(()) } else { Err(output.text()) }
    };
    wait_until("the plugin to answer", Duration::from_secs(40), answers).await.unwrap();
    site.is_governed().await;
    assert!(!pull(&site).await.contains("cannot start"));
}

#[tokio::test(flavor = "multi_thread")]
async fn it_ends_by_itself_after_a_reboot_too_and_not_before_the_plugin_answers() {
    let mut site = Site::boot("trixie").await;
    site.installs("--enrollment /opt/enrollment.json").await;
    let output = site.pullgate("disable --for 1m").await;
    assert_eq!(output.code(), 0, "{}", output.text());
    site.machine.done("mv /usr/local/sbin/pullgate-plugin /opt/away").await.unwrap();
    site.machine.reboot().await.unwrap();
    site.is_free().await;
    // Whoever wonders sees why, also after a reboot, and without being root.
    let seen = site.machine.run("setpriv --reuid=65534 --clear-groups pullgate status").await.unwrap();
    assert!(seen.stdout.contains("disabled until"), "{}", seen.text());
    let tried = || async {
        let log = site.machine.run("journalctl -u pullgate-enable --no-pager").await.unwrap().stdout;
        if log.contains("pullgate stays disabled, and Docker up") { Ok(()) } else { Err(log) }
    };
    wait_until("a first try", WAIT, tried).await.unwrap();
    site.is_free().await;
    // What the unit does by itself five minutes later.
    site.machine
        .done("mv /opt/away /usr/local/sbin/pullgate-plugin; systemctl restart pullgate-enable.service")
        .await
        .unwrap();
    site.is_governed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_door_goes_and_comes_back_with_a_restart_each() {
    let site = Site::boot("trixie").await;
    site.installs("--enrollment /opt/enrollment.json").await;
    let door = "docker info --format '{{.HTTPProxy}}'";
    assert_eq!(site.machine.done(door).await.unwrap(), "http://127.0.0.1:857\n");
    let output = site.pullgate("disable --for 1h --restart").await;
    assert_eq!(output.code(), 0, "{}", output.text());
    site.is_free().await;
    assert_eq!(site.machine.done(door).await.unwrap(), "\n");
    assert_eq!(site.machine.done("nft list tables | grep pullgate; true").await.unwrap(), "");
    let output = site.pullgate("enable --restart").await;
    assert_eq!(output.code(), 0, "{}", output.text());
    site.is_governed().await;
    assert_eq!(site.machine.done(door).await.unwrap(), "http://127.0.0.1:857\n");
}
