//! The one way to wait in a lab: for a state, and not for ever.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use super::LabError;

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(2);

/// Looks again and again until `probe` gives a value. Its error says what was seen instead.
///
/// # Errors
/// [`LabError::Timeout`] with what the last look saw, when `bound` has passed.
pub async fn wait_until<T, F, P>(what: &str, bound: Duration, mut probe: P) -> Result<T, LabError>
where
    P: FnMut() -> F,
    F: Future<Output = Result<T, String>>,
{
    let end = Instant::now() + bound;
    let mut seen = "nothing".to_owned();
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        match tokio::time::timeout(left, probe()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(now)) => seen = now,
            Err(_) => break,
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(LabError::Timeout { what: what.to_owned(), bound, seen })
}
