//! What a registry's answer teaches.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

use http::{HeaderMap, Response, StatusCode, header};
use policy::{
    ImageRef,
    registry::{Part, Repository},
};
use serde::Deserialize;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::ties::Ties;

/// Largest manifest that engines read (distribution's `MaxManifestSize` and containerd's limit: 4 MiB).
pub const MAX_MANIFEST_BYTES: usize = 4 << 20;
/// Most digests that one manifest teaches; engines stop at 127 layers, indexes have tens of platforms.
const MAX_CHILDREN: usize = 4096;
const CONTENT_DIGEST: &str = "docker-content-digest";

/// What the answer of a registry teaches: which digest a tag stands for, and what a manifest is made of.
#[derive(Debug, Default)]
pub struct Learn(Lesson);

#[derive(Debug, Default)]
enum Lesson {
    #[default]
    Nothing,
    Manifest {
        ties: Arc<Mutex<Ties>>,
        repository: String,
        /// The digest that was asked for; none: a tag was.
        digest: Option<String>,
        only_head: bool,
        /// What was asked for.
        asked: Box<Repository>,
        /// Digests that content which goes to the engine has, where a tag was asked for.
        stands_for: Vec<String>,
    },
    Push {
        ties: Arc<Mutex<Ties>>,
        repository: String,
        /// None: the registry says it.
        digest: Option<String>,
    },
}

impl Learn {
    pub(super) fn manifest_of(ties: &Arc<Mutex<Ties>>, asked: &Repository, digest: Option<&str>) -> Self {
        let (ties, digest) = (Arc::clone(ties), digest.map(str::to_owned));
        let (repository, only_head, asked) = (asked.key(), asked.only_head, Box::new(asked.clone()));
        Self(Lesson::Manifest { ties, repository, digest, only_head, asked, stands_for: Vec::new() })
    }

    pub(super) fn push_to(ties: &Arc<Mutex<Ties>>, repository: String, digest: Option<&str>) -> Self {
        Self(Lesson::Push { ties: Arc::clone(ties), repository, digest: digest.map(str::to_owned) })
    }

    /// Whether a body will be read here: the registry must then be asked for it as it is, without any
    /// content coding (engines offer gzip by themselves).
    #[must_use]
    pub fn reads_body(&self) -> bool {
        matches!(self.0, Lesson::Manifest { only_head: false, .. })
    }

    /// What was asked for by tag, and the digests of the content that came: as a digest it may be refused
    /// where the tag was not.
    pub(super) fn stands_for(&self) -> Option<(&Repository, &[String])> {
        match &self.0 {
            Lesson::Manifest { asked, stands_for, .. } if !stands_for.is_empty() => Some((asked, stands_for)),
            _ => None,
        }
    }

    /// Looks at an answer's head. True: the body is a manifest that [`Learn::manifest`] must see
    /// before any of it is passed on, if it has no more than [`MAX_MANIFEST_BYTES`].
    pub fn head<B>(&mut self, head: &Response<B>) -> bool {
        let told = head.headers().get(CONTENT_DIGEST).and_then(|value| value.to_str().ok());
        let told = told.filter(|digest| ImageRef::is_digest(digest));
        match &mut self.0 {
            Lesson::Manifest { ties, repository, digest, only_head, asked, stands_for }
                if head.status() == StatusCode::OK =>
            {
                if let (None, Some(told)) = (digest, told) {
                    lock(ties).resolve(repository, told, &Arc::new(asked.image()), Instant::now());
                    stands_for.extend((!*only_head).then(|| told.to_owned()));
                }
                !*only_head && is_readable(head.headers())
            }
            Lesson::Push { ties, repository, digest } if head.status() == StatusCode::CREATED => {
                if let Some(digest) = digest.as_deref().or(told) {
                    lock(ties).push(repository, digest, Instant::now());
                }
                false
            }
            _ => false,
        }
    }

    /// Looks at a whole manifest.
    pub fn manifest(&mut self, body: &[u8]) {
        let Lesson::Manifest { ties, repository, digest, asked, stands_for, .. } = &mut self.0 else { return };
        // What is not what was asked for, engines throw away.
        if body.len() > MAX_MANIFEST_BYTES || digest.as_ref().is_some_and(|digest| !is_digest_of(digest, body)) {
            return;
        }
        let children = children(body);
        let mut ties = lock(ties);
        let digest = match digest {
            Some(digest) => digest.clone(),
            None => {
                let digest = format!("sha256:{}", hex(&Sha256::digest(body)));
                ties.resolve(repository, &digest, &Arc::new(asked.image()), Instant::now());
                if !stands_for.contains(&digest) {
                    stands_for.push(digest.clone());
                }
                digest
            }
        };
        let itself = Repository { part: Part::Manifest(digest.clone()), ..asked.as_ref().clone() }.image();
        ties.contain(repository, &digest, itself, &children);
    }
}

