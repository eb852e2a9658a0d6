//! The `pullgate` command: parses what was typed, runs it, says what went wrong.

use std::process::ExitCode;

use installer::{cli::Cli, output};
use serde_json::json;

/// What a command exits with when it could not do its work.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    Cli::read().run().unwrap_or_else(|error| {
        let why = format!("{error:#}");
        // Whoever reads objects reads one of every end.
        if std::env::args_os().take_while(|word| word != "--").any(|word| word == "--json") {
            let _ = output::line(&json!({ "result": "failed", "why": why }));
        }
        output::complain(&why);
        ExitCode::from(FAILED)
    })
}
