//! What a request would make the engine do, as far as an image policy is concerned.

use crate::image::ImageRef;

/// One request, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// The engine fetches images from a registry by name.
    Pull(Pull),
    /// Content comes in by another way; no name that could be trusted comes with it.
    BringIn(Way),
    /// A build: what it fetches is not in the request.
    Build(&'static str),
    /// Nothing comes in. The word says what it is.
    NotGoverned(&'static str),
    /// What the engine would do cannot be told from what the plugin is shown.
    Unverifiable(Unverifiable),
}

/// A pull.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pull {
    /// The image; without tag and digest: every tag.
    pub image: ImageRef,
}

/// Ways in that carry no trustworthy name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Stable word, for example `load`.
    pub word: &'static str,
    /// What a developer reads, for example "`docker load` brings in images from a file".
    pub what: &'static str,
}

/// A request that the plugin cannot read as the engine will.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unverifiable {
    /// Stable word of the action as far as it is known, else `unknown`.
    pub word: &'static str,
    /// Which part, and what about it.
    pub part: &'static str,
    /// How to ask properly.
    pub advice: &'static str,
}

impl Action {
    /// The stable word for records and `--json` output.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Pull(_) => "pull",
            Self::BringIn(way) => way.word,
            Self::Build(word) | Self::NotGoverned(word) => word,
            Self::Unverifiable(unverifiable) => unverifiable.word,
        }
    }

    /// The image that is named, if one is.
    #[must_use]
    pub const fn image(&self) -> Option<&ImageRef> {
        match self {
            Self::Pull(pull) => Some(&pull.image),
            _ => None,
        }
    }

    /// `understood` (names its images), `not_governed` (brings none in) or `unverifiable`.
    #[must_use]
    pub const fn verdict(&self) -> &'static str {
        match self {
            Self::Pull(_) => "understood",
            Self::NotGoverned(_) => "not_governed",
            Self::BringIn(_) | Self::Build(_) | Self::Unverifiable(_) => "unverifiable",
        }
    }
}
