//! `pullgate bugreport`.

use std::process::ExitCode;

use clap::Args as ClapArgs;

/// Write an archive for whoever is asked for help; secrets are left out
#[derive(ClapArgs, Debug)]
pub struct Args {}

/// # Errors
/// Always: it is not built yet.
pub fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
