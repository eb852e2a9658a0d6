//! A machine on which packages come and go: an engine with settings of its own, and somebody logged in.

use std::{collections::BTreeSet, time::Duration};

use installer::lab::wait_until;
use tests::{Machine, SETTLE};

use super::kind::{Kind, packages};

/// Settings that nobody would write like this, so that a rewrite would show.
pub const THEIRS: &str = "{\r\n\t\"debug\" : false,\n\"labels\": [\"a=1048576.0\"] }";
/// The public key of the first test in RFC 8032, 7.1.
const ENROLLMENT: &str = r#"{"service":"https://pullgate.acme.example","trustKeys":["11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="],"allowedOrgs":["acme"],"registryDoor":true}"#;
/// For an install with a restart of the engine.
const PATIENCE: Duration = Duration::from_secs(280);

/// Everything on the machine's disk but what it writes by itself all the time: names, kinds, modes, owners, and the
/// content of settings. Directories for links to units go with the last of them, whoever disables it.
const TREE: &str = r"
cd /
find . -xdev \( -path ./proc -o -path ./sys -o -path ./dev -o -path ./run -o -path ./tmp -o -path ./opt -o -path ./var/tmp \
    -o -path ./var/log -o -path ./var/cache -o -path ./var/lib/dpkg -o -path ./var/lib/apt -o -path ./var/lib/rpm \
    -o -path ./root/.rpmdb -o -path ./var/lib/systemd/timers -o -path ./var/lib/systemd/linger -o -path ./var/lib/docker \
    -o -path ./var/lib/containerd -o -path ./home/dev/.local -o -path './etc/*-' \
    -o -type d -path './etc/systemd/*.wants' -empty \) -prune \
    -o -printf '%p %y %m %U %G %l\n'
find etc -xdev -type f ! -name '*-' -exec sha256sum {} +
";

pub struct Place {
    pub machine: Machine,
    kind: Kind,
}

impl Place {
    pub async fn boot(suite: &'static str, kind: Kind) -> Self {
        let files = packages();
        let machine = Machine::boot(suite).await.unwrap();
        for file in files {
            machine.copy(&file, format!("/opt/packages/{}", file.file_name().unwrap().display())).unwrap();
        }
        machine.write("/opt/enrollment.json", ENROLLMENT, 0o644).unwrap();
        machine.write("/etc/docker/daemon.json", THEIRS, 0o640).unwrap();
        // Lingering: this user's manager runs as it does for somebody who is logged in.
        machine
            .done("systemctl restart docker; useradd --create-home dev; loginctl enable-linger dev || true")
            .await
            .unwrap();
        let place = Self { machine, kind };
        place.eventually("dev is logged in", "systemctl --user --machine=dev@.host is-system-running --wait").await;
        place
    }

    pub async fn run(&self, script: &str) -> String {
        let output = self.machine.command(script).deadline(PATIENCE).run().await.unwrap();
        assert_eq!(output.code(), 0, "`{script}`: {}", output.text());
        output.stdout
    }

    async fn eventually(&self, what: &str, script: &str) -> String {
        let look = || async {
            let output = self.machine.run(script).await.map_err(|error| error.to_string())?;
            if output.code() == 0 { Ok(output.stdout) } else { Err(output.text()) }
        };
        wait_until(what, SETTLE, look).await.unwrap()
    }

    pub async fn installs(&self, revision: u32) {
        self.run(&self.kind.install(revision)).await;
        assert!(self.is_installed().await);
    }

    pub async fn removes(&self) {
        self.run(self.kind.remove()).await;
    }

    /// rpm knows no purge.
    pub async fn purges(&self) {
        match self.kind {
            Kind::Deb => drop(self.run("apt-get purge -y pullgate").await),
            Kind::Rpm => {
                self.installs(1).await;
                self.run("pullgate uninstall --yes --purge").await;
                self.removes().await;
            }
        }
    }

    pub async fn is_installed(&self) -> bool {
        self.machine.run(self.kind.is_installed()).await.unwrap().code() == 0
    }

