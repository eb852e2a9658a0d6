//! A local registry in the place of Docker Hub: Debian's `docker-registry` on loopback, which
//! the engine asks first for everything on Docker Hub (`registry-mirrors`).

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use bytes::Bytes;
use hyper::header;

use super::{
    Image, Lab, LabError, Process, http,
    image::{self, digest},
    process, programs,
};

/// A running registry.
pub struct Registry {
    process: Process,
    address: String,
}

/// A request that the registry answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// HTTP method.
    pub method: String,
    /// Request target.
    pub target: String,
    /// Status code.
    pub status: u16,
}

/// How a registry is run.
#[derive(Debug)]
pub struct Serving {
    /// Its name in the lab.
    pub name: &'static str,
    /// Where its content is.
    pub storage: PathBuf,
    /// `host:port` to listen on; port 0 is a free one.
    pub address: String,
    /// Refuses every change, so that several can serve the same content.
    pub read_only: bool,
    /// Certificate and key: it speaks TLS.
    pub tls: Option<[PathBuf; 2]>,
    /// Asks for a token from this URL, and takes any.
    pub tokens: Option<&'static str>,
}

impl Registry {
    /// Starts an empty registry on a free port.
    ///
    /// # Errors
    /// With the end of its log, when it does not come up.
    pub async fn start(lab: &Lab) -> Result<Self, LabError> {
        let storage = lab.make_dir("registry")?.join("data");
        let address = "127.0.0.1:0".to_owned();
        let serving = Serving { name: "registry", storage, address, read_only: false, tls: None, tokens: None };
        Self::serve(lab, &serving, |program| Ok(process::clean(program))).await
    }

    /// Starts a registry; `command` makes the program a command, for example in another network.
    ///
    /// # Errors
    /// With the end of its log, when it does not come up.
    pub async fn serve(
        lab: &Lab,
        serving: &Serving,
        command: impl FnOnce(&Path) -> Result<Command, LabError>,
    ) -> Result<Self, LabError> {
        let program = programs::installed("docker-registry", "docker-registry")?;
        let config = lab.write(&format!("{}.yml", serving.name), config(serving))?;
        let mut command = command(&program)?;
        // Tracing exporters of the registry look for a collector unless told not to.
        command.arg("serve").arg(config).env("OTEL_TRACES_EXPORTER", "none");
        let mut process = Process::start(lab, serving.name, command)?;
        let log = process.log_path().to_owned();
        process
            .ready(Duration::from_secs(15), || async {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                listening(&log).map(|_| ()).ok_or_else(|| "it does not listen yet".to_owned())
            })
            .await?;
        let address = listening(&process.log()).unwrap_or_default();
        Ok(Self { process, address })
    }

    /// `host:port`.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The file with what it answered, and to whom.
    #[must_use]
    pub fn log_path(&self) -> &Path {
        self.process.log_path()
    }

    /// For the engine's `registry-mirrors`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Puts an image there, without an engine.
    ///
    /// # Errors
    /// When the registry refuses a part.
    pub async fn push(&self, repository: &str, tag: &str, image: &Image) -> Result<(), LabError> {
        for layer in &image.layers {
            self.push_blob(repository, layer).await?;
        }
        self.push_blob(repository, &image.config).await?;
        self.push_manifest(repository, tag, image::MANIFEST, &image.manifest).await
    }

    /// Puts a manifest there, or a list of manifests; what it names is there already.
    ///
    /// # Errors
    /// When the registry refuses it.
    pub async fn push_manifest(
        &self,
        repository: &str,
        reference: &str,
        media_type: &str,
        manifest: &Bytes,
    ) -> Result<(), LabError> {
        let target = format!("/v2/{repository}/manifests/{reference}");
        self.call("PUT", &target, media_type, manifest.clone(), 201).await?;
        Ok(())
    }

