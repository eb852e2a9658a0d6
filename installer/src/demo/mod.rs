//! `pullgate demo`: the whole product at work on a real engine, in a laboratory of its own.
//!
//! The steps are in [`mod@story`], how they are printed in [`report`].

mod report;
mod story;

use std::{io, path::PathBuf, process::ExitCode, time::Instant};

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use self::report::Report;
use crate::lab::{Options, Workstation};

/// See pullgate work: a real engine, a registry and the policy service, all throw-away.
///
/// Exits 0 when every step held, 1 when one did not, 2 when it could not be shown.
#[derive(clap::Args)]
pub struct Args {
    /// Leave it running and print how to use it.
    #[arg(long)]
    keep: bool,
    /// One JSON object a step, at the end {"steps":N,"failed":N}.
    #[arg(long)]
    json: bool,
    /// The `dockerd` to run; the installed one unless given.
    #[arg(long, value_name = "PATH")]
    engine: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// When the laboratory cannot be set up: not root, a program missing, a part that does not start.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            result = show(&args) => result,
            code = stopped(&mut interrupt, 130) => Ok(code),
            code = stopped(&mut terminate, 143) => Ok(code),
        }
    })
}

/// Dropping the story's future is what ends everything.
async fn stopped(signal: &mut Signal, code: u8) -> ExitCode {
    signal.recv().await;
    eprintln!("stopped; ending everything that was started");
    ExitCode::from(code)
}

async fn show(args: &Args) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let mut report = Report::new(args.json);
    let mut usage = None;
    let broken = story(args, started, &mut report, &mut usage).await.err();
    report.summary(started.elapsed(), broken.is_some())?;
    if let Some(usage) = usage {
        // Standard error: with `--json`, standard output is for programs.
        io::Write::write_all(&mut io::stderr(), usage.as_bytes())?;
    }
    match broken {
        Some(error) => Err(error),
        None if report.failed() == 0 => Ok(ExitCode::SUCCESS),
        None => Ok(ExitCode::FAILURE),
    }
}

/// Everything between the first start and the last end. Says how to use what is kept.
async fn story(args: &Args, started: Instant, report: &mut Report, usage: &mut Option<String>) -> anyhow::Result<()> {
    let options = Options { dockerd: args.engine.clone(), ..Options::default() };
    let workstation = Workstation::start(&options).await.context("the demo could not be set up")?;
    let told = story::tell(&workstation, started, report).await.context("the demo broke off");
    if args.keep {
        let stop = workstation.lab.keep().context("it could not be left running")?;
        *usage = Some(report::usage(&workstation, stop));
    }
    told
}