    /// What a package brings is there, and works as far as it should by itself.
    pub async fn is_whole(&self) {
        let sockets = "pullgate-plugin.socket pullgate-control.socket pullgate-proxy.socket";
        // Of several at once, `systemctl` is content with one.
        let there =
            format!("for unit in {sockets}; do systemctl is-active $unit && systemctl is-enabled $unit || exit; done");
        self.run(&there).await;
        self.run("systemctl --global is-enabled pullgated.service").await;
        // No service stands in an engine's way or needs one.
        let said = self
            .run("cd /usr/lib/systemd/system && systemd-analyze verify pullgate-*.s* pullgated@.service 2>&1")
            .await;
        assert_eq!(said, "");
        self.run("cd /usr/lib/systemd/user && XDG_RUNTIME_DIR=/run/user/0 systemd-analyze --user verify pullgated.service 2>&1 || true").await;
        let users =
            self.run("getent passwd pullgate-proxy && stat -c '%a %U' /run/pullgate /run/pullgate/control.sock").await;
        assert!(users.ends_with("755 root\n666 root\n"), "{users}");
        let shown = self
            .run("pullgate --version && pullgated --version && pullgate-plugin --version && pullgate-proxy --version")
            .await;
        assert_eq!(shown.lines().count(), 4, "{shown}");
        self.run("man --where pullgate pullgated pullgate-plugin pullgate-proxy pullgate-install").await;
        self.run("test -s /usr/share/bash-completion/completions/pullgate && test -s /usr/share/fish/vendor_completions.d/pullgate.fish").await;
        let zsh = match self.kind {
            Kind::Deb => "vendor-completions",
            Kind::Rpm => "site-functions",
        };
        for program in ["pullgate", "pullgated", "pullgate-plugin", "pullgate-proxy"] {
            self.run(&format!("head -1 /usr/share/zsh/{zsh}/_{program} | grep -q '^#compdef {program}'")).await;
        }
        self.run("test -s /usr/share/doc/pullgate/examples/enrollment.json").await;
    }

    /// The engine: which process, what it was told, whom it asks.
    pub async fn engine(&self) -> String {
        let script = "systemctl show --value -p MainPID docker.service; sha256sum /etc/docker/daemon.json; \
                      systemctl cat docker.service | sha256sum; docker info --format '{{.Plugins.Authorization}}'";
        self.run(script).await
    }

    /// The agent of whoever is logged in, without anybody's starting it; gives its process.
    pub async fn agent_runs(&self) -> String {
        let script = "systemctl --user --machine=dev@.host is-active --quiet pullgated \
                      && systemctl --user --machine=dev@.host show --value -p MainPID pullgated";
        self.eventually("an agent", script).await
    }

    /// The engine refuses what the enrollment forbids, and does everything else.
    pub async fn governs(&self) {
        self.asks().await;
        let pulled = self.machine.run("docker pull evil/miner").await.unwrap();
        assert!(pulled.code() != 0 && pulled.text().contains("signed in to acme"), "{}", pulled.text());
        self.run("docker ps").await;
    }

    pub async fn asks(&self) {
        let text = self.probe().await;
        assert!(text.contains("authorization denied by plugin pullgate"), "{text}");
    }

    pub async fn is_free(&self) {
        let text = self.probe().await;
        assert!(!text.contains("plugin pullgate"), "{text}");
    }

    async fn probe(&self) -> String {
        let target = "http://engine/images/create?fromImage=pullgate.invalid%2Fprobe&tag=1&platform=a%2Fb%2Fc%2Fd";
        self.eventually(
            "an answer",
            &format!("curl -sS --max-time 20 --unix-socket /run/docker.sock -X POST '{target}'"),
        )
        .await
    }

    pub async fn tree(&self) -> BTreeSet<String> {
        self.run(TREE).await.lines().map(str::to_owned).collect()
    }

    /// What is there now and was not, or was otherwise.
    pub async fn new_in(&self, before: &BTreeSet<String>) -> Vec<String> {
        let now = self.tree().await;
        let mut new: Vec<String> = now.symmetric_difference(before).cloned().collect();
        new.extend(self.run("find /run -name '*pullgate*'; systemctl list-units --all --plain --no-legend 'pullgate*'; nft list tables | grep pullgate || true").await.lines().map(str::to_owned));
        new
    }
}
