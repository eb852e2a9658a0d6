//! Registry hosts under one name each.
//!
//! The engine keeps a host as it was typed and DNS does not care about letter case, so
//! `Docker.IO:443` must not be another registry for a policy than `docker.io`.

use alloc::{borrow::Cow, format, string::ToString as _};
use core::net::Ipv6Addr;

use crate::cut;

/// Hosts that serve Docker Hub, or that Docker owns under that name: any port, any letter case.
/// `docker.io` and `index.docker.io` are folded by the engine itself; the others are contacted
/// literally (facts: C13 of the engine lab, references.tsv R011 to R014).
const DOCKER_HUB: [&str; 10] = [
    "docker.io",
    "index.docker.io",
    "registry-1.docker.io",
    "registry.hub.docker.com",
    "registry.docker.io",
    "registry.ipv6.docker.com",
    "hub.docker.com",
    "www.docker.io",
    "docker.com",
    "www.docker.com",
];

/// Where an image is, for a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// Canonical host, `docker.io` for Docker Hub; empty when the engine finds no host.
    pub host: Cow<'a, str>,
    /// Path; on Docker Hub with `library/` even where an alias host was typed.
    pub path: Cow<'a, str>,
}

impl<'a> Place<'a> {
    pub(crate) fn of(host: &'a str, path: &'a str) -> Self {
        let host = canonical_host(host);
        let path = if host == "docker.io" && cut::at_first(path, b'/').is_none() {
            Cow::Owned(format!("library/{path}"))
        } else {
            Cow::Borrowed(path)
        };
        Self { host, path }
    }

    /// True on Docker Hub.
    #[must_use]
    pub fn is_hub(&self) -> bool {
        self.host == "docker.io"
    }

    /// The Docker Hub namespace; none elsewhere.
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        let namespace = || cut::at_first(&self.path, b'/').map_or(self.path.as_ref(), |(namespace, _)| namespace);
        self.is_hub().then(namespace)
    }

    /// The path below the namespace.
    #[must_use]
    pub fn below_namespace(&self) -> Option<&str> {
        cut::at_first(&self.path, b'/').map(|(_, rest)| rest)
    }
}

/// Lower case, default port (443) and leading zeros of a port dropped, IPv6 in its short form,
/// every name of Docker Hub as `docker.io`.
#[must_use]
pub fn canonical_host(host: &str) -> Cow<'_, str> {
    if host == "docker.io" {
        return Cow::Borrowed(host);
    }
    let lower: Cow<'_, str> = if host.bytes().any(|b| b.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    };
    let (name, port) = split_port(&lower);
    if DOCKER_HUB.contains(&name) {
        return Cow::Borrowed("docker.io");
    }
    let port = port.map(|port| port.trim_start_matches('0')).filter(|port| *port != "443");
    let short = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .and_then(|address| address.parse::<Ipv6Addr>().ok())
        // An IPv4 address in IPv6 clothes is the IPv4 address.
        .map(|address| match address.to_ipv4_mapped() {
            Some(address) => format!("{address}"),
            None => format!("[{address}]"),
        });
    let name = short.as_deref().unwrap_or(name);
    match port {
        Some(port) => Cow::Owned(format!("{name}:{}", if port.is_empty() { "0" } else { port })),
        None if name == host => Cow::Borrowed(host),
        None => Cow::Owned(name.to_string()),
    }
}

/// Host and port; brackets stay with the host.
pub(crate) fn split_port(host: &str) -> (&str, Option<&str>) {
    match cut::at_last(host, b':') {
        Some((name, port)) if !port.contains(']') => (name, Some(port)),
        _ => (host, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(host: &str, expected: &str) {
        assert_eq!(canonical_host(host), expected, "{host}");
    }

    #[test]
    fn every_name_of_docker_hub_is_docker_io() {
        for name in DOCKER_HUB {
            check(name, "docker.io");
            check(&format!("{name}:443"), "docker.io");
            check(&format!("{name}:0443"), "docker.io");
            check(&name.to_ascii_uppercase(), "docker.io");
        }
        check("index-stage.docker.io", "index-stage.docker.io");
        check("docker.io.evil.com", "docker.io.evil.com");
        check("evildocker.io", "evildocker.io");
    }

    #[test]
    fn default_port_case_and_spelling_do_not_make_another_registry() {
        check("GHCR.io", "ghcr.io");
        check("ghcr.io:443", "ghcr.io");
        check("ghcr.io:00443", "ghcr.io");
        check("ghcr.io:5000", "ghcr.io:5000");
        check("ghcr.io:05000", "ghcr.io:5000");
        check("ghcr.io:000", "ghcr.io:0");
        check("[::1]:5000", "[::1]:5000");
        check("[0:0:0::1]:443", "[::1]");
        check("[2001:DB8::0001]", "[2001:db8::1]");
        check("[::ffff:a00:5]:5000", "10.0.0.5:5000");
        check("", "");
    }
}
