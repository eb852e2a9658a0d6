//! The word that a process has to end.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// SIGTERM and SIGINT, from now on.
#[derive(Debug)]
pub struct StopSignals(Signal, Signal);

impl StopSignals {
    /// Must be called within the runtime, and before anything is accepted or anybody is told that this process is ready:
    /// unheeded, they end the process at once.
    ///
    /// # Errors
    /// The system's.
    pub fn heed() -> io::Result<Self> {
        Ok(Self(signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?))
    }

    /// Waits for one of them. One that came since [`StopSignals::heed`] is not lost.
    pub async fn recv(&mut self) {
        tokio::select! {
            _ = self.0.recv() => {}
            _ = self.1.recv() => {}
        }
    }
}
