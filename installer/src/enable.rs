//! `pullgate enable`.

use std::process::ExitCode;

use clap::Args as ClapArgs;

/// Put the plugin back before its time
#[derive(ClapArgs, Debug)]
pub struct Args {}

/// # Errors
/// Always: it is not built yet.
pub fn run(_args: &Args) -> anyhow::Result<ExitCode> {
    anyhow::bail!("not built yet")
}
