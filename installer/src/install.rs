//! `pullgate install`.

use std::process::ExitCode;

use clap::Args as ClapArgs;

/// Put pullgate in front of the engines of this machine: plan, apply step by step, prove, or undo
#[derive(ClapArgs, Debug)]
pub struct Args {}

/// # Errors
/// Always: it is not built yet.
pub fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
