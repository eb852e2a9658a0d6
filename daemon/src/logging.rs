//! Logs go to stderr; `PULLGATE_LOG` filters them.

use std::{
    error::Error,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
};

use tracing_subscriber::EnvFilter;

/// Installs the process's log. A filter that cannot be read is the default one.
pub fn install() {
    let filter = EnvFilter::try_from_env("PULLGATE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let _ = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).try_init();
}

/// An error and what caused it, in one line, without what is said twice.
#[must_use]
pub fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            let _ = write!(text, ": {cause_text}");
        }
        next = cause.source();
    }
    text
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
