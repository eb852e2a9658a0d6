//! The administrator's files, looked at again and again.

use std::time::Duration;

use super::{Paths, SignInFiles};
use crate::chain;

/// How often they are read, whole: a few microseconds, and nothing that a comparison of times would overlook.
/// A change takes effect at most this much later.
pub const LOOK: Duration = Duration::from_millis(250);

/// The files, as they count now.
#[derive(Debug)]
pub struct Watched {
    paths: Paths,
    files: SignInFiles,
    /// At the last look, a file that had been there was not.
    gone: bool,
}

/// What a look showed to be other than before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// The enrollment; else only what is demanded.
    pub enrollment: bool,
}

impl Watched {
    /// Reads them.
    #[must_use]
    pub fn new(paths: Paths) -> Self {
        Self { files: SignInFiles::read(&paths), paths, gone: false }
    }

    /// What they say.
    #[must_use]
    pub fn files(&self) -> &SignInFiles {
        &self.files
    }

    /// Reads them again. None: nothing is to be done.
    pub fn look(&mut self) -> Option<Changed> {
        let files = SignInFiles::read(&self.paths);
        // Some tools take a file away before they write it anew: gone is what is still away at the next look.
        let gone = lacks_one(&files, &self.files);
        if gone && !std::mem::replace(&mut self.gone, gone) {
            return None;
        }
        self.gone = false;
        let same = same_enrollment(&files, &self.files);
        if same && files.demand() == self.files.demand() && files.report() == self.files.report() {
            return None;
        }
        self.files = files;
        Some(Changed { enrollment: !same })
    }
}

/// Whether a file is not there that was there `before`.
fn lacks_one(files: &SignInFiles, before: &SignInFiles) -> bool {
    let enrollment = |files: &SignInFiles| !matches!(&files.enrollment, Err(error) if error.is_missing());
    let registry_json = |files: &SignInFiles| !matches!(files.registry_json, Ok(None));
    enrollment(before) && !enrollment(files) || registry_json(before) && !registry_json(files)
}

/// Whether the enrollment says the same, word for word in its errors too.
fn same_enrollment(files: &SignInFiles, other: &SignInFiles) -> bool {
    match (&files.enrollment, &other.enrollment) {
        (Ok(one), Ok(other)) => one == other,
        (Err(one), Err(other)) => chain(one) == chain(other),
        _ => false,
    }
}
