//! What a unit starts, as its files have it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::install::drop_in;

/// The last `ExecStart=` of the unit and its other drop-ins, as it is written: what the manager prints has its
/// variables replaced by nothing.
#[must_use]
pub fn command_line(root: &Path, drop_in_dir: &Path) -> String {
    let name = drop_in_dir.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let unit = name.strip_suffix(".d").unwrap_or(name);
    let dirs = [
        "etc/systemd/system",
        "run/systemd/system",
        "usr/local/lib/systemd/system",
        "usr/lib/systemd/system",
        "lib/systemd/system",
    ];
    let main = dirs.iter().map(|dir| root.join(dir).join(unit)).find(|path| path.exists());
    let mut drop_ins: Vec<PathBuf> = dirs
        .iter()
        .filter_map(|dir| fs::read_dir(root.join(dir).join(name)).ok())
        .flat_map(|entries| entries.flatten().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|ext| ext == "conf"))
        .filter(|path| path.file_name() != Some(drop_in::NAME.as_ref()))
        .collect();
    drop_ins.sort_by_key(|path| path.file_name().map(ToOwned::to_owned));
    let mut command = String::new();
    for path in main.into_iter().chain(drop_ins) {
        let text = fs::read_to_string(path).unwrap_or_default().replace("\\\n", " ");
        for line in text.lines().filter_map(|line| line.trim().strip_prefix("ExecStart=")) {
            command = line.trim().to_owned();
        }
    }
    command
}
