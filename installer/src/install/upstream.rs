//! What an engine's own proxies come to at the registry door, which takes their place: the way on, and the exceptions
//! from it. Pure. Values hold passwords: nothing here prints one.

use std::{fmt, net::IpAddr};

use crate::engine_config::OldProxies;

/// The organization's proxy, as the door has it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Upstream {
    /// `upstreamProxy`; none: everything goes without one.
    pub proxy: Option<String>,
    /// `upstreamNoProxy`.
    pub direct: Vec<String>,
    /// What is not as it was, in words.
    pub notes: Vec<String>,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let proxy = self.proxy.as_ref().map(|_| "set");
        f.debug_struct("Upstream").field("proxy", &proxy).field("direct", &self.direct).finish_non_exhaustive()
    }
}

/// Reads what the engine had; none: it had no proxy.
///
/// # Errors
/// What the door cannot be told, in words.
pub fn read(old: &OldProxies) -> Result<Option<Upstream>, String> {
    let set = |value: &Option<String>| value.as_deref().map(str::trim).filter(|value| !value.is_empty()).map(url);
    let (http, https) = (set(&old.http).transpose()?, set(&old.https).transpose()?);
    let mut upstream = Upstream::default();
    let proxy = match (http, https) {
        (None, None) => return Ok(None),
        (Some(_), None) => {
            return Err(
                "its proxy is for plain HTTP alone (`http-proxy` without `https-proxy`), and the door has one for both"
                    .to_owned(),
            );
        }
        (http, Some(https)) => {
            if http.is_some_and(|http| http != https) {
                upstream.notes.push(
                    "the engine's `http-proxy` and `https-proxy` are two; the registry door takes the latter for plain HTTP as well"
                        .to_owned(),
                );
            }
            https
        }
    };
    let mut all = false;
    for entry in old.no.as_deref().unwrap_or_default().split(',').map(|entry| entry.trim().to_lowercase()) {
        match exception(&entry) {
            Exception::Nothing => {}
            Exception::Everything => all = true,
            Exception::Hosts(hosts) => {
                upstream
                    .direct
                    .extend(hosts.into_iter().filter(|host| !upstream.direct.contains(host)).collect::<Vec<_>>());
            }
            Exception::WholeHost(hosts) => {
                upstream.notes.push(format!(
                    "`no-proxy` excepts one port (`{entry}`); the registry door goes there without the proxy whatever the port"
                ));
                upstream.direct.extend(hosts);
            }
            Exception::Unknown => {
                upstream.notes.push(format!("`no-proxy` has the entry `{entry}`, which fits no host; it is left out"))
            }
        }
    }
    if all {
        // Go takes no proxy for anything then.
        upstream.direct.clear();
        upstream
            .notes
            .push("`no-proxy` excepts everything (`*`), so the proxy was not in use, and is not now".to_owned());
    }
    upstream.proxy = (!all).then_some(proxy);
    Ok(Some(upstream))
}

/// As Go reads it (`golang.org/x/net/http/httpproxy`), and as the door wants it.
fn url(text: &str) -> Result<String, String> {
    let rest = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
        Some((scheme, _)) if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
            return Err(format!(
                "its proxy is spoken to by `{scheme}://`, and the registry door speaks `http://` to one"
            ));
        }
        Some(_) => return Err("its proxy is no URL that can be read".to_owned()),
        None => text,
    };
    let (user, host) = match rest.rsplit_once('@') {
        Some((user, host)) => (Some(user), host),
        None => (None, rest),
    };
    let host = host.split(['/', '?', '#']).next().unwrap_or_default();
    let unreadable = || "its proxy is no URL with a host and a port".to_owned();
    let (name, port) = match host.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']').ok_or_else(unreadable)?;
            address.parse::<std::net::Ipv6Addr>().map_err(|_| unreadable())?;
            (format!("[{address}]"), port.strip_prefix(':'))
        }
        None => {
            let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
            if !is_name(name) {
                return Err(unreadable());
            }
            (name.to_owned(), port)
        }
    };
    let port = match port {
        None | Some("") => 80,
        Some(port) => port.parse::<u16>().ok().filter(|&port| port != 0).ok_or_else(unreadable)?,
    };
    let plain = |user: &str| user.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'?' | b'#'));
    if user.is_some_and(|user| !plain(user) || !is_encoded(user)) {
        return Err("its proxy has a user or a password with characters that a URL writes as `%XX`".to_owned());
    }
    let user = user.map(|user| format!("{user}@")).unwrap_or_default();
    Ok(format!("http://{user}{name}:{port}"))
}

/// Every `%` begins two digits.
fn is_encoded(text: &str) -> bool {
    let mut parts = text.split('%');
    parts.next();
    parts.all(|part| part.get(..2).is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit())))
}

/// An entry of a list of exceptions.
enum Exception {
    /// None, or loopback, where no proxy is asked anyway.
    Nothing,
    /// `*`.
    Everything,
    Hosts(Vec<String>),
    /// One of whose ports is excepted.
    WholeHost(Vec<String>),
    /// It fits nothing.
    Unknown,
}

fn exception(entry: &str) -> Exception {
    if entry.is_empty() {
        return Exception::Nothing;
    }
    if entry == "*" {
        return Exception::Everything;
    }
    if let Some((address, bits)) = entry.split_once('/') {
        let Ok(address) = address.parse::<IpAddr>() else { return Exception::Unknown };
        let most = if address.is_ipv4() { 32 } else { 128 };
        return match bits.parse::<u8>() {
            Ok(bits) if bits <= most && address.is_loopback() => {
                if bits < 8 {
                    Exception::Hosts(vec![entry.to_owned()])
                } else {
                    Exception::Nothing
                }
            }
            Ok(bits) if bits <= most => Exception::Hosts(vec![entry.to_owned()]),
            _ => Exception::Unknown,
        };
    }
    if let Ok(address) = entry.trim_matches(['[', ']']).parse::<IpAddr>() {
        return one(address);
    }
    let (host, port) = match entry.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (entry, None),
    };
    if port.is_some_and(|port| port.parse::<u16>().is_err()) {
        return Exception::Unknown;
    }
    let hosts = if let Ok(address) = host.trim_matches(['[', ']']).parse::<IpAddr>() {
        match one(address) {
            Exception::Hosts(hosts) => hosts,
            other => return other,
        }
    } else if let Some(domain) = host.strip_prefix("*.").or_else(|| host.strip_prefix('.')) {
        if !is_name(domain) || domain.parse::<IpAddr>().is_ok() {
            return Exception::Unknown;
        }
        vec![format!("*.{domain}")]
    } else if host == "localhost" {
        return Exception::Nothing;
    } else if is_name(host) {
        vec![host.to_owned(), format!("*.{host}")]
    } else {
        return Exception::Unknown;
    };
    if port.is_some() { Exception::WholeHost(hosts) } else { Exception::Hosts(hosts) }
}

fn one(address: IpAddr) -> Exception {
    match address {
        address if address.is_loopback() => Exception::Nothing,
        IpAddr::V4(address) => Exception::Hosts(vec![address.to_string()]),
        IpAddr::V6(address) => Exception::Hosts(vec![format!("[{address}]")]),
    }
}

/// As the door accepts one.
pub(super) fn is_name(text: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    text.len() <= 253 && text.split('.').all(label)
}

#[cfg(test)]
mod tests;
