//! The engine's configuration and release, judged.

use super::{Facts, Finding, State, finding};
use crate::{
    doctor::look::holes,
    engine_files::{EngineFile, Names, real},
    status::coverage::Proof,
};

const INSTALL: &str = "`pullgate install` as root puts it there";

/// The engine that is asked, then what others there are.
pub fn files(facts: &Facts) -> Vec<Finding> {
    let same = |engine: &&EngineFile| real(&engine.socket) == real(&facts.engine_socket);
    let asked = facts.engine_files.iter().find(same).map(|engine| asked(facts, engine));
    let others = facts.engine_files.iter().filter(|engine| !same(engine)).filter_map(other);
    asked.into_iter().chain(others).collect()
}

fn asked(facts: &Facts, engine: &EngineFile) -> Finding {
    let path = engine.path.display();
    let asks = facts.engine.asks == Proof::Proved;
    match &engine.names {
        Names::File(names) => {
            let others: Vec<&str> = names.iter().map(String::as_str).filter(|name| *name != "pullgate").collect();
            let beside = if others.is_empty() { String::new() } else { format!(", beside {}", others.join(", ")) };
            finding("engine-file", State::Good, format!("`{path}` names the plugin{beside}"), "")
        }
        Names::Flag => finding(
            "engine-file",
            State::Notice,
            format!("a flag of `{}` names the plugin: the next reload of the engine drops it in silence", engine.unit),
            "`pullgate install` as root moves it into the engine's file",
        ),
        Names::Nothing if asks => finding(
            "engine-file",
            State::Notice,
            format!("the engine asks the plugin, and `{path}` does not name it: with the next reload it asks no more"),
            INSTALL,
        ),
        Names::Nothing => finding("engine-file", State::Wrong, format!("`{path}` does not name the plugin"), INSTALL),
        Names::Unknown(why) => finding(
            "engine-file",
            State::Notice,
            format!("`{path}` cannot be read: {why}"),
            "run this as root, or correct it",
        ),
    }
}

fn other(engine: &EngineFile) -> Option<Finding> {
    let socket = engine.socket.display();
    if !engine.ungoverned.is_empty() {
        let what = format!("another engine, at `{socket}`, is not governed: {}", engine.ungoverned);
        return Some(finding("other-engine", State::Notice, what, "remove it, where it is not meant"));
    }
    match &engine.names {
        Names::File(_) | Names::Flag => None,
        Names::Nothing => {
            let what =
                format!("another engine, at `{socket}`, does not name the plugin in `{}`", engine.path.display());
            Some(finding("other-engine", State::Notice, what, INSTALL))
        }
        Names::Unknown(why) => {
            let what = format!("another engine, at `{socket}`: `{}` cannot be read: {why}", engine.path.display());
            Some(finding("other-engine", State::Notice, what, "run this as root, or correct it"))
        }
    }
}

pub fn version(facts: &Facts) -> Vec<Finding> {
    let text = &facts.engine.version_text;
    let Some(version) = facts.engine.version else {
        let what = format!("`{text}` is no release: what is known against it cannot be told");
        return if text.is_empty() { Vec::new() } else { vec![finding("engine-version", State::Notice, what, "")] };
    };
    let found: Vec<Finding> = holes::of(version)
        .map(|hole| {
            let what = format!("engine {text} may have {}: {}; {}", hole.name, hole.what, hole.here);
            finding("engine-version", State::Notice, what, hole.next)
        })
        .collect();
    match found.is_empty() {
        true => vec![finding("engine-version", State::Good, format!("nothing is known against engine {text}"), "")],
        false => found,
    }
}