    async fn push_blob(&self, repository: &str, blob: &Bytes) -> Result<(), LabError> {
        let target = format!("/v2/{repository}/blobs/uploads/");
        let answer = self.call("POST", &target, "application/octet-stream", Bytes::new(), 202).await?;
        let location = answer.headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let joint = if location.contains('?') { '&' } else { '?' };
        let target = format!("{location}{joint}digest={}", digest(blob));
        self.call("PUT", &target, "application/octet-stream", blob.clone(), 201).await?;
        Ok(())
    }

    async fn call(
        &self,
        method: &str,
        target: &str,
        content_type: &str,
        body: Bytes,
        expected: u16,
    ) -> Result<http::Answer, LabError> {
        let answer = http::tcp(&self.address, method, target, &[("content-type", content_type)], body).await?;
        if answer.status == expected {
            return Ok(answer);
        }
        let why = format!("the registry answered {}: {}", answer.status, answer.text());
        Err(LabError::Http { request: format!("{method} {target}"), why })
    }

    /// Every request that it answered so far, our own pushes too.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        self.process.log().lines().filter_map(access).collect()
    }

    /// The reads of anything in `repository`: what an engine does to bring an image in.
    #[must_use]
    pub fn reads(&self, repository: &str) -> Vec<Seen> {
        let prefix = format!("/v2/{repository}/");
        let read = |seen: &Seen| matches!(seen.method.as_str(), "GET" | "HEAD") && seen.target.starts_with(&prefix);
        self.seen().into_iter().filter(read).collect()
    }
}

fn config(serving: &Serving) -> String {
    let mut config = format!(
        "version: 0.1\n\
         log:\n  level: info\n  accesslog:\n    disabled: false\n\
         storage:\n  filesystem:\n    rootdirectory: {}\n  maintenance:\n    readonly:\n      enabled: {}\n",
        serving.storage.display(),
        serving.read_only,
    );
    if let Some(realm) = serving.tokens {
        config += &format!("auth:\n  silly:\n    realm: {realm}\n    service: registry\n");
    }
    config += &format!("http:\n  addr: '{}'\n  relativeurls: true\n", serving.address);
    if let Some([certificate, key]) = &serving.tls {
        config += &format!("  tls:\n    certificate: {}\n    key: {}\n", certificate.display(), key.display());
    }
    config
}

/// `... msg="listening on 127.0.0.1:40123" ...`; with TLS: `"listening on 127.0.0.1:40123, tls"`.
fn listening(log: &str) -> Option<String> {
    let (_, rest) = log.split_once("listening on ")?;
    let (address, _) = rest.split_once('"')?;
    Some(address.split(',').next().unwrap_or(address).to_owned())
}

/// Combined log format: `127.0.0.1 - - [time] "GET /v2/ HTTP/1.1" 200 2 "" "agent"`.
fn access(line: &str) -> Option<Seen> {
    let (_, rest) = line.split_once("] \"")?;
    let (request, rest) = rest.split_once("\" ")?;
    let mut words = request.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let status = rest.split(' ').next()?.parse().ok()?;
    Some(Seen { method, target, status })
}

#[cfg(test)]
mod tests {
    use super::{Seen, access, listening};

    #[test]
    fn the_port_is_read_from_the_log() {
        let log = "time=\"x\" level=info msg=\"listening on 127.0.0.1:40123\" go.version=go1.19.8\n";
        assert_eq!(listening(log).as_deref(), Some("127.0.0.1:40123"));
        assert_eq!(listening("time=\"x\" msg=\"listening on 127.0"), None);
    }

    #[test]
    fn the_access_log_names_method_target_and_status() {
        let line = r#"127.0.0.1 - - [25/Nov/2026:22:57:44 +0000] "HEAD /v2/library/hello/manifests/latest HTTP/1.1" 200 735 "" "docker""#;
        let seen = Seen { method: "HEAD".into(), target: "/v2/library/hello/manifests/latest".into(), status: 200 };
        assert_eq!(access(line), Some(seen));
        assert_eq!(access("time=\"x\" level=info msg=\"\" http.request.method=GET"), None);
    }
}
