//! `pullgate records`.

use std::process::ExitCode;

use clap::Args as ClapArgs;

/// Show what the plugin decided lately on this machine
#[derive(ClapArgs, Debug)]
pub struct Args {}

/// # Errors
/// Always: it is not built yet.
pub fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
