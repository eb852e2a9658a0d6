//! What the units' limits do to what runs in them: seen from inside, by programs that try.

use installer::lab::wait_until;
use tests::{Machine, REGISTRY, SETTLE, own_program, repository};

/// Capabilities by the bits of `/proc/PID/status` (capabilities(7), `linux/capability.h`).
const DAC_READ_SEARCH: u64 = 1 << 2;
const NET_ADMIN: u64 = 1 << 12;

/// The programs and units where a package puts them; nothing runs.
async fn machine(suite: &'static str) -> Machine {
    let machine = Machine::boot(suite).await.unwrap();
    for (program, dir) in [
        ("pullgate", "/usr/bin"),
        ("pullgated", "/usr/bin"),
        ("pullgate-service", "/usr/bin"),
        ("pullgate-plugin", "/usr/sbin"),
        ("pullgate-proxy", "/usr/sbin"),
    ] {
        machine.copy(&own_program(program), format!("{dir}/{program}")).unwrap();
    }
    let assets = repository().join("installer/assets");
    for (dir, place) in
        [("units", "/usr/lib/systemd/system"), ("sysusers", "/usr/lib/sysusers.d"), ("tmpfiles", "/usr/lib/tmpfiles.d")]
    {
        for file in std::fs::read_dir(assets.join(dir)).unwrap() {
            let file = file.unwrap();
            machine.copy(&file.path(), format!("{place}/{}", file.file_name().display())).unwrap();
        }
    }
    let settle = "systemd-sysusers && systemd-tmpfiles --create pullgate.conf && systemctl daemon-reload && useradd --create-home dev \
                  && mkdir -p /etc/pullgate && echo pg_oat_none >/etc/pullgate/token && chmod 600 /etc/pullgate/token";
    machine.done(settle).await.unwrap();
    machine
}

/// What a script prints that runs with the limits of a unit, changed by `sed`.
async fn inside(machine: &Machine, unit: &str, change: &str, script: &str) -> String {
    machine.write("/usr/bin/probe", format!("#!/bin/bash\n{script}\n"), 0o755).unwrap();
    let probe = "sed -e '/^ExecStart=/d' -e '/^ExecStartPost=/d' -e '/^Restart/d' -e '/^Requires=/d' -e '/^Sockets=/d' -e 's/^Type=.*/Type=oneshot\\nExecStart=\\/usr\\/bin\\/probe\\nStandardOutput=truncate:\\/run\\/probe.out\\nStandardError=inherit/'";
    let script = format!(
        "{probe} -e '{change}' /usr/lib/systemd/system/{unit} >/run/systemd/system/probe.service && systemctl daemon-reload; \
         systemctl restart probe; cat /run/probe.out"
    );
    machine.done(&script).await.unwrap()
}

async fn limits(suite: &'static str) {
    let machine = machine(suite).await;
    machine.done("systemctl start pullgate-plugin.socket pullgate-control.socket pullgate-proxy.socket").await.unwrap();
    machine
        .done("systemctl start pullgate-plugin pullgate-proxy pullgate-egress pullgate-service pullgated@dev pullgated@root")
        .await
        .unwrap();
    for (unit, capabilities, user) in [
        ("pullgate-plugin", DAC_READ_SEARCH, "root"),
        ("pullgate-proxy", 0, "pullgate-proxy"),
        ("pullgate-egress", NET_ADMIN, "root"),
        ("pullgate-service", 0, "pullgate-service"),
        ("pullgated@dev", 0, "dev"),
        ("pullgated@root", 0, "root"),
    ] {
        let script = format!(
            "pid=$(systemctl show --value -p MainPID {unit}); stat -c %U /proc/$pid; \
             sed -nE 's/^(CapPrm|CapBnd|NoNewPrivs|Seccomp):\\s*//p' /proc/$pid/status"
        );
        let runs = || async {
            let said = machine.run(&script).await.map_err(|error| error.to_string())?.text();
            let lines: Vec<&str> = said.lines().collect();
            let power = |line: &str| u64::from_str_radix(line, 16).unwrap_or(u64::MAX);
            match lines[..] {
                [who, permitted, bounding, "1", "2"]
                    if who == user && power(bounding) == capabilities && power(permitted) & !capabilities == 0 =>
                {
                    Ok(())
                }
                _ => Err(said),
            }
        };
        wait_until(unit, SETTLE, runs).await.unwrap();
    }
    let failed = machine
        .done("systemctl list-units --failed --plain --no-legend; journalctl --quiet --grep 'audit.*SECCOMP' || true")
        .await
        .unwrap();
    assert_eq!(failed, "");
    let here = "systemctl show --value -p NRestarts pullgate-plugin pullgate-proxy pullgate-egress pullgate-service pullgated@dev";
    let restarts = machine.done(here).await.unwrap();
    assert!(restarts.lines().all(|line| line.is_empty() || line == "0"), "{restarts}");
    of_a_user(&machine).await;
}

