//! Image references, read exactly as Docker Engine reads them.
//!
//! The grammar and the normalisation are those of `distribution/reference` v0.6, which every
//! engine since 24 vendors (moby `vendor/github.com/distribution/reference`). The vectors in
//! `tests/vectors/references.csv` hold the engine's own answers, and all agree.

use alloc::string::String;
use core::fmt;

use crate::{cut, host};

mod grammar;

/// Longest input that is read, in bytes. The engine has no limit of its own for the host part.
pub const MAX_INPUT_BYTES: usize = 4096;
/// Longest repository path in bytes, host not counted (`RepositoryNameTotalLengthMax`).
pub const MAX_PATH_BYTES: usize = 255;

const DEFAULT_HOST: &str = "docker.io";
const LEGACY_HOST: &str = "index.docker.io";
const OFFICIAL: &str = "library/";

/// A normalised image reference: `host/path[:tag][@digest]`.
///
/// Without tag and digest it names the repository, all its tags.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ImageRef {
    text: String,
    /// Bytes of the host; the empty host has no `/` behind it.
    host: usize,
    /// End of the name in `text`.
    name: usize,
    /// End of the tag in `text`; equal to `name` when there is none.
    tag: usize,
}

/// Why a text is no image reference. The engine refuses it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefError {
    /// Does not follow the grammar.
    #[error("invalid reference format")]
    InvalidFormat,
    /// An upper-case letter in the repository.
    #[error("the repository name must be lowercase")]
    Uppercase,
    /// Path longer than [`MAX_PATH_BYTES`].
    #[error("the repository name must not be more than 255 characters")]
    NameTooLong,
    /// Input longer than [`MAX_INPUT_BYTES`].
    #[error("the reference is longer than 4096 bytes")]
    InputTooLong,
    /// 64 hexadecimal digits, or `sha256:` and 64 of them: the id of an image on this machine, not a name in a registry.
    #[error("this is an image id, not the name of an image in a registry")]
    ImageId,
    /// Not sha256, sha384 or sha512.
    #[error("unsupported digest algorithm")]
    UnsupportedDigest,
    /// The digest's length does not fit its algorithm.
    #[error("invalid checksum digest length")]
    DigestLength,
    /// The digest holds something other than lower-case hexadecimal digits.
    #[error("invalid checksum digest format")]
    DigestFormat,
    /// Not a tag.
    #[error("invalid tag format")]
    TagFormat,
    /// `scratch` is reserved by the engine.
    #[error("`scratch` is a reserved name")]
    Reserved,
}

impl RefError {
    /// The stable word for `--json` output, logs and records.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::InvalidFormat => "invalid_format",
            Self::Uppercase => "uppercase",
            Self::NameTooLong => "name_too_long",
            Self::InputTooLong => "input_too_long",
            Self::ImageId => "image_id",
            Self::UnsupportedDigest => "unsupported_digest",
            Self::DigestLength => "digest_length",
            Self::DigestFormat => "digest_format",
            Self::TagFormat => "tag_format",
            Self::Reserved => "reserved",
        }
    }
}

impl ImageRef {
    /// Reads a name in any of the forms people type (`ParseNormalizedNamed`).
    ///
    /// # Errors
    /// [`RefError`] whenever the engine refuses the text as the name of an image.
    pub fn parse(input: &str) -> Result<Self, RefError> {
        if input.len() > MAX_INPUT_BYTES {
            return Err(RefError::InputTooLong);
        }
        if grammar::is_identifier(input) {
            return Err(RefError::ImageId);
        }
        let (host, official, remainder) = split_host(input);
        let remote = cut::at_first(remainder, b':').map_or(remainder, |(remote, _)| remote);
        if grammar::has_uppercase(remote) {
            return Err(RefError::Uppercase);
        }
        let (name_and_tag, digest) = match cut::at_first(remainder, b'@') {
            Some((left, digest)) => (left, Some(digest)),
            None => (remainder, None),
        };
        let (path, tag) = match cut::at_first(name_and_tag, b':') {
            Some((path, tag)) => (path, Some(tag)),
            None => (name_and_tag, None),
        };
        // The engine joins host and path again and matches both: what is no host may be a path.
        let host = if grammar::is_host(host) {
            host
        } else if grammar::is_path_component(host) {
            return Self::checked("", host, path, tag, digest);
        } else {
            return Err(RefError::InvalidFormat);
        };
        let prefix = if official { "library" } else { "" };
        Self::checked(host, prefix, path, tag, digest)
    }

