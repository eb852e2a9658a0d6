//! What would be taken away, as people read it. Pure.

use std::path::PathBuf;

use super::found::Found;
use crate::install::layout;

/// A line for each thing that would be done; none: there is nothing.
pub(super) fn lines(found: &Found, purge: bool) -> Vec<String> {
    let mut lines = Vec::new();
    for governed in &found.engines {
        let restart = match governed.door {
            _ if governed.flags_moved => {
                "restart it, since a flag names plugins again: running containers stop unless `live-restore` is on"
            }
            Some(false) => "reload it (SIGHUP, nothing is interrupted)",
            _ => "restart it if it goes through the registry door: running containers stop unless `live-restore` is on",
        };
        lines.push(format!(
            "take `{}` off the plugin in `{}`, and {restart}",
            governed.unit,
            governed.engine.config_file.display()
        ));
    }
    let list = |items: Vec<String>| items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ");
    if !found.units.is_empty() {
        lines.push(format!("stop {}", list(found.units.iter().map(|&unit| unit.to_owned()).collect())));
    }
    if found.agent {
        lines.push("start the agent for users no more".to_owned());
    }
    let shown = |paths: &[PathBuf]| list(paths.iter().map(|path| path.display().to_string()).collect());
    if !found.files.is_empty() {
        lines.push(format!("remove {}", shown(&found.files)));
    }
    for original in &found.orphans {
        lines.push(format!("take the plugin out of `{}`, whose engine is gone", original.path.display()));
    }
    if !found.written.is_empty() {
        lines.push(format!("put back what was before in {}", shown(&found.written)));
    }
    let state: Vec<PathBuf> = found.state.iter().chain(&found.journal).filter(|path| path.exists()).cloned().collect();
    if !state.is_empty() {
        lines.push(format!("remove {} with everything in it", shown(&state)));
    }
    if purge && found.user {
        lines.push(format!("remove the user `{}`", layout::DOOR_USER));
    }
    lines
}
