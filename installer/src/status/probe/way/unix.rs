//! To an engine behind a Unix socket.

use std::{io, path::Path};

use tokio::net::UnixStream;

/// One connection.
///
/// # Errors
/// What the system says.
pub async fn connect(socket: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(socket).await
}
