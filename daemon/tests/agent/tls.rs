//! The service over TLS: trusted by the enrollment's authority, and by nothing else.

use std::{
    fs, io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use rustls::{ServerConfig, pki_types::PrivateKeyDer};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};
use tonic::transport::{Server, server::Connected};

use crate::support::{Machine, save};

struct Stream(TlsStream<TcpStream>);

impl Connected for Stream {
    type ConnectInfo = ();
    fn connect_info(&self) {}
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

/// Serves the machine's service over TLS with a certificate for `name`; returns the port and the certificate.
pub async fn serve(machine: &Machine, name: &str) -> (u16, String) {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).expect("certificate");
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("key");
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("configuration");
    config.alpn_protocols = vec![b"h2".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("bind");
    let port = listener.local_addr().expect("address").port();
    let (sender, receiver) = mpsc::channel::<io::Result<Stream>>(1);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                let _ = sender.send(Ok(Stream(stream))).await;
            }
        }
    });
    let incoming = tokio_stream::wrappers::ReceiverStream::new(receiver);
    tokio::spawn(Server::builder().add_service(machine.service.api()).serve_with_incoming(incoming));
    (port, made.cert.pem())
}

/// `docker login localhost:PORT`.
fn login(machine: &Machine, port: u16) {
    save(
        &machine.config(),
        &machine.text("alice", "s3cret-alice").replace(&machine.service.host(), &format!("localhost:{port}")),
    );
}

#[tokio::test]
async fn a_service_with_the_enrolled_certificate_is_used() {
    let machine = Machine::new();
    let (port, certificate) = serve(&machine, "localhost").await;
    fs::write(machine.path("ca.pem"), certificate).expect("write");
    machine.enroll_with(&format!("https://localhost:{port}"), Some(&machine.path("ca.pem")));
    login(&machine, port);
    let _agent = machine.agent();
    machine.in_force(Some("alice")).await;
}

#[tokio::test]
async fn a_service_with_another_certificate_is_shown_nothing_until_it_is_the_right_one() {
    let machine = Machine::new();
    let (port, certificate) = serve(&machine, "localhost").await;
    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("certificate");
    fs::write(machine.path("ca.pem"), other.cert.pem()).expect("write");
    machine.enroll_with(&format!("https://localhost:{port}"), Some(&machine.path("ca.pem")));
    login(&machine, port);
    let agent = machine.agent();
    agent.logged("compare").await;
    assert!(agent.log().contains("invalid peer certificate"), "{}", agent.log());
    assert!(machine.service.state.borrow().sign_ins.is_empty());
    // The file is read at each connection: no restart.
    fs::write(machine.path("ca.pem"), certificate).expect("write");
    machine.in_force(Some("alice")).await;
}

#[tokio::test]
async fn a_certificate_for_another_name_is_refused() {
    let machine = Machine::new();
    let (port, certificate) = serve(&machine, "elsewhere.example").await;
    fs::write(machine.path("ca.pem"), certificate).expect("write");
    machine.enroll_with(&format!("https://localhost:{port}"), Some(&machine.path("ca.pem")));
    login(&machine, port);
    let agent = machine.agent();
    agent.logged("certificate not valid for name").await;
    assert!(machine.service.state.borrow().sign_ins.is_empty());
}
