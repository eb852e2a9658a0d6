//! A hostile user of the machine, and plain bad luck, in the way of what administrators do: in the end the engine answers,
//! and everything is either in force or as before.

mod eve;
mod moments;

use std::{path::PathBuf, process::Command};

use installer::lab::wait_until;
use tests::SETTLE;

use self::moments::{Moment, OF_DISABLE, OF_ENABLE, OF_UNINSTALL};
use crate::{
    killing::killed,
    site::{Site, THEIRS},
};

const ENROLLED: &str = "--enrollment /opt/enrollment.json";

async fn done(site: &Site, args: &str) -> String {
    let output = site.pullgate(args).await;
    assert_eq!(output.code(), 0, "`{args}`: {}", output.text());
    output.text()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_user_put_there_is_neither_run_nor_read_nor_edited_and_holds_nothing_up() {
    let site = Site::boot("trixie").await;
    let before = site.fingerprint().await;
    let hers = eve::sets_traps(&site).await;
    assert!(hers.contains("cannot access '/run/as-root'"), "{hers}");
    let said = done(&site, &format!("install --yes {ENROLLED}")).await;
    assert!(said.contains("rootless engine of eve") && said.contains("is not judged"), "{said}");
    site.is_governed().await;
    assert_eq!(eve::is(&site).await, hers);
    for command in ["doctor", "status", "disable --for 1h", "enable", "uninstall --yes --purge"] {
        let output = site.pullgate(command).await;
        assert!(output.code() < 2, "`{command}`: {}", output.text());
        assert_eq!(eve::is(&site).await, hers, "{command}");
    }
    site.is_free().await;
    assert_eq!(site.fingerprint().await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_uninstall_that_is_killed_leaves_an_engine_that_answers_and_is_finished_by_the_next() {
    let site = Site::boot("trixie").await;
    let before = site.fingerprint().await;
    for (when, seen) in OF_UNINSTALL {
        site.installs(ENROLLED).await;
        assert!(killed(&site, "uninstall --yes --purge", seen).await, "{when}: it was too fast");
        site.answers(when).await;
        done(&site, "uninstall --yes --purge").await;
        site.is_free().await;
        // Nor does it fetch by a door that is gone.
        let proxy = site.machine.done("docker info --format '{{.HTTPProxy}}{{.HTTPSProxy}}'").await.unwrap();
        assert_eq!(proxy, "\n", "{when}");
        assert_eq!(site.fingerprint().await, before, "{when}");
        assert_eq!(site.leavings().await, "", "{when}");
    }
}

/// Kills `args` at each moment, and sees that the same again does the rest; `between` leads back.
async fn killed_at_each(site: &Site, moments: &[Moment], args: &str, between: &str, governed: bool) {
    for (when, seen) in moments {
        if !killed(site, args, seen).await {
            // Nothing was left to do behind the last moment.
            assert_eq!(*when, moments.last().unwrap().0, "{when}: it was too fast");
        }
        site.answers(when).await;
        done(site, args).await;
        if governed {
            site.is_governed().await;
        } else {
            site.is_free().await;
        }
        done(site, between).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn disable_and_enable_that_are_killed_leave_an_engine_that_answers_and_are_finished_by_the_next() {
    let site = Site::boot("trixie").await;
    site.installs(ENROLLED).await;
    killed_at_each(&site, &OF_DISABLE, "disable --for 1h --restart", "enable --restart", false).await;
    site.is_governed().await;
    done(&site, "disable --for 1h --restart").await;
    killed_at_each(&site, &OF_ENABLE, "enable --restart", "disable --for 1h --restart", true).await;
    done(&site, "uninstall --yes --purge").await;
    assert_eq!(moments::file(&site), THEIRS);
    assert_eq!(site.leavings().await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_at_once_wait_or_say_so_and_do_no_harm() {
    let site = Site::boot("trixie").await;
    let before = site.fingerprint().await;
    let script = format!(
        "cd /run; p=/opt/pullgate/pullgate; for round in 1 2 3; do \
           n=0; for args in 'install --yes {ENROLLED}' 'install --yes' 'uninstall --yes --purge' 'disable --for 1h' 'enable' 'uninstall --yes'; do \
             n=$((n+1)); ( $p $args >out.$round.$n 2>&1; echo $? >code.$round.$n ) & \
           done; wait; timeout 20 docker version >/dev/null || exit 1; done; cat code.*"
    );
    let output = site.machine.command(&script).deadline(std::time::Duration::from_secs(600)).run().await.unwrap();
    let said = site.machine.run("cd /run; grep . out.* code.*").await.unwrap().stdout;
    assert_eq!(output.code(), 0, "{}{said}", output.text());
    // 4: taken back is fine as well. A signal, or a panic (101), is not.
    assert!(output.stdout.lines().all(|code| ["0", "2", "3", "4"].contains(&code)), "{said}");
    assert!(!said.contains("panicked"), "{said}");
    // Whichever came last: there may be nothing left to install.
    done(&site, &format!("install --yes {ENROLLED}")).await;
    site.is_governed().await;
    done(&site, "uninstall --yes --purge").await;
    site.is_free().await;
    assert_eq!(site.fingerprint().await, before);
    assert_eq!(site.leavings().await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_or_a_reader_that_goes_away_leaves_nothing_half_done() {
    let site = Site::boot("trixie").await;
    let before = site.fingerprint().await;
    // Nobody reads what it says: that is no end of it.
    let piped = format!(
        "/opt/pullgate/pullgate install --yes {ENROLLED} | true; exec 2>&-; /opt/pullgate/pullgate uninstall --yes | true"
    );
    site.machine.done(&piped).await.unwrap();
    site.is_free().await;
    assert_eq!(site.fingerprint().await, before);
    site.installs(ENROLLED).await;
    site.is_governed().await;
    done(&site, "uninstall --yes").await;

    // The terminal goes away in the middle or at the end: either all of it, or nothing.
    for lines in [3, 9, usize::MAX] {
        let begin = format!(
            "rm -f /var/lib/pullgate-install/journal.jsonl; setsid script --quiet --command '/opt/pullgate/pullgate install --yes {ENROLLED}' \
             /dev/null </dev/null >/dev/null 2>&1 & echo $! >/run/pid"
        );
        site.machine.done(&begin).await.unwrap();
        let journal = site.machine.path("/var/lib/pullgate-install/journal.jsonl");
        let written = || async {
            let written = std::fs::read_to_string(&journal).unwrap_or_default();
            let enough = written.lines().count() >= lines || written.contains("\"end\"");
            if enough { Ok(()) } else { Err(written) }
        };
        wait_until("its journal", SETTLE, written).await.unwrap();
        site.machine.done("kill -9 $(cat /run/pid)").await.unwrap();
        // By its arguments: once it is installed, another `pullgate` watches over the egress rules.
        let ended = || async {
            let runs = site.machine.run("pgrep -af '^/opt/pullgate/pullgate install'").await;
            let runs = runs.map_err(|error| error.to_string())?;
            if runs.code() == 1 { Ok(()) } else { Err(runs.text()) }
        };
        wait_until("the end of the installation", std::time::Duration::from_secs(200), ended).await.unwrap();
        let end = site.machine.run("tail -1 /var/lib/pullgate-install/journal.jsonl").await.unwrap();
        assert!(end.stdout.contains("\"end\""), "{}", end.text());
        site.answers("the terminal is gone").await;
        done(&site, "uninstall --yes --purge").await;
        site.is_free().await;
        assert_eq!(site.fingerprint().await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn links_and_odd_files_are_kept_or_refused_with_the_reason() {
    let site = Site::boot("trixie").await;
    let run = async |script: &str| site.machine.done(script).await.unwrap();
    let refused = async |words: &str| {
        let output = site.pullgate("install --yes").await;
        assert!(output.code() == 3 || output.code() == 2, "{}", output.text());
        assert!(output.text().contains(words), "{words}: {}", output.text());
        site.is_free().await;
    };
    // A link that management put there.
    run("mkdir /srv/docker; mv /etc/docker/daemon.json /srv/docker/; ln -s /srv/docker/daemon.json /etc/docker/; systemctl restart docker").await;
    let linked = "readlink /etc/docker/daemon.json; stat -c '%a %U %G' /srv/docker/daemon.json; sha256sum </srv/docker/daemon.json; ls -a /etc/docker /srv/docker";
    let before = run(linked).await;
    site.installs("").await;
    site.asks().await;
    assert_eq!(run("readlink /etc/docker/daemon.json").await, "/srv/docker/daemon.json\n");
    done(&site, "disable --for 1h").await;
    done(&site, "enable").await;
    done(&site, "uninstall --yes --purge").await;
    assert_eq!(run(linked).await, before);
    // One that leads nowhere at the moment.
    run("mv /srv/docker /srv/away").await;
    refused("cannot be followed").await;
    assert_eq!(
        run("readlink /etc/docker/daemon.json; ls -a /etc/docker").await,
        "/srv/docker/daemon.json\n.\n..\ndaemon.json\nregistry\n"
    );
    run("rm /etc/docker/daemon.json; mkfifo /etc/docker/daemon.json").await;
    refused("it is no regular file").await;
    run("rm /etc/docker/daemon.json; mkdir /etc/docker/daemon.json").await;
    refused("it is no regular file").await;
    run("rmdir /etc/docker/daemon.json; mv /srv/away/daemon.json /etc/docker/").await;

    // Where others could write, nothing is trusted; what is given anew is root's alone.
    run("mkdir -p /etc/pullgate; cp /opt/enrollment.json /etc/pullgate/; chmod 666 /etc/pullgate/enrollment.json")
        .await;
    refused("can be written by others").await;
    run("rm /etc/pullgate/enrollment.json; ln -s /tmp/enrollment.json /etc/pullgate/enrollment.json; cp /opt/enrollment.json /tmp/; chown nobody /tmp/enrollment.json").await;
    refused("symbolic link").await;
    let umask = site
        .machine
        .command(&format!("umask 077; /opt/pullgate/pullgate install --yes {ENROLLED}"))
        .deadline(std::time::Duration::from_secs(280))
        .run()
        .await
        .unwrap();
    assert_eq!(umask.code(), 0, "{}", umask.text());
    assert_eq!(run("stat -c '%F %a %U' /etc/pullgate/enrollment.json /usr/local/sbin/pullgate-plugin /etc/systemd/system/docker.service.d").await,
        "regular file 644 root\nregular file 755 root\ndirectory 755 root\n");
    assert_eq!(run("stat -c %U /tmp/enrollment.json").await, "nobody\n", "where the link led nothing was touched");
    site.is_governed().await;
    done(&site, "uninstall --yes --purge").await;
    // Its users are anybody: a directory that others can write is not a place for it.
    run("mkdir /etc/pullgate; cp /opt/enrollment.json /etc/pullgate/; chmod 777 /etc/pullgate").await;
    refused("can be written by others").await;
}

/// `chattr +i`, and `-i` when it goes: nothing above could be removed else. By this machine, on a file of the other one: there
/// even root has not the power.
struct Immutable(PathBuf);

impl Immutable {
    fn new(site: &Site, path: &str) -> Self {
        let path = site.machine.path(path);
        let status = Command::new("chattr").arg("+i").arg(&path).status().unwrap();
        assert!(status.success(), "chattr +i {}", path.display());
        Self(path)
    }
}

impl Drop for Immutable {
    fn drop(&mut self) {
        let status = Command::new("chattr").arg("-i").arg(&self.0).status();
        assert!(
            std::thread::panicking() || status.is_ok_and(|status| status.success()),
            "chattr -i {}",
            self.0.display()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_immutable_file_is_refused_or_told_with_the_command_that_helps() {
    let site = Site::boot("trixie").await;
    let before = site.fingerprint().await;
    for place in ["/etc/docker/daemon.json", "/etc/docker"] {
        let _immutable = Immutable::new(&site, place);
        let refused = site.pullgate("install --yes").await;
        let said = format!("`{place}` is immutable; `chattr -i {place}` undoes that");
        assert!(refused.code() == 3 && refused.stdout.contains(&said), "{}", refused.text());
        assert_eq!(site.fingerprint().await, before);
    }
    site.installs(ENROLLED).await;
    let immutable = Immutable::new(&site, "/etc/docker/daemon.json");
    for command in ["disable --for 1h", "uninstall --yes"] {
        let failed = site.pullgate(command).await;
        assert!(failed.code() == 2 && failed.text().contains("chattr -i"), "`{command}`: {}", failed.text());
        site.is_governed().await;
    }
    drop(immutable);
    done(&site, "disable --for 1h").await;
    site.is_free().await;
    done(&site, "uninstall --yes --purge").await;
    assert_eq!(site.fingerprint().await, before);
    assert_eq!(site.leavings().await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_full_disk_docker_comes_back_all_the_same() {
    let site = Site::boot("trixie").await;
    let small = "for dir in /etc/docker /var/lib/pullgate-install; do mkdir -p $dir; cp -a $dir /tmp/was; \
                 mount -t tmpfs -o size=256k,mode=0711 tmpfs $dir; cp -a /tmp/was/. $dir; rm -r /tmp/was; done";
    site.machine.done(small).await.unwrap();
    let before = site.fingerprint().await;
    site.installs(ENROLLED).await;
    let fill = "for dir in /etc/docker /var/lib/pullgate-install; do dd if=/dev/zero of=$dir/filler bs=512 2>/dev/null; done; \
                df --output=avail /etc/docker /var/lib/pullgate-install | tail -n 2 | tr -d ' '";
    let full = site.machine.done(fill).await.unwrap();
    assert_eq!(full, "0\n0\n");
    let said = done(&site, "disable --for 1h --reason 'the disk is full'").await;
    assert!(
        said.contains("it does not end by itself") && said.contains("`pullgate install` puts the plugin back"),
        "{said}"
    );
    site.is_free().await;
    site.machine.done("docker ps").await.unwrap();
    let said = done(&site, "uninstall --yes").await;
    assert!(said.contains("pullgate is taken away"), "{said}");
    site.is_free().await;
    site.machine.done("rm /etc/docker/filler /var/lib/pullgate-install/filler").await.unwrap();
    assert_eq!(site.fingerprint().await, before, "byte for byte");
    // With room again everything is as ever.
    site.installs(ENROLLED).await;
    site.is_governed().await;
}

/// Beside the distribution's, as its administrator might run a second one.
const SECOND: &str = "[Unit]\nAfter=docker.service\n[Service]\nType=notify\nExecStart=/usr/sbin/dockerd --config-file=/etc/docker/second.json \
    --host=unix:///run/second.sock --data-root=/var/lib/docker/second --exec-root=/run/second --pidfile=/run/second.pid --bridge=none \
    --iptables=false --ip6tables=false\nDelegate=yes\nKillMode=process\n[Install]\nWantedBy=multi-user.target\n";

#[tokio::test(flavor = "multi_thread")]
async fn two_engines_are_governed_and_go_back_together() {
    let site = Site::boot("trixie").await;
    site.machine.write("/etc/systemd/system/second.service", SECOND, 0o644).unwrap();
    site.machine.write("/etc/docker/second.json", "{\"debug\": false}\n", 0o644).unwrap();
    site.machine.done("systemctl daemon-reload; systemctl enable --now second").await.unwrap();
    let second = "cat /etc/docker/second.json; ls /etc/systemd/system/second.service.d 2>&1; true";
    let (before, of_second) = (site.fingerprint().await, site.machine.done(second).await.unwrap());
    // One of them alone, and the other is left as it is.
    site.installs("--engine second.service --no-door").await;
    let asked = site.probe("/run/second.sock").await;
    assert!(asked.contains("authorization denied by plugin pullgate"), "{asked}");
    site.is_free().await;
    assert_eq!(site.fingerprint().await, before);
    let status = site.pullgate("status --engine-socket /run/second.sock").await.stdout;
    let named =
        ["at `/run/second.sock`; asked", "another engine, `docker.service` at"].map(|part| status.contains(part));
    assert_eq!(named, [true, true], "{status}");
    done(&site, "uninstall --yes --purge").await;
    // Both.
    let said = done(&site, &format!("install --yes {ENROLLED}")).await;
    assert!(said.contains("what `second.service` fetches from loopback addresses is not led"), "{said}");
    site.is_governed().await;
    let pull = "docker -H unix:///run/second.sock pull evil/miner";
    let pulled = site.machine.run(pull).await.unwrap();
    assert!(pulled.code() != 0 && pulled.text().contains("signed in to acme"), "{}", pulled.text());
    done(&site, "disable --for 1h").await;
    site.is_free().await;
    let pulled = site.machine.run(pull).await.unwrap();
    assert!(!pulled.text().contains("plugin pullgate"), "{}", pulled.text());
    done(&site, "enable").await;
    let pulled = site.machine.run(pull).await.unwrap();
    assert!(pulled.text().contains("signed in to acme"), "{}", pulled.text());
    done(&site, "uninstall --yes --purge").await;
    site.is_free().await;
    assert_eq!(
        (site.fingerprint().await, site.machine.done(second).await.unwrap()),
        (before.clone(), of_second.clone())
    );
    assert_eq!(site.leavings().await, "");

    // The second one does not come back: both are as before.
    let refuses = "[Service]\nExecStartPre=/bin/sh -c '! grep -q pullgate /etc/docker/second.json'\n";
    site.machine.write("/etc/systemd/system/second.service.d/90-refuses.conf", refuses, 0o644).unwrap();
    site.machine.done("systemctl daemon-reload").await.unwrap();
    let undone = site.pullgate("install --yes").await;
    assert_eq!(undone.code(), 4, "{}", undone.text());
    site.machine.done("rm -r /etc/systemd/system/second.service.d; systemctl daemon-reload; docker -H unix:///run/second.sock version").await.unwrap();
    site.is_free().await;
    assert_eq!((site.fingerprint().await, site.machine.done(second).await.unwrap()), (before, of_second));

    // Its engine is gone, and its file is not: it does not stay broken.
    site.installs("").await;
    site.machine
        .done("systemctl disable --now second; rm -r /etc/systemd/system/second.service*; systemctl daemon-reload")
        .await
        .unwrap();
    let said = done(&site, "uninstall --yes --purge").await;
    assert!(said.contains("whose engine is gone"), "{said}");
    assert_eq!(site.machine.read("/etc/docker/second.json").unwrap(), b"{\"debug\": false}\n");
}
