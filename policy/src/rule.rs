//! Allowlist and deny rules: which images, for whom, until when.
//!
//! | pattern | matches |
//! |---|---|
//! | `evil/miner` | that repository on Docker Hub, any tag or digest |
//! | `alpine` | the official image `library/alpine` |
//! | `evil/*` | everything in that namespace, at any depth |
//! | `acme/app-*` | repositories of the namespace whose name starts so (`*` stays within a component unless it is the last one alone) |
//! | `ghcr.io/acme/*`, `ghcr.io/*` | a namespace of another registry, a whole registry |
//! | `*.corp.example/*` | every host below that domain |
//! | `alpine:3.*` | tags by glob |
//! | `alpine@sha256:…` | one digest |
//!
//! A host without a port *allows* that registry only, and *denies* it on every port.
//!
//! A tag says nothing about a pull by digest, and the engine ignores a tag beside a digest. So a
//! rule with a tag never *allows* a pull by digest or of all tags, and *denies* both. A rule
//! with a digest matches pulls by that digest only.

use alloc::{
    borrow::ToOwned as _,
    string::{String, ToString as _},
    vec::Vec,
};
use core::fmt;

use crate::{
    glob,
    host::canonical_host,
    image::{self, RefError},
    time::Timestamp,
};

mod index;

pub use index::RuleSet;
pub(crate) use index::{Asker, Purpose};

/// One rule of a list.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Stable id, unique within the organization.
    pub id: String,
    /// Which images.
    pub pattern: Pattern,
    /// For whom.
    pub scope: Scope,
    /// Until when; none: for ever.
    pub expires_at: Option<Timestamp>,
    /// Why, in the owner's words.
    pub reason: String,
}

impl Rule {
    /// False from `expires_at` on.
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.expires_at.is_none_or(|end| now < end)
    }
}

/// For whom a rule holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every member of the organization.
    Organization,
    /// Members of one team.
    Team(String),
    /// One user.
    User(String),
}

/// Which images a rule matches; see the module's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pub(crate) host: HostPart,
    /// Components before the first wildcard, joined by `/`.
    pub(crate) literal: String,
    pub(crate) rest: Rest,
    pub(crate) tag: Option<String>,
    pub(crate) digest: Option<String>,
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HostPart {
    Exact(String),
    /// Any host that ends in `.` and this.
    Below(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rest {
    /// Nothing behind the literal part: one repository.
    Nothing,
    /// One or more components.
    Anything,
    /// These components, each a glob; a last one of `*` alone stands for one or more.
    Globs(Vec<String>),
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// Nothing there.
    #[error("the pattern is empty; write for example `evil/miner`, `evil/*` or `ghcr.io/acme/*`")]
    Empty,
    /// More than 512 bytes or 16 components.
    #[error("the pattern is longer than 512 bytes or has more than 16 parts; write a shorter one, with wildcards")]
    TooLong,
    /// Everything everywhere.
    #[error(
        "`*` alone is not a pattern; write `docker.io/*` for all of Docker Hub, or switch the category or the registry on"
    )]
    Everything,
    /// A name on Docker Hub without a namespace, which no repository there has.
    #[error("`{0}` matches nothing: every repository on Docker Hub is in a namespace; write for example `evil*/*`")]
    NoNamespace(String),
    /// Not a host, or a wildcard in a place where a host may have none.
    #[error("`{0}` is no registry host; only `*.` at its start may be a wildcard")]
    Host(String),
    /// Nothing between two slashes, or before or behind one.
    #[error("a part of the pattern is empty: there is a `/` too many")]
    EmptyPart,
    /// Not a repository, or a wildcard that is more than part of a component.
    #[error(
        "`{0}` is no part of a repository name; use lower-case letters, digits, `.`, `_`, `-` and the wildcards `*` and `?`"
    )]
    Component(String),
    /// Not a tag glob.
    #[error("`{0}` is no tag; use letters, digits, `.`, `_`, `-` and the wildcards `*` and `?`")]
    Tag(String),
    /// Not a digest.
    #[error("`{text}` is no digest: {source}")]
    Digest {
        /// What was written.
        text: String,
        /// Why.
        source: RefError,
    },
    /// Tag and digest together.
    #[error("a pattern has a tag or a digest, not both: the engine ignores a tag beside a digest")]
    TagAndDigest,
}

const MAX_PATTERN_BYTES: usize = 512;
const MAX_COMPONENTS: usize = 16;

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// [`PatternError`] says what to write instead.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.len() > MAX_PATTERN_BYTES {
            return Err(PatternError::TooLong);
        }
        if text == "*" || text == "*/*" {
            return Err(PatternError::Everything);
        }
        let (name_and_tag, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(check_digest(digest)?)),
            None => (text, None),
        };
        let (name, tag) = split_tag(name_and_tag);
        let tag = tag.map(check_tag).transpose()?;
        if tag.is_some() && digest.is_some() {
            return Err(PatternError::TagAndDigest);
        }
        let (host, path) = split_host(name)?;
        let (literal, rest) = check_path(&path)?;
        if host == HostPart::Exact("docker.io".to_owned()) && literal.is_empty() {
            match &rest {
                Rest::Globs(globs) if globs.len() == 1 => return Err(PatternError::NoNamespace(text.to_owned())),
                _ => {}
            }
        }
        let text = render(&host, &literal, &rest, tag.as_deref(), digest.as_deref());
        Ok(Self { host, literal, rest, tag, digest, text })
    }

    /// The normal form as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn split_tag(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        // A port is followed by a path.
        Some((left, right)) if !right.contains('/') => (left, Some(right)),
        _ => (name, None),
    }
}

