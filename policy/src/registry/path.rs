//! The path below `/v2/`.

use alloc::{borrow::ToOwned as _, string::String};

use super::pairs;
use crate::image::ImageRef;

/// Which part of a repository is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The manifest that a tag stands for.
    Tag(String),
    /// The manifest with a digest.
    Manifest(String),
    /// The blob with a digest.
    Blob(String),
    /// What refers to the manifest with a digest.
    Referrers(String),
    /// The list of all tags.
    Tags,
    /// A blob on its way there.
    Upload {
        /// What it will be or be taken from in another repository of the registry, if the request says so.
        digest: Option<String>,
    },
}

impl Part {
    /// The digest, where it is one thing that is fetched by its digest.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        match self {
            Self::Manifest(digest) | Self::Blob(digest) | Self::Referrers(digest) => Some(digest),
            Self::Tag(_) | Self::Tags | Self::Upload { .. } => None,
        }
    }

    /// As part of a repository.
    pub(super) fn of(&self, repository: &ImageRef) -> ImageRef {
        let named = match self {
            Self::Tag(tag) => repository.with_tag(tag).ok(),
            Self::Manifest(digest) | Self::Blob(digest) | Self::Referrers(digest) => repository.at_digest(digest).ok(),
            Self::Tags | Self::Upload { .. } => None,
        };
        // The grammar was looked at when it was read; without tag and digest it stands for all of them.
        named.unwrap_or_else(|| repository.repository())
    }
}

/// Repository and part; none: no route of registries.
pub(super) fn split<'a>(below: &'a str, query: &str, writes: bool) -> Option<(&'a str, Part)> {
    let (rest, last) = below.rsplit_once('/')?;
    if let Some(name) = before(rest, "manifests") {
        let part = match last {
            tag if ImageRef::is_tag(tag) => Part::Tag(tag.to_owned()),
            digest => Part::Manifest(checked(digest)?),
        };
        return Some((name, part));
    }
    if let Some(name) = before(rest, "blobs") {
        return match last {
            "uploads" => Some((name, upload(query)?)),
            digest => Some((name, Part::Blob(checked(digest)?))),
        };
    }
    if let Some(name) = before(rest, "referrers") {
        return Some((name, Part::Referrers(checked(last)?)));
    }
    if let Some(name) = before(rest, "tags").filter(|_| last == "list" && !writes) {
        return Some((name, Part::Tags));
    }
    // The last component is empty, or a server's own name for the upload. ghcr.io says `upload`.
    let session = before(rest, "uploads").or_else(|| before(rest, "upload").filter(|_| writes && !last.is_empty()))?;
    Some((before(session, "blobs")?, upload(query)?))
}

/// What is before a last component of this name.
fn before<'a>(path: &'a str, component: &str) -> Option<&'a str> {
    path.strip_suffix(component)?.strip_suffix('/')
}

fn checked(digest: &str) -> Option<String> {
    ImageRef::is_digest(digest).then(|| digest.to_owned())
}

/// `mount` at the start of an upload takes a blob from another repository of the same registry,
/// `digest` ends one. Either way nothing comes to this machine.
fn upload(query: &str) -> Option<Part> {
    let mut digest = None;
    for (key, value) in pairs(query) {
        if matches!(key?.as_ref(), "digest" | "mount") {
            digest = checked(&value?);
        }
    }
    Some(Part::Upload { digest })
}
