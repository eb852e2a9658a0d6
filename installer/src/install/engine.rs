//! What an installation would change of one engine. Pure.

use std::path::Path;

use super::{
    drop_in::{self, DropIn},
    facts::{EngineFacts, Facts, Health},
    journal::{EngineName, Then},
    plan::{FileEdit, Wanted},
};
use crate::engine_config::{self, Edit};

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
    pub refusals: Vec<String>,
}

/// The engines that are meant, and what is to be said about the others.
///
/// # Errors
/// When none is meant, or one that cannot be governed; in words.
pub fn chosen<'a>(facts: &'a Facts, named: Option<&str>) -> Result<(Vec<&'a EngineFacts>, Vec<String>), String> {
    let is_named =
        |engine: &EngineFacts, name: &str| engine.found.is_called(name) || engine.found.config_file == Path::new(name);
    let other = |engine: &EngineFacts| {
        let why = engine.found.ungoverned.as_deref().unwrap_or("no unit of the system's manager starts it");
        format!("{} cannot be governed: {why}", engine.label())
    };
    let fits = |engine: &EngineFacts| engine.found.ungoverned.is_none() && engine.found.unit.is_some();
    if let Some(name) = named {
        let Some(engine) = facts.engines.iter().find(|engine| is_named(engine, name)) else {
            let known: Vec<String> = facts.engines.iter().map(EngineFacts::label).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            return Err(format!("there is no engine `{name}`; found: {known}"));
        };
        let rest = facts.engines.iter().filter(|other| !is_named(other, name));
        let left = rest.map(|engine| format!("{} is left alone, and what it fetches is not judged", engine.label()));
        return if fits(engine) { Ok((vec![engine], left.collect())) } else { Err(other(engine)) };
    }
    let (good, bad): (Vec<_>, Vec<_>) = facts.engines.iter().partition(|engine| fits(engine));
    if let Some(engine) = bad.first() {
        let named = good.first().and_then(|good| good.found.unit.as_deref());
        let named = named.map(|unit| format!("; `--engine {unit}` leaves it alone, and what it fetches is not judged"));
        return Err(format!("{}{}", other(engine), named.unwrap_or_default()));
    }
    if good.is_empty() {
        let others: Vec<String> = facts.others.iter().map(|other| format!("; {}: {}", other.what, other.why)).collect();
        return Err(format!("no Docker Engine was found on this machine{}", others.concat()));
    }
    Ok((good, facts.others.iter().map(|other| format!("{}: {}", other.what, other.why)).collect()))
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
        let unit = &plan.engine.unit;
        let waits = engine.file.as_deref().is_some_and(|file| String::from_utf8_lossy(file).contains(PLUGIN));
        let next = if waits {
            "; if it waits for the plugin, `pullgate disable --for 1h` gets it back, and then this works".to_owned()
        } else {
            format!("; `systemctl status {unit}` says why, repair that first")
        };
        plan.refusals.push(format!("`{unit}` does not run as it is ({why}){next}"));
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
    let exec_start = match moved.as_slice() {
        [] => None,
        flags => match drop_in::without_plugins(&engine.command_line) {
            Some(command) => Some(command),
            None => {
                plan.refusals.push(format!(
                    "a flag names the plugin `{}`, and it is not in the unit's `ExecStart=`: take `--authorization-plugin` out of the \
                     environment file of `{}`, and put the plugin into `{}`",
                    flags.join("`, `"),
                    plan.engine.unit,
                    plan.engine.config_file.display()
                ));
                return plan;
            }
        },
    };
    drop_in_file(facts, engine, door, in_file, exec_start.as_deref(), &mut plan);
    decide(engine, door, exec_start.is_some(), wanted, &mut plan);
    plan
}

/// The edit of `daemon.json`; gives the plugins that were named by flags.
fn file(engine: &EngineFacts, proxies: bool, plan: &mut EnginePlan) -> Result<Vec<String>, String> {
    let door = drop_in::door();
    let path = &engine.found.config_file;
    let edited = engine_config::add(
        engine.file.as_deref(),
        &engine_config::Wanted {
            plugin: PLUGIN,
            proxies: proxies.then_some(door.as_str()),
            unit_flags: &engine.found.flags,
            move_proxies: false,
            move_plugin_flags: true,
        },
    )
    .map_err(|refusal| format!("`{}` is left as it is: {refusal}", path.display()))?;
    plan.notes.extend(edited.warnings.iter().map(|warning| format!("`{}`: {warning}", path.display())));
    let after = match edited.edit {
        Edit::Unchanged => return Ok(edited.moved.plugin_flags),
        Edit::Changed(bytes) => Some(bytes),
        Edit::Removed => None,
    };
    if let Some(why) = &engine.locked {
        return Err(format!("`{}` cannot be written: {why}", path.display()));
    }
    plan.files.push(FileEdit { path: path.clone(), before: engine.file.clone(), after, mode: 0o644 });
    Ok(edited.moved.plugin_flags)
}

fn drop_in_file(
    facts: &Facts,
    engine: &EngineFacts,
    door: bool,
    in_file: bool,
    exec_start: Option<&str>,
    plan: &mut EnginePlan,
) {
    proxies_of_environment(facts, engine, door, in_file, plan);
    let Some(dir) = &engine.found.drop_in_dir else { return };
    // Flags that moved before are in the file now, and the drop-in still has to say the command without them.
    let before = engine.drop_in.as_deref().map(String::from_utf8_lossy);
    let kept = before.as_deref().and_then(drop_in::exec_start);
    let text = DropIn {
        command: facts.source.command(),
        door,
        proxies: !in_file,
        cert_dirs: engine.cert_dirs.as_deref(),
        exec_start: exec_start.or(kept),
    }
    .text();
    if before.as_deref() != Some(text.as_str()) {
        let (path, after) = (dir.join(drop_in::NAME), Some(text.into_bytes()));
        plan.files.push(FileEdit { path, before: engine.drop_in.clone(), after, mode: 0o644 });
    }
}

/// Proxies that the engine has from its unit. Their values may hold passwords, and are not told.
fn proxies_of_environment(facts: &Facts, engine: &EngineFacts, door: bool, in_file: bool, plan: &mut EnginePlan) {
    let ours = drop_in::door();
    let environment = &engine.found.environment;
    let is_foreign = |name: &&str| environment.get(name).is_some_and(|proxy| proxy != ours);
    let foreign: Vec<&str> = ["HTTP_PROXY", "HTTPS_PROXY"].into_iter().filter(is_foreign).collect();
    if !door {
        return;
    }
    let unit = &plan.engine.unit;
    let led_on = in_file && facts.upstream_proxy;
    if !foreign.is_empty() && !led_on {
        let then = if in_file { "" } else { ", take it out of the unit" };
        plan.refusals.push(format!(
            "`{unit}` has a proxy in its environment (`{}`), where the registry door belongs: write it as `upstreamProxy` into \
             `/etc/pullgate/proxy.json`{then}, and run this again; or install with `--no-door`",
            foreign.join("`, `")
        ));
    }
    if environment.get("NO_PROXY").is_some() {
        plan.notes.push(format!(
            "`{unit}` has a `NO_PROXY` in its environment: what it names is fetched past the registry door"
        ));
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
        plan.refusals.push(format!(
            "`{unit}` names plugins by a flag, which only a restart can take back; `--restart-later` is not possible"
        ));
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
