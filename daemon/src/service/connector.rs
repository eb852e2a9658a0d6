//! Dials the service: TCP and TLS, or plain HTTP to this machine only.
//!
//! Trusted are the certificates of the enrollment's `ca_file`, or the system's roots when it
//! names none. They are read at each connection, so that a renewed file needs no restart.

use std::{
    io,
    net::SocketAddr,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hyper_util::rt::TokioIo;
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use tonic::transport::Uri;

use crate::os::files;

/// Why the service's URL cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// No host in it.
    #[error("`service` in the enrollment file is `{0}`, which is no URL with a host")]
    NotAUrl(String),
    /// Credentials would cross the network in the clear.
    #[error(
        "`service` in the enrollment file is `{0}`: plain http is for a service on this machine only (127.0.0.1, [::1], \
         localhost); use https"
    )]
    PlainHttp(String),
}

/// Whether what is typed at `url` crosses no network in the clear.
pub(crate) fn is_encrypted_or_on_this_machine(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else { return false };
    let host = uri.host().unwrap_or_default();
    match uri.scheme_str() {
        Some("https") => !host.is_empty(),
        Some("http") => is_loopback(host.trim_matches(['[', ']'])),
        _ => false,
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Either kind of connection.
pub(super) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// Makes connections for tonic.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    host: String,
    port: u16,
    tls: Option<Trust>,
    /// For name, TCP and TLS together.
    limit: Duration,
}

#[derive(Debug, Clone)]
struct Trust {
    server_name: ServerName<'static>,
    ca_file: Option<PathBuf>,
}

impl Connector {
    pub(super) fn new(url: &str, ca_file: Option<PathBuf>, limit: Duration) -> Result<Self, Unusable> {
        let not_a_url = || Unusable::NotAUrl(url.to_owned());
        let uri: Uri = url.parse().map_err(|_| not_a_url())?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(not_a_url)?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(not_a_url()),
        };
        if !https && !is_loopback(&host) {
            return Err(Unusable::PlainHttp(url.to_owned()));
        }
        let tls = match https {
            true => {
                let server_name = ServerName::try_from(host.clone()).map_err(|_| not_a_url())?;
                Some(Trust { server_name, ca_file })
            }
            false => None,
        };
        Ok(Self { host, port: uri.port_u16().unwrap_or(if https { 443 } else { 80 }), tls, limit })
    }

    /// True when nobody is spoken to whose certificate does not hold. There is no way to switch the check off.
    pub(super) fn checks_certificates(&self) -> bool {
        self.tls.is_some()
    }

    async fn dial(self) -> io::Result<TokioIo<Box<dyn Io>>> {
        Ok(TokioIo::new(self.connect().await?.0))
    }

    /// Connects once, within the limit, and tells which certificate the service has shown; none: plain HTTP.
    pub(super) async fn look(self) -> io::Result<Option<CertificateDer<'static>>> {
        let (limit, late) = (self.limit, self.late());
        let (_, certificate) = tokio::time::timeout(limit, self.connect()).await.map_err(|_| late)??;
        Ok(certificate)
    }

    fn late(&self) -> io::Error {
        let (host, port, limit) = (&self.host, self.port, self.limit.as_secs());
        let why =
            format!("no connection to `{host}:{port}` within {limit} s: its name, its port or TLS does not answer");
        io::Error::new(io::ErrorKind::TimedOut, why)
    }

    async fn connect(self) -> io::Result<(Box<dyn Io>, Option<CertificateDer<'static>>)> {
        let addresses = tokio::net::lookup_host((self.host.as_str(), self.port)).await?;
        // What a name means is not ours to say: plain HTTP goes to a loopback address, or nowhere.
        let addresses: Vec<SocketAddr> =
            addresses.filter(|address| self.tls.is_some() || address.ip().is_loopback()).collect();
        let stream = TcpStream::connect(addresses.as_slice()).await.map_err(|error| {
            io::Error::new(error.kind(), format!("cannot connect to `{}:{}`: {error}", self.host, self.port))
        })?;
        stream.set_nodelay(true)?;
        let Some(trust) = self.tls else {
            return Ok((Box::new(stream), None));
        };
        let ca_file = trust.ca_file.clone();
        let config = tokio::task::spawn_blocking(move || client_config(ca_file.as_deref())).await??;
        let stream = TlsConnector::from(config).connect(trust.server_name, stream).await.map_err(|error| {
            let next = match &trust.ca_file {
                Some(path) => format!("compare `{}` with the service's certificate", path.display()),
                None => "name the service's authority as `caFile` in the enrollment file".to_owned(),
            };
            io::Error::new(error.kind(), format!("TLS with `{}:{}` failed: {error}; {next}", self.host, self.port))
        })?;
        let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first).cloned();
        Ok((Box::new(stream), shown.map(CertificateDer::into_owned)))
    }
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<Box<dyn Io>>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let (connector, limit) = (self.clone(), self.limit);
        Box::pin(async move {
            let late = connector.late();
            tokio::time::timeout(limit, connector.dial()).await.unwrap_or(Err(late))
        })
    }
}

