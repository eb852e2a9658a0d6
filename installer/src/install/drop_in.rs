//! The drop-in of an engine's unit: what it needs before it starts, and where it finds the registry door.

use std::path::Path;

use proto::paths;

/// Its name in `docker.service.d`: behind what others call theirs (`override.conf`, `http-proxy.conf`), since of two
/// that say the same the last one counts.
pub const NAME: &str = "zz-pullgate.conf";
/// Variables in a file beside it, which count more than any `Environment=` and any file before them.
pub const VARIABLES: &str = "zz-pullgate.env";
/// Where Go looks for certificates where nobody says otherwise (crypto/x509 `root_linux.go`).
const CERT_DIRS: &str = "/etc/ssl/certs:/etc/pki/tls/certs";

/// What it depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DropIn<'a> {
    /// Where `pullgate` is.
    pub command: &'a str,
    /// Whether there is a registry door.
    pub door: bool,
    /// The directory, where the door stands in the environment: for engines whose file has no `proxies`.
    pub proxies: Option<&'a Path>,
    /// What else the unit says in `SSL_CERT_DIR`.
    pub cert_dirs: Option<&'a str>,
    /// The command line without the flags that moved into the file.
    pub exec_start: Option<&'a str>,
}

impl DropIn<'_> {
    /// The file.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = vec![
            "# Written by `pullgate install`; `pullgate uninstall` takes it away.".to_owned(),
            "[Unit]".to_owned(),
        ];
        let sockets = if self.door { "pullgate-plugin.socket pullgate-proxy.socket" } else { "pullgate-plugin.socket" };
        let egress = if self.door { " pullgate-egress.service" } else { "" };
        lines.extend([format!("Wants={sockets}{egress}"), format!("After={sockets}")]);
        if self.door || self.exec_start.is_some() {
            lines.extend([String::new(), "[Service]".to_owned()]);
        }
        if self.door {
            let dirs = self.cert_dirs.unwrap_or(CERT_DIRS);
            lines.push(format!("Environment=SSL_CERT_DIR={dirs}:{}/trust", paths::DOOR_STATE_DIR));
            if let Some(dir) = self.proxies {
                lines.extend(variables().lines().map(|line| format!("Environment={line}")));
                lines.push(format!("EnvironmentFile=-{}", dir.join(VARIABLES).display()));
            }
            lines.extend([
                // Each host that one names would be asked past the door.
                "UnsetEnvironment=NO_PROXY no_proxy".to_owned(),
                "EnvironmentFile=-/etc/default/pullgate-egress".to_owned(),
                // The rules know the engine by its control group, which is made anew with each start. An engine that
                // has none starts: the plugin sees that they are missing, and refuses what could go past the door.
                format!("ExecStartPre=-+{} egress apply $PULLGATE_EGRESS", self.command),
            ]);
        }
        if let Some(command) = self.exec_start {
            lines.extend([
                "# As in the unit, without `--authorization-plugin`: that stands in daemon.json now, since a reload"
                    .to_owned(),
                "# drops what a flag said.".to_owned(),
                "ExecStart=".to_owned(),
                format!("ExecStart={command}"),
            ]);
        }
        lines.join("\n") + "\n"
    }
}

/// The registry door, as engines name it.
#[must_use]
pub fn door() -> String {
    format!("http://{}", paths::DOOR)
}

/// What leads an engine to the door that has no `proxies` in its file.
#[must_use]
pub fn variables() -> String {
    ["HTTP_PROXY", "HTTPS_PROXY"].map(|name| format!("{name}={}\n", door())).concat()
}

/// The command line that a drop-in has instead of the unit's.
#[must_use]
pub fn exec_start(text: &str) -> Option<&str> {
    text.lines().filter_map(|line| line.strip_prefix("ExecStart=")).next_back()
}

/// Whether a drop-in leads to the registry door.
#[must_use]
pub fn has_door(text: &str) -> bool {
    text.contains("pullgate-proxy.socket")
}

/// A command line without the plugins that it names; none: it names them in a variable or an environment file.
#[must_use]
pub fn without_plugins(command: &str) -> Option<String> {
    const FLAG: &str = "--authorization-plugin";
    let mut left = Vec::new();
    let mut words = command.split_whitespace();
    let mut found = false;
    while let Some(word) = words.next() {
        match word.strip_prefix(FLAG) {
            Some("") => {
                words.next();
                found = true;
            }
            Some(value) if value.starts_with('=') => found = true,
            _ => left.push(word),
        }
    }
    found.then(|| left.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BARE: DropIn<'_> =
        DropIn { command: "/usr/bin/pullgate", door: false, proxies: None, cert_dirs: None, exec_start: None };

    #[test]
    fn it_says_what_the_engine_needs_and_nothing_else() {
        let bare = BARE.text();
        assert!(bare.ends_with("[Unit]\nWants=pullgate-plugin.socket\nAfter=pullgate-plugin.socket\n"), "{bare}");
        let dir = Path::new("/etc/systemd/system/docker.service.d");
        let door = DropIn { door: true, proxies: Some(dir), ..BARE }.text();
        for part in [
            "After=pullgate-plugin.socket pullgate-proxy.socket\n",
            "Environment=SSL_CERT_DIR=/etc/ssl/certs:/etc/pki/tls/certs:/var/lib/pullgate-proxy/trust\n",
            "Environment=HTTPS_PROXY=http://127.0.0.1:857\n",
            "EnvironmentFile=-/etc/systemd/system/docker.service.d/zz-pullgate.env\n",
            "UnsetEnvironment=NO_PROXY no_proxy\n",
            "ExecStartPre=-+/usr/bin/pullgate egress apply $PULLGATE_EGRESS\n",
        ] {
            assert!(door.contains(part), "{door}");
        }
        let own = DropIn { door: true, cert_dirs: Some("/srv/certs"), ..BARE }.text();
        assert!(own.contains("SSL_CERT_DIR=/srv/certs:/var/lib/pullgate-proxy/trust\n"), "{own}");
        assert!(!own.contains("HTTP_PROXY"), "{own}");
        // Systemd sorts drop-ins by name.
        assert!(["override.conf", "http-proxy.conf", "99-site.conf", "proxy.conf"].iter().all(|name| *name < NAME));
    }

    #[test]
    fn flags_that_moved_are_taken_out_of_the_command() {
        let check = |command: &str, expected: Option<&str>| {
            assert_eq!(without_plugins(command).as_deref(), expected, "{command}");
        };
        check("/usr/bin/dockerd -H fd://", None);
        check(
            "/usr/bin/dockerd -H fd:// --authorization-plugin=a --authorization-plugin b $X",
            Some("/usr/bin/dockerd -H fd:// $X"),
        );
        check("/usr/bin/dockerd $DOCKER_OPTS", None);
        check("/usr/bin/dockerd --authorization-plugins-like", None);
    }
}
