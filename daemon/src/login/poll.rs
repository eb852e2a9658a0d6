//! Asks until the person is done: as often as the service allows, and no longer than the code is good.

use std::time::Duration;

use proto::sync::{BeginLoginResponse, FinishLoginResponse};
use tokio::time::Instant;

use super::LoginError;
use crate::service::LoginCallError;

/// RFC 8628 section 3.2 and 3.5.
const INTERVAL: Duration = Duration::from_secs(5);
const SLOWER: Duration = Duration::from_secs(5);
/// A service can slow its callers down, but not so that nobody sees that it is done.
const LONGEST_INTERVAL: Duration = Duration::from_secs(60);
/// How long a code is good, when the service does not say; and at most.
const GOOD: Duration = Duration::from_secs(600);
const LONGEST: Duration = Duration::from_secs(3600);

/// `waiting` is told why it takes longer, once for each reason.
pub(super) async fn until_done(
    begun: &BeginLoginResponse,
    mut ask: impl AsyncFnMut() -> Result<FinishLoginResponse, LoginCallError>,
    waiting: impl Fn(&str),
) -> Result<FinishLoginResponse, LoginError> {
    let end = Instant::now() + seconds(begun.expires_in).unwrap_or(GOOD).min(LONGEST);
    let mut interval = seconds(begun.interval).unwrap_or(INTERVAL).min(LONGEST_INTERVAL);
    let mut told = None;
    loop {
        let next = Instant::now() + interval;
        if next >= end {
            return Err(LoginError::TooLate);
        }
        tokio::time::sleep_until(next).await;
        // A call has its own deadline, but the person's time is up when it is.
        let answer = tokio::time::timeout_at(end, ask()).await.map_err(|_| LoginError::TooLate)?;
        match answer {
            Ok(done) if !done.username.is_empty() => return Ok(done),
            Ok(pending) => interval = seconds(pending.interval).map_or(interval, |told| told.min(LONGEST_INTERVAL)),
            Err(LoginCallError::TooSoon { retry_after, .. }) => {
                interval = (interval + SLOWER).max(retry_after.unwrap_or_default()).min(LONGEST_INTERVAL);
            }
            Err(LoginCallError::Unavailable(why)) => {
                interval = (interval * 2).min(LONGEST_INTERVAL);
                if told.as_ref() != Some(&why) {
                    waiting(&why);
                    told = Some(why);
                }
            }
            Err(LoginCallError::Refused(why)) => return Err(LoginError::Refused(why)),
            Err(LoginCallError::TooLate(_)) => return Err(LoginError::TooLate),
            Err(LoginCallError::NoProvider) => return Err(LoginError::Answer("it began what it cannot finish")),
        }
    }
}

fn seconds(seconds: u32) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_secs(seconds.into()))
}
