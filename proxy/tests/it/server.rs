//! A server that says what a test wants, byte by byte.

use std::{
    future::Future,
    path::PathBuf,
    pin::Pin,
    sync::{Arc, Mutex},
};

use rustls::{
    RootCertStore, ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
    server::WebPkiClientVerifier,
};
use tokio::{
    io::{AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufStream},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::TlsAcceptor;

pub trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A connection to the server, behind TLS.
pub type Conn = BufStream<Box<dyn Io>>;
/// What to do with a request; false: the connection ends.
pub type Answering<'a> = Pin<Box<dyn Future<Output = bool> + Send + 'a>>;
type Handler = dyn for<'a> Fn(&'a str, &'a mut Conn) -> Answering<'a> + Send + Sync;

pub struct Server {
    pub port: u16,
    pub tls: bool,
    /// File of the authority of its certificate.
    pub ca: PathBuf,
    heads: Arc<Mutex<Vec<String>>>,
    connections: Arc<Mutex<usize>>,
    task: JoinHandle<()>,
    _dir: tempfile::TempDir,
}

/// Reads a head, with its empty line.
pub async fn head<S: AsyncBufRead + Unpin>(stream: &mut S) -> Option<String> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).await.ok()? == 0 {
            return None;
        }
    }
    Some(head)
}

impl Server {
    /// Serves TLS for `localhost` and `127.0.0.1`.
    pub async fn tls<H>(handler: H) -> Self
    where
        H: for<'a> Fn(&'a str, &'a mut Conn) -> Answering<'a> + Send + Sync + 'static,
    {
        Self::start(true, &["localhost", "127.0.0.1"], Box::new(handler)).await
    }

    /// Serves in the clear.
    pub async fn clear<H>(handler: H) -> Self
    where
        H: for<'a> Fn(&'a str, &'a mut Conn) -> Answering<'a> + Send + Sync + 'static,
    {
        Self::start(false, &["localhost"], Box::new(handler)).await
    }

    /// Serves TLS, and always says the same.
    pub async fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::tls(move |_, conn| say(conn, answer.clone())).await
    }

    /// Serves TLS to who shows this certificate.
    pub async fn for_client(certificate: CertificateDer<'static>) -> Self {
        Self::start_for(Some(certificate), true, &["localhost"], Box::new(|_, conn| say(conn, ok("x")))).await
    }

    /// Serves TLS with a certificate for somebody else.
    pub async fn for_others() -> Self {
        Self::start(true, &["other.example"], Box::new(|_, conn| say(conn, ok("x")))).await
    }

    async fn start(tls: bool, names: &[&str], handler: Box<Handler>) -> Self {
        Self::start_for(None, tls, names, handler).await
    }

    async fn start_for(
        client: Option<CertificateDer<'static>>,
        tls: bool,
        names: &[&str],
        handler: Box<Handler>,
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let ca = dir.path().join("ca.pem");
        let names: Vec<_> = names.iter().map(|&name| name.to_owned()).collect();
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        std::fs::write(&ca, made.cert.pem()).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = match client {
            Some(client) => {
                let mut roots = RootCertStore::empty();
                roots.add(client).unwrap();
                let roots = Arc::new(roots);
                WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider)).build().unwrap()
            }
            None => WebPkiClientVerifier::no_client_auth(),
        };
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let acceptor = tls.then(|| TlsAcceptor::from(Arc::new(config)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let heads = Arc::new(Mutex::new(Vec::new()));
        let connections = Arc::new(Mutex::new(0));
        let handler: Arc<Handler> = Arc::from(handler);
        let task = tokio::spawn({
            let (heads, connections) = (Arc::clone(&heads), Arc::clone(&connections));
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    *connections.lock().unwrap() += 1;
                    tokio::spawn(serve(stream, acceptor.clone(), Arc::clone(&heads), Arc::clone(&handler)));
                }
            }
        });
        Self { port, tls, ca, heads, connections, task, _dir: dir }
    }

    /// How clients name it.
    pub fn name(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// What it was asked: heads, in order.
    pub fn heads(&self) -> Vec<String> {
        self.heads.lock().unwrap().clone()
    }

    /// As if it had not been asked yet.
    pub fn forget(&self) {
        self.heads.lock().unwrap().clear();
    }

    /// How often it was dialled.
    pub fn connections(&self) -> usize {
        *self.connections.lock().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    heads: Arc<Mutex<Vec<String>>>,
    handler: Arc<Handler>,
) {
    stream.set_nodelay(true).unwrap();
    let stream: Box<dyn Io> = match acceptor {
        Some(acceptor) => match acceptor.accept(stream).await {
            Ok(stream) => Box::new(stream),
            Err(_) => return,
        },
        None => Box::new(stream),
    };
    let mut conn = BufStream::new(stream);
    while let Some(head) = head(&mut conn).await {
        heads.lock().unwrap().push(head.clone());
        if !handler(&head, &mut conn).await {
            return;
        }
    }
}

/// A plain answer.
pub fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// Says it, and goes on.
pub fn say(conn: &mut Conn, answer: Vec<u8>) -> Answering<'_> {
    Box::pin(async move { conn.write_all(&answer).await.is_ok() && conn.flush().await.is_ok() })
}

/// Says it, and ends the connection as servers do: what the client still sends is read for a while.
pub fn say_and_linger(conn: &mut Conn, answer: Vec<u8>) -> Answering<'_> {
    Box::pin(async move {
        let _ = conn.write_all(&answer).await;
        let _ = conn.shutdown().await;
        let mut rest = vec![0; 64 << 10];
        while conn.read(&mut rest).await.is_ok_and(|read| read > 0) {}
        false
    })
}

/// Says it, and ends the connection, the orderly way of TLS left out.
pub fn say_and_die(conn: &mut Conn, answer: Vec<u8>) -> Answering<'_> {
    Box::pin(async move {
        let _ = conn.write_all(&answer).await;
        let _ = conn.flush().await;
        false
    })
}

/// Says it, and then nothing, for as long as the other side stays.
pub fn say_and_wait(conn: &mut Conn, answer: Vec<u8>) -> Answering<'_> {
    Box::pin(async move {
        let _ = conn.write_all(&answer).await;
        let _ = conn.flush().await;
        let mut rest = Vec::new();
        let _ = conn.read_to_end(&mut rest).await;
        false
    })
}

/// Value of a header in a head.
pub fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|line| {
        line.split_once(": ").filter(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    })
}
