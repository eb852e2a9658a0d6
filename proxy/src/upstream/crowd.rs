//! How many connections to registries there are, so that their buffers fit.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::limits;

/// All connections to registries.
#[derive(Debug, Clone, Default)]
pub struct Crowd(Arc<AtomicUsize>);

/// One of them, as long as it lives.
#[derive(Debug)]
pub struct Member(Arc<AtomicUsize>);

impl Crowd {
    /// One more.
    #[must_use]
    pub fn join(&self) -> Member {
        self.0.fetch_add(1, Ordering::Relaxed);
        Member(Arc::clone(&self.0))
    }
}

impl Member {
    /// Whether there are so many that none may have large buffers.
    #[must_use]
    pub fn is_crowded(&self) -> bool {
        self.0.load(Ordering::Relaxed) > limits::CROWD
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_a_crowd_until_they_leave() {
        let crowd = Crowd::default();
        let one = crowd.join();
        let many: Vec<_> = (1..limits::CROWD).map(|_| crowd.join()).collect();
        assert!(!one.is_crowded());
        let last = crowd.join();
        assert!(one.is_crowded() && last.is_crowded());
        drop(many);
        assert!(!one.is_crowded());
    }
}
