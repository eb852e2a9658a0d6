//! A control group of version 2: where it is, and as what rules know it.
//!
//! A rule keeps the *id* of a control group, which is the inode of its directory. A group that is
//! removed and made again has another one, and the rule means nobody any more.

use std::{
    fs, io,
    os::unix::fs::MetadataExt as _,
    path::{Component, Path, PathBuf},
};

use super::EgressError;

/// `nft` takes the name of a group as a path from here, wherever the groups are mounted
/// (nftables `src/datatype.c`, `cgroupv2_type_parse`).
const BASE: &str = "/sys/fs/cgroup";
const MOUNTS: &str = "/proc/self/mountinfo";

/// Where the groups of version 2 are: below `/sys/fs/cgroup/unified` where version 1 is there too.
///
/// # Errors
/// [`EgressError::NoTree`], or that the system does not tell its mounts.
pub fn tree() -> Result<PathBuf, EgressError> {
    let mounts = fs::read_to_string(MOUNTS).map_err(|source| EgressError::Read { path: MOUNTS.into(), source })?;
    tree_in(&mounts).ok_or(EgressError::NoTree)
}

/// The mount of the whole tree; the one that `nft` can name without a detour if there are several.
fn tree_in(mounts: &str) -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = mounts.lines().filter_map(mounted).collect();
    found.sort_by_key(|mount| !mount.starts_with(BASE));
    found.into_iter().next()
}

/// `36 35 98:0 ROOT MOUNT-POINT OPTIONS [TAGS] - TYPE SOURCE OPTIONS` (proc(5)).
fn mounted(line: &str) -> Option<PathBuf> {
    let (front, back) = line.split_once(" - ")?;
    let mut fields = front.split(' ').skip(3);
    let (root, point) = (fields.next()?, fields.next()?);
    // A part of the tree has the levels above it out of sight.
    (back.split(' ').next()? == "cgroup2" && root == "/").then(|| PathBuf::from(unescaped(point)))
}

/// Space, tab, newline and backslash stand there in octal.
fn unescaped(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

/// A group, whether it is there at the moment or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cgroup {
    /// Its directory.
    pub dir: PathBuf,
    /// How far below the root of the tree: 2 for `system.slice/docker.service`.
    pub level: usize,
    /// As what `nft` finds it.
    pub name: String,
}

impl Cgroup {
    /// From an absolute directory, or one below `tree`.
    ///
    /// # Errors
    /// [`EgressError::Cgroup`] for a path that is not below the tree, or has `..`, quotes or control characters.
    pub fn new(tree: &Path, path: &Path) -> Result<Self, EgressError> {
        let wrong = |why: String| EgressError::Cgroup { path: path.to_owned(), why };
        let dir = tree.join(path);
        let below = dir
            .strip_prefix(tree)
            .map_err(|_| wrong(format!("it is not below `{}`, where control groups are", tree.display())))?;
        let text = below.to_str().filter(|text| !text.contains(|c: char| c == '"' || c.is_control()));
        let plain = below.components().all(|part| matches!(part, Component::Normal(_)));
        let level = below.components().count();
        if text.is_none() || !plain || level == 0 {
            return Err(wrong("write a path like `system.slice/docker.service`".to_owned()));
        }
        let name = from_base(&dir).ok_or_else(|| wrong("it is no UTF-8".to_owned()))?;
        Ok(Self { dir, level, name })
    }

    /// The id that it has now; none: it is not there.
    ///
    /// # Errors
    /// When it cannot be looked at.
    pub fn id(&self) -> Result<Option<u64>, EgressError> {
        match fs::metadata(&self.dir) {
            Ok(metadata) => Ok(Some(metadata.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(EgressError::Read { path: self.dir.clone(), source }),
        }
    }
}

/// The path from [`BASE`] to `dir`.
fn from_base(dir: &Path) -> Option<String> {
    let text = match dir.strip_prefix(BASE) {
        Ok(below) => below.to_str()?.to_owned(),
        Err(_) => format!("../../..{}", dir.to_str()?),
    };
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HYBRID: &str = "\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw
";
    const PURE: &str = "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
    const PRIVATE: &str = "\
70 24 0:26 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup2 rw
71 24 0:26 / /tmp/with\\040space rw - cgroup2 cgroup2 rw
";

    #[test]
    fn the_tree_is_found_on_every_kind_of_machine() {
        for (mounts, expected) in [
            (HYBRID.to_owned(), Some("/sys/fs/cgroup/unified")),
            (PURE.to_owned(), Some("/sys/fs/cgroup")),
            (PRIVATE.to_owned(), Some("/tmp/with space")),
            (format!("{PRIVATE}{PURE}"), Some("/sys/fs/cgroup")),
            (HYBRID.replace("cgroup2", "cgroup"), None),
            ("nonsense\n".to_owned(), None),
        ] {
            assert_eq!(tree_in(&mounts).as_deref(), expected.map(Path::new), "{mounts}");
        }
    }

    #[test]
    fn a_group_has_a_level_in_its_tree_and_a_name_for_nft() {
        for (tree, path, level, name) in [
            ("/sys/fs/cgroup", "system.slice/docker.service", 2, "system.slice/docker.service"),
            ("/sys/fs/cgroup/unified", "system.slice/docker.service", 2, "unified/system.slice/docker.service"),
            ("/sys/fs/cgroup", "/sys/fs/cgroup/docker/", 1, "docker"),
            ("/tmp/own", "engine", 1, "../../../tmp/own/engine"),
        ] {
            let group = Cgroup::new(Path::new(tree), Path::new(path)).unwrap();
            assert_eq!((group.level, group.name.trim_end_matches('/')), (level, name), "{path}");
        }
        for path in ["", "/", "/sys/fs/cgroup", "../x", "a/../b", "a\"b", "/etc/passwd", "a\nb"] {
            let error = Cgroup::new(Path::new("/sys/fs/cgroup"), Path::new(path)).unwrap_err();
            assert!(error.to_string().contains(&format!("`{path}`")), "{error}");
        }
    }
}
