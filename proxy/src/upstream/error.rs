//! Why there is no connection.

use std::{io, sync::Arc};

use crate::answer::Trouble;

/// Why. Kept in shared pieces: the client library hands errors out by reference only.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ConnectError {
    /// No such name, or no resolver.
    #[error("its name cannot be resolved ({0})")]
    Resolve(Arc<io::Error>),
    /// Nobody answers there.
    #[error("{0}")]
    Tcp(Arc<io::Error>),
    /// Too slow.
    #[error("it did not {0} in time")]
    Late(&'static str),
    /// The door itself.
    #[error("it is this door itself")]
    Loop,
    /// A mirror on this machine, which its name did not lead to when the request was decided on.
    #[error("its name leads to a mirror on this machine since just now; try again")]
    Mirror,
    /// The proxy before the registries said something else than 200, or nothing that can be read.
    #[error("proxy `{proxy}`: {why}")]
    Proxy {
        /// Which.
        proxy: String,
        /// What it said.
        why: String,
    },
    /// TLS. Holds what the library says.
    #[error("{0}")]
    Tls(Arc<io::Error>),
    /// Files of `certs.d`.
    #[error("{0}")]
    Files(String),
    /// A certificate of `certs.d` that shows who asks, or its key.
    #[error("`{path}`: {why}")]
    Client {
        /// The file.
        path: String,
        /// Why not.
        why: String,
    },
    /// A host that cannot be asked for by TLS or at all.
    #[error("its name cannot be used")]
    Name,
}

impl ConnectError {
    /// What to tell who asked.
    #[must_use]
    pub fn trouble(&self, host: String) -> Trouble {
        let why = self.to_string();
        match self {
            Self::Resolve(_) | Self::Tcp(_) | Self::Name | Self::Mirror => Trouble::Unreachable { host, why },
            Self::Late(what) => Trouble::Timeout { host, what },
            Self::Loop => Trouble::Loop { host },
            Self::Proxy { proxy, why } => Trouble::Proxy { proxy: proxy.clone(), host, why: why.clone() },
            Self::Client { path, why } => Trouble::Client { host, path: path.clone(), why: why.clone() },
            Self::Files(_) => Trouble::Certificate { host, why },
            Self::Tls(error) => match tls(error) {
                Some(rustls::Error::InvalidCertificate(why)) => Trouble::Certificate { host, why: why.to_string() },
                _ => Trouble::Tls { host, why },
            },
        }
    }

    /// Whether the server seems not to speak TLS at all.
    #[must_use]
    pub fn speaks_no_tls(&self) -> bool {
        match self {
            Self::Tls(error) => match tls(error) {
                Some(rustls::Error::InvalidMessage(_)) => true,
                Some(_) => false,
                // Closed at once: what some servers do with a first line they do not understand.
                None => true,
            },
            Self::Late("finish its TLS handshake") => true,
            _ => false,
        }
    }
}

fn tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}
