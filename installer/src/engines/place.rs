//! Where an engine keeps its settings, and where its API answers.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{below, unit::Manager};
use crate::engine_config::{self, flags};

const SOCKET: &str = "/var/run/docker.sock";

/// Its `daemon.json`, there or not.
pub(super) fn config_file(given: &[String], default: &str) -> PathBuf {
    PathBuf::from(flags::values(given, "config-file").pop().unwrap_or_else(|| default.to_owned()))
}

/// Where its API answers: the first path among its flags, its settings, its socket unit.
pub(super) fn socket(root: &Path, given: &[String], config_file: &Path, unit: &str) -> PathBuf {
    let in_file = || {
        let bytes = fs::read(below(root, config_file)).ok()?;
        engine_config::texts(&bytes, "hosts").into_iter().find_map(|host| path_of(&host))
    };
    let of_unit = || {
        let socket = format!("{}.socket", unit.strip_suffix(".service")?);
        let unit = Manager::System.unit(root, &socket)?;
        unit.settings.listen_streams.into_iter().find(|path| path.starts_with('/')).map(PathBuf::from)
    };
    let by_flag = || hosts(given).into_iter().next();
    let taken_over = flags::values(given, "host").iter().any(|host| host.starts_with("fd://"));
    let handed = taken_over.then(of_unit).flatten();
    by_flag().or(handed).or_else(in_file).unwrap_or_else(|| PathBuf::from(SOCKET))
}

/// The paths among the addresses that its flags name.
pub(super) fn hosts(given: &[String]) -> Vec<PathBuf> {
    flags::values(given, "host").iter().filter_map(|host| path_of(host)).collect()
}

fn path_of(host: &str) -> Option<PathBuf> {
    let path = host.strip_prefix("unix://")?;
    Some(PathBuf::from(if path.is_empty() { SOCKET } else { path }))
}
