//! The `pullgate` command: parses what was typed, runs it, says what went wrong.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use installer::{check, credentials, decide, demo, doctor, egress, image, login, output, request, status};

/// What a command exits with when it could not do its work.
const FAILED: u8 = 2;

/// Image Access Management for Docker Engine.
#[derive(Parser)]
#[command(name = "pullgate", version, arg_required_else_help = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Demo(demo::Args),
    Check(check::Args),
    Status(status::Args),
    Doctor(doctor::Args),
    Egress(egress::Args),
    Credentials(credentials::Args),
    Login(login::Args),
    Image(image::Args),
    Request(request::Args),
    Decide(decide::Args),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Demo(args) => demo::run(args),
        Command::Check(args) => check::run(&args),
        Command::Status(args) => status::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Egress(args) => egress::run(args),
        Command::Credentials(args) => credentials::run(&args),
        Command::Login(args) => login::run(&args),
        Command::Image(args) => image::run(&args),
        Command::Request(args) => request::run(&args),
        Command::Decide(args) => decide::run(&args),
    };
    result.unwrap_or_else(|error| {
        eprintln!("pullgate: {}", output::still(&format!("{error:#}")));
        ExitCode::from(FAILED)
    })
}
