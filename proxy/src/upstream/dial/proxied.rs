//! CONNECT, as a client of the proxy before the registries.

use std::{fmt::Write as _, sync::Arc};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::super::ConnectError;
use crate::{authority::Authority, limits, settings::ProxyUrl};

/// Has the proxy lead a connection on.
pub(super) async fn connect(
    mut stream: TcpStream,
    proxy: &ProxyUrl,
    authority: &Authority,
) -> Result<TcpStream, ConnectError> {
    let fail = |why: String| ConnectError::Proxy { proxy: proxy.authority.to_string(), why };
    let mut request = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n");
    if let Some(value) = proxy.authorization.as_ref().and_then(|value| value.to_str().ok()) {
        let _ = write!(request, "Proxy-Authorization: {value}\r\n");
    }
    request.push_str("\r\n");
    let io = |error| ConnectError::Tcp(Arc::new(error));
    stream.write_all(request.as_bytes()).await.map_err(io)?;
    let head = head(&mut stream).await.map_err(|error| fail(format!("its answer cannot be read: {error}")))?;
    match status(&head) {
        Some(200..=299) => Ok(stream),
        Some(407) => Err(fail("it wants another user or password (407)".to_owned())),
        Some(status) => Err(fail(format!("it says {status}"))),
        None => Err(fail("what it says is no HTTP".to_owned())),
    }
}

/// Reads the head of an answer and nothing behind it: that belongs to the server.
async fn head(stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut seen = [0; 2048];
    while head.len() < limits::ANSWER_HEAD {
        let len = stream.peek(&mut seen).await?;
        if len == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let before = head.len();
        head.extend(seen.iter().take(len));
        // The end may have begun in what was read before.
        let from = before.saturating_sub(3);
        let end = head.get(from..).and_then(|new| new.windows(4).position(|four| four == b"\r\n\r\n"));
        let end = end.map(|at| from + at + 4);
        head.truncate(end.unwrap_or(head.len()));
        let take = head.len() - before;
        stream.read_exact(seen.get_mut(..take).unwrap_or_default()).await?;
        if end.is_some() {
            return Ok(head);
        }
    }
    Err(std::io::Error::new(std::io::ErrorKind::InvalidData, "it is too long"))
}

fn status(head: &[u8]) -> Option<u16> {
    let line = head.split(|&byte| byte == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let mut words = line.splitn(3, ' ');
    words.next().filter(|version| version.starts_with("HTTP/1."))?;
    words.next()?.parse().ok()
}
