//! On Windows: the profile of the user who runs this (`%USERPROFILE%`).
//!
//! The system makes it for its user and for administrators alone. `std` reads no access lists, so it is the only
//! place of which it is known that other users cannot write there.

use std::{fs, path::Path};

/// Whether `path` lies in it, behind every link; for what is not there yet, the nearest directory that is there counts.
#[must_use]
pub fn holds(path: &Path) -> bool {
    std::env::home_dir().is_some_and(|home| lies_in(path, &home))
}

fn lies_in(path: &Path, directory: &Path) -> bool {
    let (Ok(path), Ok(directory)) = (std::path::absolute(path), fs::canonicalize(directory)) else { return false };
    path.ancestors().find_map(|part| fs::canonicalize(part).ok()).is_some_and(|found| found.starts_with(directory))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_there_or_would_lie_there_is_told_from_the_rest() {
        let root = tempfile::tempdir().expect("directory");
        let at = |name: &str| root.path().join(name);
        for directory in ["alice", "alice/.docker", "alice2"] {
            fs::create_dir(at(directory)).expect("directory");
        }
        fs::write(at("alice/.docker/config.json"), "{}").expect("write");
        for within in ["alice", "alice/.docker/config.json", "alice/a/b/c", "alice2/../alice/x"] {
            assert!(lies_in(&at(within), &at("alice")), "{within}");
        }
        for outside in ["", "alice2", "alice2/config.json", "nowhere", "alice/../alice2/x"] {
            assert!(!lies_in(&at(outside), &at("alice")), "{outside}");
        }
        assert!(!lies_in(&at("alice"), &at("nowhere")), "no profile");
    }
}
