//! Why a document is not used.

use crate::{convert::ConvertError, sealed::SealError, sync::Kind};

/// Why a document is not used. Nothing of it is used then.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It is not to be trusted.
    #[error("the {kind} document is refused")]
    Sealed {
        /// Which.
        kind: &'static str,
        /// Why.
        source: SealError,
    },
    /// It cannot be read whole.
    #[error("the {kind} document of `{subject}` is refused")]
    Convert {
        /// Which.
        kind: &'static str,
        /// Whose.
        subject: String,
        /// Why.
        source: ConvertError,
    },
    /// Of a kind that is not enforced.
    #[error("a document of type `{0}` is nothing for this machine; update pullgate here if the service is newer")]
    UnknownType(String),
    /// A policy whose directory did not come with it.
    #[error(
        "the policy of `{0}` was published with a publishers directory that this machine does not have; hand both over together"
    )]
    MissingDirectory(String),
}

pub(super) const fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Policy => "policy",
        Kind::Session => "session",
        Kind::Directory => "directory",
        Kind::Unspecified => "unknown",
    }
}
