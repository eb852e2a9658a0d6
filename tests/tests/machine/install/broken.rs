//! A program of pullgate's that cannot be run at all: who asks Docker is told what is wrong and what to do, within seconds;
//! and once the program is back, everything is as ever, without anybody's telling.

use std::time::{Duration, Instant};

use installer::lab::{Output, wait_until};

use crate::site::Site;

/// For an answer to a command. An engine waits for a plugin for as long as that takes.
const SOON: Duration = Duration::from_secs(10);
/// A stand-in answers for five seconds before the program is tried again.
const BACK: Duration = Duration::from_secs(30);

/// What happens to a program, and what is then said of it. `mv`: what runs is kept by whoever runs it.
const BREAKS: [(&str, &str); 4] = [
    ("is empty", ": >$p; chmod 755 $p"),
    ("is not executable", "cp /opt/kept $p; chmod 644 $p"),
    ("is not there", "true"),
    ("cannot be run here", "printf '\\177ELF cut off' >$p; chmod 755 $p"),
];

async fn breaks(site: &Site, program: &str, how: &str) {
    let script =
        format!("p=/usr/local/sbin/{program}; mv $p /opt/kept; {how}; systemctl kill --signal=KILL {program}.service");
    site.machine.done(&script).await.unwrap();
}

async fn mends(site: &Site, program: &str) {
    site.machine.done(&format!("mv /opt/kept /usr/local/sbin/{program}")).await.unwrap();
}

/// What a command says that ends soon, and not well.
async fn fails_soon(site: &Site, command: &str) -> Output {
    let begun = Instant::now();
    let output = site.machine.run(&format!("timeout 50 {command}")).await.unwrap();
    let took = begun.elapsed();
    assert!(output.code() != 0 && took < SOON, "`{command}` took {took:?}: {}", output.text());
    output
}

async fn with_a_plugin_that_cannot_be_run(suite: &'static str) {
    let site = Site::boot(suite).await;
    site.installs("--enrollment /opt/enrollment.json").await;
    for (what, how) in BREAKS {
        breaks(&site, "pullgate-plugin", how).await;
        let said = format!("`/usr/local/sbin/pullgate-plugin` {what}");
        for command in ["docker ps", "docker pull alpine", "docker ps"] {
            let output = fails_soon(&site, command).await.text();
            assert!(
                output.contains(&said) && output.contains("`sudo pullgate disable --for 1h`"),
                "{command}: {output}"
            );
        }
        let status = site.machine.run("/opt/pullgate/pullgate status").await.unwrap();
        assert!(status.code() == 1 && status.stdout.lines().next().unwrap().contains(&said), "{}", status.text());
        mends(&site, "pullgate-plugin").await;
        let again = || async {
            let output = site.machine.run("timeout 50 docker ps").await.map_err(|error| error.to_string())?;
            if output.code() == 0 { Ok(()) } else { Err(output.text()) }
        };
        wait_until("a plugin that was mended", BACK, again).await.unwrap();
        site.is_governed().await;
    }
    // An engine comes up over it, and Docker back in one command.
    breaks(&site, "pullgate-plugin", BREAKS[0].1).await;
    site.machine.done("timeout 60 systemctl restart docker").await.unwrap();
    assert!(fails_soon(&site, "docker ps").await.text().contains("is empty"));
    let disabled = site.pullgate("disable --for 1h").await;
    assert_eq!(disabled.code(), 0, "{}", disabled.text());
    site.is_free().await;
    // What stands in for the plugin is no proof of it.
    let enabled = site.pullgate("enable").await;
    assert!(enabled.code() == 3 && enabled.text().contains("is empty"), "{}", enabled.text());
    site.is_free().await;
    mends(&site, "pullgate-plugin").await;
    let enables = || async {
        let output = site.pullgate("enable").await;
        if output.code() == 0 { Ok(()) } else { Err(output.text()) }
    };
    wait_until("a plugin that was mended", BACK, enables).await.unwrap();
    site.is_governed().await;
    let taken = site.pullgate("uninstall --yes --purge").await;
    assert_eq!(taken.code(), 0, "{}", taken.text());
    assert_eq!(site.leavings().await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_cannot_be_run_is_told_within_seconds_under_systemd_252() {
    with_a_plugin_that_cannot_be_run("bookworm").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plugin_that_cannot_be_run_is_told_within_seconds_under_systemd_257() {
    with_a_plugin_that_cannot_be_run("trixie").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_door_that_cannot_be_run_is_told_within_seconds() {
    let site = Site::boot("trixie").await;
    site.installs("").await;
    for (what, how) in BREAKS {
        breaks(&site, "pullgate-proxy", how).await;
        let said = fails_soon(&site, "docker pull registry.example/app").await.text();
        assert!(said.contains(&format!("`/usr/local/sbin/pullgate-proxy` {what}")), "{said}");
        site.machine.done("docker ps").await.unwrap();
        mends(&site, "pullgate-proxy").await;
        let again = || async {
            let output =
                site.machine.run("docker pull registry.example/app").await.map_err(|error| error.to_string())?;
            // There is no such host, says the door.
            if output.text().contains("pullgate-proxy` ") { Err(output.text()) } else { Ok(()) }
        };
        wait_until("a door that was mended", BACK, again).await.unwrap();
    }
}
