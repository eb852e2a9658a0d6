//! `pullgate credentials`: whom the Docker credentials name (`pullgated credentials`).

use std::{ffi::OsString, process::ExitCode};

use clap::Args as ClapArgs;

use crate::agent;

/// Show whom the Docker credentials name, as the agent reads them; never a secret
#[derive(ClapArgs, Debug)]
pub struct Args {
    #[command(flatten)]
    agent: agent::Options,
    /// A file with one access token, which the agent uses instead [default: $PULLGATE_TOKEN_FILE, else none]
    #[arg(long, value_name = "FILE")]
    token_file: Option<OsString>,
    /// Registry or service whose sign-in is looked for [default: the enrolled service, else Docker Hub]
    #[arg(long, value_name = "KEY")]
    key: Option<OsString>,
}

/// Does not come back unless it fails.
///
/// # Errors
/// When the agent's program cannot be run.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    args.agent.become_agent("credentials", &[("--token-file", &args.token_file), ("--key", &args.key)])
}
