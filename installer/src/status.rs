//! `pullgate status`: what is configured and what was proved on this machine.

pub(crate) mod coverage;
pub(crate) mod disabled;
pub(crate) mod door;
pub(crate) mod engine;
mod health;
mod json;
pub(crate) mod others;
pub(crate) mod probe;
pub(crate) mod seen;
mod view;
mod watch;

use std::{path::PathBuf, process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::Args as ClapArgs;
use proto::{control::StatusRequest, enrollment, paths};
use tokio::runtime::Runtime;

use self::{coverage::Facts, door::Setup, others::Engines, seen::Seen};
use crate::{
    agent,
    machine::{Door, Engine, Machine},
    output, when,
};

/// For an engine's answers where the plugin does not answer.
const WITHOUT_PLUGIN: Duration = Duration::from_secs(3);

/// Show whether policies are enforced here and why not, who is signed in, and what was proved of each way in
///
/// The first line is the answer, with the root of what is wrong and the next step. Sends the engine probes, which
/// fetch nothing: a pull and a plugin from `pullgate.invalid`, which the plugin refuses, and pulls, a plugin and builds
/// from `door.pullgate.invalid` and `127.0.0.1:1`, which the registry door refuses. Exit code 0 enforced, 1 not
/// enforced, 2 cannot tell.
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Print one JSON object; with --watch one a line
    #[arg(long)]
    json: bool,
    /// Go on, and show it again whenever something changes, until interrupted
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    machine: Machine,
    #[command(flatten)]
    engine: Engine,
    #[command(flatten)]
    door: Door,
    /// The enrollment file
    #[arg(long, default_value = paths::ENROLLMENT, value_name = "FILE")]
    enrollment: PathBuf,
    /// Ask the engine nothing; then nothing is proved
    #[arg(long)]
    no_probe: bool,
}

/// Exit code 0 when it is enforced, 1 when it is not, 2 when this user cannot tell.
///
/// # Errors
/// When it cannot look at all.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let runtime = Runtime::new().context("cannot start")?;
    let result = runtime.block_on(async {
        if args.watch {
            watch::run(args).await?;
            return Ok(ExitCode::SUCCESS);
        }
        let seen = look(args, None).await;
        let ways = seen.ways();
        let health = seen.health(&ways);
        match args.json {
            true => output::line(&json::object(&seen, &health, &ways))?,
            false => output::show(&view::text(&seen, &health, &ways))?,
        }
        Ok(ExitCode::from(health.verdict.exit_code()))
    });
    runtime.shutdown_background();
    result
}

/// Looks at everything; `engine`: what was proved before, if it need not be proved again.
pub(crate) async fn look(args: &Args, engine: Option<Facts>) -> Seen {
    let plugin = args.machine.question(async |mut plugin| plugin.status(StatusRequest {}).await).await;
    let plugin = plugin.map(tonic::Response::into_inner).map_err(|error| error.why());
    let enrollment = enrollment::read(&args.enrollment).ok();
    let door = match &plugin {
        Ok(status) => Setup::of(status, &args.door.door_settings),
        Err(_) => {
            let expected = enrollment.as_ref().is_some_and(|enrollment| enrollment.registry_door);
            Setup::unknown(expected, &args.door.door_settings)
        }
    };
    let engines = Engines::look(&args.engine.engine_socket);
    let engine = match engine {
        Some(facts) => facts,
        None if args.no_probe => Facts::unknown("not asked (--no-probe)"),
        // An engine that asks waits fifteen seconds for a plugin that is gone, with every answer.
        None if plugin.is_err() => {
            let asked = engine::facts(&args.engine.engine_socket, &door.probe_keys);
            let why = "the engine does not answer, as one that waits for its plugin";
            tokio::time::timeout(WITHOUT_PLUGIN, asked).await.unwrap_or_else(|_| Facts::unknown(why))
        }
        None => {
            let asked = engine::facts(&args.engine.engine_socket, &door.probe_keys);
            // A screen that is drawn again and again says it by itself.
            if args.watch { asked.await } else { output::patiently("probing the engine", asked).await }
        }
    };
    let engine = Facts { named: engines.names_the_plugin(), ..engine };
    Seen {
        plugin,
        engine,
        engines,
        door,
        disabled: disabled::Seen::look(std::path::Path::new(disabled::FILE)),
        agent: agent::of_this_user(args.machine.control_socket()),
        login_host: enrollment.map(|enrollment| enrollment.login_host().to_owned()).unwrap_or_default(),
        now_ms: when::now_ms(),
    }
}

/// Names of the builds that an engine remembers: a probe is not among them afterwards.
///
/// # Errors
/// When it cannot be asked.
pub async fn build_history(engine_socket: &std::path::Path) -> Result<Vec<String>, String> {
    probe::buildkit::history(engine_socket).await
}

/// Has an engine's BuildKit resolve `image` as the program that reads a Dockerfile, over HTTP/2 from the first byte: engines
/// from 29.2 take that, and ask no plugin. What BuildKit says when it cannot, if it cannot.
///
/// # Errors
/// When the engine does not speak it, or cannot be asked.
pub async fn resolve_natively(
    engine_socket: &std::path::Path,
    build: &str,
    image: &str,
) -> Result<Option<String>, String> {
    use probe::buildkit::{Solved, Transport, resolve};
    match resolve(engine_socket, Transport::Native, build, image).await? {
        Solved::Failed(why) => Ok(Some(why)),
        Solved::Done => Ok(None),
        Solved::Refused(answer) => Err(format!("it answers {}", answer.status)),
    }
}

#[cfg(test)]
mod tests;
