//! `pullgate image REF...`: how the engine reads image references.

use std::process::ExitCode;

use clap::Args as ClapArgs;
use policy::{ImageRef, RefError};
use serde_json::{Value, json};

use crate::output;

/// Show how Docker Engine reads image references
#[derive(ClapArgs, Debug)]
pub struct Args {
    /// References as you would type them behind `docker pull`
    #[arg(required = true, value_name = "REF")]
    references: Vec<String>,
    /// Print one JSON object a line
    #[arg(long)]
    json: bool,
}

/// Exit code 0 when every reference is one, 1 when one is not.
///
/// # Errors
/// When the output cannot be written.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut all_good = true;
    for input in &args.references {
        let read = ImageRef::parse_any(input).map(ImageRef::or_latest);
        all_good &= read.is_ok();
        if args.json {
            output::line(&to_json(input, &read))?;
        } else {
            output::text(&to_text(input, &read))?;
        }
    }
    Ok(ExitCode::from(u8::from(!all_good)))
}

/// `host` is the engine's, letter case and port kept; `registry` and `path_in_registry` are where
/// the image really is, with every name of Docker Hub as `docker.io`.
fn to_json(input: &str, read: &Result<ImageRef, RefError>) -> Value {
    match read {
        Ok(image) => {
            let place = image.place();
            json!({
                "input": input,
                "normalized": image.as_str(),
                "host": image.host(),
                "path": image.path(),
                "tag": image.tag().unwrap_or_default(),
                "digest": image.digest().unwrap_or_default(),
                "registry": place.host,
                "path_in_registry": place.path,
            })
        }
        Err(error) => json!({ "input": input, "error": error.code(), "detail": error.to_string() }),
    }
}

fn to_text(input: &str, read: &Result<ImageRef, RefError>) -> String {
    match read {
        Ok(image) => format!("{input}\n  {image}"),
        Err(error) => format!("{input}\n  not an image reference: {error} ({})", error.code()),
    }
}
