//! Whose a local connection is, as the kernel knows it.
//!
//! TCP names nobody, but the client's end is a socket of this machine too, and has an owner: asked of the kernel
//! by its addresses (sock_diag(7), one question and one answer), or looked for in its table.

use std::{
    io::{self, BufRead as _, BufReader, Read as _},
    net::{IpAddr, SocketAddr},
};

use rustix::{
    io::Errno,
    net::{
        AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType,
        netlink::{self, SocketAddrNetlink},
    },
};
use tokio::net::TcpStream;

/// `SOCK_DIAG_BY_FAMILY` (linux/sock_diag.h).
const BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST` (linux/netlink.h); without `NLM_F_DUMP` it is a question for one socket.
const REQUEST: u16 = 1;
/// `struct nlmsghdr` and `struct inet_diag_req_v2` (linux/inet_diag.h).
const HEADER: usize = 16;
const QUESTION: usize = HEADER + 56;
/// `idiag_uid` in `struct inet_diag_msg`: behind four bytes, the addresses, and three numbers. Behind it `idiag_inode`.
const OWNER: usize = HEADER + 4 + 48 + 12;
const INODE: usize = OWNER + 4;
/// `NLMSG_ERROR` (linux/netlink.h): behind the header stands a negative error number.
const ERROR: u16 = 2;
/// Most that is read of a table, in bytes: some 25,000 sockets.
const MOST_TABLE: u64 = 4 << 20;

/// Who may use the door.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// Root, as the engine is, or whoever runs the door.
    Engine,
    /// Another user of this machine.
    Other(u32),
    /// Nobody's any more: it was closed. Whose it was, the kernel does not know, and calls it root's.
    Gone,
    /// The kernel did not say.
    Unknown,
}

/// Whose the other end is.
#[must_use]
pub fn of(stream: &TcpStream) -> Peer {
    let (Ok(client), Ok(here)) = (stream.peer_addr(), stream.local_addr()) else { return Peer::Unknown };
    let own = rustix::process::geteuid().as_raw();
    match owner(client, here).or_else(|_| in_table(client, here)) {
        Ok(Some(uid)) if uid == 0 || uid == own => Peer::Engine,
        Ok(Some(uid)) => Peer::Other(uid),
        Ok(None) => Peer::Gone,
        Err(error) => {
            tracing::debug!(%client, %error, "whose a connection is cannot be told");
            Peer::Unknown
        }
    }
}

/// Asks for the socket that is bound to `client` and connected to `here`. None: nobody has it any more.
///
/// INVARIANT: an owner counts only of a socket that a process has, which then has an inode. One that was closed before
/// the question is user 0's in every answer (`inet_diag_msg_common_fill`: there is no `sk_socket` to have another).
fn owner(client: SocketAddr, here: SocketAddr) -> io::Result<Option<u32>> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = rustix::net::socket_with(AddressFamily::NETLINK, SocketType::DGRAM, flags, Some(netlink::SOCK_DIAG))?;
    rustix::net::sendto(&socket, &question(client, here), SendFlags::empty(), &SocketAddrNetlink::new(0, 0))?;
    // The kernel has answered when it has taken the question.
    let mut answer = [0_u8; 1024];
    let (read, _) = rustix::net::recv(&socket, answer.as_mut_slice(), RecvFlags::empty())?;
    let answer = answer.get(..read).unwrap_or_default();
    let number = |at: usize| {
        let bytes = answer.get(at..at.saturating_add(4))?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    };
    let kind = answer.get(4..6).and_then(|kind| kind.try_into().ok()).map(u16::from_ne_bytes);
    match (kind, number(HEADER), number(OWNER), number(INODE)) {
        (Some(BY_FAMILY), _, Some(_), Some(0)) => Ok(None),
        (Some(BY_FAMILY), _, Some(uid), Some(_)) => Ok(Some(uid)),
        (Some(ERROR), Some(number), ..) => match number.cast_signed().checked_neg() {
            // Of a loopback address it is a socket of this machine, and of this network.
            Some(error) if error == Errno::NOENT.raw_os_error() && client.ip().is_loopback() => Ok(None),
            Some(error) => Err(io::Error::from_raw_os_error(error)),
            None => Err(io::ErrorKind::InvalidData.into()),
        },
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

fn question(client: SocketAddr, here: SocketAddr) -> Vec<u8> {
    let family = if client.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let mut question = Vec::with_capacity(QUESTION);
    question.extend(u32::try_from(QUESTION).unwrap_or_default().to_ne_bytes());
    question.extend(BY_FAMILY.to_ne_bytes());
    question.extend(REQUEST.to_ne_bytes());
    // Sequence and sender: there is one question a socket.
    question.extend([0; 8]);
    question.extend([u8::try_from(family.as_raw()).unwrap_or_default(), 6 /* TCP */, 0, 0]);
    // In every state.
    question.extend(u32::MAX.to_ne_bytes());
    question.extend(client.port().to_be_bytes());
    question.extend(here.port().to_be_bytes());
    for address in [client.ip(), here.ip()] {
        match address {
            IpAddr::V4(address) => {
                question.extend(address.octets());
                question.extend([0; 12]);
            }
            IpAddr::V6(address) => question.extend(address.octets()),
        }
    }
    // On whatever interface, and with no cookie of before.
    question.extend(0_u32.to_ne_bytes());
    question.extend([0xff; 8]);
    question
}

/// The same in the table, for a kernel that answers no such question.
fn in_table(client: SocketAddr, here: SocketAddr) -> io::Result<Option<u32>> {
    let file = if client.is_ipv4() { "/proc/self/net/tcp" } else { "/proc/self/net/tcp6" };
    let table = BufReader::new(std::fs::File::open(file)?.take(MOST_TABLE));
    let (client, here) = (hex(client), hex(here));
    for line in table.lines() {
        let line = line?;
        let mut words = line.split_ascii_whitespace().skip(1);
        if words.next() == Some(client.as_str()) && words.next() == Some(here.as_str()) {
            // Behind state, queues, timer, retransmissions; and behind one more the inode.
            let uid = words.nth(4).and_then(|uid| uid.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
            let inode: u64 = words.nth(1).and_then(|inode| inode.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
            return Ok((inode != 0).then_some(uid));
        }
    }
    Err(io::ErrorKind::NotFound.into())
}

/// As the table has it: words of four bytes as this machine reads them.
fn hex(address: SocketAddr) -> String {
    let bytes: Vec<u8> = match address.ip() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let words = bytes.chunks_exact(4).filter_map(|word| word.try_into().ok()).map(u32::from_ne_bytes);
    let address_text: String = words.map(|word| format!("{word:08X}")).collect();
    format!("{address_text}:{:04X}", address.port())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn the_kernel_says_whose_a_connection_is() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(address).await.unwrap();
            let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (accepted, _) = listener.accept().await.unwrap();
            let (there, here) = (client.local_addr().unwrap(), listener.local_addr().unwrap());
            let own = rustix::process::geteuid().as_raw();
            assert_eq!(owner(there, here).unwrap(), Some(own), "{address}");
            assert_eq!(in_table(there, here).unwrap(), Some(own), "{address}");
            assert_eq!(of(&accepted), Peer::Engine);
            // A port that nobody has is nobody's.
            assert_eq!(owner(SocketAddr::new(there.ip(), 1), here).unwrap(), None, "{address}");
            assert!(in_table(SocketAddr::new(there.ip(), 1), here).is_err());
        }
    }

    /// The kernel calls such a socket root's: whoever asks and closes at once would be the engine.
    #[tokio::test]
    async fn who_is_gone_was_not_the_engine() {
        for address in ["127.0.0.1:0", "[::1]:0"] {
            let listener = TcpListener::bind(address).await.unwrap();
            let here = listener.local_addr().unwrap();
            for says_something in [false, true] {
                let client = std::net::TcpStream::connect(here).unwrap();
                let there = client.local_addr().unwrap();
                if says_something {
                    io::Write::write_all(&mut &client, b"GET http://inside.example/ HTTP/1.1\r\n\r\n").unwrap();
                }
                drop(client);
                let (accepted, _) = listener.accept().await.unwrap();
                assert_eq!(owner(there, here).unwrap(), None, "{address}");
                assert!(!matches!(in_table(there, here), Ok(Some(_))), "{address}");
                assert_eq!(of(&accepted), Peer::Gone, "{address}");
            }
        }
    }

    #[tokio::test]
    async fn the_question_is_cheap() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (there, here) = (client.local_addr().unwrap(), listener.local_addr().unwrap());
        let start = std::time::Instant::now();
        for _ in 0..1000 {
            owner(there, here).unwrap();
        }
        println!("{:?} a question", start.elapsed() / 1000);
        assert!(start.elapsed() < std::time::Duration::from_secs(5));
    }
}
