//! Processes of engines, from `/proc`.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{ProxyEnvironment, below};

/// A running `dockerd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) uid: u32,
    /// Its program's file, if it may be seen.
    pub(super) program: Option<PathBuf>,
    /// Its arguments, without the program.
    pub(super) flags: Vec<String>,
    /// The unit whose control group it is in.
    pub(super) unit: Option<String>,
    pub(super) environment: ProxyEnvironment,
    /// In a process-id namespace of its own.
    pub(super) in_container: bool,
}

/// All engines that run, by process id.
pub(super) fn all(root: &Path) -> Vec<Process> {
    let proc = below(root, Path::new("/proc"));
    let entries = fs::read_dir(&proc).into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let mut processes: Vec<_> = pids.filter_map(|pid| one(&proc, pid)).collect();
    processes.sort_by_key(|process| process.pid);
    processes
}

fn one(proc: &Path, pid: u32) -> Option<Process> {
    let dir = proc.join(pid.to_string());
    let arguments = arguments(&fs::read(dir.join("cmdline")).ok()?);
    let (first, flags) = arguments.split_first()?;
    if Path::new(first).file_name()? != "dockerd" {
        return None;
    }
    let status = fs::read_to_string(dir.join("status")).ok()?;
    let uid = status.lines().find_map(|line| line.strip_prefix("Uid:"))?.split_whitespace().next()?.parse().ok()?;
    let namespace = |of: &Path| fs::read_link(of.join("ns/pid")).ok();
    let (own, first) = (namespace(&dir), namespace(&proc.join("1")));
    Some(Process {
        pid,
        uid,
        program: fs::read_link(dir.join("exe")).ok().map(|path| without_deleted(&path)),
        flags: flags.to_vec(),
        unit: unit(&fs::read_to_string(dir.join("cgroup")).unwrap_or_default()),
        environment: environment(&fs::read(dir.join("environ")).unwrap_or_default()),
        in_container: own.is_some() && first.is_some() && own != first,
    })
}

fn arguments(cmdline: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(cmdline);
    text.strip_suffix('\0').unwrap_or(&text).split('\0').map(str::to_owned).collect()
}

fn environment(environ: &[u8]) -> ProxyEnvironment {
    let text = String::from_utf8_lossy(environ);
    text.split('\0').filter_map(|variable| variable.split_once('=')).collect()
}

/// While it runs, an upgrade has replaced its file.
fn without_deleted(path: &Path) -> PathBuf {
    let text = path.to_string_lossy();
    text.strip_suffix(" (deleted)").map_or_else(|| path.to_owned(), PathBuf::from)
}

/// The innermost service of a process's control group, in either version of them.
fn unit(cgroup: &str) -> Option<String> {
    let paths = cgroup.lines().filter_map(|line| {
        let (id, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(':')?;
        (id == "0" || controllers == "name=systemd").then_some(path)
    });
    let mut services = paths.flat_map(|path| path.split('/').rev()).filter(|part| part.ends_with(".service"));
    services.next().map(str::to_owned)
}
