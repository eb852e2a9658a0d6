//! `pullgate uninstall`.
//!
//! Forward only, and each step is one that may have been done already: whoever finds half of an installation, or a
//! removal that was killed, runs it again.
//!
//! INVARIANT (I8): the engine is off the plugin, and was proved to answer without it, before anything of the plugin
//! stops. Where that fails everything else stays.

mod found;
mod plan;
mod release;
mod rest;
mod written;

use std::{fs, path::Path, process::ExitCode};

use anyhow::anyhow;
use clap::Args as ClapArgs;
use serde_json::json;

use self::found::Found;
use crate::{
    install::{
        self, ask,
        journal::{Entry, Journal},
        state::Installed,
    },
    output,
    systemd::Systemd,
    when,
};

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

/// # Errors
/// When an engine does not let go, and for everything that cannot be removed.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let root = Path::new("/");
    let systemd = Systemd::of(root);
    ask::for_everybody();
    if !rustix::process::geteuid().is_root() && !args.dry_run {
        return Ok(ask::refused(args.json, "only root may take pullgate away; run it with `sudo`")?);
    }
    let found = Found::look(root, systemd.as_ref(), args.purge)?;
    let plan = plan::lines(&found, args.purge);
    if plan.is_empty() {
        tell(args, "there is nothing of pullgate on this machine", &[], "unchanged")?;
        return Ok(ExitCode::SUCCESS);
    }
    if systemd.is_none() && !found.engines.is_empty() {
        let why = "an engine is configured for the plugin, and this machine was not started by systemd: take `pullgate` out \
                   of `authorization-plugins`, send the engine SIGHUP, and run this again";
        return Ok(ask::refused(args.json, why)?);
    }
    if args.dry_run {
        tell(args, &plan.join("\n"), &plan, "dry_run")?;
        return Ok(ExitCode::SUCCESS);
    }
    // Without systemd there is nothing that anybody could miss.
    if systemd.is_some() {
        if !args.json {
            output::aside(&plan.join("\n"));
        }
        if let Some(code) = ask::declined(args.yes, args.json, &json!({ "plan": plan }))? {
            return Ok(code);
        }
    }
    let journal = Journal::lock(root)?;
    if let Some(systemd) = &systemd {
        engines(root, systemd, &journal, &found)?;
    }
    let rest::Rest { left, stays } = rest::remove(root, systemd.as_ref(), &journal, &found, args.purge);
    if !left.is_empty() {
        return Err(anyhow!(
            "engines answer without pullgate, and something of it is left: {}; run this again",
            install::told(&left)
        ));
    }
    // What it says of files was true of those.
    let _ = Installed::forget(root);
    let text = [vec!["pullgate is taken away; engines answer without it".to_owned()], stays].concat();
    tell(args, &text.join("\n"), &plan, "uninstalled")?;
    Ok(ExitCode::SUCCESS)
}

/// Takes every engine off, or stops at the first that does not let go.
fn engines(root: &Path, systemd: &Systemd, journal: &Journal, found: &Found) -> anyhow::Result<()> {
    install::take_back(root, systemd, journal)?;
    // Each step may be done again, so that nothing hangs on what is written down of it: on a full disk nothing is.
    let _ = journal.begin("uninstall", when::now_ms());
    let installed = Installed::read(root).unwrap_or_default();
    for governed in &found.engines {
        output::progress(&format!("taking `{}` off the plugin", governed.unit));
        release::release(systemd, journal, &installed, governed).map_err(|error| {
            let why = proto::chain(&error);
            anyhow!("{why}; plugin and registry door are left running, since the engine may still need them")
        })?;
    }
    let _ = journal.write(&Entry::End { how: "engines released".to_owned() });
    Ok(())
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
