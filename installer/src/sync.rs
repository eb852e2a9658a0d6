//! `pullgate sync`.

use std::process::ExitCode;

use clap::Args as ClapArgs;

/// Ask the agent to compare with the policy service now, and wait for what is in force
#[derive(ClapArgs, Debug)]
pub struct Args {}

/// # Errors
/// Always: it is not built yet.
pub fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
