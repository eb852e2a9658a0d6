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

    /// A place for an address, or how many there are already.
    pub(super) fn take(&self, peer: IpAddr) -> Result<Place, usize> {
        self.any()?.of(peer)
    }

    /// A place for somebody who is not known yet.
    pub(super) fn any(&self) -> Result<Place, usize> {
        let mut open = self.lock();
        if open.all >= self.most.all {
            return Err(open.all);
        }
        open.all += 1;
        Ok(Place { places: self.clone(), peer: None })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's place, given back on drop.
pub(super) struct Place {
    places: Places,
    peer: Option<IpAddr>,
}

impl Place {
    /// The same place, whose it is being known now; or how many that address has already.
    pub(super) fn of(mut self, peer: IpAddr) -> Result<Self, usize> {
        let peer = network(peer);
        let mut open = self.places.lock();
        let own = open.by_address.get(&peer).copied().unwrap_or_default();
        if own >= self.places.most.address {
            return Err(own);
        }
        open.by_address.insert(peer, own + 1);
        drop(open);
        self.peer = Some(peer);
        Ok(self)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.places.lock();
        open.all -= 1;
        if let Some(peer) = self.peer
            && let Some(own) = open.by_address.get_mut(&peer)
        {
            *own -= 1;
            if *own == 0 {
                open.by_address.remove(&peer);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_take_all_places_and_gives_them_back() {
        let places = Places::new(Most { all: 10, address: 3 });
        let take = |text: &str| places.take(text.parse().unwrap());
        let mut open: Vec<_> = (0..3).map(|_| take("192.0.2.1").ok().unwrap()).collect();
        assert_eq!(take("192.0.2.1").err(), Some(3));
        open.extend((0..3).map(|n| take(&format!("2001:db8::{n}")).ok().unwrap()));
        assert_eq!(take("2001:db8::9").err(), Some(3), "a /64 is one address");
        // Who is not known yet is counted with all, and later with their own.
        let known = places.any().ok().unwrap().of("198.51.100.1".parse().unwrap()).ok().unwrap();
        assert_eq!(places.any().ok().unwrap().of("192.0.2.1".parse().unwrap()).err(), Some(3));
        open.push(known);
        open.extend((0..3).map(|_| places.any().ok().unwrap()));
        assert_eq!(take("198.51.100.1").err(), Some(10));
        assert_eq!(places.any().err(), Some(10));
        drop(open);
        assert_eq!(places.lock().all, 0);
        assert!(places.lock().by_address.is_empty());
    }
}
