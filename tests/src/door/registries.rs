//! The registries behind a door, and what was asked of them.

use std::{collections::BTreeSet, fmt, net::Ipv4Addr, path::PathBuf, sync::Mutex};

use installer::lab::{Lab, LabError, Registry, Serving};

use super::Authority;
use crate::engines::{Network, Stock, answered, unread};

/// Docker Hub's registry, under each of its names.
pub const HUB: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);
/// Every other registry.
pub const OTHER: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);
/// Docker Hub's tokens.
pub const TOKENS: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 3);
/// Servers that are broken, `*.broken.example`.
pub const BROKEN: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 4);
/// All of them.
pub const ADDRESSES: [Ipv4Addr; 4] = [HUB, OTHER, TOKENS, BROKEN];
/// A name that anybody could have made, and that leads to the machine itself.
pub const NAME_OF_LOOPBACK: &str = "loopback.example";

/// Where names lead.
#[must_use]
pub fn names(name: &str) -> Ipv4Addr {
    match name {
        "auth.docker.io" => TOKENS,
        NAME_OF_LOOPBACK => Ipv4Addr::LOCALHOST,
        _ if name.ends_with(".broken.example") => BROKEN,
        _ if ["docker.io", "docker.com"].iter().any(|hub| name.ends_with(hub)) => HUB,
        _ => OTHER,
    }
}

/// A request about something in a repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// The registry that was asked, as the `Host` header names it.
    pub host: String,
    /// The repository on it.
    pub repository: String,
    /// `GET manifests/latest`, `PUT manifests/latest`, `GET tags/list`.
    pub what: String,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {}", self.host, self.repository, self.what)
    }
}

/// One content on every registry, and what was asked of them.
pub struct Registries {
    running: Vec<(Registry, Mutex<u64>)>,
}

impl Registries {
    pub(super) async fn start(
        lab: &Lab,
        [here, servers]: [&Network; 2],
        stock: &Stock,
        authority: &Authority,
    ) -> Result<Self, LabError> {
        let hub = authority.files(lab, "hub", &["docker.io", "*.docker.io", "*.docker.com"])?;
        let other = authority.files(lab, "other", &["good.example", "bad.example", "plain.example"])?;
        let plain = |name, address: &str, read_only| (name, address.to_owned(), read_only, None::<[PathBuf; 2]>, None);
        let realm = Some("https://auth.docker.io/token");
        let all = [
            ("registry-hub", format!("{HUB}:443"), true, Some(hub), realm),
            // The only one that takes anything: it is where tests push to.
            ("registry-other", format!("{OTHER}:443"), false, Some(other), None),
            plain("registry-plain", &format!("{OTHER}:80"), true),
            plain("registry-5000", &format!("{OTHER}:5000"), true),
            plain("registry-loopback", "127.0.0.1:5000", true),
            plain("registry-loopback6", "[::1]:5000", true),
        ];
        let mut running = Vec::new();
        for (name, address, read_only, tls, tokens) in all {
            let storage = stock.storage().to_owned();
            let serving = Serving { name, storage, address, read_only, tls, tokens };
            // What is on loopback is beside the engine.
            let network = if name.starts_with("registry-loopback") { here } else { servers };
            let registry = Registry::serve(lab, &serving, |program| network.command(program)).await?;
            running.push((registry, Mutex::new(0)));
        }
        Ok(Self { running })
    }

    /// What was asked for since the last call; what was asked several times stands there once.
    /// A registry logs before it answers, so that whoever has an answer finds it here.
    ///
    /// # Panics
    /// When a log cannot be read: then nothing is known.
    #[must_use]
    pub fn take(&self) -> BTreeSet<Asked> {
        let mut asked = BTreeSet::new();
        for (registry, read) in &self.running {
            asked.extend(unread(registry, read).lines().filter_map(asked_in));
        }
        asked
    }
}

fn asked_in(line: &str) -> Option<Asked> {
    let [host, method, uri] = answered(line)?;
    let path = uri.split('?').next()?.strip_prefix("/v2/")?;
    let kinds = ["/manifests/", "/blobs/", "/tags/"];
    // The last one: a repository may be called so too.
    let at = kinds.iter().filter_map(|kind| path.rfind(kind)).max()?;
    let (repository, what) = (path.get(..at)?, path.get(at + 1..)?);
    Some(Asked { host: host.to_owned(), repository: repository.to_owned(), what: format!("{method} {what}") })
}

#[cfg(test)]
mod tests {
    use super::{asked_in, names};

    #[test]
    fn manifests_blobs_and_lists_are_seen() {
        let line = |uri: &str| {
            let line = format!(
                r#"time="x" level=info msg="response completed" http.request.host="reg.example:5000" http.request.method=GET http.request.uri="{uri}" http.response.status=200"#
            );
            asked_in(&line).map(|asked| asked.to_string()).unwrap_or_default()
        };
        assert_eq!(line("/v2/evil/app/manifests/1"), "reg.example:5000/evil/app GET manifests/1");
        assert_eq!(line("/v2/a/b/c/blobs/sha256:ab?x=1"), "reg.example:5000/a/b/c GET blobs/sha256:ab");
        assert_eq!(line("/v2/a/tags/list?n=9"), "reg.example:5000/a GET tags/list");
        assert_eq!(line("/v2/a/tags/manifests/1"), "reg.example:5000/a/tags GET manifests/1");
        assert_eq!(line("/v2/"), "");
    }

    #[test]
    fn the_hub_is_not_its_token_server() {
        assert_ne!(names("auth.docker.io"), names("registry-1.docker.io"));
        assert_eq!(names("index.docker.io"), names("registry-1.docker.io"));
    }
}
