//! `pullgate disable`.

use std::process::ExitCode;

use clap::Args as ClapArgs;

/// Take the plugin out of the engine for a time, so that Docker works whatever is wrong with it
#[derive(ClapArgs, Debug)]
pub struct Args {}

/// # Errors
/// Always: it is not built yet.
pub fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
