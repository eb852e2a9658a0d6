//! What a console, a sign-out and a shutdown say.

use std::io;

use tokio::signal::windows::{CtrlBreak, CtrlC, CtrlClose, CtrlLogoff, CtrlShutdown};
use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_logoff, ctrl_shutdown};

/// What ends the agent.
pub(crate) struct Stop {
    interrupt: CtrlC,
    interrupt_alone: CtrlBreak,
    close: CtrlClose,
    logoff: CtrlLogoff,
    shutdown: CtrlShutdown,
}

impl Stop {
    /// From now on they do not end the process by themselves.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn of_the_agent() -> io::Result<Self> {
        Ok(Self {
            interrupt: ctrl_c()?,
            interrupt_alone: ctrl_break()?,
            close: ctrl_close()?,
            logoff: ctrl_logoff()?,
            shutdown: ctrl_shutdown()?,
        })
    }

    /// What was asked with.
    pub(crate) async fn asked(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "Ctrl-C",
            _ = self.interrupt_alone.recv() => "Ctrl-Break",
            _ = self.close.recv() => "the console's end",
            _ = self.logoff.recv() => "a sign-out",
            _ = self.shutdown.recv() => "a shutdown",
        }
    }
}

/// What ends a command.
pub(crate) struct Cancel(Stop);

impl Cancel {
    /// From now on they do not end the process by themselves.
    ///
    /// # Errors
    /// What the system says.
    pub(crate) fn of_a_command() -> io::Result<Self> {
        Stop::of_the_agent().map(Self)
    }

    /// Waits for one of them.
    pub(crate) async fn asked(&mut self) {
        let _ = self.0.asked().await;
    }
}
