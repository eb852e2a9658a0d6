//! A TCP connection of which something was read already, and which may be read in larger pieces
//! than who reads it asks for.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// The connection.
#[derive(Debug)]
pub struct Ahead {
    stream: TcpStream,
    read: BytesMut,
    piece: usize,
}

impl Ahead {
    /// `first` was read already.
    #[must_use]
    pub fn with(first: Bytes, stream: TcpStream) -> Self {
        Self { stream, read: BytesMut::from(first), piece: 0 }
    }

    /// Reads `piece` bytes at once: rustls asks for 4 KiB a time, which means four system calls a record.
    #[must_use]
    pub fn reading(piece: usize, stream: TcpStream) -> Self {
        Self { stream, read: BytesMut::new(), piece }
    }
}

impl AsyncRead for Ahead {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.read.is_empty() {
            if buf.remaining() >= this.piece {
                return Pin::new(&mut this.stream).poll_read(cx, buf);
            }
            this.read.reserve(this.piece);
            let read = ready!(tokio_util::io::poll_read_buf(Pin::new(&mut this.stream), cx, &mut this.read));
            if let Err(error) = read {
                return Poll::Ready(Err(error));
            }
        }
        let len = this.read.len().min(buf.remaining());
        if let Some(bytes) = this.read.get(..len) {
            buf.put_slice(bytes);
        }
        this.read.advance(len);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Ahead {
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

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
