//! `pullgate install`.
//!
//! `facts` looks at the machine, `plan` says what would be done, `apply` does it with every step announced in the
//! `journal` first, `prove` shows that it holds, `undo` takes back what did not come to its end.
//!
//! INVARIANT (I8): at no instant is an engine configured for a plugin that does not answer. Its file changes only
//! after the plugin was proved to answer behind a socket that the service manager holds, also through a reboot; and
//! it changes back, with the engine told, before anything of the plugin is stopped.

mod apply;
pub mod ask;
pub mod certificate;
mod diff;
pub mod door_settings;
pub mod drop_in;
pub mod engine;
pub mod error;
pub mod facts;
pub mod files;
mod interrupt;
pub mod journal;
pub mod layout;
pub mod lists;
pub mod obstacle;
pub mod plan;
pub mod prove;
mod show;
pub mod state;
pub mod undo;
pub mod upstream;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args as ClapArgs;
use serde_json::{Value, json};

use self::{
    apply::Apply,
    ask::{REFUSED, UNDONE},
    interrupt::Interrupt,
    journal::{Entry, Journal},
    obstacle::Obstacle,
    plan::{Plan, Step, Wanted},
};
use crate::{engine_config, output, systemd::Systemd, when};

/// Put pullgate in front of the engines of this machine: plan, apply step by step, prove, or undo
///
/// Shows first what it would do. An engine's file is changed where it must be and nowhere else, after the plugin was
/// proved to answer; if the running engine then does not ask it, everything is taken back. A process that was killed
/// is taken back by the next `install`, or by `install --undo`.
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Only this engine, by its unit, its `daemon.json` or its socket [default: all of the system's]
    #[arg(long, value_name = "NAME|PATH")]
    engine: Option<String>,
    /// With the registry door, which judges builds as well; the engine has to restart for it; the default
    #[arg(long, overrides_with = "no_door")]
    door: bool,
    /// Without the registry door: builds are not judged, and a reload is enough
    #[arg(long)]
    no_door: bool,
    /// Leave it to the engine to restart, some day; until then it does not go through the registry door
    #[arg(long)]
    restart_later: bool,
    /// Enroll this machine with this file
    #[arg(long, value_name = "FILE")]
    enrollment: Option<PathBuf>,
    /// Do not ask
    #[arg(long, short)]
    yes: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Take back what an install that was killed has left, and nothing else
    #[arg(long, conflicts_with_all = ["engine", "door", "no_door", "restart_later", "enrollment"])]
    undo: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// # Errors
/// When the machine cannot be looked at, or what was changed cannot be taken back.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let root = Path::new("/");
    let systemd = Systemd::of(root);
    ask::for_everybody();
    // Before anything is looked at, since not everybody may read it.
    if !rustix::process::geteuid().is_root() && !args.dry_run {
        return Ok(ask::refused(args.json, "only root may change an engine's settings; run it with `sudo`")?);
    }
    // Who only looks needs no right to write, and leaves nothing behind.
    let may_write = rustix::process::geteuid().is_root() && systemd.is_some() && !args.dry_run;
    let journal = if may_write { Some(Journal::lock(root)?) } else { None };
    if let (Some(journal), Some(systemd)) = (&journal, &systemd) {
        let interrupted = journal.interrupted()?;
        if !interrupted.is_empty() && !args.undo {
            let interrupts = undo::interrupts(&interrupted);
            let what =
                [vec!["an earlier install was interrupted, and is taken back first".to_owned()], interrupts].concat();
            if !args.json {
                output::aside(&what.join("; it "));
            }
            if let Some(code) = ask::declined(args.yes, args.json, &json!({ "interrupted": what }))? {
                return Ok(code);
            }
        }
        let taken_back = take_back(root, systemd, journal)?;
        if args.undo {
            let text =
                if taken_back { "what was left of an install is taken back" } else { "no install was interrupted" };
            tell(args, text, json!({ "result": if taken_back { "undone" } else { "unchanged" } }))?;
            return Ok(ExitCode::SUCCESS);
        }
    }
    let wanted = wanted(args)?;
    let mut plan = plan_of(root, systemd.as_ref(), &wanted)?;
    if args.undo {
        plan.refuse(vec![Obstacle::NotRootToUndo]);
    }
    let shown = show::json(&plan);
    let outcome = |result: &str| json!({ "result": result, "plan": shown });
    if !plan.refusals.is_empty() {
        tell(args, &show::text(&plan), outcome("refused"))?;
        return Ok(ExitCode::from(REFUSED));
    }
    if plan.is_done() {
        let text = ["pullgate is installed already; nothing is to be done".to_owned()];
        let notes = plan.notes.iter().map(|note| format!("note: {note}"));
        tell(args, &text.into_iter().chain(notes).collect::<Vec<_>>().join("\n"), outcome("unchanged"))?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.dry_run {
        tell(args, &show::text(&plan), outcome("dry_run"))?;
        return Ok(ExitCode::SUCCESS);
    }
    if !args.json {
        output::aside(&show::text(&plan));
    }
    // Who has to `disable` meanwhile does not wait for an answer.
    drop(journal);
    if let Some(code) = ask::declined(args.yes, args.json, &outcome("refused"))? {
        return Ok(code);
    }
    let Some(systemd) = &systemd else { anyhow::bail!("this machine was not started by systemd") };
    let journal = &Journal::lock(root)?;
    if !journal.interrupted()?.is_empty() || plan_of(root, Some(systemd), &wanted)?.steps != plan.steps {
        let why = "the machine is another than it was when the plan was made; run it again";
        return Ok(ask::refused_with(args.json, why, &outcome("refused"))?);
    }
    let interrupt = Interrupt::take().context("cannot take signals")?;
    journal.begin("install", when::now_ms())?;
    let apply = Apply { root, systemd, journal, interrupt: &interrupt, say: &output::progress };
    let Err(stopped) = apply.run(&plan) else {
        tell(args, &installed(), outcome("installed"))?;
        return Ok(ExitCode::SUCCESS);
    };
    output::progress("it failed; taking it back");
    let left = undo::undo(root, systemd, journal, &stopped.changes);
    let why = proto::chain(&*stopped.error);
    if !left.is_empty() {
        anyhow::bail!("{why}; taking it back failed too: {}; `pullgate install --undo` tries that again", told(&left));
    }
    // On a disk that is full this cannot be written, and the next install takes back what is as it was.
    let _ = journal.write(&Entry::End { how: "undone".to_owned() });
    let mut object = outcome("undone");
    object["why"] = json!(why);
    if args.json {
        output::line(&object)?;
    }
    output::complain(&format!("{why}; everything is as before"));
    Ok(ExitCode::from(UNDONE))
}

/// What would be done now.
fn plan_of(root: &Path, systemd: Option<&Systemd>, wanted: &Wanted) -> anyhow::Result<Plan> {
    let facts = facts::look(root, systemd, wanted.enrollment.as_deref())?;
    let mut plan = plan::plan(&facts, wanted);
    judge(&facts, &mut plan);
    Ok(plan)
}

/// Takes back what an install that was killed has left; says whether there was anything.
///
/// # Errors
/// When it cannot be taken back.
pub(crate) fn take_back(root: &Path, systemd: &Systemd, journal: &Journal) -> anyhow::Result<bool> {
    let changes = journal.interrupted()?;
    if changes.is_empty() {
        return Ok(false);
    }
    output::progress("an earlier install was interrupted; taking it back");
    let left = undo::undo(root, systemd, journal, &changes);
    if !left.is_empty() {
        anyhow::bail!(
            "an earlier install was interrupted, and cannot be taken back: {}; `pullgate install --undo` tries that again",
            told(&left)
        );
    }
    journal.write(&Entry::End { how: "undone".to_owned() })?;
    Ok(true)
}

/// What could not be done, in one line.
pub(crate) fn told(errors: &[error::ChangeError]) -> String {
    errors.iter().map(|error| proto::chain(error)).collect::<Vec<_>>().join("; ")
}

/// Asks each engine's program whether it would start with what is planned.
fn judge(facts: &facts::Facts, plan: &mut Plan) {
    let mut refusals = Vec::new();
    for step in &plan.steps {
        let Step::Engine { engine, files, flags, .. } = step else { continue };
        let found = facts.engines.iter().find(|found| found.name() == *engine);
        let edit = files.iter().find(|edit| edit.path == engine.config_file).and_then(|edit| edit.after.as_deref());
        let Some(after) = edit else { continue };
        let flags = engine_config::flags::without(flags, "authorization-plugin");
        match engine_config::judge(after, &flags, found.and_then(|found| found.found.dockerd.as_deref())) {
            Ok(judge) => plan.notes.extend(judge.warnings.iter().map(ToString::to_string)),
            Err(refusal) => refusals.push(Obstacle::FileLeft { path: engine.config_file.clone(), refusal }),
        }
    }
    if !refusals.is_empty() {
        plan.refuse(refusals);
    }
}

fn wanted(args: &Args) -> anyhow::Result<Wanted> {
    let enrollment = match &args.enrollment {
        None => None,
        Some(path) => {
            let text = files::read(path)?.with_context(|| format!("there is no `{}`", path.display()))?;
            // As the plugin reads it, but for whose it is: that changes with the copy.
            proto::enrollment::parse(path, &text)?;
            Some(text)
        }
    };
    let door = match (args.door, args.no_door) {
        (_, true) => Some(false),
        (true, false) => Some(true),
        (false, false) => None,
    };
    Ok(Wanted { engine: args.engine.clone(), door, restart_later: args.restart_later, enrollment })
}

/// That it is done, and what comes next.
fn installed() -> String {
    let enrollment = proto::enrollment::read(Path::new(proto::paths::ENROLLMENT)).ok();
    let host = enrollment.map(|enrollment| enrollment.login_host().to_owned());
    let next = match host.filter(|host| !host.is_empty()) {
        Some(host) => {
            format!("people sign in with `docker login {host}`")
        }
        None => {
            "nothing is restricted until this machine is enrolled (`pullgate install --enrollment FILE`)".to_owned()
        }
    };
    format!("pullgate is installed; `pullgate status` shows what was proved; {next}")
}

fn tell(args: &Args, text: &str, object: Value) -> std::io::Result<()> {
    if args.json { output::line(&object) } else { output::text(text) }
}
