//! `pullgate request < FILE`: what the plugin understands of requests.

use std::{io, process::ExitCode};

use clap::Args as ClapArgs;
use policy::Action;
use serde_json::{Value, json};

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
        let action = &line.action;
        if args.json { output::line(&object(action)) } else { output::text(&text(line.number, action)) }
    })?;
    Ok(ExitCode::SUCCESS)
}

fn object(action: &Action) -> Value {
    let mut object = json!({
        "action": action.word(),
        "images": requests::images(action),
        "uses": requests::uses(action),
        "verdict": action.verdict(),
    });
    match action {
        Action::Unverifiable(what) => {
            object["part"] = what.part.into();
            object["advice"] = what.advice.into();
        }
        Action::Governed(governed) => {
            object["reach"] = governed.reach.iter().map(|reach| reach.word).collect();
            object["paths"] = governed.paths.iter().map(|path| path.path.as_str()).collect();
        }
        Action::NotGoverned(_) => {}
    }
    object
}

fn text(number: usize, action: &Action) -> String {
    let why = match action {
        Action::Unverifiable(what) => what.part.to_owned(),
        _ => [requests::images(action), requests::uses(action)].concat().join(" "),
    };
    format!("{number:>4}  {:<13} {:<14} {why}", action.verdict(), action.word())
}
