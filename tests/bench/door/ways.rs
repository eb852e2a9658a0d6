//! The client's side.

use std::{
    io::{BufReader, Read, Write},
    net::SocketAddr,
    sync::Arc,
    time::Instant,
};

use tests::engines::Network;
use tokio_rustls::rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};

use super::site::Place;
use crate::quantile;

const MANIFESTS: usize = 500;
const MANIFEST_BYTES: u64 = 1_200;

/// A way to a registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Plain,
    Tunnel,
    PlainThroughDoor,
    Tls,
    TlsThroughDoor,
}

impl Way {
    pub const ALL: [Self; 5] = [Self::Plain, Self::Tunnel, Self::PlainThroughDoor, Self::Tls, Self::TlsThroughDoor];

    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "plain, straight",
            Self::Tunnel => "plain, a tunnel",
            Self::PlainThroughDoor => "plain, opened",
            Self::Tls => "TLS, straight",
            Self::TlsThroughDoor => "TLS, opened",
        }
    }

    fn is_plain(self) -> bool {
        !matches!(self, Self::Tls | Self::TlsThroughDoor)
    }
}

/// How to get there.
pub struct Ways<'a> {
    pub network: &'a Network,
    pub door: SocketAddr,
    pub place: &'a Place,
    /// Whom a client trusts that goes straight, and one that goes through the door.
    pub straight: Arc<ClientConfig>,
    pub opened: Arc<ClientConfig>,
}

trait Stream: Read + Write {}
impl<T: Read + Write> Stream for T {}

impl Ways<'_> {
    /// A connection, and what a request on it begins with.
    fn open(&self, way: Way) -> (Box<dyn Stream>, String) {
        let dial = |place: SocketAddr| {
            let stream = self.network.connect_blocking(place).expect("a connection");
            stream.set_nodelay(true).expect("a socket");
            stream
        };
        let connect = |host: &str| {
            let mut stream = dial(self.door);
            write!(stream, "CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n").expect("the door reads");
            let head = head(&mut BufReader::with_capacity(1, &stream));
            assert!(head.starts_with("HTTP/1.1 200"), "{head}");
            stream
        };
        let secure = |stream, config: &Arc<ClientConfig>| -> Box<dyn Stream> {
            let name = ServerName::from(self.place.tls.ip());
            Box::new(StreamOwned::new(ClientConnection::new(Arc::clone(config), name).expect("a client"), stream))
        };
        match way {
            Way::Plain => (Box::new(dial(self.place.plain)), String::new()),
            Way::Tunnel => (Box::new(connect(&self.place.tunnelled)), String::new()),
            Way::PlainThroughDoor => (Box::new(dial(self.door)), format!("http://{}", self.place.plain)),
            Way::Tls => (secure(dial(self.place.tls), &self.straight), String::new()),
            Way::TlsThroughDoor => (secure(connect(&self.place.tls.to_string()), &self.opened), String::new()),
        }
    }

    fn host(&self, way: Way) -> SocketAddr {
        if way.is_plain() { self.place.plain } else { self.place.tls }
    }

    /// A body on a connection of its own.
    pub fn fetch(&self, way: Way, bytes: u64) {
        let (stream, prefix) = self.open(way);
        self.ask(&mut BufReader::with_capacity(256 << 10, stream), way, &prefix, bytes);
    }

    /// Median of a manifest on a kept connection, in nanoseconds.
    pub fn manifests(&self, way: Way) -> f64 {
        let (stream, prefix) = self.open(way);
        let mut stream = BufReader::with_capacity(16 << 10, stream);
        let mut took: Vec<u64> = (0..MANIFESTS)
            .map(|_| {
                let begun = Instant::now();
                self.ask(&mut stream, way, &prefix, MANIFEST_BYTES);
                u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
            })
            .collect();
        took.sort_unstable();
        quantile(&took, 0.5)
    }

    fn ask(&self, stream: &mut BufReader<Box<dyn Stream>>, way: Way, prefix: &str, bytes: u64) {
        let part =
            if bytes == MANIFEST_BYTES { "manifests/latest".to_owned() } else { format!("blobs/sha256:{:064}", 1) };
        let host = self.host(way);
        let request = format!("GET {prefix}/v2/acme/app/{part} HTTP/1.1\r\nHost: {host}\r\nX-Bytes: {bytes}\r\n\r\n");
        stream.get_mut().write_all(request.as_bytes()).and_then(|()| stream.get_mut().flush()).expect("a request");
        let head = head(stream);
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let (mut left, mut piece) = (bytes, vec![0; 256 << 10]);
        while left > 0 {
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(piece.len());
            let read = stream.read(&mut piece[..most]).expect("a body");
            assert!(read > 0, "{left} bytes are missing");
            left -= read as u64;
        }
    }
}

fn head(stream: &mut impl std::io::BufRead) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(stream.read_line(&mut head).expect("a head") > 0, "{head}");
    }
    head
}

/// A client that trusts these.
pub fn roots(pem: &[u8]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.expect("a certificate")).expect("a root");
    }
    Arc::new(ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}
