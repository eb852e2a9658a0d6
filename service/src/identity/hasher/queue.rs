//! Who may wait for a hash: not only strangers, and not only one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Sign-ins that wait for a hash: at most about two seconds of work on one core.
const MOST: usize = 64;
/// Of them those that did not get in before. The rest is for who did: a flood of guesses keeps nobody out who is at home.
const MOST_STRANGERS: usize = 48;
/// Of one user at one address, or of one token there. More than run at once, so that a busy office loses no time.
const MOST_OF_ONE: usize = 16;

/// Who wants a hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asker {
    /// The user at the address.
    pub pair: u64,
    /// True: they got in before.
    pub known: bool,
}

/// Places; clones share them.
#[derive(Clone, Default)]
pub(super) struct Queue(Arc<Mutex<Waiting>>);

#[derive(Default)]
struct Waiting {
    all: usize,
    strangers: usize,
    by_pair: HashMap<u64, usize>,
}

/// A place, given back on drop.
pub(super) struct Place {
    queue: Queue,
    asker: Option<Asker>,
}

impl Queue {
    /// A place, if there is one; for nobody in particular, where the service itself asks.
    pub fn enter(&self, asker: Option<Asker>) -> Option<Place> {
        let mut waiting = self.lock();
        let own = asker.and_then(|asker| waiting.by_pair.get(&asker.pair).copied()).unwrap_or_default();
        let stranger = asker.is_some_and(|asker| !asker.known);
        if waiting.all >= MOST || own >= MOST_OF_ONE || (stranger && waiting.strangers >= MOST_STRANGERS) {
            return None;
        }
        waiting.all += 1;
        waiting.strangers += usize::from(stranger);
        if let Some(asker) = asker {
            waiting.by_pair.insert(asker.pair, own + 1);
        }
        Some(Place { queue: self.clone(), asker })
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.queue.lock();
        waiting.all -= 1;
        let Some(asker) = self.asker else { return };
        waiting.strangers -= usize::from(!asker.known);
        if let Some(own) = waiting.by_pair.get_mut(&asker.pair) {
            *own -= 1;
            if *own == 0 {
                waiting.by_pair.remove(&asker.pair);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many as get in.
    fn fill(queue: &Queue, asker: impl Fn(u64) -> Option<Asker>) -> Vec<Place> {
        (0..200).map_while(|n| queue.enter(asker(n))).collect()
    }

    #[test]
    fn a_flood_of_strangers_leaves_places_for_who_got_in_before_and_for_the_service() {
        let queue = Queue::default();
        let strangers = fill(&queue, |n| Some(Asker { pair: n, known: false }));
        assert_eq!(strangers.len(), MOST_STRANGERS);
        let service = queue.enter(None).unwrap();
        let known = fill(&queue, |n| Some(Asker { pair: 1000 + n, known: true }));
        assert_eq!(known.len(), MOST - MOST_STRANGERS - 1);
        assert!(queue.enter(None).is_none());
        drop((strangers, service, known));
        let waiting = queue.lock();
        assert_eq!((waiting.all, waiting.strangers, waiting.by_pair.len()), (0, 0, 0));
    }

    #[test]
    fn one_alone_takes_a_part_of_the_places_known_or_not() {
        for known in [false, true] {
            let queue = Queue::default();
            let own = fill(&queue, |_| Some(Asker { pair: 1, known }));
            assert_eq!(own.len(), MOST_OF_ONE);
            queue.enter(Some(Asker { pair: 2, known })).unwrap();
        }
    }
}
