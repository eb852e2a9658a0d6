//! `pullgate check IMAGE...`: would a pull be allowed here, and why.

use std::process::ExitCode;

use clap::Args as ClapArgs;
use proto::control::{CheckRequest, CheckedImage};
use serde_json::json;

use crate::{machine::Machine, output};

/// Ask this machine's plugin whether images may be pulled, and why (exit 0 allowed, 1 denied, 2 cannot tell)
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// References as you would type them behind `docker pull`
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<String>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    machine: Machine,
}

/// # Errors
/// When the plugin cannot be asked; the caller's exit code for errors is 2, "cannot tell".
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let images = args.images.clone();
    let answer = args.machine.ask(async |mut plugin| plugin.check(CheckRequest { images }).await)?.into_inner();
    let mut code = 0;
    for checked in &answer.images {
        let cannot_tell = checked.image.is_empty();
        code = code.max(if cannot_tell { 2 } else { u8::from(!checked.allowed) });
        if args.json {
            output::line(&json!({
                "input": checked.input,
                "image": checked.image,
                "effect": if checked.allowed { "allow" } else { "deny" },
                "reason": checked.reason,
                "category": checked.category,
                "organization": checked.organization,
                "rule": checked.rule,
                "would_deny": checked.would_deny,
                "text": checked.text,
            }))?;
        } else {
            output::text(&describe(checked))?;
        }
    }
    Ok(ExitCode::from(code))
}

fn describe(checked: &CheckedImage) -> String {
    if checked.image.is_empty() {
        return format!("{}: not an image reference: {}", checked.input, checked.text);
    }
    let answer = match (checked.allowed, checked.would_deny) {
        (true, false) => "allowed",
        (true, true) => "allowed (monitor mode; would be denied)",
        (false, _) => "denied",
    };
    let mut text = format!("{}: {answer} ({}", checked.image, checked.reason);
    for (name, value) in
        [("category", &checked.category), ("organization", &checked.organization), ("rule", &checked.rule)]
    {
        if !value.is_empty() {
            text.push_str(&format!(", {name} {value}"));
        }
    }
    text.push(')');
    for line in checked.text.lines() {
        text.push_str("\n  ");
        text.push_str(line);
    }
    text
}
