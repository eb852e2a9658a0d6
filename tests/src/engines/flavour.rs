//! Which engines the tests drive.
//!
//! Those of three Debian releases, unless `PULLGATE_TEST_ENGINES` lists others: `NAME=ROOT` is an engine in a root
//! directory of its own, made by whoever wants to know; `bookworm`, `trixie` and `sid` are Debian's. What the list
//! names is what is tested, and an engine that is not there is a failure.

use std::{
    path::{Path, PathBuf},
    sync::OnceLock,
};

use installer::lab::LabError;

/// What Debian has: 20.10, 26.1, 28.5 when this was written; sid moves on.
const DEBIAN: [&str; 3] = ["bookworm", "trixie", "sid"];
/// The list, as `NAME=ROOT` or a Debian suite, with commas between.
const SETTING: &str = "PULLGATE_TEST_ENGINES";

/// An engine, and how it keeps its images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Flavour {
    /// The Debian suite, or the name that the setting gives it.
    pub name: &'static str,
    /// Images are kept by containerd, and fetched by its code.
    pub containerd_store: bool,
    root: Option<&'static Path>,
}

impl Flavour {
    /// All that are tested, the oldest first. Releases from 28 on are tested with both image stores.
    ///
    /// # Panics
    /// When the setting is no such list.
    #[must_use]
    pub fn all() -> &'static [Self] {
        static ALL: OnceLock<Vec<Flavour>> = OnceLock::new();
        ALL.get_or_init(|| {
            let list = std::env::var(SETTING).unwrap_or_else(|_| DEBIAN.join(","));
            let flavours = parse(list.leak()).unwrap_or_else(|why| panic!("`{SETTING}`: {why}"));
            eprintln!("engines: {}", list_of(&flavours));
            flavours
        })
    }

    /// The last of them, with the engine's own image store: for what is no matter of an engine's release.
    ///
    /// # Panics
    /// When the setting is no list of engines.
    #[must_use]
    pub fn newest() -> Self {
        let own = Self::all().iter().rfind(|flavour| !flavour.containerd_store);
        *own.expect("each engine is tested with its own image store")
    }

    /// What Debian had before compose and buildx were packages, and an engine read its proxies from its file: 20.10.
    #[must_use]
    pub fn is_old(self) -> bool {
        self.name == DEBIAN[0]
    }

    /// The root directory; `tests/engines` puts Debian's into the directory that Cargo builds in.
    ///
    /// # Errors
    /// When there is no engine with its command line.
    pub fn root(self) -> Result<PathBuf, LabError> {
        let test = std::env::current_exe().unwrap_or_default();
        // target/debug/deps/NAME
        let own = || test.ancestors().nth(3).unwrap_or(Path::new("/")).join("engines").join(self.name);
        let dir = self.root.map_or_else(own, Path::to_owned);
        if dir.join("usr/bin/docker").exists() && dir.join("usr/sbin/dockerd").exists() {
            return Ok(dir);
        }
        let source = std::io::Error::other(match self.root {
            None => "there is none with its command line; `tests/engines` makes it".to_owned(),
            Some(_) => format!("`{SETTING}` names it, and there is no `usr/sbin/dockerd` with `usr/bin/docker`"),
        });
        Err(LabError::File { action: "use the engine in", path: dir, source })
    }
}

fn list_of(flavours: &[Flavour]) -> String {
    let names = flavours.iter().filter(|flavour| !flavour.containerd_store).map(|flavour| match flavour.root {
        Some(root) => format!("{} in {}", flavour.name, root.display()),
        None => format!("{} of Debian", flavour.name),
    });
    names.collect::<Vec<_>>().join(", ")
}

fn parse(list: &'static str) -> Result<Vec<Flavour>, String> {
    let mut all = Vec::new();
    for word in list.split(',') {
        let (name, root) = match word.split_once('=') {
            Some((name, root)) if !name.is_empty() && !DEBIAN.contains(&name) => (name, Some(Path::new(root))),
            None if DEBIAN.contains(&word) => (word, None),
            _ => return Err(format!("`{word}` is neither a suite of {} nor NAME=ROOT", DEBIAN.join(", "))),
        };
        if root.is_some_and(|root| !root.is_absolute()) {
            return Err(format!("`{word}`: the root must be an absolute path"));
        }
        if all.iter().any(|flavour: &Flavour| flavour.name == name) {
            return Err(format!("`{name}` is named twice"));
        }
        all.push(Flavour { name, containerd_store: false, root });
        // Before, the containerd store was an experiment that the engine's file had to ask for.
        if !["bookworm", "trixie"].contains(&name) {
            all.push(Flavour { name, containerd_store: true, root });
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_names_what_is_tested_and_a_mistake_in_it_is_said() {
        let names =
            |list| parse(list).map(|all| all.iter().map(|one| (one.name, one.containerd_store)).collect::<Vec<_>>());
        assert_eq!(names("bookworm"), Ok(vec![("bookworm", false)]));
        assert_eq!(names("trixie,mine=/srv/engine"), Ok(vec![("trixie", false), ("mine", false), ("mine", true)]));
        for list in ["", "buster", "bookworm,", "=/srv", "sid=/srv", "mine=srv", "mine=", "sid,sid", "a=/x,a=/y"] {
            assert!(names(list).is_err(), "{list}");
        }
    }
}
