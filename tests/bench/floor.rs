//! The least a plugin can do.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixListener,
    path::Path,
    process::ExitCode,
};

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\ncontent-length: 14\r\n\r\n{\"Allow\":true}";

/// Accept, read, write, close; for ever.
pub fn serve(path: &Path) -> ExitCode {
    let listener = UnixListener::bind(path).expect("the floor's socket");
    let mut buffer = [0; 8192];
    loop {
        let Ok((mut stream, _)) = listener.accept() else { continue };
        // The client writes its message in one piece, below the buffer's size.
        if stream.read(&mut buffer).is_ok() {
            let _ = stream.write_all(ANSWER);
        }
    }
}
