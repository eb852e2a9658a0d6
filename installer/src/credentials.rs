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
    /// Directory of Docker's `config.json` [default: $DOCKER_CONFIG, else ~/.docker, or that of the docker snap]
    #[arg(long, value_name = "DIR")]
    config_dir: Option<OsString>,
    /// The enrollment file
    #[arg(long, value_name = "FILE")]
    enrollment: Option<OsString>,
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
/// When the agent's program is not beside this one, nor on the `PATH`.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut words = vec![OsString::from("credentials")];
    words.extend(args.json.then(|| "--json".into()));
    let named = [
        ("--config-dir", &args.config_dir),
        ("--enrollment", &args.enrollment),
        ("--token-file", &args.token_file),
        ("--key", &args.key),
    ];
    words.extend(given(&named));
    become_agent(&words)
}

/// The options that were given, as they were given.
pub(crate) fn given(named: &[(&str, &Option<OsString>)]) -> Vec<OsString> {
    let given = named.iter().filter_map(|(name, value)| value.as_ref().map(|value| [name.into(), value.clone()]));
    given.flatten().collect()
}

/// This process becomes the agent's program.
pub(crate) fn become_agent(words: &[OsString]) -> anyhow::Result<ExitCode> {
    let agent = agent()?;
    let error = std::process::Command::new(&agent).args(words).exec();
    Err(error).with_context(|| format!("cannot run `{}`", agent.display()))
}

/// The agent's program.
pub(crate) fn agent() -> anyhow::Result<PathBuf> {
    Ok(lab::own("pullgated").or_else(|missing| lab::installed("pullgated", "pullgate").map_err(|_| missing))?)
}
