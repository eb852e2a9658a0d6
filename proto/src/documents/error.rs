//! Why a document is not used.

use crate::{convert::ConvertError, key_chain::KeyChainError, sealed::SealError, sync::Kind};

/// Why a document is not used. Nothing of it is used then.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is not to be trusted.
    #[error("the {} document is refused", word(*kind))]
    Sealed {
        /// Which.
        kind: Kind,
        /// Why.
        source: SealError,
    },
    /// It cannot be read whole.
    #[error("the {} document of `{subject}` is refused", word(*kind))]
    Convert {
        /// Which.
        kind: Kind,
        /// Whose.
        subject: String,
        /// Why.
        source: ConvertError,
    },
    /// It carries changes of the service's keys that do not hold.
    #[error("a document is refused for the key changes that it carries")]
    Keys(#[from] KeyChainError),
    /// Of a kind that is not enforced.
    #[error("a document of type `{0}` is nothing for this machine; update pullgate here if the service is newer")]
    UnknownType(String),
    /// A policy whose directory did not come with it.
    #[error(
        "the policy of `{0}` was published with a publishers directory that this machine does not have; hand both over together"
    )]
    MissingDirectory(String),
}

impl DocumentError {
    /// Of what kind it is, as far as that is known.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Sealed { kind, .. } | Self::Convert { kind, .. } => *kind,
            Self::MissingDirectory(_) => Kind::Policy,
            Self::Keys(_) | Self::UnknownType(_) => Kind::Unspecified,
        }
    }
}

/// What a kind is called in sentences.
#[must_use]
pub const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Policy => "policy",
        Kind::Session => "session",
        Kind::Directory => "directory",
        Kind::Unspecified => "unknown",
    }
}
