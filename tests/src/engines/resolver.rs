//! Who says where names lead in a network of the laboratory.

use std::{
    io,
    net::{Ipv4Addr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// Where the resolver of a network listens.
pub const RESOLVER: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// In the third byte of a reply: it has more to say than there is room for.
const TRUNCATED: u8 = 2;

/// The address that a name leads to.
pub type Names = fn(&str) -> Ipv4Addr;

/// A running resolver.
pub struct Resolver {
    asked: Arc<Asked>,
    tasks: Vec<JoinHandle<()>>,
}

#[derive(Default)]
struct Asked {
    datagrams: AtomicUsize,
    connections: AtomicUsize,
}

impl Resolver {
    /// Answers what fits into a datagram.
    pub(super) fn start(socket: UdpSocket, names: Names) -> io::Result<Self> {
        let asked = Arc::default();
        let tasks = vec![tokio::spawn(datagrams(listening(socket)?, names, 0, Arc::clone(&asked)))];
        Ok(Self { asked, tasks })
    }

    /// Says in each datagram that its answer does not fit, and answers by TCP.
    pub(super) fn start_by_tcp(socket: UdpSocket, listener: TcpListener, names: Names) -> io::Result<Self> {
        let asked = Arc::default();
        let tasks = vec![
            tokio::spawn(datagrams(listening(socket)?, names, TRUNCATED, Arc::clone(&asked))),
            tokio::spawn(connections(listener, names, Arc::clone(&asked))),
        ];
        Ok(Self { asked, tasks })
    }

    /// How many questions came as datagrams, and how many by TCP.
    #[must_use]
    pub fn asked(&self) -> [usize; 2] {
        [&self.asked.datagrams, &self.asked.connections].map(|count| count.load(Ordering::Relaxed))
    }
}

impl Drop for Resolver {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

fn listening(socket: UdpSocket) -> io::Result<tokio::net::UdpSocket> {
    socket.set_nonblocking(true)?;
    tokio::net::UdpSocket::from_std(socket)
}

async fn datagrams(socket: tokio::net::UdpSocket, names: Names, flags: u8, asked: Arc<Asked>) {
    let mut buffer = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
        if let Some(reply) = buffer.get(..length).and_then(|question| reply(question, names, flags)) {
            asked.datagrams.fetch_add(1, Ordering::Relaxed);
            // Who asked and went away needs no answer.
            let _ = socket.send_to(&reply, from).await;
        }
    }
}

async fn connections(listener: TcpListener, names: Names, asked: Arc<Asked>) {
    while let Ok((stream, _)) = listener.accept().await {
        // What a client breaks off is its own affair.
        tokio::spawn(connection(stream, names, Arc::clone(&asked)));
    }
}

/// Questions and replies, each with its length in front (RFC 1035, 4.2.2).
async fn connection(mut stream: TcpStream, names: Names, asked: Arc<Asked>) -> io::Result<()> {
    loop {
        let mut question = vec![0; usize::from(stream.read_u16().await?)];
        stream.read_exact(&mut question).await?;
        let reply = reply(&question, names, 0).ok_or(io::ErrorKind::InvalidData)?;
        asked.connections.fetch_add(1, Ordering::Relaxed);
        let length = u16::try_from(reply.len()).map_err(io::Error::other)?;
        stream.write_all(&[&length.to_be_bytes()[..], &reply].concat()).await?;
    }
}

/// The reply to a DNS question: an IPv4 address, and nothing to other kinds of question, nor where it does not fit.
fn reply(question: &[u8], names: Names, flags: u8) -> Option<Vec<u8>> {
    let (header, mut rest) = question.split_at_checked(12)?;
    // The name: labels with their length in front, the last one empty.
    let mut labels = Vec::new();
    loop {
        let (length, behind) = rest.split_first()?;
        let label = behind.get(..usize::from(*length))?;
        rest = behind.get(usize::from(*length)..)?;
        if label.is_empty() {
            break;
        }
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
    }
    let asked = question.get(12..question.len() - rest.len() + 4)?;
    let is_address = rest.starts_with(&[0, 1, 0, 1]) && flags & TRUNCATED == 0;
    let mut reply = header.get(..2)?.to_vec();
    // A reply with authority, recursion asked for and had; one question, one answer or none.
    reply.extend([0x85 | flags, 0x80, 0, 1, 0, u8::from(is_address), 0, 0, 0, 0]);
    reply.extend(asked);
    if is_address {
        // The name of the question; an address in the internet; not to be kept; four bytes.
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4]);
        reply.extend(names(&labels.join(".")).octets());
    }
    Some(reply)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::{TRUNCATED, reply};

    #[test]
    fn a_name_leads_where_it_should() {
        let names = |name: &str| if name == "hub.example" { Ipv4Addr::new(10, 9, 0, 1) } else { Ipv4Addr::LOCALHOST };
        let question = b"\xab\xcd\x01\0\0\x01\0\0\0\0\0\0\x03hub\x07Example\0\0\x01\0\x01";
        let answer = reply(question, names, 0).unwrap();
        assert!(answer.starts_with(&[0xab, 0xcd, 0x85, 0x80, 0, 1, 0, 1]) && answer.ends_with(&[0, 4, 10, 9, 0, 1]));
        let cut = reply(question, names, TRUNCATED).unwrap();
        assert!(cut.starts_with(&[0xab, 0xcd, 0x87, 0x80, 0, 1, 0, 0]) && cut.len() == question.len(), "{cut:?}");
        let other = b"\xab\xcd\x01\0\0\x01\0\0\0\0\0\0\x03hub\0\0\x1c\0\x01";
        assert_eq!(reply(other, names, 0).unwrap().len(), other.len(), "no answer to a question for IPv6");
        assert_eq!(reply(b"\xab\xcd", names, 0), None);
    }
}
