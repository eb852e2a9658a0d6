//! `pullgate login`: a sign-in with the organization's identity provider (`pullgated login`).

use std::process::ExitCode;

use clap::Args as ClapArgs;

use crate::agent;

/// Sign in with the organization's identity provider, and keep the access token where `docker login` would
#[derive(ClapArgs, Debug)]
pub struct Args {
    #[command(flatten)]
    agent: agent::Options,
}

/// Does not come back unless it fails.
///
/// # Errors
/// When the agent's program cannot be run.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    args.agent.become_agent("login", &[])
}
