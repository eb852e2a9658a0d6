//! A server of the test's own that does as it is told: it gives tokens, or it is broken in one way.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{TlsAcceptor, rustls::ServerConfig};

/// What the server does when it has read the head of a request.
#[derive(Debug, Clone)]
pub enum Step {
    /// Sends these bytes.
    Send(Vec<u8>),
    /// Sends nothing for so long.
    Wait(Duration),
    /// Sends nothing more, and keeps the connection.
    Hang,
    /// Ends the connection without TLS's word for it.
    Drop,
}

/// Gives the steps for the head of a request.
pub type Script = fn(&str) -> Vec<Step>;

/// A running server.
pub struct Peer {
    heads: Arc<Mutex<Vec<String>>>,
    listener: JoinHandle<()>,
}

impl Peer {
    /// Answers on `listener` by `script`, in TLS if there is a configuration for it.
    #[must_use]
    pub fn start(listener: TcpListener, tls: Option<Arc<ServerConfig>>, script: Script) -> Self {
        let heads = Arc::default();
        let seen = Arc::clone(&heads);
        let listener = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, tls.clone(), script, Arc::clone(&seen)));
            }
        });
        Self { heads, listener }
    }

    /// The heads of all requests so far.
    #[must_use]
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.listener.abort();
    }
}

async fn serve(stream: TcpStream, tls: Option<Arc<ServerConfig>>, script: Script, seen: Arc<Mutex<Vec<String>>>) {
    // What a client breaks off is its own affair.
    let _ = match tls {
        Some(tls) => match TlsAcceptor::from(tls).accept(stream).await {
            Ok(stream) => answer(stream, script, &seen).await,
            Err(error) => Err(error),
        },
        None => answer(stream, script, &seen).await,
    };
}

async fn answer<S>(stream: S, script: Script, seen: &Mutex<Vec<String>>) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if stream.read_line(&mut head).await? == 0 {
                return Ok(());
            }
        }
        seen.lock().unwrap_or_else(PoisonError::into_inner).push(head.clone());
        for step in script(&head) {
            match step {
                Step::Send(bytes) => {
                    stream.write_all(&bytes).await?;
                    stream.flush().await?;
                }
                Step::Wait(pause) => tokio::time::sleep(pause).await,
                Step::Hang => std::future::pending().await,
                Step::Drop => return Ok(()),
            }
        }
    }
}

/// A whole answer.
#[must_use]
pub fn answer_with(status: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// The token server of Docker Hub: whoever asks has one.
#[must_use]
pub fn tokens(_head: &str) -> Vec<Step> {
    let token = r#"{"token":"lab","access_token":"lab","expires_in":300,"issued_at":"2026-01-01T00:00:00Z"}"#;
    vec![Step::Send(answer_with("200 OK", &[("Content-Type", "application/json")], token))]
}
