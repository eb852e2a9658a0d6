//! `pullgate uninstall`.
//!
//! Forward only, and each step is one that may have been done already: whoever finds half of an installation, or a
//! removal that was killed, runs it again.
//!
//! INVARIANT (I8): the engine is off the plugin, and was proved to answer without it, before anything of the plugin
//! stops. Where that fails everything else stays.

mod written;

use std::{
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use clap::Args as ClapArgs;
use proto::paths;
use serde_json::json;

use crate::{
    disable,
    engine_config::{self, Edit, Wanted},
    engines::{self, FoundEngine},
    install::{
        self, ask, drop_in, engine, facts, files,
        journal::{self, Entry, Journal},
        layout, prove,
        state::{Disabled, Installed, Original},
        undo,
    },
    output,
    systemd::{self, Systemd},
};

/// For an engine that was told to go on alone.
const ALONE: Duration = Duration::from_secs(45);

/// Take pullgate away: the engine first, then the rest
///
/// Puts each engine's file back byte for byte where nobody has changed it since, and else takes out of it what is
/// pullgate's. An engine that goes through the registry door has to restart. Programs and units of a package stay with
/// the package.
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Also documents in force, the registry door's certificate authority, its user and `/etc/pullgate`
    #[arg(long)]
    purge: bool,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What is there of it.
struct Found {
    engines: Vec<Governed>,
    units: Vec<&'static str>,
    files: Vec<PathBuf>,
    /// Settings of engines that are gone.
    orphans: Vec<Original>,
    /// What an install wrote where others may write as well.
    written: Vec<PathBuf>,
    state: Vec<PathBuf>,
    /// Goes last, with what this command itself writes.
    journal: Option<PathBuf>,
    user: bool,
    agent: bool,
}

/// An engine with something of ours.
struct Governed {
    engine: FoundEngine,
    unit: String,
    drop_in: Option<PathBuf>,
    active: bool,
    /// Its drop-in has the unit's command without flags that name plugins.
    flags_moved: bool,
    /// Goes through the registry door, as it runs; none: it does not say.
    door: Option<bool>,
}

/// # Errors
/// When an engine does not let go, and for everything that cannot be removed.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let root = Path::new("/");
    let systemd = Systemd::of(root);
    ask::for_everybody();
    if !rustix::process::geteuid().is_root() && !args.dry_run {
        return Ok(ask::refused(args.json, "only root may take pullgate away; run it with `sudo`")?);
    }
    let found = look(root, systemd.as_ref(), args.purge)?;
    let plan = found.plan(args.purge);
    if plan.is_empty() {
        tell(args, "there is nothing of pullgate on this machine", &[], "unchanged")?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(systemd) = systemd else {
        if found.engines.is_empty() {
            let journal = if args.dry_run { None } else { Some(Journal::lock(root)?) };
            return finish(args, root, None, journal.as_ref(), &found, &plan);
        }
        let why = "an engine is configured for the plugin, and this machine was not started by systemd: take `pullgate` out \
                   of `authorization-plugins`, send the engine SIGHUP, and run this again";
        return Ok(ask::refused(args.json, why)?);
    };
    if args.dry_run {
        tell(args, &plan.join("\n"), &plan, "dry_run")?;
        return Ok(ExitCode::SUCCESS);
    }
    if !args.json {
        output::aside(&plan.join("\n"));
    }
    if let Some(code) = ask::declined(args.yes, args.json, &json!({ "plan": plan }))? {
        return Ok(code);
    }
    let journal = Journal::lock(root)?;
    install::take_back(root, &systemd, &journal)?;
    // Each step may be done again, so that nothing hangs on what is written down of it: on a full disk nothing is.
    let _ = journal.begin("uninstall", crate::when::now_ms());
    let installed = Installed::read(root).unwrap_or_default();
    for governed in &found.engines {
        ask::progress(&format!("taking `{}` off the plugin", governed.unit));
        release(&systemd, &journal, &installed, governed).map_err(|why| {
            anyhow::anyhow!("{why}; plugin and registry door are left running, since the engine may still need them")
        })?;
    }
    let _ = journal.write(&Entry::End { how: "engines released".to_owned() });
    finish(args, root, Some(&systemd), Some(&journal), &found, &plan)
}

/// Takes an engine off plugin and door.
fn release(systemd: &Systemd, journal: &Journal, installed: &Installed, governed: &Governed) -> Result<(), String> {
    let (engine, unit) = (&governed.engine, &governed.unit);
    let chain = |error: systemd::SystemdError| proto::chain(&error);
    let path = &engine.config_file;
    match installed.original(path) {
        Some(original) => {
            let before = original.before.as_deref().and_then(|name| journal.backed_up(name));
            let door = drop_in::door();
            let wanted = Wanted {
                plugin: engine::PLUGIN,
                proxies: original.door.then_some(door.as_str()),
                unit_flags: &original.flags,
                move_plugin_flags: true,
                move_proxies: true,
            };
            undo::restore(path, before.as_deref(), &wanted)?;
        }
        // With a plugin that a flag names, the file must not name any when the flag is back.
        None if governed.flags_moved => {
            let dir = engine.drop_in_dir.as_deref().unwrap_or(Path::new("/"));
            let command = facts::command_line(Path::new("/"), dir);
            let flags: Vec<String> = command.split_whitespace().skip(1).map(str::to_owned).collect();
            let door = drop_in::door();
            let wanted = Wanted {
                plugin: engine::PLUGIN,
                proxies: Some(&door),
                unit_flags: &flags,
                move_plugin_flags: true,
                move_proxies: true,
            };
            undo::restore(path, None, &wanted)?;
        }
        None => undo::take_out(path, None)?,
    }
    // A reload would take the plugins away that a flag named before, and now does again.
    if governed.active && !governed.flags_moved {
        // At once, whatever becomes of the restart.
        systemd.hang_up(unit).map_err(chain)?;
    }
    if let Some(drop_in) = &governed.drop_in {
        for file in [drop_in.clone(), drop_in.with_file_name(drop_in::VARIABLES)] {
            files::remove(&file, None).map_err(|error| proto::chain(&error))?;
            files::let_go(&file);
        }
        remove_empty(drop_in.parent());
        systemd.daemon_reload().map_err(chain)?;
    }
    let alone = if governed.active && !governed.flags_moved {
        prove::engine_comes_to_answer_alone(&engine.socket, ALONE)
    } else {
        Ok(())
    };
    let door = governed.door.or_else(|| prove::engine_has_door(&engine.socket)).unwrap_or(alone.is_err());
    if door {
        systemd.disable_now(layout::EGRESS_UNIT).map_err(chain)?;
        undo::remove_egress()?;
    }
    let state = systemd.unit(unit).map_err(chain)?;
    let stuck = ["failed", "activating"].contains(&state.active.as_str());
    if (governed.active && (door || governed.flags_moved || alone.is_err())) || stuck {
        systemd.restart(unit, systemd::ENGINE).map_err(chain)?;
        return prove::engine_comes_to_answer_alone(&engine.socket, ALONE).map_err(|why| format!("`{unit}`: {why}"));
    }
    alone.map_err(|why| format!("`{unit}`: {why}"))
}

/// Everything but the engines.
fn finish(
    args: &Args,
    root: &Path,
    systemd: Option<&Systemd>,
    journal: Option<&Journal>,
    found: &Found,
    plan: &[String],
) -> anyhow::Result<ExitCode> {
    if args.dry_run {
        tell(args, &plan.join("\n"), plan, "dry_run")?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut left: Vec<String> = Vec::new();
    if let Some(systemd) = systemd {
        for unit in &found.units {
            ask::progress(&format!("stopping `{unit}`"));
            left.extend(systemd.disable_now(unit).err().map(|error| proto::chain(&error)));
        }
        if found.agent {
            left.extend(systemd.for_all_users(layout::AGENT_UNIT, false).err().map(|error| proto::chain(&error)));
        }
        left.extend(disable::forget_timer(root, systemd).err());
    }
    if Path::new(paths::EGRESS).exists() {
        left.extend(undo::remove_egress().err());
    }
    for file in &found.files {
        left.extend(files::remove(file, None).err().map(|error| proto::chain(&error)));
        remove_empty(file.parent().filter(|dir| dir.extension().is_some_and(|ext| ext == "d")));
    }
    let mut stays = Vec::new();
    if let Some(journal) = journal {
        let installed = Installed::read(root).unwrap_or_default();
        left.extend(found.orphans.iter().filter_map(|original| written::restore(root, journal, original).err()));
        stays.extend(installed.written.iter().filter_map(|it| written::give_back(root, journal, it).err()));
    }
    let run = Path::new(paths::CONTROL_SOCKET).parent().unwrap_or(Path::new("/run/pullgate"));
    if let Err(error) = fs::remove_dir_all(run) {
        let is_gone = error.kind() == std::io::ErrorKind::NotFound;
        left.extend((!is_gone).then(|| format!("cannot remove `{}`: {error}", run.display())));
    }
    left.extend(Disabled::forget(root).err().map(|error| proto::chain(&error)));
    if let Some(systemd) = systemd {
        left.extend(systemd.daemon_reload().err().map(|error| proto::chain(&error)));
    }
    if args.purge {
        if found.user {
            left.extend(undo::remove_user(root, layout::DOOR_USER).err());
        }
        for dir in found.state.iter().chain(&found.journal) {
            match fs::remove_dir_all(dir) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    left.push(format!("cannot remove `{}`: {error}", dir.display()));
                }
                _ => {}
            }
        }
    }
    if left.is_empty() {
        // What it says of files was true of those.
        let _ = Installed::forget(root);
        let text = [vec!["pullgate is taken away; engines answer without it".to_owned()], stays].concat();
        tell(args, &text.join("\n"), plan, "uninstalled")?;
        return Ok(ExitCode::SUCCESS);
    }
    anyhow::bail!("engines answer without pullgate, and something of it is left: {}", left.join("; "))
}

