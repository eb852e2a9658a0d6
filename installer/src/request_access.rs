//! `pullgate request-access`: asks the organization for an image (`pullgated request-access`).

use std::{ffi::OsString, process::ExitCode};

use anyhow::bail;
use clap::{ArgGroup, Args as ClapArgs};
use policy::ImageRef;

use crate::agent;

/// Ask the organization that refuses an image to allow it, and see the answer
///
/// The organization's owners see the request and your reason. Once they allow it, the next pull works.
#[derive(ClapArgs, Debug)]
#[command(group = ArgGroup::new("what").required(true))]
pub struct Args {
    /// As you would type it behind `docker pull`; without a tag, the whole repository
    #[arg(group = "what", requires = "reason")]
    image: Option<String>,
    /// Why you need it; whoever decides reads it (at most 500 characters)
    #[arg(long, value_name = "TEXT", requires = "image")]
    reason: Option<OsString>,
    /// The refusal that it is about, as its text names it (`decision 01J9...`)
    #[arg(long, value_name = "ID", requires = "image")]
    decision: Option<OsString>,
    /// Show what you asked for, and the answers
    #[arg(long, group = "what")]
    list: bool,
    /// Take a request back that waits
    #[arg(long, value_name = "ID", group = "what")]
    withdraw: Option<OsString>,
    /// The plugin's control socket
    #[arg(long, env = "PULLGATE_CONTROL_SOCKET", value_name = "PATH")]
    control_socket: Option<OsString>,
    #[command(flatten)]
    agent: agent::Options,
}

/// Does not come back unless it fails.
///
/// # Errors
/// When the image is none, or the agent's program cannot be run.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    // Seen before anybody signs in.
    if let Some(Err(error)) = args.image.as_deref().map(ImageRef::parse_any) {
        bail!("`{}` is no image reference: {error}", args.image.as_deref().unwrap_or_default());
    }
    let valued = [
        ("--reason", &args.reason),
        ("--decision", &args.decision),
        ("--withdraw", &args.withdraw),
        ("--control-socket", &args.control_socket),
    ];
    let mut words: Vec<OsString> = Vec::new();
    for (name, value) in valued {
        // One word: a reason may begin with a dash.
        words.extend(value.as_ref().map(|value| {
            let mut word = OsString::from(format!("{name}="));
            word.push(value);
            word
        }));
    }
    words.extend(args.list.then(|| OsString::from("--list")));
    // No reference begins with a dash, so nothing can be mistaken for an option.
    words.extend(args.image.as_ref().map(OsString::from));
    args.agent.become_agent_with("request-access", &words)
}
