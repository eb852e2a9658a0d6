//! The administrator's settings file, checked.

use std::{
    collections::HashSet,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    time::Duration,
};

use http::HeaderValue;
use proto::trusted_file;
use serde::Deserialize;

use crate::{
    authority::{Authority, Host},
    limits::Limits,
};

mod proxy_url;
#[cfg(test)]
mod tests;

pub use proxy_url::ProxyUrl;

/// Where Docker Engine keeps certificates of single registries.
const CERTS_DIR: &str = "/etc/docker/certs.d";

/// What the administrator settled.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The proxy before all registries but [`Settings::direct`].
    pub upstream_proxy: Option<ProxyUrl>,
    /// Hosts that are reached without it.
    pub direct: Vec<Direct>,
    /// PEM files whose certificates are trusted beside the system's.
    pub upstream_ca: Vec<PathBuf>,
    /// `<host[:port]>/*.crt`: trusted for that host, as in the engine.
    pub certs_dir: PathBuf,
    /// TLS of these is not verified, and without TLS they are asked in the clear, as the engine does.
    pub insecure: HashSet<Authority>,
    /// Never looked into.
    pub tunnel: HashSet<Authority>,
    /// They stand for Docker Hub, as the engine's `registry-mirrors` do.
    pub mirrors: HashSet<Authority>,
    /// Loopback addresses that are no registries.
    pub loopback_tunnel: HashSet<SocketAddr>,
    /// How long a registry may take to answer.
    pub answer: Duration,
    /// The same where something was sent there.
    pub push_answer: Duration,
}

/// An entry of `upstreamNoProxy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Direct {
    /// One host, whatever the port.
    Host(Host),
    /// Every host below a domain (`*.corp.example`).
    Below(String),
    /// Hosts that are called by an address of a network (`10.0.0.0/8`); names are not looked up for it.
    Net(IpAddr, u8),
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The file.
    #[error(transparent)]
    File(#[from] trusted_file::FileError),
    /// No JSON of this form.
    #[error("`{path}` does not hold the door's settings")]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// A value.
    #[error("`{key}` in `{path}` has the entry `{entry}`, which is no {expected}")]
    Entry {
        /// The file.
        path: PathBuf,
        /// The key.
        key: &'static str,
        /// Its value.
        entry: String,
        /// What it should be.
        expected: &'static str,
    },
    /// The proxy; its URL may hold a password and is not repeated.
    #[error("`upstreamProxy` in `{0}` is not of the form `http://[user:password@]host:port`")]
    Proxy(PathBuf),
}

/// The file, as it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct File {
    upstream_proxy: Option<String>,
    upstream_no_proxy: Vec<String>,
    upstream_ca: Vec<PathBuf>,
    certs_dir: PathBuf,
    insecure_registries: Vec<String>,
    tunnel: Vec<String>,
    mirrors: Vec<String>,
    loopback_tunnel: Vec<String>,
    answer_seconds: Option<u64>,
    push_answer_seconds: Option<u64>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            upstream_proxy: None,
            upstream_no_proxy: Vec::new(),
            upstream_ca: Vec::new(),
            certs_dir: CERTS_DIR.into(),
            insecure_registries: Vec::new(),
            tunnel: Vec::new(),
            mirrors: Vec::new(),
            loopback_tunnel: Vec::new(),
            answer_seconds: None,
            push_answer_seconds: None,
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            upstream_proxy: None,
            direct: Vec::new(),
            upstream_ca: Vec::new(),
            certs_dir: CERTS_DIR.into(),
            insecure: HashSet::new(),
            tunnel: HashSet::new(),
            mirrors: HashSet::new(),
            loopback_tunnel: HashSet::new(),
            answer: limits.head,
            push_answer: limits.push_head,
        }
    }
}

