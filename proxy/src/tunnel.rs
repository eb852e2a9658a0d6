//! Bytes from one connection to another, untouched.

use std::{
    io,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
};

use crate::limits::Limits;

mod exact;
mod splice;
#[cfg(test)]
mod tests;

pub use exact::{exactly, write_all};
use splice::{Moved, Pipe};

/// Carries bytes in both directions until both have ended, or one connection breaks, or `end` comes.
/// `first`: what was read of the client already.
///
/// # Errors
/// When a connection breaks.
pub async fn run(
    mut client: TcpStream,
    first: &[u8],
    mut upstream: TcpStream,
    end: impl Future<Output = ()>,
    limits: &Limits,
) -> io::Result<()> {
    upstream.write_all(first).await?;
    let moved = AtomicU64::new(0);
    let (from_client, to_client) = client.split();
    let (from_upstream, to_upstream) = upstream.split();
    let carry =
        async { tokio::try_join!(one(from_client, to_upstream, &moved), one(from_upstream, to_client, &moved)) };
    tokio::select! {
        carried = carry => carried.map(|_| ()),
        () = ended(end, &moved, limits) => Ok(()),
    }
}

/// One direction. Its end is passed on.
async fn one(mut from: ReadHalf<'_>, mut to: WriteHalf<'_>, moved: &AtomicU64) -> io::Result<()> {
    let mut pipe = None;
    loop {
        from.as_ref().readable().await?;
        // A pipe takes two descriptors: only a direction in which something comes gets one.
        if pipe.is_none() {
            match Pipe::new() {
                Ok(new) => pipe = Some(new),
                Err(_) => return copy(&mut from, &mut to, moved).await,
            }
        }
        let Some(pipe) = &mut pipe else { continue };
        let count = |bytes| {
            moved.fetch_add(bytes as u64, Ordering::Relaxed);
        };
        match pipe.carry(from.as_ref(), to.as_ref(), usize::MAX, count).await? {
            Moved::Bytes(_) => {}
            Moved::End => return to.shutdown().await,
            Moved::Unsupported => return copy(&mut from, &mut to, moved).await,
        }
    }
}

/// What splice does, by hand.
async fn copy(from: &mut ReadHalf<'_>, to: &mut WriteHalf<'_>, moved: &AtomicU64) -> io::Result<()> {
    let mut buffer = vec![0; 16 << 10];
    loop {
        let read = from.read(&mut buffer).await?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { return to.shutdown().await };
        to.write_all(bytes).await?;
        moved.fetch_add(read as u64, Ordering::Relaxed);
    }
}

/// Once `end` has come: when nothing moves, at the latest after a while.
async fn ended(end: impl Future<Output = ()>, moved: &AtomicU64, limits: &Limits) {
    end.await;
    let quiet = async {
        let mut before = moved.load(Ordering::Relaxed);
        loop {
            tokio::time::sleep(limits.tunnel_quiet).await;
            let now = moved.load(Ordering::Relaxed);
            if now == before {
                return;
            }
            before = now;
        }
    };
    let _ = tokio::time::timeout(limits.tunnel_end, quiet).await;
}

/// Small writes leave at once, and a peer that is gone is noticed: nothing else ends an idle tunnel.
pub fn prepare(stream: &TcpStream) {
    use rustix::net::sockopt;
    // None of these can fail on a connected TCP socket but for a connection that is gone already.
    let _ = stream.set_nodelay(true);
    let _ = sockopt::set_socket_keepalive(stream, true);
    let _ = sockopt::set_tcp_keepidle(stream, Duration::from_secs(60));
    let _ = sockopt::set_tcp_keepintvl(stream, Duration::from_secs(15));
    let _ = sockopt::set_tcp_keepcnt(stream, 4);
}
