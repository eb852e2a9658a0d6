//! Moments of a command, by what can be seen of it. Whatever was done when it is killed there, the engine answers, and the
//! same command again does the rest.

use crate::site::{Site, THEIRS};

pub fn is_there(site: &Site, path: &str) -> bool {
    site.machine.path(path).symlink_metadata().is_ok()
}

pub fn file(site: &Site) -> String {
    String::from_utf8(site.machine.read("/etc/docker/daemon.json").unwrap_or_default()).unwrap_or_default()
}

const DROP_IN: &str = "/etc/systemd/system/docker.service.d/zz-pullgate.conf";

/// A moment of a command, by what can be seen of it.
pub type Moment = (&'static str, fn(&Site) -> bool);

pub const OF_UNINSTALL: [Moment; 6] = [
    ("it has begun", |site| {
        let journal = site.machine.read("/var/lib/pullgate-install/journal.jsonl").unwrap_or_default();
        String::from_utf8_lossy(&journal).contains("\"uninstall\"")
    }),
    ("the file is back", |site| file(site) == THEIRS),
    ("the drop-in is gone", |site| !is_there(site, DROP_IN)),
    ("the egress rules are gone", |site| !is_there(site, "/run/pullgate/egress.json")),
    ("the plugin's socket is gone", |site| {
        !is_there(site, "/etc/systemd/system/sockets.target.wants/pullgate-plugin.socket")
    }),
    ("the command is gone", |site| !is_there(site, "/usr/local/bin/pullgate")),
];

pub const OF_DISABLE: [Moment; 4] = [
    ("it is written down", |site| is_there(site, "/var/lib/pullgate-install/disabled.json")),
    ("it will end", |site| is_there(site, "/etc/systemd/system/pullgate-enable.timer")),
    ("the file has changed", |site| !file(site).contains("authorization-plugins")),
    ("the drop-in is gone", |site| !is_there(site, DROP_IN)),
];

pub const OF_ENABLE: [Moment; 3] = [
    ("the drop-in is back", |site| is_there(site, DROP_IN)),
    ("the file has changed", |site| file(site).contains("authorization-plugins")),
    ("it is written down no more", |site| !is_there(site, "/var/lib/pullgate-install/disabled.json")),
];