fn client_config(ca_file: Option<&Path>) -> io::Result<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let fail = |why: String| io::Error::other(format!("`caFile` `{}` cannot be used: {why}", path.display()));
            let pem = files::read_named(path).map_err(|error| {
                fail(format!(
                    "{error}; copy the service's `ca.pem` there, mode 0644: each user that runs an agent must be able to \
                     read it"
                ))
            })?;
            let certificates = CertificateDer::pem_slice_iter(&pem);
            for certificate in certificates {
                let certificate = certificate.map_err(|error| fail(error.to_string()))?;
                roots.add(certificate).map_err(|error| fail(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(fail("it holds no certificate; copy the service's `ca.pem` there".to_owned()));
            }
        }
        None => {
            let system = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(system.certs);
            if roots.is_empty() {
                return Err(io::Error::other(
                    "the system has no trusted certificates; name the service's authority as `caFile` in the enrollment file",
                ));
            }
        }
    }
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn plain_http_is_for_this_machine_only() {
        let check = |url: &str| Connector::new(url, None, Duration::ZERO).map(|c| (c.host, c.port, c.tls.is_some()));
        let ok = |host: &str, port, tls| Ok((host.to_owned(), port, tls));
        assert_eq!(check("https://gate.example:8443"), ok("gate.example", 8443, true));
        assert_eq!(check("https://gate.example"), ok("gate.example", 443, true));
        assert_eq!(check("https://[::1]:1"), ok("::1", 1, true));
        assert_eq!(check("http://127.0.0.1:9"), ok("127.0.0.1", 9, false));
        assert_eq!(check("http://[::1]:9"), ok("::1", 9, false));
        assert_eq!(check("http://localhost"), ok("localhost", 80, false));
        for url in ["http://gate.example", "http://10.0.0.1:9", "http://127.0.0.1.example", "http://localhost.example"]
        {
            assert_eq!(check(url), Err(Unusable::PlainHttp(url.to_owned())));
        }
        for url in ["https://", "gate.example", "ftp://gate.example", "https://ex ample"] {
            assert_eq!(check(url), Err(Unusable::NotAUrl(url.to_owned())), "{url}");
        }
    }

    #[test]
    fn an_authority_that_cannot_be_read_says_what_to_do() {
        let directory = tempfile::tempdir().expect("directory");
        let empty = directory.path().join("empty.pem");
        fs::write(&empty, "").expect("write");
        for path in [&directory.path().join("missing.pem"), directory.path(), &empty] {
            let error = client_config(Some(path)).expect_err("no authority").to_string();
            assert!(error.contains("copy the service's `ca.pem` there"), "{error}");
        }
    }
}
