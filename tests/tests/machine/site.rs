//! A machine on which somebody is about to install: the programs as they were built, an engine with settings of its
//! own, an enrollment that asks for a sign-in.

use std::time::Duration;

use installer::lab::{Output, wait_until};
use tests::{Machine, own_program};

/// Settings that nobody would write like this, so that a rewrite would show.
pub const THEIRS: &str =
    "{\r\n\t\"debug\" : false,\n  \"max-concurrent-downloads\":  2,\n\n\"labels\": [\"a=1048576.0\"] }";
/// The public key of the first test in RFC 8032, 7.1.
const ENROLLMENT: &str = r#"{"service":"https://pullgate.acme.example","trustKeys":["11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="],"allowedOrgs":["acme"],"registryDoor":true}"#;
/// The engine's.
const SOCKET: &str = "/run/docker.sock";
/// Longer than an install with two restarts of an engine takes.
const INSTALL: Duration = Duration::from_secs(280);
/// For an engine to answer: one that lost its plugin would need 15 s for an error.
const ANSWERS: Duration = Duration::from_secs(60);

pub struct Site {
    pub machine: Machine,
}

impl Site {
    pub async fn boot(suite: &'static str) -> Self {
        let machine = Machine::boot(suite).await.unwrap();
        for program in ["pullgate", "pullgated", "pullgate-plugin", "pullgate-proxy"] {
            machine.copy(&own_program(program), format!("/opt/pullgate/{program}")).unwrap();
        }
        machine.write("/opt/enrollment.json", ENROLLMENT, 0o644).unwrap();
        machine.write("/etc/docker/daemon.json", THEIRS, 0o640).unwrap();
        machine.done("chgrp docker /etc/docker/daemon.json; systemctl restart docker").await.unwrap();
        Self { machine }
    }

    /// `pullgate` where it was unpacked.
    pub async fn pullgate(&self, args: &str) -> Output {
        let command = self.machine.command(&format!("/opt/pullgate/pullgate {args}"));
        command.deadline(INSTALL).run().await.unwrap()
    }

    pub async fn installs(&self, args: &str) {
        let output = self.pullgate(&format!("install --yes --json {args}")).await;
        assert_eq!(output.code(), 0, "{}", output.text());
        assert!(output.stdout.contains("\"result\":\"installed\""), "{}", output.text());
    }

    /// What an uninstall has to give back: the engine's settings with owner and mode, its unit, and whether it
    /// runs with the machine.
    pub async fn fingerprint(&self) -> String {
        let script = "stat -c '%a %u %g' /etc/docker/daemon.json; sha256sum /etc/docker/daemon.json; \
                      systemctl cat docker.service | sha256sum; systemctl is-enabled docker.service; ls -a /etc/docker";
        self.machine.done(script).await.unwrap()
    }

    /// Everything of pullgate that is anywhere but where it was unpacked.
    pub async fn leavings(&self) -> String {
        let script = "find / -xdev \\( -path /opt -o -path /proc -o -path /sys -o -path /var/log \\) -prune -o -name '*pullgate*' -print | \
                      grep -v -e /etc/pullgate-test-machine -e /etc/hostname; find /run -name '*pullgate*'; \
                      systemctl list-units --all --plain --no-legend 'pullgate*'; nft list tables | grep pullgate; \
                      getent passwd pullgate-proxy; true";
        self.machine.done(script).await.unwrap()
    }

    /// The engine answers, whoever is asked about what is asked. A restart that somebody began who is gone by now goes
    /// on, and cuts off what the old engine had already taken: the next call waits for the new one.
    pub async fn answers(&self, when: &str) {
        let ask = "timeout 20 docker version";
        let mut answer = self.machine.run(ask).await.unwrap();
        if ["EOF", "connection reset"].iter().any(|cut_off| answer.text().contains(cut_off)) {
            answer = self.machine.run(ask).await.unwrap();
        }
        assert_eq!(answer.code(), 0, "{when}: {}", answer.text());
    }

    /// The engine answers, and asks the plugin.
    pub async fn asks(&self) {
        let text = self.probe(SOCKET).await;
        assert!(text.contains("authorization denied by plugin pullgate"), "{text}");
    }

    /// The engine answers, and asks nobody.
    pub async fn is_free(&self) {
        let text = self.probe(SOCKET).await;
        assert!(!text.contains("plugin pullgate"), "{text}");
    }

    /// What it says to a pull that the plugin refuses, and nobody else is asked about.
    pub async fn probe(&self, socket: &str) -> String {
        let target = "http://engine/images/create?fromImage=pullgate.invalid%2Fprobe&tag=1&platform=a%2Fb%2Fc%2Fd";
        let ask = || async {
            let script = format!("curl -sS --max-time 10 --unix-socket {socket} -X POST '{target}'");
            let output = self.machine.run(&script).await.map_err(|error| error.to_string())?;
            match output.code() {
                0 => Ok(output.stdout),
                _ => Err(output.text()),
            }
        };
        wait_until("an engine that answers", ANSWERS, ask).await.unwrap()
    }

    /// The engine refuses what the enrollment forbids, and does everything else.
    pub async fn is_governed(&self) {
        self.asks().await;
        let pulled = self.machine.run("docker pull evil/miner").await.unwrap();
        assert_ne!(pulled.code(), 0, "{}", pulled.text());
        assert!(pulled.text().contains("signed in to acme"), "{}", pulled.text());
        self.machine.done("docker ps").await.unwrap();
    }
}
