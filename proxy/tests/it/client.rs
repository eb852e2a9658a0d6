//! A client that sends what a test wants, byte by byte, and sees the door's answers as they are on
//! the wire.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufStream},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use tokio_rustls::TlsConnector;

use crate::server::{Conn, Io, head, header};

/// Nothing in these tests may take longer: a hang is a failure.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Client {
    conn: Conn,
    host: String,
    /// The certificate that was shown.
    pub certificate: Option<Vec<u8>>,
}

/// An answer, as it came.
#[derive(Debug)]
pub struct Answer {
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.head, name)
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    /// It is the door's own, with this code, and says the same in both places.
    #[track_caller]
    pub fn is_trouble(&self, status: u16, code: &str) {
        assert_eq!(self.status(), status, "{self:?}");
        let line = self.head.lines().next().unwrap();
        assert!(line.contains("pullgate: ") && line.ends_with(&format!("({code})")), "{line}");
        let body: serde_json::Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(body["errors"][0]["code"], code);
        assert!(line.ends_with(body["errors"][0]["message"].as_str().unwrap()), "{line} {body}");
    }
}

/// The next connection to a server of the test's own.
pub async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    timeout(PATIENCE, listener.accept()).await.expect("a connection in time").unwrap()
}

/// CONNECT with a User-Agent.
pub async fn connect(door: SocketAddr, host: &str, agent: &str) -> TcpStream {
    let mut stream = TcpStream::connect(door).await.unwrap();
    stream.set_nodelay(true).unwrap();
    let request = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: {agent}\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(timeout(PATIENCE, stream.read_u8()).await.unwrap().unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 200 "), "{}", String::from_utf8_lossy(&head));
    stream
}

impl Client {
    /// TLS inside a CONNECT.
    pub async fn tls(door: SocketAddr, host: &str, roots: &RootCertStore) -> Self {
        Self::shake(connect(door, host, "Go-http-client/1.1").await, host, roots).await.unwrap()
    }

    /// TLS on a connection.
    pub async fn shake(stream: TcpStream, host: &str, roots: &RootCertStore) -> std::io::Result<Self> {
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots.clone())
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let name = host.rsplit_once(':').unwrap().0.trim_matches(['[', ']']).to_owned();
        let connecting = TlsConnector::from(Arc::new(config)).connect(ServerName::try_from(name).unwrap(), stream);
        let stream = timeout(PATIENCE, connecting).await.expect("a handshake")?;
        let certificate = stream.get_ref().1.peer_certificates().map(|chain| chain[0].to_vec());
        Ok(Self { conn: BufStream::new(Box::new(stream) as Box<dyn Io>), host: host.to_owned(), certificate })
    }

    /// Plain HTTP inside a CONNECT.
    pub async fn clear(door: SocketAddr, host: &str) -> Self {
        Self::over(connect(door, host, "Go-http-client/1.1").await, host)
    }

    /// Plain HTTP, whatever is on the other side.
    pub fn over(stream: TcpStream, host: &str) -> Self {
        let conn = BufStream::new(Box::new(stream) as Box<dyn Io>);
        Self { conn, host: host.to_owned(), certificate: None }
    }

    /// Sends bytes.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).await.unwrap();
    }

    /// Sends bytes to somebody who may not want them.
    pub async fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> std::io::Result<()> {
        self.conn.write_all(bytes.as_ref()).await?;
        self.conn.flush().await
    }

    /// A GET, with more headers as they are on the wire.
    pub async fn get(&mut self, path: &str, headers: &str) -> Answer {
        self.ask("GET", path, headers, "").await
    }

    /// Any request.
    pub async fn ask(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Answer {
        let request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n{body}", self.host);
        self.send(request).await;
        self.answer(method == "HEAD").await.expect("a whole answer")
    }

    /// The head of the next answer.
    pub async fn head(&mut self) -> Option<String> {
        timeout(PATIENCE, head(&mut self.conn)).await.expect("an answer")
    }

    /// The next answer, whole, or why it is not.
    pub async fn answer(&mut self, bodiless: bool) -> Result<Answer, String> {
        let head = self.head().await.ok_or("no head")?;
        let status: u16 = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = match bodiless || [204, 304].contains(&status) {
            true => Vec::new(),
            false => self.body(&head).await?,
        };
        Ok(Answer { head, body })
    }

    /// The body that belongs to a head, whole, or why it is not.
    pub async fn body(&mut self, head: &str) -> Result<Vec<u8>, String> {
        if let Some(length) = header(head, "content-length") {
            let mut body = vec![0; length.parse().unwrap()];
            self.exactly(&mut body).await?;
            return Ok(body);
        }
        assert_eq!(header(head, "transfer-encoding"), Some("chunked"), "{head}");
        let mut body = Vec::new();
        loop {
            let mut size = Vec::new();
            while !size.ends_with(b"\r\n") {
                let mut byte = [0];
                self.exactly(&mut byte).await?;
                size.extend(byte);
            }
            let size = usize::from_str_radix(std::str::from_utf8(&size).unwrap().trim(), 16).unwrap();
            let mut chunk = vec![0; size + 2];
            self.exactly(&mut chunk).await?;
            if size == 0 {
                return Ok(body);
            }
            body.extend(&chunk[..size]);
        }
    }

    /// So many bytes.
    pub async fn exactly(&mut self, bytes: &mut [u8]) -> Result<(), String> {
        let read = timeout(PATIENCE, self.conn.read_exact(bytes)).await.expect("bytes in time");
        read.map(|_| ()).map_err(|error| error.to_string())
    }

    /// What one read gives.
    pub async fn read_once(&mut self) -> Vec<u8> {
        let mut bytes = vec![0; 64 << 10];
        let read = timeout(PATIENCE, self.conn.read(&mut bytes)).await.expect("bytes in time").unwrap();
        bytes.truncate(read);
        bytes
    }

    /// Waits for the end of the connection; what still came.
    pub async fn end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let _ = timeout(PATIENCE, self.conn.read_to_end(&mut bytes)).await.expect("the end of the connection");
        bytes
    }
}
