//! Which directories have to be watched for a file: resolves its path as the kernel does,
//! component by component, and notes every place where another answer could appear.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ffi::OsString,
    fs,
    path::{Component, Path, PathBuf},
};

use crate::os::files;

/// Which directory a path means right now.
pub(super) type DirectoryId = files::Id;

/// Links followed before the path counts as a loop; the kernel's own limit.
const MAX_LINKS: usize = 40;

/// What to watch and which names in it matter.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) directories: BTreeMap<PathBuf, DirectoryId>,
    /// Full paths, as events in those directories name them.
    pub(super) names: BTreeSet<PathBuf>,
}

impl Chain {
    /// The name `name` in `directory` matters, and so does what `directory` itself is.
    fn note(&mut self, directory: &Path, name: &Path) {
        self.watch(directory, name);
        if let Some(parent) = directory.parent() {
            self.watch(parent, directory);
        }
    }

    fn watch(&mut self, directory: &Path, name: &Path) {
        if let Ok(metadata) = fs::metadata(directory) {
            self.directories.insert(directory.to_owned(), files::id(&metadata));
            self.names.insert(name.to_owned());
        }
    }
}

/// Follows each absolute path to the file, or to the first part that is not there.
pub(super) fn resolve(paths: &[PathBuf]) -> Chain {
    let mut chain = Chain::default();
    paths.iter().for_each(|path| follow(path, &mut chain));
    chain
}

fn follow(path: &Path, chain: &mut Chain) {
    let mut here = root(path);
    let mut rest = parts(path);
    let mut links = 0;
    while let Some(part) = rest.pop_front() {
        if part == ".." {
            here.pop();
            continue;
        }
        let next = here.join(&part);
        match fs::symlink_metadata(&next) {
            Ok(metadata) if metadata.is_symlink() => {
                chain.note(&here, &next);
                links += 1;
                let Ok(target) = fs::read_link(&next) else { break };
                if links > MAX_LINKS {
                    break;
                }
                if target.has_root() {
                    here = root(&here.join(&target));
                }
                let mut target = parts(&target);
                target.append(&mut rest);
                rest = target;
            }
            Ok(metadata) if metadata.is_dir() && !rest.is_empty() => here = next,
            // The file, or something in the way of it, or nothing yet.
            _ => {
                chain.note(&here, &next);
                break;
            }
        }
    }
}

/// `/`; on Windows, with what stands before it.
fn root(path: &Path) -> PathBuf {
    path.ancestors().last().unwrap_or(path).to_owned()
}

fn parts(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            _ => None,
        })
        .collect()
}
