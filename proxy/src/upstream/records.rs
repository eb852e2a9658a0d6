//! A TCP connection that is read in whole TLS records.
//!
//! rustls asks for 4 KiB a time, which means four system calls a record, and keeps 32 KiB for each record of which a
//! part is missing. What is given to it whole it needs for a moment only.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use rustls::ClientConnection;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use super::Member;
use crate::limits;

/// Type, version, length (RFC 8446, 5.1).
const HEADER: usize = 5;
/// Longest record of TLS 1.2, which lets them be longer than 1.3 does.
const MOST: usize = HEADER + (16 << 10) + 2048;
/// What is read at once in a crowd: the longest record of TLS 1.3.
const CROWDED: usize = HEADER + (16 << 10) + 256;

/// The connection.
#[derive(Debug)]
pub struct Records {
    stream: TcpStream,
    member: Arc<Member>,
    read: Vec<u8>,
    /// Of what was read, this was handed on ...
    at: usize,
    /// ... and up to here it may be.
    whole: usize,
}

impl Records {
    /// Reads as much at once as the crowd of connections lets it.
    #[must_use]
    pub fn new(member: Arc<Member>, stream: TcpStream) -> Self {
        Self { stream, member, read: Vec::new(), at: 0, whole: 0 }
    }

    /// Reads more behind what is there. False: there is no more.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        self.read.drain(..self.at.min(self.read.len()));
        self.whole = self.whole.saturating_sub(self.at);
        self.at = 0;
        let crowded = self.member.is_crowded();
        if crowded {
            // Most connections of a crowd wait, for one side or the other, and need no buffer for it.
            ready!(self.stream.poll_read_ready(cx))?;
        }
        let room = if crowded { CROWDED } else { limits::READ_AHEAD }.max(needed(&self.read).unwrap_or_default());
        self.read.reserve_exact(room.saturating_sub(self.read.len()));
        let read = ready!(tokio_util::io::poll_read_buf(Pin::new(&mut self.stream), cx, &mut self.read))?;
        Poll::Ready(Ok(read > 0))
    }

    /// How much may be handed on: whole records, and what can be none.
    fn count_whole(&mut self) {
        while let Some(rest) = self.read.get(self.whole..).filter(|rest| !rest.is_empty()) {
            match needed(rest) {
                Some(length) if rest.len() >= length => self.whole = self.whole.saturating_add(length),
                Some(_) => return,
                None => self.whole = self.read.len(),
            }
        }
    }
}

/// Makes rustls shrink the buffer in which the last record was, 18 KiB of it, though what came out of it waits.
///
/// It does so before it reads, and here there is nothing to read.
pub fn give_memory_back(connection: &mut ClientConnection) {
    let _ = connection.read_tls(&mut Nothing);
}

/// Not the end, but nothing yet.
struct Nothing;

impl io::Read for Nothing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// Length of the record at the beginning, as far as can be said; none: it is none.
fn needed(bytes: &[u8]) -> Option<usize> {
    let length = match *bytes {
        [] => return Some(HEADER),
        // Change of cipher, alert, handshake, data, heartbeat.
        [20..=24] | [20..=24, 3] | [20..=24, 3, _] | [20..=24, 3, _, _] => return Some(HEADER),
        [20..=24, 3, _, high, low, ..] => HEADER + usize::from(u16::from_be_bytes([high, low])),
        _ => return None,
    };
    Some(length).filter(|&length| length <= MOST)
}

impl AsyncRead for Records {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.at >= this.whole {
            if ready!(this.poll_more(cx))? {
                this.count_whole();
            } else if this.read.is_empty() {
                return Poll::Ready(Ok(()));
            } else {
                // The end; who reads it will see that a part is missing.
                this.whole = this.read.len();
            }
        }
        let end = this.whole.min(this.at.saturating_add(buf.remaining()));
        buf.put_slice(this.read.get(this.at..end).unwrap_or_default());
        this.at = end;
        if end == this.whole && this.member.is_crowded() {
            // The beginning of the next record stays, and nothing else.
            this.read = this.read.split_off(this.at.min(this.read.len()));
            (this.at, this.whole) = (0, 0);
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Records {
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

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;
    use crate::upstream::Crowd;

    #[test]
    fn the_length_of_a_record_is_known_from_its_header() {
        assert_eq!(needed(&[]), Some(5));
        for part in 1..5 {
            assert_eq!(needed(&[23, 3, 3, 1, 0][..part]), Some(5));
        }
        assert_eq!(needed(&[23, 3, 3, 1, 0]), Some(5 + 256));
        assert_eq!(needed(&[22, 3, 1, 0x48, 0, 9]), Some(MOST));
        for none in [&b"HTTP/1.1 400"[..], &[22, 2], &[23, 3, 3, 0x48, 1], &[19], &[25, 3]] {
            assert_eq!(needed(none), None, "{none:?}");
        }
    }

    fn record(length: u16) -> Vec<u8> {
        let [high, low] = length.to_be_bytes();
        let body = (0..length).map(|n| (n % 251) as u8);
        [23, 3, 3, high, low].into_iter().chain(body).collect()
    }

    /// What comes of `sent`, read in pieces of `piece` bytes.
    async fn through(sent: Vec<u8>, piece: usize, crowded: bool) -> Vec<u8> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        let crowd = Crowd::default();
        let others: Vec<_> = (0..if crowded { limits::CROWD + 1 } else { 0 }).map(|_| crowd.join()).collect();
        let mut records = Records::new(Arc::new(crowd.join()), near.unwrap());
        let mut far = far.unwrap().0;
        tokio::spawn(async move {
            for part in sent.chunks(7_001) {
                far.write_all(part).await.unwrap();
                tokio::task::yield_now().await;
            }
        });
        let (mut got, mut buffer) = (Vec::new(), vec![0; piece]);
        loop {
            match records.read(&mut buffer).await.unwrap() {
                0 => return got,
                read => got.extend(&buffer[..read]),
            }
            assert_eq!(others.len() > limits::CROWD, crowded);
        }
    }

    #[tokio::test]
    async fn whatever_comes_is_handed_on_to_its_end() {
        let many: Vec<u8> = [16_640, 5, 0, 18_432, 100, 16_640, 16_640].into_iter().flat_map(record).collect();
        let cut = [many.clone(), record(900)[..300].to_vec()].concat();
        let other = [record(30), b"HTTP/1.1 400 Bad Request\r\n\r\nthis server speaks no TLS".repeat(900)].concat();
        for sent in [many, cut, other, Vec::new(), vec![23, 3]] {
            for (piece, crowded) in [(4096, false), (4096, true), (64 << 10, true), (1000, false)] {
                assert!(through(sent.clone(), piece, crowded).await == sent, "{} bytes", sent.len());
            }
        }
    }

    #[tokio::test]
    async fn a_part_of_a_record_waits_for_the_rest() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        let (mut records, mut far) = (Records::new(Arc::new(Crowd::default().join()), near.unwrap()), far.unwrap().0);
        let sent = record(1000);
        far.write_all(&[sent.clone(), sent[..500].to_vec()].concat()).await.unwrap();
        let mut got = vec![0; 4096];
        assert_eq!(records.read(&mut got).await.unwrap(), sent.len());
        let (read, ()) = tokio::join!(records.read(&mut got), async { far.write_all(&sent[500..]).await.unwrap() });
        assert_eq!(read.unwrap(), sent.len());
        assert!(got[..sent.len()] == sent);
    }
}
