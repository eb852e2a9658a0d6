//! Whether somebody agrees, and what commands that change engines have in common.

use std::io::{BufRead as _, IsTerminal as _, Write as _};

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

/// Tells a step on a terminal.
pub fn progress(text: &str) {
    if std::io::stderr().is_terminal() {
        crate::output::complain(text);
    }
}

/// What is made for everybody to read is so, however closed the umask of whoever calls: a door and agents of other users
/// are to read it.
pub fn for_everybody() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
}
