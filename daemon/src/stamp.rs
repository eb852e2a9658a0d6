//! Tells whether a file was replaced or rewritten without reading it.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

/// What the system says about a path at one moment; equal stamps mean that nobody wrote in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stamp(Option<[i64; 7]>);

impl Stamp {
    /// The file that `path` leads to now; a missing one has a stamp too.
    #[must_use]
    pub fn of(path: &Path) -> Self {
        Self(fs::metadata(path).ok().map(|m| {
            [
                m.dev().cast_signed(),
                m.ino().cast_signed(),
                m.size().cast_signed(),
                m.mtime(),
                m.mtime_nsec(),
                m.ctime(),
                m.ctime_nsec(),
            ]
        }))
    }

    /// One that differs for each number, for tests of what is done with stamps.
    #[cfg(test)]
    pub(crate) fn numbered(number: i64) -> Self {
        Self(Some([number; 7]))
    }
}
