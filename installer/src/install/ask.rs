//! Whether somebody agrees, and what commands that change engines have in common.

use std::{
    io::{BufRead as _, IsTerminal as _, Write as _},
    path::Path,
    process::ExitCode,
};

use serde_json::{Value, json};

use crate::{output, systemd::Systemd};

/// Nothing was changed, since it would not have been safe, or nobody agreed.
pub const REFUSED: u8 = 3;
/// It failed, and everything is as before.
pub const UNDONE: u8 = 4;

/// What somebody said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Agreed {
    /// Go on.
    Yes,
    /// Do not.
    No,
    /// There is nobody to ask.
    NobodyThere,
}

/// Asks, where there is a terminal to ask on.
///
/// # Errors
/// When the terminal cannot be read.
pub fn agreed(yes: bool, question: &str) -> std::io::Result<Agreed> {
    if yes {
        return Ok(Agreed::Yes);
    }
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(Agreed::NobodyThere);
    }
    let mut stderr = std::io::stderr();
    write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush())?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    Ok(if matches!(answer.trim(), "y" | "Y" | "yes") { Agreed::Yes } else { Agreed::No })
}

/// Asks, and says what becomes of an answer that is no yes; none: go on.
///
/// # Errors
/// When the terminal cannot be read or written.
pub fn declined(yes: bool, json: bool, more: &Value) -> std::io::Result<Option<ExitCode>> {
    let why = match agreed(yes, "do this?")? {
        Agreed::Yes => return Ok(None),
        Agreed::No => "nobody agreed",
        Agreed::NobodyThere => "there is no terminal to ask on; `--yes` agrees",
    };
    refused_with(json, why, more).map(Some)
}

/// Says that nothing was changed, and why.
///
/// # Errors
/// When it cannot be written.
pub fn refused(json: bool, why: &str) -> std::io::Result<ExitCode> {
    refused_with(json, why, &json!({}))
}

/// The same, with more for programs.
///
/// # Errors
/// When it cannot be written.
pub fn refused_with(json: bool, why: &str, more: &Value) -> std::io::Result<ExitCode> {
    if json {
        let mut object = more.clone();
        (object["result"], object["why"]) = ("refused".into(), why.into());
        output::line(&object)?;
    }
    output::complain(&format!("nothing was changed: {why}"));
    Ok(ExitCode::from(REFUSED))
}

/// The service manager, for whoever may change what it runs.
///
/// # Errors
/// Why not, with what else can be done.
pub fn systemd_of_root(root: &Path) -> Result<Systemd, &'static str> {
    if !rustix::process::geteuid().is_root() {
        return Err("only root may do this; run it with `sudo`");
    }
    Systemd::of(root).ok_or(
        "this machine was not started by systemd; by hand: put `pullgate` into `authorization-plugins` of the engine's \
         `daemon.json` or take it out, and send the engine SIGHUP (`kill -HUP $(pidof dockerd)`)",
    )
}

/// What is made for everybody to read is so, however closed the umask of whoever calls: a door and agents of other users
/// are to read it.
pub fn for_everybody() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
}
