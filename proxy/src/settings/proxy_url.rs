//! The URL of the proxy before the registries.

use http::HeaderValue;

use super::sensitive;
use crate::authority::Authority;

/// A proxy, and what to show it.
#[derive(Debug, Clone)]
pub struct ProxyUrl {
    /// Where it is.
    pub authority: Authority,
    /// Value of `Proxy-Authorization`; `Debug` does not show it.
    pub authorization: Option<HeaderValue>,
}

impl ProxyUrl {
    /// Reads `http://[user:password@]host:port`, with percent-encoded user and password; what is none is not repeated.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("http://")?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, host) = match rest.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, rest),
        };
        let authorization = match user {
            Some(user) => {
                let (user, password) = user.split_once(':').unwrap_or((user, ""));
                let mut pair = decoded(user)?;
                pair.push(b':');
                pair.extend(decoded(password)?);
                Some(sensitive(&format!("Basic {}", base64(&pair)))?)
            }
            None => None,
        };
        Some(Self { authority: Authority::parse(host, None).ok()?, authorization })
    }
}

fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        out.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16).and_then(|d| u8::try_from(d).ok());
                digit()? << 4 | digit()?
            }
            byte => byte,
        });
    }
    Some(out)
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
