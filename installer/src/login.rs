//! `pullgate login`: a sign-in with the organization's identity provider.
//!
//! As with `pullgate credentials`, this command becomes the agent's own (`pullgated login`): one program reads and
//! writes the credentials, and knows the way to the service.

use std::{ffi::OsString, process::ExitCode};

use clap::Args as ClapArgs;

use crate::credentials::{become_agent, given};

/// Sign in with the organization's identity provider, and keep the access token where `docker login` would
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Print one JSON object with the page and the code, and one with the outcome
    #[arg(long)]
    json: bool,
    /// Directory of Docker's `config.json` [default: $DOCKER_CONFIG, else ~/.docker]
    #[arg(long, value_name = "DIR")]
    config_dir: Option<OsString>,
    /// The enrollment file
    #[arg(long, value_name = "FILE")]
    enrollment: Option<OsString>,
}

/// Does not come back unless it fails.
///
/// # Errors
/// When the agent's program is not beside this one, nor on the `PATH`.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut words = vec![OsString::from("login")];
    words.extend(args.json.then(|| "--json".into()));
    words.extend(given(&[("--config-dir", &args.config_dir), ("--enrollment", &args.enrollment)]));
    become_agent(&words)
}
