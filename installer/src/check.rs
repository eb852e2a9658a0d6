//! `pullgate check IMAGE...`: would a pull be allowed here, why, and what else would be.

mod nearest;
mod official;
mod view;

use std::{
    io::{self, Read as _},
    process::ExitCode,
};

use anyhow::Context as _;
use clap::Args as ClapArgs;
use proto::control::{CheckRequest, CheckedImage};
use serde_json::json;

use self::nearest::Nearest;
use crate::{machine::Machine, output};

/// Most images that the plugin takes at once.
const AT_ONCE: usize = 256;
/// Longest standard input, in bytes.
const MAX_INPUT: u64 = 1 << 20;

/// Ask this machine's plugin whether images may be pulled, and why; nothing is pulled
///
/// Says the kind of image, who decides and by which rule, what of the same name would be allowed, and how to ask for it.
/// Exit code 0 when all are allowed, 1 when some are refused, 2 when something is no image reference or the plugin
/// cannot be asked.
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// References as you would type them behind `docker pull`; `-`: one a line on standard input
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
    let mut code = 0;
    let images = images(&args.images)?;
    anyhow::ensure!(!images.is_empty(), "there is no image on standard input; write one a line");
    let answers = ask(args, &images)?;
    let refused: Vec<&CheckedImage> = answers.iter().filter(|checked| is_refused(checked)).collect();
    let candidates: Vec<String> = refused.iter().flat_map(|checked| nearest::candidates(checked)).collect();
    let judged = ask(args, &candidates)?;
    for checked in &answers {
        let cannot_tell = checked.image.is_empty();
        code = code.max(if cannot_tell { 2 } else { u8::from(!checked.allowed) });
        let nearest = if is_refused(checked) { nearest::nearest(checked, &judged) } else { Vec::new() };
        match args.json {
            true => output::line(&to_json(checked, &nearest))?,
            false => output::show(&view::text(checked, &nearest))?,
        }
    }
    Ok(ExitCode::from(code))
}

/// What was typed, and what standard input says in place of `-`.
fn images(typed: &[String]) -> anyhow::Result<Vec<String>> {
    let mut images = Vec::new();
    for image in typed {
        if image == "-" {
            let mut text = String::new();
            let read = io::stdin().lock().take(MAX_INPUT + 1).read_to_string(&mut text);
            anyhow::ensure!(
                read.context("standard input cannot be read")? as u64 <= MAX_INPUT,
                "standard input has more than {MAX_INPUT} bytes; ask in parts"
            );
            images.extend(lines(&text));
        } else {
            images.push(image.clone());
        }
    }
    Ok(images)
}

/// One a line; empty ones and those that begin with `#` do not count.
fn lines(text: &str) -> impl Iterator<Item = String> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(str::to_owned)
}

fn ask(args: &Args, images: &[String]) -> anyhow::Result<Vec<CheckedImage>> {
    let mut answers = Vec::new();
    for images in images.chunks(AT_ONCE) {
        let request = CheckRequest { images: images.to_vec() };
        answers.extend(args.machine.ask(async |mut plugin| plugin.check(request).await)?.into_inner().images);
    }
    Ok(answers)
}

/// Refused, or it would be.
fn is_refused(checked: &CheckedImage) -> bool {
    !checked.image.is_empty() && (!checked.allowed || checked.would_deny)
}

fn to_json(checked: &CheckedImage, nearest: &[Nearest]) -> serde_json::Value {
    json!({
        "input": checked.input,
        "image": checked.image,
        "effect": if checked.allowed { "allow" } else { "deny" },
        "reason": checked.reason,
        "why": view::why(checked),
        "category": checked.category,
        "organization": checked.organization,
        "generation": checked.generation,
        "mode": checked.mode,
        "rule": checked.rule,
        "rule_id": checked.rule_id,
        "rule_reason": checked.rule_reason,
        "rule_expires_at": checked.rule_expires_at,
        "would_deny": checked.would_deny,
        "nearest": nearest.iter().map(|near| json!({ "image": near.image, "kind": near.kind.code() })).collect::<Vec<_>>(),
        "request_url": checked.request_url,
        "request_email": checked.request_email,
        "text": checked.text,
    })
}

#[cfg(test)]
mod tests;
