//! What the registry door says to engines, and why it does not start.

use std::{io, sync::Arc, time::Duration};

use proto::trusted_file::FileError;
use proxy::ca::CaError;
use tokio_rustls::rustls;

use super::{denied, full};
use crate::samples::Samples;

const DIR: &str = "/var/lib/pullgate-proxy";
const KEY: &str = "/var/lib/pullgate-proxy/ca.key";
const CERTIFICATE: &str = "/var/lib/pullgate-proxy/trust/pullgate.pem";
const SETTINGS: &str = "/etc/pullgate/proxy.json";

pub fn samples() -> Vec<Samples> {
    [engines(), start()].into_iter().flatten().collect()
}

fn refused() -> io::Error {
    io::ErrorKind::ConnectionRefused.into()
}

/// What an engine repeats to the person who pulls.
fn engines() -> Vec<Samples> {
    let host = || "registry.example".to_owned();
    vec![
        samples!(proxy::answer::Trouble:
            Unreachable { host: host(), why: "connection refused".into() },
            Proxy { proxy: "proxy.acme.example:3128".into(), host: host(), why: "it answers 407".into() },
            Certificate { host: host(), why: "it has expired".into() },
            Client {
                host: host(),
                path: "/etc/docker/certs.d/registry.example/client.key".into(),
                why: "Permission denied".into(),
            },
            Tls { host: host(), why: "it speaks something else".into() },
            Timeout { host: host(), what: "answer" },
            Malformed { host: host(), why: "it is no HTTP".into() },
            Loop { host: "127.0.0.1:857".into() },
            Misdirected { connection: host() },
            Request { why: "it names two hosts" },
            Upload,
            Stranger,
            Overloaded,
            CannotStart { why: "`/etc/pullgate/proxy.json` is not valid: unknown field `tunel`".into() },
        ),
        samples!(proxy::upstream::ConnectError:
            Resolve(Arc::new(io::ErrorKind::NotFound.into())),
            Tcp(Arc::new(refused())),
            Late("answer"),
            Loop,
            Proxy { proxy: "proxy.acme.example:3128".into(), why: "it answers 407".into() },
            Tls(Arc::new(refused())),
            Files("`/etc/docker/certs.d/registry.example/ca.crt` holds no certificate".into()),
            Client { path: "/etc/docker/certs.d/registry.example/client.key".into(), why: "Permission denied".into() },
            Mirror,
            Name,
        ),
        samples!(proxy::authority::Malformed: Empty, Long, UserInformation, Characters, Address, Port),
        samples!(proxy::body::BodyError: Silent(Duration::from_secs(60)); unmade: Connection),
    ]
}

fn start() -> Vec<Samples> {
    vec![
        samples!(proxy::settings::SettingsError:
            File(FileError::Untrusted { path: SETTINGS.into(), why: "it is writable by others (mode 0666)".into() }),
            Json { path: SETTINGS.into(), source: super::not_json("{") },
            Entry { path: SETTINGS.into(), key: "mirrors", entry: "http://mirror".into(), expected: "`host[:port]`" },
            Proxy(SETTINGS.into()),
        ),
        samples!(proxy::ca::CaError:
            File { path: KEY.into(), act: "read", source: denied() },
            Exposed { path: KEY.into(), certificate: CERTIFICATE.into() },
            Foreign(KEY.into()),
            Missing(DIR.into()),
            Certificate { path: CERTIFICATE.into(), source: rustls::pki_types::pem::Error::NoItemsFound },
            Signature { path: DIR.into(), source: rcgen::Error::CouldNotParseKeyPair },
            Domain("no domain".into()),
        ),
        samples!(proxy::leaf::LeafError:
            Ca(CaError::Missing(DIR.into())),
            Sign(rcgen::Error::CouldNotParseKeyPair),
            Use(rustls::Error::General("no".into())),
            Unsound(rustls::Error::General("expired".into())),
        ),
        samples!(proxy::upstream::TrustError:
            File { path: "/etc/ssl/acme.pem".into(), source: Box::new(full()) },
            Nothing,
            Tls(rustls::Error::General("no".into())),
        ),
    ]
}
