//! What stands against an install: it says so and changes nothing, or takes everything back.

use std::time::Duration;

use installer::lab::wait_until;

use crate::site::Site;

/// An install that must fail, and leave everything as it was.
async fn comes_to_nothing(site: &Site, args: &str, code: i32, words: &str) {
    let before = site.fingerprint().await;
    let output = site.pullgate(&format!("install --yes {args}")).await;
    assert_eq!(output.code(), code, "{}", output.text());
    assert!(output.text().contains(words), "{words}: {}", output.text());
    site.is_free().await;
    assert_eq!(site.fingerprint().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_does_not_come_back_gets_its_own_settings_back() {
    let site = Site::boot("trixie").await;
    // Its program finds nothing wrong, and it does not start.
    let refuses = "[Service]\nExecStartPre=/bin/sh -c '! grep -q pullgate /etc/docker/daemon.json'\n";
    site.machine.write("/etc/systemd/system/docker.service.d/90-refuses.conf", refuses, 0o644).unwrap();
    site.machine.done("systemctl daemon-reload").await.unwrap();
    comes_to_nothing(&site, "", 4, "everything is as before").await;
    let left =
        site.machine.done("systemctl list-units --plain --no-legend 'pullgate*'; ls /usr/local/bin").await.unwrap();
    assert_eq!(left, "", "nothing of it runs or is there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_written_or_edited_is_left_alone() {
    let site = Site::boot("trixie").await;
    // A file system of its own, since attributes of files need a power that a container has not.
    let read_only = "mount --bind /etc/docker /etc/docker; mount -o remount,bind,ro /etc/docker";
    site.machine.done(read_only).await.unwrap();
    comes_to_nothing(&site, "", 3, "read-only").await;
    site.machine.done("umount /etc/docker").await.unwrap();

    site.machine
        .done("cp -a /etc/docker/daemon.json /tmp/theirs; printf '{ // a comment\\n}' >/etc/docker/daemon.json")
        .await
        .unwrap();
    comes_to_nothing(&site, "", 3, "is left as it is").await;
    site.machine.done("printf '{\"no-such-setting\": 1}' >/etc/docker/daemon.json").await.unwrap();
    comes_to_nothing(&site, "", 3, "is left as it is").await;
    site.machine.done("cp -a /tmp/theirs /etc/docker/daemon.json").await.unwrap();
    let user =
        site.machine.run("setpriv --reuid=65534 --clear-groups /opt/pullgate/pullgate install --yes").await.unwrap();
    assert!(user.code() == 3 && user.text().contains("only root"), "{}", user.text());
    comes_to_nothing(&site, "--engine nobody.service", 3, "there is no engine `nobody.service`").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_everything_stays_as_it_was() {
    let site = Site::boot("trixie").await;
    // The engine's settings on a file system that has no byte left.
    let small = "cp -a /etc/docker /tmp/docker; mount -t tmpfs -o size=64k tmpfs /etc/docker; cp -a /tmp/docker/. /etc/docker; \
                 dd if=/dev/zero of=/etc/docker/filler bs=4k 2>/dev/null; df /etc/docker | tail -1";
    let full = site.machine.done(small).await.unwrap();
    assert!(full.contains("100%"), "{full}");
    comes_to_nothing(&site, "--no-door", 4, "make room").await;
    site.machine.done("rm /etc/docker/filler").await.unwrap();
    site.installs("--no-door").await;
    // Full again: the way back needs no room.
    let stopped = "dd if=/dev/zero of=/etc/docker/filler bs=4k 2>/dev/null; true";
    site.machine.done(stopped).await.unwrap();
    site.asks().await;
}

/// With the registry door more is written, and each part of it may be the one that finds no room.
#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_nothing_of_an_install_with_the_door_stays() {
    let site = Site::boot("trixie").await;
    for place in ["/usr/local/sbin", "/etc/systemd/system", "/etc/docker"] {
        let small = format!(
            "cp -a {place} /tmp/was; mount -t tmpfs -o size=128k tmpfs {place}; cp -a /tmp/was/. {place}; rm -r /tmp/was; \
             dd if=/dev/zero of={place}/filler bs=4k 2>/dev/null; df {place} | tail -1"
        );
        let full = site.machine.done(&small).await.unwrap();
        assert!(full.contains("100%"), "{full}");
        comes_to_nothing(&site, "--enrollment /opt/enrollment.json", 4, "make room").await;
        let left = "systemctl list-units --plain --no-legend 'pullgate*'; ls /usr/local/bin; getent passwd pullgate-proxy; true";
        assert_eq!(site.machine.done(left).await.unwrap(), "", "{place}: nothing of it runs or is there");
        site.machine.done(&format!("umount {place}; systemctl daemon-reload")).await.unwrap();
    }
    site.installs("--enrollment /opt/enrollment.json").await;
    site.is_governed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_engine_that_systemd_gave_up_is_not_touched() {
    let site = Site::boot("bookworm").await;
    site.machine.done("cp -a /etc/docker/daemon.json /tmp/theirs; echo '{,}' >/etc/docker/daemon.json").await.unwrap();
    site.machine.run("systemctl restart docker").await.unwrap();
    let given_up = || async {
        let state = site.machine.run("systemctl show --value -p ActiveState docker.service").await.unwrap().stdout;
        if state.trim() == "failed" { Ok(()) } else { Err(state) }
    };
    wait_until("an engine that is given up", Duration::from_secs(60), given_up).await.unwrap();
    site.machine.run("systemctl stop docker.socket").await.unwrap();
    site.machine.done("cp -a /tmp/theirs /etc/docker/daemon.json").await.unwrap();
    let output = site.pullgate("install --yes").await;
    assert!(output.code() == 3 && output.stdout.contains("repair that first"), "{}", output.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn half_an_installation_with_a_dead_plugin_can_be_taken_away() {
    let site = Site::boot("trixie").await;
    let before = site.fingerprint().await;
    site.installs("").await;
    let half = "systemctl stop pullgate-proxy.service pullgate-plugin.service; systemctl stop pullgate-control.socket pullgate-plugin.socket; \
                rm -r /run/docker/plugins/pullgate.sock /usr/local/sbin/pullgate-plugin /var/lib/pullgate-install/installed.json";
    site.machine.run(half).await.unwrap();
    let taken = site.pullgate("uninstall --yes --purge").await;
    assert_eq!(taken.code(), 0, "{}", taken.text());
    site.is_free().await;
    site.machine.done("docker ps").await.unwrap();
    let file =
        |text: &str| text.lines().find(|line| line.contains("daemon.json") && line.len() > 60).map(str::to_owned);
    assert_eq!(file(&site.fingerprint().await), file(&before), "the edit was taken out to the byte");
}
