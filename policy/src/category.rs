//! What kind of image this is.

use alloc::string::String;

use hashbrown::{HashMap, HashSet};

use crate::host::Place;

/// The kinds that an organization owner can tell apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Category {
    /// In a Docker Hub namespace of a governing organization: always allowed.
    Organization,
    /// Docker Official Image: `library/<one component>` on Docker Hub.
    Official,
    /// In the namespace of a Docker Verified Publisher.
    VerifiedPublisher,
    /// Any other image on Docker Hub.
    Community,
    /// Docker-Sponsored Open Source: decided as community.
    SponsoredOpenSource,
    /// Not on Docker Hub.
    OtherRegistry,
}

impl Category {
    /// The stable word for logs, records and `--json` output.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Official => "official",
            Self::VerifiedPublisher => "verified_publisher",
            Self::Community => "community",
            Self::SponsoredOpenSource => "sponsored_open_source",
            Self::OtherRegistry => "other_registry",
        }
    }

    /// What a developer reads, behind "is ".
    #[must_use]
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Organization => "an image of your organization",
            Self::Official => "a Docker Official Image",
            Self::VerifiedPublisher => "a verified publisher's image",
            Self::Community => "a community image",
            Self::SponsoredOpenSource => "a community image (sponsored open source)",
            Self::OtherRegistry => "an image of another registry",
        }
    }
}

/// A Docker Hub badge of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Badge {
    /// Docker Verified Publisher.
    VerifiedPublisher,
    /// Docker-Sponsored Open Source.
    SponsoredOpenSource,
}

/// Which Docker Hub namespaces carry a badge.
#[derive(Clone, Debug, Default)]
pub struct Directory(HashMap<String, Badge>);

impl Directory {
    /// The badge of a namespace.
    #[must_use]
    pub fn badge(&self, namespace: &str) -> Option<Badge> {
        self.0.get(namespace).copied()
    }

    /// How many namespaces are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// True when no namespace is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<(String, Badge)> for Directory {
    fn from_iter<I: IntoIterator<Item = (String, Badge)>>(entries: I) -> Self {
        Self(entries.into_iter().map(|(namespace, badge)| (namespace.to_ascii_lowercase(), badge)).collect())
    }
}

/// Docker Hub namespaces, compared in lower case.
#[derive(Clone, Debug, Default)]
pub struct Namespaces(HashSet<String>);

impl Namespaces {
    /// True when this namespace is one of them.
    #[must_use]
    pub fn contains(&self, namespace: &str) -> bool {
        self.0.contains(namespace)
    }

    /// All of them, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl FromIterator<String> for Namespaces {
    fn from_iter<I: IntoIterator<Item = String>>(names: I) -> Self {
        Self(names.into_iter().map(|name| name.to_ascii_lowercase()).collect())
    }
}

/// The category of what is there. `owned` says whether a governing organization owns a namespace.
pub(crate) fn classify(place: &Place<'_>, directory: &Directory, owned: impl Fn(&str) -> bool) -> Category {
    let Some(namespace) = place.namespace() else { return Category::OtherRegistry };
    if namespace == "library" && place.below_namespace().is_some_and(|rest| !rest.contains('/')) {
        return Category::Official;
    }
    if owned(namespace) {
        return Category::Organization;
    }
    match directory.badge(namespace) {
        Some(Badge::VerifiedPublisher) => Category::VerifiedPublisher,
        Some(Badge::SponsoredOpenSource) => Category::SponsoredOpenSource,
        None => Category::Community,
    }
}
