//! What is not worth a line each time.

use std::sync::{Arc, Mutex, PoisonError};

/// Keeps a message that comes again with each retry out of the log, until it changes or the trouble ends.
#[derive(Debug, Clone, Default)]
pub struct Quiet(Arc<Mutex<Option<String>>>);

impl Quiet {
    /// True when this is news.
    #[must_use]
    pub fn is_news(&self, message: &str) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let news = last.as_deref() != Some(message);
        *last = Some(message.to_owned());
        news
    }

    /// The trouble is over.
    pub fn reset(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
