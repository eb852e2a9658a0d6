//! Whether the plugin answers on its socket as the engine would ask, and how fast.

use std::{
    io::ErrorKind,
    os::unix::net::UnixStream,
    path::Path,
    time::{Duration, Instant},
};

use policy::PROBE_HOST;
use proto::authz;
use serde_json::json;

use crate::{
    install::prove::{ProofError, ask_plugin},
    when,
};

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginSocket {
    /// It refused a probe, after this long.
    Answers(Duration),
    /// It does not; why.
    Silent(String),
    /// Only root may ask.
    NotThisUser,
}

/// Asks once, as an engine asks about a pull. It leaves no record.
pub fn look(socket: &Path) -> PluginSocket {
    match UnixStream::connect(socket) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => return PluginSocket::NotThisUser,
        Err(error) => return PluginSocket::Silent(error.to_string()),
        Ok(_) => {}
    }
    let nonce = format!("{}-{}", std::process::id(), when::now_ms());
    let pull = format!("/v1.41/images/create?fromImage={PROBE_HOST}%2Fprobe&tag={nonce}");
    let message = json!({ "RequestMethod": "POST", "RequestUri": pull, "RequestHeaders": { "Content-Length": "0" } });
    let started = Instant::now();
    match ask_plugin(socket, "plugin.moby.localhost", authz::AUTHZ_REQ, &message.to_string()) {
        Ok(answer) if answer["Allow"] == false && answer["Msg"].as_str().is_some_and(|said| said.contains(&nonce)) => {
            PluginSocket::Answers(started.elapsed())
        }
        Ok(answer) => PluginSocket::Silent(format!("it does not refuse a probe: {answer}")),
        Err(ProofError::PluginSilent { why, .. }) => PluginSocket::Silent(why),
        Err(error) => PluginSocket::Silent(error.to_string()),
    }
}
