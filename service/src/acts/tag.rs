//! Whether a thing is still as somebody saw it.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::ActError;

/// What a thing looks like: the same for the same content, and another after every change.
/// Of nothing, it is like no other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tag(String);

impl Tag {
    /// Of a thing.
    #[must_use]
    pub fn of(thing: &impl Serialize) -> Self {
        match serde_json::to_vec(thing) {
            Ok(text) => Self(URL_SAFE_NO_PAD.encode(&Sha256::digest(text)[..18])),
            // Nobody saw it: no tag that was ever shown is empty.
            Err(_) => Self(String::new()),
        }
    }

    /// 24 characters of base64url.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What must hold of a thing before it is changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Condition {
    /// Nothing.
    #[default]
    Any,
    /// It is there, whatever it looks like.
    There,
    /// It looks like one of these.
    One(Vec<String>),
}

impl Condition {
    /// Compares with what is there.
    ///
    /// # Errors
    /// [`ActError::Changed`], [`ActError::NotThere`].
    pub fn check(&self, tag: impl FnOnce() -> Tag) -> Result<(), ActError> {
        match self {
            Self::Any => Ok(()),
            Self::There => {
                if tag().0.is_empty() {
                    Err(ActError::NotThere)
                } else {
                    Ok(())
                }
            }
            Self::One(seen) => {
                let Tag(tag) = tag();
                if !tag.is_empty() && seen.contains(&tag) { Ok(()) } else { Err(ActError::Changed) }
            }
        }
    }
}
