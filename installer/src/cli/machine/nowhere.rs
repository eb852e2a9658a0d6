//! Nothing looks after a machine with an engine on it where engines do not run.

use std::process::ExitCode;

use clap::Subcommand;

#[derive(Subcommand)]
pub(super) enum Command {}

impl Command {
    /// # Errors
    /// None.
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        match self {}
    }
}
