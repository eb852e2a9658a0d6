//! `pullgate request < FILE`: what the plugin understands of requests.

use std::{io, process::ExitCode};

use clap::Args as ClapArgs;
use policy::Action;
use serde_json::json;

use crate::{output, requests};

/// Show what the plugin understands of engine requests (authorization messages, one a line, on standard input)
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// # Errors
/// When standard input cannot be read.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    requests::read(io::stdin().lock(), |line| {
        let (action, images) = (&line.action, requests::images(&line.action));
        if args.json {
            let mut object = json!({ "action": action.word(), "images": images, "verdict": action.verdict() });
            if let (Action::Unverifiable(what), Some(object)) = (action, object.as_object_mut()) {
                object.insert("part".to_owned(), what.part.into());
                object.insert("advice".to_owned(), what.advice.into());
            }
            output::line(&object)
        } else {
            let why = match action {
                Action::Unverifiable(what) => what.part.to_owned(),
                Action::BringIn(way) => way.what.to_owned(),
                _ => images.join(" "),
            };
            output::text(&format!("{:>4}  {:<13} {:<14} {why}", line.number, action.verdict(), action.word()))
        }
    })?;
    Ok(ExitCode::SUCCESS)
}
