//! What is behind a name: the references under which it may have been fetched.

use policy::ImageRef;

/// More possible origins than this of one name are no longer told apart.
const MAX_ORIGINS: usize = 4;

/// A set that only grows until the engine says what really happened; each member must be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// It was fetched under one of these.
    AnyOf(Vec<ImageRef>),
    /// Nothing can be told.
    Unknown,
}

impl Content {
    /// What was fetched under this reference.
    pub(super) fn of(image: &ImageRef) -> Self {
        Self::AnyOf(vec![image.clone()])
    }

    /// Read back; what is too much or nothing is unknown.
    pub(super) fn any_of(images: Vec<ImageRef>) -> Self {
        if images.is_empty() || images.len() > MAX_ORIGINS { Self::Unknown } else { Self::AnyOf(images) }
    }

    /// One or the other.
    pub(super) fn or(&self, other: &Self) -> Self {
        let (Self::AnyOf(these), Self::AnyOf(those)) = (self, other) else { return Self::Unknown };
        let mut all = these.clone();
        all.extend(those.iter().filter(|image| !these.contains(image)).cloned());
        Self::any_of(all)
    }

    /// Whether it is what it is called, and nothing else.
    pub(super) fn is_only(&self, name: &str) -> bool {
        matches!(self, Self::AnyOf(images) if matches!(images.as_slice(), [one] if one.as_str() == name))
    }
}
