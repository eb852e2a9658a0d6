//! `host[:port]`, as requests name it: bounded, checked, lower case.

use std::{fmt, net::IpAddr};

/// Longest DNS name in text form (RFC 1035, 2.3.4).
const MAX_NAME: usize = 253;

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Authority {
    host: Host,
    port: u16,
}

/// A name or an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// A DNS name in lower case, without a final dot.
    Name(String),
    /// An address.
    Ip(IpAddr),
}

/// Why a text is no authority. The text itself is not repeated: it may hold anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// No host at all.
    #[error("there is no host")]
    Empty,
    /// Too long.
    #[error("the host is longer than 253 characters")]
    Long,
    /// `user@host`.
    #[error("a host with user information is not accepted")]
    UserInformation,
    /// A character that no host has.
    #[error("the host has characters that host names do not have")]
    Characters,
    /// Brackets without an IPv6 address in them, or with a zone.
    #[error("what stands in brackets is no IPv6 address (zones are not accepted)")]
    Address,
    /// Not 1 to 65535, or none where one is needed.
    #[error("the port is no number from 1 to 65535")]
    Port,
}

impl Authority {
    /// Reads `host[:port]`; without a port it has `default_port`, and with none of both there is an error.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn parse(text: &str, default_port: Option<u16>) -> Result<Self, Malformed> {
        if text.contains('@') {
            return Err(Malformed::UserInformation);
        }
        let (host, port) = match text.strip_prefix('[') {
            Some(rest) => {
                let (address, port) = rest.split_once(']').ok_or(Malformed::Address)?;
                let address = address.parse().map_err(|_| Malformed::Address)?;
                (Host::Ip(IpAddr::V6(address)), port)
            }
            None => {
                let end = text.find(':').unwrap_or(text.len());
                let (host, port) = text.split_at_checked(end).ok_or(Malformed::Characters)?;
                (Host::parse(host)?, port)
            }
        };
        let port = match port.strip_prefix(':') {
            Some(digits) if digits.len() <= 5 && digits.bytes().all(|b| b.is_ascii_digit()) => digits.parse().ok(),
            None if port.is_empty() => default_port,
            _ => None,
        };
        Ok(Self { host, port: port.filter(|&port| port != 0).ok_or(Malformed::Port)? })
    }

    /// Of an address.
    #[must_use]
    pub fn of(address: std::net::SocketAddr) -> Self {
        Self { host: Host::Ip(address.ip().to_canonical()), port: address.port() }
    }

    /// A port of this machine, by the name that all have.
    #[must_use]
    pub fn localhost(port: u16) -> Self {
        Self { host: Host::Name("localhost".to_owned()), port }
    }

    /// The host.
    #[must_use]
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The registry as the engine names it: without the port that the scheme has anyway.
    #[must_use]
    pub fn registry(&self, default_port: u16) -> String {
        if self.port == default_port { self.host.to_string() } else { self.to_string() }
    }

    /// Whether `text`, which was read as one, has a port. Engines write one where the reference has it:
    /// for `reg.example:80/app` in the clear too, and for a policy that is another registry than `reg.example`.
    #[must_use]
    pub fn names_port(text: &str) -> bool {
        text.strip_prefix('[').map_or(text, |rest| rest.split_once(']').map_or("", |(_, port)| port)).contains(':')
    }
}

impl Host {
    /// A name, or an address without brackets.
    fn parse(text: &str) -> Result<Self, Malformed> {
        if text.is_empty() {
            return Err(Malformed::Empty);
        }
        if text.len() > MAX_NAME {
            return Err(Malformed::Long);
        }
        if let Ok(address) = text.parse::<std::net::Ipv4Addr>() {
            return Ok(Self::Ip(address.into()));
        }
        // A final dot is refused too: it would be a second name for the same host.
        let label = |label: &str| {
            !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
        };
        if text.split('.').all(label) { Ok(Self::Name(text.to_ascii_lowercase())) } else { Err(Malformed::Characters) }
    }

    /// Whether both are one host. 4-in-6 is the same packet, and the same registry for a policy.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ip(one), Self::Ip(other)) => one.to_canonical() == other.to_canonical(),
            _ => self == other,
        }
    }

    /// Whether an engine takes this for its own machine: such a registry is insecure by definition,
    /// and is never asked through a proxy.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Name(name) => name == "localhost",
            Self::Ip(address) => address.is_loopback(),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(IpAddr::V4(address)) => write!(f, "{address}"),
            Self::Ip(IpAddr::V6(address)) => write!(f, "[{address}]"),
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<&str, Malformed>) {
        let read = Authority::parse(text, Some(443)).map(|authority| authority.to_string());
        assert_eq!(read, expected.map(str::to_owned), "{text:?}");
    }

    #[test]
    fn hosts_are_lower_case_and_have_a_port() {
        check("Registry-1.Docker.IO", Ok("registry-1.docker.io:443"));
        check("localhost:5000", Ok("localhost:5000"));
        check("exam_ple.com:0080", Ok("exam_ple.com:80"));
        check("127.0.0.1:5000", Ok("127.0.0.1:5000"));
        check("[::1]:5000", Ok("[::1]:5000"));
        check("[0:0::1]", Ok("[::1]:443"));
    }

    #[test]
    fn what_no_engine_sends_is_refused() {
        use Malformed::*;
        for (text, error) in [
            ("", Empty),
            (":443", Empty),
            ("user:password@host", UserInformation),
            ("host@evil", UserInformation),
            ("host.", Characters),
            ("a..b", Characters),
            (".a", Characters),
            ("a b", Characters),
            ("a\0b", Characters),
            ("a\r\nb", Characters),
            ("hôst", Characters),
            ("a/b", Characters),
            ("a%2eb", Characters),
            ("[fe80::1%eth0]:5000", Address),
            ("[::1", Address),
            ("[]:1", Address),
            ("[127.0.0.1]:1", Address),
            ("[::1]5000", Port),
            ("::1", Empty),
            ("host:", Port),
            ("host:0", Port),
            ("host:65536", Port),
            ("host:+80", Port),
            ("host:80:80", Port),
            ("host:000080", Port),
        ] {
            check(text, Err(error));
        }
        check(&"a".repeat(254), Err(Long));
        assert_eq!(Authority::parse("host", None), Err(Port));
    }

    #[test]
    fn a_registry_has_no_port_that_its_scheme_has_anyway() {
        let registry = |text: &str, port| Authority::parse(text, Some(443)).unwrap().registry(port);
        assert_eq!(registry("reg.example:443", 443), "reg.example");
        assert_eq!(registry("reg.example:443", 80), "reg.example:443");
        assert_eq!(registry("[::1]:443", 443), "[::1]");
    }

    #[test]
    fn a_port_is_seen_where_one_is_written() {
        for (text, names) in
            [("reg:80", true), ("reg", false), ("[::1]:80", true), ("[::1]", false), ("127.0.0.1:80", true)]
        {
            assert_eq!(Authority::names_port(text), names, "{text}");
        }
    }
}
