//! The `pullgate` command: parses what was typed, runs it, says what went wrong.

use std::process::ExitCode;

use installer::{cli::Cli, output};

/// What a command exits with when it could not do its work.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    Cli::read().run().unwrap_or_else(|error| {
        output::complain(&format!("{error:#}"));
        ExitCode::from(FAILED)
    })
}
