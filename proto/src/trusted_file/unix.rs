//! By owner and mode: of the file, and of each directory on the way.

use std::{
    collections::VecDeque,
    ffi::OsString,
    fs::{self, File, Metadata, OpenOptions},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Component, Path, PathBuf},
};

/// What a file has to be, for people.
pub(super) const MUST_BE: &str =
    "it must be a regular file of root in directories of root, and nobody else may write them";
/// Links followed before the way counts as a loop; the kernel's own limit.
const MAX_LINKS: usize = 40;
const STICKY: u32 = 0o1000;

/// Follows the directories on the way to `path` as the kernel does. Ends quietly where one is missing.
pub(super) fn way(path: &Path) -> Result<(), String> {
    let path = std::path::absolute(path).map_err(|error| format!("its path cannot be followed: {error}"))?;
    let mut rest = parts(path.parent().unwrap_or(Path::new("/")));
    let mut here = PathBuf::from("/");
    let mut links = 0;
    check(&here, &fs::metadata(&here).map_err(|error| format!("`/` cannot be looked at: {error}"))?)?;
    while let Some(part) = rest.pop_front() {
        if part == ".." {
            here.pop();
            continue;
        }
        let next = here.join(&part);
        // What cannot be looked at cannot be opened either, and says so there.
        let Ok(metadata) = fs::symlink_metadata(&next) else { return Ok(()) };
        check(&next, &metadata)?;
        if metadata.is_symlink() {
            links += 1;
            if links > MAX_LINKS {
                return Err("its path is a loop of symbolic links".to_owned());
            }
            let target = fs::read_link(&next).map_err(|error| format!("`{}`: {error}", next.display()))?;
            if target.is_absolute() {
                here = PathBuf::from("/");
            }
            let mut target = parts(&target);
            target.append(&mut rest);
            rest = target;
        } else {
            here = next;
        }
    }
    Ok(())
}

/// What was a file a moment ago may be a FIFO now: never waits.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK | rustix::fs::OFlags::NOCTTY;
    OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

/// A directory or a link on the way. In a sticky directory nobody can move what is another's.
fn check(path: &Path, metadata: &Metadata) -> Result<(), String> {
    let sticky = metadata.is_dir() && metadata.permissions().mode() & STICKY != 0;
    // Linux gives every link mode 0777.
    let writable = if sticky || metadata.is_symlink() { 0 } else { 0o022 };
    match not_ours(metadata, writable) {
        Some(why) => Err(format!("`{}` on its way {why}", path.display())),
        None => Ok(()),
    }
}

/// Why somebody else may change it, in words behind its name.
pub(super) fn not_ours(metadata: &Metadata, writable: u32) -> Option<&'static str> {
    if metadata.uid() != 0 && metadata.uid() != rustix::process::geteuid().as_raw() {
        return Some("belongs to another user");
    }
    (metadata.permissions().mode() & writable != 0).then_some("can be written by others")
}

/// For tests: whatever the umask is.
#[cfg(test)]
pub(crate) fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
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
