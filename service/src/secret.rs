//! Secrets in memory: never printed, cleared on drop.

use std::fmt;

use zeroize::Zeroizing;

/// Longest password or token that is looked at, in bytes.
pub const MAX_SECRET_BYTES: usize = 1024;

/// A password or an access token in the clear.
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over; the caller keeps no copy.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text, for hashing and for showing a new token once.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_prints_nothing_of_it() {
        assert_eq!(format!("{:?}", Secret::new("hunter42".to_owned())), "Secret(..)");
    }
}
