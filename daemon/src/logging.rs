//! Logs go to stderr; `PULLGATE_LOG` filters them.

use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::EnvFilter;

/// Installs the process's log. A filter that cannot be read is the default one.
pub fn install() {
    let filter = EnvFilter::try_from_env("PULLGATE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).try_init();
}

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
