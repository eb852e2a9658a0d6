//! The machine's time.

use std::time::{SystemTime, UNIX_EPOCH};

use policy::Timestamp;

/// Milliseconds since the Unix epoch; 0 for a clock before it.
#[must_use]
pub fn now_ms() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

/// Seconds since the Unix epoch.
#[must_use]
pub fn now() -> Timestamp {
    Timestamp(now_ms() / 1000)
}
