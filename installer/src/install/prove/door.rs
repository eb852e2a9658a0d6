//! The registry door, asked as engines ask it.

use std::{
    io::Write as _,
    net::{SocketAddr, TcpStream},
};

use policy::probe::{DOOR_PROBE_HOST, NOTHING, Probe};
use proto::paths;

use super::{OURS, ProofError, nonce, plain, until};

/// The registry door opens a connection, and knows a probe of its own.
///
/// # Errors
/// [`ProofError`].
pub fn door() -> Result<(), ProofError> {
    until(OURS, once)
}

fn once() -> Result<(), ProofError> {
    let silent = |error: std::io::Error| ProofError::DoorSilent(error.to_string());
    let connect = format!("CONNECT {DOOR_PROBE_HOST}:443 HTTP/1.1\r\nHost: {DOOR_PROBE_HOST}:443\r\n\r\n");
    match ask(&connect).map_err(silent)? {
        (200, _) => {}
        (status, _) => return Err(ProofError::DoorStatus(status)),
    }
    let nonce = nonce();
    let get = format!(
        "GET http://{DOOR_PROBE_HOST}/v2/probe/{nonce}/manifests/{NOTHING} HTTP/1.1\r\nHost: {DOOR_PROBE_HOST}\r\n\
         Connection: close\r\n\r\n"
    );
    let (status, said) = ask(&get).map_err(silent)?;
    if said.contains(&Probe::Door(&nonce).answer()) {
        return Ok(());
    }
    Err(ProofError::NoDoor { status, said: said.lines().next().unwrap_or_default().to_owned() })
}

fn ask(text: &str) -> std::io::Result<(u16, String)> {
    let address: SocketAddr = paths::DOOR.parse().map_err(std::io::Error::other)?;
    let mut stream = TcpStream::connect_timeout(&address, OURS)?;
    stream.set_read_timeout(Some(OURS))?;
    stream.set_write_timeout(Some(OURS))?;
    stream.write_all(text.as_bytes())?;
    plain::answer(&mut stream)
}
