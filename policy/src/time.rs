//! Points in time and how old a document is. There is no clock here: callers pass `now`.

/// Seconds since the Unix epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(pub i64);

/// When a document was made, when it should be renewed, when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Validity {
    /// Made at.
    pub issued_at: Timestamp,
    /// Stale from then on: still used, and reported.
    pub refresh_after: Timestamp,
    /// Expired from then on.
    pub expires_at: Timestamp,
}

/// How old a document is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Age {
    /// Before its refresh time.
    Fresh,
    /// Past its refresh time, before its end.
    Stale,
    /// Past its end.
    Expired,
}

impl Age {
    /// The word for logs and status.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Expired => "expired",
        }
    }
}

impl Validity {
    /// The age at `now`.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Age {
        if now >= self.expires_at {
            Age::Expired
        } else if now >= self.refresh_after {
            Age::Stale
        } else {
            Age::Fresh
        }
    }
}