    /// As [`ImageRef::parse`], but an image id is one too (`ParseAnyReference`), and is refused as such.
    ///
    /// # Errors
    /// [`RefError::ImageId`] for a digest without a name as well, of any algorithm.
    pub fn parse_any(input: &str) -> Result<Self, RefError> {
        if Self::is_digest(input) {
            return Err(RefError::ImageId);
        }
        Self::parse(input)
    }

    /// A repository as a registry is asked for it: nothing is added to the path. A host with neither dot nor
    /// port has its port here, since without it people would be understood to mean a namespace of Docker
    /// Hub. None: no engine could have such a name.
    pub(crate) fn in_registry(host: &str, path: &str) -> Option<Self> {
        let canonical = host::canonical_host(host);
        // On Docker Hub, what is written without `library/` is as long as with it.
        let whole = host::Place::of(&canonical, path).path.len();
        if !grammar::is_host(host) || !grammar::is_path(path) || whole > MAX_PATH_BYTES {
            return None;
        }
        let is_told_from_a_path = canonical == "localhost" || canonical.contains(['.', ':']);
        let host = if is_told_from_a_path { canonical } else { alloc::format!("{canonical}:443").into() };
        Some(Self::join(&host, "", path, None, None))
    }

    /// Whether a text is a tag and nothing else.
    pub(crate) fn is_tag(input: &str) -> bool {
        grammar::is_tag(input)
    }

    /// Whether a text is a digest and nothing else, for example `sha256:` and 64 hexadecimal digits.
    #[must_use]
    pub fn is_digest(input: &str) -> bool {
        grammar::check_digest(input).is_ok()
    }

    fn checked(
        host: &str,
        prefix: &str,
        path: &str,
        tag: Option<&str>,
        digest: Option<&str>,
    ) -> Result<Self, RefError> {
        if !grammar::is_path(path) || tag.is_some_and(|tag| !grammar::is_tag(tag)) {
            return Err(RefError::InvalidFormat);
        }
        if digest.is_some_and(|digest| !grammar::looks_like_digest(digest)) {
            return Err(RefError::InvalidFormat);
        }
        let separator = usize::from(!prefix.is_empty());
        if prefix.len().saturating_add(separator).saturating_add(path.len()) > MAX_PATH_BYTES {
            return Err(RefError::NameTooLong);
        }
        if let Some(digest) = digest {
            grammar::check_digest(digest)?;
        }
        Ok(Self::join(host, prefix, path, tag, digest))
    }

    fn join(host: &str, prefix: &str, path: &str, tag: Option<&str>, digest: Option<&str>) -> Self {
        let room = [host, prefix, path, tag.unwrap_or(""), digest.unwrap_or("")]
            .iter()
            .fold(4_usize, |sum, part| sum.saturating_add(part.len()));
        let mut text = String::with_capacity(room);
        for part in [host, prefix] {
            if !part.is_empty() {
                text.push_str(part);
                text.push('/');
            }
        }
        text.push_str(path);
        let name = text.len();
        if let Some(tag) = tag {
            text.push(':');
            text.push_str(tag);
        }
        let end = text.len();
        if let Some(digest) = digest {
            text.push('@');
            text.push_str(digest);
        }
        Self { text, host: host.len(), name, tag: end }
    }

    /// With tag `latest` when there is neither tag nor digest (`TagNameOnly`).
    #[must_use]
    pub fn or_latest(self) -> Self {
        if self.is_all_tags() { self.rebuilt(Some("latest"), None) } else { self }
    }

    /// The repository alone (`TrimNamed`).
    #[must_use]
    pub fn repository(&self) -> Self {
        self.rebuilt(None, None)
    }

