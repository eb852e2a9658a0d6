//! What else of an engine's settings the registry door has to know, since it asks registries in the engine's place:
//! whom it does not verify, and who stands for Docker Hub. Pure.

use std::net::IpAddr;

use crate::engine_config::{self, flags};

/// Registries as the door names them, `host[:port]`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lists {
    /// `insecureRegistries`.
    pub insecure: Vec<String>,
    /// `mirrors`.
    pub mirrors: Vec<String>,
    /// What the door cannot be told, in words.
    pub notes: Vec<String>,
}

/// Of an engine's file and flags.
#[must_use]
pub fn read(file: &[u8], given: &[String]) -> Lists {
    let mut lists = Lists::default();
    let of = |key: &str, flag: &str| [engine_config::texts(file, key), flags::values(given, flag)].concat();
    for entry in of("insecure-registries", "insecure-registry") {
        // The engine takes a scheme off as well.
        let entry = entry.trim().to_lowercase();
        let host = entry.strip_prefix("https://").or_else(|| entry.strip_prefix("http://")).unwrap_or(&entry);
        match registry(host.trim_end_matches('/')) {
            Some(host) if is_loopback(&host) => {}
            Some(host) => add(&mut lists.insecure, host),
            None => lists.notes.push(format!(
                "`insecure-registries` has `{entry}`, which is no single registry: the registry door verifies what is in it, until its \
                 registries are in `insecureRegistries` of `{}`",
                proto::paths::DOOR_SETTINGS
            )),
        }
    }
    for entry in of("registry-mirrors", "registry-mirror") {
        let rest = entry.trim().split_once("://").map_or(entry.trim(), |(_, rest)| rest);
        let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
        match rest.split('/').next().and_then(|host| registry(&host.to_lowercase())) {
            Some(host) => add(&mut lists.mirrors, host),
            None => lists.notes.push("`registry-mirrors` has an entry without a host, which is left out".to_owned()),
        }
    }
    lists
}

fn add(list: &mut Vec<String>, host: String) {
    if !list.contains(&host) {
        list.push(host);
    }
}

/// As the door reads one.
fn registry(text: &str) -> Option<String> {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (address, port)
        }
        None => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let is_port = port.is_empty() || port.strip_prefix(':')?.parse::<u16>().is_ok_and(|port| port != 0);
    (is_port && (text.starts_with('[') || super::upstream::is_name(host))).then(|| text.to_owned())
}

/// Insecure by definition.
fn is_loopback(registry: &str) -> bool {
    let host = match registry.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => registry.split(':').next().unwrap_or_default(),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registries_are_told_as_the_door_reads_them() {
        let file = br#"{
            "insecure-registries": ["Reg.acme.example:5000", "http://old.example/", "10.0.0.0/8", "127.0.0.0/8", "localhost:5000",
                                    "10.1.2.3:5000", "[2001:db8::1]:5000", "reg.acme.example:5000"],
            "registry-mirrors": ["https://me:geheim@mirror.acme.example/", "http://127.0.0.1:5000", "https://"]
        }"#;
        let flags =
            ["--insecure-registry=flag.example", "--registry-mirror", "https://second.example:8443"].map(str::to_owned);
        let lists = read(file, &flags);
        let insecure = ["reg.acme.example:5000", "old.example", "10.1.2.3:5000", "[2001:db8::1]:5000", "flag.example"];
        assert_eq!(lists.insecure, insecure);
        assert_eq!(lists.mirrors, ["mirror.acme.example", "127.0.0.1:5000", "second.example:8443"]);
        assert_eq!(lists.notes.len(), 3, "{:?}", lists.notes);
        assert!(!lists.notes.concat().contains("geheim"));
        assert_eq!(read(b"{", &[]), Lists::default());
    }
}
