//! Start and stop, in order.

use crate::config::Command;

/// Runs a command.
///
/// # Errors
/// When it cannot start; the text says what to do.
pub fn run(_command: &Command) -> anyhow::Result<()> {
    anyhow::bail!("not yet")
}
