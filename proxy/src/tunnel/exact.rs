//! So many bytes and not one more, in one direction.

use std::io;

use tokio::net::TcpStream;

use super::splice::{Moved, Pipe};

/// Read at once where the kernel does not splice.
const PIECE: usize = 64 << 10;

/// Carries exactly `bytes` from one connection to another; `moved` is called whenever some have gone on.
///
/// # Errors
/// When a connection breaks, or `from` ends before.
pub async fn exactly(from: &TcpStream, to: &TcpStream, bytes: u64, moved: impl Fn()) -> io::Result<()> {
    let mut left = bytes;
    // Without descriptors for a pipe it goes by hand.
    let Ok(mut pipe) = Pipe::new() else { return by_hand(from, to, left, moved).await };
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(usize::MAX);
        match pipe.carry(from, to, most, |_| moved()).await? {
            Moved::Bytes(bytes) => left = left.saturating_sub(bytes as u64),
            Moved::End => return Err(io::ErrorKind::UnexpectedEof.into()),
            Moved::Unsupported => return by_hand(from, to, left, moved).await,
        }
    }
    Ok(())
}

async fn by_hand(from: &TcpStream, to: &TcpStream, mut left: u64, moved: impl Fn()) -> io::Result<()> {
    let mut buffer = vec![0; PIECE];
    while left > 0 {
        from.readable().await?;
        let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
        let read = match from.try_read(buffer.get_mut(..most).unwrap_or_default()) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        };
        write_all(to, buffer.get(..read).unwrap_or_default(), &moved).await?;
        left = left.saturating_sub(read as u64);
    }
    Ok(())
}

/// Writes all of it; `moved` is called whenever some of it is taken.
///
/// # Errors
/// When the connection breaks.
pub async fn write_all(to: &TcpStream, mut bytes: &[u8], moved: impl Fn()) -> io::Result<()> {
    while !bytes.is_empty() {
        to.writable().await?;
        match to.try_write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => {
                moved();
                bytes = bytes.get(written..).unwrap_or_default();
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (near, far) = tokio::join!(TcpStream::connect(listener.local_addr().unwrap()), listener.accept());
        (near.unwrap(), far.unwrap().0)
    }

    /// `sent` arrives, and what was sent behind it stays where it is.
    async fn check(spliced: bool) {
        let sent: Vec<u8> = (0..3 << 20).map(|n: u32| (n * 31 % 251) as u8).collect();
        let ((mut server, from), (to, mut client)) = (pair().await, pair().await);
        let expected = sent.clone();
        let writer = tokio::spawn(async move {
            server.write_all(&sent).await.unwrap();
            server.write_all(b"next").await.unwrap();
            server
        });
        let reader = tokio::spawn(async move {
            let mut got = vec![0; expected.len()];
            client.read_exact(&mut got).await.unwrap();
            assert!(got == expected);
            client
        });
        let (steps, length) = (Cell::new(0), 3 << 20);
        let moved = || steps.set(steps.get() + 1);
        match spliced {
            true => exactly(&from, &to, length, moved).await.unwrap(),
            false => by_hand(&from, &to, length, moved).await.unwrap(),
        }
        assert!(steps.get() > 0);
        let (_server, mut client) = (writer.await.unwrap(), reader.await.unwrap());
        drop(to);
        assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
        let (mut rest, mut from) = ([0; 4], from);
        from.read_exact(&mut rest).await.unwrap();
        assert_eq!(&rest, b"next");
    }

    #[tokio::test]
    async fn so_many_bytes_are_carried_and_not_one_more() {
        check(true).await;
        check(false).await;
    }

    #[tokio::test]
    async fn an_early_end_is_an_error() {
        for spliced in [true, false] {
            let ((mut server, from), (to, _client)) = (pair().await, pair().await);
            server.write_all(b"only this").await.unwrap();
            drop(server);
            let carried = match spliced {
                true => exactly(&from, &to, 10, || ()).await,
                false => by_hand(&from, &to, 10, || ()).await,
            };
            assert_eq!(carried.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
