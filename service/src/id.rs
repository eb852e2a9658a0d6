//! Ids of what people name later: rules, access requests.

use ulid::Ulid;

use crate::clock;

/// A new one, later than those before by this machine's clock.
///
/// # Errors
/// When the system gives no random bytes.
pub fn new() -> Result<String, getrandom::Error> {
    let mut random = [0; 16];
    getrandom::fill(&mut random)?;
    let now = u64::try_from(clock::now_ms()).unwrap_or_default();
    Ok(Ulid::from_parts(now, u128::from_be_bytes(random)).to_string())
}
