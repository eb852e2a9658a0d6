//! What an administrator says about egress rules, on the command line.

use std::{collections::BTreeSet, net::SocketAddr, path::PathBuf};

use clap::Args as ClapArgs;
use proto::paths;

/// What swarm managers and nodes tell each other by (docs.docker.com, "Open protocols and ports between the hosts").
const SWARM_PORTS: [u16; 3] = [2377, 4789, 7946];

/// What the rules are to say.
#[derive(ClapArgs, Debug, Clone)]
pub struct Options {
    /// Control group of the engine, below the mount of version 2 or absolute
    #[arg(long, default_value = "system.slice/docker.service", value_name = "PATH")]
    pub cgroup: PathBuf,
    /// Where the registry door is, as in the engine's `proxies` settings
    #[arg(long, default_value = paths::DOOR, value_name = "ADDR:PORT")]
    pub door: SocketAddr,
    /// Port of the registry door's loopback listener, on 127.0.0.1 and ::1
    #[arg(long, default_value_t = 858, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub loopback_port: u16,
    /// Something that the engine may dial by itself; exact, may be repeated. Each is a hole for a
    /// registry there
    #[arg(long, value_name = "ADDR:PORT")]
    pub except: Vec<SocketAddr>,
    /// Ports of registries, which the engine may dial through the door only
    #[arg(long, value_delimiter = ',', default_values_t = [80, 443, 5000], value_name = "PORT,...", value_parser = registry_port)]
    pub registry_ports: Vec<u16>,
    /// The engine's bridges to containers, `*` at the end for any name; whoever else is behind one of
    /// them is not protected
    #[arg(long, value_delimiter = ',', default_values = ["docker0", "docker_gwbridge", "br-*"], value_name = "NAME,...", value_parser = bridge)]
    pub bridges: Vec<String>,
    /// Containers may open no connection to this host's addresses on the ports of registries; may be
    /// repeated. Breaks what in containers pulls or pushes itself (kaniko, skopeo, Docker in Docker,
    /// buildx's docker-container driver, pull-through caches, kind, updaters), and whatever else is
    /// served from the same addresses, which clouds and content networks share
    #[arg(long, value_name = "HOST", value_parser = host)]
    pub containers_not_to: Vec<String>,
    /// Control group above all containers: `docker` is that of the cgroupfs driver; with the systemd
    /// driver, the slice that `cgroup-parent` in daemon.json names
    #[arg(long, default_value = "docker", value_name = "PATH")]
    pub container_cgroup: PathBuf,
}

impl Options {
    /// What clap cannot see by itself.
    ///
    /// # Errors
    /// In words.
    pub fn check(&self) -> Result<(), String> {
        if !self.door.ip().is_loopback() {
            let door = self.door;
            return Err(format!("`--door {door}` is no loopback address; the registry door listens nowhere else"));
        }
        if self.door.port() == self.loopback_port {
            let port = self.loopback_port;
            return Err(format!("`--door` and `--loopback-port` are both {port}; they are two listeners"));
        }
        match self.except.iter().find(|address| address.ip().is_unspecified() || address.port() == 0) {
            Some(address) => {
                Err(format!("`--except {address}` is no address that can be dialled; exceptions are exact"))
            }
            None => Ok(()),
        }
    }

    /// Where the registry door listens.
    #[must_use]
    pub fn listeners(&self) -> BTreeSet<SocketAddr> {
        let listeners = paths::LOOPBACK_DOOR.iter().filter_map(|address| address.parse::<SocketAddr>().ok());
        let listeners = listeners.map(|address| SocketAddr::new(address.ip(), self.loopback_port));
        listeners.chain([self.door]).collect()
    }

    /// What the engine may dial by itself beside the door.
    #[must_use]
    pub fn direct(&self) -> BTreeSet<SocketAddr> {
        // The packets of ::ffff:127.0.0.1 are of IPv4.
        self.except.iter().map(|address| SocketAddr::new(address.ip().to_canonical(), address.port())).collect()
    }
}

fn registry_port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("write a port between 1 and 65535".to_owned()),
        Ok(port) if SWARM_PORTS.contains(&port) => Err(format!("{port} is swarm's own, and a swarm needs it")),
        Ok(port) => Ok(port),
    }
}

/// The kernel's own rule (`dev_valid_name`), and what `nft` would read as something else.
fn bridge(text: &str) -> Result<String, String> {
    let name = text.strip_suffix('*').unwrap_or(text);
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.:@".contains(&byte));
    if name.is_empty() || text.len() > 15 || !plain {
        return Err("write the name of an interface, with a `*` at its end if it stands for several".to_owned());
    }
    Ok(text.to_owned())
}

fn host(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    if text.parse::<std::net::IpAddr>().is_ok() || (plain && !text.is_empty()) {
        return Ok(text.to_owned());
    }
    Err("write a host's name or address, without scheme, port or path".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Cli {
        #[command(flatten)]
        options: Options,
    }

    fn options(args: &[&str]) -> Result<Options, String> {
        let parsed = Cli::try_parse_from([&["egress"], args].concat()).map_err(|error| error.to_string())?;
        parsed.options.check().map(|()| parsed.options)
    }

    #[test]
    fn the_door_and_exceptions_are_exact() {
        let options = options(&["--except", "127.0.0.1:24224", "--except", "[::ffff:127.0.0.2]:9"]).unwrap();
        let direct: Vec<_> = options.direct().iter().map(SocketAddr::to_string).collect();
        assert_eq!(direct, ["127.0.0.1:24224", "127.0.0.2:9"]);
        let listeners: Vec<_> = options.listeners().iter().map(SocketAddr::to_string).collect();
        assert_eq!(listeners, ["127.0.0.1:857", "127.0.0.1:858", "[::1]:858"]);
        assert_eq!(options.registry_ports, [80, 443, 5000]);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_in_words() {
        for (args, part) in [
            (&["--door", "192.0.2.1:857"][..], "no loopback address"),
            (&["--door", "127.0.0.1:858"], "two listeners"),
            (&["--except", "127.0.0.1"], "invalid socket address"),
            (&["--except", "127.0.0.0/8:80"], "invalid socket address"),
            (&["--except", "0.0.0.0:80"], "exceptions are exact"),
            (&["--except", "127.0.0.1:0"], "exceptions are exact"),
            (&["--registry-ports", "443,2377"], "swarm's own"),
            (&["--registry-ports", "0"], "between 1 and 65535"),
            (&["--bridges", "br-*,*"], "name of an interface"),
            (&["--bridges", "a\" drop"], "name of an interface"),
            (&["--bridges", "0123456789abcdef"], "name of an interface"),
            (&["--containers-not-to", "https://registry.example"], "without scheme"),
            (&["--containers-not-to", "registry.example:443"], "without scheme"),
        ] {
            let error = options(args).unwrap_err();
            assert!(error.contains(part), "{args:?}: {error}");
        }
        assert!(options(&["--containers-not-to", "2001:db8::1", "--containers-not-to", "registry.example"]).is_ok());
    }
}
