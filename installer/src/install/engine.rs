//! What an installation would change of one engine. Pure.

use std::path::Path;

use super::{
    drop_in::{self, DropIn},
    facts::{EngineFacts, Facts, Health},
    files::Owned,
    journal::{EngineName, Then},
    lists::{self, Lists},
    obstacle::Obstacle,
    plan::{FileEdit, Wanted, Whose},
    upstream::{self, Upstream},
};
use crate::{
    engine_config::{self, Edit, Moved, OldProxies, Refusal},
    engines::Kind,
};

/// The plugin's name, in an engine's list and as its socket.
pub const PLUGIN: &str = "pullgate";
/// From this release on `daemon.json` has `proxies` (moby 23.0).
const PROXIES_SINCE: u16 = 23;

/// What would be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnginePlan {
    /// Which.
    pub engine: EngineName,
    /// Its files, those that change.
    pub files: Vec<FileEdit>,
    /// Whether its file names the registry door.
    pub proxies: bool,
    /// Its flags.
    pub flags: Vec<String>,
    /// What its own proxies come to at the registry door; none: it has none.
    pub upstream: Result<Option<Upstream>, String>,
    /// What else the registry door has to know.
    pub lists: Lists,
    /// How it comes to know.
    pub then: Then,
    /// Whether anything is to be done.
    pub is_needed: bool,
    /// Whether it runs, and something can be proved.
    pub runs: bool,
    /// Whether it goes through the registry door once everything is done; else from its next start.
    pub door_now: bool,
    /// Whether that is new to it.
    pub new_door: bool,
    /// What is interrupted.
    pub interrupts: Vec<String>,
    /// What should be known.
    pub notes: Vec<String>,
    /// Why nothing is done.
    pub refusals: Vec<Obstacle>,
}

/// The engines that are meant, and what is to be said about the others.
///
/// # Errors
/// When none is meant, or one that cannot be governed.
pub fn chosen<'a>(facts: &'a Facts, named: Option<&str>) -> Result<(Vec<&'a EngineFacts>, Vec<String>), Obstacle> {
    let is_named =
        |engine: &EngineFacts, name: &str| engine.found.is_called(name) || engine.found.config_file == Path::new(name);
    let ungoverned = |engine: &EngineFacts, other: Option<&&EngineFacts>| Obstacle::Ungoverned {
        engine: engine.label(),
        why: engine.found.ungoverned.as_deref().unwrap_or("no unit of the system's manager starts it").to_owned(),
        other: other.and_then(|other| other.found.unit.clone()),
    };
    let fits = |engine: &EngineFacts| engine.found.ungoverned.is_none() && engine.found.unit.is_some();
    if let Some(name) = named {
        let Some(engine) = facts.engines.iter().find(|engine| is_named(engine, name)) else {
            let known: Vec<String> = facts.engines.iter().map(EngineFacts::label).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(Obstacle::UnknownEngine { name: name.to_owned(), known });
        };
        let rest = facts.engines.iter().filter(|other| !is_named(other, name));
        let left = rest.map(|engine| format!("{} is left alone, and what it fetches is not judged", engine.label()));
        return if fits(engine) { Ok((vec![engine], left.collect())) } else { Err(ungoverned(engine, None)) };
    }
    let (good, bad): (Vec<_>, Vec<_>) = facts.engines.iter().partition(|engine| fits(engine));
    // A user who starts an engine of their own must not be able to hold up what governs the others.
    let is_users = |engine: &&&EngineFacts| matches!(engine.found.kind, Kind::Rootless { .. });
    let (users, bad): (Vec<_>, Vec<_>) = bad.into_iter().partition(|engine| is_users(&engine));
    if let Some(engine) = bad.first() {
        return Err(ungoverned(engine, good.first()));
    }
    if good.is_empty() {
        if let Some(engine) = users.first() {
            return Err(ungoverned(engine, None));
        }
        let others: Vec<String> = facts.others.iter().map(|other| format!("; {}: {}", other.what, other.why)).collect();
        return Err(Obstacle::NoEngine { others: others.concat() });
    }
    let users = users.into_iter().map(|engine| format!("{}; what it fetches is not judged", ungoverned(engine, None)));
    let others = facts.others.iter().map(|other| format!("{}: {}", other.what, other.why));
    Ok((good, users.chain(others).collect()))
}

