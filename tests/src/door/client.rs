//! A client of the test's own, which says what it likes and sees every byte.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        pki_types::{CertificateDer, ServerName, pem::PemObject as _},
    },
};

use super::{Site, door_address};

/// Longer than the door waits for anything.
const BOUND: Duration = Duration::from_secs(75);

/// A connection on which one request after the other is made.
pub struct Client {
    stream: TlsStream<TcpStream>,
    host: String,
}

impl Client {
    /// Connects to `host`, `name:port`, through the door.
    ///
    /// # Errors
    /// When the door does not let it, or shows no certificate of its own authority.
    ///
    /// # Panics
    /// When the door's authority cannot be read.
    pub async fn through_door(site: &Site, host: &str) -> io::Result<Self> {
        let mut stream = site.network.connect(door_address())?;
        let connect = format!("CONNECT {host} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        stream.write_all(connect.as_bytes()).await?;
        let answer = head(&mut stream).await?;
        if !answer.starts_with("HTTP/1.1 200") {
            return Err(io::Error::other(answer));
        }
        Self::over(stream, host, &site.lab.path("engine/run/door/trust/pullgate.pem")).await
    }

    /// Connects to `host`, `name:port`, straight.
    ///
    /// # Errors
    /// As from the system, or when TLS fails.
    ///
    /// # Panics
    /// When a certificate cannot be read.
    pub async fn straight(site: &Site, host: &str) -> io::Result<Self> {
        let (name, port) = host.split_once(':').ok_or(io::ErrorKind::InvalidInput)?;
        let port = port.parse().map_err(io::Error::other)?;
        let stream = site.network.connect((super::names(name), port).into())?;
        Self::over(stream, host, &site.lab.path("engine/run/trust/registries.pem")).await
    }

    async fn over(stream: TcpStream, host: &str, trust: &std::path::Path) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(trust).unwrap()).unwrap();
        let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        let name = host.split(':').next().unwrap_or(host).to_owned();
        let name = ServerName::try_from(name).map_err(io::Error::other)?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        Ok(Self { stream, host: host.trim_end_matches(":443").to_owned() })
    }

    /// `GET target`; gives the head and the body as far as they came, and whether that was all.
    ///
    /// # Errors
    /// When nothing comes in time, or the connection breaks before the head.
    pub async fn get(&mut self, target: &str) -> io::Result<Got> {
        // Any token is good, and without one Docker Hub asks for it.
        let headers = "Accept: */*\r\nAuthorization: Bearer lab";
        let request = format!("GET {target} HTTP/1.1\r\nHost: {}\r\n{headers}\r\n\r\n", self.host);
        self.stream.write_all(request.as_bytes()).await?;
        timeout(BOUND, got(&mut self.stream)).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }
}

/// An answer.
#[derive(Debug)]
pub struct Got {
    /// Status line and headers.
    pub head: String,
    /// As far as it came.
    pub body: Vec<u8>,
    /// Whether all came that the head promised.
    pub whole: bool,
}

impl Got {
    /// The status code; 0: there is none.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0)
    }

    /// The reason phrase.
    #[must_use]
    pub fn reason(&self) -> &str {
        self.head.lines().next().and_then(|line| line.splitn(3, ' ').nth(2)).unwrap_or_default()
    }
}

async fn head(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(error) if head.is_empty() => return Err(error),
            Err(_) => return Err(io::Error::other(String::from_utf8_lossy(&head).into_owned())),
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}

async fn got(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> io::Result<Got> {
    let head = head(stream).await?;
    let lower = head.to_ascii_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    let is_chunked = lower.contains("\ntransfer-encoding: chunked");
    let (mut body, mut buffer) = (Vec::new(), vec![0; 1 << 16]);
    loop {
        let whole = match length {
            Some(length) => body.len() >= length,
            None => is_chunked && body.ends_with(b"0\r\n\r\n"),
        };
        if whole {
            return Ok(Got { head, body, whole });
        }
        match stream.read(&mut buffer).await {
            Ok(read @ 1..) => body.extend_from_slice(&buffer[..read]),
            // An answer without a length ends with the connection, and then TLS says so.
            Ok(_) => return Ok(Got { head, body, whole: length.is_none() && !is_chunked }),
            Err(_) => return Ok(Got { head, body, whole: false }),
        }
    }
}
