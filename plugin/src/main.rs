//! `pullgate-plugin`: wiring only.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser as _;
use plugin::{app, config::Config};

fn main() -> ExitCode {
    let config = Config::parse();
    let Err(error) = app::run(&config) else { return ExitCode::SUCCESS };
    // Nobody may be reading; the exit code says it too.
    let _ = writeln!(io::stderr(), "pullgate-plugin: {}", proto::chain(&*error));
    ExitCode::FAILURE
}
