//! Why a document cannot be read.

use policy::{HostPatternError, PatternError};

/// Why a document with a good signature is still not used.
#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    /// A part that every document of the kind has.
    #[error("the document has no {0}")]
    Missing(&'static str),
    /// A value of a newer version of pullgate.
    #[error("the document's {field} is {value}, which this version does not know; update pullgate on this machine")]
    UnknownValue {
        /// Which field.
        field: &'static str,
        /// Number on the wire.
        value: i32,
    },
    /// More than a limit.
    #[error("the document holds {found} {what}, more than {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// How many are allowed.
        limit: usize,
    },
    /// A name that would break a line of a log or a record.
    #[error("the document's {0} holds control characters or is longer than 100 bytes")]
    BadName(&'static str),
    /// A text that would break a line or a terminal.
    #[error("the document's {0} holds control characters")]
    BadText(&'static str),
    /// A rule that is none.
    #[error("rule `{id}` cannot be used")]
    Rule {
        /// Its id.
        id: String,
        /// Why.
        source: PatternError,
    },
    /// A pattern of a setting that is none.
    #[error("a pattern of `{setting}` cannot be used")]
    Setting {
        /// Which setting.
        setting: &'static str,
        /// Why.
        source: PatternError,
    },
    /// A registry host that is none.
    #[error("the registry list cannot be used")]
    Registry(#[from] HostPatternError),
}