impl Settings {
    /// Reads the file; without one, the defaults hold.
    ///
    /// # Errors
    /// [`SettingsError`]: the door does not start with half of what the administrator wanted.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        match trusted_file::read(path) {
            Ok(text) => {
                let file = serde_json::from_slice(&text)
                    .map_err(|source| SettingsError::Json { path: path.to_owned(), source })?;
                Self::check(path, file)
            }
            Err(error) if error.is_missing() => Ok(Self::default()),
            Err(error) => Err(error.into()),
        }
    }

    fn check(path: &Path, file: File) -> Result<Self, SettingsError> {
        let upstream_proxy = match file.upstream_proxy.as_deref() {
            Some(url) => Some(ProxyUrl::parse(url).ok_or_else(|| SettingsError::Proxy(path.to_owned()))?),
            None => None,
        };
        let wrong = |(key, entry, expected)| SettingsError::Entry { path: path.to_owned(), key, entry, expected };
        let hosts = |key, list: &[String]| entries(key, list, "`host[:port]`", host_and_port).map_err(wrong);
        let direct = entries("upstreamNoProxy", &file.upstream_no_proxy, "host, `*.domain` or network", direct);
        let loopback = entries("loopbackTunnel", &file.loopback_tunnel, "loopback `address:port`", loopback);
        let seconds = |key, seconds: Option<u64>, default| match seconds {
            None => Ok(default),
            Some(seconds) if (1..=3600).contains(&seconds) => Ok(Duration::from_secs(seconds)),
            Some(seconds) => Err(wrong((key, seconds.to_string(), "number of seconds from 1 to 3600"))),
        };
        let limits = Limits::default();
        Ok(Self {
            upstream_proxy,
            direct: direct.map_err(wrong)?,
            upstream_ca: file.upstream_ca,
            certs_dir: file.certs_dir,
            insecure: hosts("insecureRegistries", &file.insecure_registries)?,
            tunnel: hosts("tunnel", &file.tunnel)?,
            mirrors: hosts("mirrors", &file.mirrors)?,
            loopback_tunnel: loopback.map_err(wrong)?,
            answer: seconds("answerSeconds", file.answer_seconds, limits.head)?,
            push_answer: seconds("pushAnswerSeconds", file.push_answer_seconds, limits.push_head)?,
        })
    }

    /// The proxy on the way to a host, if there is one.
    #[must_use]
    pub fn proxy_for(&self, host: &Host) -> Option<&ProxyUrl> {
        let direct = host.is_loopback() || self.direct.iter().any(|entry| entry.matches(host));
        self.upstream_proxy.as_ref().filter(|_| !direct)
    }
}

impl Direct {
    fn matches(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Host(entry), host) => entry == host,
            (Self::Below(domain), Host::Name(name)) => {
                name.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.'))
            }
            (Self::Net(net, bits), Host::Ip(address)) => within(*net, *bits, *address),
            (Self::Below(_), Host::Ip(_)) | (Self::Net(..), Host::Name(_)) => false,
        }
    }
}

fn within(net: IpAddr, bits: u8, address: IpAddr) -> bool {
    let (net, address, width) = match (net, address.to_canonical()) {
        (IpAddr::V4(net), IpAddr::V4(address)) => (net.to_bits().into(), address.to_bits().into(), 32_u32),
        (IpAddr::V6(net), IpAddr::V6(address)) => (net.to_bits(), address.to_bits(), 128),
        _ => return false,
    };
    let differ: u128 = net ^ address;
    // All of it may be shifted out: `/0` is every address.
    differ.checked_shr(width.saturating_sub(bits.into())).unwrap_or_default() == 0
}
/// Key, entry and what was expected of the first entry that is not.
type Wrong = (&'static str, String, &'static str);

fn entries<T, C: FromIterator<T>>(
    key: &'static str,
    entries: &[String],
    expected: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<C, Wrong> {
    entries.iter().map(|entry| read(entry).ok_or_else(|| (key, entry.clone(), expected))).collect()
}

/// As the engine reads it, a name without a port is the registry on the port of https.
fn host_and_port(entry: &str) -> Option<Authority> {
    Authority::parse(entry, Some(443)).ok()
}

fn direct(entry: &str) -> Option<Direct> {
    if let Some((net, bits)) = entry.split_once('/') {
        let net: IpAddr = net.parse().ok()?;
        let most = if net.is_ipv4() { 32 } else { 128 };
        return bits.parse().ok().filter(|bits| *bits <= most).map(|bits| Direct::Net(net, bits));
    }
    // The port is there so that one in the entry is noticed.
    let host = |text: &str| Authority::parse(text, Some(1)).ok().filter(|a| a.port() == 1).map(|a| a.host().clone());
    match entry.strip_prefix("*.") {
        Some(domain) => match host(domain)? {
            Host::Name(domain) => Some(Direct::Below(domain)),
            Host::Ip(_) => None,
        },
        None => host(entry).map(Direct::Host),
    }
}

fn loopback(entry: &str) -> Option<SocketAddr> {
    entry.parse().ok().filter(|address: &SocketAddr| address.ip().is_loopback() && address.port() != 0)
}

/// A header value that is not shown by `Debug`.
fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}
