//! `pullgate doctor`: why does it not work, and what is the next step.
//!
//! Looks at everything between a developer's sign-in and a refused pull, one after the other. `facts`
//! asks, `findings` judges.

mod facts;
mod findings;
pub(crate) mod look;

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Args as ClapArgs;
use proto::{paths, sign_in::Paths};
use serde_json::json;

use self::findings::{Finding, State};
use crate::{
    machine::{Door, Engine, Machine},
    output::{self, Text, Tone},
};

/// Look for what keeps sign-in and policy from working on this machine, and say the next step
///
/// Looks at the administrator's files, the plugin and its socket, the engine, its configuration and what is known
/// against its release, the registry door, the policy service, its certificate and the clock, the Docker credentials,
/// the agent, and who is root through the engine's socket. Changes nothing, and shows no secret. Sends the engine the
/// probes of `pullgate status`. Exit code 0 nothing is wrong, 1 something is.
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Print one JSON object a finding
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    engine: Engine,
    #[command(flatten)]
    door: Door,
    /// The enrollment file
    #[arg(long, default_value = paths::ENROLLMENT, value_name = "FILE")]
    enrollment: PathBuf,
    /// Docker's own file that enforces sign-in
    #[arg(long, default_value = paths::REGISTRY_JSON, value_name = "FILE")]
    registry_json: PathBuf,
    /// The plugin's socket for engines
    #[arg(long, default_value = paths::PLUGIN_SOCKET, value_name = "PATH")]
    plugin_socket: PathBuf,
    /// Directory of Docker's `config.json` [default: $DOCKER_CONFIG, else ~/.docker]
    #[arg(long, value_name = "DIR")]
    config_dir: Option<OsString>,
}

/// Exit code 0 when nothing is wrong, 1 when something is.
///
/// # Errors
/// When it cannot look at all.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let places = facts::Places {
        control_socket: args.machine.control_socket().to_owned(),
        plugin_socket: args.plugin_socket.clone(),
        files: Paths { enrollment: args.enrollment.clone(), registry_json: args.registry_json.clone() },
        engine: args.engine.engine_socket.clone(),
        config_dir: args.config_dir.clone(),
        door: args.door.clone(),
    };
    let status = args.machine.ask(async |mut plugin| plugin.status(proto::control::StatusRequest {}).await);
    let runtime = tokio::runtime::Runtime::new().context("cannot start")?;
    let facts = runtime.block_on(facts::look(&places, status.map(tonic::Response::into_inner)));
    // A resolver that does not answer would hold the end of the command for half a minute.
    runtime.shutdown_background();
    let findings = findings::findings(&facts);
    for finding in &findings {
        if args.json { output::line(&to_json(finding))? } else { output::show(&to_text(finding))? }
    }
    let wrong = findings.iter().any(|finding| finding.state == State::Wrong);
    Ok(ExitCode::from(u8::from(wrong)))
}

fn to_json(finding: &Finding) -> serde_json::Value {
    json!({ "check": finding.check, "state": finding.state.code(), "what": finding.what, "next": finding.next })
}

fn to_text(finding: &Finding) -> Text {
    let (tone, mark) = match finding.state {
        State::Good => (Tone::Good, "ok"),
        State::Notice => (Tone::Warn, "notice"),
        State::Wrong => (Tone::Bad, "wrong"),
    };
    let mut text = Text::new();
    text.push(tone, format!("{mark:<7}")).plain(format!("{:<15} {}", finding.check, finding.what));
    if !finding.next.is_empty() {
        text.push(Tone::Strong, format!("\n{:23}-> ", "")).plain(finding.next.clone());
    }
    text
}