    /// The repository and its tag, `latest` where there is none; without a digest.
    #[must_use]
    pub fn repository_and_tag(&self) -> Self {
        self.rebuilt(Some(self.tag().unwrap_or("latest")), None)
    }

    /// With this tag; a digest stays (`WithTag`).
    ///
    /// # Errors
    /// [`RefError::TagFormat`].
    pub fn with_tag(&self, tag: &str) -> Result<Self, RefError> {
        if !grammar::is_tag(tag) {
            return Err(RefError::TagFormat);
        }
        Ok(self.rebuilt(Some(tag), self.digest()))
    }

    /// The repository with this digest and no tag (`WithDigest(TrimNamed(..))`).
    ///
    /// # Errors
    /// When `digest` is none.
    pub fn at_digest(&self, digest: &str) -> Result<Self, RefError> {
        grammar::check_digest(digest)?;
        Ok(self.rebuilt(None, Some(digest)))
    }

    fn rebuilt(&self, tag: Option<&str>, digest: Option<&str>) -> Self {
        Self::join(self.host(), "", self.path(), tag, digest)
    }

    /// The host with its port as the engine keeps it, letter case included; empty when the engine finds none.
    #[must_use]
    pub fn host(&self) -> &str {
        self.text.get(..self.host).unwrap_or_default()
    }

    /// The path of the repository, `library/` included.
    #[must_use]
    pub fn path(&self) -> &str {
        let start = if self.host == 0 { 0 } else { self.host.saturating_add(1) };
        self.text.get(start..self.name).unwrap_or_default()
    }

    /// Host and path.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.get(..self.name).unwrap_or_default()
    }

    /// The tag.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.text.get(self.name.saturating_add(1)..self.tag)
    }

    /// The digest, algorithm included.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.text.get(self.tag.saturating_add(1)..)
    }

    /// True when it names every tag of the repository.
    #[must_use]
    pub fn is_all_tags(&self) -> bool {
        self.name == self.text.len()
    }

    /// The normal form as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The name as people type it: without `docker.io/` and `library/`.
    #[must_use]
    pub fn familiar_name(&self) -> &str {
        let name = self.name();
        let Some(on_hub) = name.strip_prefix("docker.io/") else { return name };
        match on_hub.strip_prefix(OFFICIAL) {
            Some(official) if !official.contains('/') => official,
            _ => on_hub,
        }
    }

    /// Whether engines, which shorten names and read them again (swarm's nodes, the store of names),
    /// come to another place: `docker.io/ghcr.io/a/b` becomes `ghcr.io/a/b`. No repository on Docker
    /// Hub is called so.
    #[must_use]
    pub fn is_another_when_shortened(&self) -> bool {
        let short = self.familiar_name();
        self.host() == DEFAULT_HOST
            && match cut::at_first(short, b'/') {
                Some((first, _)) => first == "localhost" || first.bytes().any(|byte| byte == b'.'),
                None => grammar::is_identifier(short),
            }
    }

    /// Whether it is BuildKit's own image, any tag: containers of it fetch by themselves.
    pub(crate) fn is_builder(&self) -> bool {
        let place = self.place();
        place.is_hub() && place.path == "moby/buildkit"
    }

    /// Where the image really is, for a policy: hosts folded, Docker Hub under one name.
    #[must_use]
    pub fn place(&self) -> host::Place<'_> {
        host::Place::of(self.host(), self.path())
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, f)
    }
}

/// `splitDockerDomain`: host, whether `library/` goes before the rest, the rest.
fn split_host(input: &str) -> (&str, bool, &str) {
    let Some((first, rest)) = cut::at_first(input, b'/') else { return (DEFAULT_HOST, true, input) };
    let host = match first {
        "localhost" => first,
        LEGACY_HOST => DEFAULT_HOST,
        _ if first.bytes().any(|byte| matches!(byte, b'.' | b':')) => first,
        _ if grammar::has_uppercase(first) => first,
        _ => return (DEFAULT_HOST, false, input),
    };
    (host, host == DEFAULT_HOST && !rest.bytes().any(|byte| byte == b'/'), rest)
}

#[cfg(test)]
mod tests;
