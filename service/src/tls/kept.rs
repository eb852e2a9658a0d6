//! Whichever certificate it is, and what keeps it good while the service runs.

use std::sync::Arc;

use proto::chain;
use rustls::ServerConfig;
use time::OffsetDateTime;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::{FileCertificate, OwnCertificate};

/// The certificate that is served.
#[derive(Clone, Debug)]
pub enum Certificate {
    /// The service's own.
    Own(Arc<OwnCertificate>),
    /// The operator's.
    Files(Arc<FileCertificate>),
}

impl Certificate {
    /// TLS 1.2 and 1.3 with HTTP/2 and HTTP/1.1 by ALPN.
    #[must_use]
    pub fn acceptor(&self) -> TlsAcceptor {
        let builder = ServerConfig::builder().with_no_client_auth();
        let mut config = match self {
            Self::Own(own) => builder.with_cert_resolver(Arc::clone(own) as _),
            Self::Files(files) => builder.with_cert_resolver(Arc::clone(files) as _),
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }

    /// Renews it long before its end, or reads it again when its files change, until told to stop. New connections
    /// get the new one; those that are open stay.
    pub async fn keep(self, stop: CancellationToken) {
        let wait = match &self {
            Self::Own(_) => OwnCertificate::renew_after(),
            Self::Files(_) => FileCertificate::LOOK,
        };
        // Said once, and not at every look.
        let mut complaint = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            let renewed = match &self {
                Self::Own(own) => own.renew(OffsetDateTime::now_utc()).map(|()| true),
                Self::Files(files) => files.look(),
            };
            match renewed {
                Ok(true) => {
                    tracing::info!("new connections get the new certificate");
                    complaint = None;
                }
                Ok(false) => complaint = None,
                Err(error) => {
                    let error = chain(&error);
                    if complaint.as_ref() != Some(&error) {
                        tracing::error!(%error, "the new certificate cannot be used; the one before stays");
                        complaint = Some(error);
                    }
                }
            }
        }
    }
}
