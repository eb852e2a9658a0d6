//! A machine in an office: registries are behind a proxy that wants a password, but for one that is reached without it.

use crate::site::Site;

/// Where the proxy is, with what it wants; `%40` is an `@`.
pub const PROXY: &str = "http://me:p%40ss@192.0.2.3:3128";
/// What no program may show.
pub const SECRETS: [&str; 3] = ["p%40ss", "p@ss", "bWU6cEBzcw"];
/// By name, by address; and what is asked without a proxy anyway.
pub const EXCEPT: &str = "localhost,127.0.0.0/8,direct.corp.example,10.0.0.0/8";
/// Registries without TLS, as old ones in offices are.
const INSECURE: &str = "\"insecure-registries\": [\"far.corp.example:5000\", \"direct.corp.example:5000\"]";

pub struct Office {
    pub site: Site,
}

impl Office {
    /// With these lines more in the engine's file, and this in a drop-in of its unit.
    pub async fn open(suite: &'static str, more: &str, drop_in: &str) -> Self {
        let site = Site::boot(suite).await;
        site.machine.registry(&["team/app"]).await.unwrap();
        site.machine.write("/opt/corporate.pl", include_bytes!("corporate.pl"), 0o644).unwrap();
        for (name, arguments) in [("corporate", "192.0.2.3 3128"), ("direct", "192.0.2.4 5000 relay")] {
            let unit = format!("[Service]\nExecStart=/usr/bin/perl /opt/corporate.pl {arguments}\nRestart=always\n");
            site.machine.write(format!("/etc/systemd/system/{name}.service"), unit, 0o644).unwrap();
        }
        // No name of the office is known here but the one that is reached directly.
        let network = "ip address add 192.0.2.3/32 dev lo; ip address add 192.0.2.4/32 dev lo; \
                       echo '192.0.2.4 direct.corp.example' >>/etc/hosts; systemctl daemon-reload; systemctl start corporate direct";
        site.machine.done(network).await.unwrap();
        let file = format!("{{\n    {INSECURE}{more}\n}}\n");
        site.machine.write("/etc/docker/daemon.json", file, 0o640).unwrap();
        if !drop_in.is_empty() {
            // As Docker's own page has it. It sorts behind many names.
            site.machine.write("/etc/systemd/system/docker.service.d/http-proxy.conf", drop_in, 0o600).unwrap();
        }
        site.machine.done("systemctl daemon-reload; systemctl restart docker").await.unwrap();
        Self { site }
    }

    /// The engine fetches, and comes by the proxy where it should and nowhere else.
    pub async fn fetches(&self, when: &str) {
        for (registry, by_the_proxy) in [("far.corp.example:5000", true), ("direct.corp.example:5000", false)] {
            let image = format!("{registry}/team/app");
            let pull = format!(
                "rm -f /run/corporate.log; docker pull {image} && docker run --rm {image} && docker rmi {image}"
            );
            let pulled = self.site.machine.run(&pull).await.unwrap();
            assert_eq!(pulled.code(), 0, "{when}: {}", pulled.text());
            let log = self.site.machine.read("/run/corporate.log").unwrap_or_default();
            let log = String::from_utf8(log).unwrap();
            let led = log.lines().filter(|line| line.contains("team/app/manifests")).count();
            assert_eq!(led > 0, by_the_proxy, "{when}, {registry}: {log}");
            assert!(!log.contains("refused"), "{when}, {registry}: {log}");
        }
    }

    /// What the engine goes through, as it says itself.
    pub async fn goes_through(&self) -> String {
        self.site.machine.done("docker info --format '{{.HTTPProxy}} {{.HTTPSProxy}} {{.NoProxy}}'").await.unwrap()
    }

    /// Nothing that pullgate wrote for anybody shows a password.
    pub async fn shows_no_password(&self, said: &str) {
        let everywhere = "journalctl --no-pager -u 'pullgate*'; cat /var/lib/pullgate-install/journal.jsonl; \
                          find / -xdev -newer /opt/corporate.pl -type f -perm -004 ! -path '/proc/*' ! -path '/sys/*' ! -path '/run/*' \
                          ! -path '/etc/default/docker' ! -path '/var/log/*' -size -2000k -exec grep -l -F -e 'p%40ss' -e bWU6cEBzcw {} +; true";
        let seen = self.site.machine.done(everywhere).await.unwrap();
        for secret in SECRETS {
            assert!(!said.contains(secret), "{secret}: {said}");
            assert!(!seen.contains(secret), "{secret}: {seen}");
        }
        let files: Vec<&str> = seen.lines().filter(|line| line.starts_with('/')).collect();
        assert_eq!(files, Vec::<&str>::new(), "everybody may read it there");
    }
}
