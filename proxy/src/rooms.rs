//! Memory for manifests, which are read whole: bounded for all, and for each registry, so that one that is slow
//! keeps only its own clients waiting.
//!
//! Nearly every manifest is small, and small ones have room of their own. A large one reserves the whole of a
//! large one at once: whoever holds room never waits for more of the same, so nobody waits in a circle.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{
    authority::Authority,
    gate::MAX_MANIFEST_BYTES,
    limits::{LARGE_MANIFESTS, SMALL_MANIFEST, SMALL_MANIFESTS, SMALL_MANIFESTS_PER_HOST},
};

/// Room for manifests.
#[derive(Debug)]
pub struct Rooms {
    all: Share,
    hosts: Mutex<HashMap<Authority, Weak<Share>>>,
}

/// How many small and large ones.
#[derive(Debug)]
struct Share {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
}

impl Share {
    fn of(small: usize, large: usize) -> Self {
        Self { small: Arc::new(Semaphore::new(small)), large: Arc::new(Semaphore::new(large)) }
    }
}

impl Default for Rooms {
    fn default() -> Self {
        Self { all: Share::of(SMALL_MANIFESTS, LARGE_MANIFESTS), hosts: Mutex::default() }
    }
}

impl Rooms {
    /// Room for a manifest of this registry; none is reserved yet.
    #[must_use]
    pub fn enter(self: &Arc<Self>, host: &Authority) -> Room {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let share = hosts.get(host).and_then(Weak::upgrade).unwrap_or_else(|| {
            hosts.retain(|_, share| share.strong_count() > 0);
            // One large one: two would be a third of all, and no registry has so many.
            let share = Arc::new(Share::of(SMALL_MANIFESTS_PER_HOST, 1));
            hosts.insert(host.clone(), Arc::downgrade(&share));
            share
        });
        Room { rooms: Arc::clone(self), share, held: Vec::new(), bytes: 0 }
    }
}

/// What is reserved for one manifest; free again when it is dropped.
#[derive(Debug)]
pub struct Room {
    rooms: Arc<Rooms>,
    share: Arc<Share>,
    held: Vec<OwnedSemaphorePermit>,
    bytes: usize,
}

impl Room {
    /// Waits until there is room for so many bytes, at most [`MAX_MANIFEST_BYTES`].
    pub async fn reserve(&mut self, bytes: usize) {
        let (share, all, now) = match bytes {
            bytes if bytes <= self.bytes => return,
            bytes if bytes <= SMALL_MANIFEST => (&self.share.small, &self.rooms.all.small, SMALL_MANIFEST),
            _ => (&self.share.large, &self.rooms.all.large, MAX_MANIFEST_BYTES),
        };
        // First one's own: who waits for the registry holds nobody else's room. Semaphores are never closed.
        let Ok(own) = Arc::clone(share).acquire_owned().await else { return };
        let Ok(of_all) = Arc::clone(all).acquire_owned().await else { return };
        self.held = vec![own, of_all];
        self.bytes = now;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    async fn gets(room: &mut Room, bytes: usize) -> bool {
        timeout(Duration::from_secs(1), room.reserve(bytes)).await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_registry_takes_its_share_and_not_the_others() {
        let rooms = Arc::new(Rooms::default());
        let host = |n: usize| Authority::parse(&format!("reg{n}.example"), Some(443)).unwrap();
        let enter = |n: usize| rooms.enter(&host(n));
        let mut slow = Vec::new();
        for _ in 0..SMALL_MANIFESTS_PER_HOST {
            let mut room = enter(0);
            assert!(gets(&mut room, 1).await);
            slow.push(room);
        }
        assert!(!gets(&mut enter(0), 1).await, "its share is used");
        assert!(gets(&mut enter(1), SMALL_MANIFEST).await);
        let mut large = enter(0);
        assert!(gets(&mut large, SMALL_MANIFEST + 1).await && gets(&mut large, MAX_MANIFEST_BYTES).await);
        assert!(!gets(&mut enter(0), MAX_MANIFEST_BYTES).await);
        let mut others: Vec<_> = (1..LARGE_MANIFESTS).map(enter).collect();
        for room in &mut others {
            assert!(gets(room, MAX_MANIFEST_BYTES).await);
        }
        assert!(!gets(&mut enter(9), MAX_MANIFEST_BYTES).await, "all of it is used");
        assert!(gets(&mut enter(9), SMALL_MANIFEST).await, "and there is still some for small ones");
        drop((slow, large));
        assert!(gets(&mut enter(9), MAX_MANIFEST_BYTES).await && gets(&mut enter(0), 1).await);
    }

    #[tokio::test(start_paused = true)]
    async fn who_grows_gives_the_small_room_back_and_hosts_are_forgotten() {
        let rooms = Arc::new(Rooms::default());
        for n in 0..100 {
            let mut room = rooms.enter(&Authority::parse(&format!("reg{n}.example"), Some(443)).unwrap());
            room.reserve(1).await;
            room.reserve(SMALL_MANIFEST + 1).await;
            assert_eq!(rooms.all.small.available_permits(), SMALL_MANIFESTS);
        }
        assert_eq!(rooms.all.large.available_permits(), LARGE_MANIFESTS);
        assert!(rooms.hosts.lock().unwrap().len() <= 2);
    }
}
