//! The plugin, asked as engines ask it.

use std::{io::Write as _, os::unix::net::UnixStream, path::Path};

use policy::PROBE_HOST;
use proto::{authz, paths};
use serde_json::{Value, json};

use super::{OURS, ProofError, nonce, plain, status::status};

/// The plugin answers what an engine says at its start, refuses what it must, and lets pass what it must.
///
/// # Errors
/// [`ProofError`].
pub fn plugin(root: &Path) -> Result<(), ProofError> {
    let socket = root.join(paths::PLUGIN_SOCKET.trim_start_matches('/'));
    let asked = |path: &str, message: Option<Value>| {
        let body = message.map(|message| message.to_string()).unwrap_or_default();
        // 20.10 names no host, later ones this.
        ["", "plugin.moby.localhost"].iter().try_fold(Value::Null, |_, host| ask(&socket, host, path, &body))
    };
    let activated = asked(authz::ACTIVATE, None)?;
    if activated != serde_json::from_str::<Value>(authz::ACTIVATED).unwrap_or_default() {
        return Err(ProofError::NoPlugin(activated.to_string()));
    }
    let nonce = nonce();
    let pull = format!("/v1.41/images/create?fromImage={PROBE_HOST}%2Fprobe&tag={nonce}");
    let refused = asked(
        authz::AUTHZ_REQ,
        Some(json!({ "RequestMethod": "POST", "RequestUri": pull, "RequestHeaders": { "Content-Length": "0" } })),
    )?;
    let words = refused["Msg"].as_str().unwrap_or_default();
    if refused["Allow"] != false || !words.contains(&nonce) {
        return Err(ProofError::PluginLenient(refused.to_string()));
    }
    let passed = asked(authz::AUTHZ_REQ, Some(json!({ "RequestMethod": "GET", "RequestUri": "/_ping" })))?;
    if passed["Allow"] != true {
        return Err(ProofError::PluginStrict(passed.to_string()));
    }
    // One that cannot start answers all the same, and only there says that this is why.
    match status(root) {
        Err(error @ ProofError::CannotStart(_)) => Err(error),
        _ => Ok(()),
    }
}

/// One question, as an engine asks it.
pub(crate) fn ask(socket: &Path, host: &str, path: &str, body: &str) -> Result<Value, ProofError> {
    let silent = |error: std::io::Error| ProofError::PluginSilent { socket: socket.to_owned(), why: error.to_string() };
    let mut stream = UnixStream::connect(socket).map_err(silent)?;
    stream.set_read_timeout(Some(OURS)).and_then(|()| stream.set_write_timeout(Some(OURS))).map_err(silent)?;
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: Go-http-client/1.1\r\nContent-Length: {}\r\n\
         Accept: application/vnd.docker.plugins.v1.2+json\r\n\r\n",
        body.len()
    );
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).map_err(silent)?;
    let (status, body) = plain::answer(&mut stream).map_err(silent)?;
    match serde_json::from_str(&body) {
        Ok(json) if status == 200 => Ok(json),
        _ => Err(ProofError::PluginStatus { status, said: body.trim().to_owned() }),
    }
}