pub(super) fn lock(ties: &Mutex<Ties>) -> std::sync::MutexGuard<'_, Ties> {
    // Whatever a panic left is no more than a tie that is missing.
    ties.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_readable(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    let coded = headers.contains_key(header::CONTENT_ENCODING) && text(header::CONTENT_ENCODING) != Some("identity");
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    !coded && length.is_none_or(|length| length <= MAX_MANIFEST_BYTES)
}

fn is_digest_of(digest: &str, body: &[u8]) -> bool {
    match digest.split_once(':') {
        Some(("sha256", digits)) => hex(&Sha256::digest(body)) == digits,
        Some(("sha384", digits)) => hex(&Sha384::digest(body)) == digits,
        Some(("sha512", digits)) => hex(&Sha512::digest(body)) == digits,
        _ => false,
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The digests that a manifest names as its parts: of an index (OCI, Docker), an image (OCI, Docker
/// schema 2 and 1). Not its `subject`: who refers to an image is no part of it.
fn children(body: &[u8]) -> Vec<String> {
    #[derive(Deserialize)]
    struct Descriptor {
        digest: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Layer {
        blob_sum: Option<String>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Manifest {
        manifests: Option<Vec<Descriptor>>,
        config: Option<Descriptor>,
        layers: Option<Vec<Descriptor>>,
        fs_layers: Option<Vec<Layer>>,
    }
    let Ok(manifest) = serde_json::from_slice::<Manifest>(body) else { return Vec::new() };
    let descriptors = [manifest.manifests, manifest.layers, manifest.config.map(|config| vec![config])];
    let digests = descriptors.into_iter().flatten().flatten().map(|descriptor| descriptor.digest);
    let old = manifest.fs_layers.into_iter().flatten().map(|layer| layer.blob_sum);
    digests.chain(old).flatten().filter(|digest| ImageRef::is_digest(digest)).take(MAX_CHILDREN).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(digit: char) -> String {
        format!("sha256:{}", String::from(digit).repeat(64))
    }

    #[test]
    fn parts_of_every_kind_of_manifest_are_found() {
        let (a, b, c) = (digest('a'), digest('b'), digest('c'));
        let check = |body: String, expected: &[&String]| {
            assert_eq!(children(body.as_bytes()).iter().collect::<Vec<_>>(), expected, "{body}");
        };
        check(format!(r#"{{"manifests":[{{"digest":"{a}","x":1}},{{"digest":"{b}"}}]}}"#), &[&a, &b]);
        check(
            format!(r#"{{"config":{{"digest":"{a}"}},"layers":[{{"digest":"{b}"}}],"subject":{{"digest":"{c}"}}}}"#),
            &[&b, &a],
        );
        check(format!(r#"{{"schemaVersion":1,"fsLayers":[{{"blobSum":"{a}"}},{{}}]}}"#), &[&a]);
        check(
            format!(
                r#"{{"layers":[{{"digest":"latest"}},{{"digest":"sha256:../x"}},{{"digest":"{a}"}}],"config":null}}"#
            ),
            &[&a],
        );
    }

    #[test]
    fn what_is_no_manifest_teaches_nothing() {
        for body in ["", "{", "null", "[]", "\"x\"", "{}", r#"{"layers":{}}"#, r#"{"layers":[1]}"#, "\u{0}", "{}x"] {
            assert!(children(body.as_bytes()).is_empty(), "{body}");
        }
        let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(children(format!(r#"{{"x":{deep}}}"#).as_bytes()).is_empty());
        let many = vec![format!(r#"{{"digest":"{}"}}"#, digest('a')); MAX_CHILDREN + 5].join(",");
        assert_eq!(children(format!(r#"{{"layers":[{many}]}}"#).as_bytes()).len(), MAX_CHILDREN);
    }

    #[test]
    fn digests_of_every_algorithm() {
        // `printf '' | sha256sum`
        let empty = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert!(is_digest_of(empty, b"") && !is_digest_of(empty, b"x"));
        assert!(is_digest_of(&format!("sha512:{}", hex(&Sha512::digest(b"x"))), b"x"));
        assert!(is_digest_of(&format!("sha384:{}", hex(&Sha384::digest(b"x"))), b"x"));
        assert!(!is_digest_of("md5:d41d8cd98f00b204e9800998ecf8427e", b""));
    }
}
