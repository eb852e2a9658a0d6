//! The rules as text. Pure.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    iter,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use super::cgroup::Cgroup;

/// Ours alone, in the family of both IPv4 and IPv6.
pub const TABLE: &str = "pullgate";
/// The set with the engine's control group.
pub const ENGINE: &str = "engine";
/// The set with the control group of containers.
pub const CONTAINERS: &str = "containers";

/// Everything that the rules say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// Whom they are about.
    pub engine: Cgroup,
    /// The registry door's listener for what was led there.
    pub loopback_port: u16,
    /// Where the registry door listens.
    pub listeners: BTreeSet<SocketAddr>,
    /// What the engine may dial by itself beside that. No resolver is among them: its address is what somebody's network
    /// says it is, and names asked by TCP pass the door unread.
    pub direct: BTreeSet<SocketAddr>,
    /// The same, as the administrator wrote them.
    pub exceptions: BTreeSet<SocketAddr>,
    /// Where registries are.
    pub registry_ports: BTreeSet<u16>,
    /// Names of the engine's own bridges; `*` at the end stands for anything.
    pub bridges: Vec<String>,
    /// Where containers may not go.
    pub containers: Option<Containers>,
}

/// What containers may not reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Containers {
    /// In it are containers that have the host's network.
    pub cgroup: Cgroup,
    /// The registries' addresses.
    pub registries: BTreeSet<IpAddr>,
}

/// One transaction: whatever the table was before, it is this then, and there is no moment without it.
#[must_use]
pub fn render(rules: &Rules) -> String {
    let mut text = format!("add table inet {TABLE}\ndelete table inet {TABLE}\ntable inet {TABLE} {{\n");
    sets(&mut text, rules);
    loopback(&mut text, rules);
    dials(&mut text, rules);
    stand_ins(&mut text, rules);
    if let Some(containers) = &rules.containers {
        confined(&mut text, rules, containers);
    }
    text.push_str("}\n");
    text
}

/// Only control groups are in sets: `check` compares all others with their rules.
fn sets(text: &mut String, rules: &Rules) {
    set(text, ENGINE, &rules.engine);
    if let Some(containers) = &rules.containers {
        set(text, CONTAINERS, &containers.cgroup);
    }
}

fn set(text: &mut String, name: &str, cgroup: &Cgroup) {
    let _ = writeln!(text, "\tset {name} {{\n\t\ttype cgroupsv2\n\t\telements = {{ \"{}\" }}\n\t}}", cgroup.name);
}

fn chain(text: &mut String, name: &str, rules: impl IntoIterator<Item = String>) {
    let _ = writeln!(text, "\tchain {name} {{");
    for rule in rules {
        let _ = writeln!(text, "\t\t{rule}");
    }
    text.push_str("\t}\n");
}

/// What the engine may dial by itself, exactly.
fn direct<'a>(addresses: impl Iterator<Item = &'a SocketAddr>) -> impl Iterator<Item = String> {
    addresses.map(|address| format!("{} return", to(address)))
}

fn to(address: &SocketAddr) -> String {
    format!("{} daddr {} tcp dport {}", family(address.ip()), address.ip(), address.port())
}

const fn family(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "ip" } else { "ip6" }
}

/// `{ 80, 443 }`
fn one_of<T: ToString>(of: impl IntoIterator<Item = T>) -> String {
    let of: Vec<String> = of.into_iter().map(|one| one.to_string()).collect();
    format!("{{ {} }}", of.join(", "))
}

/// What Go takes for loopback and never asks a proxy for: `localhost`, 127.0.0.0/8 (as 4-in-6 too: the
/// packet is the same), ::1. Before Docker's own rules for published ports (-100), or they would win.
fn loopback(text: &mut String, rules: &Rules) {
    let (level, port) = (rules.engine.level, rules.loopback_port);
    let hook = "type nat hook output priority -110; policy accept;".to_owned();
    chain(
        text,
        "loopback",
        [hook, format!("socket cgroupv2 level {level} @{ENGINE} meta l4proto tcp jump engine_loopback")],
    );
    // Not `return`: where Docker publishes ports without `docker-proxy`, a rule of its own behind this one
    // would lead the door's address to a container. What is translated once is not again.
    let door = rules.listeners.iter().map(|address| match address.ip() {
        IpAddr::V4(Ipv4Addr::LOCALHOST) | IpAddr::V6(Ipv6Addr::LOCALHOST) => {
            format!("{} redirect to :{}", to(address), address.port())
        }
        _ => format!("{} return", to(address)),
    });
    // `nft` takes a port only where the rule itself says of which protocol.
    let led = ["ip daddr 127.0.0.0/8", "ip6 daddr ::1"]
        .map(|address| format!("{address} meta l4proto tcp counter redirect to :{port}"));
    chain(text, "engine_loopback", door.chain(direct(rules.direct.iter())).chain(led));
}

