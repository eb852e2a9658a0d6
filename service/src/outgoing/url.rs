//! Which addresses may be called.

use std::{fmt, net::IpAddr, str::FromStr};

use http::{HeaderValue, Uri};

/// Why an address is not called.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UrlError {
    /// Not a whole URL, or with parts that do not belong there.
    #[error("`{0}` is not an address; write for example `https://hub.docker.com`")]
    Damaged(String),
    /// Neither https nor http.
    #[error("`{0}` is not called: write `https://`")]
    Scheme(String),
    /// Plain HTTP over a network.
    #[error("`{0}` would show credentials to the network; write `https://` (`http://` is for a loopback address only)")]
    Insecure(String),
}

/// Whether a call may go without TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// Never. Whoever is reached over TLS cannot name an address on this machine as their own.
    Required,
    /// To a loopback address, because an administrator named one.
    ExceptLoopback,
}

/// An address that paths are put behind: scheme, host, and perhaps a path, without `/` at its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base(String);

impl Base {
    /// Docker Hub itself.
    #[must_use]
    pub fn docker_hub() -> Self {
        Self("https://hub.docker.com".to_owned())
    }

    /// What goes for the addresses that this one leads to.
    #[must_use]
    pub fn encryption(&self) -> Encryption {
        if self.0.starts_with("https:") { Encryption::Required } else { Encryption::ExceptLoopback }
    }

    /// Whether there is no path behind the host.
    #[must_use]
    pub fn is_host(&self) -> bool {
        self.0.split_once("://").is_some_and(|(_, rest)| !rest.contains('/'))
    }

    /// The address of a path that begins with `/`.
    #[must_use]
    pub fn join(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// True when the address is this one with the path, as it is or with a query behind it.
    #[must_use]
    pub fn holds(&self, url: &str, path: &str) -> bool {
        let rest = url.strip_prefix(&self.0).and_then(|rest| rest.strip_prefix(path));
        rest.is_some_and(|rest| {
            let rest = rest.strip_prefix('/').unwrap_or(rest);
            rest.is_empty() || rest.starts_with('?')
        })
    }
}

impl FromStr for Base {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        let text = text.trim_end_matches('/');
        let damaged = || UrlError::Damaged(shown(text));
        let url: Uri = text.parse().map_err(|_| damaged())?;
        if text.contains(['?', '#', '@']) {
            return Err(damaged());
        }
        check(&url, Encryption::ExceptLoopback)?;
        let (Some(scheme), Some(authority)) = (url.scheme_str(), url.authority()) else { return Err(damaged()) };
        if authority.as_str() != authority.host() && authority.port_u16().is_none() {
            return Err(damaged());
        }
        // `HTTPS://` is TLS too. Addresses that it leads to are compared with it, and servers leave a port out that goes
        // without saying.
        let needless = matches!((scheme, authority.port_u16()), ("https", Some(443)) | ("http", Some(80)));
        let authority = if needless { authority.host() } else { authority.as_str() }.to_ascii_lowercase();
        Ok(Self(format!("{scheme}://{authority}{}", url.path().trim_end_matches('/'))))
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says whether the address may be called.
pub(super) fn check(url: &Uri, encryption: Encryption) -> Result<(), UrlError> {
    let shown = || shown(&url.to_string());
    let (Some(scheme), Some(host)) = (url.scheme_str(), url.host()) else { return Err(UrlError::Damaged(shown())) };
    match scheme {
        "https" => Ok(()),
        "http" => {
            // A name would be somebody else's to explain.
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let loopback = host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
            if loopback && encryption == Encryption::ExceptLoopback { Ok(()) } else { Err(UrlError::Insecure(shown())) }
        }
        _ => Err(UrlError::Scheme(shown())),
    }
}

/// An address as a text may show it: without its query and without a name and password in it.
pub(super) fn shown(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let text = match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, rest))) => format!("{scheme}://{rest}"),
        _ => url.to_owned(),
    };
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// The value of `Authorization`; hidden from whoever prints headers.
pub(super) fn bearer(token: &str) -> Result<HeaderValue, UrlError> {
    let mut value =
        HeaderValue::from_str(&format!("Bearer {token}")).map_err(|_| UrlError::Damaged("Bearer ..".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tls_and_loopback_are_called() {
        for good in
            ["https://hub.docker.com", "https://hub.example:8443/proxy/", "http://127.0.0.1:1", "http://[::1]:1"]
        {
            assert_eq!(good.parse::<Base>().unwrap().to_string(), good.trim_end_matches('/'));
        }
        for insecure in ["http://hub.docker.com", "http://localhost:1", "http://10.0.0.1", "http://127.0.0.1.example"] {
            assert!(matches!(insecure.parse::<Base>(), Err(UrlError::Insecure(_))), "{insecure}");
        }
        for bad in
            ["", "hub.docker.com", "/path", "https://", "https://u:p@hub.docker.com", "https://a/?q", "https://a/#f"]
        {
            assert!(matches!(bad.parse::<Base>(), Err(UrlError::Damaged(_))), "{bad}: {:?}", bad.parse::<Base>());
        }
        for bad in ["https://a:99999", "https://a:", "http://127.0.0.1:x"] {
            assert!(matches!(bad.parse::<Base>(), Err(UrlError::Damaged(_))), "{bad}: {:?}", bad.parse::<Base>());
        }
        let loud: Base = "HTTPS://Hub.Docker.com:443/A/".parse().unwrap();
        assert_eq!((loud.to_string().as_str(), loud.encryption()), ("https://hub.docker.com/A", Encryption::Required));
        assert!(matches!("ftp://a".parse::<Base>(), Err(UrlError::Scheme(_))));
        let base: Base = "https://id.example".parse().unwrap();
        let local: Uri = "http://127.0.0.1:1/token".parse().unwrap();
        assert_eq!("https://hub.docker.com".parse(), Ok(Base::docker_hub()));
        assert!(matches!(check(&local, base.encryption()), Err(UrlError::Insecure(_))), "https leads to https only");
    }

    #[test]
    fn a_text_shows_no_secret_of_an_address() {
        assert_eq!(shown("https://user:pass@host/path?token=x"), "https://host/path");
        let error = "https://user:pass@host/".parse::<Base>().unwrap_err().to_string();
        assert!(!error.contains("pass"), "{error}");
    }

    #[test]
    fn an_address_belongs_to_a_base_whole_or_not_at_all() {
        let base: Base = "https://hub.docker.com".parse().unwrap();
        for good in ["/v2/user/orgs", "/v2/user/orgs/", "/v2/user/orgs?page=2", "/v2/user/orgs/?page=2"] {
            assert!(base.holds(&base.join(good), "/v2/user/orgs"), "{good}");
        }
        for bad in [
            "https://hub.docker.com.evil.example/v2/user/orgs",
            "https://hub.docker.com@evil.example/v2/user/orgs",
            "http://hub.docker.com/v2/user/orgs",
            "https://hub.docker.com/v2/user/orgs/../x",
            "https://hub.docker.com/v2/user/orgsx",
            "/v2/user/orgs",
            "",
        ] {
            assert!(!base.holds(bad, "/v2/user/orgs"), "{bad}");
        }
    }
}
