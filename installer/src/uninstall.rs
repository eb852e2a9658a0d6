//! `pullgate uninstall`.

use std::process::ExitCode;

use clap::Args as ClapArgs;

/// Take pullgate away: the engine first, then the rest
#[derive(ClapArgs, Debug)]
pub struct Args {}

/// # Errors
/// Always: it is not built yet.
pub fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
