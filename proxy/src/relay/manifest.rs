//! A manifest, read whole before any of it goes on.

use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, timeout_at};

use crate::{
    answer::Trouble,
    body::{Body, BodyError, Watched},
    gate::{Learn, MAX_MANIFEST_BYTES},
    shared::Shared,
    upstream::Target,
};

/// Reads it and shows it to the gate. What is larger than a manifest can be is passed on unseen: the
/// engine will not take it for one. Memory is reserved before it is used, and freed when the client has it.
pub(super) async fn read(
    shared: &Shared,
    target: &Target,
    mut body: Watched,
    learn: &mut Learn,
) -> Result<Body, Trouble> {
    let host = || target.authority.to_string();
    let late = |_| Trouble::Timeout { host: host(), what: "send a manifest" };
    // All of it, not only every byte: a registry that trickles would hold its room for ever.
    let end = Instant::now() + shared.limits.idle;
    let mut room = shared.manifests.enter(&target.authority);
    let said = body.size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or_default();
    let mut read = BytesMut::new();
    while let Some(frame) = timeout_at(end, body.next()).await.map_err(late)? {
        let frame = frame.map_err(|error| match error {
            BodyError::Silent(_) => Trouble::Timeout { host: host(), what: "send a manifest" },
            BodyError::Connection(_) => Trouble::Malformed { host: host(), why: "it ends in the middle".to_owned() },
        })?;
        let Ok(data) = frame.into_data() else { continue };
        let wanted = said.max(read.len() + data.len()).min(MAX_MANIFEST_BYTES);
        timeout_at(end, room.reserve(wanted)).await.map_err(|_| Trouble::Overloaded)?;
        read.extend_from_slice(&data);
        if read.len() > MAX_MANIFEST_BYTES {
            return Ok(Body::continued(read.freeze(), room, body));
        }
    }
    let read: Bytes = read.freeze();
    learn.manifest(&read);
    Ok(Body::reserved(read, room))
}
