//! Signals.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

/// What ends the agent.
pub(crate) struct Stop {
    terminate: Signal,
    interrupt: Signal,
}

impl Stop {
    /// From now on they do not end the process by themselves.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn of_the_agent() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// What was asked with.
    pub(crate) async fn asked(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// What ends a command, of which a closed terminal is one.
pub(crate) struct Cancel(Stop, Signal);

impl Cancel {
    /// From now on they do not end the process by themselves.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn of_a_command() -> io::Result<Self> {
        Ok(Self(Stop::of_the_agent()?, signal(SignalKind::hangup())?))
    }

    /// Waits for one of them.
    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            _ = self.0.asked() => {}
            _ = self.1.recv() => {}
        }
    }
}
