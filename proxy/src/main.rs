//! `pullgate-proxy`: wiring only.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Parser as _;
use proxy::{app, config::Command};

fn main() -> ExitCode {
    let Err(error) = app::run(&Command::parse()) else { return ExitCode::SUCCESS };
    // Nobody may be reading; the exit code says it too.
    let _ = writeln!(io::stderr(), "pullgate-proxy: {}", proto::chain(&*error));
    ExitCode::FAILURE
}