fn look(root: &Path, systemd: Option<&Systemd>, purge: bool) -> anyhow::Result<Found> {
    let door = drop_in::door();
    let mut engines = Vec::new();
    let all = engines::of_the_system(root);
    for engine in all.clone() {
        let Some(unit) = engine.unit.clone() else { continue };
        let file = files::read(&engine.config_file)?;
        // A file that cannot be read is told when it is edited.
        let ours = file.as_deref().is_some_and(|file| {
            engine_config::remove(file, engine::PLUGIN, Some(&door)).map_or_else(
                |_| String::from_utf8_lossy(file).contains(engine::PLUGIN),
                |edited| edited.edit != Edit::Unchanged,
            )
        });
        let drop_in = engine.drop_in_dir.as_ref().map(|dir| dir.join(drop_in::NAME)).filter(|path| path.exists());
        if !ours && drop_in.is_none() {
            continue;
        }
        let active = systemd.and_then(|systemd| systemd.unit(&unit).ok()).is_some_and(|unit| unit.is_active());
        let door = if drop_in.is_none() { Some(false) } else { None };
        let text = drop_in.as_ref().and_then(|path| fs::read_to_string(path).ok()).unwrap_or_default();
        let flags_moved = drop_in::exec_start(&text).is_some();
        engines.push(Governed { engine, unit, drop_in, active, flags_moved, door });
    }
    // Against the order of their start: whoever asks on a socket that is left starts the service again, and that the
    // other sockets.
    let plugin = layout::PLUGIN_UNITS.into_iter().rev();
    let ours = [layout::EGRESS_UNIT].into_iter().chain(layout::DOOR_UNITS.into_iter().rev()).chain(plugin);
    let is_there = |unit: &&str| {
        let unit = systemd.and_then(|systemd| systemd.unit(unit).ok()).unwrap_or_default();
        unit.is_there() && (unit.is_enabled() || !matches!(unit.active.as_str(), "inactive" | ""))
    };
    // Where `disable --restart` put it.
    let kept =
        all.iter().filter_map(|engine| engine.drop_in_dir.as_ref()).map(|dir| files::kept(&dir.join(drop_in::NAME)));
    let copies = layout::local_programs().into_iter().chain(layout::local_units());
    let sockets = [paths::PLUGIN_SOCKET, paths::CONTROL_SOCKET].map(PathBuf::from);
    let installed = Installed::read(root).unwrap_or_default();
    let known: Vec<PathBuf> = all.iter().map(|engine| engine.config_file.clone()).collect();
    let state: &[&str] = if purge { &[paths::STATE_DIR, paths::DOOR_STATE_DIR, "/etc/pullgate"] } else { &[] };
    Ok(Found {
        engines,
        units: ours.filter(is_there).collect(),
        files: copies.chain(sockets).chain(kept).filter(|path| path.symlink_metadata().is_ok()).collect(),
        orphans: written::of_no_engine(root, &installed, &known).cloned().collect(),
        written: written::there(root, &installed),
        state: state.iter().map(PathBuf::from).filter(|path| path.exists()).collect(),
        journal: purge.then(|| PathBuf::from(journal::DIR)),
        user: layout::is_user(root, layout::DOOR_USER),
        agent: Path::new("/etc/systemd/user/default.target.wants").join(layout::AGENT_UNIT).symlink_metadata().is_ok(),
    })
}

