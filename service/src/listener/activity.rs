//! What a connection is used for, and since when for nothing.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// Shared by a connection and its requests. Pings are no use of a connection.
#[derive(Clone)]
pub(super) struct Activity(Arc<Mutex<State>>);

struct State {
    watches: usize,
    /// Last begin of a request or end of a watch stream; the begin of the connection before.
    last: Instant,
    asked: bool,
}

impl Activity {
    pub(super) fn new() -> Self {
        Self(Arc::new(Mutex::new(State { watches: 0, last: Instant::now(), asked: false })))
    }

    /// A request begins. Its answer has a deadline, so it need not be counted until its end.
    pub(super) fn asked(&self) {
        let mut state = self.lock();
        state.asked = true;
        state.last = Instant::now();
    }

    /// A watch stream begins; it lasts until the returned value is dropped.
    pub(super) fn watch(&self) -> Watching {
        self.lock().watches += 1;
        Watching(self.clone())
    }

    /// Whether there ever was a request.
    pub(super) fn was_used(&self) -> bool {
        self.lock().asked
    }

    /// When the connection has to end if nothing happens until then.
    pub(super) fn ends(&self, first_request: Duration, idle: Duration) -> Instant {
        let state = self.lock();
        match (state.asked, state.watches) {
            (false, _) => state.last + first_request,
            (true, 0) => state.last + idle,
            (true, _) => Instant::now() + idle,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// An open watch stream.
pub(super) struct Watching(Activity);

impl Drop for Watching {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.watches -= 1;
        state.last = Instant::now();
    }
}
