//! What a console says.

use std::io;

use tokio::signal::windows::{ctrl_break, ctrl_c};

/// From now on, until Ctrl-C or Ctrl-Break.
///
/// # Errors
/// What the system says.
pub(super) fn interrupted() -> io::Result<impl Future<Output = ()>> {
    let (mut interrupt, mut interrupt_alone) = (ctrl_c()?, ctrl_break()?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = interrupt_alone.recv() => {}
        }
    })
}

/// It shows when something is written.
pub(super) fn nobody_reads() -> bool {
    false
}
