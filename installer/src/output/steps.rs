//! Steps of a command, told to whoever waits in front of a terminal.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

/// After which somebody wonders what a command does.
const WONDERS: Duration = Duration::from_secs(1);

/// Tells a step on a terminal.
pub fn progress(text: &str) {
    if io::stderr().is_terminal() {
        super::complain(text);
    }
}

/// Tells a step on a terminal, if it takes long enough for somebody to wonder.
pub(crate) async fn patiently<T>(text: &str, step: impl Future<Output = T>) -> T {
    let mut step = std::pin::pin!(step);
    match tokio::time::timeout(WONDERS, &mut step).await {
        Ok(done) => done,
        Err(_) => {
            progress(text);
            step.await
        }
    }
}