/// What would be done with one engine.
#[must_use]
pub fn plan(facts: &Facts, engine: &EngineFacts, door: bool, wanted: &Wanted) -> EnginePlan {
    let name = engine.name();
    let mut plan = EnginePlan {
        engine: name,
        files: Vec::new(),
        proxies: false,
        flags: engine.found.flags.clone(),
        upstream: Ok(None),
        lists: Lists::default(),
        then: Then::Nothing,
        is_needed: false,
        runs: engine.health == Health::Runs,
        door_now: false,
        new_door: door && !engine.has_door,
        interrupts: Vec::new(),
        notes: Vec::new(),
        refusals: Vec::new(),
    };
    if let Health::Broken(why) = &engine.health {
        let (unit, why) = (plan.engine.unit.clone(), why.clone());
        let waits = engine.file.as_deref().is_some_and(|file| String::from_utf8_lossy(file).contains(PLUGIN));
        plan.refusals.push(Obstacle::Broken { unit, why, waits });
        return plan;
    }
    plan.notes.extend(engine.found.notes.clone());
    let in_file = engine.major.is_none_or(|major| major >= PROXIES_SINCE);
    plan.proxies = door && in_file;
    let moved = match file(engine, door && in_file, &mut plan) {
        Ok(moved) => moved,
        Err(why) => {
            plan.refusals.push(why);
            return plan;
        }
    };
    if door {
        plan.upstream = upstream::read(&own_proxies(engine, moved.proxies));
        plan.lists = lists::read(engine.file.as_deref().unwrap_or_default(), &engine.found.flags);
    }
    let exec_start = match moved.plugin_flags.as_slice() {
        [] => None,
        flags => match drop_in::without_plugins(&engine.command_line) {
            Some(command) => Some(command),
            None => {
                plan.refusals.push(Obstacle::FlagElsewhere {
                    plugins: quoted(flags),
                    unit: plan.engine.unit.clone(),
                    path: plan.engine.config_file.clone(),
                });
                return plan;
            }
        },
    };
    drop_in_file(facts, engine, door, in_file, exec_start.as_deref(), &mut plan);
    decide(engine, door, exec_start.is_some(), wanted, &mut plan);
    plan
}

/// The edit of `daemon.json`; gives what was moved out of the way.
fn file(engine: &EngineFacts, proxies: bool, plan: &mut EnginePlan) -> Result<Moved, Obstacle> {
    let door = drop_in::door();
    let path = &engine.found.config_file;
    let left = |refusal: Refusal| Obstacle::FileLeft { path: path.clone(), refusal };
    let wanted = engine_config::Wanted {
        plugin: PLUGIN,
        proxies: proxies.then_some(door.as_str()),
        unit_flags: &engine.found.flags,
        move_proxies: true,
        move_plugin_flags: true,
    };
    // Without the door the engine has its own proxies again.
    let mut before = engine.file.clone();
    if let (false, Some(file)) = (proxies, &engine.file) {
        let (original, flags) = engine.original.clone().unwrap_or_default();
        let had = engine_config::Wanted { proxies: Some(&door), unit_flags: &flags, ..wanted };
        if let Edit::Changed(bytes) = engine_config::without_door(file, original.as_deref(), &had).map_err(left)? {
            before = Some(bytes);
        }
    }
    let edited = engine_config::add(before.as_deref(), &wanted).map_err(left)?;
    plan.notes.extend(edited.warnings.iter().map(|warning| format!("`{}`: {warning}", path.display())));
    let after = match edited.edit {
        Edit::Unchanged if before == engine.file => return Ok(edited.moved),
        Edit::Unchanged => before,
        Edit::Changed(bytes) => Some(bytes),
        Edit::Removed => None,
    };
    if let Some(why) = &engine.locked {
        return Err(Obstacle::Locked { path: path.clone(), why: why.clone() });
    }
    plan.files.push(FileEdit { path: path.clone(), before: engine.file.clone(), after, whose: Whose::Theirs });
    Ok(edited.moved)
}

