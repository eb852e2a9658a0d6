//! Places for connections: for all, and for each address.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::address::network;

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Most {
    /// In all.
    pub all: usize,
    /// From one address.
    pub address: usize,
    /// From this machine: a proxy in front may be all the world.
    pub loopback: usize,
}

/// Counts open connections. Clones share the count.
#[derive(Clone)]
pub(super) struct Places {
    most: Most,
    open: Arc<Mutex<Open>>,
}

#[derive(Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

impl Places {
    pub(super) fn new(most: Most) -> Self {
        Self { most, open: Arc::default() }
    }

    /// A place, or how many there are already.
    pub(super) fn take(&self, peer: IpAddr) -> Result<Place, usize> {
        let peer = network(peer);
        let most = if peer.is_loopback() { self.most.loopback } else { self.most.address };
        let mut open = self.lock();
        let own = open.by_address.get(&peer).copied().unwrap_or_default();
        if own >= most {
            return Err(own);
        }
        if open.all >= self.most.all {
            return Err(open.all);
        }
        open.all += 1;
        open.by_address.insert(peer, own + 1);
        Ok(Place { places: self.clone(), peer })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's place, given back on drop.
pub(super) struct Place {
    places: Places,
    peer: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.places.lock();
        open.all -= 1;
        if let Some(own) = open.by_address.get_mut(&self.peer) {
            *own -= 1;
            if *own == 0 {
                open.by_address.remove(&self.peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_take_all_places_and_gives_them_back() {
        let places = Places::new(Most { all: 10, address: 3, loopback: 5 });
        let take = |text: &str| places.take(text.parse().unwrap());
        let mut open: Vec<_> = (0..3).map(|_| take("192.0.2.1").ok().unwrap()).collect();
        assert_eq!(take("192.0.2.1").err(), Some(3));
        open.extend((0..3).map(|n| take(&format!("2001:db8::{n}")).ok().unwrap()));
        assert_eq!(take("2001:db8::9").err(), Some(3), "a /64 is one address");
        open.extend((0..4).map(|_| take("127.0.0.1").ok().unwrap()));
        assert_eq!(take("198.51.100.1").err(), Some(10));
        drop(open);
        assert_eq!(places.lock().all, 0);
        assert!(places.lock().by_address.is_empty());
    }
}