fn check_tag(tag: &str) -> Result<String, PatternError> {
    let ok = !tag.is_empty()
        && tag.len() <= 128
        && tag.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b'*' | b'?'));
    if ok { Ok(tag.to_owned()) } else { Err(PatternError::Tag(tag.to_owned())) }
}

fn check_digest(digest: &str) -> Result<String, PatternError> {
    image::ImageRef::parse("a")
        .and_then(|any| any.at_digest(digest))
        .map(|_| digest.to_owned())
        .map_err(|source| PatternError::Digest { text: digest.to_owned(), source })
}

/// Host and path by the engine's rule, wildcards allowed.
fn split_host(name: &str) -> Result<(HostPart, String), PatternError> {
    let hub = || HostPart::Exact("docker.io".to_owned());
    let Some((first, rest)) = name.split_once('/') else { return Ok((hub(), alloc::format!("library/{name}"))) };
    let is_host = first == "localhost"
        || first.contains(['.', ':'])
        || first.starts_with('[')
        || first.bytes().any(|b| b.is_ascii_uppercase());
    if !is_host {
        return Ok((hub(), name.to_owned()));
    }
    let host = match first.strip_prefix("*.") {
        Some(below) => HostPart::Below(check_host(below, first)?),
        None => HostPart::Exact(check_host(first, first)?),
    };
    let on_hub = host == hub();
    let path = if on_hub && !rest.contains('/') && !glob::is_glob(rest) {
        alloc::format!("library/{rest}")
    } else {
        rest.to_owned()
    };
    Ok((host, path))
}

fn check_host(host: &str, typed: &str) -> Result<String, PatternError> {
    // Any repository will do to have the engine's own grammar look at the host.
    let probe = alloc::format!("{host}/a");
    match image::ImageRef::parse(&probe) {
        Ok(image) if image.host() == host || image.host() == "docker.io" || host == "localhost" => {
            Ok(canonical_host(host).to_string())
        }
        _ => Err(PatternError::Host(typed.to_owned())),
    }
}

fn check_path(path: &str) -> Result<(String, Rest), PatternError> {
    let components: Vec<&str> = path.split('/').collect();
    if components.len() > MAX_COMPONENTS {
        return Err(PatternError::TooLong);
    }
    for component in &components {
        if component.is_empty() {
            return Err(PatternError::EmptyPart);
        }
        let ok = component
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'.' | b'_' | b'-' | b'*' | b'?'));
        if !ok {
            return Err(PatternError::Component((*component).to_owned()));
        }
    }
    // `**` and the like say no more than `*`.
    let components: Vec<&str> = components
        .into_iter()
        .map(|component| if component.bytes().all(|b| b == b'*') { "*" } else { component })
        .collect();
    let literal = components.iter().take_while(|component| !glob::is_glob(component)).count();
    let (literal, globs) = components.split_at_checked(literal).unwrap_or((&components, &[]));
    let rest = match globs {
        [] => Rest::Nothing,
        ["*"] => Rest::Anything,
        globs => Rest::Globs(globs.iter().map(|glob| (*glob).to_owned()).collect()),
    };
    Ok((literal.join("/"), rest))
}

fn render(host: &HostPart, literal: &str, rest: &Rest, tag: Option<&str>, digest: Option<&str>) -> String {
    let mut text = String::new();
    match host {
        // The engine tells a host without a dot from a namespace by its capitals.
        HostPart::Exact(host) if !host.contains(['.', ':']) && host != "localhost" => {
            text.push_str(&host.to_ascii_uppercase());
        }
        HostPart::Exact(host) => text.push_str(host),
        HostPart::Below(host) => {
            text.push_str("*.");
            text.push_str(host);
        }
    }
    if !literal.is_empty() {
        text.push('/');
        text.push_str(literal);
    }
    match rest {
        Rest::Nothing => {}
        Rest::Anything => text.push_str("/*"),
        Rest::Globs(globs) => {
            text.push('/');
            text.push_str(&globs.join("/"));
        }
    }
    for (sign, part) in [(':', tag), ('@', digest)] {
        if let Some(part) = part {
            text.push(sign);
            text.push_str(part);
        }
    }
    text
}

/// True when the components of `path` match `globs`.
pub(crate) fn globs_match(globs: &[String], path: &str) -> bool {
    let mut components = path.split('/');
    let mut globs = globs.iter().peekable();
    while let Some(glob) = globs.next() {
        let Some(component) = components.next() else { return false };
        if glob == "*" && globs.peek().is_none() {
            return true;
        }
        if !glob::matches(glob, component) {
            return false;
        }
    }
    components.next().is_none()
}

#[cfg(test)]
mod tests;
