//! The addresses of registries.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::{Duration, Instant},
};

/// The engine's start waits for it.
const LOOK_UP: Duration = Duration::from_secs(5);
/// Large registries answer with some of their addresses, each time with others: those of the last hour count.
const KEEP: Duration = Duration::from_secs(60 * 60);

/// The addresses of some hosts, and when each was last heard of.
#[derive(Debug, Clone, Default)]
pub struct Registries {
    seen: BTreeMap<IpAddr, Instant>,
}

impl Registries {
    /// Asks for all of them at once. Gives those that have no address now.
    pub async fn look_up(&mut self, hosts: &[String]) -> Vec<String> {
        let asked: Vec<_> = hosts.iter().map(|host| (host, tokio::spawn(addresses(host.clone())))).collect();
        let now = Instant::now();
        let mut unknown = Vec::new();
        for (host, answer) in asked {
            let found = answer.await.unwrap_or_default();
            if found.is_empty() {
                unknown.push(host.clone());
            }
            self.seen.extend(found.into_iter().map(|address| (address, now)));
        }
        // While nobody answers, nothing is forgotten: offline is no reason to open a way.
        if unknown.is_empty() {
            self.seen.retain(|_, heard| now.duration_since(*heard) < KEEP);
        }
        unknown
    }

    /// What is known now.
    #[must_use]
    pub fn addresses(&self) -> BTreeSet<IpAddr> {
        self.seen.keys().copied().collect()
    }
}

async fn addresses(host: String) -> Vec<IpAddr> {
    let found = tokio::time::timeout(LOOK_UP, tokio::net::lookup_host((host, 0))).await;
    let Ok(Ok(found)) = found else { return Vec::new() };
    found.map(|address| address.ip().to_canonical()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn addresses_are_remembered_while_nobody_answers() {
        let mut registries = Registries::default();
        let hosts = ["192.0.2.7", "::ffff:192.0.2.8", "2001:db8::1"].map(str::to_owned);
        assert_eq!(registries.look_up(&hosts).await, Vec::<String>::new());
        let known = ["192.0.2.7", "192.0.2.8", "2001:db8::1"].map(|address| address.parse().unwrap()).into();
        assert_eq!(registries.addresses(), known);
        // No name is longer than 253 characters: nobody has to be asked.
        let impossible = "x".repeat(300);
        assert_eq!(registries.look_up(std::slice::from_ref(&impossible)).await, [impossible]);
        assert_eq!(registries.addresses(), known);
    }
}
