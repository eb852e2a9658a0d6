//! What is known of this machine's registry door, before anything is tried.

#[cfg_attr(not(unix), path = "door/exceptions/nowhere.rs")]
mod exceptions;

use std::{io::ErrorKind, path::Path};

use proto::{control::StatusResponse, paths};
use serde_json::{Value, json};

/// A registry door as it is set up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Setup {
    /// The plugin did not tell: what is not said here is not known.
    pub untold: bool,
    /// Whether the administrator says that there is one.
    pub expected: bool,
    /// Versions of the doors that follow the plugin.
    pub connected: Vec<String>,
    /// By which their answers to probes are known.
    pub probe_keys: Vec<Vec<u8>>,
    /// Why the engine's loopback connections are not known to be led there; empty: they are.
    pub egress_why: String,
    /// Whether containers are kept from registries.
    pub containers: bool,
    /// What it lets through unread.
    pub tunnels: Tunnels,
    /// What the egress rules let the engine dial past it.
    pub exceptions: Vec<String>,
}

/// What the door's settings let through unread: each entry is a hole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tunnels {
    /// `tunnel` and `loopbackTunnel`.
    Known(Vec<String>),
    /// The settings cannot be read; why.
    Unknown(String),
}

impl Default for Tunnels {
    fn default() -> Self {
        Self::Known(Vec::new())
    }
}

impl Setup {
    /// What the plugin says, and the door's settings file where this user may read it.
    pub fn of(status: &StatusResponse, settings: &Path) -> Self {
        let egress = status.egress.clone().unwrap_or_default();
        let why = match (egress.in_place, egress.why.is_empty()) {
            (true, _) => String::new(),
            (false, false) => egress.why,
            (false, true) => "`pullgate egress apply` did not run".to_owned(),
        };
        Self {
            untold: false,
            expected: status.door_expected,
            connected: status.doors.iter().map(|door| door.version.clone()).collect(),
            probe_keys: status.doors.iter().map(|door| door.probe_key.clone()).collect(),
            egress_why: why,
            containers: egress.containers,
            tunnels: tunnels(settings),
            exceptions: exceptions::read(Path::new(paths::EGRESS)),
        }
    }

    /// The plugin does not answer; `expected`: the enrollment file says that there is a door.
    pub fn unknown(expected: bool, settings: &Path) -> Self {
        let status = StatusResponse { door_expected: expected, ..StatusResponse::default() };
        Self { untold: true, ..Self::of(&status, settings) }
    }

    /// Whether there is anything of a door here.
    pub fn is_there(&self) -> bool {
        self.expected || !self.connected.is_empty()
    }

    /// Lines of `pullgate status`; none where there is no door, and nobody said that there is one.
    pub fn lines(&self) -> Vec<String> {
        if !self.is_there() {
            return Vec::new();
        }
        let follows = |version: &String| format!("door        {version}, follows the plugin");
        let mut lines: Vec<String> = self.connected.iter().map(follows).collect();
        if self.untold {
            lines.push("door        meant to be here; only the plugin knows whether it runs".to_owned());
        } else if lines.is_empty() {
            lines.push("door        none follows the plugin, and this machine is meant to have one".to_owned());
        }
        lines.extend(self.holes().map(|holes| format!("            lets through unread: {holes}")));
        lines
    }

    /// What is tunnelled, in words.
    pub fn holes(&self) -> Option<String> {
        let exceptions = self.exceptions.iter().map(|address| format!("{address} (`pullgate egress --except`)"));
        let tunnels = match &self.tunnels {
            Tunnels::Known(hosts) => hosts.clone(),
            Tunnels::Unknown(why) => vec![format!("not known, {why}")],
        };
        let holes: Vec<String> = tunnels.into_iter().chain(exceptions).collect();
        (!holes.is_empty()).then(|| holes.join(", "))
    }

    /// For `--json`.
    pub fn to_json(&self) -> Value {
        let (tunnels, error) = match &self.tunnels {
            Tunnels::Known(hosts) => (hosts.as_slice(), ""),
            Tunnels::Unknown(why) => (&[][..], why.as_str()),
        };
        json!({
            "expected": self.expected,
            "connected": self.connected,
            "egress": { "in_place": self.egress_why.is_empty(), "why": self.egress_why, "containers": self.containers },
            "tunnels": tunnels,
            "exceptions": self.exceptions,
            "tunnels_error": error,
        })
    }
}

/// Not the door's own reader: it must also show what the door would refuse to start with.
fn tunnels(settings: &Path) -> Tunnels {
    let text = match std::fs::read(settings) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Tunnels::default(),
        Err(error) => return Tunnels::Unknown(format!("`{}`: {error}", settings.display())),
    };
    let Ok(settings_json) = serde_json::from_slice::<Value>(&text) else {
        return Tunnels::Unknown(format!("`{}` is no JSON", settings.display()));
    };
    let entries = ["tunnel", "loopbackTunnel"].map(|key| settings_json[key].as_array().cloned().unwrap_or_default());
    let entry = |entry: &Value| entry.as_str().map_or_else(|| entry.to_string(), str::to_owned);
    Tunnels::Known(entries.iter().flatten().map(entry).collect())
}

#[cfg(test)]
mod tests {
    use proto::control::{Door, Egress};

    use super::*;

    #[test]
    fn every_tunnel_is_told_and_settings_that_cannot_be_read_are_no_empty_ones() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("proxy.json");
        assert_eq!(tunnels(&path), Tunnels::Known(Vec::new()));
        std::fs::write(&path, r#"{"tunnel": ["a.example", 7], "loopbackTunnel": ["127.0.0.1:24224"]}"#).unwrap();
        assert_eq!(tunnels(&path), Tunnels::Known(vec!["a.example".into(), "7".into(), "127.0.0.1:24224".into()]));
        std::fs::write(&path, "damaged").unwrap();
        assert!(matches!(tunnels(&path), Tunnels::Unknown(why) if why.contains("is no JSON")));
        assert!(matches!(tunnels(place.path()), Tunnels::Unknown(_)));
    }

    #[test]
    fn a_door_is_told_where_there_is_one_or_should_be() {
        let nowhere = Path::new("/nonexistent");
        let mut status = StatusResponse::default();
        assert_eq!(Setup::of(&status, nowhere).lines(), Vec::<String>::new());
        status.door_expected = true;
        let setup = Setup::of(&status, nowhere);
        assert!(setup.lines()[0].contains("none follows the plugin"), "{setup:?}");
        assert!(!setup.egress_why.is_empty(), "what is not known to be in place is not");
        status.doors = vec![Door { uid: 9, version: "0.1.0".into(), since_ms: 1, probe_key: vec![7; 32] }];
        status.egress = Some(Egress { in_place: true, ..Egress::default() });
        let setup = Setup { tunnels: Tunnels::Known(vec!["a.example".into()]), ..Setup::of(&status, nowhere) };
        let lines = ["door        0.1.0, follows the plugin", "            lets through unread: a.example"];
        assert_eq!((setup.lines(), setup.egress_why.as_str()), (lines.map(str::to_owned).to_vec(), ""));
        assert_eq!(setup.to_json()["egress"]["in_place"], true);
    }
}