/// Behind the translation: what was led to the door is addressed to it. What is still addressed to
/// loopback was opened before the rules were here.
fn dials(text: &mut String, rules: &Rules) {
    let level = rules.engine.level;
    let hook = "type filter hook output priority -10; policy accept;".to_owned();
    chain(text, "dials", [hook, format!("socket cgroupv2 level {level} @{ENGINE} meta l4proto tcp jump engine_dials")]);
    // Answers to whoever calls the engine or a published port.
    let answers = "ct direction reply return".to_owned();
    let past_the_door =
        ["ip daddr 127.0.0.0/8", "ip6 daddr ::1"].map(|address| format!("{address} counter reject with tcp reset"));
    // From `docker-proxy` to the container whose port is published.
    let to_containers = rules.bridges.iter().map(|bridge| format!("oifname \"{bridge}\" return"));
    let registries = (!rules.registry_ports.is_empty())
        .then(|| format!("tcp dport {} counter reject with tcp reset", one_of(&rules.registry_ports)));
    let dials = iter::once(answers)
        .chain(direct(rules.listeners.iter().chain(&rules.direct)))
        .chain(past_the_door)
        .chain(["ct state established,related return".to_owned()])
        .chain(to_containers)
        .chain(registries);
    chain(text, "engine_dials", dials);
}

/// Who may use docker can publish the door's ports while it is down, and `docker-proxy` would stand in
/// its place. Whoever is to be reached there must not be in the engine's control group, nor in that of
/// containers.
fn stand_ins(text: &mut String, rules: &Rules) {
    let ports: BTreeSet<u16> = rules.listeners.iter().map(SocketAddr::port).collect();
    if ports.is_empty() {
        return;
    }
    let ports = one_of(&ports);
    let hook = "type filter hook input priority -10; policy accept;".to_owned();
    let containers = rules.containers.as_ref().map(|containers| (containers.cgroup.level, CONTAINERS));
    let reject = |(level, set)| {
        format!("iif \"lo\" tcp dport {ports} socket cgroupv2 level {level} @{set} counter reject with tcp reset")
    };
    let groups = iter::once((rules.engine.level, ENGINE)).chain(containers);
    chain(text, "stand_ins", iter::once(hook).chain(groups.map(reject)));
}

fn confined(text: &mut String, rules: &Rules, containers: &Containers) {
    let hook = "type filter hook forward priority -10; policy accept;".to_owned();
    let from_containers = rules.bridges.iter().map(|bridge| format!("iifname \"{bridge}\" jump to_registries"));
    chain(text, "forwarded", iter::once(hook).chain(from_containers));
    let level = containers.cgroup.level;
    let hook = "type filter hook output priority -10; policy accept;".to_owned();
    let from = format!("socket cgroupv2 level {level} @{CONTAINERS}");
    // Who is root in a container with the host's network is root to the door as well, which would dial for it.
    let door = rules.listeners.iter().map(|address| format!("{from} {} counter reject with tcp reset", to(address)));
    let registries = format!("{from} jump to_registries");
    chain(text, "host_network", iter::once(hook).chain(door).chain([registries]));
    let rejected = [true, false].into_iter().filter_map(|v4| {
        let addresses: Vec<&IpAddr> = containers.registries.iter().filter(|address| address.is_ipv4() == v4).collect();
        let family = family(**addresses.first()?);
        let (addresses, ports) = (one_of(addresses), one_of(&rules.registry_ports));
        // HTTP/3 is over UDP.
        let reject = |kind: &str, how: &str| {
            format!("ct state new {family} daddr {addresses} {kind} dport {ports} counter reject{how}")
        };
        Some([reject("tcp", " with tcp reset"), reject("udp", "")])
    });
    chain(text, "to_registries", rejected.flatten());
}

#[cfg(test)]
mod tests;
