//! How the body of an answer is taken out of the HTTP library's hands: the library writes the head and is asked
//! for its body, the body says "wait", and once the head has left, both sockets are taken back.
//!
//! `None ─offer─▶ Offered ─body asked for─▶ Begun ─head flushed─▶ Due ─take─▶ None`

use std::{
    io, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::{io::Ahead, patient::Patient, upstream::Raw};

/// Of one client connection, between those who see a part of it: the service, the body, the connection.
#[derive(Debug, Default)]
pub struct Handover(Mutex<Stage>);

#[derive(Debug, Default)]
enum Stage {
    #[default]
    None,
    Offered(Raw),
    Begun(Raw),
    Due(Raw),
}

impl Handover {
    /// There is a body that can be taken over.
    pub fn offer(&self, raw: Raw) {
        *self.stage() = Stage::Offered(raw);
    }

    /// The head is written, though perhaps not sent: the body is asked for.
    pub fn begin(&self) {
        let mut stage = self.stage();
        *stage = match mem::take(&mut *stage) {
            Stage::Offered(raw) => Stage::Begun(raw),
            other => other,
        };
    }

    /// All that was written has left.
    fn flushed(&self) {
        let mut stage = self.stage();
        if matches!(*stage, Stage::Begun(_)) {
            *stage = match mem::take(&mut *stage) {
                Stage::Begun(raw) => Stage::Due(raw),
                other => other,
            };
        }
    }

    /// The body, once it is due.
    pub fn take(&self) -> Option<Raw> {
        let mut stage = self.stage();
        match mem::take(&mut *stage) {
            Stage::Due(raw) => Some(raw),
            other => {
                *stage = other;
                None
            }
        }
    }

    fn stage(&self) -> MutexGuard<'_, Stage> {
        // Nothing in here panics.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client's connection in the clear.
#[derive(Debug)]
pub struct Client {
    stream: Patient<Ahead>,
    handover: Arc<Handover>,
}

impl Client {
    /// Its writes wait no longer than `limit`.
    #[must_use]
    pub fn new(stream: Ahead, limit: Duration, handover: Arc<Handover>) -> Self {
        Self { stream: Patient::new(stream, limit), handover }
    }

    /// The socket, and what was read of it that nobody has seen.
    #[must_use]
    pub fn into_parts(self) -> (TcpStream, Bytes) {
        self.stream.into_inner().into_parts()
    }
}

impl AsyncRead for Client {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Client {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// INVARIANT: the HTTP library calls this only when its own buffer is empty.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.handover.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
