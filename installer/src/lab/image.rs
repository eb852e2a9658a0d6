//! A small image, built without an engine: one layer with busybox and a marker, a
//! configuration, a manifest that every engine from 20.10 to 29 reads.

use std::fs;

use bytes::Bytes;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{LabError, error::file, programs};

/// Docker's own manifest format, version 2, schema 2.
pub const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
const CONFIG: &str = "application/vnd.docker.container.image.v1+json";
const PLUGIN: &str = "application/vnd.docker.plugin.v1+json";
const LAYER: &str = "application/vnd.docker.image.rootfs.diff.tar";
/// Fixed, so that the same image has the same digest each time.
const CREATED: &str = "2026-01-01T00:00:00Z";

/// An image in pieces, as a registry takes it.
pub struct Image {
    /// The layers: uncompressed tars.
    pub layers: Vec<Bytes>,
    /// The configuration.
    pub config: Bytes,
    /// The manifest.
    pub manifest: Bytes,
}

impl Image {
    /// An image whose file `/marker` says `marker`.
    ///
    /// # Errors
    /// When busybox is not installed.
    pub fn build(marker: &str) -> Result<Self, LabError> {
        let busybox = programs::installed("busybox", "busybox-static")?;
        let program = fs::read(&busybox).map_err(file("read", &busybox))?;
        let files = [("bin/busybox", 0o755, program.as_slice()), ("marker", 0o644, marker.as_bytes())];
        Self::of(&files).map_err(file("pack", &busybox))
    }

    /// An image with nothing but the file `/marker`: small, to be fetched and not to be run.
    ///
    /// # Errors
    /// When the layer cannot be packed.
    pub fn bare(marker: &str) -> Result<Self, LabError> {
        Self::of(&[("marker", 0o644, marker.as_bytes())]).map_err(file("pack", "marker"))
    }

    /// An engine plugin that does nothing, and cannot be started.
    ///
    /// # Errors
    /// When the layer cannot be packed.
    pub fn plugin(marker: &str) -> Result<Self, LabError> {
        let layer: Bytes = layer(&[("marker", 0o644, marker.as_bytes())]).map_err(file("pack", "marker"))?.into();
        let config = json!({
            "description": marker,
            "documentation": "",
            "entrypoint": ["/marker"],
            "interface": {"types": ["docker.volumedriver/1.0"], "socket": "marker.sock"},
            "linux": {"capabilities": null, "allowAllDevices": false, "devices": null},
            "network": {"type": ""},
            "workdir": "",
            "propagatedMount": "",
            "mounts": null,
            "env": null,
            "args": {"name": "", "description": "", "settable": null, "value": null},
            "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]},
        });
        let config = config.to_string();
        let layers = vec![layer];
        let manifest = manifest(PLUGIN, &config, &layers);
        Ok(Self { layers, config: config.into(), manifest })
    }

    fn of(files: &[(&str, u32, &[u8])]) -> std::io::Result<Self> {
        Ok(Self::from_layers(vec![layer(files)?.into()]))
    }

    /// An image of so many layers, each with a file of so many bytes that do not compress.
    ///
    /// # Errors
    /// When a layer cannot be packed.
    pub fn layered(marker: &str, layers: usize, bytes: usize) -> Result<Self, LabError> {
        let layer = |number: usize| {
            let name = format!("layer-{number}");
            layer(&[(&name, 0o644, &noise(&format!("{marker} {number}"), bytes))]).map(Bytes::from)
        };
        let layers = (0..layers).map(layer).collect::<Result<_, _>>().map_err(file("pack", marker))?;
        Ok(Self::from_layers(layers))
    }

    fn from_layers(layers: Vec<Bytes>) -> Self {
        let config = json!({
            "architecture": architecture(),
            "os": "linux",
            "created": CREATED,
            "config": {"Env": ["PATH=/bin"], "Cmd": ["/bin/busybox", "cat", "/marker"]},
            "rootfs": {"type": "layers", "diff_ids": layers.iter().map(|layer| digest(layer)).collect::<Vec<_>>()},
            "history": vec![json!({"created": CREATED, "created_by": "pullgate lab"}); layers.len()],
        });
        let config = config.to_string();
        let manifest = manifest(CONFIG, &config, &layers);
        Self { layers, config: config.into(), manifest }
    }
}

/// Bytes that no compression makes fewer, the same each time: digests, one of the other.
fn noise(seed: &str, bytes: usize) -> Vec<u8> {
    let mut noise = Vec::with_capacity(bytes + 32);
    let mut block = Sha256::digest(seed.as_bytes());
    while noise.len() < bytes {
        noise.extend_from_slice(&block);
        block = Sha256::digest(block);
    }
    noise.truncate(bytes);
    noise
}

fn manifest(kind: &str, config: &str, layers: &[Bytes]) -> Bytes {
    let layers = layers.iter().map(|layer| json!({"mediaType": LAYER, "size": layer.len(), "digest": digest(layer)}));
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": kind, "size": config.len(), "digest": digest(config.as_bytes())},
        "layers": layers.collect::<Vec<_>>(),
    });
    manifest.to_string().into()
}

/// `sha256:` and the hexadecimal digest.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    let hex: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn layer(files: &[(&str, u32, &[u8])]) -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    for &(path, mode, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        header.set_entry_type(tar::EntryType::Regular);
        tar.append_data(&mut header, path, content)?;
    }
    tar.into_inner()
}

/// The name that images use for this machine's processor.
#[must_use]
pub fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "powerpc64" => "ppc64le",
        other => other,
    }
}
