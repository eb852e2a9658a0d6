//! `pullgate credentials`: whom the Docker credentials name.
//!
//! The agent reads them, and nobody else: this command becomes the agent's own
//! (`pullgated credentials`), so that what it shows is what counts.

use std::{ffi::OsString, os::unix::process::CommandExt as _, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Args as ClapArgs;

use crate::lab;

/// Show whom the Docker credentials name, as the agent reads them; never a secret
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Directory of Docker's `config.json` [default: $DOCKER_CONFIG, else ~/.docker]
    #[arg(long, value_name = "DIR")]
    config_dir: Option<OsString>,
    /// The enrollment file
    #[arg(long, value_name = "FILE")]
    enrollment: Option<OsString>,
    /// Registry or service whose sign-in is looked for [default: the enrolled service, else Docker Hub]
    #[arg(long, value_name = "KEY")]
    key: Option<OsString>,
}

/// Does not come back unless it fails.
///
/// # Errors
/// When the agent's program is not beside this one, nor on the `PATH`.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let agent = agent()?;
    let mut command = std::process::Command::new(&agent);
    command.arg("credentials");
    if args.json {
        command.arg("--json");
    }
    for (name, value) in [("--config-dir", &args.config_dir), ("--enrollment", &args.enrollment), ("--key", &args.key)]
    {
        command.args(value.iter().flat_map(|value| [OsString::from(name), value.clone()]));
    }
    Err(command.exec()).with_context(|| format!("cannot run `{}`", agent.display()))
}

/// The agent's program: beside this one, else on the `PATH`.
pub(crate) fn agent() -> anyhow::Result<PathBuf> {
    Ok(lab::own("pullgated").or_else(|missing| lab::installed("pullgated", "pullgate").map_err(|_| missing))?)
}
