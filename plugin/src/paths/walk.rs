//! Follows symbolic links as the kernel does for the engine, without opening anything.

use std::{
    ffi::OsString,
    fs, io,
    path::{Component, Path, PathBuf},
};

/// As many links as the kernel follows in one path.
const MAX_LINKS: usize = 40;

/// Why a path cannot be followed to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum WalkError {
    /// More links than the kernel follows.
    #[error("whose links lead in a circle")]
    Circle,
    /// The system does not say.
    #[error("which cannot be looked up")]
    Io(#[source] io::Error),
}

/// Where a path really leads; what does not exist is kept as it is written, links that dangle included.
///
/// The walk ends at `/proc`: what is behind it depends on who looks.
pub(super) fn resolve(path: &Path) -> Result<PathBuf, WalkError> {
    let mut done = PathBuf::from("/");
    // The next component is the last.
    let mut rest = components(path);
    let mut links = 0;
    while let Some(component) = rest.pop() {
        if component == ".." {
            done.pop();
            continue;
        }
        let next = done.join(component);
        if next == Path::new("/proc") {
            return Ok(next);
        }
        match fs::symlink_metadata(&next) {
            Ok(metadata) if metadata.is_symlink() => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(WalkError::Circle);
                }
                let target = fs::read_link(&next).map_err(WalkError::Io)?;
                if target.is_absolute() {
                    done = PathBuf::from("/");
                }
                rest.extend(components(&target));
            }
            Ok(_) => done = next,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => done = next,
            Err(error) => return Err(WalkError::Io(error)),
        }
    }
    Ok(done)
}

/// Go's `filepath.Clean`, by which the engine takes `x/..` away before the kernel can follow `x`.
pub(super) fn clean(path: &Path) -> PathBuf {
    let mut done = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::ParentDir => drop(done.pop()),
            Component::Normal(name) => done.push(name),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
        }
    }
    done
}

/// The last component first; `..` stays.
fn components(path: &Path) -> Vec<OsString> {
    let named = path.components().filter(|component| matches!(component, Component::Normal(_) | Component::ParentDir));
    named.rev().map(|component| component.as_os_str().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// `links`: what is made in a directory, and where it leads. `{}` is the directory.
    #[track_caller]
    fn check(links: &[(&str, &str)], path: &str, expected: &str) {
        let directory = tempfile::tempdir().expect("a directory");
        let root = directory.path().canonicalize().expect("a path");
        let here = |text: &str| text.replace("{}", root.to_str().expect("text"));
        fs::create_dir_all(root.join("real/below")).expect("a directory");
        for (name, target) in links {
            symlink(here(target), root.join(name)).expect("a link");
        }
        let found = resolve(Path::new(&here(path))).map(|path| path.display().to_string());
        assert_eq!(found.unwrap_or_else(|error| error.to_string()), here(expected), "{path}");
    }

    #[test]
    fn links_are_followed_to_their_end() {
        check(&[], "{}/real/below", "{}/real/below");
        check(&[("l", "/etc/docker")], "{}/l", "/etc/docker");
        check(&[("l", "/etc")], "{}/l/docker/daemon.json", "/etc/docker/daemon.json");
        check(&[("l", "real")], "{}/l/below", "{}/real/below");
        check(&[("l", "m"), ("m", "{}/n"), ("n", "/etc")], "{}/l/docker", "/etc/docker");
        // A link whose parent is a link.
        check(&[("l", "real"), ("real/m", "/etc")], "{}/l/m", "/etc");
        // `..` is that of where the link leads.
        check(&[("l", "real/below"), ("x", "/etc")], "{}/l/../../x", "/etc");
        check(&[("l", "../../../../../../etc")], "{}/l", "/etc");
    }

    #[test]
    fn what_is_not_there_is_kept_as_written() {
        check(&[], "{}/new/dir", "{}/new/dir");
        check(&[("l", "/etc/docker/new")], "{}/l", "/etc/docker/new");
        check(&[("l", "{}/none")], "{}/l/x", "{}/none/x");
    }

    #[test]
    fn a_circle_ends() {
        check(&[("l", "m"), ("m", "l")], "{}/l/x", "whose links lead in a circle");
    }

    #[test]
    fn what_depends_on_who_looks_is_not_followed() {
        check(&[("l", "/proc/self/root")], "{}/l/home", "/proc");
        check(&[("l", "/dev/fd/0")], "{}/l", "/proc");
        check(&[], "/proc/self/cwd/../../x", "/proc");
    }
}
