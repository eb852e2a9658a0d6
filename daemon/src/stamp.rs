//! Tells whether a file was replaced or rewritten without reading it.

use std::{fs, path::Path};

use crate::os::files;

/// What the system says about a path at one moment; equal stamps mean that nobody wrote in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp(Option<[i64; 7]>);

impl Stamp {
    /// The file that `path` leads to now; a missing one has a stamp too.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        Self(fs::metadata(path).ok().map(|metadata| files::stamp(&metadata)))
    }

    /// One that differs for each number, for tests of what is done with stamps.
    #[cfg(test)]
    pub(crate) fn numbered(number: i64) -> Self {
        Self(Some([number; 7]))
    }
}
