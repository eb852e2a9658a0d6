//! Whose a connection through a proxy is: the proxy says it in the first bytes, by the PROXY protocol (versions 1 and
//! 2, as HAProxy, nginx and the load balancers of clouds speak it).
//!
//! It is believed from named addresses only, and demanded from them: whoever else could send it would be whom they
//! like, and a proxy that forgets it would be all the world.

use std::{io, net::SocketAddr};

use ipnet::IpNet;
use ppp::{HeaderResult, v1, v2};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Longest header of version 1, with its end of line.
const MAX_TEXT: usize = 107;
/// Bytes of version 2 behind which its length stands.
const FIXED: usize = 16;
/// Most of version 2: addresses are 216 bytes at most, and some proxies say more of the connection.
const MAX_BINARY: usize = FIXED + 2048;

/// Proxies that say whose a connection is.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// Those in these networks.
    #[must_use]
    pub const fn new(networks: Vec<IpNet>) -> Self {
        Self(networks)
    }

    /// Whether what comes from there begins with whose it is.
    pub(super) fn include(&self, peer: SocketAddr) -> bool {
        let ip = peer.ip().to_canonical();
        self.0.iter().any(|network| network.contains(&ip))
    }
}

/// Reads the header, and not a byte more. A connection of the proxy's own (a health check) is the proxy's.
pub(super) async fn client(stream: &mut (impl AsyncRead + Unpin), proxy: SocketAddr) -> io::Result<SocketAddr> {
    let header = header(stream).await?;
    match HeaderResult::parse(&header) {
        HeaderResult::V1(Ok(header)) => Ok(match header.addresses {
            v1::Addresses::Tcp4(pair) => (pair.source_address, pair.source_port).into(),
            v1::Addresses::Tcp6(pair) => (pair.source_address, pair.source_port).into(),
            v1::Addresses::Unknown => proxy,
        }),
        HeaderResult::V2(Ok(header)) => Ok(match (header.command, header.addresses) {
            (v2::Command::Proxy, v2::Addresses::IPv4(pair)) => (pair.source_address, pair.source_port).into(),
            (v2::Command::Proxy, v2::Addresses::IPv6(pair)) => (pair.source_address, pair.source_port).into(),
            _ => proxy,
        }),
        HeaderResult::V1(Err(_)) | HeaderResult::V2(Err(_)) => Err(no_header()),
    }
}

async fn header(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut header = vec![0; v2::PROTOCOL_PREFIX.len()];
    stream.read_exact(&mut header).await?;
    if header == v2::PROTOCOL_PREFIX {
        header.resize(FIXED, 0);
        stream.read_exact(&mut header[v2::PROTOCOL_PREFIX.len()..]).await?;
        let length = usize::from(u16::from_be_bytes([header[FIXED - 2], header[FIXED - 1]]));
        if FIXED + length > MAX_BINARY {
            return Err(no_header());
        }
        header.resize(FIXED + length, 0);
        stream.read_exact(&mut header[FIXED..]).await?;
    } else if header.starts_with(v1::PROTOCOL_PREFIX.as_bytes()) {
        while !header.ends_with(b"\r\n") {
            if header.len() >= MAX_TEXT {
                return Err(no_header());
            }
            header.push(stream.read_u8().await?);
        }
    } else {
        return Err(no_header());
    }
    Ok(header)
}

fn no_header() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        "it does not begin with a header of the PROXY protocol; let the proxy send it, or take its address out of \
         `--proxy-protocol-from`",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROXY: &str = "10.0.0.1:1000";

    /// Whose it is, and what is left to read.
    async fn read(bytes: &[u8]) -> Result<(String, Vec<u8>), String> {
        let mut stream = bytes;
        let client = client(&mut stream, PROXY.parse().unwrap()).await.map_err(|error| error.to_string())?;
        Ok((client.to_string(), stream.to_vec()))
    }

    fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [v2::PROTOCOL_PREFIX, &[0x20 | command, family], &length, rest].concat()
    }

    #[tokio::test]
    async fn the_client_is_who_the_proxy_says_and_what_follows_is_left_alone() {
        let v4 = [192, 0, 2, 7, 10, 0, 0, 9, 0xc0, 0x01, 0x01, 0xbb];
        let v6 = [[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7], [0; 16]].concat();
        let tlv = [3, 0, 2, 0xaa, 0xbb];
        for (header, client) in [
            (b"PROXY TCP4 192.0.2.7 10.0.0.9 49153 443\r\n".to_vec(), "192.0.2.7:49153"),
            (b"PROXY TCP6 2001:db8::7 2001:db8::9 49153 443\r\n".to_vec(), "[2001:db8::7]:49153"),
            (b"PROXY UNKNOWN\r\n".to_vec(), PROXY),
            (b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n".to_vec(), PROXY),
            (binary(1, 0x11, &v4), "192.0.2.7:49153"),
            (binary(1, 0x11, &[&v4[..], &tlv].concat()), "192.0.2.7:49153"),
            (binary(1, 0x21, &[&v6[..], &[0xc0, 0x01, 0x01, 0xbb]].concat()), "[2001:db8::7]:49153"),
            (binary(0, 0x00, &[]), PROXY),
            (binary(0, 0x11, &v4), PROXY),
        ] {
            let found = read(&[&header[..], b"\x16\x03\x01 and TLS"].concat()).await;
            assert_eq!(found, Ok((client.to_owned(), b"\x16\x03\x01 and TLS".to_vec())), "{header:?}");
        }
    }

    #[tokio::test]
    async fn whatever_else_comes_is_refused() {
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(200));
        let version_1 = [v2::PROTOCOL_PREFIX, &[0x11, 0x11, 0, 0]].concat();
        for bytes in [
            b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".to_vec(),
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00\x00\x00".to_vec(),
            b"PROXY TCP4 192.0.2.7 10.0.0.9 49153\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.700 10.0.0.9 49153 443\r\n".to_vec(),
            b"PROXY TCP4 192.0.2.7\x00 10.0.0.9 49153 443\r\n".to_vec(),
            long.into_bytes(),
            version_1,
            binary(1, 0x11, &[192, 0, 2, 7]),
            binary(7, 0x11, &[0; 12]),
            binary(1, 0x11, &[0; 4000]),
        ] {
            let refused = read(&bytes).await.unwrap_err();
            assert!(refused.contains("--proxy-protocol-from"), "{bytes:?}: {refused}");
        }
        for early in [&b""[..], b"PROXY TC", b"PROXY TCP4 192.0.2.7 10.0", &binary(1, 0x11, &[0; 12])[..20]] {
            let mut stream = early;
            let error = client(&mut stream, PROXY.parse().unwrap()).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof, "{early:?}");
        }
    }

    #[test]
    fn only_named_networks_are_proxies() {
        let proxies = Proxies::new(vec!["10.0.0.0/24".parse().unwrap(), "2001:db8::1/128".parse().unwrap()]);
        for (peer, is) in [
            ("10.0.0.7:1", true),
            ("[::ffff:10.0.0.7]:1", true),
            ("10.0.1.7:1", false),
            ("[2001:db8::1]:1", true),
            ("[2001:db8::2]:1", false),
        ] {
            assert_eq!(proxies.include(peer.parse().unwrap()), is, "{peer}");
        }
        assert!(!Proxies::default().include("127.0.0.1:1".parse().unwrap()));
    }
}
