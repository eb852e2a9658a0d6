//! `pullgate request-access`.

use std::process::ExitCode;

use clap::Args as ClapArgs;

/// Ask the organization's owners for an image
#[derive(ClapArgs, Debug)]
pub struct Args {}

/// # Errors
/// Always: it is not built yet.
pub fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