impl Found {
    fn plan(&self, purge: bool) -> Vec<String> {
        let mut lines = Vec::new();
        for governed in &self.engines {
            let restart = match governed.door {
                _ if governed.flags_moved => {
                    "restart it, since a flag names plugins again: running containers stop unless `live-restore` is on"
                }
                Some(false) => "reload it (SIGHUP, nothing is interrupted)",
                _ => {
                    "restart it if it goes through the registry door: running containers stop unless `live-restore` is on"
                }
            };
            lines.push(format!(
                "take `{}` off the plugin in `{}`, and {restart}",
                governed.unit,
                governed.engine.config_file.display()
            ));
        }
        let list = |items: Vec<String>| items.iter().map(|item| format!("`{item}`")).collect::<Vec<_>>().join(", ");
        if !self.units.is_empty() {
            lines.push(format!("stop {}", list(self.units.iter().map(|&unit| unit.to_owned()).collect())));
        }
        if self.agent {
            lines.push("start the agent for users no more".to_owned());
        }
        let shown = |paths: &[PathBuf]| list(paths.iter().map(|path| path.display().to_string()).collect());
        if !self.files.is_empty() {
            lines.push(format!("remove {}", shown(&self.files)));
        }
        for original in &self.orphans {
            lines.push(format!("take the plugin out of `{}`, whose engine is gone", original.path.display()));
        }
        if !self.written.is_empty() {
            lines.push(format!("put back what was before in {}", shown(&self.written)));
        }
        let state: Vec<PathBuf> =
            self.state.iter().chain(&self.journal).filter(|path| path.exists()).cloned().collect();
        if !state.is_empty() {
            lines.push(format!("remove {} with everything in it", shown(&state)));
        }
        if purge && self.user {
            lines.push(format!("remove the user `{}`", layout::DOOR_USER));
        }
        lines
    }
}

fn remove_empty(dir: Option<&Path>) {
    if let Some(dir) = dir {
        // Fails where somebody else has a drop-in in it.
        let _ = fs::remove_dir(dir);
    }
}

fn tell(args: &Args, text: &str, plan: &[String], result: &str) -> std::io::Result<()> {
    if args.json { output::line(&json!({ "result": result, "plan": plan, "text": text })) } else { output::text(text) }
}
