//! `pullgate engine-config`.

use std::process::ExitCode;

use clap::Args as ClapArgs;

/// Print what install would make of an engine's `daemon.json`; changes nothing
#[derive(ClapArgs, Debug)]
pub struct Args {}

/// # Errors
/// Always: it is not built yet.
pub fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
