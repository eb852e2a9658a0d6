//! What a client speaks, by its first bytes.

use rustls::server::Acceptor;

use crate::intercept::TLS;

/// Most bytes looked at; a ClientHello with post-quantum keys has 2 KiB.
pub const MOST: usize = 16 << 10;

/// What they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Spoken {
    /// TLS that HTTP/1.1 may be in, with the name that is asked for.
    Tls(Option<String>),
    /// HTTP/1.
    Http,
    /// Nothing that a registry could be asked with.
    Other,
    /// More bytes are needed.
    Unclear,
}

/// The methods that there are. Go writes them in capital letters.
const METHODS: [&[u8]; 9] =
    [b"GET ", b"HEAD ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ", b"OPTIONS ", b"CONNECT ", b"TRACE "];

/// Looks at the first bytes.
#[must_use]
pub fn sniff(first: &[u8]) -> Spoken {
    match first.first() {
        None => Spoken::Unclear,
        Some(&TLS) => hello(first),
        Some(_) => {
            let word = first.get(..first.len().min(8)).unwrap_or(first);
            if METHODS.iter().any(|method| first.starts_with(method)) {
                Spoken::Http
            } else if METHODS.iter().any(|method| method.starts_with(word)) {
                Spoken::Unclear
            } else {
                Spoken::Other
            }
        }
    }
}

/// A client that will speak something else than HTTP/1.1 (gRPC, swarm) says so in its hello.
fn hello(mut first: &[u8]) -> Spoken {
    let long_enough = first.len() >= MOST;
    let mut acceptor = Acceptor::default();
    while !first.is_empty() {
        if acceptor.read_tls(&mut first).is_err() {
            return Spoken::Tls(None);
        }
        match acceptor.accept() {
            Ok(Some(accepted)) => {
                let hello = accepted.client_hello();
                let http = hello.alpn().is_none_or(|mut names| names.any(|name| name == b"http/1.1"));
                return if http { Spoken::Tls(hello.server_name().map(str::to_owned)) } else { Spoken::Other };
            }
            Ok(None) => {}
            // Refused in a way that the client understands, where the handshake is made.
            Err(_) => return Spoken::Tls(None),
        }
    }
    if long_enough { Spoken::Tls(None) } else { Spoken::Unclear }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::{ClientConfig, ClientConnection, RootCertStore, crypto::aws_lc_rs, pki_types::ServerName};

    use super::*;

    fn client_hello(name: &str, alpn: &[&[u8]]) -> Vec<u8> {
        let mut config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut bytes = Vec::new();
        ClientConnection::new(Arc::new(config), name).unwrap().write_tls(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn methods_are_http_and_their_beginnings_unclear() {
        for method in METHODS {
            assert_eq!(sniff(method), Spoken::Http);
            for len in 0..method.len() {
                assert_eq!(sniff(&method[..len]), Spoken::Unclear, "{:?}", &method[..len]);
            }
        }
        assert_eq!(sniff(b"GET /v2/ HTTP/1.1\r\n"), Spoken::Http);
    }

    #[test]
    fn what_no_registry_is_asked_with_is_something_else() {
        for first in [
            &b"PRI * HTTP/2.0"[..],
            b"get / HTTP/1.1",
            b"<13>Nov 26",
            b"\x93\xa3",
            b"{",
            b"\0",
            b"\0\x1d\xbe\xef\x01",
            b"SSH-2.0",
            b"G E",
        ] {
            assert_eq!(sniff(first), Spoken::Other, "{first:?}");
        }
    }

    #[test]
    fn a_hello_tells_the_name_and_whether_http_is_meant() {
        let both: [&[u8]; 2] = [b"h2", b"http/1.1"];
        assert_eq!(sniff(&client_hello("localhost", &both)), Spoken::Tls(Some("localhost".to_owned())));
        assert_eq!(sniff(&client_hello("127.0.0.1", &[])), Spoken::Tls(None));
        assert_eq!(sniff(&client_hello("localhost", &[b"h2"])), Spoken::Other);
        let hello = client_hello("localhost", &both);
        for len in [1, 4, 5, 6, hello.len() / 2, hello.len() - 1] {
            assert_eq!(sniff(&hello[..len]), Spoken::Unclear, "{len}");
        }
        // No hello, and still no way around the door.
        assert_eq!(sniff(b"\x16GET / HTTP/1.1\r\n\r\n"), Spoken::Tls(None));
        let endless = [b"\x16\x03\x01\x40\x00\x01\x00\xff\xff".as_slice(), &[0; MOST]].concat();
        assert_eq!(sniff(&endless[..MOST]), Spoken::Tls(None));
    }
}
