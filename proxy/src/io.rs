//! A TCP connection of which something was read already, and which may be read in larger pieces
//! than who reads it asks for.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::{limits, upstream::Member};

/// The connection.
#[derive(Debug)]
pub struct Ahead {
    stream: TcpStream,
    read: BytesMut,
    ahead: Option<Arc<Member>>,
}

impl Ahead {
    /// `first` was read already.
    #[must_use]
    pub fn with(first: Bytes, stream: TcpStream) -> Self {
        Self { stream, read: BytesMut::from(first), ahead: None }
    }

    /// Reads ahead, where there is room for it: rustls asks for 4 KiB a time, which means four system
    /// calls a record.
    #[must_use]
    pub fn reading(member: Arc<Member>, stream: TcpStream) -> Self {
        Self { stream, read: BytesMut::new(), ahead: Some(member) }
    }

    /// The connection itself, and what was read of it that nobody has seen.
    #[must_use]
    pub fn into_parts(self) -> (TcpStream, Bytes) {
        (self.stream, self.read.freeze())
    }
}

impl AsyncRead for Ahead {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.read.is_empty() {
            if this.ahead.as_ref().is_none_or(|member| member.is_crowded()) || buf.remaining() >= limits::READ_AHEAD {
                this.read = BytesMut::new();
                return Pin::new(&mut this.stream).poll_read(cx, buf);
            }
            this.read.reserve(limits::READ_AHEAD);
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
