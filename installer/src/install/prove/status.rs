//! What the plugin says of itself.

use std::path::Path;

use proto::{
    control::{StatusRequest, StatusResponse, control_client::ControlClient},
    local, paths,
};

use super::{OURS, ProofError, bounded};

/// Asks on its other socket.
pub(super) fn status(root: &Path) -> Result<StatusResponse, ProofError> {
    let socket = root.join(paths::CONTROL_SOCKET.trim_start_matches('/'));
    let asked = bounded(OURS, async {
        let mut client =
            ControlClient::new(local::connect_lazy(&socket)).max_decoding_message_size(local::MAX_MESSAGE_BYTES);
        let status = client.status(StatusRequest {}).await.map_err(|status| status.message().to_owned())?;
        Ok(status.into_inner())
    });
    asked.map_err(|why| match why.starts_with(local::CANNOT_START) {
        true => ProofError::CannotStart(why),
        false => ProofError::PluginSilent { socket, why },
    })
}
