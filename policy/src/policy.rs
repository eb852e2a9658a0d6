//! The policy of one organization, compiled for asking.

use alloc::{borrow::ToOwned as _, string::String, sync::Arc, vec::Vec};

use crate::{
    category::{Category, Directory, Namespaces},
    host::canonical_host,
    image::ImageRef,
    rule::RuleSet,
    settings::Settings,
    time::Validity,
};

/// What an organization's owner decided.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// The organization, lower case.
    pub organization: String,
    /// Counts up with each publication.
    pub generation: u64,
    /// The switch: off, nothing is restricted.
    pub enabled: bool,
    /// Whether a refusal refuses or is only recorded.
    pub mode: Mode,
    /// Kinds of Docker Hub images that are allowed.
    pub categories: Categories,
    /// Registries other than Docker Hub.
    pub registries: Registries,
    /// Allowlist.
    pub allow: RuleSet,
    /// Deny rules; they win over the allowlist.
    pub deny: RuleSet,
    /// Docker Hub namespaces of the organization.
    pub namespaces: Namespaces,
    /// Badges of namespaces, shared between policies.
    pub directory: Arc<Directory>,
    /// What an expired policy means.
    pub when_expired: WhenExpired,
    /// For denials.
    pub contact: Contact,
    /// From when until when.
    pub validity: Validity,
    /// Everything beyond which images may be pulled.
    pub settings: Settings,
}

/// Whether a refusal refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Mode {
    /// Refuse.
    #[default]
    Enforce,
    /// Allow, and record what would have been refused.
    Monitor,
}

impl Mode {
    /// The stable word.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Enforce => "enforce",
            Self::Monitor => "monitor",
        }
    }
}

/// What an expired policy means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum WhenExpired {
    /// Keep the last good policy.
    #[default]
    Keep,
    /// Refuse what brings an image in.
    Deny,
}

/// Kinds of Docker Hub images; the organization's own are always allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Categories {
    /// Docker Official Images.
    pub official: bool,
    /// Docker Verified Publisher images.
    pub verified_publisher: bool,
    /// Everything else, sponsored open source included.
    pub community: bool,
}

impl Categories {
    /// Whether this kind is allowed. Other registries are not a kind of Docker Hub image.
    #[must_use]
    pub const fn allows(self, category: Category) -> bool {
        match category {
            Category::Organization => true,
            Category::Official => self.official,
            Category::VerifiedPublisher => self.verified_publisher,
            Category::Community | Category::SponsoredOpenSource => self.community,
            Category::OtherRegistry => false,
        }
    }
}

/// Registries other than Docker Hub.
#[derive(Clone, Debug, Default)]
pub struct Registries {
    /// False: not restricted.
    pub controlled: bool,
    /// Allowed hosts when controlled.
    pub hosts: Vec<HostPattern>,
}

impl Registries {
    /// Whether images of the registry at this canonical host are allowed.
    #[must_use]
    pub fn allows(&self, host: &str) -> bool {
        !self.controlled || self.hosts.iter().any(|pattern| pattern.matches(host))
    }
}

/// A registry host, or with `*.` at its start every host below a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    host: String,
    below: bool,
}

/// Not a registry host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no registry host; write for example `ghcr.io`, `registry.corp.example:5000` or `*.corp.example`")]
pub struct HostPatternError(pub String);

impl HostPattern {
    /// Reads a host pattern.
    ///
    /// # Errors
    /// [`HostPatternError`].
    pub fn parse(text: &str) -> Result<Self, HostPatternError> {
        let text = text.trim();
        let (name, below) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text, false),
        };
        let probe = alloc::format!("{name}/a");
        // A name without a dot is a host only with an upper-case letter or as `localhost`: take it as meant.
        let known = ImageRef::parse(&probe).is_ok_and(|image| image.host() == name || name == "docker.io");
        let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if known || plain {
            Ok(Self { host: canonical_host(name).into_owned(), below })
        } else {
            Err(HostPatternError(text.to_owned()))
        }
    }

    /// Whole labels are compared, never parts of one.
    fn matches(&self, host: &str) -> bool {
        if self.below {
            host.strip_suffix(self.host.as_str()).is_some_and(|left| left.ends_with('.'))
        } else {
            host == self.host
        }
    }
}

/// What denials say about whom to ask; every part may be empty.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Contact {
    /// The owner's own words.
    pub message: String,
    /// Page where access is asked for.
    pub request_url: String,
    /// Mailbox.
    pub email: String,
}
