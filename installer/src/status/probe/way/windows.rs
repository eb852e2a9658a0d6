//! To an engine behind a named pipe, as Docker Desktop has it.

use std::{io, path::Path, time::Duration};

use tokio::net::windows::named_pipe::{ClientOptions, NamedPipeClient};

/// All of a pipe's instances are taken (`ERROR_PIPE_BUSY`, learn.microsoft.com, "System Error Codes").
const BUSY: i32 = 231;
/// How long until it is tried again.
const AGAIN: Duration = Duration::from_millis(50);

/// One connection, as soon as the pipe takes one; the caller has a deadline. Whoever listens may not act as this user:
/// that is what `tokio` asks for by itself.
///
/// # Errors
/// What the system says.
pub async fn connect(pipe: &Path) -> io::Result<NamedPipeClient> {
    loop {
        match ClientOptions::new().open(pipe) {
            Err(error) if error.raw_os_error() == Some(BUSY) => tokio::time::sleep(AGAIN).await,
            opened => return opened,
        }
    }
}
