//! A manifest, read whole before any of it goes on.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout_at},
};

use crate::{
    answer::Trouble,
    body::{Body, BodyError, Watched},
    gate::{Learn, MAX_MANIFEST_BYTES},
    shared::Shared,
    upstream::Target,
};

/// Reads it and shows it to the gate. What is larger than a manifest can be is passed on unseen: the
/// engine will not take it for one. Memory is reserved as it comes, and freed when the client has it.
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
    let mut room = Room { held: None };
    let mut read = BytesMut::new();
    while let Some(frame) = timeout_at(end, body.next()).await.map_err(late)? {
        let frame = frame.map_err(|error| match error {
            BodyError::Silent(_) => Trouble::Timeout { host: host(), what: "send a manifest" },
            BodyError::Connection(_) => Trouble::Malformed { host: host(), why: "it ends in the middle".to_owned() },
        })?;
        let Ok(data) = frame.into_data() else { continue };
        timeout_at(end, room.reserve(shared, read.len() + data.len())).await.map_err(|_| Trouble::Overloaded)?;
        read.extend_from_slice(&data);
        if read.len() > MAX_MANIFEST_BYTES {
            return Ok(Body::continued(read.freeze(), body));
        }
    }
    let read: Bytes = read.freeze();
    learn.manifest(&read);
    Ok(match room.held {
        Some(held) => Body::reserved(read, held),
        None => Body::own(read),
    })
}

/// Memory for manifests, of which all requests together have [`crate::limits::MANIFESTS_KIB`].
struct Room {
    held: Option<OwnedSemaphorePermit>,
}

impl Room {
    async fn reserve(&mut self, shared: &Shared, bytes: usize) {
        let wanted = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        let held = self.held.as_ref().map_or(0, |held| u32::try_from(held.num_permits()).unwrap_or(u32::MAX));
        let missing = wanted.saturating_sub(held);
        if missing == 0 {
            return;
        }
        // The semaphore is never closed.
        let Ok(more) = Arc::clone(&shared.manifests).acquire_many_owned(missing).await else { return };
        match &mut self.held {
            Some(held) => held.merge(more),
            None => self.held = Some(more),
        }
    }
}
