//! A connection to a host, after CONNECT: carried on untouched, or looked into.

use std::{future::pending, sync::Arc};

use bytes::Bytes;
use tokio::{net::TcpStream, time::timeout};
use tokio_rustls::TlsAcceptor;
use tracing::{debug, info};

use crate::{
    authority::{Authority, Host},
    clear,
    io::Ahead,
    limits,
    patient::Patient,
    relay,
    shared::Shared,
    slots::Line,
    tunnel,
    upstream::Target,
};

/// First byte of a TLS handshake.
pub const TLS: u8 = 0x16;

/// Serves a client that has been told that it is connected to `authority`.
pub async fn connected(shared: Arc<Shared>, authority: Authority, git: bool, client: TcpStream, first: Bytes) {
    let never = git || shared.settings.tunnel.contains(&authority);
    let registry = authority.registry(443);
    let mirror = !never && shared.upstream.dialer().is_mirror(&authority).await;
    let governs = || shared.gate.governs(&registry, mirror || shared.upstream.dialer().knows_mirror(&authority));
    if never || !governs() {
        match shared.upstream.dialer().dial(&authority).await {
            // A policy may have come into force meanwhile.
            Ok(upstream) if never || !governs() => {
                let end = async {
                    tokio::select! {
                        () = shared.stop.cancelled() => {}
                        () = governed(&shared, &authority, governs), if !never => {}
                    }
                };
                let ended = tunnel::run(client, &first, upstream, end, &shared.limits).await;
                return debug!(host = %authority, error = ended.err().map(tracing::field::display), "a tunnel ended");
            }
            Err(error) if never => return info!(host = %authority, %error, "a tunnel leads nowhere"),
            // Whoever trusts our authority can be told why.
            Ok(_) | Err(_) => {}
        }
    }
    let byte = match first.first() {
        Some(byte) => Some(*byte),
        None => {
            let mut byte = [0];
            let line = Line::open(&shared.slots);
            let seen = tokio::select! {
                seen = timeout(shared.limits.first_byte, client.peek(&mut byte)) => seen,
                () = line.unused(&shared.limits) => return,
            };
            seen.ok().and_then(Result::ok).filter(|&seen| seen > 0).map(|_| byte[0])
        }
    };
    let Some(byte) = byte else { return };
    let client = Ahead::with(first, client);
    if byte == TLS {
        let host = authority.host().clone();
        return tls(shared, host, Target { authority, tls: true, loopback: false, mirror }, client).await;
    }
    clear(shared, Target { authority, tls: false, loopback: false, mirror }, client).await;
}

/// Speaks TLS with the client, as `host`.
pub async fn tls(shared: Arc<Shared>, host: Host, target: Target, client: Ahead) {
    let config = match shared.leaves.config(&host) {
        Ok(config) => config,
        Err(error) => return info!(%host, error = %proto::chain(&error), "no certificate for a host"),
    };
    let client = Patient::new(client, shared.limits.idle);
    let crowded = shared.tasks.len() > limits::CROWD;
    let buffer = if crowded { limits::CROWDED_TLS_BUFFER } else { limits::TLS_BUFFER };
    let shaken = TlsAcceptor::from(config).accept_with(client, |connection| connection.set_buffer_limit(Some(buffer)));
    let line = Line::open(&shared.slots);
    let shaken = tokio::select! {
        shaken = timeout(shared.limits.tls, shaken) => shaken,
        () = line.unused(&shared.limits) => return,
    };
    drop(line);
    match shaken {
        // Boxed: else it is in memory once for each function that it is handed through.
        Ok(Ok(client)) => relay::serve(shared, target, Box::new(client)).await,
        Ok(Err(error)) if offers_no_http1(&error) => info!(
            %host,
            "a client offers HTTP/2 alone, which the door does not speak; if no registry is there, name the host in \
             `tunnel` of the door's settings"
        ),
        Ok(Err(error)) => info!(%host, %error, "a client does not accept the door's certificate"),
        Err(_) => debug!(%host, "a client did not finish its TLS handshake"),
    }
}

/// gRPC does: log drivers, traces. No engine asks a registry so, and what is to be decided on is never carried on unread.
fn offers_no_http1(error: &std::io::Error) -> bool {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(tls, Some(rustls::Error::NoApplicationProtocol))
}

/// Speaks HTTP with the client.
pub async fn clear(shared: Arc<Shared>, target: Target, client: Ahead) {
    let target = Arc::new(target);
    clear::serve(&shared, client, |request, handover| {
        let (shared, target) = (Arc::clone(&shared), Arc::clone(&target));
        async move { relay::answer(&shared, &target, request, Some(&handover)).await }
    })
    .await;
}

/// Waits until the policy wants to see what is asked of a host: when it changes, or with time, since
/// sessions and policies end.
pub async fn governed(shared: &Shared, host: &Authority, governs: impl Fn() -> bool) {
    let mut changes = shared.gate.changes();
    loop {
        if governs() {
            return info!(%host, "a tunnel will end: the policy governs its host now");
        }
        if let Ok(Err(_)) = timeout(shared.limits.tunnel_look, changes.changed()).await {
            pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use rustls::{
        ClientConfig, RootCertStore, ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{PrivatePkcs8KeyDer, ServerName},
    };
    use tokio_rustls::TlsConnector;

    use super::*;

    #[tokio::test]
    async fn a_client_of_http2_alone_is_told_from_one_that_does_not_trust_the_door() {
        let made = rcgen::generate_simple_self_signed(vec!["registry.example".to_owned()]).unwrap();
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(aws_lc_rs::default_provider());
        let server = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
        let server = server.unwrap().with_no_client_auth();
        let mut server = server.with_single_cert(vec![made.cert.der().clone()], key.into()).unwrap();
        server.alpn_protocols = vec![b"http/1.1".to_vec()];
        let acceptor = TlsAcceptor::from(Arc::new(server));
        for (alpn, trusts, expected) in [(&b"h2"[..], true, true), (b"http/1.1", false, false)] {
            let mut roots = RootCertStore::empty();
            if trusts {
                roots.add(made.cert.der().clone()).unwrap();
            }
            let client =
                ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
            let mut client = client.unwrap().with_root_certificates(roots).with_no_client_auth();
            client.alpn_protocols = vec![alpn.to_vec()];
            let (near, far) = tokio::io::duplex(64 << 10);
            let name = ServerName::try_from("registry.example").unwrap();
            let connects = TlsConnector::from(Arc::new(client)).connect(name, near);
            let (connected, accepted) = tokio::join!(connects, acceptor.accept(far));
            assert!(connected.is_err());
            assert_eq!(offers_no_http1(&accepted.err().unwrap()), expected);
        }
    }
}
