//! What engines ask of registries.

use std::{
    collections::BTreeSet,
    fmt,
    fs::File,
    io::{Read as _, Seek as _, SeekFrom},
    sync::Mutex,
};

use installer::lab::{Lab, LabError, Registry, Serving};
use policy::ImageRef;

use super::{Network, Stock};

/// The engines ask this host first for everything on Docker Hub.
pub const HUB_MIRROR: &str = "docker-hub.mirror";
/// The host that Docker Hub's registry has, when the mirror does not have what was asked for.
const HUB: &str = "registry-1.docker.io";
/// The ports that a reference is tried with when it names none, and those that the vectors name.
const PORTS: [(&str, u16); 4] =
    [("registry-80", 80), ("registry-443", 443), ("registry-5000", 5000), ("registry-5001", 5001)];

/// A manifest that was asked for, or the list of a repository's tags.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fetch {
    /// The registry that the engine meant, with its port if it named one.
    pub host: String,
    /// The repository on it.
    pub repository: String,
    /// A tag, a digest, or `*` for the list of tags.
    pub reference: String,
}

impl Fetch {
    /// Whether an engine that was allowed to fetch `name` may have made this fetch. `name` is in
    /// the form in which pullgate says it: `:*` behind it means every tag.
    #[must_use]
    pub fn is_part_of(&self, name: &str, stock: &Stock) -> bool {
        let Ok(image) = ImageRef::parse(name.trim_end_matches(":*")) else { return false };
        let host = match self.host.as_str() {
            HUB_MIRROR => "docker.io",
            // After the mirror, or because the reference says so.
            HUB if image.host() == "docker.io" => "docker.io",
            host => host,
        };
        if !image.host().eq_ignore_ascii_case(host) || image.path() != self.repository {
            return false;
        }
        let is_digest = self.reference.contains(':');
        match (image.digest(), image.tag()) {
            (Some(digest), _) => self.reference == digest || stock.is_child(&self.repository, digest, &self.reference),
            // A tag is resolved first, and its digest fetched; then a list's entry for this machine.
            (None, Some(tag)) if is_digest => stock.is_part(&self.repository, Some(tag), &self.reference),
            (None, Some(tag)) => self.reference == tag,
            (None, None) if is_digest => stock.is_part(&self.repository, None, &self.reference),
            (None, None) => true,
        }
    }
}

impl fmt::Display for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} {}", self.host, self.repository, self.reference)
    }
}

/// One registry's content on every port, and what was asked of it.
pub struct Registries {
    running: Vec<(Registry, Mutex<u64>)>,
}

impl Registries {
    pub(super) async fn start(lab: &Lab, network: &Network, stock: &Stock) -> Result<Self, LabError> {
        let mut running = Vec::new();
        for (name, port) in PORTS {
            let address = format!("127.0.0.1:{port}");
            let storage = stock.storage().to_owned();
            let serving = Serving { name, storage, address, read_only: true, tls: None, tokens: None };
            let registry = Registry::serve(lab, &serving, |program| network.command(program)).await?;
            running.push((registry, Mutex::new(0)));
        }
        Ok(Self { running })
    }

    /// What was fetched since the last call; what was asked for several times stands there once.
    /// A registry logs before it answers, so that whoever has an answer finds it here.
    ///
    /// # Panics
    /// When a log cannot be read, or is no log of a registry: then nothing is known.
    #[must_use]
    pub fn take(&self) -> BTreeSet<Fetch> {
        let mut fetches = BTreeSet::new();
        for (registry, read) in &self.running {
            fetches.extend(unread(registry, read).lines().filter_map(fetch));
        }
        fetches
    }
}

/// The whole lines of a registry's log behind `read`, which moves on.
///
/// # Panics
/// When the log cannot be read: then nothing is known.
pub fn unread(registry: &Registry, read: &Mutex<u64>) -> String {
    let mut read = read.lock().unwrap();
    let mut file = File::open(registry.log_path()).unwrap();
    file.seek(SeekFrom::Start(*read)).unwrap();
    let mut text = Vec::new();
    file.read_to_end(&mut text).unwrap();
    text.truncate(text.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1));
    *read += text.len() as u64;
    String::from_utf8_lossy(&text).into_owned()
}

/// Host, method and target of an answered request: its line alone has the host that was asked for.
#[must_use]
pub fn answered(line: &str) -> Option<[&str; 3]> {
    if !line.contains(" msg=\"response completed") {
        return None;
    }
    let [host, method, uri] =
        ["http.request.host", "http.request.method", "http.request.uri"].map(|name| log_field(line, name));
    Some([host?, method?, uri?])
}

fn fetch(line: &str) -> Option<Fetch> {
    let [host, method, uri] = answered(line)?;
    if !matches!(method, "GET" | "HEAD") {
        return None;
    }
    let path = uri.split('?').next()?.strip_prefix("/v2/")?;
    let (repository, reference) = match path.strip_suffix("/tags/list") {
        Some(repository) => (repository, "*"),
        None => path.rsplit_once("/manifests/")?,
    };
    Some(Fetch { host: host.to_owned(), repository: repository.to_owned(), reference: reference.to_owned() })
}

/// `name=value` or `name="value"` in a line of a registry's log.
#[must_use]
fn log_field<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(&format!(" {name}="))?;
    match rest.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => rest.split(' ').next(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Fetch, fetch};

    #[test]
    fn a_fetch_has_the_host_that_was_meant() {
        let line = r#"time="x" level=error msg="response completed with error" err.code="manifest unknown" http.request.host="127.0.0.1:5001" http.request.method=HEAD http.request.uri=/v2/evil/app/manifests/1 http.response.status=404"#;
        let meant = Fetch { host: "127.0.0.1:5001".into(), repository: "evil/app".into(), reference: "1".into() };
        assert_eq!(fetch(line), Some(meant));
        let tags = r#"time="x" level=info msg="response completed" http.request.host=hub http.request.method=GET http.request.uri="/v2/library/alpine/tags/list?n=9""#;
        assert_eq!(fetch(tags).map(|fetch| fetch.to_string()).as_deref(), Some("hub/library/alpine *"));
        assert_eq!(fetch(r#"127.0.0.1 - - [x] "GET /v2/evil/app/manifests/1 HTTP/1.1" 404 91"#), None);
    }
}