/// The agent in a user's manager: none of the powers that `systemd-analyze security` counts there is one that it has, and
/// what would lower the count takes away what the agent needs.
async fn of_a_user(machine: &Machine) {
    machine
        .done("cp /usr/lib/systemd/system/pullgated.service /usr/lib/systemd/user/; loginctl enable-linger dev || true")
        .await
        .unwrap();
    let logged_in = || async {
        let wait = "systemctl --user --machine=dev@.host is-system-running --wait";
        machine.done(wait).await.map_err(|error| error.to_string())
    };
    wait_until("the user's manager", SETTLE, logged_in).await.unwrap();
    // Two agents of one user would be one too many.
    machine.done("systemctl stop pullgated@dev; systemctl --user --machine=dev@.host start pullgated").await.unwrap();
    let script = "pid=$(systemctl --user --machine=dev@.host show --value -p MainPID pullgated); stat -c %U /proc/$pid; \
                  sed -nE 's/^(CapInh|CapPrm|CapEff|CapAmb|NoNewPrivs|Seccomp):\\s*//p' /proc/$pid/status";
    let none = "0".repeat(16);
    let expected = format!("dev\n{none}\n{none}\n{none}\n{none}\n1\n2");
    let runs = || async {
        let said = machine.run(script).await.map_err(|error| error.to_string())?.text();
        if said == expected { Ok(()) } else { Err(said) }
    };
    wait_until("the agent of a user", SETTLE, runs).await.unwrap();

    let with = |limit: &str, command: &str| {
        format!("systemd-run --user --machine=dev@.host --wait --pipe --quiet -p '{limit}' -- {command} 2>&1")
    };
    machine.done("touch /tmp/of-all").await.unwrap();
    // Who owns what is root's, and whether the limit is one.
    let look = "sh -c 'stat -c %U /etc/passwd; ls /tmp/of-all'";
    assert_eq!(machine.done(&with("NoNewPrivileges=yes", look)).await.unwrap(), "root\n/tmp/of-all\n");
    let said = machine.run(&with("PrivateUsers=yes", look)).await.unwrap().text();
    assert!(!said.starts_with("root"), "it costs nothing: the agent's unit is to have it: {said}");
    // Until 252 it does nothing in a user's manager; since then it takes a user namespace, where a socket of root's is
    // as good as anybody's.
    let said = machine.run(&with("PrivateTmp=yes", look)).await.unwrap().text();
    assert!(said == "root\n/tmp/of-all" || !said.starts_with("root"), "it costs nothing, and holds: {said}");
    let dropped = machine.run(&with("CapabilityBoundingSet=", "true")).await.unwrap();
    assert_ne!(dropped.code(), 0, "a user's manager has capabilities to drop: the agent's unit is to drop them");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_runs_with_the_powers_it_needs_under_systemd_252() {
    limits("bookworm").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_service_runs_with_the_powers_it_needs_under_systemd_257() {
    limits("trixie").await;
}

/// A link that the plugin does not see, it would judge as text.
#[tokio::test(flavor = "multi_thread")]
async fn the_plugin_sees_every_link_and_reaches_nothing() {
    let machine = machine("bookworm").await;
    machine.registry(&["library/alpine"]).await.unwrap();
    let links = "mkdir -m 700 /home/dev/closed && ln -s /etc/docker /home/dev/closed/link && chown -R dev: /home/dev/closed \
                 && ln -s /etc/docker /tmp/link && ln -s /etc/docker /dev/link && mkdir /mnt/later";
    machine.done(links).await.unwrap();
    let look = "for place in /home/dev/closed /tmp /dev; do readlink $place/link || echo $place is hidden; done; \
                pid=$(pidof dockerd); cut -d' ' -f1 /proc/$pid/stat | grep -qx $pid && echo the engine is seen";
    let seen = "/etc/docker\n/etc/docker\n/etc/docker\nthe engine is seen\n";
    assert_eq!(inside(&machine, "pullgate-plugin.service", "", look).await, seen);
    // Each of these is why a limit is what it is.
    for (change, hidden) in [
        ("s/^CapabilityBoundingSet=.*/CapabilityBoundingSet=/", "/home/dev/closed"),
        ("s/^ProtectHome=.*/ProtectHome=yes/", "/home/dev/closed"),
        ("s/^ProtectHome=.*/PrivateTmp=yes/", "/tmp"),
        ("s/^ProtectHome=.*/PrivateDevices=yes/", "/dev"),
    ] {
        let said = inside(&machine, "pullgate-plugin.service", change, look).await;
        assert!(said.contains(&format!("{hidden} is hidden")), "{change}: {said}");
    }
    let act = format!(
        "exec 2>&1; for place in /etc /usr /run /home/dev /tmp /dev/shm /sys/fs/cgroup /proc/sys/kernel; do touch $place/x && echo wrote $place; done
         touch /var/lib/pullgate/x && echo wrote its state
         (exec 3<>/dev/tcp/{}) && echo reached; grep -c : /proc/self/net/dev
         mount -t tmpfs x /mnt 2>/dev/null && echo mounted; unshare --user true && echo a namespace
         chown dev /var/lib/pullgate/x && echo gave away",
        REGISTRY.replace(':', "/")
    );
    let said = inside(&machine, "pullgate-plugin.service", "", &act).await;
    let did: Vec<&str> = said.lines().filter(|line| !line.contains(": ")).collect();
    // Of the network, loopback: one of its own.
    assert_eq!(did, ["wrote its state", "1"], "{said}");
    assert!(said.contains("Address family not supported"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn egress_rules_need_one_power_and_the_door_none() {
    let machine = machine("trixie").await;
    let list = "nft list tables >/dev/null 2>&1 && echo listed || echo refused";
    assert_eq!(inside(&machine, "pullgate-egress.service", "", list).await, "listed\n");
    let without =
        inside(&machine, "pullgate-egress.service", "s/^CapabilityBoundingSet=.*/CapabilityBoundingSet=/", list).await;
    assert_eq!(without, "refused\n");
    let act = "exec 2>&1; for place in / /etc /run /run/pullgate /home /tmp; do touch $place/x && echo wrote $place; done; ls /home | wc -l";
    let said = inside(&machine, "pullgate-egress.service", "", act).await;
    let did: Vec<&str> = said.lines().filter(|line| !line.contains(": ")).collect();
    assert_eq!(did, ["wrote /run/pullgate", "wrote /tmp", "0"], "{said}");

    let act = "exec 2>&1; for place in / /etc /run /home /var/lib/pullgate-proxy /tmp; do touch $place/x && echo wrote $place; done
               ls /home | wc -l; ls /proc | grep -c '^[0-9]'";
    let said = inside(&machine, "pullgate-proxy.service", "", act).await;
    let did: Vec<&str> = said.lines().filter(|line| !line.contains(": ")).collect();
    let [state, tmp, homes, processes] = did[..] else { panic!("{said}") };
    assert_eq!([state, tmp, homes], ["wrote /var/lib/pullgate-proxy", "wrote /tmp", "0"], "{said}");
    // Its own: a shell and what it runs.
    assert!(processes.parse::<u32>().unwrap() < 8, "{said}");
}

/// As counted in `installer/assets/units/exposure.tsv` (test `units`), by the systemd of each machine.
async fn exposures(suite: &'static str, column: &str) {
    let machine = machine(suite).await;
    let table = std::fs::read_to_string(repository().join("installer/assets/units/exposure.tsv")).unwrap();
    let mut lines =
        table.lines().filter(|line| !line.starts_with('#')).map(|line| line.split('\t').collect::<Vec<_>>());
    let at = lines.next().unwrap().iter().position(|version| *version == column).unwrap();
    for fields in lines {
        let script = format!(
            "cd /usr/lib/systemd/system && systemd-analyze security --offline=true ./{} 2>&1 | tail -1",
            fields[0]
        );
        let said = machine.done(&script).await.unwrap();
        assert!(said.contains(&format!(": {} ", fields[at])), "{} has {}: {said}", fields[0], fields[at]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn exposures_are_as_committed_under_systemd_252() {
    exposures("bookworm", "252").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn exposures_are_as_committed_under_systemd_257() {
    exposures("trixie", "257").await;
}
