//! What "nothing is left" means.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Everything on the machine that still names the lab: files, processes, mounts, control groups.
///
/// # Panics
/// When the machine does not say what runs.
#[must_use]
pub fn leavings(lab: &Path) -> Vec<String> {
    let name = lab.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut left = Vec::new();
    for place in ["/tmp", "/sys/fs/cgroup"] {
        let inside = fs::read_dir(place).into_iter().flatten().flatten().map(|entry| entry.path().join(&name));
        let places = inside.chain([Path::new(place).join(&name)]).filter(|path| path.exists());
        left.extend(places.map(|path| path.display().to_string()));
    }
    left.extend(processes().map(|process| arguments(&process)).filter(|arguments| arguments.contains(&name)));
    let mounts = fs::read_to_string("/proc/mounts").unwrap();
    left.extend(mounts.lines().filter(|line| line.contains(&name)).map(str::to_owned));
    left
}

/// The processes in a network namespace, for example `net:[4026531840]`, whatever they are called.
///
/// # Panics
/// When the machine does not say what runs.
#[must_use]
pub fn processes_in(namespace: &str) -> Vec<String> {
    let is_in =
        |process: &PathBuf| fs::read_link(process.join("ns/net")).is_ok_and(|link| link == Path::new(namespace));
    processes().filter(is_in).map(|process| arguments(&process)).collect()
}

fn processes() -> impl Iterator<Item = PathBuf> {
    let is_process = |path: &PathBuf| path.join("cmdline").exists();
    fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path()).filter(is_process)
}

fn arguments(process: &Path) -> String {
    let arguments = fs::read(process.join("cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&arguments).replace('\0', " ")
}
