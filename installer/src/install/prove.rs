//! Proofs: that the plugin and the registry door answer as the engine would ask, and that the engine asks them.
//!
//! Each is bounded, and each asks for what cannot come in: `pullgate.invalid`, which the plugin refuses whatever the
//! policy says, and `door.pullgate.invalid`, which the door does.

mod door;
mod engine;
mod error;
mod plain;
mod plugin;
mod status;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

pub(crate) use self::plugin::ask as ask_plugin;
pub use self::{
    door::door,
    engine::{
        asks as engine_asks, comes_to_answer_alone as engine_comes_to_answer_alone,
        comes_to_ask as engine_comes_to_ask, fetches_by_the_door as engine_fetches_by_the_door,
        has_door as engine_has_door,
    },
    error::ProofError,
    plugin::plugin,
};

/// For the plugin and the door: they start when they are first asked.
const OURS: Duration = Duration::from_secs(10);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// Waits for something, and no longer than that.
///
/// # Errors
/// What `what` says, or that it took too long.
pub fn bounded<T>(bound: Duration, what: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
    let result = runtime.block_on(async { tokio::time::timeout(bound, what).await });
    runtime.shutdown_background();
    result.unwrap_or_else(|_| Err(format!("no answer within {} s", bound.as_secs())))
}

/// Tries until it holds.
fn until(bound: Duration, mut what: impl FnMut() -> Result<(), ProofError>) -> Result<(), ProofError> {
    let end = Instant::now() + bound;
    loop {
        match what() {
            Err(_) if Instant::now() < end => std::thread::sleep(PAUSE),
            result => return result,
        }
    }
}

/// Different each time, so that an old answer proves nothing; in the letters of a tag.
fn nonce() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}", std::process::id(), now.as_nanos())
}
