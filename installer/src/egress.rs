//! `pullgate egress`: the firewall rules that leave the engine no way beside the registry door.
//!
//! Go never asks a proxy for `localhost` and loopback addresses, so neither does the engine: rules
//! recognise it by its control group and lead those connections to the door's second listener.
//! `rules` renders them, `nft` loads them, `record` says what is in place, `watch` keeps it so.
//!
//! Must never: touch a table other than its own, or say that rules are in place that it has not
//! read back.

mod apply;
pub mod cgroup;
#[cfg_attr(not(target_os = "linux"), path = "egress/changes/nowhere.rs")]
mod changes;
pub mod check;
mod error;
mod listing;
mod names;
mod nft;
mod options;
mod record;
mod rules;
mod watch;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{Args as ClapArgs, Subcommand};
use proto::{egress, paths};
use serde_json::json;

pub use self::error::EgressError;
pub(crate) use self::nft::is_there as has_nft;
use self::{names::Registries, nft::Nft, options::Options, record::Record};
use crate::output;

/// Keep the engine from reaching registries past the registry door, with firewall rules (root)
///
/// Rules in the table `inet pullgate`, about the engine's control group alone: what it dials on
/// loopback is led to the registry door's loopback listener, and what it dials on the ports of
/// registries elsewhere is rejected, since the engine asks a proxy for that. Published ports, swarm,
/// exec, embedded DNS and whatever runs in containers are left alone.
#[derive(ClapArgs, Debug)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Put the rules in place, all at once, and tell the plugin; for `ExecStartPre=+` of the engine's unit
    Apply(Apply),
    /// Take the rules away without a trace; end `watch` first
    Remove(Common),
    /// Look whether the rules are in place and mean the running engine (exit 0 yes, 1 no, 2 cannot tell)
    Check(Common),
    /// Put the rules in place and keep them there until SIGTERM, which leaves them
    Watch(Watch),
}

#[derive(ClapArgs, Debug)]
struct Apply {
    #[command(flatten)]
    options: Options,
    /// Print the rules and change nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    common: Common,
}

#[derive(ClapArgs, Debug)]
struct Watch {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    state: State,
}

#[derive(ClapArgs, Debug)]
struct Common {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    state: State,
}

#[derive(ClapArgs, Debug)]
struct State {
    /// Where the plugin reads what is in place
    #[arg(long, default_value = paths::EGRESS, value_name = "FILE")]
    state_file: PathBuf,
}

/// # Errors
/// When the rules cannot be put in place, taken away or looked at; with the next step.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let code = runtime.block_on(async {
        match args.command {
            Command::Apply(args) => apply(args).await,
            Command::Remove(args) => remove(args).await,
            Command::Check(args) => check(args).await,
            Command::Watch(args) => watch(args).await,
        }
    });
    // A resolver that does not answer would hold the end of the command.
    runtime.shutdown_background();
    code
}

async fn apply(args: Apply) -> anyhow::Result<ExitCode> {
    args.options.check().map_err(anyhow::Error::msg)?;
    if !args.dry_run {
        root()?;
    }
    let mut registries = Registries::default();
    let unknown = registries.look_up(&args.options.containers_not_to).await;
    for warning in apply::warnings(&args.options, &unknown) {
        eprintln!("pullgate egress: {}", output::still(&warning));
    }
    let rules = apply::rules(&args.options, &registries)?;
    if args.dry_run {
        output::text(rules::render(&rules).trim_end())?;
        return Ok(ExitCode::SUCCESS);
    }
    let record = Record::lock(&args.common.state.state_file).await?;
    let applied = apply::put_in_place(&Nft::new(), &rules, &record).await?;
    let state = &applied.state;
    if args.common.json {
        output::line(&json!({
            "table": format!("inet {}", rules::TABLE), "cgroup": state.cgroup, "cgroup_id": state.cgroup_id,
            "containers": state.containers, "state_file": args.common.state.state_file,
            "counts_for_seconds": egress::SILENCE.as_secs(),
        }))?;
    } else {
        let containers = if state.containers { ", and for containers" } else { "" };
        let cgroup = state.cgroup.display();
        output::text(&format!("egress rules are in place for `{cgroup}` ({}){containers}", state.cgroup_id))?;
        eprintln!(
            "pullgate egress: the plugin believes it for {} s, and as long as `pullgate egress watch` runs",
            egress::SILENCE.as_secs()
        );
    }
    Ok(ExitCode::SUCCESS)
}

async fn remove(args: Common) -> anyhow::Result<ExitCode> {
    root()?;
    // The claim goes first.
    let record = Record::lock(&args.state.state_file).await?;
    let were = record.remove()?;
    let removed = match Nft::new().delete().await {
        // Where there is no such program and no claim, nobody has ever put rules in place.
        Err(EgressError::NoNft { .. }) if !were => false,
        result => {
            result?;
            were
        }
    };
    if args.json {
        output::line(&json!({ "removed": removed }))?;
    } else {
        output::text(if removed { "egress rules are removed" } else { "there were no egress rules" })?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn check(args: Common) -> anyhow::Result<ExitCode> {
    root()?;
    let look = check::look(&args.state.state_file).await?;
    let in_place = look.wrong.is_empty();
    if args.json {
        let state = look.state.as_ref();
        output::line(&json!({
            "in_place": in_place, "wrong": look.wrong,
            "cgroup": state.map(|state| &state.cgroup), "cgroup_id": state.map(|state| state.cgroup_id),
            "containers": state.is_some_and(|state| state.containers),
        }))?;
    } else if in_place {
        output::text("egress rules are in place")?;
    } else {
        output::text(&look.wrong.join("\n"))?;
    }
    Ok(ExitCode::from(u8::from(!in_place)))
}

async fn watch(args: Watch) -> anyhow::Result<ExitCode> {
    args.options.check().map_err(anyhow::Error::msg)?;
    root()?;
    watch::watch(args.options, args.state.state_file).await?;
    Ok(ExitCode::SUCCESS)
}

fn root() -> Result<(), EgressError> {
    if rustix::process::geteuid().is_root() { Ok(()) } else { Err(EgressError::NotRoot) }
}
