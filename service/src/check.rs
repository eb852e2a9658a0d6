//! The one place that asks the deciding crates whether a text can be used, so that what
//! an owner types is refused here and not on a thousand machines.

use std::sync::Arc;

use proto::{
    convert::{self, ConvertError},
    document,
};

/// Checks a pattern of a rule.
///
/// # Errors
/// What `policy` says about it.
pub fn pattern(text: &str) -> Result<(), policy::PatternError> {
    policy::Pattern::parse(text).map(drop)
}

/// `*.`, the longest name of a host (RFC 1035), and a port.
const MAX_HOST_BYTES: usize = 2 + 253 + 6;

/// Checks a registry host pattern.
///
/// # Errors
/// What `policy` says about it.
pub fn registry(text: &str) -> Result<(), policy::HostPatternError> {
    if text.len() > MAX_HOST_BYTES {
        let begin: String = text.chars().take(64).collect();
        return Err(policy::HostPatternError(format!("{begin}…")));
    }
    // A machine looks past the space around it; here it would be another text of the same host.
    if text.trim() != text {
        return Err(policy::HostPatternError(text.to_owned()));
    }
    policy::HostPattern::parse(text).map(drop)
}

/// Checks that a machine would use this policy.
///
/// # Errors
/// What a machine would say.
pub fn policy(document: &document::Policy) -> Result<(), ConvertError> {
    convert::policy(document, Arc::default()).map(drop)
}

/// Checks that a machine would use this directory.
///
/// # Errors
/// What a machine would say.
pub fn directory(document: &document::Directory) -> Result<(), ConvertError> {
    convert::directory(document).map(drop)
}
