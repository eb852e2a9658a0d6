//! Registries that are broken, each in one way.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use installer::lab::{
    LabError,
    image::{MANIFEST, digest},
};
use serde_json::json;

use super::{Authority, BROKEN, Peer, Site, Step, answer_with};

/// The host of all that show the right certificate.
pub const HOST: &str = "all.broken.example";
/// Shows a certificate that nobody vouches for.
pub const FORGED: &str = "forged.broken.example:444";
/// Has the right certificate for another name.
pub const MISNAMED: &str = "misnamed.broken.example:445";
/// Speaks no TLS.
pub const PLAIN: &str = "plain.broken.example:446";
/// Nobody listens there.
pub const NOBODY: &str = "nobody.broken.example:447";
/// A layer that comes slowly has so many bytes.
pub const SLOW_BYTES: usize = 4 << 20;

impl Site {
    /// Starts them all.
    ///
    /// # Errors
    /// When one cannot listen.
    pub fn broken(&self) -> Result<Vec<Peer>, LabError> {
        let listen = |port| {
            let listener = self.network.listen(SocketAddr::new(IpAddr::V4(BROKEN), port));
            listener.map_err(|source| LabError::Start { program: "a broken registry".to_owned(), source })
        };
        let stranger = Authority::new("a stranger");
        Ok(vec![
            Peer::start(listen(443)?, Some(self.authority.server(&[HOST])), script),
            Peer::start(listen(444)?, Some(stranger.server(&["forged.broken.example"])), script),
            Peer::start(listen(445)?, Some(self.authority.server(&["other.broken.example"])), script),
            Peer::start(listen(446)?, None, script),
        ])
    }
}

/// The repository says what is wrong.
fn script(head: &str) -> Vec<Step> {
    let path = head.split(' ').nth(1).unwrap_or_default();
    let send = |text: &str| Step::Send(text.as_bytes().to_vec());
    let is = |repository: &str| path.starts_with(&format!("/v2/{repository}/"));
    if is("hangs") {
        vec![Step::Hang]
    } else if is("silent") {
        vec![Step::Drop]
    } else if is("half") {
        vec![send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes."), Step::Drop]
    } else if is("half-chunk") {
        vec![send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nten bytes."), Step::Drop]
    } else if is("garbage") {
        vec![send("SSH-2.0-OpenSSH_9.2p1\r\n\r\n"), Step::Drop]
    } else if is("huge") {
        let headers = "X-Padding: 0123456789012345678901234567890123456789\r\n".repeat(4000);
        vec![send(&format!("HTTP/1.1 200 OK\r\n{headers}Content-Length: 2\r\n\r\n{{}}"))]
    } else if is("two-lengths") {
        vec![send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 5\r\n\r\n{}"), Step::Drop]
    } else if is("circle") {
        // A registry's redirect, to itself, for ever.
        vec![Step::Send(answer_with("307 Temporary Redirect", &[("Location", path)], ""))]
    } else if is("not-json") {
        vec![Step::Send(answer_with("200 OK", &[("Content-Type", MANIFEST)], "<html>It works!</html>"))]
    } else if is("slow") {
        slow(path, head)
    } else {
        vec![Step::Send(answer_with("200 OK", &[("Docker-Distribution-Api-Version", "registry/2.0")], "{}"))]
    }
}

/// An image whose one layer comes in a hundred pieces, over ten seconds.
fn slow(path: &str, head: &str) -> Vec<Step> {
    let head_only = head.starts_with("HEAD");
    let layer = vec![0; SLOW_BYTES];
    let layer_digest = digest(&layer);
    let config = json!({
        "architecture": installer::lab::image::architecture(),
        "os": "linux",
        "config": {},
        "rootfs": {"type": "layers", "diff_ids": [layer_digest]},
    })
    .to_string();
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": config.len(),
            "digest": digest(config.as_bytes()),
        },
        "layers": [{"mediaType": "application/vnd.docker.image.rootfs.diff.tar", "size": layer.len(), "digest": layer_digest}],
    })
    .to_string();
    if path.contains("/manifests/") {
        let digest = digest(manifest.as_bytes());
        let headers = [("Content-Type", MANIFEST), ("Docker-Content-Digest", &digest)];
        let mut answer = answer_with("200 OK", &headers, &manifest);
        if head_only {
            answer.truncate(answer.len() - manifest.len());
        }
        return vec![Step::Send(answer)];
    }
    if path.ends_with(&digest(config.as_bytes())) {
        return vec![Step::Send(answer_with("200 OK", &[], &config))];
    }
    // Who has the beginning asks for the rest.
    let from = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("range: bytes=")?.strip_suffix('-')?.parse().ok());
    let rest = layer.get(from.unwrap_or(0)..).unwrap_or_default();
    let status = match from {
        Some(from) => format!("206 Partial Content\r\nContent-Range: bytes {from}-{}/{}", layer.len() - 1, layer.len()),
        None => "200 OK".to_owned(),
    };
    let answer = format!("HTTP/1.1 {status}\r\nAccept-Ranges: bytes\r\nContent-Length: {}\r\n\r\n", rest.len());
    let mut steps = vec![Step::Send(answer.into_bytes())];
    if !head_only {
        for piece in rest.chunks(SLOW_BYTES / 100) {
            steps.extend([Step::Send(piece.to_vec()), Step::Wait(Duration::from_millis(100))]);
        }
    }
    steps
}