/// The proxies that are not the door: of its file, and of its environment what the file does not say.
fn own_proxies(engine: &EngineFacts, moved: Option<OldProxies>) -> OldProxies {
    let ours = drop_in::door();
    let environment = |name| engine.found.environment.get(name).filter(|proxy| *proxy != ours).map(str::to_owned);
    let file = moved.unwrap_or_default();
    OldProxies {
        http: file.http.or_else(|| environment("HTTP_PROXY")),
        https: file.https.or_else(|| environment("HTTPS_PROXY")),
        no: file.no.or_else(|| environment("NO_PROXY")),
    }
}

fn drop_in_file(
    facts: &Facts,
    engine: &EngineFacts,
    door: bool,
    in_file: bool,
    exec_start: Option<&str>,
    plan: &mut EnginePlan,
) {
    let Some(dir) = &engine.found.drop_in_dir else { return };
    let in_environment = door && !in_file;
    // Flags that moved before are in the file now, and the drop-in still has to say the command without them.
    let before = engine.drop_in.as_deref().map(String::from_utf8_lossy);
    let kept = before.as_deref().and_then(drop_in::exec_start);
    let text = DropIn {
        command: facts.source.command(),
        door,
        proxies: in_environment.then_some(dir),
        cert_dirs: engine.cert_dirs.as_deref(),
        exec_start: exec_start.or(kept),
    }
    .text();
    if before.as_deref() != Some(text.as_str()) {
        let (path, after) = (dir.join(drop_in::NAME), Some(text.into_bytes()));
        plan.files.push(FileEdit {
            path,
            before: engine.drop_in.clone(),
            after,
            whose: Whose::Ours(Owned::root(0o644)),
        });
    }
    let variables = in_environment.then(|| drop_in::variables().into_bytes());
    if engine.variables != variables {
        let (path, before) = (dir.join(drop_in::VARIABLES), engine.variables.clone());
        plan.files.push(FileEdit { path, before, after: variables, whose: Whose::Ours(Owned::root(0o644)) });
    }
}

/// Reload, restart or nothing, and what that interrupts.
fn decide(engine: &EngineFacts, door: bool, flags_moved: bool, wanted: &Wanted, plan: &mut EnginePlan) {
    let unit = plan.engine.unit.clone();
    plan.is_needed = !plan.files.is_empty();
    if !plan.runs {
        plan.notes.push(format!(
            "`{unit}` does not run: nothing can be proved, and it asks the plugin from its next start on"
        ));
        return;
    }
    let door_differs = door != engine.has_door;
    let needs_restart = flags_moved || (door_differs && !wanted.restart_later);
    if flags_moved && wanted.restart_later {
        plan.refusals.push(Obstacle::NeedsRestart(unit.clone()));
    }
    if needs_restart {
        plan.then = Then::Restart;
        plan.interrupts.push(interrupts(&unit, engine));
    } else if plan.is_needed || !engine.asks_plugin {
        plan.then = Then::Reload;
    }
    plan.is_needed |= plan.then != Then::Nothing;
    plan.door_now = door && (engine.has_door || plan.then == Then::Restart);
    if door && !plan.door_now {
        plan.notes.push(format!(
            "until `{unit}` restarts, what it fetches does not go through the registry door: builds are not judged"
        ));
    }
}

fn interrupts(unit: &str, engine: &EngineFacts) -> String {
    match (engine.containers, engine.live_restore) {
        (Some(0), _) => format!("restarts `{unit}`; no container runs"),
        (Some(count), true) => format!("restarts `{unit}`; {count} running containers stay up (live-restore)"),
        (Some(count), false) => {
            format!(
                "restarts `{unit}`: {count} running containers stop, and come back only by their restart policy (live-restore is off)"
            )
        }
        (None, _) => format!("restarts `{unit}`: running containers stop unless `live-restore` is on"),
    }
}

fn quoted<T: AsRef<str>>(names: &[T]) -> String {
    names.iter().map(|name| format!("`{}`", name.as_ref())).collect::<Vec<_>>().join(", ")
}
